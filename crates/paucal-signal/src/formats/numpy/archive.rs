//! Archives of arrays: zip files with a member `name.npy` for each.
//!
//! What is written is compressed in pieces, several at a time, each of which ends at a whole byte (an empty stored
//! block, as `Z_SYNC_FLUSH` of zlib leaves it), so that the pieces of a member are one stream. The bytes do not
//! depend on the number of threads. Sizes are those of zip64, as NumPy writes them: a member may be of any length.

use std::fs::File;
use std::io::{self, BufReader, Cursor, Read, Seek, SeekFrom, Write};
use std::ops::Range;
use std::path::Path;

use crc32fast::Hasher;
use flate2::{Compress, Compression, FlushCompress, Status};
use paucal_core::files::FileError;
use rayon::prelude::*;
use zip::ZipArchive;
use zip::result::ZipError;

use super::Array;
use crate::formats::FormatError;

/// Bytes that are compressed at a time, about.
const PIECE: usize = 1 << 20;
/// Pieces that are held in memory.
const HELD: usize = 32;
/// Level of compression. Samples hardly shrink, and what repeats is found at any level: of context windows level 6
/// leaves 20 % of the bytes, level 1 23 %, in about half the time.
const LEVEL: u32 = 1;
/// Room for compressed bytes beyond half of the others.
const ROOM: usize = 1 << 12;
/// Version 4.5 of the format, the first with zip64.
const VERSION: u16 = 45;
/// The method DEFLATE.
const DEFLATE: u16 = 8;
/// The first day that a zip file can name, 1 January 1980, which says nothing.
const DATE: u16 = 1 << 5 | 1;
/// A size that stands elsewhere.
const ELSEWHERE: u32 = u32::MAX;

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
    let rendered: Vec<(&str, Vec<u8>)> =
        arrays.iter().map(|(name, array)| (name.as_str(), array.render())).collect();
    let members: Vec<Member<'_>> =
        rendered.iter().map(|(name, bytes)| Member::of_bytes(name, bytes)).collect();
    let mut out = Cursor::new(Vec::new());
    write_members(&mut out, &members).map_err(|source| FileError {
        action: "write",
        path: path.into(),
        source,
    })?;
    Ok(out.into_inner())
}

/// A function that appends the bytes of some parts of a member.
pub(super) type Fill<'a> = Box<dyn Fn(Range<usize>, &mut Vec<u8>) + Sync + 'a>;

/// A member of an archive whose bytes are made when they are needed.
pub(super) struct Member<'a> {
    name: String,
    /// What stands before the parts.
    header: Vec<u8>,
    parts: usize,
    /// Parts in a piece.
    together: usize,
    fill: Fill<'a>,
}

impl<'a> Member<'a> {
    /// An array of so many parts of `width` bytes each, after a header.
    pub fn new(name: &str, header: Vec<u8>, parts: usize, width: usize, fill: Fill<'a>) -> Self {
        let together = (PIECE / width.max(1)).max(1);
        Self { name: format!("{name}.npy"), header, parts, together, fill }
    }

    /// A file that is there as a whole.
    pub fn of_bytes(name: &str, bytes: &'a [u8]) -> Self {
        let fill = |range: Range<usize>, out: &mut Vec<u8>| out.extend_from_slice(&bytes[range]);
        Self::new(name, Vec::new(), bytes.len(), 1, Box::new(fill))
    }

    fn pieces(&self) -> usize {
        self.parts.div_ceil(self.together).max(1)
    }

    /// A piece, compressed.
    fn piece(&self, piece: usize) -> io::Result<Piece> {
        let mut bytes = if piece == 0 { self.header.clone() } else { Vec::new() };
        (self.fill)(piece * self.together..((piece + 1) * self.together).min(self.parts), &mut bytes);
        let mut checksum = Hasher::new();
        checksum.update(&bytes);
        let packed = packed(&bytes, piece + 1 == self.pieces())?;
        Ok(Piece { checksum, packed, length: bytes.len() as u64 })
    }
}

/// The bytes as a stretch of a stream, which ends with the `last` one.
fn packed(bytes: &[u8], last: bool) -> io::Result<Vec<u8>> {
    let mut packer = Compress::new(Compression::new(LEVEL), false);
    let flush = if last { FlushCompress::Finish } else { FlushCompress::Sync };
    let mut out = Vec::with_capacity(bytes.len() / 2 + ROOM);
    loop {
        let taken = packer.total_in() as usize;
        let status = packer.compress_vec(&bytes[taken..], &mut out, flush).map_err(io::Error::other)?;
        let all_taken = packer.total_in() as usize == bytes.len();
        // A stretch is complete when room is left; the stream says when it has ended.
        if if last { status == Status::StreamEnd } else { all_taken && out.len() < out.capacity() } {
            return Ok(out);
        }
        out.reserve(bytes.len() / 2 + ROOM);
    }
}

/// A compressed stretch of a member.
struct Piece {
    checksum: Hasher,
    packed: Vec<u8>,
    length: u64,
}

/// Where a member stands and how long it is.
struct Entry<'a> {
    name: &'a str,
    offset: u64,
    checksum: u32,
    packed: u64,
    length: u64,
}

/// Writes the members one after the other, then the list of them.
pub(super) fn write_members<W: Write + Seek>(out: &mut W, members: &[Member<'_>]) -> io::Result<()> {
    let mut entries = Vec::with_capacity(members.len());
    for member in members {
        entries.push(write_member(out, member)?);
    }
    let start = out.stream_position()?;
    for entry in &entries {
        out.write_all(&entry.listed())?;
    }
    let end = out.stream_position()?;
    out.write_all(&closing(entries.len() as u64, start, end))
}

fn write_member<'a, W: Write + Seek>(out: &mut W, member: &'a Member<'_>) -> io::Result<Entry<'a>> {
    let offset = out.stream_position()?;
    let mut entry = Entry { name: &member.name, offset, checksum: 0, packed: 0, length: 0 };
    // The sizes are known when all is written: then this is written once more.
    out.write_all(&entry.local())?;
    let mut checksum = Hasher::new();
    let pieces: Vec<usize> = (0..member.pieces()).collect();
    for held in pieces.chunks(HELD) {
        let packed: Vec<io::Result<Piece>> = held.par_iter().map(|&piece| member.piece(piece)).collect();
        for piece in packed {
            let piece = piece?;
            out.write_all(&piece.packed)?;
            checksum.combine(&piece.checksum);
            entry.packed += piece.packed.len() as u64;
            entry.length += piece.length;
        }
    }
    entry.checksum = checksum.finalize();
    let end = out.stream_position()?;
    out.seek(SeekFrom::Start(offset))?;
    out.write_all(&entry.local())?;
    out.seek(SeekFrom::Start(end))?;
    Ok(entry)
}

impl Entry<'_> {
    /// The header before the data of the member.
    fn local(&self) -> Vec<u8> {
        let mut bytes = b"PK\x03\x04".to_vec();
        self.described(&mut bytes, 20);
        bytes.extend(self.name.bytes());
        bytes.extend([1_u16, 16].iter().flat_map(|v| v.to_le_bytes()));
        bytes.extend([self.length, self.packed].iter().flat_map(|v| v.to_le_bytes()));
        bytes
    }

    /// The line in the list of members.
    fn listed(&self) -> Vec<u8> {
        let mut bytes = b"PK\x01\x02".to_vec();
        bytes.extend(VERSION.to_le_bytes());
        self.described(&mut bytes, 28);
        // No comment, the first disk, no attributes.
        bytes.extend([0; 10]);
        bytes.extend(ELSEWHERE.to_le_bytes());
        bytes.extend(self.name.bytes());
        bytes.extend([1_u16, 24].iter().flat_map(|v| v.to_le_bytes()));
        bytes.extend([self.length, self.packed, self.offset].iter().flat_map(|v| v.to_le_bytes()));
        bytes
    }

    /// What both say: version, flags, method, time, date, checksum, sizes, and the lengths of name and extra field.
    fn described(&self, bytes: &mut Vec<u8>, extra: u16) {
        bytes.extend([VERSION, 0, DEFLATE, 0, DATE].iter().flat_map(|v| v.to_le_bytes()));
        bytes.extend([self.checksum, ELSEWHERE, ELSEWHERE].iter().flat_map(|v| v.to_le_bytes()));
        bytes.extend([self.name.len() as u16, extra].iter().flat_map(|v| v.to_le_bytes()));
    }
}

/// The end of an archive: of zip64, where that is, and the one of old.
fn closing(count: u64, start: u64, end: u64) -> Vec<u8> {
    let mut bytes = b"PK\x06\x06".to_vec();
    bytes.extend(44_u64.to_le_bytes());
    bytes.extend([VERSION, VERSION].iter().flat_map(|v| v.to_le_bytes()));
    bytes.extend([0; 8]);
    bytes.extend([count, count, end - start, start].iter().flat_map(|v| v.to_le_bytes()));
    bytes.extend(b"PK\x06\x07\0\0\0\0");
    bytes.extend(end.to_le_bytes());
    bytes.extend(1_u32.to_le_bytes());
    bytes.extend(b"PK\x05\x06\0\0\0\0");
    bytes.extend([u16::MAX, u16::MAX].iter().flat_map(|v| v.to_le_bytes()));
    bytes.extend([ELSEWHERE, ELSEWHERE].iter().flat_map(|v| v.to_le_bytes()));
    bytes.extend([0; 2]);
    bytes
}

#[cfg(test)]
mod tests {
    use paucal_core::Seed;

    use super::*;
    use crate::formats::numpy::{Rows, Values, single, write_npz_with};

    #[test]
    fn archives_of_many_pieces_are_read_back() {
        let mut stream = Seed(1).stream("archive", 0);
        let noise: Vec<f32> = (0..700_000).map(|_| stream.normal() as f32).collect();
        let flat = Array { shape: vec![3, 200_000], values: Values::F64(vec![1.5; 600_000]) };
        let empty = Array { shape: vec![0, 4], values: Values::I32(Vec::new()) };
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.npz");
        let (width, twice) = (700, |row: usize| [row, (row + 1) % 1000]);
        let write = || {
            let fill = |rows: Range<usize>, out: &mut Vec<u8>| {
                rows.flat_map(twice).for_each(|row| single(&noise[row * width..(row + 1) * width], out));
            };
            let made = Rows { name: "made", shape: vec![1000, 2, width], fill: Box::new(fill) };
            let others = [("flat".to_owned(), flat.clone()), ("empty".to_owned(), empty.clone())];
            write_npz_with(&path, Some(made), &others).unwrap();
            std::fs::read(&path).unwrap()
        };
        let in_pool = |threads: usize| {
            rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(write)
        };
        assert!(in_pool(1) == in_pool(3), "the same bytes");
        let read = read_npz(&path, 10_000_000).unwrap();
        assert_eq!(read.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["made", "flat", "empty"]);
        let wanted: Vec<f32> = (0..1000)
            .flat_map(twice)
            .flat_map(|row| noise[row * width..(row + 1) * width].to_vec())
            .collect();
        assert!(read[0].1 == Array { shape: vec![1000, 2, width], values: Values::F32(wanted) });
        assert!(read[1].1 == flat && read[2].1 == empty);
    }
}
