//! One block of a critic: convolution, instance normalisation, LeakyReLU, dropout, in all the ways it is gone through.

use burn::tensor::Tensor;

use crate::kernels::gate;
use crate::kernels::host::{Dense, Owned};
use crate::kernels::spare;
use crate::layers::{Activation, Conv2d, InstanceNorm, InstanceNormGradient, InstanceNormSaved};

/// A block with the dropout mask of a pass.
pub(super) struct Block<'a> {
    pub convolution: &'a Conv2d,
    pub norm: Option<&'a InstanceNorm>,
    pub mask: Option<Tensor<4>>,
    /// Of the LeakyReLU.
    pub slope: f32,
}

/// What the block's forward pass leaves.
#[derive(Clone)]
pub(super) struct Trace {
    /// The input.
    pub input: Tensor<4>,
    /// The output.
    pub output: Tensor<4>,
    /// Of the normalisation.
    pub norm: Option<InstanceNormSaved>,
}

impl Trace {
    /// That of some of the samples.
    pub fn rows(&self, first: usize, count: usize) -> Self {
        Self {
            input: self.input.clone().narrow(0, first, count),
            output: self.output.clone().narrow(0, first, count),
            norm: self.norm.as_ref().map(|saved| saved.rows(first, count)),
        }
    }
}

/// A way back through a block.
pub(super) struct Back {
    /// Gradient of the output of the convolution: δ.
    pub delta: Tensor<4>,
    /// Gradients of the activated output of the normalisation and of its parameters.
    pub norm: Option<(Tensor<4>, InstanceNormGradient)>,
}

/// A way forth through a block of a change of its input.
pub(super) struct Tangent {
    /// The change.
    pub input: Tensor<4>,
    /// What becomes of it behind the convolution, if a normalisation follows.
    pub convolved: Option<Tensor<4>>,
}

impl Block<'_> {
    /// The output alone. Works inside a graph too.
    pub fn output(&self, x: &Tensor<4>) -> Tensor<4> {
        let activated = match self.norm {
            Some(norm) => norm.forward(&self.convolution.forward(x)),
            None => self.convolution.forward_activated(x, Activation::LeakyRelu(self.slope)),
        };
        self.masked(activated)
    }

    /// The output and what the ways back need.
    pub fn forward(&self, input: Tensor<4>) -> Trace {
        let (activated, norm) = match self.norm {
            Some(norm) => {
                let (activated, saved) = norm.forward_train(self.convolution.forward(&input));
                (activated, Some(saved))
            }
            None => (self.convolution.forward_activated(&input, Activation::LeakyRelu(self.slope)), None),
        };
        Trace { input, output: self.masked(activated), norm }
    }

    /// From the gradient of the output.
    pub fn backward(&self, trace: &Trace, dy: Tensor<4>) -> Back {
        match (self.norm, &trace.norm) {
            (Some(norm), Some(saved)) => {
                let dy = self.masked(dy);
                let (delta, gradient) = norm.backward(saved, &dy);
                Back { delta, norm: Some((dy, gradient)) }
            }
            _ => Back { delta: self.gated(&trace.output, dy), norm: None },
        }
    }

    /// From a change of the input to that of the output.
    pub fn tangent(&self, trace: &Trace, input: Tensor<4>) -> (Tensor<4>, Tangent) {
        let convolved = self.convolution.tangent(&input);
        match (self.norm, &trace.norm) {
            (Some(norm), Some(saved)) => {
                let output = self.masked(norm.tangent(saved, &convolved));
                (output, Tangent { input, convolved: Some(convolved) })
            }
            _ => (self.gated(&trace.output, convolved), Tangent { input, convolved: None }),
        }
    }

    /// The way back of the tangent: gradients of its inner product with the scores' gradient, by way of the forward
    /// values. `first` is the scores' way back on the same samples, `above` the gradient of the output that the blocks
    /// above leave. Nothing where neither they nor this block have a normalisation.
    pub fn tangent_backward(
        &self,
        trace: &Trace,
        first: Option<Tensor<4>>,
        tangent: &Tangent,
        above: Option<Tensor<4>>,
    ) -> Option<Back> {
        match (self.norm, &trace.norm, first, &tangent.convolved) {
            (Some(norm), Some(saved), Some(dy), Some(t)) => {
                let above = above.map(|above| self.masked(above));
                let (delta, gradient) = norm.tangent_backward(saved, &dy, t, above.as_ref());
                above.into_iter().for_each(spare::give);
                Some(Back { delta, norm: Some((dy, gradient)) })
            }
            _ => Some(Back { delta: self.gated(&trace.output, above?), norm: None }),
        }
    }

    /// `v` with the mask applied.
    fn masked(&self, mut v: Tensor<4>) -> Tensor<4> {
        let Some(mask) = &self.mask else { return v };
        if let Some(lent) = Dense::of(mask)
            && let Some(mut memory) = Owned::take(&mut v)
        {
            gate::mask(memory.values_mut(), &lent);
            return memory.tensor();
        }
        v * mask.clone()
    }

    /// `v` times mask and slope, where the block's output is `y`.
    fn gated(&self, y: &Tensor<4>, mut v: Tensor<4>) -> Tensor<4> {
        let mask = self.mask.as_ref().map(Dense::of);
        if let Some(lent) = Dense::of(y)
            && mask.as_ref().is_none_or(Option::is_some)
            && let Some(mut memory) = Owned::take(&mut v)
        {
            match mask.flatten() {
                Some(mask) => gate::slope_and_mask(memory.values_mut(), &lent, &mask, self.slope),
                None => gate::slope(memory.values_mut(), &lent, self.slope),
            }
            return memory.tensor();
        }
        let v = v * Activation::LeakyRelu(self.slope).derivative(y);
        match &self.mask {
            Some(mask) => v * mask.clone(),
            None => v,
        }
    }
}
