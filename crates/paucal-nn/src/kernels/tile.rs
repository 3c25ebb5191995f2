//! Small matrix products of overlapping rows, the inner loop of one-dimensional convolutions.
//!
//! `out[r, c] += Σ_i a[r · row + i · inner] · b[i, c]`: with `row` = stride · channels and `inner` = 1 the rows of `a`
//! are the windows of a convolution, which overlap and are never copied; with the two exchanged it is the transposed
//! product that the weight gradient needs. A tile of outputs stays in registers while the sum runs.
//!
//! Every output is one chain of fused multiply-adds in the order of `i`, whichever instructions are used and however
//! outputs are cut into tiles: results are the same to the bit on all processors.

/// Columns of `b` are padded to a multiple of this.
pub const LANES: usize = 16;

/// `columns` rounded up to whole [`LANES`].
pub fn padded(columns: usize) -> usize {
    columns.next_multiple_of(LANES)
}

/// The left factor.
#[derive(Clone, Copy)]
pub struct Windows<'a> {
    /// The memory.
    pub values: &'a [f32],
    /// Distance of a row from the next.
    pub row: usize,
    /// Distance of a value from the next of its row.
    pub inner: usize,
}

/// The right factor: rows of [`padded`] length, of which only the first columns matter.
#[derive(Clone, Copy)]
pub struct Panel<'a> {
    /// The memory.
    pub values: &'a [f32],
    /// Number of rows: terms of each sum.
    pub depth: usize,
    /// Distance of a row from the next.
    pub stride: usize,
}

/// `out += a b` for `rows` rows of `columns` columns, without gaps.
pub fn add_product(out: &mut [f32], rows: usize, columns: usize, a: Windows<'_>, b: Panel<'_>) {
    if rows == 0 || columns == 0 || b.depth == 0 {
        return;
    }
    assert_eq!(out.len(), rows * columns, "the output fits");
    assert!((rows - 1) * a.row + (b.depth - 1) * a.inner < a.values.len(), "the windows lie in memory");
    assert!((b.depth - 1) * b.stride + padded(columns) <= b.values.len(), "the panel lies in memory");
    #[cfg(target_arch = "x86_64")]
    {
        if std::arch::is_x86_feature_detected!("avx512f") {
            return wide::product(out, rows, columns, a, b);
        }
        if std::arch::is_x86_feature_detected!("avx2") && std::arch::is_x86_feature_detected!("fma") {
            return narrow::product(out, rows, columns, a, b);
        }
    }
    portable(out, rows, columns, a, b);
}

/// The same on any processor.
fn portable(out: &mut [f32], rows: usize, columns: usize, a: Windows<'_>, b: Panel<'_>) {
    for (r, out) in out.chunks_exact_mut(columns).enumerate().take(rows) {
        for i in 0..b.depth {
            let x = a.values[r * a.row + i * a.inner];
            out.iter_mut().zip(&b.values[i * b.stride..]).for_each(|(sum, &w)| *sum = x.mul_add(w, *sum));
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

            use super::{Panel, Windows};

            /// The widest tile, in columns.
            const WIDEST: usize = [$($vectors * $lanes),+][0];
            /// The tallest tile, in rows.
            const TALLEST: usize = 12;

            /// The pointers of a tile.
            #[derive(Clone, Copy)]
            struct Tile {
                out: *mut f32,
                out_stride: usize,
                a: *const f32,
                row: usize,
                inner: usize,
                b: *const f32,
                b_stride: usize,
                depth: usize,
            }

            pub fn product(out: &mut [f32], rows: usize, columns: usize, a: Windows<'_>, b: Panel<'_>) {
                let mut column = 0;
                while column < columns {
                    let left = columns - column;
                    // The narrowest tile that takes all that is left, or the widest.
                    let mut taken = WIDEST;
                    $(if left <= $vectors * $lanes { taken = $vectors * $lanes; })+
                    let tile = Tile {
                        out: out[column..].as_mut_ptr(),
                        out_stride: columns,
                        a: a.values.as_ptr(),
                        row: a.row,
                        inner: a.inner,
                        b: b.values[column..].as_ptr(),
                        b_stride: b.stride,
                        depth: b.depth,
                    };
                    // SAFETY: the caller has checked the sizes and the processor.
                    unsafe {
                        $(if taken == $vectors * $lanes { strip::<$vectors, $rows>(tile, rows, left); })+
                    }
                    column += taken;
                }
            }

            /// All rows of one strip of columns, `left` of which exist.
            #[target_feature(enable = $feature)]
            unsafe fn strip<const V: usize, const P: usize>(tile: Tile, rows: usize, left: usize) {
                let mut row = 0;
                while row < rows {
                    let at = Tile {
                        // SAFETY: `row` is a row of the output and of the windows.
                        out: unsafe { tile.out.add(row * tile.out_stride) },
                        a: unsafe { tile.a.add(row * tile.row) },
                        ..tile
                    };
                    // SAFETY: as many rows as are taken are left.
                    unsafe {
                        row += match rows - row {
                            n if n >= P => edge::<V, P>(at, left),
                            n if n >= 8 => edge::<V, 8>(at, left),
                            n if n >= 4 => edge::<V, 4>(at, left),
                            n if n >= 2 => edge::<V, 2>(at, left),
                            _ => edge::<V, 1>(at, left),
                        };
                    }
                }
            }

            /// One tile, through a buffer where it reaches over the last column; how many rows it took.
            #[target_feature(enable = $feature)]
            unsafe fn edge<const V: usize, const P: usize>(tile: Tile, left: usize) -> usize {
                // SAFETY: rows of the output have `left` columns from here, those of the buffer as many as the tile.
                unsafe {
                    if left >= V * $lanes {
                        sums::<V, P>(tile);
                        return P;
                    }
                    let mut buffer = [0.0_f32; WIDEST * TALLEST];
                    for p in 0..P {
                        let from = std::slice::from_raw_parts(tile.out.add(p * tile.out_stride), left);
                        buffer[p * V * $lanes..][..left].copy_from_slice(from);
                    }
                    sums::<V, P>(Tile { out: buffer.as_mut_ptr(), out_stride: V * $lanes, ..tile });
                    for p in 0..P {
                        let to = std::slice::from_raw_parts_mut(tile.out.add(p * tile.out_stride), left);
                        to.copy_from_slice(&buffer[p * V * $lanes..][..left]);
                    }
                }
                P
            }

            /// The sums of one whole tile.
            #[target_feature(enable = $feature)]
            unsafe fn sums<const V: usize, const P: usize>(tile: Tile) {
                let zero = $splat(0.0);
                let mut sums: [[$vector; V]; P] = [[zero; V]; P];
                // SAFETY: `P` rows and `V` vectors lie in all three.
                unsafe {
                    for p in 0..P {
                        for v in 0..V {
                            sums[p][v] = $load(tile.out.add(p * tile.out_stride + v * $lanes));
                        }
                    }
                    for i in 0..tile.depth {
                        let mut columns = [zero; V];
                        for v in 0..V {
                            columns[v] = $load(tile.b.add(i * tile.b_stride + v * $lanes));
                        }
                        for p in 0..P {
                            let x = $splat(*tile.a.add(p * tile.row + i * tile.inner));
                            for v in 0..V {
                                sums[p][v] = $fma(x, columns[v], sums[p][v]);
                            }
                        }
                    }
                    for p in 0..P {
                        for v in 0..V {
                            $store(tile.out.add(p * tile.out_stride + v * $lanes), sums[p][v]);
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

    #[test]
    fn all_instructions_give_the_same_bits() {
        let mut stream = Seed(1).stream("tile", 0);
        let mut draw = |n: usize| {
            let mut values = vec![0.0; n];
            stream.fill_normal(&mut values);
            values
        };
        let shapes =
            [(1, 1, 1), (7, 24, 7), (13, 48, 30), (29, 64, 11), (5, 70, 3), (40, 16, 9), (12, 17, 4)];
        for (rows, columns, depth) in shapes {
            for (row, inner) in [(3, 1), (1, 5), (0, 1)] {
                let a = draw((rows - 1) * row + (depth - 1) * inner + 1);
                let stride = padded(columns);
                let b = draw(depth * stride);
                let start = draw(rows * columns);
                let a = Windows { values: &a, row, inner };
                let b = Panel { values: &b, depth, stride };
                let mut want = start.clone();
                portable(&mut want, rows, columns, a, b);
                let mut got = start.clone();
                add_product(&mut got, rows, columns, a, b);
                assert_eq!(got, want);
                #[cfg(target_arch = "x86_64")]
                if std::arch::is_x86_feature_detected!("avx2") && std::arch::is_x86_feature_detected!("fma") {
                    let mut got = start.clone();
                    narrow::product(&mut got, rows, columns, a, b);
                    assert_eq!(got, want);
                }
            }
        }
    }
}
