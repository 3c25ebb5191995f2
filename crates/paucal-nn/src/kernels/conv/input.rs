//! The gradient of the input, which is also the forward pass of the transposed convolution.

use std::ops::Range;

use super::frame::{Frame, Image};
use super::{Shape, depthwise, lines_of_task};
use crate::kernels::product::{BLOCK, Packing, Picked, add_product};
use crate::kernels::{for_chunks, spare};
use crate::layers::Window;

/// Gradient `[samples, height, width, inputs]` from that of the outputs.
pub fn input_gradient(shape: &Shape, dy: &[f32], weight: &[f32]) -> Vec<f32> {
    let samples = dy.len() / shape.output_len().max(1);
    let [height, width] = shape.size;
    let mut dx = spare::room(samples * shape.input_len());
    if dx.is_empty() {
        return dx;
    }
    if shape.depthwise() {
        depthwise::input_gradient(shape, dy, weight, &mut dx);
        return dx;
    }
    let phases = Phases::new(shape, weight);
    // Of the places of a line each phase takes its share.
    let lines = lines_of_task(samples * height, width.div_ceil(shape.window.stride.iter().product()));
    let task = |around: &mut Around, i: usize, out: &mut [f32]| {
        out.fill(0.0);
        around.pick(shape, dy, i * lines..i * lines + out.len() / (width * shape.inputs));
        phases.add(out, around, dy);
    };
    let operations = shape.operations(samples);
    for_chunks(&mut dx, lines * width * shape.inputs, operations, Around::default, task);
    phases.keep();
    dx
}

/// Along one direction: the place `u = place + padding` is reached by cell `k` of the window at `m - t`, where
/// `u = s m + phase` and `k d = s t + phase`.
#[derive(Debug, Clone, Copy)]
struct Axis {
    stride: usize,
    padding: usize,
    /// The largest `t`.
    most: usize,
}

impl Axis {
    fn both(window: Window) -> [Self; 2] {
        std::array::from_fn(|d| Self {
            stride: window.stride[d],
            padding: window.padding[d],
            most: (window.kernel[d] - 1) * window.dilation[d] / window.stride[d],
        })
    }

    /// `m` and phase of a place.
    fn of(self, place: usize) -> (usize, usize) {
        let u = place + self.padding;
        (u / self.stride, u % self.stride)
    }

    /// The windows that reach some places.
    fn windows(self, places: Range<usize>) -> Range<isize> {
        let first = self.of(places.start).0 as isize - self.most as isize;
        first..self.of(places.end - 1).0 as isize + 1
    }
}

/// The gradient of the outputs around some lines of the input.
#[derive(Default)]
struct Around {
    frame: Frame,
    /// Whether the gradient is used as it is.
    direct: bool,
    /// Places from one line of it to the next.
    width: usize,
    /// The lines of the input: phase, and where the first window lies that reaches its first place.
    lines: Vec<(usize, usize)>,
}

impl Around {
    /// Takes what lines of the input need, those of all samples counted through.
    fn pick(&mut self, shape: &Shape, dy: &[f32], lines: Range<usize>) {
        let [height, width] = shape.size;
        let [down, across] = shape.positions();
        let axes = Axis::both(shape.window);
        let columns = axes[1].windows(0..width);
        self.direct = axes[0].windows(0..height) == (0..down as isize) && columns == (0..across as isize);
        self.width = columns.len();
        self.frame.clear();
        self.lines.clear();
        let mut line = lines.start;
        while line < lines.end {
            let (sample, first) = (line / height, line % height);
            let end = (first + lines.end - line).min(height);
            let rows = axes[0].windows(first..end);
            let start = if self.direct {
                (sample * down + rows.start as usize) * across * shape.outputs
            } else {
                let values = &dy[sample * shape.output_len()..][..shape.output_len()];
                let image = Image { values, size: [down, across], channels: shape.outputs };
                self.frame.add(image, rows.clone(), columns.clone())
            };
            self.lines.extend((first..end).map(|place| {
                let (m, phase) = axes[0].of(place);
                let top = (m as isize - axes[0].most as isize - rows.start) as usize;
                (phase, start + top * self.width * shape.outputs)
            }));
            line += end - first;
        }
    }
}

/// The cells that reach the places of one phase.
struct Phase {
    of: [usize; 2],
    /// Where the cells and the outputs of a group lie from the first window.
    inner: Vec<u32>,
    packing: Packing,
    /// A right factor per group: a row per cell and output, a column per input.
    weights: Vec<f32>,
}

struct Phases<'a> {
    shape: &'a Shape,
    all: Vec<Phase>,
}

impl<'a> Phases<'a> {
    fn new(shape: &'a Shape, weight: &[f32]) -> Self {
        let axes = Axis::both(shape.window);
        let width = axes[1].windows(0..shape.size[1]).len();
        let [down, across] = shape.window.stride;
        let all =
            (0..down * across).map(|i| Phase::new(shape, weight, [i / across, i % across], axes, width));
        Self { shape, all: all.filter(|phase| !phase.inner.is_empty()).collect() }
    }

    /// Keeps the memory for the next.
    fn keep(self) {
        self.all.into_iter().for_each(|phase| spare::keep(phase.weights));
    }

    /// Adds the gradients of the lines that were picked.
    fn add(&self, out: &mut [f32], around: &Around, dy: &[f32]) {
        let shape = self.shape;
        let [inputs, outputs] = shape.per_group();
        let width = shape.size[1];
        let axis = Axis::both(shape.window)[1];
        let left = axis.windows(0..width).start;
        let values = if around.direct { dy } else { around.frame.values() };
        let (mut rows, mut places) = (Vec::new(), Vec::new());
        for phase in &self.all {
            rows.clear();
            places.clear();
            for (y, &(of, start)) in around.lines.iter().enumerate() {
                if of != phase.of[0] {
                    continue;
                }
                let first = (phase.of[1] + axis.stride - axis.padding % axis.stride) % axis.stride;
                for x in (first..width).step_by(axis.stride) {
                    let m = axis.of(x).0 as isize - axis.most as isize - left;
                    rows.push((start + m as usize * shape.outputs) as u32);
                    places.push(((y * width + x) * shape.inputs) as u32);
                }
            }
            for (group, weights) in phase.weights.chunks_exact(phase.packing.len).enumerate() {
                let a = Picked { values: &values[group * outputs..], rows: &rows, inner: &phase.inner };
                add_product(&mut out[group * inputs..], &places, inputs, a, phase.packing.panel(weights));
            }
        }
    }
}

impl Phase {
    fn new(shape: &Shape, weight: &[f32], of: [usize; 2], axes: [Axis; 2], width: usize) -> Self {
        let Window { kernel, dilation, .. } = shape.window;
        // The cells of this phase along a direction, each with its `t`.
        let cells = |d: usize| {
            let reached = move |k: &usize| (k * dilation[d]) % axes[d].stride == of[d];
            (0..kernel[d]).filter(reached).map(move |k| (k, axes[d].most - k * dilation[d] / axes[d].stride))
        };
        let taken: Vec<(usize, usize)> = cells(0)
            .flat_map(|(y, down)| cells(1).map(move |(x, across)| (y * kernel[1] + x, down * width + across)))
            .collect();
        let [inputs, outputs] = shape.per_group();
        let lying =
            |&(_, at): &(usize, usize)| (at * shape.outputs..at * shape.outputs + outputs).map(|o| o as u32);
        let inner: Vec<u32> = taken.iter().flat_map(lying).collect();
        let packing = Packing::new(inner.len(), inputs);
        let mut weights = spare::room(shape.groups * packing.len);
        let (all, blocks) = (shape.cells(), inputs.div_ceil(BLOCK));
        for_chunks(
            &mut weights,
            packing.block.max(1),
            weight.len(),
            || (),
            |(), i, block| {
                let (group, first) = (i / blocks, i % blocks * BLOCK);
                let columns = (inputs - first).min(packing.stride);
                for (row, out) in block.chunks_exact_mut(packing.stride).enumerate() {
                    let (cell, output) = (taken[row / outputs].0, group * outputs + row % outputs);
                    let from = &weight[(output * inputs + first) * all + cell..];
                    out[..columns].iter_mut().zip(from.iter().step_by(all)).for_each(|(w, &v)| *w = v);
                    out[columns..].fill(0.0);
                }
            },
        );
        Self { of, inner, packing, weights }
    }
}
