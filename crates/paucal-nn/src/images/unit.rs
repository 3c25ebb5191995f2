//! A convolution, its batch normalisation and an activation: what networks of images are made of.

use burn::tensor::{Device, Tensor};
use paucal_core::Stream;

use crate::error::NnError;
use crate::gradients::Gradients;
use crate::kernels::spare;
use crate::layers::{Activation, BatchNorm, BatchNormSaved, Conv2d, Window};
use crate::parameters::join;

/// The two layers, lent by the block that owns them under names of its own.
pub struct Unit<'a> {
    pub convolution: &'a Conv2d,
    pub norm: &'a BatchNorm,
}

/// What [`Unit::backward`] needs from the forward pass.
#[derive(Debug, Clone)]
pub struct UnitTrace {
    x: Tensor<4>,
    saved: BatchNormSaved,
}

/// A convolution without bias whose weights are normal of variance `2 / (outputs · cells)` (He et al. 2015, arXiv
/// 1502.01852, eq. 14), and its normalisation.
pub fn unit(
    inputs: usize,
    outputs: usize,
    window: Window,
    stream: &mut Stream,
    device: &Device,
) -> Result<(Conv2d, BatchNorm), NnError> {
    let deviation = (2.0 / (outputs * window.kernel[0] * window.kernel[1]) as f32).sqrt();
    let convolution = Conv2d::new(inputs, outputs, window, stream, device)?.without_bias();
    Ok((convolution.with_normal_weights(deviation, stream), BatchNorm::new(outputs, device)))
}

/// `activation(norm(convolution x) + added)` by the statistics of the batch, and what the way back needs.
pub fn forward_train(
    convolution: &Conv2d,
    norm: &mut BatchNorm,
    x: Tensor<4>,
    added: Option<Tensor<4>>,
    activation: Activation,
) -> (Tensor<4>, UnitTrace) {
    let convolved = convolution.forward(&x);
    let dims = convolved.dims();
    let flat = |t: Tensor<4>| -> Tensor<2> { t.flatten(0, 2) };
    let added = added.map(flat);
    let (y, saved) = norm.forward_train_added(flat(convolved), added.as_ref(), activation);
    (y.reshape(dims), UnitTrace { x, saved })
}

impl Unit<'_> {
    /// The same by the running statistics.
    pub fn evaluate(&self, x: &Tensor<4>, added: Option<Tensor<4>>, activation: Activation) -> Tensor<4> {
        let convolved = self.convolution.forward(x);
        let dims = convolved.dims();
        let added = added.map(|t| t.flatten::<2>(0, 2));
        let y = self.norm.evaluate_added(convolved.flatten::<2>(0, 2), added.as_ref(), activation);
        y.reshape(dims)
    }

    /// Adds the parameters' gradients under the two paths; returns the gradient of the input if it is `wanted`. The
    /// gradient is that of the output or, where something was added, from [before the activation](UnitTrace::before).
    pub fn backward(
        &self,
        trace: UnitTrace,
        dy: &Tensor<4>,
        wanted: bool,
        [convolution, norm]: [&str; 2],
        gradients: &mut Gradients,
    ) -> Option<Tensor<4>> {
        let (of_convolved, of_norm) = self.norm.backward(&trace.saved, &dy.clone().flatten(0, 2));
        gradients.add_batch_norm(norm, of_norm);
        trace.saved.give();
        let of_convolved = of_convolved.reshape(dy.dims());
        let dx = self.convolution.backward(&trace.x, &of_convolved, wanted, convolution, gradients);
        spare::give(of_convolved);
        spare::give(trace.x);
        dx
    }
}

impl UnitTrace {
    /// The gradient from before the activation, given that of the output.
    pub fn before(&self, activation: Activation, dy: Tensor<4>) -> Tensor<4> {
        let dims = dy.dims();
        let before = activation.backward(self.saved.output(), dy.clone().flatten(0, 2)).reshape(dims);
        spare::give(dy);
        before
    }
}

/// Names of a unit's layers under `path`.
pub fn names(path: &str, of: [&str; 2]) -> [String; 2] {
    of.map(|name| join(path, name))
}
