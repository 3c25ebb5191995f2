//! The training steps.

use paucal_core::{Seed, Stream};
use paucal_data::Table;
use paucal_nn::optim::AdamConfig;
use paucal_nn::{Device, device};

use super::encoder::{Encoder, Rows};
use super::levels::divergence;
use super::network::{Network, signals};
use super::schedule::{Back, Schedule};
use super::{FittedTabDdpm, NAME, TabDdpm};
use crate::error::TableError;
use crate::generator::FitContext;
use crate::generators::neural::{self, Curves, Fit, HeldOut, Keep, Learner, matrix, one_hot};
use crate::transform::{Marginals, NormalScores, Plan};

/// Learns from a table.
pub fn fit(
    parameters: &TabDdpm,
    table: &Table,
    context: &FitContext<'_>,
) -> Result<FittedTabDdpm, TableError> {
    let seed = context.seed.child(NAME, 0);
    let (table, held_out) = HeldOut::split(table, parameters.common.hold_out, seed)?;
    let plan = Plan::new(&table, context.observer)?;
    let scores = NormalScores::fit(&plan, &table, Marginals::Empirical);
    let encoder = Encoder::new(plan, scores, parameters.common.missing)?;
    let rows = encoder.encode(&table, seed.child("encode", 0));
    let identity = neural::identity_of_values(parameters, seed, &rows.values())?;
    let plan = parameters.common.plan(NAME, parameters.steps);
    neural::run(Training::new(parameters, &encoder, &rows, seed)?, plan, held_out, &identity, context)
}

/// Network and data of a running fit.
struct Training<'a> {
    parameters: &'a TabDdpm,
    seed: Seed,
    device: Device,
    encoder: &'a Encoder,
    rows: &'a Rows,
    schedule: Schedule,
    batch: usize,
    learner: Learner<Network>,
}

/// A noised batch.
struct Batch {
    /// Rows as they are.
    clean: Rows,
    /// The noise of the scores.
    noise: Vec<f32>,
    /// Scores and levels with their noise.
    scores: Vec<f32>,
    codes: Vec<u32>,
    /// Levels that are given, and have no noise.
    given: Vec<bool>,
    /// The step back that each row is to learn.
    back: Vec<Back>,
}

impl<'a> Training<'a> {
    fn new(p: &'a TabDdpm, encoder: &'a Encoder, rows: &'a Rows, seed: Seed) -> Result<Self, TableError> {
        let device = device::parse(&p.common.device)?;
        let network = p.network(encoder, &mut seed.stream("initial", 0), &device);
        Ok(Self {
            learner: Learner::new("network", network, AdamConfig::default()).averaged(p.average),
            schedule: Schedule::new(p.timesteps),
            batch: p.batch_of(rows.classes.len()),
            parameters: p,
            seed,
            device,
            encoder,
            rows,
        })
    }

    /// The noised batch of a step. Times are spread evenly over the batch, which steadies the loss.
    fn noised(&self, step: u64) -> Batch {
        let (numbers, groups) = (self.encoder.numbers(), self.encoder.groups());
        let mut stream = self.seed.stream("batch", step);
        let mut batch = Batch {
            clean: Rows::default(),
            noise: vec![0.0; self.batch * numbers],
            scores: Vec::with_capacity(self.batch * numbers),
            codes: Vec::with_capacity(self.batch * groups.len()),
            given: Vec::with_capacity(self.batch * groups.len()),
            back: Vec::with_capacity(self.batch),
        };
        stream.fill_normal(&mut batch.noise);
        for i in 0..self.batch {
            let row = stream.index(self.rows.classes.len());
            let share = (i as f64 + stream.uniform()) / self.batch as f64;
            let t = 1 + ((share * self.schedule.steps() as f64) as usize).min(self.schedule.steps() - 1);
            let back = self.schedule.back(t);
            let clean = &self.rows.scores[row * numbers..(row + 1) * numbers];
            let (root, rest) = (back.kept.sqrt() as f32, (1.0 - back.kept).sqrt() as f32);
            let noise = &batch.noise[i * numbers..];
            batch.scores.extend(clean.iter().zip(noise).map(|(x, e)| root * x + rest * e));
            let codes = &self.rows.codes[row * groups.len()..(row + 1) * groups.len()];
            batch.clean.codes.extend(codes);
            batch.clean.classes.push(self.rows.classes[row]);
            let given = self.given(&mut stream);
            for ((&code, group), &given) in codes.iter().zip(groups).zip(&given) {
                let noised = noised_level(code, group.width, back.kept, &mut stream);
                batch.codes.push(if given { code } else { noised });
            }
            batch.given.extend(given);
            batch.back.push(back);
        }
        batch
    }

    /// Which levels of a row are given: in a share of the rows some of them, of any number.
    fn given(&self, stream: &mut Stream) -> Vec<bool> {
        let groups = self.encoder.groups();
        let levels: Vec<usize> = (0..groups.len()).filter(|&g| !groups[g].indicator).collect();
        let mut given = vec![false; groups.len()];
        if !levels.is_empty() && stream.uniform() < self.parameters.given {
            let count = 1 + stream.index(levels.len());
            stream.choose(levels.len(), count).into_iter().for_each(|place| given[levels[place]] = true);
        }
        given
    }

    /// Loss of scores and of levels, and the gradient of the outputs `y`: the mean squared error of the noise and, over
    /// all T steps, the variational bound of the levels, averaged over the groups.
    fn loss(&self, batch: &Batch, y: &[f32]) -> (f64, f64, Vec<f32>) {
        let (numbers, groups) = (self.encoder.numbers(), self.encoder.groups());
        let (width, rows) = (self.encoder.width(), self.batch as f64);
        let of_score = 2.0 / (rows * numbers.max(1) as f64);
        let of_level = self.schedule.steps() as f64 / (rows * groups.len().max(1) as f64);
        let (mut squares, mut bound) = (0.0, 0.0);
        let mut gradient = vec![0.0; y.len()];
        for (i, (dy, y)) in gradient.chunks_exact_mut(width).zip(y.chunks_exact(width)).enumerate() {
            for ((dy, y), e) in dy.iter_mut().zip(y).zip(&batch.noise[i * numbers..(i + 1) * numbers]) {
                let error = f64::from(y - e);
                squares += error * error;
                *dy = (of_score * error) as f32;
            }
            for (g, group) in groups.iter().enumerate() {
                let at = group.offset..group.offset + group.width;
                let place = i * groups.len() + g;
                if batch.given[place] {
                    continue;
                }
                let (start, now) = (batch.clean.codes[place] as usize, batch.codes[place] as usize);
                bound += divergence(start, now, &y[at.clone()], batch.back[i], &mut dy[at.clone()]);
                dy[at].iter_mut().for_each(|v| *v *= of_level as f32);
            }
        }
        (0.5 * of_score * squares, of_level * bound, gradient)
    }
}

/// A level after noise that keeps it with probability `kept` and draws it anew otherwise.
fn noised_level(code: u32, levels: usize, kept: f64, stream: &mut Stream) -> u32 {
    let (u, drawn) = (stream.uniform(), stream.index(levels) as u32);
    if u < kept { code } else { drawn }
}

impl Fit for Training<'_> {
    type Fitted = FittedTabDdpm;

    fn step(&mut self, k: u64, report: bool) -> Result<Curves, TableError> {
        let batch = self.noised(k);
        let steps = self.schedule.steps() as f64;
        let times: Vec<f64> = batch.back.iter().map(|back| back.from as f64 / steps).collect();
        let classes = self.encoder.classes().map_or(0, |(_, levels)| levels.len());
        let groups = self.encoder.groups().len();
        let input = self.encoder.input(&batch.scores, &batch.codes, |row, g| batch.given[row * groups + g]);
        let x = matrix(input, self.encoder.inputs(), &self.device);
        let class = one_hot(&batch.clean.classes, classes, &self.device);
        let (y, trace) = self.learner.network.forward_train(&x, &signals(&times, &self.device), &class);
        let y = neural::values(y)?;
        let (scores, levels, dy) = self.loss(&batch, &y);
        let gradients = self.learner.network.backward(&trace, matrix(dy, self.encoder.width(), &self.device));
        // The rate falls in a straight line to 0.
        let rate = self.parameters.rate * (1.0 - k as f64 / self.parameters.steps as f64);
        self.learner.step_decayed(gradients, rate, self.parameters.weight_decay)?;
        self.learner.step_average(k);
        Ok(if report { vec![("loss/numbers", scores), ("loss/levels", levels)] } else { Vec::new() })
    }

    fn fitted(&self) -> FittedTabDdpm {
        FittedTabDdpm {
            parameters: self.parameters.clone(),
            encoder: self.encoder.clone(),
            network: self.learner.chosen(),
        }
    }

    fn learners(&self) -> Vec<&dyn Keep> {
        vec![&self.learner]
    }

    fn learners_mut(&mut self) -> Vec<&mut dyn Keep> {
        vec![&mut self.learner]
    }
}
