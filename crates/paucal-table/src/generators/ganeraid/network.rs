//! The generator: a recurrent network that runs over the columns and puts out a set of rows at once.

use paucal_core::{Seed, Stream};
use paucal_nn::layers::{Activation, Linear, Lstm, LstmTrace, Recurrent};
use paucal_nn::{Device, Gradients, Tensor, noise};

use crate::generators::neural::beside;

/// Sizes of a generator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    /// Columns, which are the steps of the sequence.
    pub cells: usize,
    /// Classes; 0 for none.
    pub classes: usize,
    /// Rows of a set.
    pub rows: usize,
    /// Width of each direction's state, a multiple of the rows.
    pub hidden: usize,
    /// Noise values per step.
    pub noise: usize,
    /// Whether only the forward direction is read.
    pub compat: bool,
}

impl Shape {
    /// Share of a state that belongs to one row.
    fn share(self) -> usize {
        self.hidden / self.rows
    }

    /// Values of one set.
    pub fn values(self) -> usize {
        self.cells * self.rows
    }
}

/// With noise as a sequence of as many steps as there are columns, the states of a bidirectional LSTM are cut into as
/// many shares as the set has rows; the shares of row i of all steps go through one dense layer, the same for all rows,
/// and tanh.
#[derive(Debug, Clone)]
pub struct SetGenerator {
    forth: Lstm,
    /// Absent when only the forward direction is read.
    back: Option<Lstm>,
    head: Linear,
}

paucal_nn::parameters!(SetGenerator { parts: forth, back, head });

/// What the way back needs.
pub struct Trace {
    forth: LstmTrace,
    back: Option<LstmTrace>,
    features: Tensor<2>,
    output: Tensor<2>,
}

/// What the sequence starts from, for `sets` sets.
pub struct Start {
    /// Noise beside the class, `[cells · sets, noise + classes]`.
    x: Tensor<2>,
    /// Initial states and cells of both directions, `[sets, hidden]`.
    states: [Tensor<2>; 4],
}

impl Start {
    /// Draws noise and states; `class` holds a one-hot per set.
    pub fn draw(
        shape: Shape,
        class: &Tensor<2>,
        seed: Seed,
        purpose: &str,
        step: u64,
        device: &Device,
    ) -> Self {
        let sets = class.dims()[0];
        let z =
            noise::normal(seed, &format!("{purpose}/noise"), step, [shape.cells * sets, shape.noise], device);
        let x = beside(z, &class.clone().repeat_dim(0, shape.cells));
        let state = |name: &str| {
            noise::normal(seed, &format!("{purpose}/{name}"), step, [sets, shape.hidden], device)
        };
        Self { x, states: [state("h/forth"), state("c/forth"), state("h/back"), state("c/back")] }
    }
}

impl SetGenerator {
    /// A generator with random weights.
    pub fn new(shape: Shape, stream: &mut Stream, device: &Device) -> Self {
        let inputs = shape.noise + shape.classes;
        let directions = if shape.compat { 1 } else { 2 };
        Self {
            forth: Lstm::new(inputs, shape.hidden, stream, device),
            back: (!shape.compat).then(|| Lstm::new(inputs, shape.hidden, stream, device)),
            head: Linear::new(directions * shape.cells * shape.share(), shape.cells, stream, device),
        }
    }

    /// Sets of rows, `[sets · rows, cells]`, and what the way back needs.
    pub fn forward_train(&self, shape: Shape, start: Start) -> (Tensor<2>, Trace) {
        let Start { x, states: [h, c, back_h, back_c] } = start;
        let (states, forth) = self.forth.forward_train(&x, shape.cells, &h, &c);
        let mut parts = vec![shares(shape, &states)];
        let back = self.back.as_ref().map(|lstm| {
            let reversed = reverse(&x, shape.cells);
            let (states, trace) = lstm.forward_train(&reversed, shape.cells, &back_h, &back_c);
            parts.push(shares(shape, &reverse(&states, shape.cells)));
            trace
        });
        let features = Tensor::cat(parts, 1);
        let output = self.head.forward_activated(&features, Activation::Tanh);
        (output.clone(), Trace { forth, back, features, output })
    }

    /// Gradients of the parameters from that of the rows. The trace is used up.
    pub fn backward(&self, shape: Shape, trace: Trace, dy: Tensor<2>) -> Gradients {
        let mut gradients = Gradients::new();
        let raw = Activation::Tanh.backward(&trace.output, dy);
        gradients.add_linear("head", self.head.gradient(&trace.features, &raw));
        let features = self.head.input_gradient(&raw);
        let width = shape.cells * shape.share();
        let of_states = states(shape, &features.clone().narrow(1, 0, width));
        self.forth.backward(trace.forth, &of_states, "forth", &mut gradients);
        if let (Some(lstm), Some(trace)) = (&self.back, trace.back) {
            let of_states = reverse(&states(shape, &features.narrow(1, width, width)), shape.cells);
            lstm.backward(trace, &of_states, "back", &mut gradients);
        }
        gradients
    }
}

/// The shares of every row, `[sets · rows, cells · share]`, from the states after all steps, `[cells · sets, hidden]`.
fn shares(shape: Shape, states: &Tensor<2>) -> Tensor<2> {
    let sets = states.dims()[0] / shape.cells;
    let cut: Tensor<4> = states.clone().reshape([shape.cells, sets, shape.rows, shape.share()]);
    cut.permute([1, 2, 0, 3]).reshape([sets * shape.rows, shape.cells * shape.share()])
}

/// The way back of [`shares`].
fn states(shape: Shape, shares: &Tensor<2>) -> Tensor<2> {
    let sets = shares.dims()[0] / shape.rows;
    let cut: Tensor<4> = shares.clone().reshape([sets, shape.rows, shape.cells, shape.share()]);
    cut.permute([2, 0, 1, 3]).reshape([shape.cells * sets, shape.hidden])
}

/// The steps of a sequence in the other order.
fn reverse(x: &Tensor<2>, steps: usize) -> Tensor<2> {
    let rows = x.dims()[0] / steps;
    Tensor::cat((0..steps).rev().map(|t| x.clone().narrow(0, t * rows, rows)).collect(), 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use paucal_nn::parameters::tracked;

    #[test]
    fn the_way_back_is_that_of_the_graph() {
        let device = Device::flex();
        for compat in [false, true] {
            let shape = Shape { cells: 4, classes: 2, rows: 3, hidden: 6, noise: 5, compat };
            let generator = SetGenerator::new(shape, &mut Seed(1).stream("initial", 0), &device);
            let class: Tensor<2> = Tensor::from_data([[1.0_f32, 0.0], [0.0, 1.0]], &device);
            let start = || Start::draw(shape, &class, Seed(2), "test", 0, &device);
            let dy: Tensor<2> = noise::normal(Seed(3), "dy", 0, [6, 4], &device);
            let (_, trace) = generator.forward_train(shape, start());
            let by_hand = generator.backward(shape, trace, dy.clone());

            let graph = tracked(&generator);
            let Start { x, states } = start();
            let lifted = Start { x: x.autodiff(), states: states.map(Tensor::autodiff) };
            let (y, _) = graph.forward_train(shape, lifted);
            let by_graph = Gradients::of(&graph, (y * dy.autodiff()).sum().backward());
            assert_eq!(by_graph.iter().count(), if compat { 6 } else { 10 });
            for (name, want) in by_graph.iter() {
                let want = want.clone().inner();
                let error: f32 =
                    (by_hand.get(name).unwrap().clone() - want.clone()).abs().max().into_scalar();
                let scale: f32 = want.abs().max().into_scalar();
                assert!(error <= 1e-4 * scale.max(0.1), "{name}: {error}");
            }
        }
    }
}
