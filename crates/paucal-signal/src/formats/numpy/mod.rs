//! NumPy arrays: `.npy` (NEP 1) and archives of them, `.npz`.
//!
//! [`Array`] is an array as stored. As a recording, an array of one dimension is one channel; of two, the
//! longer dimension is time, and for equal ones the first.

mod archive;
mod header;

use std::path::Path;

use paucal_core::files;

pub use self::archive::{read_npz, render_npz};

use super::{FormatError, Read, ReadOptions};
use crate::recording::{Channel, Recording, Samples};

/// The first bytes of an array file.
pub(super) const MAGIC: &[u8] = b"\x93NUMPY";

/// Numbers of an array in row-major order.
#[derive(Debug, Clone, PartialEq)]
pub enum Values {
    /// `f4`
    F32(Vec<f32>),
    /// `f8`
    F64(Vec<f64>),
    /// `i2`
    I16(Vec<i16>),
    /// `i4`
    I32(Vec<i32>),
    /// `i8`
    I64(Vec<i64>),
    /// `u1`; truth values are 0 and 1.
    U8(Vec<u8>),
}

/// An array of any number of dimensions.
#[derive(Debug, Clone, PartialEq)]
pub struct Array {
    /// Its dimensions; none for a single number.
    pub shape: Vec<usize>,
    /// Its numbers, the last dimension fastest.
    pub values: Values,
}

impl Values {
    /// How many.
    pub fn len(&self) -> usize {
        match self {
            Self::F32(v) => v.len(),
            Self::F64(v) => v.len(),
            Self::I16(v) => v.len(),
            Self::I32(v) => v.len(),
            Self::I64(v) => v.len(),
            Self::U8(v) => v.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// All of them in double precision.
    pub fn to_f64(&self) -> Vec<f64> {
        match self {
            Self::F32(v) => v.iter().map(|&x| f64::from(x)).collect(),
            Self::F64(v) => v.clone(),
            Self::I16(v) => v.iter().map(|&x| f64::from(x)).collect(),
            Self::I32(v) => v.iter().map(|&x| f64::from(x)).collect(),
            Self::I64(v) => v.iter().map(|&x| x as f64).collect(),
            Self::U8(v) => v.iter().map(|&x| f64::from(x)).collect(),
        }
    }

    /// The values at some places.
    fn picked(&self, places: impl Iterator<Item = usize>) -> Self {
        match self {
            Self::F32(v) => Self::F32(places.map(|i| v[i]).collect()),
            Self::F64(v) => Self::F64(places.map(|i| v[i]).collect()),
            Self::I16(v) => Self::I16(places.map(|i| v[i]).collect()),
            Self::I32(v) => Self::I32(places.map(|i| v[i]).collect()),
            Self::I64(v) => Self::I64(places.map(|i| v[i]).collect()),
            Self::U8(v) => Self::U8(places.map(|i| v[i]).collect()),
        }
    }
}

impl Array {
    /// Parses a `.npy` file; `path` is for messages.
    pub fn parse(path: &Path, bytes: &[u8]) -> Result<Self, FormatError> {
        header::parse(path, bytes)
    }

    /// The bytes of a `.npy` file.
    pub fn render(&self) -> Vec<u8> {
        header::render(self)
    }

    /// A recording of a channel or of several.
    fn into_recording(
        self,
        path: &Path,
        id: String,
        options: &ReadOptions,
    ) -> Result<Recording, FormatError> {
        let (samples, channels, step, stride) = match self.shape[..] {
            [n] => (n, 1, 1, 0),
            [n, c] if n >= c => (n, c, c, 1),
            [c, n] => (n, c, 1, n),
            _ => {
                let message = format!("an array of {} dimensions is not a recording", self.shape.len());
                return Err(FormatError::format(
                    path,
                    message,
                    "save samples × channels, one recording at a time",
                ));
            }
        };
        let rate = options.rate_of(path, samples)?;
        let channel = |c: usize| Channel {
            name: if channels == 1 { "signal".into() } else { format!("signal {}", c + 1) },
            unit: String::new(),
            rate,
            samples: match self.values.picked((0..samples).map(|i| i * step + c * stride)) {
                Values::F32(values) => Samples::Single(values),
                other => Samples::Double(other.to_f64()),
            },
        };
        let channels = (0..channels).map(channel).collect();
        Ok(Recording { id, channels, annotation_rate: rate, ..Recording::default() })
    }
}

/// Reads a `.npy` file.
pub fn read_npy(path: &Path) -> Result<Array, FormatError> {
    Array::parse(path, &files::read(path)?)
}

/// Writes a `.npy` file.
pub fn write_npy(path: &Path, array: &Array) -> Result<(), FormatError> {
    Ok(files::write_atomic(path, &array.render())?)
}

/// Writes an archive of named arrays.
pub fn write_npz(path: &Path, arrays: &[(String, Array)]) -> Result<(), FormatError> {
    Ok(files::write_atomic(path, &render_npz(path, arrays)?)?)
}

/// Reads a `.npy` file as a recording.
pub fn read(path: &Path, options: &ReadOptions) -> Result<Recording, FormatError> {
    read_npy(path)?.into_recording(path, super::text::stem(path), options)
}

/// Reads an archive: a recording for each array of one or two dimensions.
pub fn read_archive(path: &Path, options: &ReadOptions) -> Result<Read, FormatError> {
    let mut read = Read::default();
    for (name, array) in read_npz(path, options.max_samples)? {
        if matches!(array.shape.len(), 1 | 2) {
            read.recordings.push(array.into_recording(path, name, options)?);
        } else {
            read.warnings.push(format!("'{name}' has {} dimensions and was left out", array.shape.len()));
        }
    }
    Ok(read)
}
