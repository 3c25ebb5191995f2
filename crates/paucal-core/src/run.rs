//! Run folders.
//!
//! A run writes into one folder: `config.toml` (resolved), `events.jsonl`, checkpoints while it
//! works, then its results, and last of all `manifest.json`. Every file is written whole or not at all,
//! and the manifest is the mark of a finished run: a folder without one was cut short and can only be
//! resumed.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::error::{Advice, ExitKind};
use crate::files::{self, FileError};

/// Version of the layout of run folders.
pub const LAYOUT: u32 = 1;

/// The file by which a folder is known as ours from its first moment.
const MARK: &str = ".paucal-run";

/// What can be wrong with a run folder.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// A file operation failed.
    #[error(transparent)]
    File(#[from] FileError),
    /// There is no such folder.
    #[error("{0} is not a run folder")]
    NotARun(String),
    /// The folder has no manifest.
    #[error("the run in {0} was cut short and has no results yet")]
    Unfinished(String),
    /// A file of the run does not parse.
    #[error("{path} is damaged: {message}")]
    Damaged {
        /// The file.
        path: String,
        /// What the parser said.
        message: String,
    },
    /// A run is in the way.
    #[error("{path} already holds {} run", if *finished { "a finished" } else { "an unfinished" })]
    Exists {
        /// The folder.
        path: String,
        /// Whether it came to its end.
        finished: bool,
    },
    /// Files that are not ours are in the way.
    #[error("{0} is a folder with other files in it")]
    NotOurs(String),
    /// The run was written by a newer program.
    #[error("{path} was written in layout {found}, this program knows up to {LAYOUT}")]
    Newer {
        /// The folder.
        path: String,
        /// Its layout version.
        found: u32,
    },
}

impl Advice for RunError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::File(error) => error.hint(),
            Self::NotARun(_) => Some("give the folder that an earlier command wrote with --out".into()),
            Self::Unfinished(_) => {
                Some("run the command that began it again with --resume and the same --out".into())
            }
            Self::Damaged { .. } => {
                Some("restore the file, or run the command again into a new folder".into())
            }
            Self::Exists { finished: true, .. } => {
                Some("choose another --out, or add --overwrite to replace it".into())
            }
            Self::Exists { finished: false, .. } => {
                Some("add --resume to continue it, or --overwrite to start anew".into())
            }
            Self::NotOurs(_) => Some("choose a new or empty folder for --out".into()),
            Self::Newer { .. } => Some("use a newer paucal to read it".into()),
        }
    }

    fn exit_kind(&self) -> ExitKind {
        match self {
            Self::NotARun(_) | Self::Exists { .. } | Self::NotOurs(_) => ExitKind::Usage,
            _ => ExitKind::Failed,
        }
    }
}

/// An input file of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Input {
    /// File name without its folder: folders are the user's business.
    pub name: String,
    /// SHA-256 of the content, lower-case hex.
    pub sha256: String,
}

/// What a finished run says about itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// Layout version, [`LAYOUT`].
    pub layout: u32,
    /// The verb, e.g. `table fit`.
    pub command: String,
    /// Version of the program.
    pub version: String,
    /// Files that were read.
    pub inputs: Vec<Input>,
    /// The seed.
    pub seed: u64,
    /// The compute device, in words.
    pub device: String,
    /// Wall-clock seconds.
    pub wall_seconds: f64,
    /// Peak resident memory in bytes, where the system tells.
    pub peak_memory_bytes: Option<u64>,
}

/// A run folder being written or read.
#[derive(Debug, Clone)]
pub struct RunFolder {
    path: PathBuf,
}

/// What to do with a folder that already holds a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Existing {
    /// Refuse it.
    Refuse,
    /// Replace its results.
    Overwrite,
    /// Continue an unfinished run.
    Resume,
}

impl RunFolder {
    /// Opens `path` for writing. A folder with files that no run wrote is never touched.
    pub fn create(path: &Path, existing: Existing) -> Result<Self, RunError> {
        let folder = Self { path: path.into() };
        files::create_folder(path)?;
        let ours = folder.file(MARK).exists();
        let name = || path.display().to_string();
        if !ours && std::fs::read_dir(path).is_ok_and(|mut entries| entries.next().is_some()) {
            return Err(RunError::NotOurs(name()));
        }
        match existing {
            Existing::Refuse if ours => {
                return Err(RunError::Exists { path: name(), finished: folder.is_finished() });
            }
            Existing::Overwrite if ours => folder.clear()?,
            _ => {}
        }
        folder.write(MARK, b"This folder belongs to a run of paucal; --overwrite may empty it.\n")?;
        Ok(folder)
    }

    /// Opens a finished run for reading.
    pub fn open(path: &Path) -> Result<Self, RunError> {
        let folder = Self { path: path.into() };
        if !path.is_dir() {
            return Err(RunError::NotARun(path.display().to_string()));
        }
        if !folder.is_finished() {
            let begun = path.join(MARK).exists();
            let name = path.display().to_string();
            return Err(if begun { RunError::Unfinished(name) } else { RunError::NotARun(name) });
        }
        let manifest: Manifest = folder.read_json("manifest.json")?;
        if manifest.layout > LAYOUT {
            return Err(RunError::Newer { path: path.display().to_string(), found: manifest.layout });
        }
        Ok(folder)
    }

    /// Whether the run in the folder came to its end.
    pub fn is_finished(&self) -> bool {
        self.path.join("manifest.json").exists()
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The path of a file in the folder.
    pub fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// Writes a file whole or not at all.
    pub fn write(&self, name: &str, bytes: &[u8]) -> Result<(), RunError> {
        Ok(files::write_atomic(&self.file(name), bytes)?)
    }

    /// Writes a value as indented JSON with a final newline.
    pub fn write_json<T: Serialize>(&self, name: &str, value: &T) -> Result<(), RunError> {
        let mut text = serde_json::to_string_pretty(value)
            .map_err(|e| RunError::Damaged { path: name.into(), message: e.to_string() })?;
        text.push('\n');
        self.write(name, text.as_bytes())
    }

    /// Reads a JSON file of the run.
    pub fn read_json<T: DeserializeOwned>(&self, name: &str) -> Result<T, RunError> {
        let path = self.file(name);
        let text = files::read_text(&path)?;
        serde_json::from_str(&text)
            .map_err(|e| RunError::Damaged { path: path.display().to_string(), message: e.to_string() })
    }

    /// Removes a folder of the run, such as a checkpoint that is no longer needed; an absent one is fine.
    pub fn remove_folder(&self, name: &str) -> Result<(), RunError> {
        let path = self.file(name);
        match std::fs::remove_dir_all(&path) {
            Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
                Err(FileError { action: "remove", path, source }.into())
            }
            _ => Ok(()),
        }
    }

    /// Marks the run as finished. Call it last.
    pub fn finish(&self, manifest: &Manifest) -> Result<(), RunError> {
        self.write_json("manifest.json", manifest)
    }

    /// Empties the folder but for its mark, the manifest first, so that a kill in between leaves no folder
    /// that looks finished.
    fn clear(&self) -> Result<(), RunError> {
        let failed = |path: PathBuf| move |source| FileError { action: "remove", path, source };
        if self.is_finished() {
            let manifest = self.file("manifest.json");
            std::fs::remove_file(&manifest).map_err(failed(manifest))?;
        }
        let entries = std::fs::read_dir(&self.path).map_err(failed(self.path.clone()))?;
        for entry in entries {
            let path = entry.map_err(failed(self.path.clone()))?.path();
            if path.file_name().is_some_and(|name| name == MARK) {
                continue;
            }
            let removed =
                if path.is_dir() { std::fs::remove_dir_all(&path) } else { std::fs::remove_file(&path) };
            removed.map_err(failed(path))?;
        }
        Ok(())
    }
}

/// The highest peak that was seen before a [`MemoryMeter`] began anew.
static EARLIER_PEAK: AtomicU64 = AtomicU64::new(0);

/// Peak resident memory of this process in bytes, where the system tells (Linux).
pub fn peak_memory_bytes() -> Option<u64> {
    Some(high_water()?.max(EARLIER_PEAK.load(Ordering::Relaxed)))
}

/// Measures the peak memory of a part of the work; parts must not overlap.
#[derive(Debug)]
pub struct MemoryMeter(());

impl MemoryMeter {
    /// Begins to measure; `None` where the system does not let us.
    pub fn start() -> Option<Self> {
        EARLIER_PEAK.fetch_max(high_water()?, Ordering::Relaxed);
        std::fs::write("/proc/self/clear_refs", "5").ok().map(|()| Self(()))
    }

    /// Peak resident memory in bytes since the start; what was in use then counts.
    pub fn peak(&self) -> Option<u64> {
        high_water()
    }
}

fn high_water() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|l| l.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse::<u64>().ok().map(|kib| kib * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest() -> Manifest {
        Manifest {
            layout: LAYOUT,
            command: "test".into(),
            version: "0".into(),
            inputs: vec![],
            seed: 0,
            device: "cpu".into(),
            wall_seconds: 0.0,
            peak_memory_bytes: None,
        }
    }

    #[test]
    fn a_run_is_finished_only_by_its_manifest() {
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("run");
        assert!(matches!(RunFolder::open(&path), Err(RunError::NotARun(_))));
        let run = RunFolder::create(&path, Existing::Refuse).unwrap();
        run.write("result.json", b"{}").unwrap();
        assert!(matches!(RunFolder::open(&path), Err(RunError::Unfinished(_))));
        let refused = RunFolder::create(&path, Existing::Refuse).unwrap_err();
        assert!(matches!(refused, RunError::Exists { finished: false, .. }));
        RunFolder::create(&path, Existing::Resume).unwrap().finish(&manifest()).unwrap();
        assert!(RunFolder::open(&path).is_ok());
        let anew = RunFolder::create(&path, Existing::Overwrite).unwrap();
        assert!(!anew.is_finished() && !anew.file("result.json").exists());
    }

    #[test]
    fn the_users_own_folder_is_never_touched() {
        let home = tempfile::tempdir().unwrap();
        std::fs::write(home.path().join("thesis.docx"), "years of work").unwrap();
        for existing in [Existing::Refuse, Existing::Overwrite, Existing::Resume] {
            assert!(matches!(RunFolder::create(home.path(), existing), Err(RunError::NotOurs(_))));
        }
        assert!(home.path().join("thesis.docx").exists());
    }

    #[test]
    fn the_memory_of_a_part_is_measured_and_the_whole_keeps_its_peak() {
        let Some(_) = peak_memory_bytes() else { return };
        let large = vec![1_u8; 64 << 20];
        std::hint::black_box(&large);
        let whole = peak_memory_bytes().unwrap();
        drop(large);
        let Some(meter) = MemoryMeter::start() else { return };
        assert!(meter.peak().unwrap() < whole, "the peak of the part does not hold what was freed before");
        // The kernel counts in batches of pages per processor, so two readings differ a little.
        assert!(peak_memory_bytes().unwrap() + (1 << 20) >= whole);
    }
}
