//! Saved classifiers: one JSON file with the method, its parameters and what was learnt, and no beat.

use std::path::Path;

use paucal_core::files;
use serde::{Deserialize, Serialize};

use super::{Boost, Ensemble, FittedClassifier, boost, ensemble};
use crate::ecg::error::EcgError;

/// Name and version of the format.
const SCHEMA: &str = "paucal.ecg.classifier/1";

#[derive(Serialize, Deserialize)]
struct Saved<M> {
    schema: String,
    method: String,
    model: M,
}

/// Writes a model.
pub(super) fn save<M: Serialize>(method: &str, model: &M, path: &Path) -> Result<(), EcgError> {
    let saved = Saved { schema: SCHEMA.into(), method: method.into(), model };
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
            let fitted: boost::Fitted =
                serde_json::from_value(saved.model).map_err(|error| damaged(path, error.to_string()))?;
            if !fitted.consistent() {
                return Err(damaged(path, "its parts do not belong together".into()));
            }
            Ok(Box::new(fitted))
        }
        Ensemble::NAME => {
            let fitted: ensemble::Fitted =
                serde_json::from_value(saved.model).map_err(|error| damaged(path, error.to_string()))?;
            if !fitted.consistent() {
                return Err(damaged(path, "its parts do not belong together".into()));
            }
            Ok(Box::new(fitted))
        }
        other => Err(damaged(path, format!("there is no method '{other}'"))),
    }
}

fn damaged(path: &Path, message: String) -> EcgError {
    EcgError::Damaged { path: path.display().to_string(), message }
}
