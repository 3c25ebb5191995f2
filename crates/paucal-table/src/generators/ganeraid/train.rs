//! The training steps.

use paucal_core::{Seed, Stream};
use paucal_data::Table;
use paucal_nn::critic::Critic;
use paucal_nn::layers::Activation;
use paucal_nn::optim::AdamConfig;
use paucal_nn::{Device, Gradients, Tensor, device, noise};

use super::network::{SetGenerator, Shape, Start};
use super::{FittedGanerAid, GanerAid, NAME};
use crate::error::TableError;
use crate::generator::FitContext;
use crate::generators::neural::cells::{Cell, CellKind};
use crate::generators::neural::{self, CellRows, Curves, Fit, Keep, Learner};
use crate::generators::neural::{adversarial, beside, matrix, scalar, softplus};

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
    let (rows, held_out) = CellRows::new(table, &parameters.common, seed, context.observer)?;
    let identity = neural::identity_of_values(parameters, seed, &rows.cells)?;
    let plan = parameters.common.plan(NAME, parameters.steps);
    neural::run(Training::new(parameters, &rows, seed)?, plan, held_out, &identity, context)
}

/// Networks and data of a running fit.
struct Training<'a> {
    parameters: &'a GanerAid,
    seed: Seed,
    device: Device,
    rows: &'a CellRows,
    shape: Shape,
    batch: usize,
    generator: Learner<SetGenerator>,
    critic: Learner<Critic>,
}

impl<'a> Training<'a> {
    fn new(p: &'a GanerAid, rows: &'a CellRows, seed: Seed) -> Result<Self, TableError> {
        let device = device::parse(&p.common.device)?;
        let shape = p.shape(&rows.encoder, rows.len());
        let mut stream = seed.stream("initial", 0);
        let generator = SetGenerator::new(shape, &mut stream, &device);
        let n = shape.values();
        let units: Vec<usize> = [12, 10, 8, 5].iter().map(|tenths| (n * tenths / 10).max(1)).collect();
        let inputs = n + shape.classes;
        let critic = Critic::new(inputs, &units, SLOPE, p.dropout as f32, &mut stream, &device);
        let adam = |learning_rate, weight_decay| {
            // The authors leave PyTorch's betas.
            let compat = AdamConfig { learning_rate, weight_decay, ..AdamConfig::default() };
            if p.compat { compat } else { adversarial(learning_rate, weight_decay) }
        };
        Ok(Self {
            generator: Learner::new("generator", generator, adam(p.generator_rate, p.weight_decay))
                .averaged(p.average),
            critic: Learner::new("critic", critic, adam(p.critic_rate, 0.0)),
            batch: p.sets(shape, rows.len()),
            parameters: p,
            seed,
            device,
            rows,
            shape,
        })
    }

    /// Classes of a batch of sets, and their one-hots.
    fn classes(&self, stream: &mut Stream) -> (Vec<u32>, Tensor<2>) {
        let classes = self.rows.draw_classes(self.batch, self.parameters.log_frequency, stream);
        let bits = self.rows.bits(&classes, &self.device);
        (classes, bits)
    }

    /// Sets of real rows of these classes, each set in random order; small classes are drawn from more than once.
    fn real(&self, classes: &[u32], stream: &mut Stream) -> Tensor<2> {
        let mut values = Vec::with_capacity(classes.len() * self.shape.values());
        for &class in classes {
            let members = self.rows.of_class(class);
            let mut places = stream.choose(members.len(), self.shape.rows);
            places.resize_with(self.shape.rows, || stream.index(members.len()));
            places.iter().for_each(|&place| values.extend_from_slice(self.rows.row(members[place])));
        }
        // Noise towards the centre on choices between two, so that exactness does not give real rows away.
        let cells = self.rows.encoder.cells();
        let two = |cell: &Cell| matches!(cell.kind, CellKind::Level(2) | CellKind::Missing);
        let binary: Vec<usize> = (0..cells.len()).filter(|&place| two(&cells[place])).collect();
        for row in values.chunks_exact_mut(cells.len()) {
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
    fn step_critic(&mut self, step: u64, report: bool) -> Result<Curves, TableError> {
        let mut stream = self.seed.stream("critic/real", step);
        let (classes, class) = self.classes(&mut stream);
        let real = beside(self.real(&classes, &mut stream), &class);
        let (rows, _) = self.generator.network.forward_train(self.shape, self.start(&class, "critic", step));
        let fake = beside(self.sets(rows), &class);
        let (value, gradients) = if self.parameters.compat {
            self.cross_entropy(real, fake, step)
        } else {
            self.wasserstein(&real, &fake, step)
        };
        self.critic.step(gradients)?;
        Ok(if report { vec![("loss/critic", scalar(value))] } else { Vec::new() })
    }

    /// Wasserstein's loss with gradient penalty.
    fn wasserstein(&self, real: &Tensor<2>, fake: &Tensor<2>, step: u64) -> (Tensor<1>, Gradients) {
        let masks = self.critic.network.masks(3 * self.batch, self.seed, "critic/mask", step, &self.device);
        let mix = noise::uniform(self.seed, "critic/mix", step, [self.batch, 1], &self.device);
        let loss = self.critic.network.loss(fake, real, &mix, &masks, PENALTY);
        (loss.wasserstein, loss.gradients)
    }

    /// The cross-entropy of real and generated.
    fn cross_entropy(&self, real: Tensor<2>, fake: Tensor<2>, step: u64) -> (Tensor<1>, Gradients) {
        let masks = self.critic.network.masks(2 * self.batch, self.seed, "critic/mask", step, &self.device);
        let truth = matrix([vec![1.0; self.batch], vec![0.0; self.batch]].concat(), 1, &self.device);
        let share = 1.0 / self.batch as f32;
        let towards =
            |scores: &Tensor<2>| (Activation::Sigmoid.apply(scores.clone()) - truth.clone()) * share;
        let (scores, gradients, _) =
            self.critic.network.learn(&Tensor::cat(vec![real, fake], 0), &masks, towards);
        (softplus(scores * (truth * -2.0 + 1.0)).mean() * 2.0, gradients)
    }

    /// One generator step towards sets that are taken for real.
    fn step_generator(&mut self, step: u64, report: bool) -> Result<Curves, TableError> {
        let (_, class) = self.classes(&mut self.seed.stream("generator/classes", step));
        let start = self.start(&class, "generator", step);
        let (rows, trace) = self.generator.network.forward_train(self.shape, start);
        let masks = self.critic.network.masks(self.batch, self.seed, "generator/mask", step, &self.device);
        let (scores, slopes) = self.critic.network.score(&beside(self.sets(rows), &class), &masks);
        let (loss, towards) = if self.parameters.compat {
            (softplus(-scores.clone()).mean(), Activation::Sigmoid.apply(scores) - 1.0)
        } else {
            (-scores.clone().mean(), -scores.ones_like())
        };
        let dy = (slopes * towards / self.batch as f32).narrow(1, 0, self.shape.values());
        let dy = dy.reshape([self.batch * self.shape.rows, self.shape.cells]);
        let gradients = self.generator.network.backward(self.shape, trace, dy);
        self.generator.step(gradients)?;
        Ok(if report { vec![("loss/generator", scalar(loss))] } else { Vec::new() })
    }
}

impl Fit for Training<'_> {
    type Fitted = FittedGanerAid;

    fn step(&mut self, k: u64, report: bool) -> Result<Curves, TableError> {
        let mut curves = self.step_critic(k, report)?;
        curves.extend(self.step_generator(k, report)?);
        self.generator.step_average(k);
        Ok(curves)
    }

    fn fitted(&self) -> FittedGanerAid {
        FittedGanerAid {
            parameters: self.parameters.clone(),
            shape: self.shape,
            encoder: self.rows.encoder.clone(),
            generator: self.generator.chosen(),
        }
    }

    fn learners(&self) -> Vec<&dyn Keep> {
        vec![&self.generator, &self.critic]
    }

    fn learners_mut(&mut self) -> Vec<&mut dyn Keep> {
        vec![&mut self.generator, &mut self.critic]
    }
}
