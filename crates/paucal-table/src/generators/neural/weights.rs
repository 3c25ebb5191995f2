//! Network weights in saved models.

use paucal_nn::weights::Archive;

use crate::artefact::{Artefact, Tensor, TensorData};

/// Puts every tensor of an archive into an artefact.
pub fn into_artefact(archive: &Archive, artefact: &mut Artefact) {
    for (name, shape) in archive.tensors() {
        if let Some(values) = archive.values(name) {
            let tensor = Tensor { shape: shape.to_vec(), data: TensorData::F32(values) };
            artefact.tensors.insert(name.to_owned(), tensor);
        }
    }
}

/// The single-precision tensors of an artefact.
pub fn from_artefact(artefact: &Artefact) -> Archive {
    let mut archive = Archive::new();
    for (name, tensor) in &artefact.tensors {
        if let TensorData::F32(values) = &tensor.data {
            archive.put(name, &tensor.shape, values);
        }
    }
    archive
}
