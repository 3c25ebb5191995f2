//! The storage formats of signal files, sample by sample (WFDB Applications Guide, `signal(5)`).
//!
//! Packed formats keep samples in groups: two in three bytes (212), three in four bytes (310, 311). A last
//! group that is not full ends with the last byte any of its samples needs.

/// A storage format of WFDB.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// 0: no samples at all, in layouts of multi-segment records.
    Null,
    /// 8: differences of 8 bits.
    F8,
    /// 16: two's complement, low byte first.
    F16,
    /// 24: three bytes, low byte first.
    F24,
    /// 32: four bytes, low byte first.
    F32,
    /// 61: two's complement, high byte first.
    F61,
    /// 80: 8 bits, offset binary.
    F80,
    /// 160: 16 bits, offset binary, low byte first.
    F160,
    /// 212: two samples of 12 bits in three bytes.
    F212,
    /// 310: three samples of 10 bits in four bytes, the third in what the others leave.
    F310,
    /// 311: three samples of 10 bits in four bytes, one after the other.
    F311,
    /// 508: FLAC, 8 bits.
    F508,
    /// 516: FLAC, 16 bits.
    F516,
    /// 524: FLAC, 24 bits.
    F524,
}

/// Every format, with its number.
const NUMBERS: [(Format, u32); 14] = [
    (Format::Null, 0),
    (Format::F8, 8),
    (Format::F16, 16),
    (Format::F24, 24),
    (Format::F32, 32),
    (Format::F61, 61),
    (Format::F80, 80),
    (Format::F160, 160),
    (Format::F212, 212),
    (Format::F310, 310),
    (Format::F311, 311),
    (Format::F508, 508),
    (Format::F516, 516),
    (Format::F524, 524),
];

impl Format {
    /// The format of a number in a header.
    pub fn from_number(number: u32) -> Option<Self> {
        NUMBERS.iter().find(|(_, n)| *n == number).map(|(format, _)| *format)
    }

    /// Its number in a header.
    pub fn number(self) -> u32 {
        NUMBERS.iter().find(|(format, _)| *format == self).map_or(0, |(_, n)| *n)
    }

    /// Whether samples are compressed by FLAC.
    pub fn is_flac(self) -> bool {
        matches!(self, Self::F508 | Self::F516 | Self::F524)
    }

    /// Bits of one sample; differences (format 8) may add up to more.
    pub fn bits(self) -> u32 {
        match self {
            Self::Null => 0,
            Self::F8 | Self::F80 | Self::F508 => 8,
            Self::F310 | Self::F311 => 10,
            Self::F212 => 12,
            Self::F16 | Self::F61 | Self::F160 | Self::F516 => 16,
            Self::F24 | Self::F524 => 24,
            Self::F32 => 32,
        }
    }

    /// Whether 16 bits hold every sample.
    pub(super) fn is_short(self) -> bool {
        self.bits() <= 16 && self != Self::F8
    }

    /// The smallest and the largest sample that can be stored. The smallest is the missing one, if there is one.
    pub fn range(self) -> (i32, i32) {
        let half = match self {
            Self::Null | Self::F8 | Self::F32 => return (i32::MIN, i32::MAX),
            _ => 1 << (self.bits() - 1),
        };
        (-half, half - 1)
    }

    /// The sample that stands for a missing one: the most negative. Differences have none.
    pub fn missing(self) -> Option<i32> {
        match self {
            Self::F8 => None,
            // Columns of a layout are kept in 16 bits.
            Self::Null => Some(i32::from(i16::MIN)),
            _ => Some(self.range().0),
        }
    }

    /// Samples and bytes of a group.
    pub(super) fn group(self) -> (u64, u64) {
        match self {
            Self::F212 => (2, 3),
            Self::F310 | Self::F311 => (3, 4),
            _ => (1, u64::from(self.bits()).div_ceil(8)),
        }
    }

    /// Bytes of so many samples; `None` if they are too many to count.
    pub(super) fn bytes(self, samples: u64) -> Option<u64> {
        let (per_group, bytes) = self.group();
        let rest = match (self, samples % per_group) {
            (_, 0) => 0,
            (Self::F311, 2) => 3,
            (Self::F310, 2) => 4,
            _ => 2,
        };
        (samples / per_group).checked_mul(bytes)?.checked_add(rest)
    }

    /// Whole samples in so many bytes.
    pub(super) fn samples(self, bytes: u64) -> u64 {
        let (samples, group) = self.group();
        if group == 0 {
            return 0;
        }
        let rest = match (self, bytes % group) {
            (Self::F212 | Self::F311, 2) | (Self::F310, 2..) => 1,
            (Self::F311, 3) => 2,
            _ => 0,
        };
        bytes / group * samples + rest
    }

    /// Decodes `out.len()` samples, which start at a group. Bytes that are not there count as 0, so the caller
    /// compares lengths first. Format 8 gives the differences.
    pub(super) fn decode(self, bytes: &[u8], out: &mut [i32]) {
        match self {
            Self::Null | Self::F508 | Self::F516 | Self::F524 => {}
            Self::F8 => each::<1>(bytes, out, |b| i32::from(b[0] as i8)),
            Self::F16 => each::<2>(bytes, out, |b| i32::from(i16::from_le_bytes(b))),
            Self::F24 => each::<3>(bytes, out, |b| i32::from_le_bytes([0, b[0], b[1], b[2]]) >> 8),
            Self::F32 => each::<4>(bytes, out, i32::from_le_bytes),
            Self::F61 => each::<2>(bytes, out, |b| i32::from(i16::from_be_bytes(b))),
            Self::F80 => each::<1>(bytes, out, |b| i32::from(b[0]) - 128),
            Self::F160 => each::<2>(bytes, out, |b| i32::from(u16::from_le_bytes(b)) - 32768),
            Self::F212 => groups::<3, 2>(bytes, out, unpack_212),
            Self::F310 => groups::<4, 3>(bytes, out, unpack_310),
            Self::F311 => groups::<4, 3>(bytes, out, unpack_311),
        }
    }

    /// Encodes samples from the start of a group; they lie within [`Format::range`]. Format 8 takes differences.
    pub(super) fn encode(self, samples: &[i32], out: &mut Vec<u8>) {
        match self {
            Self::Null | Self::F508 | Self::F516 | Self::F524 => {}
            Self::F8 => out.extend(samples.iter().map(|&s| s as u8)),
            Self::F16 => out.extend(samples.iter().flat_map(|&s| (s as i16).to_le_bytes())),
            Self::F24 => samples.iter().for_each(|&s| out.extend_from_slice(&s.to_le_bytes()[..3])),
            Self::F32 => out.extend(samples.iter().flat_map(|&s| s.to_le_bytes())),
            Self::F61 => out.extend(samples.iter().flat_map(|&s| (s as i16).to_be_bytes())),
            Self::F80 => out.extend(samples.iter().map(|&s| (s + 128) as u8)),
            Self::F160 => out.extend(samples.iter().flat_map(|&s| ((s + 32768) as u16).to_le_bytes())),
            Self::F212 => self.pack::<2, 3>(samples, out, pack_212),
            Self::F310 => self.pack::<3, 4>(samples, out, pack_310),
            Self::F311 => self.pack::<3, 4>(samples, out, pack_311),
        }
    }

    /// Encodes groups of `S` samples in `B` bytes.
    fn pack<const S: usize, const B: usize>(
        self,
        samples: &[i32],
        out: &mut Vec<u8>,
        pack: impl Fn([u32; S]) -> [u8; B],
    ) {
        for chunk in samples.chunks(S) {
            let mut group = [0; S];
            for (slot, &sample) in group.iter_mut().zip(chunk) {
                *slot = sample as u32;
            }
            let used = self.bytes(chunk.len() as u64).map_or(B, |b| b as usize);
            out.extend_from_slice(&pack(group)[..used]);
        }
    }
}

/// One sample of `B` bytes after the other.
fn each<const B: usize>(bytes: &[u8], out: &mut [i32], value: impl Fn([u8; B]) -> i32) {
    for (slot, chunk) in out.iter_mut().zip(bytes.as_chunks::<B>().0) {
        *slot = value(*chunk);
    }
}

/// Groups of `B` bytes and `S` samples; the last may be a part of one.
fn groups<const B: usize, const S: usize>(
    bytes: &[u8],
    out: &mut [i32],
    unpack: impl Fn([u8; B]) -> [i32; S],
) {
    let (whole, rest) = bytes.as_chunks::<B>();
    let (slots, last) = out.as_chunks_mut::<S>();
    for (slot, chunk) in slots.iter_mut().zip(whole) {
        *slot = unpack(*chunk);
    }
    if !last.is_empty() {
        let mut padded = [0; B];
        let tail = whole.get(slots.len()).map_or(rest, |chunk| chunk.as_slice());
        padded[..tail.len()].copy_from_slice(tail);
        last.copy_from_slice(&unpack(padded)[..last.len()]);
    }
}

/// The lowest `BITS` bits as a signed number.
#[inline]
fn signed<const BITS: u32>(bits: u32) -> i32 {
    ((bits << (32 - BITS)) as i32) >> (32 - BITS)
}

fn unpack_212(b: [u8; 3]) -> [i32; 2] {
    let [b0, b1, b2] = b.map(u32::from);
    [signed::<12>(b0 | (b1 << 8)), signed::<12>(b2 | (b1 >> 4 << 8))]
}

fn pack_212(s: [u32; 2]) -> [u8; 3] {
    [s[0] as u8, ((s[0] >> 8 & 0x0F) | (s[1] >> 8 & 0x0F) << 4) as u8, s[1] as u8]
}

/// Two words: each holds a sample in bits 1–10, and five bits of the third sample in bits 11–15.
fn unpack_310(b: [u8; 4]) -> [i32; 3] {
    let low = u32::from(u16::from_le_bytes([b[0], b[1]]));
    let high = u32::from(u16::from_le_bytes([b[2], b[3]]));
    [signed::<10>(low >> 1), signed::<10>(high >> 1), signed::<10>((low >> 11) | (high >> 11 << 5))]
}

fn pack_310(s: [u32; 3]) -> [u8; 4] {
    let low = (s[0] & 0x3FF) << 1 | (s[2] & 0x1F) << 11;
    let high = (s[1] & 0x3FF) << 1 | (s[2] >> 5 & 0x1F) << 11;
    (low | high << 16).to_le_bytes()
}

/// One double word that holds the samples from its lowest bit up.
fn unpack_311(b: [u8; 4]) -> [i32; 3] {
    let word = u32::from_le_bytes(b);
    [signed::<10>(word), signed::<10>(word >> 10), signed::<10>(word >> 20)]
}

fn pack_311(s: [u32; 3]) -> [u8; 4] {
    ((s[0] & 0x3FF) | (s[1] & 0x3FF) << 10 | (s[2] & 0x3FF) << 20).to_le_bytes()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn decoded(format: Format, bytes: &[u8], count: usize) -> Vec<i32> {
        let mut out = vec![0; count];
        format.decode(bytes, &mut out);
        out
    }

    /// Worked by hand from the words of `signal(5)`.
    #[test]
    fn known_bytes() {
        assert_eq!(decoded(Format::F212, &[0xE3, 0x33, 0xF3], 2), [995, 1011]);
        assert_eq!(decoded(Format::F212, &[0x00, 0xF8, 0xFF], 2), [-2048, -1]);
        assert_eq!(decoded(Format::F310, &[0x02, 0x08, 0xFE, 0x0F], 3), [1, -1, 1 | 1 << 5]);
        assert_eq!(decoded(Format::F311, &[0x01, 0xFC, 0x2F, 0x00], 3), [1, -1, 2]);
        assert_eq!(decoded(Format::F24, &[0xFF, 0xFF, 0xFF, 1, 0, 0], 2), [-1, 1]);
        assert_eq!(decoded(Format::F61, &[0x80, 0, 0, 1], 2), [-32768, 1]);
        assert_eq!(decoded(Format::F80, &[0, 128, 255], 3), [-128, 0, 127]);
        assert_eq!(decoded(Format::F160, &[0, 0, 0, 0x80], 2), [-32768, 0]);
    }

    #[test]
    fn numbers() {
        for (format, number) in NUMBERS {
            assert_eq!((Format::from_number(number), format.number()), (Some(format), number));
        }
        assert_eq!(Format::from_number(17), None);
    }

    fn stored() -> impl Strategy<Value = Format> {
        let plain = NUMBERS.map(|(format, _)| format);
        prop::sample::select(plain.into_iter().filter(|f| !f.is_flac() && f.bits() > 0).collect::<Vec<_>>())
    }

    proptest! {
        #[test]
        fn what_is_encoded_is_decoded(format in stored(), raw in prop::collection::vec(any::<i32>(), 0..50)) {
            let (low, high) = if format == Format::F8 { (-128, 127) } else { format.range() };
            let span = i64::from(high) - i64::from(low) + 1;
            let samples: Vec<i32> =
                raw.iter().map(|&r| (i64::from(low) + i64::from(r).rem_euclid(span)) as i32).collect();
            let mut bytes = Vec::new();
            format.encode(&samples, &mut bytes);
            prop_assert_eq!(Some(bytes.len() as u64), format.bytes(samples.len() as u64));
            // The bytes of a group of 310 do not tell two samples from three.
            let spare = format.samples(bytes.len() as u64) - samples.len() as u64;
            prop_assert!(spare == 0 || (format == Format::F310 && spare == 1));
            prop_assert_eq!(decoded(format, &bytes, samples.len()), samples);
        }

        #[test]
        fn short_input_does_not_panic(format in stored(), bytes in prop::collection::vec(any::<u8>(), 0..20), count in 0_usize..20) {
            decoded(format, &bytes, count);
        }
    }
}
