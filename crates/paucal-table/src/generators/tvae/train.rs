//! The training steps.

use paucal_core::{Seed, Stream};
use paucal_data::Table;
use paucal_nn::layers::Activation;
use paucal_nn::mlp::Mlp;
use paucal_nn::optim::AdamConfig;
use paucal_nn::rows::RowLayout;
use paucal_nn::{Device, Gradients, Tensor, device, noise};

use super::{FittedTvae, NAME, Tvae};
use crate::error::TableError;
use crate::generator::FitContext;
use crate::generators::neural::{self, Curves, Fit, Keep, Learner, SpanRows, WantedSampler};
use crate::generators::neural::{batch_and_pac, beside, frequency, matrix, scalar};

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
    let (rows, held_out) = SpanRows::new(table, &parameters.common, seed, context.observer)?;
    let identity = neural::identity(parameters, seed, &rows.encoded)?;
    let plan = parameters.common.plan(NAME, parameters.steps);
    neural::run(Training::new(parameters, &rows, seed)?, plan, held_out, &identity, context)
}

/// Networks and data of a running fit.
struct Training<'a> {
    parameters: &'a Tvae,
    seed: Seed,
    device: Device,
    rows: &'a SpanRows,
    sampler: WantedSampler<'a>,
    layout: RowLayout,
    /// Weight 1 for every row and one-hot span.
    everything: Tensor<2>,
    batch: usize,
    learner: Learner<Networks>,
}

impl<'a> Training<'a> {
    fn new(p: &'a Tvae, rows: &'a SpanRows, seed: Seed) -> Result<Self, TableError> {
        let device = device::parse(&p.common.device)?;
        let (batch, _) = batch_and_pac(rows.encoded.rows(), p.batch, 1);
        let layout = neural::layout(rows.encoded.layout(), &device)?;
        let mut stream = seed.stream("initial", 0);
        let networks = Networks::new(p, layout.width(), rows.conditions.width(), &mut stream, &device);
        let adam =
            AdamConfig { learning_rate: p.rate, weight_decay: p.weight_decay, ..AdamConfig::default() };
        let spans = layout.one_hot_spans();
        let frequency = frequency(p.log_frequency);
        Ok(Self {
            learner: Learner::new("networks", networks, adam),
            sampler: WantedSampler::new(&rows.conditions, &rows.encoded, frequency, p.several),
            everything: matrix(vec![1.0; batch * spans], spans, &device),
            layout,
            parameters: p,
            seed,
            device,
            rows,
            batch,
        })
    }
}

impl Fit for Training<'_> {
    type Fitted = FittedTvae;

    /// One step down `loss_factor · reconstruction + KL(q(z|x) ‖ N(0, 1))`, both as means over the rows, with
    /// `z = μ + ε σ` and `KL = −½ Σ (1 + ln σ² − μ² − σ²)`.
    fn step(&mut self, k: u64, report: bool) -> Result<Curves, TableError> {
        let (rows, latent) = (self.batch as f32, self.parameters.latent);
        let factor = self.parameters.loss_factor as f32;
        let networks = &self.learner.network;
        let wanted = self.sampler.batch(self.batch, self.seed, "wanted", k);
        let condition = wanted.vectors(&self.rows.conditions, &self.device);
        let real = self.sampler.real(&wanted.rows, &self.device);

        let (code, encoder_trace) = networks.encoder.forward_train(&beside(real.clone(), &condition));
        let mean = code.clone().narrow(1, 0, latent);
        let log_variance = code.narrow(1, latent, latent);
        let deviation = (log_variance.clone() * 0.5).exp();
        let epsilon = noise::normal(self.seed, "noise", k, [self.batch, latent], &self.device);
        let z = mean.clone() + epsilon.clone() * deviation.clone();
        let (raw, decoder_trace) = networks.decoder.forward_train(&beside(z, &condition));

        let (levels, of_levels) = self.layout.cross_entropy(&raw, &real, &self.everything);
        let (scalars, of_scalars, of_sigma) = self.layout.gaussian(&raw, &real, &networks.sigma);
        let mut gradients = Gradients::new();
        gradients.add("sigma", of_sigma * factor);
        let dy = (of_levels + of_scalars) * factor;
        let dz = networks.decoder.backward(&decoder_trace, dy, "decoder", &mut gradients);
        let dz = dz.narrow(1, 0, latent);
        let of_mean = dz.clone() + mean.clone() / rows;
        let variance = deviation.clone().square();
        let of_log_variance = dz * epsilon * deviation * 0.5 + (variance.clone() - 1.0) * (0.5 / rows);
        let of_code = Tensor::cat(vec![of_mean, of_log_variance], 1);
        networks.encoder.backward(&encoder_trace, of_code, "encoder", &mut gradients);
        self.learner.step(gradients)?;
        self.learner.network.sigma.inplace(|sigma| sigma.clamp(SIGMA.0, SIGMA.1));

        if !report {
            return Ok(Vec::new());
        }
        let divergence = (variance + mean.square() - log_variance - 1.0).sum() * (0.5 / rows);
        Ok(vec![("loss/reconstruction", scalar(levels + scalars)), ("loss/divergence", scalar(divergence))])
    }

    fn fitted(&self) -> FittedTvae {
        FittedTvae {
            parameters: self.parameters.clone(),
            encoder: self.rows.encoder.clone(),
            conditions: self.rows.conditions.clone(),
            networks: self.learner.chosen(),
        }
    }

    fn learners(&self) -> Vec<&dyn Keep> {
        vec![&self.learner]
    }

    fn learners_mut(&mut self) -> Vec<&mut dyn Keep> {
        vec![&mut self.learner]
    }
}
