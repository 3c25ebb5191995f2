//! A trained TabDDPM.

use paucal_core::{Seed, Stream};
use paucal_data::{Schema, Table};
use paucal_nn::{Device, Tensor, noise};
use serde::{Deserialize, Serialize};

use super::encoder::{Encoder, Group, Rows};
use super::levels::{posterior, softmax};
use super::network::{Network, signals};
use super::schedule::{Back, Schedule};
use super::{NAME, TabDdpm};
use crate::artefact::Artefact;
use crate::condition::{Condition, Conditions};
use crate::error::TableError;
use crate::generator::FittedGenerator;
use crate::generators::neural::{self, BLOCK, matrix, one_hot};
use crate::transform::{NormalScores, Plan};

/// What TabDDPM has learnt: the network's weights and the encoding of rows.
pub struct FittedTabDdpm {
    pub(super) parameters: TabDdpm,
    pub(super) encoder: Encoder,
    pub(super) network: Network,
}

/// The part of a saved model that is not weights.
#[derive(Serialize, Deserialize)]
struct State {
    parameters: TabDdpm,
    plan: Plan,
    scores: NormalScores,
}

impl FittedTabDdpm {
    /// Brings a saved model back.
    pub(super) fn load(artefact: &Artefact) -> Result<Self, TableError> {
        let State { parameters, plan, scores } = artefact.state()?;
        let encoder = Encoder::new(plan, scores, parameters.common.missing)?;
        // The weights are replaced at once; any stream will do.
        let mut network = parameters.network(&encoder, &mut Seed(0).stream("initial", 0), &Device::flex());
        neural::load(artefact, "network", &mut network)?;
        Ok(Self { parameters, encoder, network })
    }

    /// Rows of the given classes, from pure noise back to step 0. Wanted levels are put in their place before every
    /// step and after the last, so that all else is drawn to fit them.
    fn rows(&self, classes: Vec<u32>, wanted: &[Option<u32>], seed: Seed) -> Result<Rows, TableError> {
        let device = Device::flex();
        let (encoder, rows) = (&self.encoder, classes.len());
        let schedule = Schedule::new(self.parameters.timesteps);
        let count = encoder.classes().map_or(0, |(_, levels)| levels.len());
        let given = one_hot(&classes, count, &device);
        let mut state = Rows { scores: vec![0.0; rows * encoder.numbers()], codes: Vec::new(), classes };
        let mut stream = seed.stream("start", 0);
        stream.fill_normal(&mut state.scores);
        for _ in 0..rows {
            let start = |group: &Group| stream.index(group.width) as u32;
            state.codes.extend(encoder.groups().iter().map(start));
        }
        enforce(&mut state.codes, wanted);
        for back in schedule.respaced(self.parameters.kept_steps()) {
            let time = signals(&[back.from as f64 / schedule.steps() as f64], &device);
            let x = matrix(
                encoder.input(&state.scores, &state.codes, |_, g| wanted[g].is_some()),
                encoder.inputs(),
                &device,
            );
            let y: Tensor<2> = self.network.forward(&x, &time, &given);
            let y = y.into_data().try_into_vec::<f32>().map_err(|_| TableError::NotFinite)?;
            self.step_back(&mut state, &y, back, seed);
            enforce(&mut state.codes, wanted);
        }
        Ok(state)
    }

    /// One step back of all rows, given the network's outputs.
    fn step_back(&self, state: &mut Rows, y: &[f32], back: Back, seed: Seed) {
        let (encoder, width) = (&self.encoder, self.encoder.width());
        let (numbers, groups) = (encoder.numbers(), encoder.groups().len());
        let (of_start, of_now, deviation) = back.gaussian();
        let (root, rest) = (back.kept.sqrt(), (1.0 - back.kept).sqrt());
        let reach = encoder.scores().reach();
        if numbers > 0 {
            let shape = [state.classes.len(), numbers];
            let fresh: Tensor<2> = noise::normal(seed, "back", back.from as u64, shape, &Device::flex());
            let fresh = fresh.into_data().try_into_vec::<f32>().unwrap_or_default();
            let rows = state.scores.chunks_exact_mut(numbers).zip(y.chunks_exact(width));
            for ((scores, y), fresh) in rows.zip(fresh.chunks_exact(numbers)) {
                for ((x, y), e) in scores.iter_mut().zip(y).zip(fresh) {
                    let now = f64::from(*x);
                    let start = ((now - rest * f64::from(*y)) / root).clamp(-reach, reach);
                    *x = (of_start * start + of_now * now + deviation * f64::from(*e)) as f32;
                }
            }
        }
        if groups > 0 {
            let mut stream = seed.stream("back/levels", back.from as u64);
            for (codes, y) in state.codes.chunks_exact_mut(groups).zip(y.chunks_exact(width)) {
                for (code, group) in codes.iter_mut().zip(encoder.groups()) {
                    let mut chances = softmax(&y[group.offset..group.offset + group.width]);
                    posterior(*code as usize, &mut chances, back);
                    *code = stream.weighted(&chances) as u32;
                }
            }
        }
    }

    /// The classes of a block of rows: the wanted one, or as they occur in the data.
    fn classes(&self, rows: usize, conditions: &Conditions, stream: &mut Stream) -> Vec<u32> {
        let Some((column, levels)) = self.encoder.classes() else { return vec![0; rows] };
        match conditions.code(column).and_then(|code| levels.position(code)) {
            Some(level) => vec![level as u32; rows],
            None => {
                let weights: Vec<f64> = levels.counts.iter().map(|&count| count as f64).collect();
                (0..rows).map(|_| stream.weighted(&weights) as u32).collect()
            }
        }
    }
}

/// Puts wanted levels in their place.
fn enforce(codes: &mut [u32], wanted: &[Option<u32>]) {
    if wanted.iter().any(Option::is_some) {
        for row in codes.chunks_exact_mut(wanted.len()) {
            row.iter_mut().zip(wanted).for_each(|(code, wanted)| *code = wanted.unwrap_or(*code));
        }
    }
}

impl FittedGenerator for FittedTabDdpm {
    fn name(&self) -> &'static str {
        NAME
    }

    fn schema(&self) -> &Schema {
        self.encoder.plan().schema()
    }

    fn sample(&self, rows: usize, conditions: &[Condition], seed: Seed) -> Result<Table, TableError> {
        let plan = self.encoder.plan();
        let conditions = plan.resolve(conditions)?;
        let wanted = |group: &Group| {
            let levels = plan.levels(group.column)?;
            Some(levels.position(conditions.code(group.column)?)? as u32)
        };
        let wanted: Vec<Option<u32>> = self.encoder.groups().iter().map(wanted).collect();
        let mut drawn = Rows::default();
        for (index, first) in (0..rows).step_by(BLOCK).enumerate() {
            let seed = seed.child("tabddpm/block", index as u64);
            let classes = self.classes(BLOCK.min(rows - first), &conditions, &mut seed.stream("classes", 0));
            drawn.extend(self.rows(classes, &wanted, seed)?);
        }
        self.encoder.decode(&drawn, seed)
    }

    fn save(&self) -> Result<Artefact, TableError> {
        let state = State {
            parameters: self.parameters.clone(),
            plan: self.encoder.plan().clone(),
            scores: self.encoder.scores().clone(),
        };
        neural::artefact(&state, "network", &self.network)
    }
}
