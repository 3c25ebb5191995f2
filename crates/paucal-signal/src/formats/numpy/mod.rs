//! NumPy arrays: `.npy` (NEP 1) and archives of them, `.npz`.
//!
//! [`Array`] is an array as stored. As a recording, an array of one dimension is one channel; of two, the
//! longer dimension is time, and for equal ones the first.

mod archive;
mod header;

use std::io::Write;
use std::ops::Range;
use std::path::Path;

use paucal_core::files;

use self::archive::{Member, write_members};
pub use self::archive::{read_npz, render_npz};

use super::{FormatError, Read, ReadOptions};
use crate::recording::{Channel, Recording, Samples};

/// The first bytes of an array file.
pub(super) const MAGIC: &[u8] = b"\x93NUMPY";
/// Numbers that are written at a time.
const BUFFER: usize = 1 << 16;

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

    /// Order of bytes, kind and width, as headers name them.
    fn kind(&self) -> &'static str {
        match self {
            Self::F32(_) => "<f4",
            Self::F64(_) => "<f8",
            Self::I16(_) => "<i2",
            Self::I32(_) => "<i4",
            Self::I64(_) => "<i8",
            Self::U8(_) => "|u1",
        }
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

/// Writes single-precision numbers as a `.npy` file, without a copy of them.
pub(crate) fn write_single(path: &Path, shape: &[usize], numbers: &[f32]) -> Result<(), FormatError> {
    Ok(files::write_atomic_with(path, |file| {
        file.write_all(&header::preamble("<f4", shape))?;
        let mut bytes = Vec::new();
        numbers.chunks(BUFFER).try_for_each(|numbers| {
            bytes.clear();
            single(numbers, &mut bytes);
            file.write_all(&bytes)
        })
    })?)
}

/// Appends the bytes of single-precision numbers.
pub(crate) fn single(numbers: &[f32], out: &mut Vec<u8>) {
    out.extend(numbers.iter().flat_map(|number| number.to_le_bytes()));
}

/// Writes an archive of named arrays.
pub fn write_npz(path: &Path, arrays: &[(String, Array)]) -> Result<(), FormatError> {
    write_npz_with(path, None, arrays)
}

/// A single-precision array whose rows are made when they are written: it never is in memory as a whole.
pub(crate) struct Rows<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its dimensions, the first of which counts the rows.
    pub shape: Vec<usize>,
    /// Appends the bytes of some rows.
    pub fill: Box<dyn Fn(Range<usize>, &mut Vec<u8>) + Sync + 'a>,
}

/// Writes an archive: first the array that is made while it is written, if there is one, then the others.
pub(crate) fn write_npz_with(
    path: &Path,
    first: Option<Rows<'_>>,
    arrays: &[(String, Array)],
) -> Result<(), FormatError> {
    let rendered: Vec<(&str, Vec<u8>)> =
        arrays.iter().map(|(name, array)| (name.as_str(), array.render())).collect();
    let made = first.map(|Rows { name, shape, fill }| {
        let width = 4 * shape[1..].iter().product::<usize>();
        Member::new(name, header::preamble("<f4", &shape), shape[0], width, fill)
    });
    let others = rendered.iter().map(|(name, bytes)| Member::of_bytes(name, bytes));
    let members: Vec<Member<'_>> = made.into_iter().chain(others).collect();
    Ok(files::write_atomic_with(path, |file| write_members(file, &members))?)
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
