//! A model in a folder.
//!
//! `model.json` says how beats are found, cut out and called, and holds the thresholds; `classifier.json` (with
//! `classifier.safetensors`, of networks) what was learnt. Neither holds a beat: prototypes are medians of at least three.

use std::path::Path;

use paucal_core::{Seed, files};
use serde::{Deserialize, Serialize};

use super::{BeatModel, Seen};
use crate::ecg::beats::Window;
use crate::ecg::classify::{self, Bank};
use crate::ecg::error::EcgError;
use crate::ecg::gate::{Calibrated, Gates};
use crate::ecg::labels::LabelMap;
use crate::ecg::prepare::PrepareOptions;

/// Name and version of the format.
const SCHEMA: &str = "paucal.ecg.model/1";
/// How the model is used.
const HEADER: &str = "model.json";
/// What was learnt.
const CLASSIFIER: &str = "classifier.json";

#[derive(Serialize, Deserialize)]
struct Header {
    schema: String,
    version: String,
    method: String,
    labels: LabelMap,
    options: PrepareOptions,
    rate_hz: f64,
    window: Window,
    gates: Gates,
    calibrated: Option<Calibrated>,
    bank: Option<Bank>,
    seen: Seen,
    seed: u64,
}

impl BeatModel {
    /// Writes the model into a folder.
    pub fn save(&self, folder: &Path) -> Result<(), EcgError> {
        files::create_folder(folder)?;
        self.classifier.save(&folder.join(CLASSIFIER))?;
        let header = Header {
            schema: SCHEMA.into(),
            version: env!("CARGO_PKG_VERSION").into(),
            method: self.classifier.name().into(),
            labels: self.labels.clone(),
            options: self.options.clone(),
            rate_hz: self.rate,
            window: self.window,
            gates: self.gates.clone(),
            calibrated: self.calibrated.clone(),
            bank: self.bank.clone(),
            seen: self.seen.clone(),
            seed: self.seed.0,
        };
        let path = folder.join(HEADER);
        let text = serde_json::to_vec_pretty(&header).map_err(|error| damaged(&path, error.to_string()))?;
        Ok(files::write_atomic(&path, &text)?)
    }

    /// Reads a model that [`save`](Self::save) wrote.
    pub fn load(folder: &Path) -> Result<Self, EcgError> {
        let path = folder.join(HEADER);
        if folder.is_dir() && !path.is_file() {
            return Err(damaged(folder, format!("there is no {HEADER}: it holds no trained model")));
        }
        let text = files::read_text(&path)?;
        let plain: serde_json::Value =
            serde_json::from_str(&text).map_err(|error| damaged(&path, error.to_string()))?;
        let schema = plain.get("schema").and_then(|schema| schema.as_str()).unwrap_or_default();
        if schema != SCHEMA {
            return Err(damaged(&path, format!("its format is '{schema}', this program reads '{SCHEMA}'")));
        }
        let header: Header =
            serde_json::from_value(plain).map_err(|error| damaged(&path, error.to_string()))?;
        let classifier = classify::load(&folder.join(CLASSIFIER))?;
        let names: Vec<&str> = header.labels.classes.iter().map(|class| class.name.as_str()).collect();
        let thresholds = header.calibrated.as_ref().map_or(names.len(), |c| c.thresholds.len());
        let bank = header.bank.as_ref().is_none_or(|bank| bank.consistent(names.len()));
        if !bank
            || classifier.name() != header.method
            || names != classifier.classes()
            || thresholds != names.len()
        {
            return Err(damaged(folder, "its files do not belong together".into()));
        }
        header.options.check()?;
        header.gates.check()?;
        Ok(Self {
            labels: header.labels,
            options: header.options,
            rate: header.rate_hz,
            window: header.window,
            gates: header.gates,
            calibrated: header.calibrated,
            bank: header.bank,
            seen: header.seen,
            seed: Seed(header.seed),
            classifier,
        })
    }
}

fn damaged(path: &Path, message: String) -> EcgError {
    EcgError::Model { path: path.display().to_string(), message }
}
