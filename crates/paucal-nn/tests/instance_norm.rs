//! Instance normalisation: its kernels against the graph, against tensor operations and against differences in double
//! precision; its threads.

#![allow(clippy::unwrap_used)]

mod common;

use common::{close, composed, unmoved_by_threads, values};
use paucal_core::Seed;
use paucal_nn::layers::InstanceNorm;
use paucal_nn::parameters::tracked;
use paucal_nn::{Device, Gradients, Tensor, noise};

fn random<const D: usize>(purpose: &str, shape: [usize; D]) -> Tensor<D> {
    noise::normal(Seed(8), purpose, 0, shape, &Device::flex())
}

/// Rows, height, width, channels: those of critics, and odd ones.
const SHAPES: [[usize; 4]; 8] = [
    [3, 8, 8, 32],
    [2, 1, 75, 16],
    [1, 4, 4, 64],
    [5, 3, 2, 1],
    [1, 7, 5, 17],
    [4, 6, 6, 47],
    [2, 1, 2, 3],
    [3, 1, 1, 5],
];

fn layer(channels: usize, slope: f32) -> InstanceNorm {
    let mut layer = InstanceNorm::new(channels, slope, &Device::flex());
    layer.weight = random("weight", [channels]) + 1.0;
    layer.bias = random("bias", [channels]);
    layer
}

fn total(by_image: &Tensor<2>) -> Vec<f32> {
    values(&by_image.clone().inner().sum_dim(0))
}

#[test]
fn the_kernels_are_the_graph() {
    for shape in SHAPES {
        let layer = layer(shape[3], 0.2);
        let (x, dy) = (random("x", shape) * 2.0 + 3.0, random("dy", shape));
        let (y, saved) = layer.forward_train(x.clone());
        let (dx, gradient) = layer.backward(&saved, &dy);
        let (live, leaf) = (tracked(&layer), x.autodiff().require_grad());
        let other = live.forward(&leaf);
        close(&values(&y), &values(&other.clone().inner()), 1e-5);
        let mut graph = (other * dy.autodiff()).sum().backward();
        close(&values(&dx), &values(&leaf.grad_remove(&mut graph).unwrap()), 5e-5);
        let of = Gradients::of(&live, graph);
        close(&total(&gradient.weight), &values(of.get("weight").unwrap()), 2e-5);
        close(&total(&gradient.bias), &values(of.get("bias").unwrap()), 2e-5);
    }
}

#[test]
fn tensor_operations_mean_the_same_as_the_kernels() {
    for (shape, slope) in SHAPES.into_iter().zip([0.2, 1.0, 0.0, 0.2, 0.2, 0.5, 0.2, 0.2]) {
        let layer = layer(shape[3], slope);
        let other = composed(&layer);
        let [x, dy, t, above] = ["x", "dy", "t", "above"].map(|name| random(name, shape));
        let lift = |t: &Tensor<4>| t.clone().autodiff();
        let (y, saved) = layer.forward_train(x.clone());
        let (other_y, lifted) = other.forward_train(lift(&x));
        let same = |a: &Tensor<4>, b: Tensor<4>| close(&values(a), &values(&b.inner()), 2e-5);
        same(&y, other_y);
        same(&layer.tangent(&saved, &t), other.tangent(&lifted, &lift(&t)));
        let (dx, gradient) = layer.backward(&saved, &dy);
        let (other_dx, other_gradient) = other.backward(&lifted, &lift(&dy));
        same(&dx, other_dx);
        close(&total(&gradient.weight), &total(&other_gradient.weight), 2e-5);
        close(&total(&gradient.bias), &total(&other_gradient.bias), 2e-5);
        for above in [None, Some(above)] {
            let (dx, gradient) = layer.tangent_backward(&saved, &dy, &t, above.as_ref());
            let above = above.as_ref().map(lift);
            let (other_dx, other_gradient) =
                other.tangent_backward(&lifted, &lift(&dy), &lift(&t), above.as_ref());
            same(&dx, other_dx);
            close(&total(&gradient.weight), &total(&other_gradient.weight), 2e-5);
            close(&total(&gradient.bias), &total(&other_gradient.bias), 2e-5);
        }
    }
}

/// One channel of one image in double precision.
#[derive(Clone)]
struct Channel {
    x: Vec<f64>,
    gamma: f64,
    beta: f64,
}

const SLOPE: f64 = 0.2;

impl Channel {
    fn output(&self) -> Vec<f64> {
        let n = self.x.len() as f64;
        let mean = self.x.iter().sum::<f64>() / n;
        let variance = self.x.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n;
        let u = self.x.iter().map(|x| self.gamma * (x - mean) / (variance + 1e-5).sqrt() + self.beta);
        u.map(|u| if u > 0.0 { u } else { SLOPE * u }).collect()
    }

    fn moved(&self, t: &[f64], step: f64) -> Self {
        let x = self.x.iter().zip(t).map(|(x, t)| x + step * t).collect();
        Self { x, ..*self }
    }

    /// Fourth order, so that differences of it can be taken.
    fn tangent(&self, t: &[f64]) -> Vec<f64> {
        let h = 1e-3;
        let [a, b, c, d] = [-2.0, -1.0, 1.0, 2.0].map(|k| self.moved(t, k * h).output());
        (0..t.len()).map(|i| (a[i] - 8.0 * b[i] + 8.0 * c[i] - d[i]) / (12.0 * h)).collect()
    }

    /// `⟨dy, tangent(t)⟩ + ⟨above, output⟩`
    fn value(&self, dy: &[f64], t: &[f64], above: &[f64]) -> f64 {
        let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
        dot(dy, &self.tangent(t)) + dot(above, &self.output())
    }
}

#[test]
fn tangents_and_their_way_back_are_those_of_differences_in_double_precision() {
    let [height, width, channels] = [3, 4, 18];
    let shape = [1, height, width, channels];
    let layer = layer(channels, SLOPE as f32);
    let inputs = ["x", "dy", "t", "above"].map(|name| random(name, shape));
    let (_, saved) = layer.forward_train(inputs[0].clone());
    let moved = values(&layer.tangent(&saved, &inputs[2]));
    let (dx, gradient) = layer.tangent_backward(&saved, &inputs[1], &inputs[2], Some(&inputs[3]));
    let (dx, of_gamma, of_beta) = (values(&dx), total(&gradient.weight), total(&gradient.bias));
    let (gamma, beta) = (values(&layer.weight), values(&layer.bias));
    let all = inputs.map(|t| values(&t));
    let near = |got: f32, want: f64| (f64::from(got) - want).abs() < 2e-4 * want.abs().max(1.0);
    let mut compared = 0;
    for c in 0..channels {
        let column =
            |v: &[f32]| -> Vec<f64> { v.iter().skip(c).step_by(channels).map(|&v| v.into()).collect() };
        let [x, dy, t, above] = all.each_ref().map(|v| column(v));
        let channel = Channel { x, gamma: gamma[c].into(), beta: beta[c].into() };
        // Differences reach over the kink of the LeakyReLU where a value lies close to it.
        if channel.output().iter().any(|y| y.abs() < 0.02) {
            continue;
        }
        compared += 1;
        for (i, want) in channel.tangent(&t).into_iter().enumerate() {
            assert!(near(moved[i * channels + c], want), "tangent {i} of {c}");
        }
        let slope = |change: &dyn Fn(f64) -> Channel| {
            let h = 1e-4;
            (change(h).value(&dy, &t, &above) - change(-h).value(&dy, &t, &above)) / (2.0 * h)
        };
        let want = slope(&|h| Channel { gamma: channel.gamma + h, ..channel.clone() });
        assert!(near(of_gamma[c], want), "γ of {c}: {} {want}", of_gamma[c]);
        let want = slope(&|h| Channel { beta: channel.beta + h, ..channel.clone() });
        assert!(near(of_beta[c], want), "β of {c}: {} {want}", of_beta[c]);
        for i in 0..height * width {
            let mut one = vec![0.0; height * width];
            one[i] = 1.0;
            let want = slope(&|h| channel.moved(&one, h));
            let got = dx[i * channels + c];
            assert!(near(got, want), "{i} of {c}: {got} {want}");
        }
    }
    assert!(compared > channels / 2, "{compared}");
}

#[test]
fn images_are_normalised_one_by_one() {
    let layer = InstanceNorm::new(4, 1.0, &Device::flex());
    let x = random("x", [3, 6, 5, 4]) * 4.0 + 7.0;
    let y = layer.forward(&x);
    let flat = y.clone().reshape([3, 30, 4]);
    let means = values(&flat.clone().mean_dim(1));
    let variances = values(&flat.square().mean_dim(1));
    assert!(means.iter().all(|m| m.abs() < 1e-5) && variances.iter().all(|v| (v - 1.0).abs() < 1e-4));
    // Neither scale nor shift of an image matter, nor what else is in the batch.
    let second = layer.forward(&(x.clone().narrow(0, 1, 1) * 3.0 - 2.0));
    close(&values(&second), &values(&y.narrow(0, 1, 1)), 1e-4);
    let one = layer.forward(&x.narrow(1, 0, 1).narrow(2, 0, 1));
    assert!(values(&one).iter().all(|&v| v == 0.0), "a single cell is its own mean");
}

#[test]
fn the_number_of_threads_changes_no_bit() {
    let all = || {
        let shape = [7, 16, 16, 40];
        let layer = layer(40, 0.2);
        let [x, dy, t, above] = ["x", "dy", "t", "above"].map(|name| random(name, shape));
        let (y, saved) = layer.forward_train(x);
        let (dx, gradient) = layer.tangent_backward(&saved, &dy, &t, Some(&above));
        let tangent = layer.tangent(&saved, &t);
        let back = layer.backward(&saved, &dy).0;
        [values(&y), values(&dx), values(&tangent), values(&back), values(&gradient.weight)]
    };
    unmoved_by_threads(all);
}
