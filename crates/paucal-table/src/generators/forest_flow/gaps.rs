//! Which numbers of a row are missing.

use paucal_core::Stream;
use serde::{Deserialize, Serialize};

use crate::generators::trees::{pick, running};

/// Fewest rows that share a pattern for it to be kept: a pattern of one patient could be a fingerprint.
const FEWEST_ROWS: usize = 5;

/// Patterns of missing numbers. Those that few rows have are pooled, and in the pool every column is missing on its own.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Gaps {
    /// Columns with gaps, positions among the learnt ones.
    columns: Vec<usize>,
    /// Patterns over those columns, `true` where the number is missing.
    patterns: Vec<Vec<bool>>,
    /// Running number of rows of each pattern, then of the pool.
    running: Vec<f64>,
    /// Share of the pool's rows in which each column is missing.
    pool: Vec<f64>,
}

impl Gaps {
    /// Of some columns, given as position and cells.
    pub fn new(columns: &[(usize, &[f64])]) -> Self {
        let rows = columns.first().map_or(0, |(_, cells)| cells.len());
        let pattern =
            |row: usize| columns.iter().map(|(_, cells)| cells[row].is_nan()).collect::<Vec<bool>>();
        let mut all: Vec<Vec<bool>> = (0..rows).map(pattern).collect();
        all.sort_unstable();
        let (common, rare): (Vec<_>, Vec<_>) =
            all.chunk_by(|a, b| a == b).partition(|group| group.len() >= FEWEST_ROWS);
        let rare = rare.concat();
        let share = |at: usize| rare.iter().filter(|gaps| gaps[at]).count() as f64 / rare.len().max(1) as f64;
        let counts = common.iter().map(|group| group.len()).chain([rare.len()]);
        Self {
            columns: columns.iter().map(|(column, _)| *column).collect(),
            running: running(counts.map(|count| count as f64)),
            patterns: common.iter().map(|group| group[0].clone()).collect(),
            pool: (0..columns.len()).map(share).collect(),
        }
    }

    /// Draws the columns that are missing in a row.
    pub fn draw(&self, stream: &mut Stream) -> Vec<usize> {
        if self.columns.is_empty() {
            return Vec::new();
        }
        let at = pick(&self.running, stream.uniform());
        let missing: Vec<bool> = match self.patterns.get(at) {
            Some(pattern) => pattern.clone(),
            None => self.pool.iter().map(|&share| stream.uniform() < share).collect(),
        };
        self.columns.iter().zip(missing).filter(|(_, missing)| *missing).map(|(&column, _)| column).collect()
    }

    /// Whether the lists belong together and only such columns have gaps.
    pub fn is_sound(&self, is_number: impl Fn(usize) -> bool) -> bool {
        let width = self.columns.len();
        self.columns.iter().all(|&column| is_number(column))
            && self.patterns.iter().all(|pattern| pattern.len() == width)
            && self.pool.len() == width
            && (width == 0 || self.running.len() == self.patterns.len() + 1)
            && self.running.is_sorted()
    }
}

#[cfg(test)]
mod tests {
    use paucal_core::Seed;

    use super::*;

    #[test]
    fn patterns_of_many_rows_come_as_they_are_and_rare_ones_are_pooled() {
        // Both missing in 40 rows, none in 56, and 4 rows that lack one of the two.
        let missing = |row: usize, column: usize| row < 40 || (row < 44 && row % 2 == column);
        let cells = |column| (0..100).map(|row| if missing(row, column) { f64::NAN } else { 1.0 }).collect();
        let (a, b): (Vec<f64>, Vec<f64>) = (cells(0), cells(1));
        let gaps = Gaps::new(&[(3, &a), (7, &b)]);
        assert_eq!((gaps.patterns.len(), &gaps.pool[..]), (2, &[0.5, 0.5][..]));
        let mut stream = Seed(1).stream("gaps", 0);
        let draws: Vec<Vec<usize>> = (0..5000).map(|_| gaps.draw(&mut stream)).collect();
        let share = |wanted: &[usize]| draws.iter().filter(|gaps| **gaps == wanted).count() as f64 / 5000.0;
        assert!((share(&[3, 7]) - 0.41).abs() < 0.02 && (share(&[]) - 0.57).abs() < 0.02);
        assert!((share(&[3]) - 0.01).abs() < 0.007);
        assert!(gaps.is_sound(|column| column < 8) && !gaps.is_sound(|column| column < 7));
        assert!(Gaps::new(&[]).draw(&mut stream).is_empty());
    }
}
