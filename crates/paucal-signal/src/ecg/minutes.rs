//! Real recordings that the program carries: two minutes of one lead of 22 patients of the MIT-BIH Arrhythmia
//! Database, annotated beat by beat.
//!
//! Of each patient the minutes with the most rare beats were taken, so that rare beats are more common here
//! than in life. Licence (ODC-By 1.0) and source: `data/mitdb-minutes/ATTRIBUTION.md`.
//!
//! ```
//! let folder = tempfile::tempdir()?;
//! paucal_signal::ecg::minutes::write(folder.path())?;
//! assert_eq!(paucal_signal::formats::discover(&[folder.path()])?.len(), 22);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::path::Path;

use paucal_core::files::{self, FileError};

/// A record: its name, header, signal and annotations.
type Record = (&'static str, [(&'static str, &'static [u8]); 3]);

macro_rules! record {
    ($name:literal) => {
        (
            $name,
            [
                ("hea", include_bytes!(concat!("../../data/mitdb-minutes/", $name, ".hea"))),
                ("dat", include_bytes!(concat!("../../data/mitdb-minutes/", $name, ".dat"))),
                ("atr", include_bytes!(concat!("../../data/mitdb-minutes/", $name, ".atr"))),
            ],
        )
    };
}

/// The records.
const RECORDS: [Record; 22] = [
    record!("101m4h"),
    record!("106m0"),
    record!("108m22h"),
    record!("109m17"),
    record!("112m11"),
    record!("114m4"),
    record!("115m0"),
    record!("116m9"),
    record!("118m11"),
    record!("119m0"),
    record!("122m0"),
    record!("124m4"),
    record!("201m18"),
    record!("203m0"),
    record!("205m3h"),
    record!("207m27h"),
    record!("208m0"),
    record!("209m11h"),
    record!("215m23h"),
    record!("220m5h"),
    record!("223m8"),
    record!("230m27h"),
];

/// Writes the records into a folder, in WFDB.
pub fn write(folder: &Path) -> Result<(), FileError> {
    files::create_folder(folder)?;
    for (name, parts) in RECORDS {
        for (ending, bytes) in parts {
            files::write_atomic(&folder.join(format!("{name}.{ending}")), bytes)?;
        }
    }
    Ok(())
}
