//! Layers and optimiser against PyTorch, and hand-written backward passes against automatic differentiation.

#![allow(clippy::unwrap_used)]

mod common;

use common::{close, golden, tensor, values};
use paucal_core::Seed;
use paucal_nn::critic::Critic;
use paucal_nn::generator::Generator;
use paucal_nn::layers::{Activation, BatchNorm, BatchNormSaved, Linear};
use paucal_nn::mlp::Mlp;
use paucal_nn::optim::{Adam, AdamConfig};
use paucal_nn::parameters::{tracked, untracked};
use paucal_nn::weights::Archive;
use paucal_nn::{Device, Gradients, Mode, Tensor, noise};

#[derive(Clone)]
struct Network {
    hidden: Linear,
    norm: BatchNorm,
    head: Linear,
}
paucal_nn::parameters!(Network { parts: hidden, norm, head });

impl Network {
    fn new(seed: Seed) -> Self {
        let (mut stream, device) = (seed.stream("init", 0), Device::flex());
        Self {
            hidden: Linear::new(6, 8, &mut stream, &device),
            norm: BatchNorm::new(8, &device),
            head: Linear::new(8, 4, &mut stream, &device),
        }
    }

    fn golden(file: &Archive, path: &str) -> Self {
        let mut network = Self::new(Seed(0));
        file.load(path, &mut network, "golden").unwrap();
        network
    }

    fn forward(&mut self, x: &Tensor<2>, mode: Mode) -> Tensor<2> {
        let h = self.norm.forward(self.hidden.forward(x), mode);
        self.head.forward(&Activation::Relu.apply(h))
    }

    fn forward_saved(&mut self, x: &Tensor<2>) -> (Tensor<2>, Tensor<2>, BatchNormSaved) {
        let (h, saved) = self.norm.forward_train(self.hidden.forward(x), Activation::Relu);
        (self.head.forward(&h), h, saved)
    }

    fn backward(&self, x: &Tensor<2>, h: &Tensor<2>, saved: &BatchNormSaved, dy: &Tensor<2>) -> Gradients {
        let mut gradients = Gradients::new();
        gradients.add_linear("head", self.head.gradient(h, dy));
        let (dx, norm) = self.norm.backward(saved, &self.head.input_gradient(dy));
        gradients.add_batch_norm("norm", norm);
        gradients.add_linear("hidden", self.hidden.gradient(x, &dx));
        gradients
    }
}

fn adam() -> Adam {
    Adam::new(AdamConfig {
        learning_rate: 2e-2,
        beta1: 0.5,
        beta2: 0.9,
        weight_decay: 1e-2,
        ..Default::default()
    })
}

fn same_state(network: &Network, file: &Archive) {
    let want = Network::golden(file, "after");
    let parts = |n: &Network| {
        [
            &n.norm.weight,
            &n.norm.bias,
            &n.norm.running_mean,
            &n.norm.running_variance,
            &n.hidden.bias,
            &n.head.bias,
        ]
        .map(values)
    };
    for (got, want) in parts(network).iter().zip(parts(&want)) {
        close(got, &want, 1e-5);
    }
    close(&values(&network.hidden.weight), &values(&want.hidden.weight), 1e-5);
    close(&values(&network.head.weight), &values(&want.head.weight), 1e-5);
}

#[test]
fn training_by_hand_equals_pytorch() {
    let file = golden("layers.safetensors");
    let (x, target): (Tensor<2>, Tensor<2>) = (tensor(&file, "x", [16, 6]), tensor(&file, "target", [16, 4]));
    let mut network = Network::golden(&file, "before");
    let mut adam = adam();
    for step in 0..3 {
        let (y, h, saved) = network.forward_saved(&x);
        let error = y - target.clone();
        let loss = error.clone().square().mean();
        close(&values(&loss), &file.values("losses").unwrap()[step..=step], 1e-5);
        let gradients = network.backward(&x, &h, &saved, &(error * (2.0 / 64.0)));
        if step == 0 {
            for (name, gradient) in gradients.iter() {
                close(&values(gradient), &file.values(&format!("gradient.{name}")).unwrap(), 1e-5);
            }
        }
        adam.step(&mut network, gradients).unwrap();
    }
    same_state(&network, &file);
    close(&values(&network.forward(&x, Mode::Eval)), &file.values("evaluated").unwrap(), 1e-5);
}

#[test]
fn training_through_a_graph_equals_pytorch() {
    let file = golden("layers.safetensors");
    let (x, target): (Tensor<2>, Tensor<2>) = (tensor(&file, "x", [16, 6]), tensor(&file, "target", [16, 4]));
    let mut network = Network::golden(&file, "before");
    let mut adam = adam();
    for step in 0..3 {
        let mut live = tracked(&network);
        let loss = (live.forward(&x, Mode::Train) - target.clone()).square().mean();
        close(&values(&loss.clone().inner()), &file.values("losses").unwrap()[step..=step], 1e-5);
        let gradients = Gradients::of(&live, loss.backward());
        network = untracked(live);
        adam.step(&mut network, gradients).unwrap();
    }
    same_state(&network, &file);
}

#[test]
fn every_activation_has_the_derivative_of_its_graph() {
    let x = noise::normal(Seed(1), "x", 0, [40, 5], &Device::flex());
    let dy = noise::normal(Seed(1), "dy", 0, [40, 5], &Device::flex());
    for activation in [
        Activation::Identity,
        Activation::Relu,
        Activation::LeakyRelu(0.2),
        Activation::Tanh,
        Activation::Sigmoid,
    ] {
        let leaf = x.clone().autodiff().require_grad();
        let y = activation.apply(leaf.clone());
        let graph = (y.clone() * dy.clone()).sum().backward();
        let by_hand = activation.apply(x.clone());
        close(&values(&by_hand), &values(&y.inner()), 1e-6);
        let dx = activation.backward(&by_hand, dy.clone());
        close(&values(&dx), &values(&leaf.grad(&graph).unwrap()), 1e-5);
    }
}

#[test]
fn slices_of_rows_are_read_without_copies_and_correctly() {
    let device = Device::flex();
    let wide = noise::normal(Seed(2), "wide", 0, [30, 20], &device);
    let narrow = wide.clone().narrow(1, 3, 6).narrow(0, 5, 16);
    let copy: Tensor<2> = Tensor::from_data(narrow.to_data(), &device);
    let layer = Network::new(Seed(2)).hidden;
    assert_eq!(values(&layer.forward(&narrow)), values(&layer.forward(&copy)));
    let gradient = layer.gradient(&narrow, &layer.forward(&copy));
    assert_eq!(values(&gradient.weight), values(&layer.gradient(&copy, &layer.forward(&copy)).weight));
}

#[test]
fn conv_shaped_batches_are_normalised_per_channel() {
    let device = Device::flex();
    let x = noise::normal(Seed(5), "x", 0, [7, 3, 11], &device) * 3.0 + 2.0;
    let mut norm = BatchNorm::new(3, &device);
    let y = norm.forward(x.clone(), Mode::Train);
    let channel = |t: Tensor<3>, c: usize| values(&t.narrow(1, c, 1));
    for c in 0..3 {
        let v = channel(y.clone(), c);
        let mean = v.iter().sum::<f32>() / v.len() as f32;
        let variance = v.iter().map(|x| (x - mean) * (x - mean)).sum::<f32>() / v.len() as f32;
        assert!(mean.abs() < 1e-5 && (variance - 1.0).abs() < 1e-4);
    }
    // Running statistics went a tenth of the way, the variance unbiased.
    let v = channel(x, 1);
    let mean = v.iter().sum::<f32>() / v.len() as f32;
    let unbiased = v.iter().map(|x| (x - mean) * (x - mean)).sum::<f32>() / (v.len() - 1) as f32;
    assert!((values(&norm.running_mean)[1] - 0.1 * mean).abs() < 1e-5);
    assert!((values(&norm.running_variance)[1] - 0.9 - 0.1 * unbiased).abs() < 1e-4);
}

#[test]
fn a_gradient_of_the_wrong_size_is_an_error() {
    let mut network = Network::new(Seed(1));
    let mut gradients = Gradients::new();
    gradients.add("hidden.weight", Tensor::<1>::zeros([5], &Device::flex()));
    assert!(adam().step(&mut network, gradients).unwrap_err().to_string().contains("hidden.weight"));
}

#[test]
fn a_stack_and_a_generator_have_the_gradients_of_their_graphs() {
    let (device, seed) = (Device::flex(), Seed(8));
    let x = noise::normal(seed, "x", 0, [33, 6], &device);

    let mlp = Mlp::new(&[6, 9, 7, 5], Activation::Relu, &mut seed.stream("mlp", 0), &device);
    let dy = noise::normal(seed, "dy", 0, [33, 5], &device);
    let (y, trace) = mlp.forward_train(&x);
    let mut by_hand = Gradients::new();
    let dx = mlp.backward(&trace, dy.clone(), "", &mut by_hand);
    let (live, leaf) = (tracked(&mlp), x.clone().autodiff().require_grad());
    let loss = (live.forward(&leaf) * dy).sum();
    close(&values(&y), &values(&mlp.forward(&x)), 1e-7);
    let graph = loss.backward();
    close(&values(&dx), &values(&leaf.grad(&graph).unwrap()), 1e-5);
    same_gradients(&by_hand, &Gradients::of(&live, graph), 6);

    let mut generator = Generator::new(6, &[8, 4], 5, &mut seed.stream("generator", 0), &device);
    let dy = noise::normal(seed, "dy", 1, [33, 5], &device);
    let mut live = tracked(&generator);
    let (_, trace) = generator.forward_train(&x);
    let by_hand = generator.backward(trace, &dy);
    let (y, _) = live.forward_train(&x.autodiff());
    same_gradients(&by_hand, &Gradients::of(&live, (y * dy).sum().backward()), 10);
}

#[track_caller]
fn same_gradients(by_hand: &Gradients, automatic: &Gradients, count: usize) {
    assert_eq!(by_hand.iter().count(), count);
    // The bias before a batch norm has no gradient but rounding: all are compared on one scale.
    for ((name, got), (other, want)) in by_hand.iter().zip(automatic.iter()) {
        assert_eq!(name, other);
        let (got, want) = (values(got), values(want));
        assert!(got.iter().zip(&want).all(|(g, w)| (g - w).abs() < 1e-4 + 1e-4 * w.abs()), "{name}");
    }
}

#[test]
fn a_moving_average_moves_its_share() {
    let (device, seed) = (Device::flex(), Seed(8));
    let goal = Linear::new(3, 2, &mut seed.stream("a", 0), &device);
    let start = Linear::new(3, 2, &mut seed.stream("b", 0), &device);
    let mut average = start.clone();
    paucal_nn::parameters::move_towards(&mut average, &goal, 0.25);
    let want = start.weight.clone() * 0.75 + goal.weight * 0.25;
    close(&values(&average.weight), &values(&want), 1e-6);
    assert_eq!(start.weight.dims(), [2, 3]);
}

#[test]
fn a_critic_learns_any_loss_as_the_graph_does() {
    let (device, seed) = (Device::flex(), Seed(9));
    let critic = Critic::new(5, &[7, 6], 0.2, 0.3, &mut seed.stream("init", 0), &device);
    let x: Tensor<2> = noise::normal(seed, "x", 0, [8, 5], &device);
    let masks = critic.masks(8, seed, "mask", 0, &device);
    // Σ score² / 2
    let (_, by_hand, dx) = critic.learn(&x, &masks, Tensor::clone);

    let graph = tracked(&critic);
    let masks = masks.into_iter().map(Tensor::autodiff).collect();
    let lifted = x.autodiff().require_grad();
    let mut found = (graph.forward(&lifted, &masks).square().sum() * 0.5).backward();
    close(&values(&dx), &values(&lifted.grad_remove(&mut found).unwrap()), 1e-5);
    let by_graph = Gradients::of(&graph, found);
    assert_eq!(by_graph.iter().count(), 6);
    for (name, want) in by_graph.iter() {
        close(&values(by_hand.get(name).unwrap()), &values(&want.clone().inner()), 1e-5);
    }
}
