//! Arrays of a model as tensors of one axis.

use crate::artefact::{Artefact, Tensor, TensorData};
use crate::error::TableError;

/// Numbers as a tensor.
pub fn tensor(data: Vec<f64>) -> Tensor {
    Tensor { shape: vec![data.len()], data: TensorData::F64(data) }
}

/// Counts as a tensor: exact below 2⁵³.
pub fn counts(data: &[usize]) -> Tensor {
    tensor(data.iter().map(|&count| count as f64).collect())
}

/// The numbers of a tensor of one axis.
pub fn take_numbers(artefact: &Artefact, name: &str) -> Result<Vec<f64>, TableError> {
    let length =
        artefact.tensors.get(name).and_then(|tensor| tensor.shape.first().copied()).unwrap_or_default();
    artefact.f64s(name, &[length]).map(<[f64]>::to_vec)
}

/// The counts of a tensor of one axis.
pub fn take_counts(artefact: &Artefact, name: &str) -> Result<Vec<usize>, TableError> {
    Ok(take_numbers(artefact, name)?.into_iter().map(|count| count as usize).collect())
}
