//! The convolutional critic's hand-written gradients against PyTorch's double backward, this library's automatic
//! differentiation and finite differences; its two ways of computing; its threads.

#![allow(clippy::unwrap_used)]

mod common;

use common::{close, composed, golden, tensor, unmoved_by_threads, values};
use paucal_core::Seed;
use paucal_nn::conv_critic::{ConvCritic, CriticBlock, Masks};
use paucal_nn::critic::CriticLoss;
use paucal_nn::layers::Window;
use paucal_nn::parameters::{count, tracked};
use paucal_nn::weights::Archive;
use paucal_nn::{Device, Gradients, Tensor, TensorData, noise};

const LAMBDA: f64 = 10.0;
const SEED: Seed = Seed(3);

fn block(outputs: usize, window: Window, norm: bool) -> CriticBlock {
    CriticBlock { outputs, window, norm }
}

/// Windows of 5 positions, two apart.
fn halving() -> Window {
    Window { stride: [1, 2], ..Window::sequence(5).padding(2) }
}

fn critic(input: [usize; 3], blocks: &[CriticBlock], dropout: f32) -> ConvCritic {
    sloped(input, blocks, 0.2, dropout)
}

fn sloped(input: [usize; 3], blocks: &[CriticBlock], slope: f32, dropout: f32) -> ConvCritic {
    ConvCritic::new(input, blocks, slope, dropout, &mut SEED.stream("critic", 0), &Device::flex()).unwrap()
}

/// The nets of `tools/golden/nn_conv_critic.py`.
fn sequence() -> ConvCritic {
    let last = block(5, Window::sequence(3).padding(1), false);
    critic([1, 23, 2], &[block(4, halving(), false), block(6, halving(), true), last], 0.25)
}

fn image() -> ConvCritic {
    let four = Window::square(4).stride(2).padding(1);
    let three = Window::square(3).padding(1);
    critic([9, 8, 3], &[block(4, four, false), block(6, three, true), block(5, four, true)], 0.25)
}

/// A critic with everything a step needs.
struct Case {
    critic: ConvCritic,
    fake: Tensor<4>,
    real: Tensor<4>,
    mix: Tensor<2>,
    masks: Masks,
}

fn case(critic: ConvCritic, rows: usize, [height, width, channels]: [usize; 3]) -> Case {
    let device = Device::flex();
    let shape = [rows, height, width, channels];
    Case {
        fake: noise::normal(SEED, "fake", 0, shape, &device),
        real: noise::normal(SEED, "real", 0, shape, &device),
        mix: noise::uniform(SEED, "mix", 0, [rows, 1], &device),
        masks: critic.masks(3 * rows, SEED, "mask", 0, &device),
        critic,
    }
}

impl Case {
    fn loss(&self, lambda: f64) -> CriticLoss {
        self.critic.loss(&self.fake, &self.real, &self.mix, &self.masks, lambda)
    }

    fn mixed(&self) -> Tensor<4> {
        let alpha = self.mix.clone().reshape([self.mix.dims()[0], 1, 1, 1]);
        self.real.clone() + (self.fake.clone() - self.real.clone()) * alpha
    }

    /// The masks of fake, real or mixed samples.
    fn masks_of(&self, part: usize) -> Masks {
        let rows = self.fake.dims()[0];
        self.masks.iter().map(|m| m.clone().narrow(0, part * rows, rows)).collect()
    }
}

/// Nets of all kinds, among them one channel, one sample, sizes that are no multiples of anything.
fn cases() -> Vec<Case> {
    let three = Window::square(3);
    let one = [block(1, Window::square(2), true)];
    let wide = [block(17, three.padding(1), true), block(33, three.stride(2), true), block(3, three, false)];
    vec![
        case(sequence(), 3, [1, 23, 2]),
        case(image(), 2, [9, 8, 3]),
        case(critic([3, 4, 1], &one, 0.0), 1, [3, 4, 1]),
        case(critic([11, 10, 2], &wide, 0.0), 4, [11, 10, 2]),
        case(critic([1, 30, 1], &[block(7, halving(), false)], 0.5), 5, [1, 30, 1]),
    ]
}

fn step_equals_double_backward(net: &str, mut critic: ConvCritic, maps: [[usize; 3]; 3], size: [usize; 3]) {
    let file = golden("conv_critic.safetensors").part(net);
    file.load("critic", &mut critic, "golden").unwrap();
    let rows = 3;
    let read = |name: &str, rows: usize, [height, width, channels]: [usize; 3]| {
        tensor(&file, name, [rows, height, width, channels])
    };
    let masks = (0..3).map(|i| read(&format!("mask.{i}"), 3 * rows, maps[i])).collect();
    let (fake, real) = (read("fake", rows, size), read("real", rows, size));
    let case = Case { critic, fake, real, mix: tensor(&file, "mix", [rows, 1]), masks };
    let loss = case.loss(LAMBDA);
    close(&values(&loss.wasserstein), &file.values("wasserstein").unwrap(), 1e-5);
    close(&values(&loss.penalty), &file.values("penalty").unwrap(), 1e-5);
    let of_file = file.part("gradient");
    assert_eq!(loss.gradients.iter().count(), of_file.len(), "every parameter has a gradient");
    for (name, gradient) in loss.gradients.iter() {
        close(&values(gradient), &of_file.values(name).unwrap(), 2e-5);
    }
    let (_, gradient) = case.critic.score(&case.mixed(), &case.masks_of(2));
    close(&values(&gradient), &file.values("input_gradient").unwrap(), 1e-5);
}

#[test]
fn a_step_on_sequences_equals_double_backward_in_pytorch() {
    step_equals_double_backward("sequence", sequence(), [[1, 12, 4], [1, 6, 6], [1, 6, 5]], [1, 23, 2]);
}

#[test]
fn a_step_on_images_equals_double_backward_in_pytorch() {
    step_equals_double_backward("image", image(), [[4, 4, 4], [4, 4, 6], [2, 2, 5]], [9, 8, 3]);
}

#[test]
fn wasserstein_gradients_equal_automatic_differentiation() {
    for c in cases() {
        let by_hand = c.loss(0.0);
        let live = tracked(&c.critic);
        let loss =
            live.forward(&c.fake, &c.masks_of(0)).mean() - live.forward(&c.real, &c.masks_of(1)).mean();
        close(&values(&by_hand.wasserstein), &values(&loss.clone().inner()), 1e-5);
        let automatic = Gradients::of(&live, loss.backward());
        for (name, gradient) in automatic.iter() {
            close(&values(by_hand.gradients.get(name).unwrap()), &values(gradient), 1e-5);
        }
    }
}

#[test]
fn gradients_of_other_losses_and_of_samples_equal_automatic_differentiation() {
    for c in cases() {
        let masks = c.masks_of(0);
        let (scores, gradients, of_samples) = c.critic.learn(&c.fake, &masks, |scores| scores.clone() * 2.0);
        let (live, leaf) = (tracked(&c.critic), c.fake.clone().autodiff().require_grad());
        let out = live.forward(&leaf, &masks);
        close(&values(&scores), &values(&out.clone().inner()), 1e-5);
        let mut graph = out.square().sum().backward();
        let want = values(&leaf.grad_remove(&mut graph).unwrap());
        close(&values(&of_samples), &want, 1e-5);
        let automatic = Gradients::of(&live, graph);
        assert_eq!(gradients.iter().count(), automatic.iter().count());
        for (name, gradient) in automatic.iter() {
            close(&values(gradients.get(name).unwrap()), &values(gradient), 2e-5);
        }
        let (again, of_scores) = c.critic.score(&c.fake, &masks);
        close(&values(&again), &values(&scores), 1e-6);
        let factor = (scores * 2.0).reshape([c.fake.dims()[0], 1, 1, 1]);
        close(&values(&(of_scores * factor)), &want, 1e-5);
    }
}

/// With g, its norm N and u = g/N held fixed, the gradient of (N − 1)² is that of 2(N − 1)⟨u, ∂D/∂x⟩; the inner product is
/// nearly a difference of two scores if the critic is smooth, as it is with a slope of 1.
#[test]
fn penalty_gradients_equal_those_of_the_frozen_direction_surrogate() {
    let three = Window::square(3).padding(1);
    let images = [block(5, three, true), block(6, three.stride(2), false), block(4, three, true)];
    let sequences = [block(4, halving(), true), block(18, halving(), true)];
    let cases = [
        case(sloped([9, 8, 3], &images, 1.0, 0.25), 3, [9, 8, 3]),
        case(sloped([1, 40, 2], &sequences, 1.0, 0.0), 4, [1, 40, 2]),
    ];
    for mut c in cases {
        let rows = c.fake.dims()[0];
        // Equal fake and real samples under equal masks: the Wasserstein terms cancel, the penalty remains.
        c.real = c.fake.clone();
        c.masks = c.masks.iter().map(|m| m.clone().narrow(0, 0, rows).repeat_dim(0, 3)).collect();
        let by_hand = c.loss(LAMBDA);
        let masks = c.masks_of(2);
        let (_, g) = c.critic.score(&c.fake, &masks);
        let norm = g.clone().square().sum_dims(&[1, 2, 3]).sqrt();
        let step = 3e-2;
        let direction = g / norm.clone() * step;
        let live = tracked(&c.critic);
        let difference = live.forward(&(c.fake.clone() + direction.clone()), &masks)
            - live.forward(&(c.fake.clone() - direction), &masks);
        let excess = norm.reshape([rows, 1]) - 1.0;
        let surrogate = (difference * excess).mean() * (2.0 * LAMBDA / (2.0 * step));
        let automatic = Gradients::of(&live, surrogate.backward());
        for (name, gradient) in automatic.iter() {
            close(&values(by_hand.gradients.get(name).unwrap()), &values(gradient), 2e-3);
        }
    }
}

#[test]
fn tensor_operations_mean_the_same_as_the_kernels() {
    for c in cases() {
        let fused = c.loss(LAMBDA);
        let lift = |t: &Tensor<4>| t.clone().autodiff();
        let lifted = Case {
            critic: composed(&c.critic),
            fake: lift(&c.fake),
            real: lift(&c.real),
            mix: c.mix.clone().autodiff(),
            masks: c.masks.iter().map(lift).collect(),
        };
        let other = lifted.loss(LAMBDA);
        close(&values(&fused.wasserstein), &values(&other.wasserstein.inner()), 1e-5);
        close(&values(&fused.penalty), &values(&other.penalty.inner()), 1e-5);
        assert_eq!(fused.gradients.iter().count(), other.gradients.iter().count());
        for (name, gradient) in fused.gradients.iter() {
            let want = other.gradients.get(name).unwrap().clone().inner();
            close(&values(gradient), &values(&want), 2e-5);
        }
    }
}

#[test]
fn the_number_of_threads_changes_no_bit() {
    let step = || {
        let device = Device::flex();
        let mut stream = SEED.stream("critic", 1);
        let images = ConvCritic::image(32, 3, 64, &mut stream, &device).unwrap();
        let sequences = ConvCritic::sequence(240, 2, &mut stream, &device).unwrap();
        let cases = [case(images, 5, [32, 32, 3]), case(sequences, 5, [1, 240, 2])];
        let all = cases.iter().flat_map(|c| {
            let loss = c.loss(LAMBDA);
            let gradients: Vec<_> = loss.gradients.iter().map(|(_, g)| values(g)).collect();
            [vec![values(&loss.wasserstein), values(&loss.penalty)], gradients].concat()
        });
        all.collect::<Vec<_>>()
    };
    unmoved_by_threads(step);
}

#[test]
fn presets_have_the_sizes_of_their_originals() {
    let (mut stream, device) = (SEED.stream("critic", 2), Device::flex());
    // Convolutions, affine norms of all blocks but the first, and one bias each for the first block and the head.
    let critic = ConvCritic::image(64, 3, 512, &mut stream, &device).unwrap();
    let convolutions = 16 * (3 * 64 + 64 * 128 + 128 * 256 + 256 * 512 + 512);
    assert_eq!(count(&critic), convolutions + 2 * (128 + 256 + 512) + 64 + 1);
    assert_eq!(critic.norms.iter().map(Option::is_some).collect::<Vec<_>>(), [false, true, true, true]);
    let critic = ConvCritic::sequence(1200, 2, &mut stream, &device).unwrap();
    let convolutions = 5 * (2 * 32 + 32 * 64 + 64 * 128 + 128 * 256);
    assert_eq!(count(&critic), convolutions + 32 + 64 + 128 + 256 + 75 * 256 + 1);
    let shapes: Vec<_> = critic.masks(2, SEED, "m", 0, &device).iter().map(Tensor::dims).collect();
    assert_eq!(shapes, [[2, 1, 600, 32], [2, 1, 300, 64], [2, 1, 150, 128], [2, 1, 75, 256]]);
}

#[test]
fn impossible_critics_are_refused() {
    let (mut stream, device) = (SEED.stream("critic", 2), Device::flex());
    for (side, widest) in [(0, 64), (4, 64), (48, 64), (65, 64), (64, 0), (64, 100)] {
        assert!(ConvCritic::image(side, 3, widest, &mut stream, &device).is_err(), "{side} {widest}");
    }
    assert!(ConvCritic::image(64, 0, 64, &mut stream, &device).is_err());
    assert!(ConvCritic::sequence(0, 2, &mut stream, &device).is_err());
    assert!(ConvCritic::sequence(1, 2, &mut stream, &device).is_ok());
    let mut new =
        |input, blocks: &[CriticBlock]| ConvCritic::new(input, blocks, 0.2, 0.0, &mut stream, &device);
    assert!(new([8, 8, 1], &[]).is_err());
    assert!(new([8, 8, 1], &[block(0, Window::square(3), false)]).is_err());
    assert!(
        new([8, 8, 1], &[block(2, Window::square(5), false), block(2, Window::square(5), false)]).is_err()
    );
}

#[test]
fn a_critic_round_trips_through_its_weights() {
    let c = case(image(), 2, [9, 8, 3]);
    let bytes = Archive::new().with("critic", &c.critic).to_bytes().unwrap();
    let mut other = image();
    other.head.weight =
        Tensor::from_data(TensorData::zeros::<f32, _>(other.head.weight.dims()), &Device::flex());
    Archive::from_bytes(&bytes, "memory").unwrap().load("critic", &mut other, "memory").unwrap();
    let none = Masks::new();
    assert_eq!(values(&other.forward(&c.fake, &none)), values(&c.critic.forward(&c.fake, &none)));
}
