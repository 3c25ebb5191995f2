//! Saved classifiers: a JSON file with the method, its parameters and what was learnt, and no beat. The tensors of a
//! network lie in a safetensors file beside it, which the JSON file names with its digest.

use std::path::{Path, PathBuf};

use paucal_core::files;
use paucal_nn::weights::Archive;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::{Boost, Cnn, Ensemble, FittedClassifier, Hybrid, boost, ensemble, network};
use crate::ecg::error::EcgError;

/// Name and version of the format.
const SCHEMA: &str = "paucal.ecg.classifier/1";

#[derive(Serialize, Deserialize)]
struct Saved<M> {
    schema: String,
    method: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    weights: Option<Weights>,
    model: M,
}

/// The file of the tensors.
#[derive(Serialize, Deserialize)]
struct Weights {
    /// Its name, in the same folder.
    file: String,
    /// Its SHA-256.
    sha256: String,
}

/// Writes a model without tensors.
pub(super) fn save<M: Serialize>(method: &str, model: &M, path: &Path) -> Result<(), EcgError> {
    write(method, model, None, path)
}

/// Writes a model and its tensors; the JSON file, which makes it a model, comes last.
pub(super) fn save_with<M: Serialize>(
    method: &str,
    model: &M,
    tensors: &Archive,
    path: &Path,
) -> Result<(), EcgError> {
    let beside = path.with_extension("safetensors");
    let bytes = tensors.to_bytes()?;
    files::write_atomic(&beside, &bytes)?;
    let file = beside.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    write(method, model, Some(Weights { file, sha256: files::sha256_bytes(&bytes) }), path)
}

fn write<M: Serialize>(
    method: &str,
    model: &M,
    weights: Option<Weights>,
    path: &Path,
) -> Result<(), EcgError> {
    let saved = Saved { schema: SCHEMA.into(), method: method.into(), weights, model };
    let text = serde_json::to_vec(&saved).map_err(|error| damaged(path, error.to_string()))?;
    Ok(files::write_atomic(path, &text)?)
}

/// Reads a model that [`FittedClassifier::save`] wrote.
pub fn load(path: &Path) -> Result<Box<dyn FittedClassifier>, EcgError> {
    let text = files::read_text(path)?;
    let saved: Saved<serde_json::Value> =
        serde_json::from_str(&text).map_err(|error| damaged(path, error.to_string()))?;
    if saved.schema != SCHEMA {
        return Err(damaged(path, format!("it is written as '{}', not '{SCHEMA}'", saved.schema)));
    }
    match saved.method.as_str() {
        Boost::NAME => {
            let fitted: boost::Fitted = parse(path, saved.model)?;
            if !fitted.consistent() {
                return Err(damaged(path, APART.into()));
            }
            Ok(Box::new(fitted))
        }
        Ensemble::NAME => {
            let fitted: ensemble::Fitted = parse(path, saved.model)?;
            if !fitted.consistent() {
                return Err(damaged(path, APART.into()));
            }
            Ok(Box::new(fitted))
        }
        Cnn::NAME => load_network::<Cnn>(path, saved),
        Hybrid::NAME => load_network::<Hybrid>(path, saved),
        other => Err(damaged(path, format!("there is no method '{other}'"))),
    }
}

/// What is wrong with a file that was tampered with.
const APART: &str = "its parts do not belong together";

fn load_network<M: network::Method>(
    path: &Path,
    saved: Saved<serde_json::Value>,
) -> Result<Box<dyn FittedClassifier>, EcgError> {
    let weights = saved.weights.ok_or_else(|| damaged(path, "it names no file of weights".into()))?;
    let name = Path::new(&weights.file).file_name().map(PathBuf::from).unwrap_or_default();
    let beside = path.with_file_name(name);
    let bytes = files::read(&beside)?;
    if files::sha256_bytes(&bytes) != weights.sha256 {
        return Err(damaged(&beside, format!("it does not belong to {}", path.display())));
    }
    let origin = beside.display().to_string();
    let tensors = Archive::from_bytes(&bytes, &origin)?;
    let learnt: network::Learnt<M> = parse(path, saved.model)?;
    match learnt.with(&tensors, &origin)? {
        Some(fitted) => Ok(Box::new(fitted)),
        None => Err(damaged(path, APART.into())),
    }
}

fn parse<M: DeserializeOwned>(path: &Path, model: serde_json::Value) -> Result<M, EcgError> {
    serde_json::from_value(model).map_err(|error| damaged(path, error.to_string()))
}

fn damaged(path: &Path, message: String) -> EcgError {
    EcgError::Model { path: path.display().to_string(), message }
}
