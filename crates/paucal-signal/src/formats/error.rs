//! What can be wrong with a signal file, and what to do about it.

use std::path::{Path, PathBuf};

use paucal_core::Advice;
use paucal_core::error::{ExitKind, closest};
use paucal_core::files::FileError;

use crate::recording::Channel;

/// An error of reading or writing recordings.
#[derive(Debug, thiserror::Error)]
pub enum FormatError {
    /// A file operation failed.
    #[error(transparent)]
    File(#[from] FileError),
    /// The file is not in the format it should be in.
    #[error("{}: {message}", path.display())]
    Format {
        /// The file.
        path: PathBuf,
        /// What is wrong, with the line where known.
        message: String,
        /// What to do.
        hint: String,
    },
    /// No reader knows the format.
    #[error("{}: {what}", path.display())]
    Unknown {
        /// The file.
        path: PathBuf,
        /// What it looks like.
        what: String,
        /// What to do.
        hint: String,
    },
    /// A header names a file that is not there.
    #[error("{} names the file '{file}', which is not there", header.display())]
    Absent {
        /// The header.
        header: PathBuf,
        /// The file it names.
        file: String,
    },
    /// A file is shorter than its header says.
    #[error(
        "{} is cut off: {expected} bytes of samples expected, {found} found ({:.1} %)",
        path.display(), 100.0 * *found as f64 / (*expected).max(1) as f64
    )]
    Truncated {
        /// The file.
        path: PathBuf,
        /// Bytes that the header asks for.
        expected: u64,
        /// Bytes there are.
        found: u64,
    },
    /// The recording is larger than the reader was allowed to make it.
    #[error("{}: {samples} samples are more than the limit of {limit}", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// Samples of all channels.
        samples: u128,
        /// The limit.
        limit: u64,
    },
    /// One recording was asked for, the file holds another number.
    #[error("{} holds {count} recordings, not one", path.display())]
    Several {
        /// The file.
        path: PathBuf,
        /// How many there are.
        count: usize,
    },
    /// The format does not say how fast it was sampled.
    #[error("{} does not say its sampling rate", path.display())]
    NoRate {
        /// The file.
        path: PathBuf,
    },
    /// No such channel.
    #[error("recording {recording} has no channel '{name}'")]
    UnknownChannel {
        /// The recording.
        recording: String,
        /// What was asked for.
        name: String,
        /// Did you mean …
        hint: String,
    },
    /// The recording cannot be written in this format.
    #[error("recording {recording} cannot be written as {format}: {message}")]
    Unwritable {
        /// The recording.
        recording: String,
        /// The format.
        format: &'static str,
        /// What does not fit.
        message: String,
        /// What to do.
        hint: String,
    },
}

impl FormatError {
    /// A file that is not in the format it should be in.
    pub(crate) fn format(path: &Path, message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::Format { path: path.into(), message: message.into(), hint: hint.into() }
    }

    /// A file whose bytes make no sense.
    pub(crate) fn damaged(path: &Path, message: impl Into<String>) -> Self {
        Self::format(path, message, "get the file again from where it came")
    }

    /// A recording that does not fit a format.
    pub(crate) fn unwritable(
        recording: &str,
        format: &'static str,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) -> Self {
        Self::Unwritable { recording: recording.into(), format, message: message.into(), hint: hint.into() }
    }

    /// An unknown channel, with the closest known one or the list.
    pub(crate) fn unknown_channel(recording: &str, name: &str, channels: &[Channel]) -> Self {
        let known: Vec<&str> = channels.iter().map(|c| c.name.as_str()).collect();
        let hint = match closest(name, known.iter().copied()) {
            Some(candidate) => format!("did you mean '{candidate}'?"),
            None if known.is_empty() => "it has no channels at all".into(),
            None => format!("there are: {}", known.join(", ")),
        };
        Self::UnknownChannel { recording: recording.into(), name: name.into(), hint }
    }
}

impl Advice for FormatError {
    fn hint(&self) -> Option<String> {
        let text = match self {
            Self::File(error) => return error.hint(),
            Self::Format { hint, .. }
            | Self::Unknown { hint, .. }
            | Self::UnknownChannel { hint, .. }
            | Self::Unwritable { hint, .. } => hint.clone(),
            Self::Absent { file, .. } => {
                format!("put '{file}' into the same folder; header and signal files belong together")
            }
            Self::Truncated { .. } => {
                "get the file again from where it came, or read what is there (the option 'partial')".into()
            }
            Self::TooLarge { .. } => {
                "check the lengths in the header, or raise the limit (the option 'max_samples')".into()
            }
            Self::Several { .. } => "read all of them, or name a file that holds one".into(),
            Self::NoRate { .. } => "say the sampling rate in Hz or the duration in seconds".into(),
        };
        Some(text)
    }

    fn exit_kind(&self) -> ExitKind {
        match self {
            Self::UnknownChannel { .. } | Self::NoRate { .. } | Self::Several { .. } => ExitKind::Usage,
            _ => ExitKind::Failed,
        }
    }
}
