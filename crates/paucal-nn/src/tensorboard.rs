//! TensorBoard event files with scalars.
//!
//! A file is a sequence of records: the length of the data as a 64-bit number, its checksum, the data, their
//! checksum (CRC-32C, rotated and offset). The data are one `Event` message of TensorBoard's protocol buffers, of
//! which four fields are written here: `wall_time` (1), `step` (2), `file_version` (3) and `summary` (5) with one
//! value of `tag` (1) and `simple_value` (2). All numbers are little-endian.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use paucal_core::files::{self, FileError};

use crate::error::NnError;

/// Writes one event file. A resumed run opens a new one next to the old: TensorBoard joins them.
#[derive(Debug)]
pub struct EventWriter {
    path: PathBuf,
    file: BufWriter<File>,
}

impl EventWriter {
    /// Creates `events.out.tfevents.<seconds>.<process>` in `folder`.
    pub fn create(folder: &Path) -> Result<Self, NnError> {
        files::create_folder(folder)?;
        let now = seconds();
        let path = folder.join(format!("events.out.tfevents.{:010}.{}", now as u64, std::process::id()));
        let file = File::create(&path).map_err(|source| FileError {
            action: "create",
            path: path.clone(),
            source,
        })?;
        let mut writer = Self { path, file: BufWriter::new(file) };
        writer.write(&record(&version_event(now)))?;
        Ok(writer)
    }

    /// The file being written.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Adds a point of the curve `tag`.
    pub fn scalar(&mut self, tag: &str, step: u64, value: f64) -> Result<(), NnError> {
        self.write(&record(&scalar_event(seconds(), step, tag, value as f32)))
    }

    /// Hands everything to the system, so that a watching TensorBoard sees it.
    pub fn flush(&mut self) -> Result<(), NnError> {
        self.file.flush().map_err(|source| self.failed(source))
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), NnError> {
        self.file.write_all(bytes).map_err(|source| self.failed(source))
    }

    fn failed(&self, source: std::io::Error) -> NnError {
        FileError { action: "write", path: self.path.clone(), source }.into()
    }
}

/// Seconds since 1970.
fn seconds() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |d| d.as_secs_f64())
}

/// Wire types of protocol buffers.
const VARINT: u64 = 0;
const FIXED64: u64 = 1;
const BYTES: u64 = 2;
const FIXED32: u64 = 5;

/// The event that opens every file.
fn version_event(wall_time: f64) -> Vec<u8> {
    let mut event = Vec::new();
    fixed64(&mut event, 1, wall_time);
    bytes(&mut event, 3, b"brain.Event:2");
    event
}

/// The event of one point of a curve.
fn scalar_event(wall_time: f64, step: u64, tag: &str, value: f32) -> Vec<u8> {
    let mut point = Vec::new();
    bytes(&mut point, 1, tag.as_bytes());
    varint(&mut point, 2 << 3 | FIXED32);
    point.extend(value.to_le_bytes());
    let mut summary = Vec::new();
    bytes(&mut summary, 1, &point);
    let mut event = Vec::new();
    fixed64(&mut event, 1, wall_time);
    if step > 0 {
        varint(&mut event, 2 << 3 | VARINT);
        varint(&mut event, step);
    }
    bytes(&mut event, 5, &summary);
    event
}

fn fixed64(out: &mut Vec<u8>, field: u64, value: f64) {
    varint(out, field << 3 | FIXED64);
    out.extend(value.to_le_bytes());
}

fn bytes(out: &mut Vec<u8>, field: u64, value: &[u8]) {
    varint(out, field << 3 | BYTES);
    varint(out, value.len() as u64);
    out.extend(value);
}

/// Seven bits a byte, the lowest first; the high bit says that more follow.
fn varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Frames data as a record.
fn record(data: &[u8]) -> Vec<u8> {
    let length = (data.len() as u64).to_le_bytes();
    let mut out = Vec::with_capacity(data.len() + 16);
    out.extend(length);
    out.extend(masked_crc(&length).to_le_bytes());
    out.extend(data);
    out.extend(masked_crc(data).to_le_bytes());
    out
}

/// The checksum of records: a CRC-32C made unlike itself, so that checksums of data that hold checksums differ.
fn masked_crc(data: &[u8]) -> u32 {
    crc32c(data).rotate_right(15).wrapping_add(0xa282_ead8)
}

/// CRC-32C (Castagnoli), bit by bit: event files are small.
fn crc32c(data: &[u8]) -> u32 {
    const REFLECTED_POLYNOMIAL: u32 = 0x82f6_3b78;
    let step = |crc: u32, _| if crc & 1 == 1 { crc >> 1 ^ REFLECTED_POLYNOMIAL } else { crc >> 1 };
    !data.iter().fold(!0, |crc, &byte| (0..8).fold(crc ^ u32::from(byte), step))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_castagnolis() {
        assert_eq!(crc32c(b"123456789"), 0xe306_9283);
        assert_eq!(crc32c(&[0; 32]), 0x8a91_36aa);
    }

    #[test]
    fn records_equal_those_of_pythons_tensorboard() {
        // tools/golden/nn_tensorboard.py
        let golden = include_bytes!("../tests/golden/tensorboard.bin");
        let mut ours = record(&version_event(1_700_000_000.25));
        ours.extend(record(&scalar_event(1_700_000_001.5, 0, "loss/critic", -1.25)));
        ours.extend(record(&scalar_event(1_700_000_002.5, 300, "metric", 0.5)));
        assert_eq!(ours, golden);
    }

    #[test]
    fn a_file_holds_its_points() {
        let folder = tempfile::tempdir().unwrap();
        let mut writer = EventWriter::create(&folder.path().join("tensorboard")).unwrap();
        writer.scalar("loss", 1, 2.0).unwrap();
        writer.flush().unwrap();
        let bytes = std::fs::read(writer.path()).unwrap();
        let first = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize + 16;
        assert_eq!(bytes.len() - first, record(&scalar_event(1.0, 1, "loss", 2.0)).len());
    }
}
