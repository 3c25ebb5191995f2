//! The numbers of leaves, blurred.

use paucal_core::Stream;

/// Cells of numbers in leaves.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Cells {
    /// Where the cells of each leaf begin, and where the last ones end.
    pub starts: Vec<usize>,
    /// Lower end of each cell, ascending within a leaf.
    pub low: Vec<f64>,
    /// Upper end; equal to the lower one if the cell is a spike or stands alone.
    pub high: Vec<f64>,
    /// Running count of rows within the leaf.
    pub running: Vec<usize>,
}

impl Cells {
    /// No leaf yet.
    pub fn new() -> Self {
        Self { starts: vec![0], ..Self::default() }
    }

    /// Adds a leaf with the numbers of its rows (at least one, none NaN). A number reaches half the way to its
    /// neighbours, the outermost ones as far outwards as inwards; one of `spikes` (ascending) stays as it is.
    pub fn push(&mut self, mut numbers: Vec<f64>, spikes: &[f64]) {
        numbers.sort_unstable_by(f64::total_cmp);
        let groups: Vec<&[f64]> = numbers.chunk_by(|a, b| a == b).collect();
        let middle = |at: usize| groups[at][0] / 2.0 + groups[at + 1][0] / 2.0;
        let mut rows = 0;
        for (at, group) in groups.iter().enumerate() {
            let value = group[0];
            let before = (at > 0).then(|| value - middle(at - 1));
            let after = (at + 1 < groups.len()).then(|| middle(at) - value);
            let (before, after) =
                (before.or(after).unwrap_or_default(), after.or(before).unwrap_or_default());
            let (low, high) =
                if spikes.contains(&value) { (value, value) } else { (value - before, value + after) };
            rows += group.len();
            self.low.push(low);
            self.high.push(high);
            self.running.push(rows);
        }
        self.starts.push(self.low.len());
    }

    /// Number of leaves.
    pub fn leaves(&self) -> usize {
        self.starts.len() - 1
    }

    /// Whether the arrays belong together and every leaf has a row.
    pub fn is_sound(&self) -> bool {
        let whole = self.starts.first() == Some(&0)
            && self.starts.is_sorted_by(|a, b| a < b)
            && self.starts.last() == Some(&self.low.len())
            && self.low.len() == self.high.len()
            && self.low.len() == self.running.len();
        let rises = |leaf: usize| {
            let counts = &self.running[self.starts[leaf]..self.starts[leaf + 1]];
            counts[0] > 0 && counts.is_sorted_by(|a, b| a < b)
        };
        whole && self.low.iter().chain(&self.high).all(|x| x.is_finite()) && (0..self.leaves()).all(rises)
    }

    /// Draws a number of a leaf.
    pub fn draw(&self, leaf: usize, stream: &mut Stream) -> f64 {
        let cells = self.starts[leaf]..self.starts[leaf + 1];
        let row = stream.index(self.running[cells.end - 1]);
        let at = cells.start + self.running[cells].partition_point(|&sum| sum <= row);
        stream.uniform_in(self.low[at], self.high[at])
    }
}

#[cfg(test)]
mod tests {
    use paucal_core::Seed;

    use super::*;

    #[test]
    fn numbers_reach_half_the_way_to_their_neighbours_and_spikes_stay() {
        let mut cells = Cells::new();
        cells.push(vec![0.0, 4.0, 0.0, 0.0, 10.0], &[0.0]);
        cells.push(vec![7.0], &[]);
        assert_eq!(
            (&cells.low[..], &cells.high[..]),
            (&[0.0, 2.0, 7.0, 7.0][..], &[0.0, 7.0, 13.0, 7.0][..])
        );
        assert!(cells.is_sound());
        let mut stream = Seed(3).stream("cells", 0);
        let draws: Vec<f64> = (0..5000).map(|_| cells.draw(0, &mut stream)).collect();
        let share = |low, high| draws.iter().filter(|&&x| x >= low && x <= high).count() as f64 / 5000.0;
        assert!((share(0.0, 0.0) - 0.6).abs() < 0.03 && (share(2.0, 7.0) - 0.2).abs() < 0.03);
        assert_eq!(cells.draw(1, &mut stream), 7.0);
        assert!(!Cells { running: vec![3, 4, 0, 1], ..cells }.is_sound());
    }
}
