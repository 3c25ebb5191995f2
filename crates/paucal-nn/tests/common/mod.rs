//! Helpers of the tests.
#![allow(dead_code, reason = "each test file uses some of them")]

use std::path::Path;

use paucal_nn::parameters::{Parameters, Role, VisitMut};
use paucal_nn::weights::Archive;
use paucal_nn::{Device, Gradients, Tensor, TensorData};

/// Reads a golden file.
pub fn golden(name: &str) -> Archive {
    Archive::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name)).unwrap()
}

/// A tensor of a golden file.
pub fn tensor<const D: usize>(file: &Archive, name: &str, shape: [usize; D]) -> Tensor<D> {
    Tensor::from_data(TensorData::new(file.values(name).unwrap(), shape), &Device::flex())
}

/// The values of a tensor.
pub fn values<const D: usize>(tensor: &Tensor<D>) -> Vec<f32> {
    tensor.to_data().try_into_vec().unwrap()
}

/// Asserts equality up to `tolerance` times the largest value, or 0.1 if all are smaller.
#[track_caller]
pub fn close(got: &[f32], want: &[f32], tolerance: f32) {
    assert_eq!(got.len(), want.len());
    let scale = want.iter().fold(0.1_f32, |m, v| m.max(v.abs()));
    for (i, (g, w)) in got.iter().zip(want).enumerate() {
        assert!((g - w).abs() <= tolerance * scale, "[{i}]: {g} is not {w} (scale {scale})");
    }
}

/// Asserts that gradients by hand and through a graph are those of the same `count` parameters, and agree.
#[track_caller]
pub fn same(by_hand: &Gradients, by_graph: &Gradients, count: usize) {
    assert_eq!(by_hand.iter().count(), count);
    assert_eq!(by_graph.iter().count(), count);
    for ((name, got), (other, want)) in by_hand.iter().zip(by_graph.iter()) {
        assert_eq!(name, other);
        close(&values(&got.clone().inner()), &values(&want.clone().inner()), 2e-5);
    }
}

/// Asserts that `work` makes the same to the bit on 1, 2 and 5 threads.
#[track_caller]
pub fn unmoved_by_threads<T: PartialEq + Send>(work: impl Fn() -> T + Sync) {
    let on = |n: usize| rayon::ThreadPoolBuilder::new().num_threads(n).build().unwrap().install(&work);
    let one = on(1);
    assert!(one == on(2) && one == on(5));
}

/// Moves every tensor of a network to the autodiff side, untracked: it takes the composed way.
pub fn composed<N: Parameters + Clone>(network: &N) -> N {
    struct Move;
    impl VisitMut for Move {
        fn tensor<const D: usize>(&mut self, _: &str, _: Role, tensor: &mut Tensor<D>) {
            tensor.inplace(Tensor::autodiff);
        }
    }
    let mut copy = network.clone();
    copy.visit_mut("", &mut Move);
    copy
}

/// The numbers from -0.5 to 0.5 of the scripts that hash places.
pub fn hashed(count: usize, k: u64) -> Vec<f32> {
    let of = |i: u64| {
        let x = (i * 2_654_435_761 + k * 40_503 + 12_345) % (1 << 32);
        let x = x ^ (x >> 16);
        let x = (x * 40_503 + 977) % (1 << 32);
        let x = x ^ (x >> 13);
        ((x % (1 << 24)) as f64 / f64::from(1 << 24) - 0.5) as f32
    };
    (0..count as u64).map(of).collect()
}

/// A list of numbers of a golden file.
pub fn numbers(of: &serde_json::Value) -> Vec<f32> {
    of.as_array().unwrap().iter().map(|v| v.as_f64().unwrap() as f32).collect()
}
