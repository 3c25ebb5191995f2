//! Layers of sequences: their kernels against the same thing through Burn's operations and its graph, against
//! differences, and on several threads.

#![allow(clippy::unwrap_used)]

mod common;

use common::{close, composed, same, unmoved_by_threads, values};
use paucal_core::Seed;
use paucal_nn::layers::{BatchNorm, BiLstm, Conv1d, MaxPool1d, MeanPool, NormPool};
use paucal_nn::parameters::tracked;
use paucal_nn::{Device, Gradients, Mode, Tensor, noise};

const SEED: Seed = Seed(5);

fn random<const D: usize>(purpose: &str, shape: [usize; D]) -> Tensor<D> {
    noise::normal(SEED, purpose, 0, shape, &Device::flex())
}

/// (rows, length, inputs, outputs, kernel, stride, padding): those of the networks, and odd ones.
const CONVOLUTIONS: [[usize; 7]; 11] = [
    [3, 170, 1, 24, 7, 1, 3],
    [2, 85, 24, 48, 5, 1, 2],
    [2, 42, 48, 64, 3, 1, 1],
    [2, 200, 1, 16, 11, 3, 0],
    [2, 31, 16, 32, 5, 1, 0],
    [1, 1, 1, 1, 1, 1, 0],
    [1, 7, 3, 2, 3, 2, 1],
    [5, 13, 2, 17, 4, 3, 3],
    [1, 5, 33, 70, 5, 1, 4],
    [40, 9, 5, 3, 2, 4, 0],
    [2, 23, 4, 16, 7, 2, 6],
];

#[test]
fn convolutions_are_those_of_the_graph() {
    for [rows, length, inputs, outputs, kernel, stride, padding] in CONVOLUTIONS {
        let device = Device::flex();
        let layer = Conv1d::new(inputs, outputs, kernel, &mut SEED.stream("init", 0), &device).unwrap();
        let layer = layer.with_stride(stride).with_padding(padding);
        let x = random("x", [rows, length, inputs]);
        let y = layer.forward(&x);
        assert_eq!(y.dims(), [rows, layer.positions(length), outputs]);
        let dy = random("dy", y.dims());
        let mut by_hand = Gradients::new();
        let dx = layer.backward(&x, &dy, true, "", &mut by_hand).unwrap();

        let (live, leaf) = (tracked(&layer), x.clone().autodiff().require_grad());
        let other = live.forward(&leaf);
        close(&values(&y), &values(&other.clone().inner()), 1e-5);
        let mut graph = (other * dy.clone().autodiff()).sum().backward();
        close(&values(&dx), &values(&leaf.grad_remove(&mut graph).unwrap()), 1e-5);
        same(&by_hand, &Gradients::of(&live, graph), 2);

        let mut by_parts = Gradients::new();
        let lifted =
            composed(&layer).backward(&x.autodiff(), &dy.autodiff(), true, "", &mut by_parts).unwrap();
        close(&values(&dx), &values(&lifted.inner()), 1e-5);
        same(&by_hand, &by_parts, 2);
    }
}

#[test]
fn gradients_of_convolutions_are_those_of_differences() {
    let device = Device::flex();
    let layer = Conv1d::new(2, 3, 3, &mut SEED.stream("init", 0), &device).unwrap();
    let layer = layer.with_stride(2).with_padding(1);
    let x = random("x", [2, 8, 2]);
    let dy = random("dy", layer.forward(&x).dims());
    let value =
        |layer: &Conv1d, x: &Tensor<3>| -> f32 { (layer.forward(x) * dy.clone()).sum().into_scalar() };
    let mut gradients = Gradients::new();
    let dx = layer.backward(&x, &dy, true, "", &mut gradients).unwrap();
    let step = |at: usize, shape: [usize; 3]| {
        let mut change = vec![0.0_f32; shape.iter().product()];
        change[at] = 0.5;
        Tensor::<3>::from_data(paucal_nn::TensorData::new(change, shape), &device)
    };
    // Everything is linear: differences are exact but for rounding.
    for (k, want) in values(&dx).into_iter().enumerate() {
        let change = step(k, [2, 8, 2]);
        let got = value(&layer, &(x.clone() + change.clone())) - value(&layer, &(x.clone() - change));
        assert!((got - want).abs() < 1e-4, "{k}: {got} {want}");
    }
    for (k, want) in values(gradients.get("weight").unwrap()).into_iter().enumerate() {
        let moved = |sign: f32| {
            let mut layer = layer.clone();
            layer.weight = layer.weight.clone() + step(k, [3, 2, 3]) * sign;
            value(&layer, &x)
        };
        assert!((moved(1.0) - moved(-1.0) - want).abs() < 1e-4, "{k}");
    }
}

#[test]
fn impossible_convolutions_are_refused() {
    let device = Device::flex();
    let mut stream = SEED.stream("init", 0);
    assert!(Conv1d::new(0, 3, 3, &mut stream, &device).is_err());
    assert!(Conv1d::new(1, 3, 0, &mut stream, &device).is_err());
    let layer = Conv1d::new(1, 3, 5, &mut stream, &device).unwrap();
    assert_eq!([3, 4, 5, 6].map(|length| layer.positions(length)), [0, 0, 1, 2]);
}

/// (rows, length, channels, kernel, stride).
const POOLS: [[usize; 5]; 7] = [
    [4, 170, 24, 2, 2],
    [3, 64, 16, 3, 2],
    [2, 85, 48, 2, 2],
    [1, 5, 1, 3, 1],
    [70, 9, 3, 2, 3],
    [2, 4, 17, 4, 1],
    [2, 3, 2, 1, 1],
];

#[test]
fn pooling_is_that_of_the_graph() {
    for [rows, length, channels, kernel, stride] in POOLS {
        let pool = MaxPool1d::new(kernel, stride);
        let x = random("x", [rows, length, channels]);
        let y = pool.forward(&x);
        assert_eq!(y.dims(), [rows, pool.positions(length), channels]);
        let dy = random("dy", y.dims());
        let leaf = x.clone().autodiff().require_grad();
        let other = pool.forward(&leaf);
        close(&values(&y), &values(&other.clone().inner()), 1e-7);
        let graph = (other * dy.clone().autodiff()).sum().backward();
        close(&values(&pool.backward(&x, &dy)), &values(&leaf.grad(&graph).unwrap()), 1e-6);

        let (y, dy) = (MeanPool.forward(&x), random("dy", [rows, channels]));
        let leaf = x.clone().autodiff().require_grad();
        let other = MeanPool.forward(&leaf);
        close(&values(&y), &values(&other.clone().inner()), 1e-6);
        let graph = (other * dy.clone().autodiff()).sum().backward();
        let dx = values(&MeanPool.backward(&x, &dy));
        close(&dx, &values(&leaf.grad(&graph).unwrap()), 1e-6);
        close(&dx, &values(&MeanPool.backward(&x.autodiff(), &dy.autodiff()).inner()), 1e-6);
    }
}

fn norm_pool(channels: usize, kernel: usize, stride: usize) -> NormPool {
    let device = Device::flex();
    let mut layer = NormPool::new(channels, MaxPool1d::new(kernel, stride), &device);
    let one = |purpose: &str| random(purpose, [channels]);
    layer.norm = BatchNorm { weight: one("w"), bias: one("b"), ..layer.norm };
    layer
}

#[test]
fn norm_and_pool_are_those_of_the_graph() {
    for [rows, length, channels, kernel, stride] in POOLS {
        let mut layer = norm_pool(channels, kernel, stride);
        let x = random("x", [rows, length, channels]) * 3.0 + 1.0;
        let (mut live, mut apart) = (tracked(&layer), composed(&layer));
        let leaf = x.clone().autodiff().require_grad();
        let (y, saved) = layer.forward_train(x.clone());
        let dy = random("dy", y.dims());
        let other = live.forward(&leaf, Mode::Train);
        close(&values(&y), &values(&other.clone().inner()), 2e-5);
        let mut graph = (other * dy.clone().autodiff()).sum().backward();
        let mut by_hand = Gradients::new();
        let dx = layer.backward(saved, &dy, "", &mut by_hand);
        close(&values(&dx), &values(&leaf.grad_remove(&mut graph).unwrap()), 5e-5);
        same(&by_hand, &Gradients::of(&live, graph), 2);
        close(&values(&layer.norm.running_variance), &values(&live.norm.running_variance.inner()), 1e-5);
        close(&values(&layer.norm.running_mean), &values(&live.norm.running_mean.inner()), 1e-5);

        let (other, saved) = apart.forward_train(x.clone().autodiff());
        close(&values(&y), &values(&other.inner()), 2e-5);
        let mut by_parts = Gradients::new();
        let other = apart.backward(saved, &dy.autodiff(), "", &mut by_parts);
        close(&values(&dx), &values(&other.inner()), 5e-5);
        same(&by_hand, &by_parts, 2);
        let evaluated = composed(&layer).evaluate(&x.clone().autodiff());
        close(&values(&layer.evaluate(&x)), &values(&evaluated.inner()), 1e-5);
    }
}

#[test]
fn nothing_depends_on_the_number_of_threads() {
    let all = || {
        let device = Device::flex();
        let conv = Conv1d::new(24, 48, 5, &mut SEED.stream("init", 0), &device).unwrap().with_padding(2);
        let mut pool = norm_pool(48, 2, 2);
        let lstm = BiLstm::new(48, 96, &mut SEED.stream("init", 1), &device);
        let x = random("x", [100, 85, 24]);
        let mut gradients = Gradients::new();
        let convolved = conv.forward(&x);
        let (pooled, saved) = pool.forward_train(convolved);
        let features = MeanPool.forward(&pooled);
        let (y, trace) = lstm.forward_train(&features, 5, 2);
        let dx = lstm.backward(trace, &y, "lstm", &mut gradients);
        let dx = pool.backward(saved, &MeanPool.backward(&pooled, &dx), "pool", &mut gradients);
        let dx = conv.backward(&x, &dx, true, "conv", &mut gradients).unwrap();
        let mut out = vec![values(&y), values(&dx), values(&pool.norm.running_variance)];
        out.extend(gradients.iter().map(|(_, g)| values(g)));
        out
    };
    unmoved_by_threads(all);
}
