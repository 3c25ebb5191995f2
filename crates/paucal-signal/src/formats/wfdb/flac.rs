//! Signal files compressed by FLAC (formats 508, 516, 524): one FLAC channel for each signal.
//!
//! They are read, not written: 16, 24 and 32 hold the same samples, and every WFDB program reads those.

use std::fs::File;
use std::io::BufReader;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use claxon::FlacReader;
use paucal_core::files::FileError;

use super::header::Signal;
use super::signal::Dealer;
use crate::formats::FormatError;

type Reader = FlacReader<BufReader<File>>;

fn open(path: &Path) -> Result<Reader, FormatError> {
    let file = File::open(path).map_err(|source| FileError { action: "read", path: path.into(), source })?;
    FlacReader::new(BufReader::new(file)).map_err(|e| failed(path, &e))
}

fn failed(path: &Path, error: &claxon::Error) -> FormatError {
    FormatError::damaged(path, format!("not a FLAC file that can be read: {error}"))
}

/// Frames of the record in the file, if it says.
pub(super) fn frames(path: &Path, per_frame: usize) -> Result<Option<u64>, FormatError> {
    Ok(open(path)?.streaminfo().samples.map(|samples| samples / per_frame as u64))
}

/// Reads the first `frames` frames of every signal.
pub(super) fn read(
    path: &Path,
    signals: &[Signal],
    frames: usize,
    dealer: &mut Dealer<'_>,
) -> Result<(), FormatError> {
    let mut reader = open(path)?;
    let info = reader.streaminfo();
    let bits = signals[0].format.bits();
    if info.channels as usize != signals.len() || info.bits_per_sample > bits {
        let message = format!(
            "the FLAC file holds {} channels of {} bits, the header describes {} of {bits}",
            info.channels,
            info.bits_per_sample,
            signals.len(),
        );
        return Err(FormatError::damaged(path, message));
    }
    let per_frame = signals[0].per_frame;
    if signals.iter().any(|s| s.per_frame != per_frame) {
        return Err(FormatError::damaged(path, "signals of one FLAC file have different samples per frame"));
    }
    // The library is careful; a panic on a damaged file would still be an error like any other.
    let decoded = catch_unwind(AssertUnwindSafe(|| decode(&mut reader, frames * per_frame, dealer)));
    match decoded {
        Ok(Ok(count)) if count == frames * per_frame => Ok(()),
        Ok(Ok(count)) => {
            let message = format!("{} samples of every signal expected, {count} found", frames * per_frame);
            Err(FormatError::damaged(path, message))
        }
        Ok(Err(error)) => Err(failed(path, &error)),
        Err(_) => Err(FormatError::damaged(path, "the FLAC stream is damaged")),
    }
}

/// Deals out `wanted` samples of every channel, fewer if the stream ends before; returns how many.
fn decode(reader: &mut Reader, wanted: usize, dealer: &mut Dealer<'_>) -> claxon::Result<usize> {
    let mut blocks = reader.blocks();
    let mut buffer = Vec::new();
    let mut count = 0;
    while count < wanted {
        let Some(block) = blocks.read_next_or_eof(buffer)? else { break };
        let take = (block.duration() as usize).min(wanted - count);
        for channel in 0..block.channels() {
            dealer.give(channel as usize, &block.channel(channel)[..take]);
        }
        count += take;
        buffer = block.into_buffer();
    }
    Ok(count)
}
