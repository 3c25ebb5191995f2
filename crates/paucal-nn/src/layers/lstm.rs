//! Long short-term memory (Hochreiter and Schmidhuber 1997, Neural Computation 9) with PyTorch's conventions.

use burn::tensor::{Device, Tensor};
use paucal_core::Stream;

use super::{Activation, Linear, initial_uniform};
use crate::gradients::Gradients;
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

/// One step of the sequence, each `[rows, units]`.
#[derive(Debug, Clone)]
struct Step {
    /// State before.
    h: Tensor<2>,
    /// Cell before.
    c: Tensor<2>,
    /// `i`, `f`, `g`, `o`.
    gates: [Tensor<2>; 4],
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
        let (rows, units) = (state.dims()[0], self.units());
        let from_input = self.input.forward(x);
        let (mut h, mut c) = (state, cell);
        let mut states = Vec::with_capacity(steps);
        let mut trace = LstmTrace { x: x.clone(), steps: Vec::with_capacity(steps) };
        for t in 0..steps {
            let gates = from_input.clone().narrow(0, t * rows, rows) + self.recurrent.forward(&h);
            let gate = |k: usize, activation: Activation| {
                activation.apply(gates.clone().narrow(1, k * units, units))
            };
            let sigmoid = Activation::Sigmoid;
            let gates = [gate(0, sigmoid), gate(1, sigmoid), gate(2, Activation::Tanh), gate(3, sigmoid)];
            let [i, f, g, o] = &gates;
            let next = f.clone() * c.clone() + i.clone() * g.clone();
            let squashed = Activation::Tanh.apply(next.clone());
            let state = o.clone() * squashed.clone();
            trace.steps.push(Step { h, c, gates, squashed });
            states.push(state.clone());
            (h, c) = (state, next);
        }
        (states, trace)
    }

    /// Adds the parameters' gradients under `path`, from those of the states after every step. That of the inputs is
    /// not computed.
    pub fn backward(&self, trace: &LstmTrace, dy: &[Tensor<2>], path: &str, gradients: &mut Gradients) {
        let mut of_gates = Vec::with_capacity(dy.len());
        let mut after: Option<(Tensor<2>, Tensor<2>)> = None;
        for (step, dy) in trace.steps.iter().zip(dy).rev() {
            let [i, f, g, o] = &step.gates;
            let sigmoid = |y: &Tensor<2>, dy: Tensor<2>| Activation::Sigmoid.backward(y, dy);
            let dh = match &after {
                Some((dh, _)) => dy.clone() + dh.clone(),
                None => dy.clone(),
            };
            let mut dc = Activation::Tanh.backward(&step.squashed, dh.clone() * o.clone());
            if let Some((_, later)) = &after {
                dc = dc + later.clone();
            }
            let da = Tensor::cat(
                vec![
                    sigmoid(i, dc.clone() * g.clone()),
                    sigmoid(f, dc.clone() * step.c.clone()),
                    Activation::Tanh.backward(g, dc.clone() * i.clone()),
                    sigmoid(o, dh * step.squashed.clone()),
                ],
                1,
            );
            after = Some((self.recurrent.input_gradient(&da), dc * f.clone()));
            of_gates.push(da);
        }
        of_gates.reverse();
        let da = Tensor::cat(of_gates, 0);
        let h = Tensor::cat(trace.steps.iter().map(|step| step.h.clone()).collect(), 0);
        gradients.add_linear(&join(path, "input"), self.input.gradient(&trace.x, &da));
        gradients.add_linear(&join(path, "recurrent"), self.recurrent.gradient(&h, &da));
    }
}
