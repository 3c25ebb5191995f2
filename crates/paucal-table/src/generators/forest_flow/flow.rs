//! Following the flow from noise to rows.

use std::ops::Range;

use ndarray::{Array2, s};
use paucal_core::{Seed, Stream};
use rayon::prelude::*;

use super::coding::Part;
use super::groups::Group;
use crate::generators::trees::CHUNK;

/// A part whose coordinates are held on their way to a known end.
struct Held<'a> {
    part: &'a Part,
    start: usize,
    level: usize,
}

impl Held<'_> {
    fn coordinates(&self) -> Range<usize> {
        self.start..self.start + self.part.width()
    }
}

impl Group {
    /// Makes rows of cells (`rows` × `width` learnt columns, row-major). `wanted` gives the level (position) some
    /// columns are to have: it is certain, and as far as the group has seen it, the rest of the row follows it.
    pub fn make(&self, rows: usize, wanted: &[Option<usize>], seed: Seed) -> Vec<f64> {
        let width = wanted.len();
        let mut cells = vec![0.0; rows * width];
        cells.par_chunks_mut((CHUNK * width).max(1)).enumerate().for_each(|(chunk, cells)| {
            let mut stream = seed.stream("forest-flow/rows", chunk as u64);
            let gaps: Vec<Vec<usize>> =
                (0..cells.len() / width).map(|_| self.coding.gaps.draw(&mut stream)).collect();
            let points = self.points(&gaps, wanted, &mut stream);
            for ((row, point), gaps) in cells.chunks_exact_mut(width).zip(points.rows()).zip(gaps) {
                self.coding.decode(point.as_slice().unwrap_or_default(), row);
                gaps.into_iter().for_each(|column| row[column] = f64::NAN);
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

    /// Noise carried to points, a row for each list of missing columns. Coordinates of missing numbers stay NaN.
    fn points(&self, gaps: &[Vec<usize>], wanted: &[Option<usize>], stream: &mut Stream) -> Array2<f64> {
        let shape = (gaps.len(), self.coding.width());
        let mut noise = Array2::from_shape_fn(shape, |_| stream.normal());
        for (at, part) in self.coding.places() {
            if let Part::Number { column, .. } = part {
                let missing = gaps.iter().zip(noise.column_mut(at)).filter(|(gaps, _)| gaps.contains(column));
                missing.for_each(|(_, x)| *x = f64::NAN);
            }
        }
        let held = self.held(wanted);
        let mut ends = Array2::zeros(shape);
        for mut end in ends.rows_mut() {
            for held in &held {
                let mut of_part = end.slice_mut(s![held.coordinates()]);
                let Some(of_part) = of_part.as_slice_mut() else { continue };
                held.part.encode(held.level as f64, of_part, stream);
            }
        }
        let hold = |x: &mut Array2<f64>, t: f64| {
            for at in held.iter().flat_map(Held::coordinates) {
                let way = t * &ends.column(at) + (1.0 - t) * &noise.column(at);
                x.column_mut(at).assign(&way);
            }
        };
        let step = 1.0 / (self.levels.len() + 1) as f64;
        let mut x = noise.clone();
        // Where rows are headed from pure noise is known without trees.
        let mut v = Array2::from_shape_fn(shape, |(row, at)| self.mean[at] - x[[row, at]]);
        x.scaled_add(step, &v);
        for (level, ensembles) in self.levels.iter().enumerate() {
            hold(&mut x, (level + 1) as f64 * step);
            for (at, ensemble) in ensembles.iter().enumerate() {
                v.column_mut(at).assign(&ensemble.predict(x.view()).column(0));
            }
            x.scaled_add(step, &v);
        }
        hold(&mut x, 1.0);
        x
    }

    /// The wanted levels that the group has seen.
    fn held(&self, wanted: &[Option<usize>]) -> Vec<Held<'_>> {
        let mut held = Vec::new();
        for (start, part) in self.coding.places() {
            if let Some(level) = wanted[part.column()].filter(|&level| part.knows(level)) {
                held.push(Held { part, start, level });
            }
        }
        held
    }
}
