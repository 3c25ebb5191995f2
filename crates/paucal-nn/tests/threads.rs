//! Results do not depend on the number of threads.

#![allow(clippy::unwrap_used)]

mod common;

use common::{unmoved_by_threads, values};
use paucal_core::Seed;
use paucal_nn::critic::Critic;
use paucal_nn::layers::{Activation, BatchNorm, Linear};
use paucal_nn::optim::{Adam, AdamConfig};
use paucal_nn::rows::{RowLayout, SpanKind};
use paucal_nn::{Device, Gradients, Tensor, noise};

/// Shapes of a CTGAN on a census table: large enough for every parallel path.
fn critic_step() -> Vec<Vec<f32>> {
    let (device, seed) = (Device::flex(), Seed(1));
    let mut critic = Critic::new(2590, &[256, 256], 0.2, 0.5, &mut seed.stream("critic", 0), &device);
    let fake = noise::normal(seed, "fake", 0, [50, 2590], &device);
    let real = noise::normal(seed, "real", 0, [50, 2590], &device);
    let mix = noise::uniform(seed, "mix", 0, [50, 1], &device);
    let mut adam = Adam::new(AdamConfig::default());
    for step in 0..2 {
        let masks = critic.masks(150, seed, "mask", step, &device);
        let loss = critic.loss(&fake, &real, &mix, &masks, 10.0);
        adam.step(&mut critic, loss.gradients).unwrap();
    }
    critic.hidden.iter().chain([&critic.head]).flat_map(|l| [values(&l.weight), values(&l.bias)]).collect()
}

fn generator_step() -> Vec<Vec<f32>> {
    let (device, seed) = (Device::flex(), Seed(2));
    let layer = Linear::new(231, 256, &mut seed.stream("layer", 0), &device);
    let mut norm = BatchNorm::new(256, &device);
    let x = noise::normal(seed, "x", 0, [500, 231], &device);
    let (y, saved) = norm.forward_train(layer.forward(&x), Activation::Relu);
    let parts = [(SpanKind::Scalar, 1), (SpanKind::OneHot, 9)].repeat(25);
    let layout = RowLayout::new(&parts, &device).unwrap();
    let logits = y.clone().narrow(1, 3, 250);
    let gumbel = noise::gumbel(seed, "gumbel", 0, [500, 250], &device);
    let row = layout.activate(&logits, Some(&gumbel), 0.2);
    let back = layout.activate_backward(&row, &gumbel, 0.2);
    let ones: Tensor<2> = Tensor::ones([500, 25], &device);
    let (loss, entropy) = layout.cross_entropy(&logits, &row, &ones);
    let (dx, gradient) = norm.backward(&saved, &y);
    let mut gradients = Gradients::new();
    let of_x = layer.backward(&x, &dx, "", &mut gradients);
    gradients.add_batch_norm("norm", gradient);
    let mut out =
        vec![values(&row), values(&back), values(&loss), values(&entropy), values(&dx), values(&of_x)];
    out.extend(gradients.iter().map(|(_, g)| values(g)));
    out
}

#[test]
fn a_critic_step_is_the_same_to_the_bit_with_any_number_of_threads() {
    unmoved_by_threads(critic_step);
}

#[test]
fn a_generator_step_is_the_same_to_the_bit_with_any_number_of_threads() {
    unmoved_by_threads(generator_step);
}
