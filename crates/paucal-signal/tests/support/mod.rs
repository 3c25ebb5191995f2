//! The records of the MIT-BIH Arrhythmia Database, as far as these tests need them: two leads in format
//! 212, and the reference annotations.

use std::fs;
use std::path::{Path, PathBuf};

/// Sampling rate of the database, in Hz.
pub const FS: f64 = 360.0;

/// The folder of the records, or nothing (with a word) when the data are not there.
pub fn folder() -> Option<PathBuf> {
    let folder = std::env::var_os("PAUCAL_DATA").map(|data| PathBuf::from(data).join("mitdb"));
    if folder.is_none() {
        println!("skipped: PAUCAL_DATA does not name the folder of the data");
    }
    folder
}

/// The names of the records in a folder, in order.
pub fn records(folder: &Path) -> Vec<String> {
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let annotated = files.filter(|path| path.extension().is_some_and(|extension| extension == "atr"));
    let mut names: Vec<String> = annotated.map(|p| p.file_stem().unwrap().to_str().unwrap().into()).collect();
    names.sort();
    names
}

/// One of the two leads, in mV: 11 bits around 1024, 200 units per mV.
pub fn lead(folder: &Path, record: &str, channel: usize) -> Vec<f64> {
    let bytes = fs::read(folder.join(record).with_extension("dat")).unwrap();
    let sample = |three: &[u8]| {
        let low = if channel == 0 { three[0] } else { three[2] };
        let high = if channel == 0 { three[1] & 0x0F } else { three[1] >> 4 };
        let value = i32::from(low) | i32::from(high) << 8;
        f64::from(if value > 2047 { value - 4096 } else { value } - 1024) / 200.0
    };
    bytes.chunks_exact(3).map(sample).collect()
}

/// Sample and symbol of every annotation that is a beat or opens or closes a stretch of flutter.
pub fn annotations(folder: &Path, record: &str) -> Vec<(usize, char)> {
    let bytes = fs::read(folder.join(record).with_extension("atr")).unwrap();
    let words: Vec<usize> =
        bytes.chunks_exact(2).map(|two| usize::from(u16::from_le_bytes([two[0], two[1]]))).collect();
    let (mut next, mut sample, mut found) = (0, 0_usize, Vec::new());
    while words[next] != 0 {
        let (code, low) = (words[next] >> 10, words[next] & 1023);
        next += 1;
        match code {
            59 => {
                sample += words[next] << 16 | words[next + 1];
                next += 2;
            }
            60..=62 => {}
            63 => next += low.div_ceil(2),
            _ => {
                sample += low;
                found.extend(symbol(code).map(|symbol| (sample, symbol)));
            }
        }
    }
    found
}

fn symbol(code: usize) -> Option<char> {
    use paucal_signal::ecg::symbols::{BEATS, FLUTTER_BEGINS, FLUTTER_ENDS};
    match code {
        32 => Some(FLUTTER_BEGINS),
        33 => Some(FLUTTER_ENDS),
        _ => BEATS.iter().find(|beat| usize::from(beat.code) == code).map(|beat| beat.symbol),
    }
}
