//! Long short-term memory (Hochreiter and Schmidhuber 1997, Neural Computation 9) with PyTorch's conventions.

use burn::tensor::{Device, Tensor};
use paucal_core::Stream;

use super::{Activation, Linear, initial_uniform};
use crate::gradients::Gradients;
use crate::kernels::dense::{self, plain, transposed};
use crate::kernels::host::{self, Dense, Matrix};
use crate::kernels::lstm as kernel;
use crate::parameters::join;

/// One layer in one direction. With gates `(i, f, g, o) = W x + U h + b` and σ on all but g, on which is tanh,
/// `c ← f c + i g` and `h ← o tanh c`.
#[derive(Debug, Clone)]
pub struct Lstm {
    /// `W` and half of the bias: inputs to gates.
    pub input: Linear,
    /// `U` and the other half: state to gates.
    pub recurrent: Linear,
}

crate::parameters!(Lstm { parts: input, recurrent });

/// What [`Lstm::backward`] needs from the forward pass.
#[derive(Debug, Clone)]
pub struct LstmTrace {
    /// Inputs of all steps, one below the other.
    x: Tensor<2>,
    steps: Vec<Step>,
}

/// One step of the sequence, `[rows, units]` if not said otherwise.
#[derive(Debug, Clone)]
struct Step {
    /// State before.
    h: Tensor<2>,
    /// Cell before.
    c: Tensor<2>,
    /// `i`, `f`, `g`, `o` side by side, `[rows, 4 · units]`.
    gates: Tensor<2>,
    /// `tanh c` after.
    squashed: Tensor<2>,
}

impl Lstm {
    /// PyTorch's initial values: all uniform in `±1/√units`.
    pub fn new(inputs: usize, units: usize, stream: &mut Stream, device: &Device) -> Self {
        let mut linear = |inputs| Linear {
            weight: initial_uniform([4 * units, inputs], units, stream, device),
            bias: initial_uniform([4 * units], units, stream, device),
        };
        Self { input: linear(inputs), recurrent: linear(units) }
    }

    /// Width of the state.
    pub fn units(&self) -> usize {
        self.recurrent.inputs()
    }

    /// States after every step of a sequence of `steps` inputs for the same rows, one below the other
    /// (`[steps · rows, inputs]`), from a state and a cell `[rows, units]`; and what the way back needs.
    pub fn forward_train(
        &self,
        x: &Tensor<2>,
        steps: usize,
        state: Tensor<2>,
        cell: Tensor<2>,
    ) -> (Vec<Tensor<2>>, LstmTrace) {
        let rows = state.dims()[0];
        let from_input = self.input.forward(x);
        let (mut h, mut c) = (state, cell);
        let mut states = Vec::with_capacity(steps);
        let mut trace = LstmTrace { x: x.clone(), steps: Vec::with_capacity(steps) };
        for t in 0..steps {
            let from_input = from_input.clone().narrow(0, t * rows, rows);
            let made = match self.step_fused(&from_input, &h, &c) {
                Some(made) => made,
                None => self.step_composed(from_input, &h, &c),
            };
            let Made { gates, squashed, cell, state } = made;
            trace.steps.push(Step { h, c, gates, squashed });
            states.push(state.clone());
            (h, c) = (state, cell);
        }
        (states, trace)
    }

    fn step_fused(&self, from_input: &Tensor<2>, h: &Tensor<2>, c: &Tensor<2>) -> Option<Made> {
        let (rows, units) = (h.dims()[0], self.units());
        let (from_input, cell) = (Dense::of(from_input)?, Dense::of(c)?);
        let (h, weight, bias) =
            (Matrix::of(h)?, Matrix::of(&self.recurrent.weight)?, Dense::of(&self.recurrent.bias)?);
        let mut gates = from_input.to_vec();
        for row in gates.chunks_exact_mut(4 * units) {
            row.iter_mut().zip(&*bias).for_each(|(gate, b)| *gate += b);
        }
        dense::add_product(&mut gates, plain(&h), transposed(&weight));
        let made = kernel::step(&mut gates, &cell, units);
        let tensor = |values| host::tensor(values, [rows, units]);
        Some(Made {
            gates: host::tensor(gates, [rows, 4 * units]),
            squashed: tensor(made.squashed),
            cell: tensor(made.cell),
            state: tensor(made.state),
        })
    }

    fn step_composed(&self, from_input: Tensor<2>, h: &Tensor<2>, c: &Tensor<2>) -> Made {
        let units = self.units();
        let sums = from_input + self.recurrent.forward(h);
        let gate =
            |k: usize, activation: Activation| activation.apply(sums.clone().narrow(1, k * units, units));
        let sigmoid = Activation::Sigmoid;
        let [i, f, g, o] = [gate(0, sigmoid), gate(1, sigmoid), gate(2, Activation::Tanh), gate(3, sigmoid)];
        let cell = f.clone() * c.clone() + i.clone() * g.clone();
        let squashed = Activation::Tanh.apply(cell.clone());
        let state = o.clone() * squashed.clone();
        Made { gates: Tensor::cat(vec![i, f, g, o], 1), squashed, cell, state }
    }

    /// Adds the parameters' gradients under `path`, from those of the states after the last `dy.len()` steps; those of
    /// the states before do not count. Returns the gradient of the gates' sums of all steps, of which
    /// `self.input.input_gradient` makes that of the inputs.
    pub fn backward(
        &self,
        trace: &LstmTrace,
        dy: &[Tensor<2>],
        path: &str,
        gradients: &mut Gradients,
    ) -> Tensor<2> {
        let mut of_gates = Vec::with_capacity(trace.steps.len());
        let mut after: Option<(Tensor<2>, Tensor<2>)> = None;
        let given = dy.iter().rev().map(Some).chain(std::iter::repeat(None));
        for (step, dy) in trace.steps.iter().rev().zip(given) {
            let (dh, dc) = match (dy, after) {
                (Some(dy), None) => (dy.clone(), dy.zeros_like()),
                (Some(dy), Some((dh, dc))) => (dy.clone() + dh, dc),
                (None, Some(both)) => both,
                (None, None) => (step.h.zeros_like(), step.h.zeros_like()),
            };
            let (da, before) = match step.backward_fused(&dh, &dc) {
                Some(found) => found,
                None => step.backward_composed(dh, dc),
            };
            after = Some((self.recurrent.input_gradient(&da), before));
            of_gates.push(da);
        }
        of_gates.reverse();
        let da = Tensor::cat(of_gates, 0);
        let h = Tensor::cat(trace.steps.iter().map(|step| step.h.clone()).collect(), 0);
        gradients.add_linear(&join(path, "input"), self.input.gradient(&trace.x, &da));
        gradients.add_linear(&join(path, "recurrent"), self.recurrent.gradient(&h, &da));
        da
    }
}

/// What a step makes.
struct Made {
    gates: Tensor<2>,
    squashed: Tensor<2>,
    cell: Tensor<2>,
    state: Tensor<2>,
}

impl Step {
    /// Gradients of the gates' sums and of the cell before, from those of the state and the cell after.
    fn backward_fused(&self, dh: &Tensor<2>, dc: &Tensor<2>) -> Option<(Tensor<2>, Tensor<2>)> {
        let (gates, cell, squashed) =
            (Dense::of(&self.gates)?, Dense::of(&self.c)?, Dense::of(&self.squashed)?);
        let saved = kernel::Saved { gates: &gates, cell: &cell, squashed: &squashed };
        let mut of_cell = Dense::of(dc)?.to_vec();
        let da = kernel::step_backward(saved, &Matrix::of(dh)?, &mut of_cell);
        Some((host::tensor(da, self.gates.dims()), host::tensor(of_cell, self.c.dims())))
    }

    fn backward_composed(&self, dh: Tensor<2>, later: Tensor<2>) -> (Tensor<2>, Tensor<2>) {
        let units = self.c.dims()[1];
        let [i, f, g, o] = [0, 1, 2, 3].map(|k| self.gates.clone().narrow(1, k * units, units));
        let sigmoid = |y: &Tensor<2>, dy: Tensor<2>| Activation::Sigmoid.backward(y, dy);
        let dc = Activation::Tanh.backward(&self.squashed, dh.clone() * o.clone()) + later;
        let da = Tensor::cat(
            vec![
                sigmoid(&i, dc.clone() * g.clone()),
                sigmoid(&f, dc.clone() * self.c.clone()),
                Activation::Tanh.backward(&g, dc.clone() * i.clone()),
                sigmoid(&o, dh * self.squashed.clone()),
            ],
            1,
        );
        (da, dc * f)
    }
}

/// Two layers that read a sequence from its two ends and meet at one step: PyTorch's bidirectional layer where only
/// one output is asked for. The steps that lie behind it from either end are not computed.
#[derive(Debug, Clone)]
pub struct BiLstm {
    /// From the first step on.
    pub forth: Lstm,
    /// From the last step back.
    pub back: Lstm,
}

crate::parameters!(BiLstm { parts: forth, back });

/// What [`BiLstm::backward`] needs from the forward pass.
#[derive(Debug, Clone)]
pub struct BiLstmTrace {
    forth: LstmTrace,
    back: LstmTrace,
}

impl BiLstm {
    /// PyTorch's initial values.
    pub fn new(inputs: usize, units: usize, stream: &mut Stream, device: &Device) -> Self {
        Self {
            forth: Lstm::new(inputs, units, stream, device),
            back: Lstm::new(inputs, units, stream, device),
        }
    }

    /// The states of both directions side by side after step `at` of a sequence of `steps` inputs for the same rows,
    /// one below the other (`[steps · rows, inputs]`), from states of zero: `[rows, 2 · units]`.
    ///
    /// # Panics
    /// Panics unless `at` is below `steps`, of which the rows are a multiple.
    pub fn forward_train(&self, x: &Tensor<2>, steps: usize, at: usize) -> (Tensor<2>, BiLstmTrace) {
        assert!(at < steps && x.dims()[0].is_multiple_of(steps), "the step lies in the sequence");
        let rows = x.dims()[0] / steps;
        let run = |lstm: &Lstm, x: &Tensor<2>, steps: usize| {
            let zeros = || Tensor::zeros([rows, lstm.units()], &x.device());
            let (mut states, trace) = lstm.forward_train(x, steps, zeros(), zeros());
            (states.swap_remove(steps - 1), trace)
        };
        let before = x.clone().narrow(0, 0, (at + 1) * rows);
        let behind = reversed(&x.clone().narrow(0, at * rows, (steps - at) * rows), steps - at);
        let ((forth, first), (back, second)) =
            rayon::join(|| run(&self.forth, &before, at + 1), || run(&self.back, &behind, steps - at));
        (Tensor::cat(vec![forth, back], 1), BiLstmTrace { forth: first, back: second })
    }

    /// Adds the parameters' gradients under `path` from that of the output; returns that of the inputs.
    pub fn backward(
        &self,
        trace: &BiLstmTrace,
        dy: &Tensor<2>,
        path: &str,
        gradients: &mut Gradients,
    ) -> Tensor<2> {
        let units = self.forth.units();
        let run = |lstm: &Lstm, trace: &LstmTrace, first: usize, name: &str| {
            let mut found = Gradients::new();
            let dy = dy.clone().narrow(1, first, units);
            let da = lstm.backward(trace, &[dy], &join(path, name), &mut found);
            (lstm.input.input_gradient(&da), found)
        };
        let ((before, first), (behind, second)) = rayon::join(
            || run(&self.forth, &trace.forth, 0, "forth"),
            || run(&self.back, &trace.back, units, "back"),
        );
        for (name, gradient) in first.iter().chain(second.iter()) {
            gradients.add(name, gradient.clone());
        }
        let rows = dy.dims()[0];
        let behind = reversed(&behind, trace.back.steps.len());
        // Both ends meet at one step, whose gradients add up.
        let at = (trace.forth.steps.len() - 1) * rows;
        let after = behind.dims()[0] - rows;
        let mut parts = Vec::with_capacity(3);
        if at > 0 {
            parts.push(before.clone().narrow(0, 0, at));
        }
        parts.push(before.narrow(0, at, rows) + behind.clone().narrow(0, 0, rows));
        if after > 0 {
            parts.push(behind.narrow(0, rows, after));
        }
        Tensor::cat(parts, 0)
    }
}

/// The steps of a sequence in the other order.
fn reversed(x: &Tensor<2>, steps: usize) -> Tensor<2> {
    let rows = x.dims()[0] / steps;
    Tensor::cat((0..steps).rev().map(|t| x.clone().narrow(0, t * rows, rows)).collect(), 0)
}
