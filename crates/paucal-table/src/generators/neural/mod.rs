//! What the networks of this crate share: parameters, training rows and batches, the course of a fit, the drawing of
//! rows, saved weights.

mod batch;
pub(super) mod cells;
pub(super) mod common;
mod conditions;
mod fit;
mod held_out;
mod identity;
pub(super) mod labelled;
mod learner;
mod rows;
mod sample;
#[cfg(test)]
mod tests;
pub(super) mod tunable;
mod weights;

use paucal_nn::rows::{RowLayout, SpanKind};
use paucal_nn::{Device, Tensor, TensorData};

use crate::error::TableError;
use crate::transform::{self, Activation};

pub(super) use batch::batch_and_pac;
pub use common::Common;
pub(super) use conditions::{Wanted, WantedSampler};
pub(super) use fit::{Curves, Fit, run};
pub(super) use held_out::HeldOut;
pub(super) use identity::{identity, identity_of_values};
pub(super) use learner::{Keep, Learner, adversarial};
pub(super) use rows::{CellRows, SpanRows, frequency};
pub(super) use sample::{BLOCK, Drawing};
pub(super) use weights::{artefact, load};

/// The encoder's layout in the terms of the networks. A table in which nothing varies has none.
pub(super) fn layout(encoded: &transform::RowLayout, device: &Device) -> Result<RowLayout, TableError> {
    if encoded.spans.is_empty() {
        return Err(TableError::NothingToLearn);
    }
    let part = |span: &transform::Span| match span.activation {
        Activation::Tanh => (SpanKind::Scalar, span.width),
        Activation::Softmax => (SpanKind::OneHot, span.width),
    };
    Ok(RowLayout::new(&encoded.spans.iter().map(part).collect::<Vec<_>>(), device)?)
}

/// A matrix from row-major values.
pub(super) fn matrix(values: Vec<f32>, columns: usize, device: &Device) -> Tensor<2> {
    let rows = values.len().checked_div(columns).unwrap_or(0);
    Tensor::from_data(TensorData::new(values, [rows, columns]), device)
}

/// One-hots of classes, `[rows, count]`.
pub(super) fn one_hot(classes: &[u32], count: usize, device: &Device) -> Tensor<2> {
    let mut values = vec![0.0; classes.len() * count];
    if count > 0 {
        classes.iter().zip(values.chunks_exact_mut(count)).for_each(|(&c, bits)| bits[c as usize] = 1.0);
    }
    Tensor::from_data(TensorData::new(values, [classes.len(), count]), device)
}

/// Side by side; a matrix without columns is left out.
pub(super) fn beside(left: Tensor<2>, right: &Tensor<2>) -> Tensor<2> {
    if right.dims()[1] == 0 { left } else { Tensor::cat(vec![left, right.clone()], 1) }
}

/// The one value of a scalar tensor.
pub(super) fn scalar(tensor: Tensor<1>) -> f64 {
    f64::from(tensor.into_scalar::<f32>())
}

/// The values of a tensor, row-major.
pub(super) fn values(tensor: Tensor<2>) -> Result<Vec<f32>, TableError> {
    tensor.into_data().try_into_vec().map_err(|_| TableError::NotFinite)
}

/// `ln(1 + eˣ)`
pub(super) fn softplus(x: Tensor<2>) -> Tensor<2> {
    x.clone().clamp_min(0.0) + ((-x.abs()).exp() + 1.0).log()
}
