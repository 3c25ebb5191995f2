//! The step of TVAE on rows of 150 values, without conditions.

use paucal_nn::layers::Activation;
use paucal_nn::mlp::Mlp;
use paucal_nn::optim::{Adam, AdamConfig};
use paucal_nn::rows::{RowLayout, SpanKind};
use paucal_nn::{Device, Gradients, NnError, Tensor, TensorData, noise};

use super::{SEED, Step};

const BATCH: usize = 500;
const LATENT: usize = 128;
const FACTOR: f32 = 2.0;
/// Lengths of the one-hot spans of the categorical columns, after six numeric ones with eight modes each.
const LEVELS: [usize; 9] = [9, 16, 7, 15, 6, 5, 2, 30, 6];

#[derive(Clone)]
struct Networks {
    encoder: Mlp,
    decoder: Mlp,
    sigma: Tensor<1>,
}

paucal_nn::parameters!(Networks { tensors: sigma; parts: encoder, decoder });

/// Rows with one level per one-hot span, in turn.
fn rows(layout: &RowLayout, device: &Device) -> Tensor<2> {
    let mut values = vec![0.0_f32; BATCH * layout.width()];
    for (i, row) in values.chunks_exact_mut(layout.width()).enumerate() {
        for span in layout.spans() {
            match span.kind {
                SpanKind::Scalar => row[span.start] = (i as f32 / BATCH as f32) - 0.5,
                SpanKind::OneHot => row[span.start + i % span.length] = 1.0,
            }
        }
    }
    Tensor::from_data(TensorData::new(values, [BATCH, layout.width()]), device)
}

/// Reconstruction and divergence, as `tvae` of `paucal-table` trains.
pub fn step() -> Result<Step, NnError> {
    let device = Device::flex();
    let mut parts = [(SpanKind::Scalar, 1), (SpanKind::OneHot, 8)].repeat(6);
    parts.extend(LEVELS.map(|n| (SpanKind::OneHot, n)));
    let layout = RowLayout::new(&parts, &device)?;
    let mut stream = SEED.stream("init", 0);
    let mut mlp = |first, last| Mlp::new(&[first, 128, 128, last], Activation::Relu, &mut stream, &device);
    let mut networks = Networks {
        encoder: mlp(layout.width(), 2 * LATENT),
        decoder: mlp(LATENT, layout.width()),
        sigma: Tensor::full([layout.width()], 0.1, &device),
    };
    let mut adam = Adam::new(AdamConfig { weight_decay: 1e-5, ..AdamConfig::default() });
    let (real, everything) = (rows(&layout, &device), Tensor::ones([BATCH, layout.one_hot_spans()], &device));
    Ok(Box::new(move |k| {
        let (code, encoder_trace) = networks.encoder.forward_train(&real);
        let mean = code.clone().narrow(1, 0, LATENT);
        let deviation = (code.narrow(1, LATENT, LATENT) * 0.5).exp();
        let epsilon = noise::normal(SEED, "noise", k, [BATCH, LATENT], &device);
        let z = mean.clone() + epsilon.clone() * deviation.clone();
        let (raw, decoder_trace) = networks.decoder.forward_train(&z);
        let (_, of_levels) = layout.cross_entropy(&raw, &real, &everything);
        let (_, of_scalars, of_sigma) = layout.gaussian(&raw, &real, &networks.sigma);

        let mut gradients = Gradients::new();
        gradients.add("sigma", of_sigma * FACTOR);
        let dy = (of_levels + of_scalars) * FACTOR;
        let dz = networks.decoder.backward(&decoder_trace, dy, "decoder", &mut gradients);
        let rows = BATCH as f32;
        let of_mean = dz.clone() + mean / rows;
        let of_log_variance =
            dz * epsilon * deviation.clone() * 0.5 + (deviation.square() - 1.0) * (0.5 / rows);
        let of_code = Tensor::cat(vec![of_mean, of_log_variance], 1);
        networks.encoder.backward(&encoder_trace, of_code, "encoder", &mut gradients);
        adam.step(&mut networks, gradients)?;
        networks.sigma.inplace(|sigma| sigma.clamp(0.01, 1.0));
        Ok(())
    }))
}
