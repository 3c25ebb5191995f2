//! Convolutional critics of sequences and images.

use paucal_nn::conv_critic::ConvCritic;
use paucal_nn::optim::{Adam, AdamConfig};
use paucal_nn::{Device, NnError, Tensor, noise};

use super::{SEED, Step};

/// Wasserstein loss and penalty on given fake and real series of 1200 samples of two channels.
pub fn sequence() -> Result<Step, NnError> {
    let device = Device::flex();
    let critic = ConvCritic::sequence(1200, 2, &mut SEED.stream("critic", 0), &device)?;
    Ok(step(critic, [32, 1, 1200, 2], device))
}

/// The same on colour images of 64 × 64.
pub fn image() -> Result<Step, NnError> {
    let device = Device::flex();
    let critic = ConvCritic::image(64, 3, 512, &mut SEED.stream("critic", 0), &device)?;
    Ok(step(critic, [16, 64, 64, 3], device))
}

fn step(mut critic: ConvCritic, shape: [usize; 4], device: Device) -> Step {
    let mut adam =
        Adam::new(AdamConfig { learning_rate: 1e-4, beta1: 0.0, beta2: 0.9, ..AdamConfig::default() });
    let [fake, real]: [Tensor<4>; 2] =
        ["fake", "real"].map(|purpose| noise::normal(SEED, purpose, 0, shape, &device));
    Box::new(move |k| {
        let masks = critic.masks(3 * shape[0], SEED, "mask", k, &device);
        let mix = noise::uniform(SEED, "mix", k, [shape[0], 1], &device);
        let loss = critic.loss(&fake, &real, &mix, &masks, 10.0);
        adam.step(&mut critic, loss.gradients)
    })
}
