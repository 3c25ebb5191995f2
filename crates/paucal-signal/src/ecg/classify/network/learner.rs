//! A network on its way through the training beats.

use paucal_core::{Observer, Seed};
use paucal_nn::beats::{BeatNetwork, Draw, Logits};
use paucal_nn::losses::{ClassLoss, binary};
use paucal_nn::optim::{Adam, AdamConfig};
use paucal_nn::training::{Checkpoints, Outcome, Plan, Trainee, train};
use paucal_nn::weights::Archive;
use paucal_nn::{Device, Tensor, TensorData};

use super::course::{Course, Goal};
use super::inputs::{Inputs, Seen};
use super::predict::predict;
use crate::ecg::classify::{Beats, TrainingBeats};
use crate::ecg::error::EcgError;
use crate::ecg::evaluate::Counts;

/// Name of a class of beats that are none.
const NOISE: &str = "noise";

/// What one fit learns from.
pub(super) struct Lesson<'a> {
    pub training: &'a TrainingBeats<'a>,
    /// Beats that judge the network after every epoch.
    pub judges: Option<&'a TrainingBeats<'a>>,
    pub inputs: &'a Inputs,
    pub course: &'a Course,
    /// Weight of the loss of the noise head.
    pub noise_weight: f64,
    pub seed: Seed,
}

/// Where and under which name to train.
pub(super) struct Place<'a> {
    pub stage: String,
    pub epochs: usize,
    pub checkpoints: Option<Checkpoints>,
    pub observer: &'a dyn Observer,
}

/// Trains a network; returns it with the epoch it is of.
pub(super) fn learn<N: BeatNetwork>(
    lesson: &Lesson<'_>,
    network: N,
    place: Place<'_>,
) -> Result<(N, usize), EcgError> {
    let mut learner = Learner::new(lesson, network)?;
    let batches = learner.batches as u64;
    let plan = Plan {
        steps: place.epochs as u64 * batches,
        report_every: (batches / 4).max(1),
        evaluate_every: if lesson.judges.is_some() { batches } else { 0 },
        patience: 0,
        checkpoints: place.checkpoints,
        stage: place.stage,
    };
    let Outcome { best, steps, .. } = train(&mut learner, &plan, place.observer)?;
    let epoch = best.map_or(steps, |best| best.step) / batches;
    Ok((learner.network, epoch as usize))
}

/// The network, its optimiser and the beats of the present epoch.
struct Learner<'a, N> {
    lesson: &'a Lesson<'a>,
    network: N,
    adam: Adam,
    seen: Seen,
    seen_by_judges: Option<Seen>,
    /// The patient of each training beat.
    patients: Vec<usize>,
    /// 1 for each that is flagged as noise or of a class of that name, else 0.
    noisy: Vec<f32>,
    loss: ClassLoss,
    class_weights: Vec<f64>,
    /// Steps of an epoch.
    batches: usize,
    epoch: Epoch,
}

/// The beats of an epoch in the order in which they come, and their weights.
#[derive(Default)]
struct Epoch {
    number: Option<u64>,
    rows: Vec<usize>,
    weights: Vec<f64>,
}

impl<'a, N: BeatNetwork> Learner<'a, N> {
    fn new(lesson: &'a Lesson<'a>, network: N) -> Result<Self, EcgError> {
        let (training, course) = (lesson.training, lesson.course);
        let patient_of = training.beats.patients();
        let patients: Vec<usize> = training.beats.rows.iter().map(|&row| patient_of[row]).collect();
        let noise_class = training.names.iter().position(|name| name.eq_ignore_ascii_case(NOISE));
        let noisy = training.beats.rows.iter().zip(&training.classes);
        let noisy = noisy.map(|(&row, &class)| training.beats.all[row].noise || Some(class) == noise_class);
        let noisy = noisy.map(|noisy| f32::from(u8::from(noisy))).collect();
        // The number of beats of an epoch does not depend on which are drawn.
        let (rows, _) = course.weighting.of(&training.classes, &patients);
        let mut counts = vec![0; training.names.len()];
        rows.iter().for_each(|&row| counts[training.classes[row]] += 1);
        let (loss, class_weights) = course.loss.of(&counts);
        let config = AdamConfig {
            learning_rate: course.learning_rate,
            weight_decay: course.weight_decay,
            ..AdamConfig::default()
        };
        Ok(Self {
            seen: lesson.inputs.see(&training.beats)?,
            seen_by_judges: lesson.judges.map(|judges| lesson.inputs.see(&judges.beats)).transpose()?,
            adam: Adam::new(config),
            batches: rows.len().div_ceil(course.batch).max(1),
            epoch: Epoch::default(),
            lesson,
            network,
            patients,
            noisy,
            loss,
            class_weights,
        })
    }

    /// The beats of step `k` and their weights.
    fn rows(&mut self, k: u64) -> (Vec<usize>, Vec<f64>) {
        let number = k / self.batches as u64;
        if self.epoch.number != Some(number) {
            self.epoch = self.draw(number);
        }
        let epoch = &self.epoch;
        // Batches of as equal a size as there is.
        let (batch, n) = ((k % self.batches as u64) as usize, epoch.rows.len());
        let range = batch * n / self.batches..(batch + 1) * n / self.batches;
        (epoch.rows[range.clone()].to_vec(), epoch.weights[range].to_vec())
    }

    fn draw(&self, number: u64) -> Epoch {
        let mut stream = self.lesson.seed.stream("ecg/network/epoch", number);
        let classes = &self.lesson.training.classes;
        let (rows, weights) = self.lesson.course.weighting.draw(classes, &self.patients, &mut stream);
        let scale = rows.len() as f64 / weights.iter().sum::<f64>();
        let order = stream.permutation(rows.len());
        let weight = |&i: &usize| scale * weights[i] * self.class_weights[classes[rows[i]]];
        Epoch {
            number: Some(number),
            weights: order.iter().map(weight).collect(),
            rows: order.iter().map(|&i| rows[i]).collect(),
        }
    }

    /// The waves of the slots of some beats, some of them changed: `[slots · rows, length, 1]`.
    fn waves(&self, rows: &[usize], k: u64) -> Tensor<3> {
        let (inputs, augment) = (self.lesson.inputs, &self.lesson.course.augment);
        let (length, slots) = (inputs.length, inputs.slots());
        let mut values = vec![0.0; slots * rows.len() * length];
        let taken = self.seen.slots_of(rows, slots);
        for (&slot, wave) in taken.iter().zip(values.chunks_exact_mut(length)) {
            inputs.wave(&self.lesson.training.beats, slot, wave);
        }
        let mut stream = self.lesson.seed.stream("ecg/network/augment", k);
        for i in 0..rows.len() {
            let Some(change) = augment.draw(&mut stream) else { continue };
            for at in (0..slots).map(|slot| slot * rows.len() + i) {
                augment.apply(change, &mut values[at * length..(at + 1) * length], &mut stream);
            }
        }
        let shape = [slots * rows.len(), length, 1];
        Tensor::from_data(TensorData::new(values, shape), &Device::flex())
    }
}

impl<N: BeatNetwork> Trainee for Learner<'_, N> {
    type Error = EcgError;

    fn step(&mut self, k: u64, report: bool) -> Result<Vec<(&'static str, f64)>, EcgError> {
        let (rows, weights) = self.rows(k);
        let beside = self.seen.beside(&rows, &Device::flex());
        let draw = Draw { seed: self.lesson.seed.child("ecg/network/dropout", 0), step: k };
        let (logits, trace) = self.network.forward_train(&self.waves(&rows, k), &beside, Some(draw));
        let targets: Vec<Option<usize>> =
            rows.iter().map(|&r| Some(self.lesson.training.classes[r])).collect();
        let (of_classes, classes) = self.loss.of(&logits.classes, &targets, &weights);
        let noisy: Vec<f32> = rows.iter().map(|&row| self.noisy[row]).collect();
        let noise = logits.noise.map(|logits| binary(&logits, &noisy));
        let of_noise = noise.as_ref().map(|(loss, _)| *loss);
        let noise = noise.map(|(_, gradient)| gradient * self.lesson.noise_weight as f32);
        let gradients = self.network.backward(trace, &Logits { classes, noise });
        self.adam.config.learning_rate = self.lesson.course.rate(k / self.batches as u64);
        self.adam.step(&mut self.network, gradients)?;
        if !report {
            return Ok(Vec::new());
        }
        let mut curves = vec![("loss/class", of_classes), ("learning_rate", self.adam.config.learning_rate)];
        curves.extend(of_noise.map(|loss| ("loss/noise", loss)));
        Ok(curves)
    }

    fn evaluate(&mut self, _: u64) -> Result<Option<f64>, EcgError> {
        let Some(judges) = self.lesson.judges else { return Ok(None) };
        let Some(seen) = &self.seen_by_judges else { return Ok(None) };
        let said = predict(&self.network, self.lesson.inputs, &judges.beats, seen);
        let top = paucal_learn::most_probable(said.classes.view());
        Ok(Some(score(&self.lesson.course.goal, judges, &top)))
    }

    fn networks(&self) -> Archive {
        Archive::new().with("network", &self.network)
    }

    fn load_networks(&mut self, archive: &Archive, origin: &str) -> Result<(), EcgError> {
        Ok(archive.load("network", &mut self.network, origin)?)
    }

    fn optimisers(&self) -> Archive {
        Archive::new().with_adam("network", &self.adam)
    }

    fn load_optimisers(&mut self, archive: &Archive, origin: &str) -> Result<(), EcgError> {
        Ok(archive.load_adam("network", &mut self.adam, &self.network, origin)?)
    }
}

/// How right predictions are; 0 where that is not defined.
fn score(goal: &Goal, judges: &TrainingBeats<'_>, top: &[usize]) -> f64 {
    let count = judges.names.len();
    let mut counts = Counts::new(count);
    judges.classes.iter().zip(top).for_each(|(&reference, &said)| counts.add(reference, Some(said)));
    let classes: Vec<usize> = (0..count).collect();
    let wanted = match goal {
        Goal::MacroF1 => None,
        Goal::ClassF1 { class } => judges.names.iter().position(|name| name == class),
    };
    let of_class = wanted.and_then(|class| counts.f1(class).ok());
    of_class.or_else(|| counts.macro_f1(&classes).ok()).unwrap_or(0.0)
}

/// Some of the beats of a training set, by their positions in it.
pub(super) fn part<'a>(of: &TrainingBeats<'a>, chosen: &[usize]) -> TrainingBeats<'a> {
    TrainingBeats {
        beats: Beats::select(&of.beats, chosen.iter().map(|&i| of.beats.rows[i]).collect()),
        classes: chosen.iter().map(|&i| of.classes[i]).collect(),
        names: of.names.clone(),
    }
}
