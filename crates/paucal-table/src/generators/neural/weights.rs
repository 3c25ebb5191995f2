//! Network weights in saved models.

use paucal_nn::parameters::Parameters;
use paucal_nn::weights::Archive;
use serde::Serialize;

use crate::artefact::{Artefact, Tensor, TensorData};
use crate::error::TableError;

/// A saved model of a state and a network, whose tensors stand under `path`.
pub fn artefact(
    state: &impl Serialize,
    path: &str,
    network: &impl Parameters,
) -> Result<Artefact, TableError> {
    let mut artefact = Artefact::new(state)?;
    let archive = Archive::new().with(path, network);
    for (name, shape) in archive.tensors() {
        if let Some(values) = archive.values(name) {
            let tensor = Tensor { shape: shape.to_vec(), data: TensorData::F32(values) };
            artefact.tensors.insert(name.to_owned(), tensor);
        }
    }
    Ok(artefact)
}

/// Puts the tensors under `path` of a saved model into a network of the same shape.
pub fn load(artefact: &Artefact, path: &str, network: &mut impl Parameters) -> Result<(), TableError> {
    let mut archive = Archive::new();
    for (name, tensor) in &artefact.tensors {
        if let TensorData::F32(values) = &tensor.data {
            archive.put(name, &tensor.shape, values);
        }
    }
    Ok(archive.load(path, network, "model.safetensors")?)
}
