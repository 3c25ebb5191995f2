//! Convolutions: the kernels against Burn's operations, which any other device takes.

#![allow(clippy::unwrap_used)]

mod common;

use common::{close, composed, values};
use paucal_core::Seed;
use paucal_nn::layers::{Activation, Conv2d, Window};
use paucal_nn::{Device, NnError, Tensor, noise};

fn random(purpose: &str, shape: [usize; 4]) -> Tensor<4> {
    noise::normal(Seed(4), purpose, 0, [1, shape.iter().product()], &Device::flex()).reshape(shape)
}

fn layer(inputs: usize, outputs: usize, window: Window, groups: usize) -> Conv2d {
    let mut stream = Seed(5).stream("init", 0);
    Conv2d::grouped(inputs, outputs, window, groups, &mut stream, &Device::flex()).unwrap()
}

/// Every pass of a layer on images of a size, by the kernels and composed.
fn check(layer: &Conv2d, size: [usize; 2], inputs: usize) {
    let other = composed(layer);
    let x = random("x", [3, size[0], size[1], inputs]);
    let lifted = x.clone().autodiff();
    let leaky = Activation::LeakyRelu(0.2);
    let y = layer.forward_activated(&x, leaky);
    close(&values(&y), &values(&other.forward_activated(&lifted, leaky).inner()), 1e-5);
    close(&values(&layer.tangent(&x)), &values(&other.tangent(&lifted).inner()), 1e-5);

    let dy = random("dy", y.dims());
    let of_output = dy.clone().autodiff();
    let dx = layer.input_gradient(&dy, size);
    assert_eq!(dx.dims(), x.dims());
    close(&values(&dx), &values(&other.input_gradient(&of_output, size).inner()), 1e-5);
    let (ours, theirs) = (layer.gradient(&x, &dy), other.gradient(&lifted, &of_output));
    close(&values(&ours.weight), &values(&theirs.weight.inner()), 1e-5);
    close(&values(&ours.bias.unwrap()), &values(&theirs.bias.unwrap().inner()), 1e-5);

    // The input gradient is the adjoint of the tangent.
    let inner = |a: &Tensor<4>, b: &Tensor<4>| -> f32 { (a.clone() * b.clone()).sum().into_scalar() };
    let (left, right) = (inner(&layer.tangent(&x), &dy), inner(&x, &dx));
    assert!((left - right).abs() <= 1e-3 * left.abs().max(10.0), "{left} {right}");
}

#[test]
fn kernels_are_what_other_devices_compose() {
    let three = Window::square(3).padding(1);
    check(&layer(5, 7, three, 1), [9, 6], 5);
    check(&layer(3, 64, Window::square(7).stride(2).padding(3), 1), [17, 20], 3);
    check(&layer(16, 80, Window::square(1).stride(2), 1), [5, 8], 16);
    check(&layer(6, 9, three.dilation(2).padding(2), 3), [8, 8], 6);
    check(&layer(12, 12, Window::square(5).stride(2).padding(2), 12), [11, 7], 12);
    check(&layer(2, 4, Window::sequence(5).stride(2).padding(2), 1), [1, 33], 2);
    check(&layer(130, 140, three, 1), [4, 4], 130);
}

#[test]
fn impossible_convolutions_are_refused() {
    let new = |inputs, outputs, window, groups| {
        Conv2d::grouped(inputs, outputs, window, groups, &mut Seed(1).stream("init", 0), &Device::flex())
    };
    let square = Window::square(3);
    for refused in [
        new(0, 4, square, 1),
        new(4, 0, square, 1),
        new(4, 4, square, 0),
        new(4, 6, square, 4),
        new(4, 4, square.stride(0), 1),
        new(4, 4, square.dilation(0), 1),
        new(4, 4, Window::square(0), 1),
        new(4, 4, square.padding(3), 1),
    ] {
        assert!(matches!(refused, Err(NnError::Setting(_))));
    }
}

#[test]
fn windows_count_their_positions() {
    let window = Window::square(3).stride(2).padding(1);
    assert_eq!(window.positions([8, 7]), [4, 4]);
    assert_eq!(Window::square(5).positions([4, 9]), [0, 5]);
    assert_eq!(Window::sequence(4).dilation(3).positions([1, 10]), [1, 1]);
}
