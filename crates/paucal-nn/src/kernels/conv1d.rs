//! One-dimensional convolution of samples laid out `[positions, channels]`.
//!
//! With the channels side by side a window is a stretch of memory, so that forward pass, input gradient and weight
//! gradient are products of overlapping rows ([`tile`](super::tile)). Samples are independent; the weight gradient
//! is summed within fixed groups of samples and then over the groups in order, whatever the number of threads.

use rayon::prelude::*;

use super::spare;
use super::tile::{Panel, Windows, add_product, padded};

/// Groups of samples with a weight gradient each.
const GROUPS: usize = 32;

/// Sizes of a convolution.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    /// Positions of the input.
    pub length: usize,
    /// Channels of the input.
    pub inputs: usize,
    /// Channels of the output.
    pub outputs: usize,
    /// Positions of a window.
    pub kernel: usize,
    /// Distance of a window from the next.
    pub stride: usize,
    /// Positions of zeros on either side.
    pub padding: usize,
}

impl Shape {
    /// Positions of the output; 0 where no window fits.
    pub fn positions(&self) -> usize {
        let padded = self.length + 2 * self.padding;
        if padded < self.kernel { 0 } else { (padded - self.kernel) / self.stride + 1 }
    }

    /// Values of a window.
    fn window(&self) -> usize {
        self.kernel * self.inputs
    }

    /// A sample between its zeros, in a buffer that is used again.
    fn pad<'a>(&self, x: &'a [f32], buffer: &'a mut Vec<f32>) -> &'a [f32] {
        if self.padding == 0 {
            return x;
        }
        let side = self.padding * self.inputs;
        buffer.resize(x.len() + 2 * side, 0.0);
        buffer[side..side + x.len()].copy_from_slice(x);
        buffer
    }

    /// The rows of the product that is the forward pass.
    fn windows<'a>(&self, x: &'a [f32]) -> Windows<'a> {
        Windows { values: x, row: self.stride * self.inputs, inner: 1 }
    }
}

/// Weights `[outputs, inputs, kernel]` as `[kernel, inputs, padded outputs]`.
pub fn forward_weights(shape: Shape, weight: &[f32]) -> Vec<f32> {
    let stride = padded(shape.outputs);
    let mut out = vec![0.0; shape.window() * stride];
    for (o, of_output) in weight.chunks_exact(shape.window()).enumerate() {
        for (i, taps) in of_output.chunks_exact(shape.kernel).enumerate() {
            for (k, &w) in taps.iter().enumerate() {
                out[(k * shape.inputs + i) * stride + o] = w;
            }
        }
    }
    out
}

/// Weights `[outputs, inputs, kernel]` as `[kernel backwards, outputs, padded inputs]`.
fn backward_weights(shape: Shape, weight: &[f32]) -> Vec<f32> {
    let stride = padded(shape.inputs);
    let mut out = vec![0.0; shape.kernel * shape.outputs * stride];
    for (o, of_output) in weight.chunks_exact(shape.window()).enumerate() {
        for (i, taps) in of_output.chunks_exact(shape.kernel).enumerate() {
            for (k, &w) in taps.iter().enumerate() {
                out[((shape.kernel - 1 - k) * shape.outputs + o) * stride + i] = w;
            }
        }
    }
    out
}

/// One sample's output, `[positions, outputs]`, by [`forward_weights`].
pub fn sample(shape: Shape, x: &[f32], packed: &[f32], bias: &[f32], buffer: &mut Vec<f32>, out: &mut [f32]) {
    out.chunks_exact_mut(shape.outputs).for_each(|row| row.copy_from_slice(bias));
    let b = Panel { values: packed, depth: shape.window(), stride: padded(shape.outputs) };
    let x = shape.pad(x, buffer);
    add_product(out, shape.positions(), shape.outputs, shape.windows(x), b);
}

/// Outputs `[samples, positions, outputs]` of inputs `[samples, length, inputs]`.
pub fn forward(shape: Shape, x: &[f32], weight: &[f32], bias: &[f32]) -> Vec<f32> {
    let packed = forward_weights(shape, weight);
    let size = shape.positions() * shape.outputs;
    let mut out = spare::room(x.len() / (shape.length * shape.inputs) * size);
    if size > 0 {
        out.par_chunks_mut(size)
            .zip(x.par_chunks(shape.length * shape.inputs))
            .for_each_init(Vec::new, |buffer, (out, x)| sample(shape, x, &packed, bias, buffer, out));
    }
    out
}

/// Gradients of a convolution.
pub struct Gradients {
    /// Of the weights, `[outputs, inputs, kernel]`.
    pub weight: Vec<f32>,
    /// Of the bias.
    pub bias: Vec<f32>,
    /// Of the input, if it was wanted.
    pub input: Option<Vec<f32>>,
}

/// Gradients from those of the outputs.
pub fn backward(shape: Shape, x: &[f32], dy: &[f32], weight: &[f32], input: bool) -> Gradients {
    let (from, to) = (shape.length * shape.inputs, shape.positions() * shape.outputs);
    let samples = x.len() / from;
    let group = samples.div_ceil(GROUPS).max(1);
    let mut dx = spare::room(if input { x.len() } else { 0 });
    let packed = if input { backward_weights(shape, weight) } else { Vec::new() };
    let one = |x: &[f32], dy: &[f32], mut dx: Option<&mut [f32]>| {
        let mut sum = Sum::new(shape);
        let mut buffer = Vec::new();
        for (i, (x, dy)) in x.chunks_exact(from).zip(dy.chunks_exact(to)).enumerate() {
            sum.add(x, dy);
            if let Some(dx) = &mut dx {
                input_gradient(shape, dy, &packed, &mut buffer, &mut dx[i * from..(i + 1) * from]);
            }
        }
        sum
    };
    let pairs = x.par_chunks(group * from).zip(dy.par_chunks(group * to));
    let sums: Vec<Sum> = if input {
        pairs.zip(dx.par_chunks_mut(group * from)).map(|((x, dy), dx)| one(x, dy, Some(dx))).collect()
    } else {
        pairs.map(|(x, dy)| one(x, dy, None)).collect()
    };
    let (weight, bias) = total(shape, &sums);
    Gradients { weight, bias, input: input.then_some(dx) }
}

/// Gradients of the parameters over some samples.
struct Sum {
    shape: Shape,
    /// `[kernel, inputs, outputs]`.
    weight: Vec<f32>,
    bias: Vec<f32>,
    padded: Vec<f32>,
    widened: Vec<f32>,
}

impl Sum {
    fn new(shape: Shape) -> Self {
        let weight = vec![0.0; shape.window() * shape.outputs];
        Self { shape, weight, bias: vec![0.0; shape.outputs], padded: Vec::new(), widened: Vec::new() }
    }

    fn add(&mut self, x: &[f32], dy: &[f32]) {
        let (shape, outputs) = (self.shape, self.shape.outputs);
        for row in dy.chunks_exact(outputs) {
            self.bias.iter_mut().zip(row).for_each(|(sum, v)| *sum += v);
        }
        let stride = padded(outputs);
        let dy = if stride == outputs {
            dy
        } else {
            self.widened.resize(shape.positions() * stride, 0.0);
            for (wide, row) in self.widened.chunks_exact_mut(stride).zip(dy.chunks_exact(outputs)) {
                wide[..outputs].copy_from_slice(row);
            }
            &self.widened
        };
        let windows = shape.windows(shape.pad(x, &mut self.padded));
        let a = Windows { row: windows.inner, inner: windows.row, ..windows };
        let b = Panel { values: dy, depth: shape.positions(), stride };
        add_product(&mut self.weight, shape.window(), outputs, a, b);
    }
}

/// The sums of all groups in order, weights as `[outputs, inputs, kernel]`.
fn total(shape: Shape, sums: &[Sum]) -> (Vec<f32>, Vec<f32>) {
    let mut total = Sum::new(shape);
    for sum in sums {
        total.weight.iter_mut().zip(&sum.weight).for_each(|(total, v)| *total += v);
        total.bias.iter_mut().zip(&sum.bias).for_each(|(total, v)| *total += v);
    }
    let mut weight = vec![0.0; total.weight.len()];
    for (at, of_tap) in total.weight.chunks_exact(shape.outputs.max(1)).enumerate() {
        let (k, i) = (at / shape.inputs, at % shape.inputs);
        for (o, &v) in of_tap.iter().enumerate() {
            weight[(o * shape.inputs + i) * shape.kernel + k] = v;
        }
    }
    (weight, total.bias)
}

/// One sample's input gradient: the convolution of the output's gradient, spread out by the stride, with the weights
/// backwards.
fn input_gradient(shape: Shape, dy: &[f32], packed: &[f32], buffer: &mut Vec<f32>, dx: &mut [f32]) {
    let outputs = shape.outputs;
    buffer.resize((shape.length + shape.kernel - 1) * outputs, 0.0);
    let first = shape.kernel - 1 - shape.padding;
    if shape.stride == 1 {
        buffer[first * outputs..][..dy.len()].copy_from_slice(dy);
    } else {
        for (l, row) in dy.chunks_exact(outputs).enumerate() {
            buffer[(first + l * shape.stride) * outputs..][..outputs].copy_from_slice(row);
        }
    }
    let a = Windows { values: buffer, row: outputs, inner: 1 };
    let b = Panel { values: packed, depth: shape.kernel * outputs, stride: padded(shape.inputs) };
    dx.fill(0.0);
    add_product(dx, shape.length, shape.inputs, a, b);
}
