//! The tensor operations that other devices use mean the same as the CPU kernels.
//!
//! A tensor on the autodiff side of the CPU device does not lend its memory, so that it takes the composed way.

#![allow(clippy::unwrap_used)]

mod common;

use common::{close, composed, values};
use paucal_core::Seed;
use paucal_nn::critic::{Critic, Masks};
use paucal_nn::generator::Generator;
use paucal_nn::layers::{Activation, BatchNorm, Linear, add_products};
use paucal_nn::optim::{Adam, AdamConfig};
use paucal_nn::parameters::move_towards;
use paucal_nn::{Device, Gradients, Tensor, noise};

fn random(purpose: &str, shape: [usize; 2]) -> Tensor<2> {
    noise::normal(Seed(6), purpose, 0, shape, &Device::flex())
}

#[track_caller]
fn same(fused: &Gradients, composed: &Gradients) {
    for ((name, a), (_, b)) in fused.iter().zip(composed.iter()) {
        close(&values(a), &values(&b.clone().inner()), 1e-5);
        assert!(composed.get(name).is_some());
    }
}

#[test]
fn dense_layers() {
    let layer = Linear::new(7, 5, &mut Seed(1).stream("", 0), &Device::flex());
    let other = composed(&layer);
    let (x, dy) = (random("x", [20, 7]), random("dy", [20, 5]));
    let lifted = (x.clone().autodiff(), dy.clone().autodiff());
    let tanh = Activation::Tanh;
    close(
        &values(&layer.forward_activated(&x, tanh)),
        &values(&other.forward_activated(&lifted.0, tanh).inner()),
        1e-6,
    );
    close(&values(&layer.input_gradient(&dy)), &values(&other.input_gradient(&lifted.1).inner()), 1e-6);
    close(&values(&layer.tangent(&x)), &values(&other.tangent(&lifted.0).inner()), 1e-6);
    let (mut gradients, mut others) = (Gradients::new(), Gradients::new());
    let dx = layer.backward(&x, &dy, "layer", &mut gradients);
    let other_dx = other.backward(&lifted.0, &lifted.1, "layer", &mut others);
    assert_eq!(values(&dx), values(&layer.input_gradient(&dy)));
    close(&values(&dx), &values(&other_dx.inner()), 1e-6);
    same(&gradients, &others);
    let pairs = add_products(&[(&dy, &x), (&dy, &x)]);
    let lifted = add_products(&[(&lifted.1, &lifted.0), (&lifted.1, &lifted.0)]);
    close(&values(&pairs), &values(&lifted.inner()), 1e-6);
}

#[test]
fn batch_norm() {
    for (rows, columns) in [(40, 6), (1500, 19), (7, 130)] {
        let mut fused = BatchNorm::new(columns, &Device::flex());
        fused.weight = random("weight", [1, columns]).reshape([columns as i64]);
        let mut other = composed(&fused);
        let x = random("x", [rows, columns]) * 2.0 + 1.0;
        // Part of longer rows, as a generator's blocks pass it on.
        let dy = random("dy", [rows, columns + 3]).narrow(1, 2, columns);
        let (y, saved) = fused.forward_train(x.clone(), Activation::Relu);
        let (other_y, other_saved) = other.forward_train(x.clone().autodiff(), Activation::Relu);
        close(&values(&y), &values(&other_y.inner()), 1e-5);
        let (dx, gradient) = fused.backward(&saved, &dy);
        let (other_dx, other_gradient) = other.backward(&other_saved, &dy.autodiff());
        close(&values(&dx), &values(&other_dx.inner()), 1e-5);
        close(&values(&gradient.weight), &values(&other_gradient.weight.inner()), 1e-5);
        close(&values(&gradient.bias), &values(&other_gradient.bias.inner()), 1e-5);
        close(&values(&fused.running_variance), &values(&other.running_variance.inner()), 1e-5);
        let evaluated = fused.evaluate(x.clone(), Activation::Relu);
        let other = composed(&fused).evaluate(x.autodiff(), Activation::Relu);
        close(&values(&evaluated), &values(&other.inner()), 1e-5);
    }
}

#[test]
fn a_critic_and_a_generator() {
    let (device, seed) = (Device::flex(), Seed(2));
    let critic = Critic::new(12, &[8, 7], 0.2, 0.5, &mut seed.stream("critic", 0), &device);
    let (fake, real) = (random("fake", [6, 12]), random("real", [6, 12]));
    let mix = noise::uniform(seed, "mix", 0, [6, 1], &device);
    let masks = critic.masks(18, seed, "mask", 0, &device);
    let fused = critic.loss(&fake, &real, &mix, &masks, 10.0);
    let lifted: Masks = masks.iter().map(|m| m.clone().autodiff()).collect();
    let other = composed(&critic).loss(&fake.autodiff(), &real.autodiff(), &mix.autodiff(), &lifted, 10.0);
    close(&values(&fused.penalty), &values(&other.penalty.inner()), 1e-5);
    same(&fused.gradients, &other.gradients);

    let mut generator = Generator::new(6, &[8, 4], 5, &mut seed.stream("generator", 0), &device);
    let mut other = composed(&generator);
    let (x, dy) = (random("x", [30, 6]), random("dy", [30, 5]));
    let (_, trace) = generator.forward_train(&x);
    let (_, lifted) = other.forward_train(&x.autodiff());
    same(&generator.backward(trace, &dy), &other.backward(lifted, &dy.autodiff()));
}

#[test]
fn adam_and_the_moving_average() {
    let device = Device::flex();
    let start = Linear::new(7, 5, &mut Seed(1).stream("a", 0), &device);
    let config = AdamConfig { weight_decay: 0.1, ..AdamConfig::default() };
    let (mut fused, mut other) = (start.clone(), composed(&start));
    let (mut adam, mut other_adam) = (Adam::new(config), Adam::new(config));
    for step in 0..3 {
        let gradient = noise::normal(Seed(3), "g", step, [35], &device);
        let one = |g: Tensor<1>| {
            let mut gradients = Gradients::new();
            gradients.add("weight", g);
            gradients
        };
        adam.step(&mut fused, one(gradient.clone())).unwrap();
        other_adam.step(&mut other, one(gradient.autodiff())).unwrap();
    }
    close(&values(&fused.weight), &values(&other.weight.clone().inner()), 1e-6);
    assert_eq!(values(&fused.bias), values(&start.bias), "no gradient, no change");

    let mut lifted = composed(&start);
    let mut average = start;
    move_towards(&mut average, &fused, 0.3);
    move_towards(&mut lifted, &fused, 0.3);
    close(&values(&average.weight), &values(&lifted.weight.inner()), 1e-6);
}

#[test]
fn decoupled_decay_and_the_average_in_one_pass() {
    let device = Device::flex();
    // Wide enough for several pieces on several threads.
    let start = Linear::new(700, 300, &mut Seed(1).stream("a", 0), &device);
    let config = AdamConfig { decoupled_decay: 0.3, learning_rate: 0.1, ..AdamConfig::default() };
    let (mut network, mut apart, mut other) = (start.clone(), start.clone(), composed(&start));
    let (mut average, mut other_average) = (start.clone(), composed(&start));
    let (mut adam, mut adam_apart, mut other_adam) =
        (Adam::new(config), Adam::new(AdamConfig { decoupled_decay: 0.0, ..config }), Adam::new(config));
    let mut average_apart = start.clone();
    for step in 0..3 {
        let gradient = noise::normal(Seed(3), "g", step, [210_000], &device);
        let one = |g: Tensor<1>| {
            let mut gradients = Gradients::new();
            gradients.add("weight", g);
            gradients
        };
        adam.step_averaged(&mut network, one(gradient.clone()), &mut average, 0.2).unwrap();
        other_adam
            .step_averaged(&mut other, one(gradient.clone().autodiff()), &mut other_average, 0.2)
            .unwrap();
        // One thing after the other: decay, Adam, average.
        apart.weight = apart.weight.clone() * ((1.0 - 0.1 * 0.3_f64) as f32);
        adam_apart.step(&mut apart, one(gradient)).unwrap();
        move_towards(&mut average_apart, &apart, 0.2);
    }
    close(&values(&network.weight), &values(&other.weight.inner()), 1e-6);
    close(&values(&average.weight), &values(&other_average.weight.inner()), 1e-6);
    assert_eq!(values(&network.weight), values(&apart.weight));
    assert_eq!(values(&average.weight), values(&average_apart.weight));
    assert_eq!(values(&average.bias), values(&start.bias), "no gradient, no change");
    // The average's memory comes back after an error too.
    let mut wrong = Gradients::new();
    wrong.add("weight", Tensor::<1>::zeros([5], &device));
    assert!(adam.step_averaged(&mut network, wrong, &mut average, 0.2).is_err());
    assert_eq!(average.weight.dims(), [300, 700]);
}
