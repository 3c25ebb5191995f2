//! The information loss: how far the features of generated rows are from those of real ones.

use paucal_nn::Tensor;

use crate::generators::neural::scalar;

/// Added to squares, so that their root has a derivative at zero.
const TINY: f64 = 1e-8;

/// Mean and deviation of each feature of a batch, `[1, features]`.
struct Moments {
    mean: Tensor<2>,
    deviation: Tensor<2>,
    /// What the features are from their mean, `[rows, features]`.
    centred: Tensor<2>,
}

impl Moments {
    fn of(features: &Tensor<2>) -> Self {
        let mean = features.clone().mean_dim(0);
        let centred = features.clone() - mean.clone();
        let deviation = (centred.clone().square().mean_dim(0) + TINY).sqrt();
        Self { mean, deviation, centred }
    }
}

/// `max(0, ‖mean difference‖ − slack) + max(0, ‖deviation difference‖ − slack)` of the features of fake and real rows
/// (equations 2 to 4 of the paper, on the batch), with a slack for each, and the gradient of the fake ones' features.
pub fn information(fake: &Tensor<2>, real: &Tensor<2>, slacks: [f64; 2]) -> (f64, Tensor<2>) {
    let rows = fake.dims()[0] as f64;
    let (fake, real) = (Moments::of(fake), Moments::of(real));
    let (of_means, towards_mean) = hinge(fake.mean - real.mean, slacks[0]);
    let (of_deviations, towards_deviation) = hinge(fake.deviation.clone() - real.deviation, slacks[1]);
    let gradient = fake.centred * (towards_deviation / fake.deviation / rows) + towards_mean / rows;
    (of_means + of_deviations, gradient)
}

/// `max(0, ‖difference‖ − slack)` and its gradient.
fn hinge(difference: Tensor<2>, slack: f64) -> (f64, Tensor<2>) {
    let norm = (scalar(difference.clone().square().sum()) + TINY).sqrt();
    if norm > slack { (norm - slack, difference / norm) } else { (0.0, difference.zeros_like()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use paucal_core::Seed;
    use paucal_nn::{Device, noise};

    /// The loss as operations of a graph.
    fn in_graph(fake: &Tensor<2>, real: &Tensor<2>, [of_means, of_deviations]: [f64; 2]) -> Tensor<1> {
        let hinge = |difference: Tensor<2>, slack: f64| {
            ((difference.square().sum() + TINY).sqrt() - slack).clamp_min(0.0)
        };
        let (fake, real) = (Moments::of(fake), Moments::of(real));
        hinge(fake.mean - real.mean, of_means) + hinge(fake.deviation - real.deviation, of_deviations)
    }

    #[test]
    fn the_gradient_is_that_of_the_graph() {
        let random = |purpose: &str| noise::normal(Seed(1), purpose, 0, [9, 5], &Device::flex());
        let (fake, real) = (random("fake") * 1.5 + 0.3, random("real"));
        for slacks in [[0.0, 0.0], [0.2, 0.1], [9.0, 0.1], [0.2, 9.0], [9.0, 9.0]] {
            let (loss, gradient) = information(&fake, &real, slacks);
            let leaf = fake.clone().autodiff().require_grad();
            let by_graph = in_graph(&leaf, &real.clone().autodiff(), slacks);
            assert!((loss - scalar(by_graph.clone().inner())).abs() < 1e-5, "{slacks:?}");
            assert_eq!(loss > 0.0, slacks != [9.0, 9.0]);
            let want = leaf.grad(&by_graph.backward()).unwrap();
            let error: f32 = (gradient - want).abs().max().into_scalar();
            assert!(error < 1e-6, "{slacks:?}: {error}");
        }
    }

    #[test]
    fn features_that_agree_give_no_gradient() {
        let same: Tensor<2> = noise::normal(Seed(1), "same", 0, [9, 5], &Device::flex());
        let (loss, gradient) = information(&same, &same, [0.0, 0.0]);
        let largest: f32 = gradient.abs().max().into_scalar();
        assert!(loss <= 2.1e-4 && largest == 0.0, "{loss} {largest}");
    }
}
