//! Saved models: `model.json` for everything small, `model.safetensors` for arrays, both in a run folder.
//!
//! `model.json` says format, program version, method, parameters, seed, number of training rows, the hash
//! of the input and of the tensor file, and the method's own part (schema, marginals, mixtures, shapes).
//! Neither file holds a raw row.

use std::collections::BTreeMap;

use paucal_core::Seed;
use paucal_core::files::{self, sha256_bytes};
use paucal_core::run::RunFolder;
use safetensors::tensor::{SafeTensorError, TensorView};
use safetensors::{Dtype, SafeTensors};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::error::TableError;
use crate::generator::{FittedGenerator, method};

/// Version of the model format.
pub const FORMAT: u32 = 1;

const JSON_FILE: &str = "model.json";
const TENSOR_FILE: &str = "model.safetensors";

/// A fitted model as data.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Artefact {
    /// Everything but big arrays.
    pub json: serde_json::Value,
    /// Big arrays by name.
    pub tensors: BTreeMap<String, Tensor>,
}

/// An array in row-major order.
#[derive(Debug, Clone, PartialEq)]
pub struct Tensor {
    /// Length of each axis.
    pub shape: Vec<usize>,
    /// The entries; as many as the product of the shape.
    pub data: TensorData,
}

/// Entries of a [`Tensor`].
#[derive(Debug, Clone, PartialEq)]
pub enum TensorData {
    /// Single precision: network weights.
    F32(Vec<f32>),
    /// Double precision: statistics.
    F64(Vec<f64>),
}

impl Artefact {
    /// An artefact whose JSON part is `state`.
    pub fn new(state: &impl Serialize) -> Result<Self, TableError> {
        let json = serde_json::to_value(state).map_err(|e| TableError::damaged(JSON_FILE, e))?;
        Ok(Self { json, tensors: BTreeMap::new() })
    }

    /// The JSON part as a state.
    pub fn state<T: DeserializeOwned>(&self) -> Result<T, TableError> {
        T::deserialize(&self.json).map_err(|e| TableError::damaged(JSON_FILE, e))
    }

    /// Double-precision entries of a tensor that must be there with this shape.
    pub fn f64s(&self, name: &str, shape: &[usize]) -> Result<&[f64], TableError> {
        match self.tensor(name, shape)? {
            TensorData::F64(data) => Ok(data),
            TensorData::F32(_) => Err(TableError::damaged(TENSOR_FILE, format!("'{name}' is not f64"))),
        }
    }

    /// Single-precision entries of a tensor that must be there with this shape.
    pub fn f32s(&self, name: &str, shape: &[usize]) -> Result<&[f32], TableError> {
        match self.tensor(name, shape)? {
            TensorData::F32(data) => Ok(data),
            TensorData::F64(_) => Err(TableError::damaged(TENSOR_FILE, format!("'{name}' is not f32"))),
        }
    }

    fn tensor(&self, name: &str, shape: &[usize]) -> Result<&TensorData, TableError> {
        let missing = || TableError::damaged(TENSOR_FILE, format!("there is no tensor '{name}'"));
        let tensor = self.tensors.get(name).ok_or_else(missing)?;
        if tensor.shape != shape {
            let message = format!("'{name}' has shape {:?}, not {shape:?}", tensor.shape);
            return Err(TableError::damaged(TENSOR_FILE, message));
        }
        Ok(&tensor.data)
    }
}

/// What a saved model says about its making.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ModelFacts {
    /// Parameters of the method, resolved.
    pub parameters: toml::Table,
    /// Seed of the fit.
    pub seed: Seed,
    /// Number of training rows.
    pub training_rows: usize,
    /// SHA-256 of the input file, where there was one.
    pub input_sha256: Option<String>,
}

/// The head of `model.json`, readable before anything else.
#[derive(Serialize, Deserialize)]
struct Head {
    format: u32,
    program: String,
    method: String,
}

#[derive(Serialize, Deserialize)]
struct Body {
    facts: ModelFacts,
    tensors_sha256: String,
    model: serde_json::Value,
}

#[derive(Serialize)]
struct File<'a> {
    #[serde(flatten)]
    head: &'a Head,
    #[serde(flatten)]
    body: &'a Body,
}

/// A model read from a run folder.
pub struct LoadedModel {
    /// Name of the method.
    pub method: &'static str,
    /// Version of the program that wrote it.
    pub program: String,
    /// What is said about its making.
    pub facts: ModelFacts,
    /// The model.
    pub model: Box<dyn FittedGenerator>,
}

/// Writes `model.safetensors`, then `model.json`, into a run folder.
pub fn save_model(
    folder: &RunFolder,
    model: &dyn FittedGenerator,
    facts: &ModelFacts,
) -> Result<(), TableError> {
    let artefact = model.save()?;
    let bytes = to_safetensors(&artefact.tensors).map_err(|e| TableError::damaged(TENSOR_FILE, e))?;
    let head =
        Head { format: FORMAT, program: env!("CARGO_PKG_VERSION").into(), method: model.name().into() };
    let body = Body { facts: facts.clone(), tensors_sha256: sha256_bytes(&bytes), model: artefact.json };
    folder.write(TENSOR_FILE, &bytes)?;
    folder.write_json(JSON_FILE, &File { head: &head, body: &body })?;
    Ok(())
}

/// Reads the model of a run folder. Files that are cut short, altered, mixed up or from a newer program are
/// refused with a reason.
pub fn load_model(folder: &RunFolder) -> Result<LoadedModel, TableError> {
    let json: serde_json::Value = folder.read_json(JSON_FILE)?;
    let head = Head::deserialize(&json).map_err(|e| TableError::damaged(JSON_FILE, e))?;
    if head.format > FORMAT {
        return Err(TableError::Newer { file: JSON_FILE.into(), found: head.format, known: FORMAT });
    }
    let body = Body::deserialize(json).map_err(|e| TableError::damaged(JSON_FILE, e))?;
    let bytes = files::read(&folder.file(TENSOR_FILE)).map_err(paucal_core::run::RunError::from)?;
    if sha256_bytes(&bytes) != body.tensors_sha256 {
        return Err(TableError::damaged(TENSOR_FILE, "it is not the file that model.json was written with"));
    }
    let artefact = Artefact { json: body.model, tensors: from_safetensors(&bytes)? };
    let method = method(&head.method)?;
    let model = method.restore(&artefact)?;
    Ok(LoadedModel { method: method.name, program: head.program, facts: body.facts, model })
}

/// The tensors as the bytes of a safetensors file.
pub fn to_safetensors(tensors: &BTreeMap<String, Tensor>) -> Result<Vec<u8>, SafeTensorError> {
    let bytes: Vec<(Dtype, Vec<u8>)> = tensors
        .values()
        .map(|tensor| match &tensor.data {
            TensorData::F32(data) => (Dtype::F32, data.iter().flat_map(|x| x.to_le_bytes()).collect()),
            TensorData::F64(data) => (Dtype::F64, data.iter().flat_map(|x| x.to_le_bytes()).collect()),
        })
        .collect();
    let views = tensors
        .iter()
        .zip(&bytes)
        .map(|((name, tensor), (dtype, data))| {
            Ok((name, TensorView::new(*dtype, tensor.shape.clone(), data)?))
        })
        .collect::<Result<Vec<_>, SafeTensorError>>()?;
    safetensors::serialize(views, None)
}

/// The tensors in the bytes of a safetensors file.
pub fn from_safetensors(bytes: &[u8]) -> Result<BTreeMap<String, Tensor>, TableError> {
    let file = SafeTensors::deserialize(bytes).map_err(|e| TableError::damaged(TENSOR_FILE, e))?;
    let read = |(name, view): (String, TensorView<'_>)| {
        let data = match view.dtype() {
            Dtype::F32 => {
                TensorData::F32(view.data().as_chunks().0.iter().map(|&b| f32::from_le_bytes(b)).collect())
            }
            Dtype::F64 => {
                TensorData::F64(view.data().as_chunks().0.iter().map(|&b| f64::from_le_bytes(b)).collect())
            }
            other => {
                return Err(TableError::damaged(TENSOR_FILE, format!("'{name}' has type {other:?}")));
            }
        };
        Ok((name, Tensor { shape: view.shape().to_vec(), data }))
    };
    file.tensors().into_iter().map(read).collect()
}
