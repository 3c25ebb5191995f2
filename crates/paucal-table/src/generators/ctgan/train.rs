//! The training steps (section 4 of the paper).

use paucal_core::Seed;
use paucal_data::Table;
use paucal_nn::critic::Critic;
use paucal_nn::generator::Generator;
use paucal_nn::rows::RowLayout;
use paucal_nn::{Device, Tensor, device, noise};

use super::{Ctgan, FittedCtgan, NAME};
use crate::error::TableError;
use crate::generator::FitContext;
use crate::generators::neural::{self, Curves, Fit, Keep, Learner, SpanRows, Wanted, WantedSampler};
use crate::generators::neural::{adversarial, batch_and_pac, beside, frequency, scalar};

/// Slope of the critic's LeakyReLU below zero.
const SLOPE: f32 = 0.2;

/// Learns from a table; events call it the fit of `name`.
pub fn fit(
    parameters: &Ctgan,
    name: &str,
    table: &Table,
    context: &FitContext<'_>,
) -> Result<FittedCtgan, TableError> {
    let seed = context.seed.child(NAME, 0);
    let (rows, held_out) = SpanRows::new(table, &parameters.common, seed, context.observer)?;
    let identity = neural::identity(parameters, seed, &rows.encoded)?;
    let plan = parameters.common.plan(name, parameters.steps);
    neural::run(Training::new(parameters, &rows, seed)?, plan, held_out, &identity, context)
}

/// Networks and data of a running fit.
struct Training<'a> {
    parameters: &'a Ctgan,
    seed: Seed,
    device: Device,
    rows: &'a SpanRows,
    sampler: WantedSampler<'a>,
    layout: RowLayout,
    batch: usize,
    pac: usize,
    generator: Learner<Generator>,
    critic: Learner<Critic>,
}

impl<'a> Training<'a> {
    fn new(p: &'a Ctgan, rows: &'a SpanRows, seed: Seed) -> Result<Self, TableError> {
        let device = device::parse(&p.common.device)?;
        let (batch, pac) = batch_and_pac(rows.encoded.rows(), p.batch, p.pac);
        let (width, wanted) = (rows.encoded.layout().width, rows.conditions.width());
        let mut stream = seed.stream("initial", 0);
        let generator = Generator::new(p.noise + wanted, &p.generator, width, &mut stream, &device);
        let inputs = (width + wanted) * pac;
        let critic = Critic::new(inputs, &p.critic, SLOPE, p.dropout as f32, &mut stream, &device);
        let frequency = frequency(p.log_frequency);
        Ok(Self {
            generator: Learner::new("generator", generator, adversarial(p.generator_rate, p.weight_decay))
                .averaged(p.average),
            critic: Learner::new("critic", critic, adversarial(p.critic_rate, p.weight_decay)),
            layout: neural::layout(rows.encoded.layout(), &device)?,
            sampler: WantedSampler::new(&rows.conditions, &rows.encoded, frequency, p.several),
            parameters: p,
            seed,
            device,
            rows,
            batch,
            pac,
        })
    }

    /// Noise and conditions of a generator pass.
    fn input(&self, purpose: &str, step: u64, condition: &Tensor<2>) -> Tensor<2> {
        let shape = [self.batch, self.parameters.noise];
        beside(noise::normal(self.seed, &format!("{purpose}/noise"), step, shape, &self.device), condition)
    }

    fn activate(&self, raw: &Tensor<2>, purpose: &str, step: u64) -> Tensor<2> {
        let gumbel = noise::gumbel(self.seed, &format!("{purpose}/gumbel"), step, raw.dims(), &self.device);
        self.layout.activate(raw, Some(&gumbel), self.parameters.temperature as f32)
    }

    /// Rows with their conditions, side by side in packs.
    fn packs(&self, rows: Tensor<2>, condition: &Tensor<2>) -> Tensor<2> {
        let joined = beside(rows, condition);
        let width = joined.dims()[1];
        joined.reshape([self.batch / self.pac, width * self.pac])
    }

    fn wanted(&self, purpose: &str, step: u64) -> (Wanted, Tensor<2>) {
        let wanted = self.sampler.batch(self.batch, self.seed, purpose, step);
        let vectors = wanted.vectors(&self.rows.conditions, &self.device);
        (wanted, vectors)
    }

    /// One critic step on fake rows and real rows with the same conditions in another order.
    fn step_critic(&mut self, step: u64, report: bool) -> Result<Curves, TableError> {
        let (wanted, condition) = self.wanted("critic/wanted", step);
        let input = self.input("critic", step, &condition);
        let (raw, _) = self.generator.network.forward_train(&input);
        let fake = self.packs(self.activate(&raw, "critic", step), &condition);

        let order = self.seed.stream("critic/order", step).permutation(self.batch);
        let matching = wanted.reordered(&order);
        let real = self.sampler.real(&matching.rows, &self.device);
        let real = self.packs(real, &matching.vectors(&self.rows.conditions, &self.device));

        let groups = self.batch / self.pac;
        let masks = self.critic.network.masks(3 * groups, self.seed, "critic/mask", step, &self.device);
        let mix = noise::uniform(self.seed, "critic/mix", step, [groups, 1], &self.device);
        let loss = self.critic.network.loss(&fake, &real, &mix, &masks, self.parameters.penalty);
        self.critic.step(loss.gradients)?;
        Ok(if report {
            vec![("loss/critic", scalar(loss.wasserstein)), ("loss/penalty", scalar(loss.penalty))]
        } else {
            Vec::new()
        })
    }

    /// One generator step: towards higher scores, and towards the wanted levels.
    fn step_generator(&mut self, step: u64, report: bool) -> Result<Curves, TableError> {
        let (wanted, condition) = self.wanted("generator/wanted", step);
        let input = self.input("generator", step, &condition);
        let (raw, trace) = self.generator.network.forward_train(&input);
        let rows = self.activate(&raw, "generator", step);
        let groups = self.batch / self.pac;
        let masks = self.critic.network.masks(groups, self.seed, "generator/mask", step, &self.device);
        let (scores, gradient) = self.critic.network.score(&self.packs(rows.clone(), &condition), &masks);
        let joined = rows.dims()[1] + condition.dims()[1];
        let gradient = gradient.reshape([self.batch, joined]).narrow(1, 0, rows.dims()[1]);
        let temperature = self.parameters.temperature as f32;
        let mut dy = self.layout.activate_backward(&rows, &gradient, temperature) * (-1.0 / groups as f32);
        let mut curves = if report { vec![("loss/generator", -scalar(scores.mean()))] } else { Vec::new() };
        if !self.rows.conditions.is_empty() {
            let (targets, weights) = wanted.targets(&self.rows.conditions, &self.rows.encoded, &self.device);
            let (loss, towards) = self.layout.cross_entropy(&raw, &targets, &weights);
            dy = dy + towards;
            if report {
                curves.push(("loss/condition", scalar(loss)));
            }
        }
        let gradients = self.generator.network.backward(trace, &dy);
        self.generator.step(gradients)?;
        Ok(curves)
    }
}

impl Fit for Training<'_> {
    type Fitted = FittedCtgan;

    fn step(&mut self, k: u64, report: bool) -> Result<Curves, TableError> {
        let mut curves = Vec::new();
        for i in 0..self.parameters.critic_steps {
            curves = self.step_critic(k * self.parameters.critic_steps + i, report)?;
        }
        curves.extend(self.step_generator(k, report)?);
        self.generator.step_average(k);
        Ok(curves)
    }

    fn fitted(&self) -> FittedCtgan {
        FittedCtgan {
            parameters: self.parameters.clone(),
            batch: self.batch,
            encoder: self.rows.encoder.clone(),
            conditions: self.rows.conditions.clone(),
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
