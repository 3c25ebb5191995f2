//! The training steps.

use paucal_core::{Seed, Stream};
use paucal_data::Table;
use paucal_nn::critic::Critic;
use paucal_nn::layers::Activation;
use paucal_nn::optim::{Adam, AdamConfig};
use paucal_nn::parameters::{move_towards, to_device};
use paucal_nn::training::{self, Trainee};
use paucal_nn::weights::Archive;
use paucal_nn::{Device, Gradients, Tensor, device, noise};

use super::network::{SetGenerator, Shape, Start};
use super::{FittedGanerAid, GanerAid, NAME};
use crate::condition::Frequency;
use crate::error::TableError;
use crate::generator::FitContext;
use crate::generators::neural::cells::{Cell, CellEncoder, CellKind};
use crate::generators::neural::labelled::draw_class;
use crate::generators::neural::{self, HeldOut, beside, matrix, one_hot, scalar};
use crate::transform::Plan;

/// Slope of the discriminator's LeakyReLU below zero.
const SLOPE: f32 = 0.2;

/// Weight of the gradient penalty.
const PENALTY: f64 = 10.0;

/// Learns from a table.
pub fn fit(
    parameters: &GanerAid,
    table: &Table,
    context: &FitContext<'_>,
) -> Result<FittedGanerAid, TableError> {
    let seed = context.seed.child(NAME, 0);
    let (table, held_out) = HeldOut::split(table, parameters.hold_out, seed)?;
    let encoder = CellEncoder::new(Plan::new(&table, context.observer)?, parameters.missing)?;
    let cells = encoder.encode(&table, seed.child("encode", 0));
    let identity = neural::identity_of_values(parameters, seed, &cells)?;
    let mut running = Training::new(parameters, &encoder, &cells, &encoder.classes_of(&table), seed)?;
    running.held_out = held_out;
    let plan = training::Plan {
        evaluate_every: parameters.judge_every,
        patience: parameters.patience,
        ..training::Plan::new(&format!("fit {NAME}"), parameters.steps)
    };
    neural::run(&mut running, plan, context, &identity)?;
    Ok(running.fitted())
}

/// Networks, optimisers and data of a running fit.
struct Training<'a> {
    parameters: &'a GanerAid,
    seed: Seed,
    device: Device,
    encoder: &'a CellEncoder,
    cells: &'a [f32],
    /// Rows of each class.
    members: Vec<Vec<usize>>,
    held_out: Option<HeldOut>,
    shape: Shape,
    batch: usize,
    generator: SetGenerator,
    average: SetGenerator,
    critic: Critic,
    generator_adam: Adam,
    critic_adam: Adam,
}

impl<'a> Training<'a> {
    fn new(
        p: &'a GanerAid,
        encoder: &'a CellEncoder,
        cells: &'a [f32],
        classes: &[u32],
        seed: Seed,
    ) -> Result<Self, TableError> {
        let device = device::parse(&p.device)?;
        let shape = p.shape(encoder, classes.len());
        let mut members = vec![Vec::new(); encoder.classes().max(1)];
        classes.iter().enumerate().for_each(|(row, &class)| members[class as usize].push(row));
        let mut stream = seed.stream("initial", 0);
        let generator = SetGenerator::new(shape, &mut stream, &device);
        let n = shape.values();
        let units: Vec<usize> = [12, 10, 8, 5].iter().map(|tenths| (n * tenths / 10).max(1)).collect();
        let inputs = n + shape.classes;
        // As for CTGAN; the authors leave PyTorch's.
        let (beta1, beta2) = if p.compat { (0.9, 0.999) } else { (0.5, 0.9) };
        let adam = |learning_rate, weight_decay| {
            Adam::new(AdamConfig { learning_rate, beta1, beta2, weight_decay, ..AdamConfig::default() })
        };
        Ok(Self {
            critic: Critic::new(inputs, &units, SLOPE, p.dropout as f32, &mut stream, &device),
            average: generator.clone(),
            generator,
            generator_adam: adam(p.generator_rate, p.weight_decay),
            critic_adam: adam(p.critic_rate, 0.0),
            batch: p.sets(shape, classes.len()),
            parameters: p,
            seed,
            device,
            encoder,
            cells,
            members,
            held_out: None,
            shape,
        })
    }

    /// The model as it is now, on the CPU.
    fn fitted(&self) -> FittedGanerAid {
        let chosen = if self.parameters.average > 0.0 { &self.average } else { &self.generator };
        FittedGanerAid {
            parameters: self.parameters.clone(),
            shape: self.shape,
            encoder: self.encoder.clone(),
            generator: to_device(chosen.clone(), &Device::flex()),
        }
    }

    /// Classes of a batch of sets, and their one-hots.
    fn classes(&self, stream: &mut Stream) -> (Vec<u32>, Tensor<2>) {
        let frequency = if self.parameters.log_frequency { Frequency::Log } else { Frequency::Empirical };
        let classes: Vec<u32> =
            (0..self.batch).map(|_| draw_class(self.encoder, frequency, stream)).collect();
        let bits = one_hot(&classes, self.shape.classes, &self.device);
        (classes, bits)
    }

    /// Sets of real rows of these classes, each set in random order; small classes are drawn from more than once.
    fn real(&self, classes: &[u32], stream: &mut Stream) -> Tensor<2> {
        let width = self.encoder.width();
        let mut values = Vec::with_capacity(classes.len() * self.shape.values());
        for &class in classes {
            let members = &self.members[class as usize];
            let mut places = stream.choose(members.len(), self.shape.rows);
            places.resize_with(self.shape.rows, || stream.index(members.len()));
            for place in places {
                let row = members[place];
                values.extend_from_slice(&self.cells[row * width..(row + 1) * width]);
            }
        }
        // Noise towards the centre on choices between two, so that exactness does not give real rows away.
        let two = |cell: &Cell| matches!(cell.kind, CellKind::Level(2) | CellKind::Missing);
        let binary: Vec<usize> = (0..width).filter(|&place| two(&self.encoder.cells()[place])).collect();
        for row in values.chunks_exact_mut(width) {
            for &place in &binary {
                row[place] -= row[place].signum() * (self.parameters.binary_noise * stream.uniform()) as f32;
            }
        }
        matrix(values, self.shape.values(), &self.device)
    }

    fn sets(&self, rows: Tensor<2>) -> Tensor<2> {
        rows.reshape([self.batch, self.shape.values()])
    }

    fn start(&self, class: &Tensor<2>, purpose: &str, step: u64) -> Start {
        Start::draw(self.shape, class, self.seed, purpose, step, &self.device)
    }

    /// One discriminator step on as many real and generated sets of the same classes.
    fn step_critic(&mut self, step: u64, report: bool) -> Result<Vec<(&'static str, f64)>, TableError> {
        let mut stream = self.seed.stream("critic/real", step);
        let (classes, class) = self.classes(&mut stream);
        let real = beside(self.real(&classes, &mut stream), &class);
        let (rows, _) = self.generator.forward_train(self.shape, self.start(&class, "critic", step));
        let fake = beside(self.sets(rows), &class);
        let (value, gradients) = if self.parameters.compat {
            self.cross_entropy(real, fake, step)
        } else {
            self.wasserstein(&real, &fake, step)
        };
        self.critic_adam.step(&mut self.critic, gradients)?;
        Ok(if report { vec![("loss/critic", scalar(value))] } else { Vec::new() })
    }

    /// Wasserstein's loss with gradient penalty.
    fn wasserstein(&self, real: &Tensor<2>, fake: &Tensor<2>, step: u64) -> (Tensor<1>, Gradients) {
        let masks = self.critic.masks(3 * self.batch, self.seed, "critic/mask", step, &self.device);
        let mix = noise::uniform(self.seed, "critic/mix", step, [self.batch, 1], &self.device);
        let loss = self.critic.loss(fake, real, &mix, &masks, PENALTY);
        (loss.wasserstein, loss.gradients)
    }

    /// The cross-entropy of real and generated.
    fn cross_entropy(&self, real: Tensor<2>, fake: Tensor<2>, step: u64) -> (Tensor<1>, Gradients) {
        let masks = self.critic.masks(2 * self.batch, self.seed, "critic/mask", step, &self.device);
        let truth = matrix([vec![1.0; self.batch], vec![0.0; self.batch]].concat(), 1, &self.device);
        let share = 1.0 / self.batch as f32;
        let towards =
            |scores: &Tensor<2>| (Activation::Sigmoid.apply(scores.clone()) - truth.clone()) * share;
        let (scores, gradients, _) = self.critic.learn(&Tensor::cat(vec![real, fake], 0), &masks, towards);
        (softplus(scores * (truth * -2.0 + 1.0)).mean() * 2.0, gradients)
    }

    /// One generator step towards sets that are taken for real.
    fn step_generator(&mut self, step: u64, report: bool) -> Result<Vec<(&'static str, f64)>, TableError> {
        let (_, class) = self.classes(&mut self.seed.stream("generator/classes", step));
        let start = self.start(&class, "generator", step);
        let (rows, trace) = self.generator.forward_train(self.shape, start);
        let masks = self.critic.masks(self.batch, self.seed, "generator/mask", step, &self.device);
        let (scores, slopes) = self.critic.score(&beside(self.sets(rows), &class), &masks);
        let (loss, towards) = if self.parameters.compat {
            (softplus(-scores.clone()).mean(), Activation::Sigmoid.apply(scores) - 1.0)
        } else {
            (-scores.clone().mean(), -scores.ones_like())
        };
        let dy = (slopes * towards / self.batch as f32).narrow(1, 0, self.shape.values());
        let dy = dy.reshape([self.batch * self.shape.rows, self.shape.cells]);
        let gradients = self.generator.backward(self.shape, &trace, dy);
        self.generator_adam.step(&mut self.generator, gradients)?;
        Ok(if report { vec![("loss/generator", scalar(loss))] } else { Vec::new() })
    }

    /// The average follows the weights; its memory grows with the steps made.
    fn step_average(&mut self, step: u64) {
        let keep = self.parameters.average.min((step as f64 + 1.0) / (step as f64 + 10.0));
        if self.parameters.average > 0.0 {
            move_towards(&mut self.average, &self.generator, (1.0 - keep) as f32);
        }
    }
}

/// `ln(1 + eˣ)`
fn softplus(x: Tensor<2>) -> Tensor<2> {
    x.clone().clamp_min(0.0) + ((-x.abs()).exp() + 1.0).log()
}

impl Trainee for Training<'_> {
    type Error = TableError;

    fn step(&mut self, k: u64, report: bool) -> Result<Vec<(&'static str, f64)>, TableError> {
        let mut curves = self.step_critic(k, report)?;
        curves.extend(self.step_generator(k, report)?);
        self.step_average(k);
        Ok(curves)
    }

    fn evaluate(&mut self, steps: u64) -> Result<Option<f64>, TableError> {
        match &self.held_out {
            Some(held_out) => held_out.judge(&self.fitted(), steps),
            None => Ok(None),
        }
    }

    fn networks(&self) -> Archive {
        Archive::new()
            .with("generator", &self.generator)
            .with("average", &self.average)
            .with("critic", &self.critic)
    }

    fn load_networks(&mut self, archive: &Archive, origin: &str) -> Result<(), TableError> {
        archive.load("generator", &mut self.generator, origin)?;
        archive.load("average", &mut self.average, origin)?;
        Ok(archive.load("critic", &mut self.critic, origin)?)
    }

    fn optimisers(&self) -> Archive {
        Archive::new().with_adam("generator", &self.generator_adam).with_adam("critic", &self.critic_adam)
    }

    fn load_optimisers(&mut self, archive: &Archive, origin: &str) -> Result<(), TableError> {
        archive.load_adam("generator", &mut self.generator_adam, &self.generator, origin)?;
        Ok(archive.load_adam("critic", &mut self.critic_adam, &self.critic, origin)?)
    }
}
