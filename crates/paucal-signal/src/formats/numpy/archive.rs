//! Archives of arrays: zip files with a member `name.npy` for each.

use std::fs::File;
use std::io::{BufReader, Cursor, Read, Write};
use std::path::Path;

use paucal_core::files::FileError;
use zip::result::ZipError;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

use super::Array;
use crate::formats::FormatError;

/// Reads the arrays of an archive in its order. `limit` is the most numbers of all together.
pub fn read_npz(path: &Path, limit: u64) -> Result<Vec<(String, Array)>, FormatError> {
    let file = File::open(path).map_err(|source| FileError { action: "read", path: path.into(), source })?;
    let failed = |e: ZipError| FormatError::damaged(path, format!("the archive cannot be read: {e}"));
    let mut archive = ZipArchive::new(BufReader::new(file)).map_err(failed)?;
    // Numbers of eight bytes and headers.
    let most = limit.saturating_mul(8).saturating_add(1 << 20);
    let mut left = most;
    let mut arrays = Vec::new();
    for i in 0..archive.len() {
        let member = archive.by_index(i).map_err(failed)?;
        let Some(name) = member.name().map_err(failed)?.strip_suffix(".npy").map(str::to_owned) else {
            continue;
        };
        let mut bytes = Vec::new();
        // A small archive can unpack to any length.
        member
            .take(left + 1)
            .read_to_end(&mut bytes)
            .map_err(|e| FormatError::damaged(path, format!("'{name}' cannot be unpacked: {e}")))?;
        if bytes.len() as u64 > left {
            return Err(FormatError::TooLarge {
                path: path.into(),
                samples: u128::from(most / 8) + 1,
                limit,
            });
        }
        left -= bytes.len() as u64;
        arrays.push((name, Array::parse(path, &bytes)?));
    }
    Ok(arrays)
}

/// The bytes of an archive, compressed; `path` is for messages.
pub fn render_npz(path: &Path, arrays: &[(String, Array)]) -> Result<Vec<u8>, FormatError> {
    let failed = |e: std::io::Error| FileError { action: "write", path: path.into(), source: e };
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, array) in arrays {
        archive.start_file(format!("{name}.npy"), options).map_err(|e| failed(e.into()))?;
        archive.write_all(&array.render()).map_err(failed)?;
    }
    Ok(archive.finish().map_err(|e| failed(e.into()))?.into_inner())
}
