//! Matrix products whose left factor is picked out of memory, the inner loop of convolutions.
//!
//! `out[r, c] += Σ_i a[r, i] · b[i, c]` with `a[r, i] = values[rows[r] + inner[i]]`. With a row per place of the output
//! and an inner offset per cell of the kernel, the rows of `a` are the windows of a convolution, which overlap and are
//! never copied; with the two exchanged it is the transposed product that the weight gradient needs; with the places of
//! every other row it is one phase of a transposed convolution. A tile of outputs stays in registers while the sum
//! runs.
//!
//! Every output is one chain of fused multiply-adds in the order of `i`, whichever instructions are used and however
//! outputs are cut into tiles: results are the same to the bit on all processors and for any number of threads.
//!
//! Cost: the multiply-adds, plus a read of `a` for every [`BLOCK`] columns and of `b` for every call; a call with some
//! hundred rows keeps both in the second-level cache, as terms are taken [`TERMS`] at a time.

/// Columns of `b` are padded to a multiple of this.
pub const LANES: usize = 16;
/// Columns that are taken together.
pub const BLOCK: usize = 64;
/// Terms of the sums that are taken together: 128 KiB of `b`.
const TERMS: usize = 512;

/// The left factor: value `i` of row `r` lies at `rows[r] + inner[i]`.
#[derive(Clone, Copy)]
pub struct Picked<'a> {
    /// The memory.
    pub values: &'a [f32],
    /// Where the rows start.
    pub rows: &'a [u32],
    /// Where the values of a row lie from its start.
    pub inner: &'a [u32],
}

/// The right factor: value `c` of row `i` lies at `(c / 64) · block + i · stride + c mod 64`. Rows reach to a multiple of
/// [`LANES`], whatever stands behind the last column.
#[derive(Clone, Copy)]
pub struct Panel<'a> {
    /// The memory.
    pub values: &'a [f32],
    /// Distance of a row from the next.
    pub stride: usize,
    /// Distance of [`BLOCK`] columns from the next.
    pub block: usize,
}

/// Sizes of a packed right factor.
#[derive(Debug, Clone, Copy)]
pub struct Packing {
    /// Distance of a row from the next.
    pub stride: usize,
    /// Distance of [`BLOCK`] columns from the next.
    pub block: usize,
    /// Values in all.
    pub len: usize,
}

impl Packing {
    /// For so many rows and columns: blocks of columns one after the other, so that each is read in one go.
    pub fn new(depth: usize, columns: usize) -> Self {
        let stride = columns.next_multiple_of(LANES).min(BLOCK);
        Self { stride, block: depth * stride, len: depth * stride * columns.div_ceil(BLOCK) }
    }

    /// The place of a value.
    pub fn at(&self, row: usize, column: usize) -> usize {
        column / BLOCK * self.block + row * self.stride + column % BLOCK
    }

    /// What is packed so.
    pub fn panel<'a>(&self, values: &'a [f32]) -> Panel<'a> {
        Panel { values, stride: self.stride, block: self.block }
    }
}

/// `out += a b`, where row `r` of `out` starts at `places[r]` and has so many columns.
///
/// # Panics
/// When something lies outside its memory.
pub fn add_product(out: &mut [f32], places: &[u32], columns: usize, a: Picked<'_>, b: Panel<'_>) {
    assert_eq!(places.len(), a.rows.len(), "a place for every row");
    if places.is_empty() || columns == 0 || a.inner.is_empty() {
        return;
    }
    let last = |offsets: &[u32]| offsets.iter().max().map_or(0, |&at| at as usize);
    assert!(last(places) + columns <= out.len(), "the output fits");
    assert!(last(a.rows) + last(a.inner) < a.values.len(), "the left factor lies in memory");
    let widest = if columns > BLOCK { BLOCK } else { columns.next_multiple_of(LANES) };
    let reach = (columns - 1) / BLOCK * b.block + (a.inner.len() - 1) * b.stride;
    let rest = (columns - 1) % BLOCK + 1;
    assert!(reach + rest.next_multiple_of(LANES) <= b.values.len(), "the right factor lies in memory");
    assert!((a.inner.len() - 1) * b.stride + widest <= b.values.len(), "its first block does too");
    for first in (0..a.inner.len()).step_by(TERMS) {
        let inner = &a.inner[first..(first + TERMS).min(a.inner.len())];
        for column in (0..columns).step_by(BLOCK) {
            let job = Job {
                out,
                places,
                column,
                width: (columns - column).min(BLOCK),
                a: Picked { inner, ..a },
                b: &b.values[column / BLOCK * b.block + first * b.stride..],
                stride: b.stride,
            };
            job.run();
        }
    }
}

/// Some terms of the sums in one block of columns.
struct Job<'a> {
    out: &'a mut [f32],
    places: &'a [u32],
    /// The first column.
    column: usize,
    /// Columns that exist.
    width: usize,
    a: Picked<'a>,
    /// From the first term and column on.
    b: &'a [f32],
    stride: usize,
}

impl Job<'_> {
    fn run(self) {
        #[cfg(target_arch = "x86_64")]
        {
            if std::arch::is_x86_feature_detected!("avx512f") {
                return wide::run(self);
            }
            if std::arch::is_x86_feature_detected!("avx2") && std::arch::is_x86_feature_detected!("fma") {
                return narrow::run(self);
            }
        }
        self.portable();
    }

    /// The same on any processor.
    fn portable(self) {
        for (&place, &row) in self.places.iter().zip(self.a.rows) {
            let out = &mut self.out[place as usize + self.column..][..self.width];
            for (i, &at) in self.a.inner.iter().enumerate() {
                let x = self.a.values[row as usize + at as usize];
                let b = &self.b[i * self.stride..][..self.width];
                out.iter_mut().zip(b).for_each(|(sum, &w)| *sum = x.mul_add(w, *sum));
            }
        }
    }
}

/// A module with the products of one instruction set. Tiles are `P` rows of `V` vectors; as many sums as the
/// registers hold keep both multipliers busy.
#[cfg(target_arch = "x86_64")]
macro_rules! instructions {
    (
        $module:ident, $feature:literal, $vector:ident, $lanes:literal, $load:ident, $store:ident, $splat:ident,
        $fma:ident, [$($vectors:literal => $rows:literal),+]
    ) => {
        // Pointers into slices whose sizes `add_product` has checked; bounds checks would cost as much as the sums.
        #[allow(unsafe_code)]
        mod $module {
            use std::arch::x86_64::{$vector, $fma, $load, $splat, $store};

            use super::Job;

            /// The widest tile, in columns.
            const WIDEST: usize = [$($vectors * $lanes),+][0];
            /// The tallest tile, in rows.
            const TALLEST: usize = 12;

            /// The pointers of a tile of `P` rows.
            #[derive(Clone, Copy)]
            struct Tile<const P: usize> {
                out: [*mut f32; P],
                a: [*const f32; P],
                inner: *const u32,
                b: *const f32,
                stride: usize,
                depth: usize,
            }

            pub fn run(mut job: Job<'_>) {
                let mut done = 0;
                while done < job.width {
                    let left = job.width - done;
                    // The narrowest tile that takes all that is left, or the widest.
                    let mut taken = WIDEST;
                    $(if left <= $vectors * $lanes { taken = $vectors * $lanes; })+
                    // SAFETY: `add_product` has checked the sizes, `Job::run` the processor.
                    unsafe {
                        $(if taken == $vectors * $lanes { strip::<$vectors, $rows>(&mut job, done, left); })+
                    }
                    done += taken;
                }
            }

            /// All rows of one strip of columns, `left` of which exist.
            #[target_feature(enable = $feature)]
            unsafe fn strip<const V: usize, const P: usize>(job: &mut Job<'_>, done: usize, left: usize) {
                let mut row = 0;
                let rows = job.places.len();
                while row < rows {
                    // SAFETY: as many rows as are taken are left.
                    row += unsafe {
                        match rows - row {
                            n if n >= P => edge::<V, P>(job, row, done, left),
                            n if n >= 8 => edge::<V, 8>(job, row, done, left),
                            n if n >= 6 => edge::<V, 6>(job, row, done, left),
                            n if n >= 4 => edge::<V, 4>(job, row, done, left),
                            n if n >= 2 => edge::<V, 2>(job, row, done, left),
                            _ => edge::<V, 1>(job, row, done, left),
                        }
                    };
                }
            }

            /// One tile, through a buffer where it reaches over the last column; how many rows it took.
            #[target_feature(enable = $feature)]
            unsafe fn edge<const V: usize, const P: usize>(
                job: &mut Job<'_>,
                row: usize,
                done: usize,
                left: usize,
            ) -> usize {
                // SAFETY: rows of the output have `left` columns from here, those of the buffer as many as the tile.
                unsafe {
                    let out = job.out.as_mut_ptr().add(job.column + done);
                    let mut tile = Tile {
                        out: std::array::from_fn(|p| out.add(job.places[row + p] as usize)),
                        a: std::array::from_fn(|p| job.a.values.as_ptr().add(job.a.rows[row + p] as usize)),
                        inner: job.a.inner.as_ptr(),
                        b: job.b.as_ptr().add(done),
                        stride: job.stride,
                        depth: job.a.inner.len(),
                    };
                    if left >= V * $lanes {
                        sums::<V, P>(tile);
                        return P;
                    }
                    let mut buffer = [0.0_f32; WIDEST * TALLEST];
                    let rows = tile.out;
                    for p in 0..P {
                        let from = std::slice::from_raw_parts(rows[p], left);
                        buffer[p * V * $lanes..][..left].copy_from_slice(from);
                    }
                    tile.out = std::array::from_fn(|p| buffer.as_mut_ptr().add(p * V * $lanes));
                    sums::<V, P>(tile);
                    for p in 0..P {
                        let to = std::slice::from_raw_parts_mut(rows[p], left);
                        to.copy_from_slice(&buffer[p * V * $lanes..][..left]);
                    }
                }
                P
            }

            /// The sums of one whole tile.
            #[target_feature(enable = $feature)]
            unsafe fn sums<const V: usize, const P: usize>(tile: Tile<P>) {
                let zero = $splat(0.0);
                let mut sums: [[$vector; V]; P] = [[zero; V]; P];
                // SAFETY: `P` rows and `V` vectors lie in all three.
                unsafe {
                    for p in 0..P {
                        for v in 0..V {
                            sums[p][v] = $load(tile.out[p].add(v * $lanes));
                        }
                    }
                    let mut b = tile.b;
                    for i in 0..tile.depth {
                        let at = *tile.inner.add(i) as usize;
                        let mut columns = [zero; V];
                        for v in 0..V {
                            columns[v] = $load(b.add(v * $lanes));
                        }
                        b = b.wrapping_add(tile.stride);
                        for p in 0..P {
                            let x = $splat(*tile.a[p].add(at));
                            for v in 0..V {
                                sums[p][v] = $fma(x, columns[v], sums[p][v]);
                            }
                        }
                    }
                    for p in 0..P {
                        for v in 0..V {
                            $store(tile.out[p].add(v * $lanes), sums[p][v]);
                        }
                    }
                }
            }
        }
    };
}

#[cfg(target_arch = "x86_64")]
instructions!(
    wide,
    "avx512f",
    __m512,
    16,
    _mm512_loadu_ps,
    _mm512_storeu_ps,
    _mm512_set1_ps,
    _mm512_fmadd_ps,
    [4 => 6, 3 => 8, 2 => 12, 1 => 12]
);
#[cfg(target_arch = "x86_64")]
instructions!(
    narrow,
    "avx2,fma",
    __m256,
    8,
    _mm256_loadu_ps,
    _mm256_storeu_ps,
    _mm256_set1_ps,
    _mm256_fmadd_ps,
    [2 => 6, 1 => 12]
);

#[cfg(test)]
mod tests {
    use super::*;
    use paucal_core::Seed;
    use proptest::prelude::*;

    fn drawn(purpose: &str, n: usize) -> Vec<f32> {
        let mut values = vec![0.0; n];
        Seed(1).stream(purpose, n as u64).fill_normal(&mut values);
        values
    }

    proptest! {
        #[test]
        fn all_instructions_give_the_same_bits(rows in 1..40_usize, columns in 1..150_usize, depth in 1..20_usize, step in 0..4_usize, gap in 1..6_usize) {
            // Rows overlap, as windows do, and lie in the output with gaps, as phases do.
            let row = |r: usize| (r * step) as u32;
            let starts: Vec<u32> = (0..rows).map(row).collect();
            let inner: Vec<u32> = (0..depth).map(|i| ((i * 7) % 11) as u32).collect();
            let values = drawn("a", rows * step + 12);
            let packing = Packing::new(depth, columns);
            let b = drawn("b", packing.len);
            let stride = columns + gap;
            let places: Vec<u32> = (0..rows).map(|r| (r * stride) as u32).collect();
            let start = drawn("out", rows * stride);
            let a = Picked { values: &values, rows: &starts, inner: &inner };
            let mut want = start.clone();
            for r in 0..rows {
                for c in 0..columns {
                    for (i, at) in inner.iter().enumerate() {
                        let x = values[(starts[r] + at) as usize];
                        let out = &mut want[r * stride + c];
                        *out = x.mul_add(b[packing.at(i, c)], *out);
                    }
                }
            }
            let mut got = start.clone();
            add_product(&mut got, &places, columns, a, packing.panel(&b));
            prop_assert_eq!(&got, &want);
            for run in others() {
                let mut got = start.clone();
                for column in (0..columns).step_by(BLOCK) {
                    run(Job {
                        out: &mut got,
                        places: &places,
                        column,
                        width: (columns - column).min(BLOCK),
                        a,
                        b: &b[column / BLOCK * packing.block..],
                        stride: packing.stride,
                    });
                }
                prop_assert_eq!(&got, &want);
            }
        }
    }

    /// The ways that this processor would not choose but can go.
    fn others() -> Vec<fn(Job<'_>)> {
        let mut all: Vec<fn(Job<'_>)> = vec![|job| job.portable()];
        #[cfg(target_arch = "x86_64")]
        if std::arch::is_x86_feature_detected!("avx2") && std::arch::is_x86_feature_detected!("fma") {
            all.push(narrow::run);
        }
        all
    }

    #[test]
    fn long_sums_go_on_where_they_stopped() {
        let depth = 2 * TERMS + 3;
        let values = drawn("a", depth);
        let inner: Vec<u32> = (0..depth as u32).collect();
        let packing = Packing::new(depth, 1);
        let b = drawn("b", packing.len);
        let mut out = [1.0];
        let a = Picked { values: &values, rows: &[0], inner: &inner };
        add_product(&mut out, &[0], 1, a, packing.panel(&b));
        let want = (0..depth).fold(1.0_f32, |sum, i| values[i].mul_add(b[packing.at(i, 0)], sum));
        assert_eq!(out, [want]);
    }
}
