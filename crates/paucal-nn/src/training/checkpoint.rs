//! The state of a training run on disk.
//!
//! Two files: `checkpoint-<step>.safetensors` with the networks, the optimisers and the best networks so far, and
//! `checkpoint.json`, which names it and holds the state of the loop. The JSON file is renamed into place last; only
//! then is the previous pair's weights file removed. A kill at any moment leaves a whole checkpoint.

use std::path::PathBuf;
use std::time::Duration;

use paucal_core::files;
use serde::{Deserialize, Serialize};

use super::Trainee;
use crate::error::NnError;
use crate::weights::Archive;

/// Version of the checkpoint files.
const VERSION: u32 = 1;
/// The file that makes a checkpoint.
const STATE: &str = "checkpoint.json";

/// Where and how often checkpoints are written.
#[derive(Debug, Clone)]
pub struct Checkpoints {
    /// The folder.
    pub folder: PathBuf,
    /// Steps between two; 0 for no limit.
    pub every_steps: u64,
    /// Time between two, if that comes first.
    pub every: Option<Duration>,
    /// What tells runs apart, such as the hash of configuration and data: a checkpoint is only resumed by a run
    /// with the same.
    pub identity: String,
}

/// A judgement that no later one has beaten.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Best {
    /// Steps made before it.
    pub step: u64,
    /// Its value.
    pub metric: f64,
}

/// Where the loop stands.
#[derive(Debug, Clone, Default)]
pub(super) struct Progress {
    /// Steps made.
    pub step: u64,
    /// The best judgement.
    pub best: Option<Best>,
    /// Its networks.
    pub best_networks: Option<Archive>,
    /// Judgements since.
    pub stale: u64,
}

impl Progress {
    pub fn out_of_patience(&self, patience: u64) -> bool {
        patience > 0 && self.stale >= patience
    }
}

/// The content of `checkpoint.json`.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct State {
    version: u32,
    identity: String,
    weights: String,
    step: u64,
    best: Option<Best>,
    stale: u64,
}

impl Checkpoints {
    /// Checkpoints in `folder` every minute.
    pub fn new(folder: impl Into<PathBuf>, identity: &str) -> Self {
        let every = Some(Duration::from_secs(60));
        Self { folder: folder.into(), every_steps: 0, every, identity: identity.to_owned() }
    }

    /// Removes the checkpoint once its run has come to its end.
    pub fn remove(&self) -> Result<(), NnError> {
        let Some(state) = self.state()? else { return Ok(()) };
        let gone = |path: PathBuf| match std::fs::remove_file(&path) {
            Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
                Err(files::FileError { action: "remove", path, source })
            }
            _ => Ok(()),
        };
        gone(self.folder.join(STATE))?;
        Ok(gone(self.folder.join(state.weights))?)
    }

    pub(super) fn due(&self, step: u64, since: Duration) -> bool {
        (self.every_steps > 0 && step.is_multiple_of(self.every_steps))
            || self.every.is_some_and(|every| since >= every)
    }

    pub(super) fn save(&self, trainee: &impl Trainee, progress: &Progress) -> Result<(), NnError> {
        let previous = self.state()?.map(|state| state.weights);
        let mut archive =
            Archive::new().joined("networks", trainee.networks()).joined("optimisers", trainee.optimisers());
        if let Some(best) = &progress.best_networks {
            archive = archive.joined("best", best.clone());
        }
        let weights = format!("checkpoint-{}.safetensors", progress.step);
        archive.write(&self.folder.join(&weights))?;
        let state = State {
            version: VERSION,
            identity: self.identity.clone(),
            weights: weights.clone(),
            step: progress.step,
            best: progress.best,
            stale: progress.stale,
        };
        let damaged = |e: serde_json::Error| self.damaged(&e.to_string());
        let text = serde_json::to_string_pretty(&state).map_err(damaged)?;
        files::write_atomic(&self.folder.join(STATE), text.as_bytes())?;
        if let Some(previous) = previous.filter(|p| *p != weights) {
            // An old file that stays is untidy, not wrong.
            let _ = std::fs::remove_file(self.folder.join(previous));
        }
        Ok(())
    }

    pub(super) fn load<T: Trainee>(&self, trainee: &mut T) -> Result<Option<Progress>, T::Error> {
        let Some(state) = self.state()? else { return Ok(None) };
        let other =
            |what: &str| NnError::OtherRun { path: self.folder.display().to_string(), what: what.to_owned() };
        if state.version != VERSION {
            return Err(other("another version of the program").into());
        }
        if state.identity != self.identity {
            return Err(other("configuration, seed or data").into());
        }
        let path = self.folder.join(&state.weights);
        let origin = path.display().to_string();
        let archive = Archive::read(&path)?;
        trainee.load_networks(&archive.part("networks"), &origin)?;
        trainee.load_optimisers(&archive.part("optimisers"), &origin)?;
        let best_networks = Some(archive.part("best")).filter(|best| !best.is_empty());
        Ok(Some(Progress { step: state.step, best: state.best, best_networks, stale: state.stale }))
    }

    fn state(&self) -> Result<Option<State>, NnError> {
        let path = self.folder.join(STATE);
        if !path.exists() {
            return Ok(None);
        }
        let text = files::read_text(&path)?;
        serde_json::from_str(&text).map(Some).map_err(|e| self.damaged(&e.to_string()))
    }

    fn damaged(&self, message: &str) -> NnError {
        NnError::DamagedState {
            path: self.folder.join(STATE).display().to_string(),
            message: message.to_owned(),
        }
    }
}
