//! Blocks of convolution, batch normalisation, ReLU and pooling, trained without a graph.

use burn::tensor::{Device, Tensor};
use paucal_core::Stream;

use crate::error::NnError;
use crate::gradients::Gradients;
use crate::kernels::spare;
use crate::layers::{Conv1d, MaxPool1d, NormPool, NormPoolSaved};
use crate::parameters::join;

/// Sizes of a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Block {
    /// Channels it makes.
    pub outputs: usize,
    /// Positions of a window of the convolution.
    pub kernel: usize,
    /// Distance of a window from the next.
    pub stride: usize,
    /// Zeros on either side.
    pub padding: usize,
    /// What is kept of what the convolution makes.
    pub pool: MaxPool1d,
}

/// Blocks one after the other.
#[derive(Debug, Clone)]
pub struct ConvStack {
    /// The convolutions.
    pub convolutions: Vec<Conv1d>,
    /// What follows each.
    pub norms: Vec<NormPool>,
}

crate::parameters!(ConvStack { parts: convolutions, norms });

/// What [`ConvStack::backward`] needs from the forward pass: the input of every convolution, and more.
#[derive(Debug, Clone)]
pub struct ConvTrace {
    inputs: Vec<Tensor<3>>,
    saved: Vec<NormPoolSaved>,
}

impl ConvStack {
    /// Blocks on sequences of so many channels, with PyTorch's initial values.
    pub fn new(
        inputs: usize,
        blocks: &[Block],
        stream: &mut Stream,
        device: &Device,
    ) -> Result<Self, NnError> {
        let mut stack = Self { convolutions: Vec::new(), norms: Vec::new() };
        let mut channels = inputs;
        for block in blocks {
            let convolution = Conv1d::new(channels, block.outputs, block.kernel, stream, device)?;
            stack.convolutions.push(convolution.with_stride(block.stride).with_padding(block.padding));
            stack.norms.push(NormPool::new(block.outputs, block.pool, device));
            channels = block.outputs;
        }
        Ok(stack)
    }

    /// Positions of the output for an input of `length`; 0 where a window does not fit.
    pub fn positions(&self, length: usize) -> usize {
        let blocks = self.convolutions.iter().zip(&self.norms);
        blocks.fold(length, |length, (convolution, norm)| norm.positions(convolution.positions(length)))
    }

    /// `[rows, length, inputs]` to `[rows, positions, outputs]` by the running statistics.
    pub fn evaluate(&self, x: &Tensor<3>) -> Tensor<3> {
        let mut h = x.clone();
        for (convolution, norm) in self.convolutions.iter().zip(&self.norms) {
            let convolved = convolution.forward(&h);
            spare::give(std::mem::replace(&mut h, norm.evaluate(&convolved)));
            spare::give(convolved);
        }
        h
    }

    /// The same by the statistics of the batch, and what the way back needs.
    pub fn forward_train(&mut self, x: &Tensor<3>) -> (Tensor<3>, ConvTrace) {
        let mut trace = ConvTrace { inputs: Vec::new(), saved: Vec::new() };
        let mut h = x.clone();
        for (convolution, norm) in self.convolutions.iter().zip(&mut self.norms) {
            let (next, saved) = norm.forward_train(convolution.forward(&h));
            trace.inputs.push(std::mem::replace(&mut h, next));
            trace.saved.push(saved);
        }
        (h, trace)
    }

    /// Adds the parameters' gradients under `path`. That of the input is not computed: it is data. The trace is used up.
    pub fn backward(&self, trace: ConvTrace, dy: Tensor<3>, path: &str, gradients: &mut Gradients) {
        let mut dy = Some(dy);
        let blocks = self.convolutions.iter().zip(&self.norms).zip(trace.inputs.into_iter().zip(trace.saved));
        for (i, ((convolution, norm), (input, saved))) in blocks.enumerate().rev() {
            let Some(of_output) = dy else { return };
            let name = |part: &str| join(path, &format!("{part}.{i}"));
            let of_norm = norm.backward(saved, &of_output, &name("norms"), gradients);
            spare::give(of_output);
            dy = convolution.backward(&input, &of_norm, i > 0, &name("convolutions"), gradients);
            spare::give(of_norm);
            spare::give(input);
        }
    }
}
