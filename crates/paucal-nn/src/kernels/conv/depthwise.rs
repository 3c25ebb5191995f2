//! Convolutions of each channel with a kernel of its own.
//!
//! A task is a line of what is made, some channels at a time: sums stay in registers while the cells of the kernel are
//! gone through, those of a few neighbouring places at once, so that multipliers need not wait for each other. Every sum
//! is a chain over the cells, or over the places, in order.

use std::array::{from_fn, from_ref};
use std::ops::Range;

use rayon::prelude::*;

use super::Shape;
use super::forward::Ending;
use crate::kernels::for_chunks;
use crate::kernels::lanes::{Lanes, WIDTH, blocks};

/// Samples are summed in at most so many groups for the gradient of the weights.
const GROUPS: usize = 32;
/// Sums that are made at once.
const CHAINS: usize = 4;

/// A cell of the kernel as the places of a line see it: place `j` sees `from + j · step`, if `j` lies in `range`.
#[derive(Debug, Clone)]
struct Tap {
    cell: usize,
    from: isize,
    range: Range<usize>,
}

impl Tap {
    fn place(&self, j: usize, step: usize) -> usize {
        (self.from + (j * step) as isize) as usize
    }
}

/// The places from which all taps see something.
fn interior(taps: &[Tap], count: usize) -> Range<usize> {
    let start = taps.iter().map(|tap| tap.range.start).max().unwrap_or(0);
    let end = taps.iter().map(|tap| tap.range.end).min().unwrap_or(count);
    start.min(end)..end
}

/// One direction of a convolution.
#[derive(Debug, Clone, Copy)]
struct Axis {
    kernel: usize,
    stride: usize,
    padding: isize,
    dilation: usize,
    /// Places of the input.
    size: usize,
    /// Places of the output.
    positions: usize,
}

impl Axis {
    fn both(shape: &Shape) -> [Self; 2] {
        let (window, positions) = (shape.window, shape.positions());
        from_fn(|d| Self {
            kernel: window.kernel[d],
            stride: window.stride[d],
            padding: window.padding[d] as isize,
            dilation: window.dilation[d],
            size: shape.size[d],
            positions: positions[d],
        })
    }

    /// How the places `j` of the output see those of the input: at `from + j · stride`.
    fn forth(self) -> Vec<Tap> {
        let tap = |cell: usize| {
            let from = (cell * self.dilation) as isize - self.padding;
            let stride = self.stride as isize;
            // The first place that sees something not left of the input, and the first right of it.
            let [start, end] = [-from, self.size as isize - from]
                .map(|to| (to + stride - 1).div_euclid(stride).clamp(0, self.positions as isize) as usize);
            Tap { cell, from, range: start..end }
        };
        (0..self.kernel).map(tap).filter(|tap| !tap.range.is_empty()).collect()
    }

    /// How the places `first + j · stride` of the input see those of the output: at `from + j`.
    fn back(self, first: usize) -> Vec<Tap> {
        let count = self.size.saturating_sub(first).div_ceil(self.stride) as isize;
        let tap = |cell: usize| {
            let (u, stride) =
                (first as isize + self.padding - (cell * self.dilation) as isize, self.stride as isize);
            let from = u.div_euclid(stride);
            let [start, end] = [-from, self.positions as isize - from].map(|to| to.clamp(0, count) as usize);
            (u.rem_euclid(stride) == 0 && start < end).then_some(Tap { cell, from, range: start..end })
        };
        (0..self.kernel).filter_map(tap).collect()
    }
}

/// What place `at` of a direction sees: cells and places.
fn seen(taps: &[Tap], at: usize, step: usize) -> impl Iterator<Item = (usize, usize)> {
    taps.iter().filter(move |tap| tap.range.contains(&at)).map(move |tap| (tap.cell, tap.place(at, step)))
}

/// The taps of a line: those along it, for every cell and line that are seen across it. Lines are `width` places long.
fn of_line(
    lines: impl Iterator<Item = (usize, usize)>,
    along: &[Tap],
    kernel: usize,
    width: usize,
) -> Vec<Tap> {
    let tap = |(cell, line): (usize, usize)| {
        along.iter().map(move |tap| Tap {
            cell: cell * kernel + tap.cell,
            from: tap.from + (line * width) as isize,
            range: tap.range.clone(),
        })
    };
    lines.flat_map(tap).collect()
}

/// Weights `[channels, cells]` as `[cells, channels]`.
fn by_cell(weight: &[f32], channels: usize) -> Vec<f32> {
    let cells = weight.len() / channels;
    (0..weight.len()).map(|i| weight[i % channels * cells + i / channels]).collect()
}

/// What a line is summed from.
struct Line<'a> {
    /// `[places, channels]`.
    source: &'a [f32],
    /// `[cells, channels]`.
    weight: &'a [f32],
    channels: usize,
    taps: &'a [Tap],
    /// Distance of what a place sees from what the next sees.
    step: usize,
    /// Places `first`, `first + every`, … of the line are summed.
    first: usize,
    every: usize,
}

impl Line<'_> {
    /// Adds the sums.
    fn add(&self, out: &mut [f32]) {
        blocks!(self.channels, WHOLE, channel => self.add_channels::<WHOLE>(out, channel));
    }

    fn add_channels<const WHOLE: bool>(&self, out: &mut [f32], channel: usize) {
        let places = out.len() / self.channels;
        let count = places.saturating_sub(self.first).div_ceil(self.every);
        let inner = interior(self.taps, count);
        let mut j = 0;
        while j < count {
            if j >= inner.start && j + CHAINS <= inner.end {
                self.some::<WHOLE, CHAINS>(out, channel, j, self.taps.iter());
                j += CHAINS;
            } else {
                self.some::<WHOLE, 1>(out, channel, j, self.taps.iter().filter(|tap| tap.range.contains(&j)));
                j += 1;
            }
        }
    }

    /// The sums of `P` places.
    fn some<'t, const WHOLE: bool, const P: usize>(
        &self,
        out: &mut [f32],
        channel: usize,
        j: usize,
        taps: impl Iterator<Item = &'t Tap>,
    ) {
        let (channels, width) = (self.channels, WIDTH.min(self.channels - channel));
        let (source, weight) = (&self.source[channel..], &self.weight[channel..]);
        let out = &mut out[channel + (self.first + j * self.every) * channels..];
        let [step, every] = [self.step * channels, self.every * channels];
        let mut sums: [Lanes; P] = from_fn(|p| Lanes::load::<WHOLE>(out, p * every, width));
        for tap in taps {
            let weight = Lanes::load::<WHOLE>(weight, tap.cell * channels, width);
            let source = &source[tap.place(j, self.step) * channels..];
            for (p, sum) in sums.iter_mut().enumerate() {
                *sum = Lanes::load::<WHOLE>(source, p * step, width).mul_add(weight, *sum);
            }
        }
        for (p, sum) in sums.into_iter().enumerate() {
            sum.store::<WHOLE>(out, p * every, width);
        }
    }
}

/// Fills the outputs.
pub fn forward(shape: &Shape, x: &[f32], weight: &[f32], ending: Ending<'_>, out: &mut [f32]) {
    let [down, across] = Axis::both(shape);
    let (channels, operations) = (shape.inputs, shape.operations(x.len() / shape.input_len()));
    let (weight, along, lines) = (by_cell(weight, channels), across.forth(), down.forth());
    let line = |(): &mut (), i: usize, out: &mut [f32]| {
        let source = &x[i / down.positions * shape.input_len()..][..shape.input_len()];
        let taps = of_line(seen(&lines, i % down.positions, down.stride), &along, across.kernel, across.size);
        ending.begin(out, channels);
        Line { source, weight: &weight, channels, taps: &taps, step: across.stride, first: 0, every: 1 }
            .add(out);
        ending.finish(out);
    };
    for_chunks(out, across.positions * channels, operations, || (), line);
}

/// Fills the gradient of the inputs.
pub fn input_gradient(shape: &Shape, dy: &[f32], weight: &[f32], dx: &mut [f32]) {
    let [down, across] = Axis::both(shape);
    let (channels, operations) = (shape.inputs, shape.operations(dy.len() / shape.output_len()));
    let weight = by_cell(weight, channels);
    let phases = |axis: Axis| (0..axis.stride).map(|first| axis.back(first)).collect::<Vec<_>>();
    let (along, lines) = (phases(across), phases(down));
    let line = |(): &mut (), i: usize, out: &mut [f32]| {
        let (sample, y) = (i / down.size, i % down.size);
        let source = &dy[sample * shape.output_len()..][..shape.output_len()];
        out.fill(0.0);
        for (first, along) in along.iter().enumerate() {
            let lines = seen(&lines[y % down.stride], y / down.stride, 1);
            let taps = of_line(lines, along, across.kernel, across.positions);
            Line { source, weight: &weight, channels, taps: &taps, step: 1, first, every: across.stride }
                .add(out);
        }
    };
    for_chunks(dx, across.size * channels, operations, || (), line);
}

/// Gradient of the weights, `[channels, cells]`.
pub fn weight_gradient(shape: &Shape, x: &[f32], dy: &[f32]) -> Vec<f32> {
    let [down, across] = Axis::both(shape);
    let (channels, cells) = (shape.inputs, shape.cells());
    let (along, lines) = (across.forth(), down.forth());
    let samples = x.len() / shape.input_len();
    let group = samples.div_ceil(GROUPS);
    let parts: Vec<Vec<f32>> = x
        .par_chunks(group * shape.input_len())
        .zip(dy.par_chunks(group * shape.output_len()))
        .map(|(x, dy)| {
            let mut sum = vec![0.0; cells * channels];
            let images = x.chunks_exact(shape.input_len()).zip(dy.chunks_exact(shape.output_len()));
            for (x, dy) in images {
                for (line, dy) in dy.chunks_exact(across.positions * channels).enumerate() {
                    let taps = of_line(seen(&lines, line, down.stride), &along, across.kernel, across.size);
                    Products { x, dy, channels, step: across.stride }.add(&taps, &mut sum);
                }
            }
            sum
        })
        .collect();
    let mut total = vec![0.0; cells * channels];
    for part in &parts {
        total.iter_mut().zip(part).for_each(|(total, v)| *total += v);
    }
    (0..total.len()).map(|i| total[i % cells * channels + i / cells]).collect()
}

/// What a line adds to the gradient of the weights.
struct Products<'a> {
    /// An image.
    x: &'a [f32],
    /// The line's gradient.
    dy: &'a [f32],
    channels: usize,
    /// Distance of what a place sees from what the next sees.
    step: usize,
}

impl Products<'_> {
    fn add(&self, taps: &[Tap], sum: &mut [f32]) {
        blocks!(self.channels, WHOLE, channel => self.add_channels::<WHOLE>(taps, channel, sum));
    }

    fn add_channels<const WHOLE: bool>(&self, taps: &[Tap], channel: usize, sum: &mut [f32]) {
        let (some, rest) = taps.as_chunks::<CHAINS>();
        some.iter().for_each(|taps| self.cells::<WHOLE, CHAINS>(taps, channel, sum));
        rest.iter().for_each(|tap| self.cells::<WHOLE, 1>(from_ref(tap), channel, sum));
    }

    /// The sums of `P` cells.
    fn cells<const WHOLE: bool, const P: usize>(&self, taps: &[Tap; P], channel: usize, sum: &mut [f32]) {
        let inner = interior(taps, 0);
        for tap in taps {
            self.inner::<WHOLE, 1>([tap], tap.range.start..inner.start.min(tap.range.end), channel, sum);
        }
        self.inner::<WHOLE, P>(from_fn(|p| &taps[p]), inner.clone(), channel, sum);
        for tap in taps {
            self.inner::<WHOLE, 1>([tap], inner.end.max(tap.range.start)..tap.range.end, channel, sum);
        }
    }

    /// The same over places that all of them see.
    fn inner<const WHOLE: bool, const P: usize>(
        &self,
        taps: [&Tap; P],
        places: Range<usize>,
        channel: usize,
        sum: &mut [f32],
    ) {
        if places.is_empty() {
            return;
        }
        let (channels, width) = (self.channels, WIDTH.min(self.channels - channel));
        let step = self.step * channels;
        let x = taps.map(|tap| &self.x[tap.place(places.start, self.step) * channels + channel..]);
        let dy = &self.dy[places.start * channels + channel..];
        let mut sums = taps.map(|tap| Lanes::load::<WHOLE>(sum, tap.cell * channels + channel, width));
        for j in 0..places.len() {
            let dy = Lanes::load::<WHOLE>(dy, j * channels, width);
            for p in 0..P {
                sums[p] = Lanes::load::<WHOLE>(x[p], j * step, width).mul_add(dy, sums[p]);
            }
        }
        for p in 0..P {
            sums[p].store::<WHOLE>(sum, taps[p].cell * channels + channel, width);
        }
    }
}
