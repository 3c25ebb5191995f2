//! Two dense layers with dropout between them.

use burn::tensor::{Device, Tensor};
use paucal_core::Stream;

use super::Draw;
use crate::gradients::Gradients;
use crate::layers::{Activation, Linear};
use crate::noise;
use crate::parameters::join;

/// Dense, ReLU, dropout, dense, ReLU.
#[derive(Debug, Clone)]
pub struct Pair {
    /// The first layer.
    pub first: Linear,
    /// The second.
    pub second: Linear,
    dropout: f32,
}

crate::parameters!(Pair { parts: first, second });

/// What [`Pair::backward`] needs from the forward pass.
#[derive(Debug, Clone)]
pub struct PairTrace {
    x: Tensor<2>,
    /// After ReLU.
    hidden: Tensor<2>,
    mask: Option<Tensor<2>>,
    /// What the second layer took.
    dropped: Tensor<2>,
    y: Tensor<2>,
}

impl Pair {
    /// Layers of the widths (inputs, between, outputs) with PyTorch's initial values.
    pub fn new(widths: [usize; 3], dropout: f32, stream: &mut Stream, device: &Device) -> Self {
        let [inputs, hidden, outputs] = widths;
        Self {
            first: Linear::new(inputs, hidden, stream, device),
            second: Linear::new(hidden, outputs, stream, device),
            dropout,
        }
    }

    /// Number of outputs.
    pub fn outputs(&self) -> usize {
        self.second.outputs()
    }

    /// `[rows, inputs]` to `[rows, outputs]` without dropout.
    pub fn forward(&self, x: &Tensor<2>) -> Tensor<2> {
        let hidden = self.first.forward_activated(x, Activation::Relu);
        self.second.forward_activated(&hidden, Activation::Relu)
    }

    /// The same with dropout drawn for `purpose`, if it is drawn at all, and what the way back needs.
    pub fn forward_train(&self, x: Tensor<2>, purpose: &str, draw: Option<Draw>) -> (Tensor<2>, PairTrace) {
        let hidden = self.first.forward_activated(&x, Activation::Relu);
        let mask = draw.filter(|_| self.dropout > 0.0).map(|draw| {
            noise::dropout(draw.seed, purpose, draw.step, hidden.dims(), self.dropout, &hidden.device())
        });
        let dropped = match &mask {
            Some(mask) => hidden.clone() * mask.clone(),
            None => hidden.clone(),
        };
        let y = self.second.forward_activated(&dropped, Activation::Relu);
        (y.clone(), PairTrace { x, hidden, mask, dropped, y })
    }

    /// Adds the parameters' gradients under `path`; returns that of the input.
    pub fn backward(
        &self,
        trace: &PairTrace,
        dy: Tensor<2>,
        path: &str,
        gradients: &mut Gradients,
    ) -> Tensor<2> {
        let raw = Activation::Relu.backward(&trace.y, dy);
        let mut of_hidden = self.second.backward(&trace.dropped, &raw, &join(path, "second"), gradients);
        if let Some(mask) = &trace.mask {
            of_hidden = of_hidden * mask.clone();
        }
        let raw = Activation::Relu.backward(&trace.hidden, of_hidden);
        self.first.backward(&trace.x, &raw, &join(path, "first"), gradients)
    }
}
