//! The critic's hand-written gradients against three judges: finite differences in double precision, PyTorch's
//! double backward, and this library's automatic differentiation.

#![allow(clippy::unwrap_used)]

mod common;

use common::{close, golden, tensor, values};
use paucal_core::Seed;
use paucal_nn::critic::{Critic, Masks};
use paucal_nn::parameters::tracked;
use paucal_nn::weights::Archive;
use paucal_nn::{Device, Gradients, Tensor, noise};

const LAMBDA: f64 = 10.0;

/// A critic of the given hidden widths with everything a step needs.
struct Case {
    critic: Critic,
    fake: Tensor<2>,
    real: Tensor<2>,
    mix: Tensor<2>,
    masks: Masks,
}

fn case(inputs: usize, groups: usize, units: &[usize], dropout: f32) -> Case {
    let (device, seed) = (Device::flex(), Seed(3));
    let critic = Critic::new(inputs, units, 0.2, dropout, &mut seed.stream("critic", 0), &device);
    Case {
        fake: noise::normal(seed, "fake", 0, [groups, inputs], &device),
        real: noise::normal(seed, "real", 0, [groups, inputs], &device),
        mix: noise::uniform(seed, "mix", 0, [groups, 1], &device),
        masks: critic.masks(3 * groups, seed, "mask", 0, &device),
        critic,
    }
}

fn rows(masks: &Masks, part: usize, groups: usize) -> Masks {
    masks.iter().map(|m| m.clone().narrow(0, part * groups, groups)).collect()
}

/// The critic in double precision, as loops.
struct Reference {
    /// `(weight [outputs][inputs], bias)` per layer, the head last.
    layers: Vec<(Vec<Vec<f64>>, Vec<f64>)>,
}

impl Reference {
    fn of(critic: &Critic) -> Self {
        let layers = critic.hidden.iter().chain([&critic.head]).map(|layer| {
            let bias = values(&layer.bias).into_iter().map(f64::from).collect();
            (doubles(&layer.weight), bias)
        });
        Self { layers: layers.collect() }
    }

    fn score(&self, x: &[f64], masks: &[Vec<f64>]) -> f64 {
        let mut h = x.to_vec();
        for (l, (weight, bias)) in self.layers.iter().enumerate() {
            let a =
                weight.iter().zip(bias).map(|(w, b)| w.iter().zip(&h).map(|(w, h)| w * h).sum::<f64>() + b);
            let last = l + 1 == self.layers.len();
            let leaky = |(j, a): (usize, f64)| {
                let mask = masks.get(l).map_or(1.0, |m| m[j]);
                if last { a } else { mask * if a > 0.0 { a } else { 0.2 * a } }
            };
            h = a.enumerate().map(leaky).collect();
        }
        h[0]
    }

    /// Central differences; the score is piecewise linear, so they are exact up to rounding.
    fn input_gradient(&self, x: &[f64], masks: &[Vec<f64>]) -> Vec<f64> {
        let step = 1e-4;
        let mut at = x.to_vec();
        (0..x.len())
            .map(|i| {
                at[i] = x[i] + step;
                let up = self.score(&at, masks);
                at[i] = x[i] - step;
                let down = self.score(&at, masks);
                at[i] = x[i];
                (up - down) / (2.0 * step)
            })
            .collect()
    }

    fn penalty(&self, mixed: &[Vec<f64>], masks: &[Vec<Vec<f64>>]) -> f64 {
        let excess = |(b, x): (usize, &Vec<f64>)| {
            let of_group: Vec<Vec<f64>> = masks.iter().map(|layer| layer[b].clone()).collect();
            let gradient = self.input_gradient(x, &of_group);
            (gradient.iter().map(|g| g * g).sum::<f64>().sqrt() - 1.0).powi(2)
        };
        LAMBDA * mixed.iter().enumerate().map(excess).sum::<f64>() / mixed.len() as f64
    }
}

fn doubles(matrix: &Tensor<2>) -> Vec<Vec<f64>> {
    let columns = matrix.dims()[1];
    values(matrix).chunks(columns).map(|row| row.iter().map(|&v| f64::from(v)).collect()).collect()
}

#[test]
fn penalty_and_its_gradients_equal_finite_differences_in_double_precision() {
    let groups = 5;
    let c = case(8, groups, &[7, 6], 0.5);
    // Equal fake and real rows under equal masks: the Wasserstein terms cancel, the penalty remains.
    let masks: Masks = c.masks.iter().map(|m| m.clone().narrow(0, 0, groups).repeat_dim(0, 3)).collect();
    let loss = c.critic.loss(&c.fake, &c.fake, &c.mix, &masks, LAMBDA);
    assert!(values(&loss.wasserstein)[0].abs() < 1e-6);

    let mut reference = Reference::of(&c.critic);
    let mixed = doubles(&c.fake);
    let double_masks: Vec<Vec<Vec<f64>>> = rows(&masks, 2, groups).iter().map(doubles).collect();
    let want = reference.penalty(&mixed, &double_masks);
    assert!((f64::from(values(&loss.penalty)[0]) / want - 1.0).abs() < 1e-5);

    let (_, gradient) = c.critic.score(&c.fake, &rows(&masks, 2, groups));
    for (b, row) in doubles(&gradient).iter().enumerate() {
        let of_group: Vec<Vec<f64>> = double_masks.iter().map(|layer| layer[b].clone()).collect();
        let want = reference.input_gradient(&mixed[b], &of_group);
        let scale = want.iter().fold(0.0_f64, |m, v| m.max(v.abs()));
        for (got, want) in row.iter().zip(&want) {
            assert!((got - want).abs() < 1e-4 * scale, "{got} {want}");
        }
    }
    for layer in 0..reference.layers.len() {
        let name = if layer < 2 { format!("hidden.{layer}.weight") } else { "head.weight".into() };
        let got = values(loss.gradients.get(&name).unwrap());
        let (outputs, inputs) = (reference.layers[layer].0.len(), reference.layers[layer].0[0].len());
        let scale = f64::from(got.iter().fold(0.0_f32, |m, v| m.max(v.abs())));
        for (o, i) in (0..outputs).flat_map(|o| (0..inputs).map(move |i| (o, i))) {
            let step = 1e-5;
            let mut at = |delta: f64| {
                reference.layers[layer].0[o][i] += delta;
                let value = reference.penalty(&mixed, &double_masks);
                reference.layers[layer].0[o][i] -= delta;
                value
            };
            let want = (at(step) - at(-step)) / (2.0 * step);
            let got = f64::from(got[o * inputs + i]);
            assert!((got - want).abs() < 1e-4 * scale, "{name}[{o}][{i}]: {got} {want}");
        }
    }
}

#[test]
fn a_step_equals_double_backward_in_pytorch() {
    let file = golden("gradient_penalty.safetensors");
    let mut critic = Critic::new(15, &[8, 6], 0.2, 0.5, &mut Seed(0).stream("", 0), &Device::flex());
    file.load("critic", &mut critic, "golden").unwrap();
    let masks: Masks = (0..2).map(|i| tensor(&file, &format!("mask.{i}"), [12, [8, 6][i]])).collect();
    let fake = tensor(&file, "fake", [4, 15]);
    let real = tensor(&file, "real", [4, 15]);
    let mix: Tensor<2> = tensor(&file, "mix", [4, 1]);
    let loss = critic.loss(&fake, &real, &mix, &masks, LAMBDA);
    close(&values(&loss.wasserstein), &file.values("wasserstein").unwrap(), 1e-5);
    close(&values(&loss.penalty), &file.values("penalty").unwrap(), 1e-5);
    let mut seen = 0;
    for (name, gradient) in loss.gradients.iter() {
        close(&values(gradient), &file.values(&format!("gradient.{name}")).unwrap(), 1e-5);
        seen += 1;
    }
    assert_eq!(seen, 6, "every parameter has a gradient");
    let mixed = mix.clone() * fake + (-mix + 1.0) * real;
    let (_, gradient) = critic.score(&mixed, &rows(&masks, 2, 4));
    close(&values(&gradient), &file.values("input_gradient").unwrap(), 1e-5);
}

#[test]
fn wasserstein_gradients_equal_automatic_differentiation() {
    for units in [vec![], vec![9], vec![9, 8, 7]] {
        let c = case(12, 6, &units, 0.5);
        let by_hand = c.critic.loss(&c.fake, &c.real, &c.mix, &c.masks, 0.0);
        let live = tracked(&c.critic);
        let loss = live.forward(&c.fake, &rows(&c.masks, 0, 6)).mean()
            - live.forward(&c.real, &rows(&c.masks, 1, 6)).mean();
        close(&values(&by_hand.wasserstein), &values(&loss.clone().inner()), 1e-6);
        let automatic = Gradients::of(&live, loss.backward());
        for (name, gradient) in automatic.iter() {
            close(&values(by_hand.gradients.get(name).unwrap()), &values(gradient), 1e-6);
        }
    }
}

/// With g, its norm N and u = g/N held fixed, the gradient of (N − 1)² is that of 2(N − 1)⟨u, ∂D/∂x⟩; the inner
/// product is a difference of two scores, since the critic is piecewise linear.
#[test]
fn penalty_gradients_equal_those_of_the_frozen_direction_surrogate() {
    let groups = 6;
    let c = case(12, groups, &[9, 8], 0.5);
    let masks: Masks = c.masks.iter().map(|m| m.clone().narrow(0, 0, groups).repeat_dim(0, 3)).collect();
    let by_hand = c.critic.loss(&c.fake, &c.fake, &c.mix, &masks, LAMBDA);
    let of_mixed = rows(&masks, 2, groups);
    let (_, g) = c.critic.score(&c.fake, &of_mixed);
    let norm = g.clone().square().sum_dim(1).sqrt();
    let step = 1e-2;
    let direction = g / norm.clone() * step;
    let live = tracked(&c.critic);
    let difference = live.forward(&(c.fake.clone() + direction.clone()), &of_mixed)
        - live.forward(&(c.fake.clone() - direction), &of_mixed);
    let surrogate = (difference * (norm - 1.0)).mean() * (2.0 * LAMBDA / (2.0 * step));
    let automatic = Gradients::of(&live, surrogate.backward());
    for (name, gradient) in automatic.iter().filter(|(name, _)| name.ends_with("weight")) {
        close(&values(by_hand.gradients.get(name).unwrap()), &values(gradient), 2e-3);
    }
}

#[test]
fn a_critic_round_trips_through_its_weights() {
    let c = case(12, 3, &[5], 0.0);
    let bytes = Archive::new().with("critic", &c.critic).to_bytes().unwrap();
    let mut other = Critic::new(12, &[5], 0.2, 0.0, &mut Seed(99).stream("", 0), &Device::flex());
    Archive::from_bytes(&bytes, "memory").unwrap().load("critic", &mut other, "memory").unwrap();
    assert_eq!(values(&other.forward(&c.fake, &vec![])), values(&c.critic.forward(&c.fake, &vec![])));
}
