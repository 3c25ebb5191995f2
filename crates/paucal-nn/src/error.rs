//! What can go wrong with networks.

use paucal_core::files::FileError;
use paucal_core::{Advice, ExitKind};

/// Errors of this crate.
#[derive(Debug, thiserror::Error)]
pub enum NnError {
    /// A device name that means nothing.
    #[error("there is no device '{name}'")]
    UnknownDevice {
        /// What was typed.
        name: String,
        /// What it may have meant.
        closest: Option<String>,
    },
    /// A device this build or this machine does not have.
    #[error("device '{name}' cannot be used: {reason}")]
    DeviceUnavailable {
        /// The device.
        name: String,
        /// Why not.
        reason: String,
        /// What to do.
        hint: String,
    },
    /// The processor lacks instructions the program was compiled for.
    #[error("this processor lacks {missing}, which this program was built for")]
    OldProcessor {
        /// The missing instruction sets.
        missing: String,
    },
    /// A file could not be read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// A weights file does not parse.
    #[error("{path} is not a whole safetensors file: {message}")]
    DamagedWeights {
        /// The file.
        path: String,
        /// What the parser said.
        message: String,
    },
    /// A weights file lacks a tensor.
    #[error("{path} has no tensor '{name}'")]
    MissingTensor {
        /// The file.
        path: String,
        /// The tensor.
        name: String,
        /// A tensor of the file with nearly that name.
        closest: Option<String>,
    },
    /// A tensor has another shape or element type than the network.
    #[error("tensor '{name}' of {path} is {found}, the network needs {expected}")]
    WrongTensor {
        /// The file.
        path: String,
        /// The tensor.
        name: String,
        /// What the network needs, e.g. `f32[256, 10]`.
        expected: String,
        /// What the file has.
        found: String,
    },
    /// A JSON file next to the weights does not parse.
    #[error("{path} is damaged: {message}")]
    DamagedState {
        /// The file.
        path: String,
        /// What the parser said.
        message: String,
    },
    /// A checkpoint belongs to another configuration.
    #[error("the checkpoint in {path} was written by a run with other settings ({what})")]
    OtherRun {
        /// The folder.
        path: String,
        /// What differs.
        what: String,
    },
    /// A backward pass gave no gradient for a parameter, or one of the wrong size.
    #[error("no gradient of the right size for parameter '{0}'")]
    MissingGradient(String),
    /// A loss or a weight is no longer a finite number.
    #[error("training diverged at step {step}: {what} is not a finite number")]
    Diverged {
        /// The step.
        step: u64,
        /// Which value.
        what: String,
    },
    /// The user asked for a stop.
    #[error("stopped at step {step} as asked")]
    Interrupted {
        /// Steps finished.
        step: u64,
        /// Whether a checkpoint was written.
        saved: bool,
    },
    /// A setting outside its range.
    #[error("{0}")]
    Setting(String),
}

impl Advice for NnError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::UnknownDevice { closest: Some(name), .. } => Some(format!("did you mean '{name}'?")),
            Self::UnknownDevice { closest: None, .. } => {
                Some("choose auto, cpu, vulkan, metal or cuda, with an index as in vulkan:1".into())
            }
            Self::DeviceUnavailable { hint, .. } => Some(hint.clone()),
            Self::OldProcessor { .. } => {
                Some("build it from source with RUSTFLAGS='-C target-cpu=native'".into())
            }
            Self::File(error) => error.hint(),
            Self::DamagedWeights { .. } | Self::DamagedState { .. } => {
                Some("restore the file from a copy, or fit the model again".into())
            }
            Self::MissingTensor { closest: Some(name), .. } => {
                Some(format!("it has '{name}': was it made by another kind of model?"))
            }
            Self::MissingTensor { .. } | Self::WrongTensor { .. } => {
                Some("give weights of the same kind of model with the same settings".into())
            }
            Self::OtherRun { .. } => {
                Some("repeat the settings of the first run, or begin anew in another folder".into())
            }
            Self::Diverged { .. } => {
                Some("lower the learning rate or check the data for extreme values".into())
            }
            Self::Interrupted { saved: true, .. } => {
                Some("run the same command with --resume to go on from here".into())
            }
            Self::Interrupted { saved: false, .. } | Self::MissingGradient(_) | Self::Setting(_) => None,
        }
    }

    fn exit_kind(&self) -> ExitKind {
        match self {
            Self::UnknownDevice { .. }
            | Self::DeviceUnavailable { .. }
            | Self::OtherRun { .. }
            | Self::Setting(_) => ExitKind::Usage,
            Self::Interrupted { .. } => ExitKind::Interrupted,
            _ => ExitKind::Failed,
        }
    }
}
