//! The training steps (section 4 of the paper).

use paucal_core::Seed;
use paucal_data::Table;
use paucal_nn::critic::Critic;
use paucal_nn::generator::Generator;
use paucal_nn::optim::{Adam, AdamConfig};
use paucal_nn::parameters::{move_towards, to_device};
use paucal_nn::rows::RowLayout;
use paucal_nn::training::{Plan, Trainee};
use paucal_nn::weights::Archive;
use paucal_nn::{Device, Tensor, device, noise};

use super::{Ctgan, FittedCtgan, NAME};
use crate::condition::{ConditionLayout, Frequency};
use crate::error::TableError;
use crate::generator::FitContext;
use crate::generators::neural::{self, HeldOut, Wanted, WantedSampler, batch_and_pac, beside, scalar};
use crate::transform::{Encoded, RowEncoder};

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
    let (table, held_out) = HeldOut::split(table, parameters.hold_out, seed)?;
    let encoder = RowEncoder::fit(&table, parameters.missing, seed, context.observer)?;
    let encoded = encoder.encode(&table, seed.child("encode", 0))?;
    let conditions = ConditionLayout::new(&encoder);
    let mut training = Training::new(parameters, &encoder, &encoded, &conditions, seed)?;
    training.held_out = held_out;
    let plan = Plan {
        evaluate_every: parameters.judge_every,
        patience: parameters.patience,
        ..Plan::new(&format!("fit {name}"), parameters.steps)
    };
    neural::run(&mut training, plan, context, &neural::identity(parameters, seed, &encoded)?)?;
    Ok(training.fitted())
}

/// Networks, optimisers and data of a running fit.
struct Training<'a> {
    parameters: &'a Ctgan,
    seed: Seed,
    device: Device,
    encoder: &'a RowEncoder,
    encoded: &'a Encoded,
    conditions: &'a ConditionLayout,
    held_out: Option<HeldOut>,
    sampler: WantedSampler<'a>,
    layout: RowLayout,
    batch: usize,
    pac: usize,
    generator: Generator,
    average: Generator,
    critic: Critic,
    generator_adam: Adam,
    critic_adam: Adam,
}

impl<'a> Training<'a> {
    fn new(
        parameters: &'a Ctgan,
        encoder: &'a RowEncoder,
        encoded: &'a Encoded,
        conditions: &'a ConditionLayout,
        seed: Seed,
    ) -> Result<Self, TableError> {
        let p = parameters;
        let device = device::parse(&p.device)?;
        let (batch, pac) = batch_and_pac(encoded.rows(), p.batch, p.pac);
        let width = encoded.layout().width;
        let mut stream = seed.stream("initial", 0);
        let generator =
            Generator::new(p.noise + conditions.width(), &p.generator, width, &mut stream, &device);
        let inputs = (width + conditions.width()) * pac;
        let adam = |learning_rate| {
            Adam::new(AdamConfig {
                learning_rate,
                beta1: 0.5,
                beta2: 0.9,
                weight_decay: p.weight_decay,
                ..AdamConfig::default()
            })
        };
        let frequency = if p.log_frequency { Frequency::Log } else { Frequency::Empirical };
        Ok(Self {
            critic: Critic::new(inputs, &p.critic, SLOPE, p.dropout as f32, &mut stream, &device),
            average: generator.clone(),
            generator,
            generator_adam: adam(p.generator_rate),
            critic_adam: adam(p.critic_rate),
            layout: neural::layout(encoded.layout(), &device)?,
            sampler: WantedSampler::new(conditions, encoded, frequency, p.several),
            parameters,
            seed,
            device,
            encoder,
            encoded,
            conditions,
            held_out: None,
            batch,
            pac,
        })
    }

    /// The model as it is now, on the CPU.
    fn fitted(&self) -> FittedCtgan {
        let chosen = if self.parameters.average > 0.0 { &self.average } else { &self.generator };
        FittedCtgan {
            parameters: self.parameters.clone(),
            batch: self.batch,
            encoder: self.encoder.clone(),
            conditions: self.conditions.clone(),
            generator: to_device(chosen.clone(), &Device::flex()),
        }
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
        let vectors = wanted.vectors(self.conditions, &self.device);
        (wanted, vectors)
    }

    /// One critic step on fake rows and real rows with the same conditions in another order.
    fn step_critic(&mut self, step: u64, report: bool) -> Result<Vec<(&'static str, f64)>, TableError> {
        let (wanted, condition) = self.wanted("critic/wanted", step);
        let input = self.input("critic", step, &condition);
        let (raw, _) = self.generator.forward_train(&input);
        let fake = self.packs(self.activate(&raw, "critic", step), &condition);

        let order = self.seed.stream("critic/order", step).permutation(self.batch);
        let matching = wanted.reordered(&order);
        let real = self.sampler.real(&matching.rows, &self.device);
        let real = self.packs(real, &matching.vectors(self.conditions, &self.device));

        let groups = self.batch / self.pac;
        let masks = self.critic.masks(3 * groups, self.seed, "critic/mask", step, &self.device);
        let mix = noise::uniform(self.seed, "critic/mix", step, [groups, 1], &self.device);
        let loss = self.critic.loss(&fake, &real, &mix, &masks, self.parameters.penalty);
        self.critic_adam.step(&mut self.critic, loss.gradients)?;
        Ok(if report {
            vec![("loss/critic", scalar(loss.wasserstein)), ("loss/penalty", scalar(loss.penalty))]
        } else {
            Vec::new()
        })
    }

    /// One generator step: towards higher scores, and towards the wanted levels.
    fn step_generator(&mut self, step: u64, report: bool) -> Result<Vec<(&'static str, f64)>, TableError> {
        let (wanted, condition) = self.wanted("generator/wanted", step);
        let input = self.input("generator", step, &condition);
        let (raw, trace) = self.generator.forward_train(&input);
        let rows = self.activate(&raw, "generator", step);
        let groups = self.batch / self.pac;
        let masks = self.critic.masks(groups, self.seed, "generator/mask", step, &self.device);
        let (scores, gradient) = self.critic.score(&self.packs(rows.clone(), &condition), &masks);
        let joined = rows.dims()[1] + condition.dims()[1];
        let gradient = gradient.reshape([self.batch, joined]).narrow(1, 0, rows.dims()[1]);
        let temperature = self.parameters.temperature as f32;
        let mut dy = self.layout.activate_backward(&rows, &gradient, temperature) * (-1.0 / groups as f32);
        let mut curves = if report { vec![("loss/generator", -scalar(scores.mean()))] } else { Vec::new() };
        if !self.conditions.is_empty() {
            let (targets, weights) = wanted.targets(self.conditions, self.encoded, &self.device);
            let (loss, towards) = self.layout.cross_entropy(&raw, &targets, &weights);
            dy = dy + towards;
            if report {
                curves.push(("loss/condition", scalar(loss)));
            }
        }
        let gradients = self.generator.backward(&trace, &dy);
        self.generator_adam.step(&mut self.generator, gradients)?;
        Ok(curves)
    }

    /// The average follows the weights. Its memory grows with the steps made, so that it is not held back by the
    /// random weights of the beginning.
    fn step_average(&mut self, step: u64) {
        let keep = self.parameters.average.min((step as f64 + 1.0) / (step as f64 + 10.0));
        if self.parameters.average > 0.0 {
            move_towards(&mut self.average, &self.generator, (1.0 - keep) as f32);
        }
    }
}

impl Trainee for Training<'_> {
    type Error = TableError;

    fn step(&mut self, k: u64, report: bool) -> Result<Vec<(&'static str, f64)>, TableError> {
        let mut curves = Vec::new();
        for i in 0..self.parameters.critic_steps {
            curves = self.step_critic(k * self.parameters.critic_steps + i, report)?;
        }
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
