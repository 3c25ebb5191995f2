//! What a checkpoint must have in common with the run that resumes it.

use paucal_core::Seed;
use paucal_core::files::sha256_bytes;
use serde::Serialize;

use crate::error::TableError;
use crate::transform::Encoded;

/// Rows hashed at a time.
const CHUNK: usize = 1024;

/// Hash of the parameters, the seed and the encoded training rows.
pub fn identity(parameters: &impl Serialize, seed: Seed, encoded: &Encoded) -> Result<String, TableError> {
    let parameters = serde_json::to_string(parameters).map_err(|e| TableError::damaged("parameters", e))?;
    let mut parts = format!("{parameters}\n{}\n", seed.0);
    let width = encoded.layout().width;
    for first in (0..encoded.rows()).step_by(CHUNK) {
        let rows: Vec<usize> = (first..(first + CHUNK).min(encoded.rows())).collect();
        let mut values = vec![0.0; rows.len() * width];
        encoded.write(&rows, &mut values);
        let bytes: Vec<u8> = values.iter().flat_map(|v: &f32| v.to_le_bytes()).collect();
        parts.push_str(&sha256_bytes(&bytes));
    }
    Ok(sha256_bytes(parts.as_bytes()))
}

/// The same for training rows that are encoded otherwise.
pub fn identity_of_values(
    parameters: &impl Serialize,
    seed: Seed,
    values: &[f32],
) -> Result<String, TableError> {
    let parameters = serde_json::to_string(parameters).map_err(|e| TableError::damaged("parameters", e))?;
    let bytes: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
    Ok(sha256_bytes(format!("{parameters}\n{}\n{}", seed.0, sha256_bytes(&bytes)).as_bytes()))
}
