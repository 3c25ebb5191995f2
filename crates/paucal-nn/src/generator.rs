//! The generator of tabular GANs (CTGAN, Xu et al. 2019, arXiv 1907.00503): dense blocks that pass their input on.
//!
//! With `h₀` the noise joined with the condition, block ℓ is `hₗ = [ReLU(BN(hₗ₋₁ Wₗᵀ + bₗ)), hₗ₋₁]`, so that widths
//! grow, and the raw row is `h_L Wᵀ + b`. Its activation is [`RowLayout::activate`](crate::rows::RowLayout).

use burn::tensor::{Device, Tensor};
use paucal_core::Stream;

use crate::gradients::Gradients;
use crate::kernels::spare;
use crate::layers::{Activation, BatchNorm, BatchNormSaved, Linear, beside};
use crate::parameters::join;

/// A generator.
#[derive(Debug, Clone)]
pub struct Generator {
    /// Hidden blocks.
    pub blocks: Vec<Block>,
    /// The output layer.
    pub head: Linear,
}

/// A dense layer and its batch norm.
#[derive(Debug, Clone)]
pub struct Block {
    /// The dense layer.
    pub linear: Linear,
    /// The batch norm.
    pub norm: BatchNorm,
}

crate::parameters!(Block { parts: linear, norm });
crate::parameters!(Generator { parts: blocks, head });

/// What [`Generator::backward`] needs from the forward pass.
#[derive(Debug, Clone)]
pub struct Trace {
    /// `h₀ … h_{L−1}`.
    inputs: Vec<Tensor<2>>,
    /// `h_L`.
    last: Tensor<2>,
    saved: Vec<BatchNormSaved>,
}

impl Generator {
    /// A generator of rows of `outputs` columns from `inputs` values (noise and condition).
    pub fn new(inputs: usize, units: &[usize], outputs: usize, stream: &mut Stream, device: &Device) -> Self {
        let mut width = inputs;
        let mut blocks = Vec::with_capacity(units.len());
        for &units in units {
            let linear = Linear::new(width, units, stream, device);
            blocks.push(Block { linear, norm: BatchNorm::new(units, device) });
            width += units;
        }
        Self { blocks, head: Linear::new(width, outputs, stream, device) }
    }

    /// Raw rows `[rows, outputs]`, normalised by the running statistics.
    pub fn forward(&self, x: &Tensor<2>) -> Tensor<2> {
        let mut h = x.clone();
        for block in &self.blocks {
            let y = block.norm.evaluate(block.linear.forward(&h), Activation::Relu);
            h = beside(&y, &h);
        }
        self.head.forward(&h)
    }

    /// Raw rows of a training batch, and what the way back needs.
    pub fn forward_train(&mut self, x: &Tensor<2>) -> (Tensor<2>, Trace) {
        let (mut inputs, mut saved) = (Vec::with_capacity(self.blocks.len()), Vec::new());
        let mut h = x.clone();
        for block in &mut self.blocks {
            let (y, of_norm) = block.norm.forward_train(block.linear.forward(&h), Activation::Relu);
            let joined = beside(&y, &h);
            inputs.push(std::mem::replace(&mut h, joined));
            saved.push(of_norm);
        }
        (self.head.forward(&h), Trace { inputs, last: h, saved })
    }

    /// Gradients of the parameters from that of the raw rows. The trace is used up.
    pub fn backward(&self, trace: Trace, dy: &Tensor<2>) -> Gradients {
        let Trace { inputs, last, saved } = trace;
        let mut gradients = Gradients::new();
        let mut dh = self.head.backward(&last, dy, "head", &mut gradients);
        spare::give(last);
        let layers = self.blocks.iter().zip(inputs.into_iter().zip(saved)).enumerate().rev();
        for (i, (block, (input, saved))) in layers {
            let path = join("blocks", &i.to_string());
            let units = block.linear.outputs();
            let passed = dh.clone().narrow(1, units, dh.dims()[1] - units);
            let (da, norm) = block.norm.backward(&saved, &dh.clone().narrow(1, 0, units));
            saved.give();
            gradients.add_batch_norm(&join(&path, "norm"), norm);
            let path = join(&path, "linear");
            if i > 0 {
                let below = block.linear.backward(&input, &da, &path, &mut gradients) + passed;
                spare::give(std::mem::replace(&mut dh, below));
            } else {
                gradients.add_linear(&path, block.linear.gradient(&input, &da));
            }
            spare::give(input);
            spare::give(da);
        }
        spare::give(dh);
        gradients
    }
}
