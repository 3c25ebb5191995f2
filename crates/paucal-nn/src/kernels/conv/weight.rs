//! The gradient of the weights.

use std::ops::Range;

use rayon::prelude::*;

use super::forward::Windows;
use super::{Shape, depthwise};
use crate::kernels::product::{BLOCK, LANES, Panel, Picked, add_product};

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
    let mut total = vec![0.0; size];
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
    as_weights(shape, &total)
}

/// From a row per cell and input and a column per output, group by group, to `[outputs, inputs of a group, cells]`.
fn as_weights(shape: &Shape, total: &[f32]) -> Vec<f32> {
    let [inputs, outputs] = shape.per_group();
    let cells = shape.cells();
    let mut weight = vec![0.0; total.len()];
    // Sixteen outputs at a time read whole cache lines.
    weight.par_chunks_mut(LANES * inputs * cells).enumerate().for_each(|(i, weight)| {
        for (j, weight) in weight.chunks_exact_mut(inputs * cells).enumerate() {
            let (group, output) = ((i * LANES + j) / outputs, (i * LANES + j) % outputs);
            let of = &total[group * inputs * cells * outputs..];
            for (input, weight) in weight.chunks_exact_mut(cells).enumerate() {
                for (cell, w) in weight.iter_mut().enumerate() {
                    *w = of[(cell * inputs + input) * outputs + output];
                }
            }
        }
    });
    weight
}

struct Sum<'a> {
    shape: &'a Shape,
    x: &'a [f32],
    dy: &'a [f32],
}

impl Sum<'_> {
    /// Adds some rows of a group's gradient over some lines of the outputs.
    fn add(&self, group: usize, rows: Range<usize>, lines: Range<usize>, out: &mut [f32]) {
        let shape = self.shape;
        let [inputs, outputs] = shape.per_group();
        let across = shape.positions()[1];
        let mut windows = Windows::new(shape, self.x);
        let places: Vec<u32> = (0..rows.len()).map(|r| (r * outputs) as u32).collect();
        let step = (TERMS / across).max(1);
        let mut wide = Vec::new();
        for first in lines.clone().step_by(step) {
            let some = first..(first + step).min(lines.end);
            windows.pick(some.clone());
            let a = Picked {
                values: &windows.values()[group * inputs..],
                rows: &windows.cells[rows.clone()],
                inner: &windows.starts,
            };
            let dy = &self.dy[some.start * across * shape.outputs..some.end * across * shape.outputs];
            let b = if outputs % LANES == 0 {
                Panel { values: &dy[group * outputs..], stride: shape.outputs, block: BLOCK }
            } else {
                let stride = outputs.next_multiple_of(LANES);
                wide.resize(windows.starts.len() * stride, 0.0);
                for (wide, row) in wide.chunks_exact_mut(stride).zip(dy.chunks_exact(shape.outputs)) {
                    wide[..outputs].copy_from_slice(&row[group * outputs..][..outputs]);
                }
                Panel { values: &wide, stride, block: BLOCK }
            };
            add_product(out, &places, outputs, a, b);
        }
    }
}
