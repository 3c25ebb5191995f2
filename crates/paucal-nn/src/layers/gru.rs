//! The gated recurrent unit (Cho et al. 2014, arXiv 1406.1078) with PyTorch's conventions.

use burn::tensor::{Device, Tensor};
use paucal_core::Stream;

use super::recurrent::{Recurrent, initial, step_of, weights};
use super::{Activation, Linear};
use crate::gradients::Gradients;
use crate::kernels::gru as kernel;
use crate::kernels::host::{self, Dense, Matrix};
use crate::kernels::recurrent::Sizes;
use crate::kernels::spare;
use crate::parameters::join;

/// One layer. With `r` and `z` = σ of their share of `W x + b + U h + d`, `n = tanh(W x + b + r (U h + d))` and
/// `h ← (1 − z) n + z h`.
#[derive(Debug, Clone)]
pub struct Gru {
    /// `W` and `b`: inputs to `r`, `z`, `n`.
    pub input: Linear,
    /// `U` and `d`: state to the same.
    pub recurrent: Linear,
}

crate::parameters!(Gru { parts: input, recurrent });

/// What the way back of [`Gru`] needs from the forward pass.
#[derive(Debug, Clone)]
pub struct GruTrace {
    sizes: Sizes,
    /// Inputs of all steps, one below the other, as everything here.
    x: Tensor<2>,
    made: Made,
}

/// What a sequence leaves.
#[derive(Debug, Clone)]
struct Made {
    /// `r`, `z`, `n` side by side, `[steps · rows, 3 · units]`.
    gates: Tensor<2>,
    /// `U h + d` of `n`, `[steps · rows, units]`.
    recalled: Tensor<2>,
    /// States, the first one given, `[(steps + 1) · rows, units]`.
    states: Tensor<2>,
}

impl Gru {
    /// States after every step of a sequence of `steps` inputs for the same rows, one below the other
    /// (`[steps · rows, inputs]` to `[steps · rows, units]`), from a state `[rows, units]`; and what the way back needs.
    pub fn forward_train(&self, x: &Tensor<2>, steps: usize, state: &Tensor<2>) -> (Tensor<2>, GruTrace) {
        let rows = state.dims()[0];
        let sizes = Sizes { steps, rows, inputs: self.input.inputs(), units: self.units() };
        let made = match self.fused(sizes, x, state) {
            Some(made) => made,
            None => self.composed(sizes, x, state),
        };
        let states = made.states.clone().narrow(0, rows, steps * rows);
        (states, GruTrace { sizes, x: x.clone(), made })
    }

    fn fused(&self, sizes: Sizes, x: &Tensor<2>, state: &Tensor<2>) -> Option<Made> {
        let Sizes { steps, rows, units, .. } = sizes;
        let (x, state) = (Dense::of(x)?, Dense::of(state)?);
        let made = weights(&self.input, &self.recurrent, |w| kernel::forward(sizes, w, &x, &state))?;
        Some(Made {
            gates: host::tensor(made.gates, [steps * rows, 3 * units]),
            recalled: host::tensor(made.recalled, [steps * rows, units]),
            states: host::tensor(made.states, [(steps + 1) * rows, units]),
        })
    }

    fn composed(&self, sizes: Sizes, x: &Tensor<2>, state: &Tensor<2>) -> Made {
        let units = sizes.units;
        let from_input = self.input.forward(x);
        let (mut gates, mut recalled, mut states) = (Vec::new(), Vec::new(), vec![state.clone()]);
        for t in 0..sizes.steps {
            let h = states[t].clone();
            let (from_input, from_state) = (step_of(&from_input, t, sizes.rows), self.recurrent.forward(&h));
            let share = |of: &Tensor<2>, k: usize| of.clone().narrow(1, k * units, units);
            let [r, z] =
                [0, 1].map(|k| Activation::Sigmoid.apply(share(&from_input, k) + share(&from_state, k)));
            let of_n = share(&from_state, 2);
            let n = Activation::Tanh.apply(share(&from_input, 2) + r.clone() * of_n.clone());
            states.push(n.clone() + z.clone() * (h - n.clone()));
            recalled.push(of_n);
            gates.push(Tensor::cat(vec![r, z, n], 1));
        }
        let [gates, recalled, states] = [gates, recalled, states].map(|of| Tensor::cat(of, 0));
        Made { gates, recalled, states }
    }

    fn backward_fused(&self, trace: &GruTrace, dy: &Tensor<2>) -> Option<(Tensor<2>, Tensor<2>)> {
        let Made { gates, recalled, states } = &trace.made;
        let (shape, recurrent, dy) = (gates.dims(), Dense::of(&self.recurrent.weight)?, Matrix::of(dy)?);
        let (gates, recalled, states) = (Dense::of(gates)?, Dense::of(recalled)?, Dense::of(states)?);
        let saved = kernel::Saved { gates: &gates, recalled: &recalled, states: &states };
        let made = kernel::backward(trace.sizes, &recurrent, saved, &dy);
        Some((host::tensor(made.input, shape), host::tensor(made.state, shape)))
    }

    fn backward_composed(&self, trace: &GruTrace, dy: &Tensor<2>) -> (Tensor<2>, Tensor<2>) {
        let Sizes { steps, rows, units, .. } = trace.sizes;
        let Made { gates, recalled, states } = &trace.made;
        let silent = steps - dy.dims()[0] / rows;
        let mut dh = step_of(states, 0, rows).zeros_like();
        let (mut of_inputs, mut of_states) = (Vec::new(), Vec::new());
        for t in (0..steps).rev() {
            if t >= silent {
                dh = dh + step_of(dy, t - silent, rows);
            }
            let of_step = step_of(gates, t, rows);
            let [r, z, n] = [0, 1, 2].map(|k| of_step.clone().narrow(1, k * units, units));
            let h = step_of(states, t, rows);
            let of_n = Activation::Tanh.backward(&n, dh.clone() - dh.clone() * z.clone());
            let of_z = Activation::Sigmoid.backward(&z, dh.clone() * (h - n));
            let of_r = Activation::Sigmoid.backward(&r, of_n.clone() * step_of(recalled, t, rows));
            let of_state = Tensor::cat(vec![of_r.clone(), of_z.clone(), of_n.clone() * r], 1);
            dh = dh * z + self.recurrent.input_gradient(&of_state);
            of_inputs.push(Tensor::cat(vec![of_r, of_z, of_n], 1));
            of_states.push(of_state);
        }
        of_inputs.reverse();
        of_states.reverse();
        (Tensor::cat(of_inputs, 0), Tensor::cat(of_states, 0))
    }
}

impl Recurrent for Gru {
    type Trace = GruTrace;

    fn new(inputs: usize, units: usize, stream: &mut Stream, device: &Device) -> Self {
        let [input, recurrent] = initial(3, inputs, units, stream, device);
        Self { input, recurrent }
    }

    fn input(&self) -> &Linear {
        &self.input
    }

    fn units(&self) -> usize {
        self.recurrent.inputs()
    }

    fn run(&self, x: &Tensor<2>, steps: usize) -> (Tensor<2>, GruTrace) {
        let zeros = Tensor::zeros([x.dims()[0] / steps, self.units()], &x.device());
        self.forward_train(x, steps, &zeros)
    }

    fn backward(&self, trace: GruTrace, dy: &Tensor<2>, path: &str, gradients: &mut Gradients) -> Tensor<2> {
        let Sizes { steps, rows, .. } = trace.sizes;
        let (of_input, of_state) = match self.backward_fused(&trace, dy) {
            Some(both) => both,
            None => self.backward_composed(&trace, dy),
        };
        let Made { gates, recalled, states } = trace.made;
        let before = states.clone().narrow(0, 0, steps * rows);
        gradients.add_linear(&join(path, "input"), self.input.gradient(&trace.x, &of_input));
        gradients.add_linear(&join(path, "recurrent"), self.recurrent.gradient(&before, &of_state));
        drop(before);
        [gates, recalled, states, of_state].into_iter().for_each(spare::give);
        of_input
    }
}
