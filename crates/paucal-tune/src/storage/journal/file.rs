//! The file of a journal and the lock beside it.

use std::fs::{self, File, OpenOptions};
use std::hash::{BuildHasher, RandomState};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::error::TuneError;
use crate::storage::address::is_sqlite;
use crate::time::Instant;

/// A lock of this age was left by a worker that died.
const ABANDONED: Duration = Duration::from_secs(30);
/// The longest wait between two tries for the lock.
const LONGEST_WAIT: Duration = Duration::from_millis(100);
/// How every line begins.
const START: &str = "{\"op_code\":";

/// A journal on disk and how far it has been read.
pub struct JournalFile {
    path: PathBuf,
    lock: PathBuf,
    /// Bytes of whole lines that have been read.
    offset: u64,
    lines: u64,
    /// [`ABANDONED`], but for tests.
    abandoned: Duration,
}

impl JournalFile {
    /// Opens the file; makes it if it is not there.
    pub fn open(path: &Path) -> Result<Self, TuneError> {
        let place = path.display().to_string();
        let unreachable =
            |error: io::Error| TuneError::Unreachable { url: place.clone(), message: error.to_string() };
        if is_sqlite(path) {
            let message = "it is a SQLite file, which is opened as sqlite:///FILE".into();
            return Err(TuneError::NotAStorage { url: place, message });
        }
        // Whether it can be written is asked now and not after the first trial.
        OpenOptions::new().create(true).append(true).open(path).map_err(unreachable)?;
        let path = std::path::absolute(path).map_err(unreachable)?;
        // The name that Optuna gives to the lock.
        let mut lock = path.clone().into_os_string();
        lock.push(".lock");
        Ok(Self { path, lock: lock.into(), offset: 0, lines: 0, abandoned: ABANDONED })
    }

    /// Hands every whole line that is new to `apply`. A half line at the end is being written, or its writer died.
    pub fn read_new(&mut self, mut apply: impl FnMut(&str) -> Result<(), String>) -> Result<(), TuneError> {
        let mut new = Vec::new();
        // Opened anew each time: that is when a network file system looks for what others wrote.
        let mut file = File::open(&self.path).map_err(|e| self.failed(&e))?;
        if file.metadata().map_err(|e| self.failed(&e))?.len() < self.offset {
            return Err(self.wrong("it has become shorter while it was in use".into()));
        }
        file.seek(SeekFrom::Start(self.offset)).map_err(|e| self.failed(&e))?;
        file.read_to_end(&mut new).map_err(|e| self.failed(&e))?;
        for line in new.split_inclusive(|&byte| byte == b'\n') {
            let Some(text) = line.strip_suffix(b"\n") else {
                return if begins_like_a_line(line) { Ok(()) } else { Err(self.no_entry("it is not JSON")) };
            };
            let text = std::str::from_utf8(text).map_err(|_| self.no_entry("it is not text"))?;
            apply(text).map_err(|reason| self.no_entry(&reason))?;
            self.offset += line.len() as u64;
            self.lines += 1;
        }
        Ok(())
    }

    /// Appends whole lines and sees to it that they are on the disk. Only under the lock, when all has been read: then
    /// half a line at the end was left by a writer that died, and goes.
    pub fn append(&self, lines: &str) -> Result<(), TuneError> {
        let write = || -> io::Result<()> {
            let mut file = OpenOptions::new().append(true).open(&self.path)?;
            if file.metadata()?.len() > self.offset {
                file.set_len(self.offset)?;
            }
            file.write_all(lines.as_bytes())?;
            file.sync_data()
        };
        write().map_err(|error| self.failed(&error))
    }

    /// Waits for the lock.
    pub fn lock(&self) -> Result<Lock, TuneError> {
        let mut wait = Duration::from_millis(1);
        let (mut seen, mut since) = (None, std::time::Instant::now());
        loop {
            match link(&self.path, &self.lock) {
                Ok(()) => {
                    let made = made_at(&self.lock).unwrap_or_else(SystemTime::now);
                    return Ok(Lock { path: self.lock.clone(), made });
                }
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(self.failed(&error)),
            }
            let made = made_at(&self.lock);
            if made.is_none() || made != seen {
                (seen, since) = (made, std::time::Instant::now());
            } else if since.elapsed() > self.abandoned {
                remove(&self.lock);
            }
            std::thread::sleep(wait);
            wait = (2 * wait).min(LONGEST_WAIT);
        }
    }

    fn failed(&self, error: &io::Error) -> TuneError {
        TuneError::Storage(format!("{}: {error}", self.path.display()))
    }

    fn no_entry(&self, reason: &str) -> TuneError {
        self.wrong(format!("line {} is no entry of a journal ({reason})", self.lines + 1))
    }

    fn wrong(&self, message: String) -> TuneError {
        TuneError::NotAStorage { url: self.path.display().to_string(), message }
    }
}

fn begins_like_a_line(half: &[u8]) -> bool {
    let length = half.len().min(START.len());
    half[..length] == START.as_bytes()[..length]
}

/// The right to append. Given back when it is dropped.
pub struct Lock {
    path: PathBuf,
    made: SystemTime,
}

impl Lock {
    /// When it was taken, by the clock of the file system.
    pub fn taken_at(&self) -> Instant {
        let since = self.made.duration_since(UNIX_EPOCH).unwrap_or_default();
        Instant(since.as_micros() as i64)
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // One that others took away as abandoned is theirs.
        if made_at(&self.path) == Some(self.made) {
            remove(&self.path);
        }
    }
}

/// Makes the lock, unless it is there: in one step on any file system, as Optuna does.
#[cfg(unix)]
fn link(target: &Path, lock: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(target, lock)
}

/// Makes the lock, unless it is there: Optuna's way where links need a privilege.
#[cfg(not(unix))]
fn link(_: &Path, lock: &Path) -> io::Result<()> {
    OpenOptions::new().write(true).create_new(true).open(lock).map(drop)
}

fn made_at(lock: &Path) -> Option<SystemTime> {
    fs::symlink_metadata(lock).ok()?.modified().ok()
}

/// Takes a lock away: renamed first, so that of several who try only one does.
fn remove(lock: &Path) {
    let mut aside = lock.to_owned().into_os_string();
    aside.push(format!("{}.rename", unique()));
    let aside = PathBuf::from(aside);
    if fs::rename(lock, &aside).is_ok() {
        let _ = fs::remove_file(aside);
    }
}

/// A name that nobody else has, in the form of a random UUID.
pub fn unique() -> String {
    let random = || RandomState::new().hash_one(std::process::id());
    let (a, b) = (random(), random());
    format!(
        "{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}",
        a >> 32,
        (a >> 16) & 0xffff,
        a & 0xfff,
        0x8000 | (b >> 48) & 0x3fff,
        b & 0xffff_ffff_ffff
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_whose_owner_died_is_broken_and_no_other() {
        let folder = tempfile::tempdir().unwrap();
        let mut file = JournalFile::open(&folder.path().join("study.log")).unwrap();
        file.abandoned = Duration::from_millis(300);
        std::mem::forget(file.lock().unwrap());
        let begun = std::time::Instant::now();
        let held = file.lock().unwrap();
        assert!(begun.elapsed() >= Duration::from_millis(300));
        assert!(
            Instant::now().seconds_since(held.taken_at()).abs() < 5.0,
            "files are dated by a clock like ours"
        );

        // Who was taken for dead and comes back does not take away the lock of another.
        let theirs = file.lock().unwrap();
        drop(held);
        assert!(fs::symlink_metadata(&file.lock).is_ok());
        drop(theirs);
        assert!(fs::symlink_metadata(&file.lock).is_err());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left beside the journal");
    }

    #[test]
    fn names_are_uuids_and_differ() {
        let (a, b) = (unique(), unique());
        assert_ne!(a, b);
        assert_eq!((a.len(), &a[14..15]), (36, "4"));
    }
}
