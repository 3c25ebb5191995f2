//! The gradient of the weights.

use std::ops::Range;

use rayon::prelude::*;

use super::forward::Windows;
use super::{Shape, depthwise};
use crate::kernels::product::{BLOCK, LANES, Packing, Panel, Picked, add_product};
use crate::kernels::spare;

/// Values up to which groups of lines have a gradient each.
const SMALL: usize = 1 << 16;
/// Groups of lines.
const GROUPS: usize = 16;
/// Tasks take a multiple of so many rows, which all tiles divide.
const ROWS: usize = 24;
/// Places that are taken together.
const TERMS: usize = 256;

/// Gradient `[outputs, inputs of a group, kernel]` from the inputs and the gradient of the outputs.
pub fn weight_gradient(shape: &Shape, x: &[f32], dy: &[f32]) -> Vec<f32> {
    let [inputs, outputs] = shape.per_group();
    let [down, across] = shape.positions();
    let rows = shape.cells() * inputs;
    let size = shape.groups * rows * outputs;
    if dy.is_empty() {
        return vec![0.0; size];
    }
    if shape.depthwise() {
        return depthwise::weight_gradient(shape, x, dy);
    }
    let lines = dy.len() / (across * shape.outputs);
    debug_assert_eq!(lines % down, 0, "whole images");
    let sum = Sum { shape, x, dy };
    let mut total = spare::room(size);
    total.fill(0.0);
    if size <= SMALL {
        let step = lines.div_ceil(GROUPS);
        let part = |first: usize| {
            let mut part = vec![0.0; size];
            for (group, part) in part.chunks_exact_mut(rows * outputs).enumerate() {
                sum.add(group, 0..rows, first..(first + step).min(lines), part);
            }
            part
        };
        let firsts: Vec<usize> = (0..lines).step_by(step).collect();
        let parts: Vec<Vec<f32>> = firsts.into_par_iter().map(part).collect();
        for part in &parts {
            total.iter_mut().zip(part).for_each(|(total, v)| *total += v);
        }
    } else {
        let tasks = (2 * rayon::current_num_threads()).div_ceil(shape.groups);
        let height = rows.div_ceil(tasks).next_multiple_of(ROWS);
        total.par_chunks_mut(rows * outputs).enumerate().for_each(|(group, total)| {
            total.par_chunks_mut(height * outputs).enumerate().for_each(|(i, out)| {
                sum.add(group, i * height..i * height + out.len() / outputs, 0..lines, out);
            });
        });
    }
    let weight = as_weights(shape, &total);
    spare::keep(total);
    weight
}

/// From a row per cell and input and a column per output, group by group, to `[outputs, inputs of a group, cells]`.
fn as_weights(shape: &Shape, total: &[f32]) -> Vec<f32> {
    let [inputs, outputs] = shape.per_group();
    let cells = shape.cells();
    let (rows, size) = (cells * inputs, cells * inputs * outputs);
    let mut weight = spare::room(total.len());
    // Sixteen outputs at a time read whole cache lines.
    let blocks = outputs.div_ceil(LANES);
    let one = |group: usize, block: usize, weight: &mut [f32]| {
        let of = &total[group * size..(group + 1) * size];
        let (first, width) = (block * LANES, weight.len() / rows);
        for (row, of) in of.chunks_exact(outputs).enumerate() {
            let at = row % inputs * cells + row / inputs;
            let to = weight[at..].iter_mut().step_by(rows);
            to.zip(&of[first..first + width]).for_each(|(w, &v)| *w = v);
        }
    };
    weight.par_chunks_mut(size).enumerate().for_each(|(group, weight)| {
        let parts = weight.par_chunks_mut(LANES * rows).enumerate();
        parts.with_min_len(blocks / 8 + 1).for_each(|(block, weight)| one(group, block, weight));
    });
    weight
}

/// What a group's gradient is summed from, some lines at a time.
struct Sum<'a> {
    shape: &'a Shape,
    x: &'a [f32],
    dy: &'a [f32],
}

/// Buffers that are used again for the next lines.
#[derive(Default)]
struct Room {
    /// The gradient of the outputs, packed.
    right: Vec<f32>,
    /// Some rows of the left factor, place by place.
    left: Vec<f32>,
    /// Where the places of `left` lie.
    places: Vec<u32>,
}

impl Sum<'_> {
    /// Adds some rows of a group's gradient over some lines of the outputs.
    fn add(&self, group: usize, rows: Range<usize>, lines: Range<usize>, out: &mut [f32]) {
        let across = self.shape.positions()[1];
        let mut windows = Windows::new(self.shape, self.x);
        let mut room = Room::default();
        let step = (TERMS / across).max(1);
        for first in lines.clone().step_by(step) {
            let some = first..(first + step).min(lines.end);
            windows.pick(some.clone());
            self.add_lines(group, rows.clone(), some, &windows, &mut room, out);
        }
    }

    fn add_lines(
        &self,
        group: usize,
        rows: Range<usize>,
        lines: Range<usize>,
        windows: &Windows<'_>,
        room: &mut Room,
        out: &mut [f32],
    ) {
        let shape = self.shape;
        let [inputs, outputs] = shape.per_group();
        let line = shape.positions()[1] * shape.outputs;
        let dy = &self.dy[lines.start * line..lines.end * line];
        let values = &windows.values()[group * inputs..];
        let cells = &windows.cells[rows];
        let terms = windows.starts.len();
        let Room { right, left, places } = room;
        // A few columns lie as they should; more would be rows far apart, which push each other out of the cache.
        let panel = if outputs.is_multiple_of(LANES) && outputs <= BLOCK {
            Panel { values: &dy[group * outputs..], stride: shape.outputs, block: BLOCK }
        } else {
            let packing = Packing::new(terms, outputs);
            right.resize(packing.len, 0.0);
            for (i, row) in dy.chunks_exact(shape.outputs).enumerate() {
                for (j, part) in row[group * outputs..][..outputs].chunks(BLOCK).enumerate() {
                    right[packing.at(i, j * BLOCK)..][..part.len()].copy_from_slice(part);
                }
            }
            packing.panel(right)
        };
        let starts = |count: usize, step: usize| (0..count).map(move |r| (r * step) as u32);
        if outputs <= 2 * BLOCK {
            places.clear();
            places.extend(starts(cells.len(), outputs));
            let a = Picked { values, rows: cells, inner: &windows.starts };
            return add_product(out, places, outputs, a, panel);
        }
        // Rows that are used for many columns are brought together first.
        let (own, inner): (Vec<u32>, Vec<u32>) = (starts(ROWS, 1).collect(), starts(terms, ROWS).collect());
        left.resize(terms * ROWS, 0.0);
        places.clear();
        places.extend(starts(ROWS, outputs));
        for (cells, out) in cells.chunks(ROWS).zip(out.chunks_mut(ROWS * outputs)) {
            let mut done = 0;
            for run in cells.chunk_by(|a, b| a + 1 == *b) {
                for (to, &start) in left.chunks_exact_mut(ROWS).zip(&windows.starts) {
                    to[done..done + run.len()]
                        .copy_from_slice(&values[(start + run[0]) as usize..][..run.len()]);
                }
                done += run.len();
            }
            let a = Picked { values: left, rows: &own[..done], inner: &inner };
            add_product(out, &places[..done], outputs, a, panel);
        }
    }
}
