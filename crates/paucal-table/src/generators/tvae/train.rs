//! The training steps.

use paucal_core::{Seed, Stream};
use paucal_data::Table;
use paucal_nn::layers::Activation;
use paucal_nn::mlp::Mlp;
use paucal_nn::optim::{Adam, AdamConfig};
use paucal_nn::parameters::to_device;
use paucal_nn::rows::RowLayout;
use paucal_nn::training::{Plan, Trainee};
use paucal_nn::weights::Archive;
use paucal_nn::{Device, Gradients, Tensor, device, noise};

use super::{FittedTvae, NAME, Tvae};
use crate::condition::{ConditionLayout, Frequency};
use crate::error::TableError;
use crate::generator::FitContext;
use crate::generators::neural::{self, HeldOut, WantedSampler, batch_and_pac, beside, matrix, scalar};
use crate::transform::{Encoded, RowEncoder};

/// Where the deviations of the scalars start.
const FIRST_SIGMA: f64 = 0.1;
/// And the range they are kept in.
const SIGMA: (f64, f64) = (0.01, 1.0);

/// Encoder, decoder and the deviations of the scalars.
#[derive(Debug, Clone)]
pub struct Networks {
    /// Row and condition to mean and log-variance, side by side.
    pub encoder: Mlp,
    /// Latent vector and condition to raw row.
    pub decoder: Mlp,
    /// σ of each column of the row; used for scalars.
    pub sigma: Tensor<1>,
}

paucal_nn::parameters!(Networks { tensors: sigma; parts: encoder, decoder });

impl Networks {
    /// Networks for rows of `width` columns and conditions of `wanted` bits.
    pub fn new(p: &Tvae, width: usize, wanted: usize, stream: &mut Stream, device: &Device) -> Self {
        let widths = |first: usize, hidden: &[usize], last: usize| [&[first], hidden, &[last]].concat();
        let encoder = widths(width + wanted, &p.encoder, 2 * p.latent);
        let decoder = widths(p.latent + wanted, &p.decoder, width);
        Self {
            encoder: Mlp::new(&encoder, Activation::Relu, stream, device),
            decoder: Mlp::new(&decoder, Activation::Relu, stream, device),
            sigma: Tensor::full([width], FIRST_SIGMA, device),
        }
    }
}

/// Learns from a table.
pub fn fit(parameters: &Tvae, table: &Table, context: &FitContext<'_>) -> Result<FittedTvae, TableError> {
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
        ..Plan::new(&format!("fit {NAME}"), parameters.steps)
    };
    neural::run(&mut training, plan, context, &neural::identity(parameters, seed, &encoded)?)?;
    Ok(training.fitted())
}

/// Networks, optimiser and data of a running fit.
struct Training<'a> {
    parameters: &'a Tvae,
    seed: Seed,
    device: Device,
    encoder: &'a RowEncoder,
    conditions: &'a ConditionLayout,
    held_out: Option<HeldOut>,
    sampler: WantedSampler<'a>,
    layout: RowLayout,
    /// Weight 1 for every row and one-hot span.
    everything: Tensor<2>,
    batch: usize,
    networks: Networks,
    adam: Adam,
}

impl<'a> Training<'a> {
    fn new(
        parameters: &'a Tvae,
        encoder: &'a RowEncoder,
        encoded: &'a Encoded,
        conditions: &'a ConditionLayout,
        seed: Seed,
    ) -> Result<Self, TableError> {
        let p = parameters;
        let device = device::parse(&p.device)?;
        let (batch, _) = batch_and_pac(encoded.rows(), p.batch, 1);
        let layout = neural::layout(encoded.layout(), &device)?;
        let mut stream = seed.stream("initial", 0);
        let frequency = if p.log_frequency { Frequency::Log } else { Frequency::Empirical };
        let spans = layout.one_hot_spans();
        Ok(Self {
            networks: Networks::new(p, layout.width(), conditions.width(), &mut stream, &device),
            adam: Adam::new(AdamConfig {
                learning_rate: p.rate,
                weight_decay: p.weight_decay,
                ..AdamConfig::default()
            }),
            sampler: WantedSampler::new(conditions, encoded, frequency, p.several),
            everything: matrix(vec![1.0; batch * spans], spans, &device),
            layout,
            parameters,
            seed,
            device,
            encoder,
            conditions,
            held_out: None,
            batch,
        })
    }

    /// The model as it is now, on the CPU.
    fn fitted(&self) -> FittedTvae {
        FittedTvae {
            parameters: self.parameters.clone(),
            encoder: self.encoder.clone(),
            conditions: self.conditions.clone(),
            networks: to_device(self.networks.clone(), &Device::flex()),
        }
    }
}

impl Trainee for Training<'_> {
    type Error = TableError;

    /// One step down `loss_factor · reconstruction + KL(q(z|x) ‖ N(0, 1))`, both as means over the rows, with
    /// `z = μ + ε σ` and `KL = −½ Σ (1 + ln σ² − μ² − σ²)`.
    fn step(&mut self, k: u64, report: bool) -> Result<Vec<(&'static str, f64)>, TableError> {
        let (rows, latent) = (self.batch as f32, self.parameters.latent);
        let factor = self.parameters.loss_factor as f32;
        let wanted = self.sampler.batch(self.batch, self.seed, "wanted", k);
        let condition = wanted.vectors(self.conditions, &self.device);
        let real = self.sampler.real(&wanted.rows, &self.device);

        let (code, encoder_trace) = self.networks.encoder.forward_train(&beside(real.clone(), &condition));
        let mean = code.clone().narrow(1, 0, latent);
        let log_variance = code.narrow(1, latent, latent);
        let deviation = (log_variance.clone() * 0.5).exp();
        let epsilon = noise::normal(self.seed, "noise", k, [self.batch, latent], &self.device);
        let z = mean.clone() + epsilon.clone() * deviation.clone();
        let (raw, decoder_trace) = self.networks.decoder.forward_train(&beside(z, &condition));

        let (levels, of_levels) = self.layout.cross_entropy(&raw, &real, &self.everything);
        let (scalars, of_scalars, of_sigma) = self.layout.gaussian(&raw, &real, &self.networks.sigma);
        let mut gradients = Gradients::new();
        gradients.add("sigma", of_sigma * factor);
        let dy = (of_levels + of_scalars) * factor;
        let dz = self.networks.decoder.backward(&decoder_trace, dy, "decoder", &mut gradients);
        let dz = dz.narrow(1, 0, latent);
        let of_mean = dz.clone() + mean.clone() / rows;
        let variance = deviation.clone().square();
        let of_log_variance = dz * epsilon * deviation * 0.5 + (variance.clone() - 1.0) * (0.5 / rows);
        let of_code = Tensor::cat(vec![of_mean, of_log_variance], 1);
        self.networks.encoder.backward(&encoder_trace, of_code, "encoder", &mut gradients);
        self.adam.step(&mut self.networks, gradients)?;
        self.networks.sigma.inplace(|sigma| sigma.clamp(SIGMA.0, SIGMA.1));

        if !report {
            return Ok(Vec::new());
        }
        let divergence = (variance + mean.square() - log_variance - 1.0).sum() * (0.5 / rows);
        Ok(vec![("loss/reconstruction", scalar(levels + scalars)), ("loss/divergence", scalar(divergence))])
    }

    fn evaluate(&mut self, steps: u64) -> Result<Option<f64>, TableError> {
        match &self.held_out {
            Some(held_out) => held_out.judge(&self.fitted(), steps),
            None => Ok(None),
        }
    }

    fn networks(&self) -> Archive {
        Archive::new().with("", &self.networks)
    }

    fn load_networks(&mut self, archive: &Archive, origin: &str) -> Result<(), TableError> {
        Ok(archive.load("", &mut self.networks, origin)?)
    }

    fn optimisers(&self) -> Archive {
        Archive::new().with_adam("adam", &self.adam)
    }

    fn load_optimisers(&mut self, archive: &Archive, origin: &str) -> Result<(), TableError> {
        Ok(archive.load_adam("adam", &mut self.adam, &self.networks, origin)?)
    }
}
