//! Recurrent layers on top of each other, and what they share.
//!
//! Sequences lie step below step, `[steps · rows, values]`: all rows of the first step, then all of the second.

use burn::tensor::{Device, Tensor};
use paucal_core::Stream;

use super::{Linear, initial_uniform};
use crate::gradients::Gradients;
use crate::kernels::host::Dense;
use crate::kernels::recurrent::Weights;
use crate::kernels::spare;
use crate::noise::{self, Draw};
use crate::parameters::{Parameters, Visit, VisitMut, join};

/// A layer that takes rows through the steps of a sequence.
pub trait Recurrent: Parameters {
    /// What the way back needs.
    type Trace;

    /// PyTorch's initial values: all uniform in `±1/√units`.
    fn new(inputs: usize, units: usize, stream: &mut Stream, device: &Device) -> Self;

    /// Inputs to the sums of the gates.
    fn input(&self) -> &Linear;

    /// Width of the state.
    fn units(&self) -> usize;

    /// States `[steps · rows, units]` after every step of `[steps · rows, inputs]`, from zero, and what the way back needs.
    fn run(&self, x: &Tensor<2>, steps: usize) -> (Tensor<2>, Self::Trace);

    /// Adds the parameters' gradients under `path` from those of the states after the last steps, one below the other;
    /// those of the states before do not count. Returns that of the sums which come from the inputs, of which
    /// `self.input().input_gradient` makes that of the inputs. The trace is used up.
    fn backward(
        &self,
        trace: Self::Trace,
        dy: &Tensor<2>,
        path: &str,
        gradients: &mut Gradients,
    ) -> Tensor<2>;
}

/// Recurrent layers on top of each other, with dropout between them: PyTorch's layers with `num_layers` and `dropout`.
#[derive(Debug, Clone)]
pub struct Stack<L> {
    /// The layers, the one next to the input first.
    pub layers: Vec<L>,
    dropout: f32,
}

/// What [`Stack::backward`] needs from the forward pass.
#[derive(Debug, Clone)]
pub struct StackTrace<T> {
    traces: Vec<T>,
    /// What was dropped of the inputs of each layer but the first; empty for nothing.
    masks: Vec<Tensor<2>>,
}

impl<L: Recurrent> Stack<L> {
    /// So many layers of the same width.
    pub fn new(
        inputs: usize,
        units: usize,
        layers: usize,
        dropout: f32,
        stream: &mut Stream,
        device: &Device,
    ) -> Self {
        let layer = |i: usize| L::new(if i == 0 { inputs } else { units }, units, stream, device);
        Self { layers: (0..layers).map(layer).collect(), dropout }
    }

    /// States of the last layer, `[steps · rows, inputs]` to `[steps · rows, units]`, without dropout.
    pub fn forward(&self, x: &Tensor<2>, steps: usize) -> Tensor<2> {
        self.forward_train(x, steps, "", None).0
    }

    /// The same with dropout drawn for `purpose`, if it is drawn at all, and what the way back needs.
    pub fn forward_train(
        &self,
        x: &Tensor<2>,
        steps: usize,
        purpose: &str,
        draw: Option<Draw>,
    ) -> (Tensor<2>, StackTrace<L::Trace>) {
        let mut h = x.clone();
        let mut trace = StackTrace { traces: Vec::with_capacity(self.layers.len()), masks: Vec::new() };
        for (i, layer) in self.layers.iter().enumerate() {
            if let Some(draw) = draw.filter(|_| i > 0 && self.dropout > 0.0) {
                let purpose = format!("{purpose}/{i}");
                let device = h.device();
                let mask = noise::dropout(draw.seed, &purpose, draw.step, h.dims(), self.dropout, &device);
                h = h * mask.clone();
                trace.masks.push(mask);
            }
            let (states, of_layer) = layer.run(&h, steps);
            trace.traces.push(of_layer);
            h = states;
        }
        (h, trace)
    }

    /// Adds the parameters' gradients under `path` from those of the states after the last steps, one below the other;
    /// those of the states before do not count. Returns that of the inputs. The trace is used up.
    pub fn backward(
        &self,
        trace: StackTrace<L::Trace>,
        dy: &Tensor<2>,
        path: &str,
        gradients: &mut Gradients,
    ) -> Tensor<2> {
        let path = join(path, "layers");
        let mut dy = dy.clone();
        for (i, (layer, of_layer)) in self.layers.iter().zip(trace.traces).enumerate().rev() {
            let of_sums = layer.backward(of_layer, &dy, &join(&path, &i.to_string()), gradients);
            dy = layer.input().input_gradient(&of_sums);
            spare::give(of_sums);
            if let Some(mask) = i.checked_sub(1).and_then(|below| trace.masks.get(below)) {
                dy = dy * mask.clone();
            }
        }
        dy
    }
}

impl<L: Parameters> Parameters for Stack<L> {
    fn visit(&self, path: &str, visitor: &mut impl Visit) {
        self.layers.visit(&join(path, "layers"), visitor);
    }

    fn visit_mut(&mut self, path: &str, visitor: &mut impl VisitMut) {
        self.layers.visit_mut(&join(path, "layers"), visitor);
    }
}

/// PyTorch's initial values of both sides of a layer with so many gates: all uniform in `±1/√units`.
pub(super) fn initial(
    gates: usize,
    inputs: usize,
    units: usize,
    stream: &mut Stream,
    device: &Device,
) -> [Linear; 2] {
    [inputs, units].map(|inputs| Linear {
        weight: initial_uniform([gates * units, inputs], units, stream, device),
        bias: initial_uniform([gates * units], units, stream, device),
    })
}

/// Lends the memory of both sides to a kernel; `None` where it lies elsewhere.
pub(super) fn weights<T>(
    input: &Linear,
    recurrent: &Linear,
    kernel: impl FnOnce(Weights<'_>) -> T,
) -> Option<T> {
    let (input, input_bias) = (Dense::of(&input.weight)?, Dense::of(&input.bias)?);
    let (recurrent, recurrent_bias) = (Dense::of(&recurrent.weight)?, Dense::of(&recurrent.bias)?);
    Some(kernel(Weights {
        input: &input,
        input_bias: &input_bias,
        recurrent: &recurrent,
        recurrent_bias: &recurrent_bias,
    }))
}

/// The rows of step `t`.
pub(super) fn step_of(sequence: &Tensor<2>, t: usize, rows: usize) -> Tensor<2> {
    sequence.clone().narrow(0, t * rows, rows)
}

/// The steps of a sequence in the other order.
pub(super) fn reversed(x: &Tensor<2>, steps: usize) -> Tensor<2> {
    let rows = x.dims()[0] / steps;
    Tensor::cat((0..steps).rev().map(|t| step_of(x, t, rows)).collect(), 0)
}
