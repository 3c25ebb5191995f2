//! Squared distances of rows to several points at a time, in loops that the compiler turns into vector instructions.

/// Points in a group: the lanes of a vector register.
pub(super) const LANES: usize = 4;
/// Rows in a tile.
pub(super) const TILE: usize = 8;
/// Sums of one row and group that do not wait for one another.
const CHAINS: usize = 8;

/// Squared distances of one row to the points of a group.
pub(super) type Distances = [f64; LANES];

/// Points in groups of [`LANES`], feature by feature: what a vector register takes at once lies together. Places
/// that are left over are infinitely far away.
pub(super) struct Points {
    features: usize,
    lanes: Vec<[f64; LANES]>,
}

impl Points {
    /// Points of so many features each.
    pub fn new<'a>(features: usize, points: impl ExactSizeIterator<Item = &'a [f64]>) -> Self {
        let mut lanes = vec![[f64::INFINITY; LANES]; points.len().div_ceil(LANES) * features];
        for (k, point) in points.enumerate() {
            let group = &mut lanes[k / LANES * features..][..features];
            group.iter_mut().zip(point).for_each(|(lanes, &value)| lanes[k % LANES] = value);
        }
        Self { features, lanes }
    }

    /// How many groups.
    pub fn groups(&self) -> usize {
        self.lanes.len() / self.features
    }

    fn group(&self, group: usize) -> &[[f64; LANES]] {
        &self.lanes[group * self.features..][..self.features]
    }

    /// Squared distances of a row to the points of a group.
    pub fn of_row(&self, group: usize, row: &[f64]) -> Distances {
        let (whole, rest) = row.as_chunks::<CHAINS>();
        let (steps, last) = self.group(group).as_chunks::<CHAINS>();
        let mut sums = [[0.0; LANES]; CHAINS];
        for (values, lanes) in whole.iter().zip(steps) {
            for chain in 0..CHAINS {
                sums[chain] = add(sums[chain], values[chain], &lanes[chain]);
            }
        }
        for (value, lanes) in rest.iter().zip(last) {
            sums[0] = add(sums[0], *value, lanes);
        }
        let [a, b, c, d, e, f, g, h] = sums;
        let mut total = [0.0; LANES];
        for k in 0..LANES {
            total[k] = ((a[k] + b[k]) + (c[k] + d[k])) + ((e[k] + f[k]) + (g[k] + h[k]));
        }
        total
    }

    /// Squared distances of [`TILE`] rows to the points of a group.
    pub fn of_tile(&self, group: usize, rows: [&[f64]; TILE]) -> [Distances; TILE] {
        let group = self.group(group);
        let rows = rows.map(|row| &row[..group.len()]);
        let mut sums = [[0.0; LANES]; TILE];
        for feature in 0..group.len() {
            for row in 0..TILE {
                sums[row] = add(sums[row], rows[row][feature], &group[feature]);
            }
        }
        sums
    }
}

/// The sums and the squared differences of one feature.
#[inline]
fn add(sums: Distances, value: f64, lanes: &Distances) -> Distances {
    let mut out = sums;
    for lane in 0..LANES {
        let difference = value - lanes[lane];
        out[lane] = difference.mul_add(difference, sums[lane]);
    }
    out
}

/// Calls `each` with the position of every row of a block and its squared distances to the points of a group.
pub(super) fn each_row(points: &Points, group: usize, block: &[f64], mut each: impl FnMut(usize, Distances)) {
    let features = points.features;
    let tiles = block.chunks_exact(TILE * features);
    let rest = tiles.remainder();
    let first = block.len() / features / TILE * TILE;
    for (at, tile) in tiles.enumerate() {
        let rows = std::array::from_fn(|row| &tile[row * features..][..features]);
        for (row, distances) in points.of_tile(group, rows).into_iter().enumerate() {
            each(at * TILE + row, distances);
        }
    }
    for (at, row) in rest.chunks_exact(features).enumerate() {
        each(first + at, points.of_row(group, row));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::vector::squared_distance;

    proptest! {
        #[test]
        fn distances_are_those_of_their_definition(
            features in 1_usize..40, rows in 1_usize..30, points in 1_usize..10, seed in any::<u64>(),
        ) {
            let mut stream = paucal_core::Seed(seed).stream("points", 0);
            let mut values = |n: usize| (0..n * features).map(|_| stream.normal()).collect::<Vec<f64>>();
            let (block, given) = (values(rows), values(points));
            let points = Points::new(features, given.chunks_exact(features));
            for group in 0..points.groups() {
                let mut seen = 0;
                each_row(&points, group, &block, |row, distances| {
                    assert_eq!(row, seen);
                    seen += 1;
                    let row = &block[row * features..][..features];
                    for (lane, distance) in distances.into_iter().enumerate() {
                        let point = given.chunks_exact(features).nth(group * LANES + lane);
                        let wanted = point.map_or(f64::INFINITY, |point| squared_distance(row, point));
                        assert!(distance == wanted || (distance - wanted).abs() <= 1e-12 * (1.0 + wanted));
                        let alone = points.of_row(group, row)[lane];
                        assert!(alone == wanted || (alone - wanted).abs() <= 1e-12 * (1.0 + wanted));
                    }
                });
                prop_assert_eq!(seen, rows);
            }
        }
    }
}
