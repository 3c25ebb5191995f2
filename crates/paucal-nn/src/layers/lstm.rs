//! Long short-term memory (Hochreiter and Schmidhuber 1997, Neural Computation 9) with PyTorch's conventions.

use burn::tensor::{Device, Tensor};
use paucal_core::Stream;

use super::recurrent::{Recurrent, initial, reversed, step_of, weights};
use super::{Activation, Linear, LinearGradient, add_products, column_sums};
use crate::gradients::Gradients;
use crate::kernels::host::{self, Dense, Matrix};
use crate::kernels::lstm as kernel;
use crate::kernels::recurrent::Sizes;
use crate::kernels::spare;
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

/// What the way back of [`Lstm`] needs from the forward pass.
#[derive(Debug, Clone)]
pub struct LstmTrace {
    sizes: Sizes,
    /// Inputs of all steps, one below the other, as everything here.
    x: Tensor<2>,
    made: Made,
}

/// What a sequence leaves.
#[derive(Debug, Clone)]
struct Made {
    /// `i`, `f`, `g`, `o` side by side, `[steps · rows, 4 · units]`.
    gates: Tensor<2>,
    /// Cells, the first one given, `[(steps + 1) · rows, units]`.
    cells: Tensor<2>,
    /// `tanh c` after each step, `[steps · rows, units]`.
    squashed: Tensor<2>,
    /// States, the first one given, `[(steps + 1) · rows, units]`.
    states: Tensor<2>,
}

impl Lstm {
    /// States after every step of a sequence of `steps` inputs for the same rows, one below the other
    /// (`[steps · rows, inputs]` to `[steps · rows, units]`), from a state and a cell `[rows, units]`; and what the way
    /// back needs.
    pub fn forward_train(
        &self,
        x: &Tensor<2>,
        steps: usize,
        state: &Tensor<2>,
        cell: &Tensor<2>,
    ) -> (Tensor<2>, LstmTrace) {
        let rows = state.dims()[0];
        let sizes = Sizes { steps, rows, inputs: self.input.inputs(), units: self.units() };
        let made = match self.fused(sizes, x, state, cell) {
            Some(made) => made,
            None => self.composed(sizes, x, state, cell),
        };
        let states = made.states.clone().narrow(0, rows, steps * rows);
        (states, LstmTrace { sizes, x: x.clone(), made })
    }

    fn fused(&self, sizes: Sizes, x: &Tensor<2>, state: &Tensor<2>, cell: &Tensor<2>) -> Option<Made> {
        let Sizes { steps, rows, units, .. } = sizes;
        let (x, state, cell) = (Dense::of(x)?, Dense::of(state)?, Dense::of(cell)?);
        let made = weights(&self.input, &self.recurrent, |w| kernel::forward(sizes, w, &x, &state, &cell))?;
        Some(Made {
            gates: host::tensor(made.gates, [steps * rows, 4 * units]),
            cells: host::tensor(made.cells, [(steps + 1) * rows, units]),
            squashed: host::tensor(made.squashed, [steps * rows, units]),
            states: host::tensor(made.states, [(steps + 1) * rows, units]),
        })
    }

    fn composed(&self, sizes: Sizes, x: &Tensor<2>, state: &Tensor<2>, cell: &Tensor<2>) -> Made {
        let units = sizes.units;
        let from_input = self.input.forward(x);
        let (mut states, mut cells) = (vec![state.clone()], vec![cell.clone()]);
        let (mut gates, mut squashed) = (Vec::new(), Vec::new());
        for t in 0..sizes.steps {
            let sums = step_of(&from_input, t, sizes.rows) + self.recurrent.forward(&states[t]);
            let gate =
                |k: usize, activation: Activation| activation.apply(sums.clone().narrow(1, k * units, units));
            let sigmoid = Activation::Sigmoid;
            let [i, f, g, o] =
                [gate(0, sigmoid), gate(1, sigmoid), gate(2, Activation::Tanh), gate(3, sigmoid)];
            let cell = f.clone() * cells[t].clone() + i.clone() * g.clone();
            let tanh = Activation::Tanh.apply(cell.clone());
            states.push(o.clone() * tanh.clone());
            cells.push(cell);
            squashed.push(tanh);
            gates.push(Tensor::cat(vec![i, f, g, o], 1));
        }
        let [gates, cells, squashed, states] = [gates, cells, squashed, states].map(|of| Tensor::cat(of, 0));
        Made { gates, cells, squashed, states }
    }

    fn backward_fused(&self, trace: &LstmTrace, dy: &Tensor<2>) -> Option<Tensor<2>> {
        let Made { gates, cells, squashed, .. } = &trace.made;
        let (shape, recurrent, dy) = (gates.dims(), Dense::of(&self.recurrent.weight)?, Matrix::of(dy)?);
        let (gates, cells, squashed) = (Dense::of(gates)?, Dense::of(cells)?, Dense::of(squashed)?);
        let saved = kernel::Saved { gates: &gates, cells: &cells, squashed: &squashed };
        Some(host::tensor(kernel::backward(trace.sizes, &recurrent, saved, &dy), shape))
    }

    fn backward_composed(&self, trace: &LstmTrace, dy: &Tensor<2>) -> Tensor<2> {
        let Sizes { steps, rows, units, .. } = trace.sizes;
        let Made { gates, cells, squashed, .. } = &trace.made;
        let silent = steps - dy.dims()[0] / rows;
        let sigmoid = |y: &Tensor<2>, dy: Tensor<2>| Activation::Sigmoid.backward(y, dy);
        let mut dh = step_of(cells, 0, rows).zeros_like();
        let mut dc = dh.clone();
        let mut all = Vec::with_capacity(steps);
        for t in (0..steps).rev() {
            if t >= silent {
                dh = dh + step_of(dy, t - silent, rows);
            }
            let of_step = step_of(gates, t, rows);
            let [i, f, g, o] = [0, 1, 2, 3].map(|k| of_step.clone().narrow(1, k * units, units));
            let squashed = step_of(squashed, t, rows);
            dc = Activation::Tanh.backward(&squashed, dh.clone() * o.clone()) + dc;
            let of_sums = vec![
                sigmoid(&i, dc.clone() * g.clone()),
                sigmoid(&f, dc.clone() * step_of(cells, t, rows)),
                Activation::Tanh.backward(&g, dc.clone() * i.clone()),
                sigmoid(&o, dh * squashed),
            ];
            let da = Tensor::cat(of_sums, 1);
            dh = self.recurrent.input_gradient(&da);
            dc = dc * f;
            all.push(da);
        }
        all.reverse();
        Tensor::cat(all, 0)
    }
}

impl Recurrent for Lstm {
    type Trace = LstmTrace;

    fn new(inputs: usize, units: usize, stream: &mut Stream, device: &Device) -> Self {
        let [input, recurrent] = initial(4, inputs, units, stream, device);
        Self { input, recurrent }
    }

    fn input(&self) -> &Linear {
        &self.input
    }

    fn units(&self) -> usize {
        self.recurrent.inputs()
    }

    fn run(&self, x: &Tensor<2>, steps: usize) -> (Tensor<2>, LstmTrace) {
        let zeros = Tensor::zeros([x.dims()[0] / steps, self.units()], &x.device());
        self.forward_train(x, steps, &zeros, &zeros)
    }

    fn backward(&self, trace: LstmTrace, dy: &Tensor<2>, path: &str, gradients: &mut Gradients) -> Tensor<2> {
        let Sizes { steps, rows, .. } = trace.sizes;
        let da = match self.backward_fused(&trace, dy) {
            Some(da) => da,
            None => self.backward_composed(&trace, dy),
        };
        let Made { gates, cells, squashed, states } = trace.made;
        let before = states.clone().narrow(0, 0, steps * rows);
        // What is added to the sums is the same on both sides, and so is its gradient.
        let bias = column_sums(&da);
        for (name, input) in [("input", &trace.x), ("recurrent", &before)] {
            let gradient = LinearGradient { weight: add_products(&[(&da, input)]), bias: bias.clone() };
            gradients.add_linear(&join(path, name), gradient);
        }
        drop(before);
        [gates, cells, squashed, states].into_iter().for_each(spare::give);
        da
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
            let (states, trace) = lstm.run(x, steps);
            (step_of(&states, steps - 1, rows), trace)
        };
        let before = x.clone().narrow(0, 0, (at + 1) * rows);
        let behind = reversed(&x.clone().narrow(0, at * rows, (steps - at) * rows), steps - at);
        let ((forth, first), (back, second)) =
            rayon::join(|| run(&self.forth, &before, at + 1), || run(&self.back, &behind, steps - at));
        (Tensor::cat(vec![forth, back], 1), BiLstmTrace { forth: first, back: second })
    }

    /// Adds the parameters' gradients under `path` from that of the output; returns that of the inputs. The trace is used
    /// up.
    pub fn backward(
        &self,
        trace: BiLstmTrace,
        dy: &Tensor<2>,
        path: &str,
        gradients: &mut Gradients,
    ) -> Tensor<2> {
        let units = self.forth.units();
        let [forth_steps, back_steps] = [&trace.forth, &trace.back].map(|trace| trace.sizes.steps);
        let run = |lstm: &Lstm, trace: LstmTrace, side: usize, name: &str| {
            let mut found = Gradients::new();
            let dy = dy.clone().narrow(1, side * units, units);
            let da = lstm.backward(trace, &dy, &join(path, name), &mut found);
            let dx = lstm.input.input_gradient(&da);
            spare::give(da);
            (dx, found)
        };
        let ((before, first), (behind, second)) = rayon::join(
            || run(&self.forth, trace.forth, 0, "forth"),
            || run(&self.back, trace.back, 1, "back"),
        );
        for (name, gradient) in first.iter().chain(second.iter()) {
            gradients.add(name, gradient.clone());
        }
        let rows = dy.dims()[0];
        let behind = reversed(&behind, back_steps);
        // Both ends meet at one step, whose gradients add up.
        let at = (forth_steps - 1) * rows;
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
