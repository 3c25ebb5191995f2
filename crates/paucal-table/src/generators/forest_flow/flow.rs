//! Following the flow from noise to rows.

use ndarray::Array2;
use paucal_core::Seed;
use rayon::prelude::*;

use super::coding::Part;
use super::groups::Group;
use crate::generators::trees::CHUNK;

/// Coordinates that are held on their way to a known end.
struct Held {
    start: usize,
    end: usize,
}

impl Group {
    /// Makes rows of cells (`rows` × `width` learnt columns, row-major). `wanted` gives the level (position) some
    /// columns are to have: it is certain, and as far as the group has seen it, the rest of the row follows it.
    pub fn make(&self, rows: usize, wanted: &[Option<usize>], seed: Seed) -> Vec<f64> {
        let width = wanted.len();
        let mut cells = vec![0.0; rows * width];
        cells.par_chunks_mut((CHUNK * width).max(1)).enumerate().for_each(|(chunk, cells)| {
            let points = self.points(cells.len() / width, wanted, seed, chunk as u64);
            for (row, point) in cells.chunks_exact_mut(width).zip(points.rows()) {
                self.coding.decode(point.as_slice().unwrap_or_default(), row);
                let set = |(cell, level): (&mut f64, &Option<usize>)| {
                    if let Some(level) = level {
                        *cell = *level as f64;
                    }
                };
                row.iter_mut().zip(wanted).for_each(set);
            }
        });
        cells
    }

    /// Noise carried to points.
    fn points(&self, rows: usize, wanted: &[Option<usize>], seed: Seed, chunk: u64) -> Array2<f64> {
        let width = self.coding.width();
        let mut stream = seed.stream("forest-flow/rows", chunk);
        let noise = Array2::from_shape_fn((rows, width), |_| stream.normal());
        let mut ends = Array2::zeros((rows, width));
        let held = self.held(wanted);
        for (held, level) in &held {
            let part = self.coding.places().find(|(start, _)| *start == held.start).map(|(_, part)| part);
            for mut end in ends.rows_mut() {
                if let (Some(part), Some(end)) = (part, end.as_slice_mut()) {
                    part.encode(*level as f64, &mut end[held.start..held.end], &mut stream);
                }
            }
        }
        let mut x = noise.clone();
        let hold = |x: &mut Array2<f64>, t: f64| {
            for at in held.iter().flat_map(|(held, _)| held.start..held.end) {
                let way =
                    ends.column(at).mapv(|end| t * end) + noise.column(at).mapv(|start| (1.0 - t) * start);
                x.column_mut(at).assign(&way);
            }
        };
        let steps = self.levels.len() + 1;
        let step = 1.0 / steps as f64;
        let mut v = Array2::from_shape_fn((rows, width), |(row, at)| self.mean[at] - x[[row, at]]);
        x.scaled_add(step, &v);
        for (level, ensembles) in self.levels.iter().enumerate() {
            let t = (level + 1) as f64 * step;
            hold(&mut x, t);
            let seen = self.hide(&x, &v, 1.0 - t + step);
            for (at, ensemble) in ensembles.iter().enumerate() {
                v.column_mut(at).assign(&ensemble.predict(seen.view()).column(0));
            }
            x.scaled_add(step, &v);
        }
        hold(&mut x, 1.0);
        x
    }

    /// The coordinates of wanted levels that the group has seen.
    fn held(&self, wanted: &[Option<usize>]) -> Vec<(Held, usize)> {
        let known = |(start, part): (usize, &Part)| {
            let level = wanted[part.column()].filter(|&level| part.knows(level))?;
            Some((Held { start, end: start + part.width() }, level))
        };
        self.coding.places().filter_map(known).collect()
    }

    /// What the trees see of points: numbers whose indicator is headed for "missing" are hidden. The heading is where
    /// the last velocity leads in the time that was left before that step.
    fn hide(&self, x: &Array2<f64>, v: &Array2<f64>, left: f64) -> Array2<f64> {
        let mut seen = x.clone();
        let step = 1.0 / (self.levels.len() + 1) as f64;
        for (indicator, part) in self.coding.places() {
            let Part::Missing { column } = part else { continue };
            let is_number = |part: &Part| matches!(part, Part::Number { .. }) && part.column() == *column;
            let Some((number, _)) = self.coding.places().find(|(_, part)| is_number(part)) else { continue };
            for row in 0..x.nrows() {
                let before = x[[row, indicator]] - step * v[[row, indicator]];
                if before + left * v[[row, indicator]] > 0.0 {
                    seen[[row, number]] = f64::NAN;
                }
            }
        }
        seen
    }
}
