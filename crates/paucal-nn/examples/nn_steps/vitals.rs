//! The autoencoder of vital signs.

use paucal_nn::noise::{self, Draw};
use paucal_nn::optim::{Adam, AdamConfig};
use paucal_nn::vitals::{Autoencoder, AutoencoderShape};
use paucal_nn::{Device, NnError, Tensor};

use super::{SEED, Step};

const BATCH: usize = 32;

/// Mean squared error on windows of 256 samples of four channels.
pub fn autoencoder() -> Result<Step, NnError> {
    let (device, shape) = (Device::flex(), AutoencoderShape::default());
    let mut network = Autoencoder::new(shape, &mut SEED.stream("init", 0), &device)?;
    let mut adam = Adam::new(AdamConfig::default());
    let size = [BATCH, shape.length, shape.channels];
    let x: Tensor<3> = noise::normal(SEED, "x", 0, size, &device);
    let share = 2.0 / size.iter().product::<usize>() as f32;
    Ok(Box::new(move |step| {
        let (y, trace) = network.forward_train(&x, Some(Draw { seed: SEED, step }));
        let gradients = network.backward(trace, &((y - x.clone()) * share));
        adam.step(&mut network, gradients)
    }))
}
