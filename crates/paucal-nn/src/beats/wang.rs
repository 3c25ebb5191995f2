//! The network of Wang et al. (2020, PeerJ Computer Science 6:e324).
//!
//! Three blocks of convolution (16 channels of 11 at every third place, 32 of 5, 64 of 3), batch normalisation, ReLU
//! and the largest of three at every second place; their output beside a few features of the rhythm; a dense layer
//! of 64 and one of the classes.

use burn::tensor::{Device, Tensor};
use paucal_core::Stream;

use super::{BeatNetwork, Beside, Draw, Logits};
use crate::conv_stack::{Block, ConvStack, ConvTrace};
use crate::error::NnError;
use crate::gradients::Gradients;
use crate::layers::{Activation, Linear, MaxPool1d};

/// Units of the dense layer.
const HIDDEN: usize = 64;
/// Channels, kernel and stride of the convolutions.
const BLOCKS: [[usize; 3]; 3] = [[16, 11, 3], [32, 5, 1], [64, 3, 1]];

/// Sizes of a [`WangNet`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WangShape {
    /// Samples of a wave, at least 101.
    pub length: usize,
    /// Features beside the wave.
    pub table: usize,
    /// Classes.
    pub classes: usize,
}

/// Convolutions, and dense layers on what they make beside the table.
#[derive(Debug, Clone)]
pub struct WangNet {
    encoder: ConvStack,
    hidden: Linear,
    head: Linear,
}

crate::parameters!(WangNet { parts: encoder, hidden, head });

/// What the way back needs.
pub struct WangTrace {
    encoder: ConvTrace,
    encoded: [usize; 3],
    joined: Tensor<2>,
    hidden: Tensor<2>,
}

impl WangNet {
    /// A network with PyTorch's initial values.
    ///
    /// # Errors
    /// When the waves are too short for the convolutions.
    pub fn new(shape: WangShape, stream: &mut Stream, device: &Device) -> Result<Self, NnError> {
        let pool = MaxPool1d::new(3, 2);
        let blocks =
            BLOCKS.map(|[outputs, kernel, stride]| Block { outputs, kernel, stride, padding: 0, pool });
        let encoder = ConvStack::new(1, &blocks, stream, device)?;
        let width = encoder.positions(shape.length) * BLOCKS[2][0];
        if width == 0 {
            let message = format!("beats of {} samples are too short for this network", shape.length);
            return Err(NnError::Setting(message));
        }
        let hidden = Linear::new(width + shape.table, HIDDEN, stream, device);
        Ok(Self { encoder, hidden, head: Linear::new(HIDDEN, shape.classes, stream, device) })
    }
}

/// Features beside the table, if there is one.
fn join(features: Tensor<2>, beside: &Beside) -> Tensor<2> {
    match &beside.table {
        Some(table) => Tensor::cat(vec![features, table.clone()], 1),
        None => features,
    }
}

impl BeatNetwork for WangNet {
    type Trace = WangTrace;

    fn slots(&self) -> usize {
        1
    }

    fn encode(&self, waves: &Tensor<3>) -> Tensor<2> {
        let encoded = self.encoder.evaluate(waves);
        let [rows, length, channels] = encoded.dims();
        encoded.reshape([rows, length * channels])
    }

    fn decide(&self, features: &Tensor<2>, beside: &Beside) -> Logits {
        let hidden = self.hidden.forward_activated(&join(features.clone(), beside), Activation::Relu);
        Logits { classes: self.head.forward(&hidden), noise: None }
    }

    fn forward_train(&mut self, waves: &Tensor<3>, beside: &Beside, _: Option<Draw>) -> (Logits, WangTrace) {
        let (y, encoder) = self.encoder.forward_train(waves);
        let encoded = y.dims();
        let joined = join(y.reshape([encoded[0], encoded[1] * encoded[2]]), beside);
        let hidden = self.hidden.forward_activated(&joined, Activation::Relu);
        let logits = Logits { classes: self.head.forward(&hidden), noise: None };
        (logits, WangTrace { encoder, encoded, joined, hidden })
    }

    fn backward(&self, trace: WangTrace, of: &Logits) -> Gradients {
        let mut gradients = Gradients::new();
        let of_hidden = self.head.backward(&trace.hidden, &of.classes, "head", &mut gradients);
        let raw = Activation::Relu.backward(&trace.hidden, of_hidden);
        let of_joined = self.hidden.backward(&trace.joined, &raw, "hidden", &mut gradients);
        let width = trace.encoded[1] * trace.encoded[2];
        // A copy without gaps, for the kernels.
        let dy = of_joined.narrow(1, 0, width).reshape(trace.encoded);
        self.encoder.backward(trace.encoder, dy, "encoder", &mut gradients);
        gradients
    }
}
