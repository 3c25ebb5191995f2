//! The header of an array file: `\x93NUMPY`, version, length, and a Python dictionary.

use std::path::Path;

use super::{Array, MAGIC, Values};
use crate::formats::FormatError;

/// Headers are longer than this only by accident.
const LONGEST: usize = 65_536;

/// What a header says.
struct Header<'a> {
    /// Kind and width: `f4`.
    kind: &'a str,
    big_endian: bool,
    fortran: bool,
    shape: Vec<usize>,
}

pub(super) fn parse(path: &Path, bytes: &[u8]) -> Result<Array, FormatError> {
    let damaged = |message: &str| FormatError::damaged(path, message);
    let rest = bytes.strip_prefix(MAGIC).ok_or_else(|| damaged("not a NumPy array"))?;
    let (length, start) = match *rest {
        [1, _, a, b, ..] => (usize::from(u16::from_le_bytes([a, b])), 4),
        [2 | 3, _, a, b, c, d, ..] => (u32::from_le_bytes([a, b, c, d]) as usize, 6),
        _ => return Err(damaged("an unknown version of NumPy arrays")),
    };
    let text = rest.get(start..start + length.min(LONGEST)).filter(|_| length <= LONGEST);
    let text =
        text.and_then(|t| std::str::from_utf8(t).ok()).ok_or_else(|| damaged("the header is cut off"))?;
    let header =
        dictionary(text).ok_or_else(|| damaged(&format!("the header '{}' makes no sense", text.trim())))?;
    let body = &rest[start + length..];
    let count = header.shape.iter().try_fold(1_usize, |n, &d| n.checked_mul(d));
    let count = count.ok_or_else(|| damaged("the array has more numbers than can be counted"))?;
    let array = Array { values: values(path, &header, body, count)?, shape: header.shape };
    Ok(if header.fortran { row_major(&array) } else { array })
}

fn values(path: &Path, header: &Header<'_>, body: &[u8], count: usize) -> Result<Values, FormatError> {
    if !["f4", "f8", "i2", "i4", "i8", "u1", "b1"].contains(&header.kind) {
        let message = format!("numbers of type '{}' are not read", header.kind);
        return Err(FormatError::format(path, message, "save the array as float32: array.astype('float32')"));
    }
    let width: usize = header.kind.get(1..).and_then(|w| w.parse().ok()).unwrap_or(1);
    let expected = count.saturating_mul(width);
    if body.len() < expected {
        let (expected, found) = (expected as u64, body.len() as u64);
        return Err(FormatError::Truncated { path: path.into(), expected, found });
    }
    let body = &body[..expected];
    let big = header.big_endian;
    macro_rules! numbers {
        ($kind:ty) => {
            body.as_chunks()
                .0
                .iter()
                .map(|&b| if big { <$kind>::from_be_bytes(b) } else { <$kind>::from_le_bytes(b) })
                .collect()
        };
    }
    Ok(match header.kind {
        "f4" => Values::F32(numbers!(f32)),
        "f8" => Values::F64(numbers!(f64)),
        "i2" => Values::I16(numbers!(i16)),
        "i4" => Values::I32(numbers!(i32)),
        "i8" => Values::I64(numbers!(i64)),
        _ => Values::U8(body.to_vec()),
    })
}

/// The same array with its last dimension fastest instead of its first.
fn row_major(array: &Array) -> Array {
    let shape = &array.shape;
    let strides: Vec<usize> = shape
        .iter()
        .scan(1, |stride, &d| {
            let own = *stride;
            *stride *= d;
            Some(own)
        })
        .collect();
    let mut index = vec![0; shape.len()];
    let places = (0..array.values.len()).map(|_| {
        let place = index.iter().zip(&strides).map(|(i, s)| i * s).sum();
        for axis in (0..index.len()).rev() {
            index[axis] += 1;
            if index[axis] < shape[axis] {
                break;
            }
            index[axis] = 0;
        }
        place
    });
    Array { values: array.values.picked(places), shape: shape.clone() }
}

/// `{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }`
fn dictionary(text: &str) -> Option<Header<'_>> {
    let value = |key: &str| {
        let (_, rest) = text.split_once(&format!("'{key}'"))?;
        Some(rest.trim_start().strip_prefix(':')?.trim_start())
    };
    let descr = value("descr")?.strip_prefix('\'')?;
    let descr = &descr[..descr.find('\'')?];
    let (order, kind) = descr.split_at_checked(1)?;
    let shape = value("shape")?.strip_prefix('(')?;
    let shape = &shape[..shape.find(')')?];
    let dimensions = shape.split(',').map(str::trim).filter(|d| !d.is_empty());
    Some(Header {
        kind,
        big_endian: order == ">",
        fortran: value("fortran_order")?.starts_with("True"),
        shape: dimensions.map(|d| d.trim_end_matches('L').parse().ok()).collect::<Option<_>>()?,
    })
}

pub(super) fn render(array: &Array) -> Vec<u8> {
    let mut out = preamble(array.values.kind(), &array.shape);
    out.reserve(array.values.len() * 8);
    match &array.values {
        Values::F32(v) => out.extend(v.iter().flat_map(|x| x.to_le_bytes())),
        Values::F64(v) => out.extend(v.iter().flat_map(|x| x.to_le_bytes())),
        Values::I16(v) => out.extend(v.iter().flat_map(|x| x.to_le_bytes())),
        Values::I32(v) => out.extend(v.iter().flat_map(|x| x.to_le_bytes())),
        Values::I64(v) => out.extend(v.iter().flat_map(|x| x.to_le_bytes())),
        Values::U8(v) => out.extend(v),
    }
    out
}

/// What stands before the numbers.
pub(super) fn preamble(kind: &str, shape: &[usize]) -> Vec<u8> {
    let shape = match shape {
        [one] => format!("({one},)"),
        many => format!("({})", many.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")),
    };
    let mut text = format!("{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}");
    // The numbers start at a multiple of 64 bytes, after a line end.
    let length = (MAGIC.len() + 4 + text.len() + 1).next_multiple_of(64) - MAGIC.len() - 4;
    text.extend(std::iter::repeat_n(' ', length - 1 - text.len()));
    text.push('\n');
    let mut out = MAGIC.to_vec();
    out.extend([1, 0]);
    out.extend((length as u16).to_le_bytes());
    out.extend(text.into_bytes());
    out
}
