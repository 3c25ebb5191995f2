//! A stack of dense layers trained without a graph.

use burn::tensor::{Device, Tensor};
use paucal_core::Stream;

use crate::gradients::Gradients;
use crate::layers::{Activation, Linear};
use crate::parameters::join;

/// Dense layers with one activation after each but the last.
#[derive(Debug, Clone)]
pub struct Mlp {
    /// The layers.
    pub layers: Vec<Linear>,
    activation: Activation,
}

crate::parameters!(Mlp { parts: layers });

/// What [`Mlp::backward`] needs from the forward pass: the input of every layer.
#[derive(Debug, Clone)]
pub struct MlpTrace(Vec<Tensor<2>>);

impl Mlp {
    /// Layers of the given widths, the first being the number of inputs.
    pub fn new(widths: &[usize], activation: Activation, stream: &mut Stream, device: &Device) -> Self {
        let layers = widths.windows(2).map(|w| Linear::new(w[0], w[1], stream, device)).collect();
        Self { layers, activation }
    }

    /// Outputs `[rows, last width]`.
    pub fn forward(&self, x: &Tensor<2>) -> Tensor<2> {
        self.forward_train(x).0
    }

    /// Outputs, and what the way back needs.
    pub fn forward_train(&self, x: &Tensor<2>) -> (Tensor<2>, MlpTrace) {
        let mut inputs = Vec::with_capacity(self.layers.len());
        let mut h = x.clone();
        for (i, layer) in self.layers.iter().enumerate() {
            let last = i + 1 == self.layers.len();
            let activation = if last { Activation::Identity } else { self.activation };
            let next = layer.forward_activated(&h, activation);
            inputs.push(std::mem::replace(&mut h, next));
        }
        (h, MlpTrace(inputs))
    }

    /// Adds the parameters' gradients under `path` and returns that of the input.
    pub fn backward(
        &self,
        trace: &MlpTrace,
        dy: Tensor<2>,
        path: &str,
        gradients: &mut Gradients,
    ) -> Tensor<2> {
        let mut dy = dy;
        for (i, (layer, x)) in self.layers.iter().zip(&trace.0).enumerate().rev() {
            let path = join(&join(path, "layers"), &i.to_string());
            dy = layer.backward(x, &dy, &path, gradients);
            if i > 0 {
                // The input of this layer is the activated output of the one below.
                dy = self.activation.backward(x, dy);
            }
        }
        dy
    }
}
