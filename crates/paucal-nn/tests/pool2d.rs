//! Pooling of images: the kernels against Burn's operations and their graph, ties, edges, threads.

#![allow(clippy::unwrap_used)]

mod common;

use common::{close, unmoved_by_threads, values};
use paucal_core::Seed;
use paucal_nn::layers::{GlobalMeanPool, Pool2d, Window};
use paucal_nn::{Device, Tensor, TensorData, noise};

fn random<const D: usize>(purpose: &str, shape: [usize; D]) -> Tensor<D> {
    noise::normal(Seed(4), purpose, 0, shape, &Device::flex())
}

fn tensor(values: &[f32], shape: [usize; 4]) -> Tensor<4> {
    Tensor::from_data(TensorData::new(values.to_vec(), shape), &Device::flex())
}

/// Shapes of images with windows: those of networks, and odd ones.
fn cases() -> Vec<([usize; 4], Window)> {
    let square = Window::square;
    vec![
        ([2, 16, 16, 64], square(3).stride(2).padding(1)),
        ([3, 8, 8, 20], square(2).stride(2)),
        ([1, 7, 9, 1], square(3).stride(2).padding(1)),
        ([2, 5, 6, 17], square(2)),
        ([1, 1, 24, 3], Window { stride: [1, 2], ..Window::sequence(3).padding(1) }),
        ([2, 7, 7, 5], square(7)),
        ([1, 10, 11, 2], square(2).stride(5).padding(1)),
    ]
}

#[test]
fn pooling_is_that_of_the_graph() {
    for (shape, window) in cases() {
        let x = random("x", shape);
        let (largest, mean) = (Pool2d::largest(window).unwrap(), Pool2d::mean(window).unwrap());
        let positions = largest.positions([shape[1], shape[2]]);
        assert_eq!(positions, mean.positions([shape[1], shape[2]]));
        let dy = random("dy", [shape[0], positions[0], positions[1], shape[3]]);
        let through = |forward: &dyn Fn(&Tensor<4>) -> Tensor<4>| {
            let leaf = x.clone().autodiff().require_grad();
            let y = forward(&leaf);
            let mut graph = (y.clone() * dy.clone().autodiff()).sum().backward();
            (values(&y.inner()), values(&leaf.grad_remove(&mut graph).unwrap()))
        };
        for (pool, tolerance) in [(largest, 0.0), (mean, 1e-6)] {
            let (want, dx) = through(&|x| pool.forward(x));
            let y = pool.forward(&x);
            assert_eq!(y.dims(), dy.dims());
            close(&values(&y), &want, tolerance);
            close(&values(&pool.backward(&x, &y, &dy)), &dx, 1e-6);
            let lifted = pool.backward(&x.clone().autodiff(), &y.autodiff(), &dy.clone().autodiff());
            close(&values(&lifted), &dx, 1e-6);
        }

        let dy = random("dy", [shape[0], shape[3]]);
        let leaf = x.clone().autodiff().require_grad();
        let y = GlobalMeanPool.forward(&leaf);
        close(&values(&GlobalMeanPool.forward(&x)), &values(&y.clone().inner()), 1e-6);
        let mut graph = (y * dy.clone().autodiff()).sum().backward();
        let size = [shape[1], shape[2]];
        let dx = values(&leaf.grad_remove(&mut graph).unwrap());
        close(&values(&GlobalMeanPool.backward(size, &dy)), &dx, 1e-6);
        close(&values(&GlobalMeanPool.backward(size, &dy.autodiff()).inner()), &dx, 1e-6);
    }
}

#[test]
fn the_first_of_equals_gets_the_gradient() {
    let pool = Pool2d::largest(Window::square(2).stride(2)).unwrap();
    let x = tensor(&[1.0, 1.0, 0.0, -1.0, 1.0, 1.0, 0.0, 0.0], [1, 2, 4, 1]);
    let y = pool.forward(&x);
    assert_eq!(values(&y), [1.0, 0.0]);
    let dy = tensor(&[5.0, 7.0], [1, 1, 2, 1]);
    assert_eq!(values(&pool.backward(&x, &y, &dy)), [5.0, 0.0, 7.0, 0.0, 0.0, 0.0, 0.0, 0.0]);
}

#[test]
fn nothing_outside_is_the_largest_and_zeros_outside_count_for_the_mean() {
    let window = Window::square(3).stride(2).padding(1);
    let x = tensor(&[-1.0, -2.0, -3.0, -4.0], [1, 2, 2, 1]);
    assert_eq!(values(&Pool2d::largest(window).unwrap().forward(&x)), [-1.0]);
    close(&values(&Pool2d::mean(window).unwrap().forward(&x)), &[-10.0 / 9.0], 1e-7);
}

#[test]
fn impossible_windows_are_refused() {
    let square = Window::square;
    for window in [square(0), square(2).stride(0), square(3).padding(2), square(3).dilation(2)] {
        assert!(Pool2d::largest(window).is_err() && Pool2d::mean(window).is_err(), "{window:?}");
    }
}

#[test]
fn the_number_of_threads_changes_no_bit() {
    let all = || {
        let window = Window::square(3).stride(2).padding(1);
        let x = random("x", [9, 32, 32, 24]);
        [Pool2d::largest(window).unwrap(), Pool2d::mean(window).unwrap()].map(|pool| {
            let y = pool.forward(&x);
            [values(&y), values(&pool.backward(&x, &y, &y))]
        })
    };
    unmoved_by_threads(all);
}
