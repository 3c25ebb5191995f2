//! The two networks of CTGAN apart: critic and generator of rows of 100 values in packs of ten.

use paucal_nn::critic::Critic;
use paucal_nn::generator::Generator;
use paucal_nn::optim::{Adam, AdamConfig};
use paucal_nn::{Device, Tensor, noise};

use super::{SEED, Step};

const BATCH: usize = 500;
const PAC: usize = 10;
const GROUPS: usize = BATCH / PAC;
const ROW: usize = 100;
const NOISE: usize = 150;
const UNITS: [usize; 2] = [256, 256];

fn adam() -> Adam {
    Adam::new(AdamConfig { learning_rate: 2e-4, beta1: 0.5, beta2: 0.9, ..AdamConfig::default() })
}

fn new_critic(device: &Device) -> Critic {
    Critic::new(PAC * ROW, &UNITS, 0.2, 0.5, &mut SEED.stream("critic", 0), device)
}

/// Wasserstein loss and penalty on given fake and real packs.
pub fn critic() -> Step {
    let device = Device::flex();
    let (mut critic, mut adam) = (new_critic(&device), adam());
    let [fake, real]: [Tensor<2>; 2] =
        ["fake", "real"].map(|purpose| noise::normal(SEED, purpose, 0, [GROUPS, PAC * ROW], &device));
    Box::new(move |k| {
        let masks = critic.masks(3 * GROUPS, SEED, "mask", k, &device);
        let mix = noise::uniform(SEED, "mix", k, [GROUPS, 1], &device);
        let loss = critic.loss(&fake, &real, &mix, &masks, 10.0);
        adam.step(&mut critic, loss.gradients)
    })
}

/// Raw rows from noise, judged by a critic whose weights are held.
pub fn generator() -> Step {
    let device = Device::flex();
    let (critic, mut adam) = (new_critic(&device), adam());
    let mut generator = Generator::new(NOISE, &UNITS, ROW, &mut SEED.stream("generator", 0), &device);
    Box::new(move |k| {
        let z = noise::normal(SEED, "z", k, [BATCH, NOISE], &device);
        let (raw, trace) = generator.forward_train(&z);
        let masks = critic.masks(GROUPS, SEED, "mask", k, &device);
        let (_, gradient) = critic.score(&raw.reshape([GROUPS, PAC * ROW]), &masks);
        let dy = gradient.reshape([BATCH, ROW]) * (-1.0 / GROUPS as f32);
        let gradients = generator.backward(trace, &dy);
        adam.step(&mut generator, gradients)
    })
}
