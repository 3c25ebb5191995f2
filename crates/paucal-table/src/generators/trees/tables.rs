//! How often each level of a column occurs, leaf by leaf.

use paucal_core::Stream;

/// Counts of levels in leaves; levels that a leaf lacks take no room.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Tables {
    /// Where the entries of each leaf begin, and where the last ones end.
    pub starts: Vec<usize>,
    /// Position of the level of each entry, ascending within a leaf.
    pub levels: Vec<usize>,
    /// Running count within the leaf.
    pub running: Vec<usize>,
}

impl Tables {
    /// No leaf yet.
    pub fn new() -> Self {
        Self { starts: vec![0], ..Self::default() }
    }

    /// Adds a leaf with the levels (positions) of its rows.
    pub fn push(&mut self, mut levels: Vec<usize>) {
        levels.sort_unstable();
        let mut rows = 0;
        for group in levels.chunk_by(|a, b| a == b) {
            rows += group.len();
            self.levels.push(group[0]);
            self.running.push(rows);
        }
        self.starts.push(self.levels.len());
    }

    /// Number of leaves.
    pub fn leaves(&self) -> usize {
        self.starts.len() - 1
    }

    /// Whether the arrays belong together, every leaf has a row and no level is `levels` or beyond.
    pub fn is_sound(&self, levels: usize) -> bool {
        let whole = self.starts.first() == Some(&0)
            && self.starts.is_sorted_by(|a, b| a < b)
            && self.starts.last() == Some(&self.levels.len())
            && self.levels.len() == self.running.len();
        let rises = |leaf: usize| {
            let counts = &self.running[self.starts[leaf]..self.starts[leaf + 1]];
            counts[0] > 0 && counts.is_sorted_by(|a, b| a < b)
        };
        whole && self.levels.iter().all(|&level| level < levels) && (0..self.leaves()).all(rises)
    }

    /// Rows of a leaf.
    pub fn rows(&self, leaf: usize) -> usize {
        self.running[self.starts[leaf + 1] - 1]
    }

    /// Rows of a leaf that have a level.
    pub fn count(&self, leaf: usize, level: usize) -> usize {
        let start = self.starts[leaf];
        let entries = start..self.starts[leaf + 1];
        match self.levels[entries].binary_search(&level) {
            Ok(at) => self.running[start + at] - if at > 0 { self.running[start + at - 1] } else { 0 },
            Err(_) => 0,
        }
    }

    /// Draws the level of a row of a leaf.
    pub fn draw(&self, leaf: usize, stream: &mut Stream) -> usize {
        let entries = self.starts[leaf]..self.starts[leaf + 1];
        let row = stream.index(self.rows(leaf));
        let at = self.running[entries.clone()].partition_point(|&sum| sum <= row);
        self.levels[entries.start + at]
    }
}

#[cfg(test)]
mod tests {
    use paucal_core::Seed;

    use super::*;

    #[test]
    fn counts_are_those_of_the_rows_and_draws_follow_them() {
        let mut tables = Tables::new();
        tables.push(vec![4, 1, 4, 4]);
        tables.push(vec![0]);
        assert!(tables.is_sound(5) && !tables.is_sound(4));
        assert_eq!([0, 1, 4].map(|level| tables.count(0, level)), [0, 1, 3]);
        assert_eq!((tables.rows(0), tables.rows(1), tables.leaves()), (4, 1, 2));
        let mut stream = Seed(1).stream("tables", 0);
        let fours = (0..4000).filter(|_| tables.draw(0, &mut stream) == 4).count();
        assert!((2900..3100).contains(&fours), "{fours}");
        assert!((0..9).all(|_| tables.draw(1, &mut stream) == 0));
        let damaged = Tables { running: vec![1, 1, 1], ..tables };
        assert!(!damaged.is_sound(5));
    }
}
