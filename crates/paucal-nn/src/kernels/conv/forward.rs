//! The forward pass.

use super::frame::{Frame, Image};
use super::{Shape, depthwise, lines_of_task};
use crate::kernels::product::{BLOCK, Packing, Picked, add_product};
use crate::kernels::{for_chunks, spare};
use crate::layers::{Activation, Window};

/// What happens to the sums.
#[derive(Clone, Copy)]
pub struct Ending<'a> {
    /// Added to each channel.
    pub bias: Option<&'a [f32]>,
    /// Applied to the result.
    pub activation: Activation,
}

impl Ending<'_> {
    /// What the sums start from.
    pub fn begin(&self, out: &mut [f32], channels: usize) {
        match self.bias {
            Some(bias) => out.chunks_exact_mut(channels).for_each(|row| row.copy_from_slice(bias)),
            None => out.fill(0.0),
        }
    }

    /// The activation.
    pub fn finish(&self, out: &mut [f32]) {
        if self.activation != Activation::Identity {
            out.iter_mut().for_each(|y| *y = self.activation.value(*y));
        }
    }
}

/// Outputs `[samples, positions down, positions across, outputs]` of inputs `[samples, height, width, inputs]`.
pub fn forward(shape: &Shape, x: &[f32], weight: &[f32], ending: Ending<'_>) -> Vec<f32> {
    let [down, across] = shape.positions();
    let samples = x.len() / shape.input_len().max(1);
    let mut out = spare::room(samples * shape.output_len());
    if out.is_empty() {
        return out;
    }
    if shape.depthwise() {
        depthwise::forward(shape, x, weight, ending, &mut out);
        return out;
    }
    let weights = Weights::new(shape, weight);
    let lines = lines_of_task(samples * down, across);
    let task = |windows: &mut Windows<'_>, i: usize, out: &mut [f32]| {
        ending.begin(out, shape.outputs);
        windows.pick(i * lines..i * lines + out.len() / (across * shape.outputs));
        weights.add(out, windows);
        ending.finish(out);
    };
    let operations = shape.operations(samples);
    for_chunks(&mut out, lines * across * shape.outputs, operations, || Windows::new(shape, x), task);
    weights.keep();
    out
}

/// Where the windows of some lines of the output start.
pub struct Windows<'a> {
    shape: &'a Shape,
    x: &'a [f32],
    frame: Frame,
    /// Where the window of each place starts.
    pub starts: Vec<u32>,
    /// Where the cells lie from there.
    pub cells: Vec<u32>,
}

impl<'a> Windows<'a> {
    /// Of no line yet of these inputs.
    pub fn new(shape: &'a Shape, x: &'a [f32]) -> Self {
        let width = shape.size[1] + 2 * shape.window.padding[1];
        let cells = shape.offsets(width);
        Self { shape, x, frame: Frame::default(), starts: Vec::new(), cells }
    }

    /// Of so many lines of the outputs, those of all samples counted through.
    pub fn pick(&mut self, lines: std::ops::Range<usize>) {
        let Shape { size, inputs, window: Window { kernel, stride, padding, dilation }, .. } = *self.shape;
        let [down, across] = self.shape.positions();
        self.starts.clear();
        self.frame.clear();
        let width = size[1] + 2 * padding[1];
        let mut line = lines.start;
        while line < lines.end {
            let (sample, first) = (line / down, line % down);
            let end = (first + lines.end - line).min(down);
            let top = first * stride[0];
            let start = if self.whole() {
                (sample * size[0] + top) * size[1] * inputs
            } else {
                let values = &self.x[sample * self.shape.input_len()..][..self.shape.input_len()];
                let image = Image { values, size, channels: inputs };
                let reach = (end - 1) * stride[0] + (kernel[0] - 1) * dilation[0] + 1;
                let [above, left] = padding.map(|p| p as isize);
                self.frame.add(
                    image,
                    top as isize - above..reach as isize - above,
                    -left..size[1] as isize + left,
                )
            };
            for y in 0..end - first {
                let start = start + y * stride[0] * width * inputs;
                self.starts.extend((0..across).map(|x| (start + x * stride[1] * inputs) as u32));
            }
            line += end - first;
        }
    }

    /// The memory that the starts count in.
    pub fn values(&self) -> &[f32] {
        if self.whole() { self.x } else { self.frame.values() }
    }

    /// Whether no zeros stand around the inputs, so that nothing has to be copied.
    fn whole(&self) -> bool {
        self.shape.window.padding == [0, 0]
    }
}

/// Weights as right factors, one per group: a row per cell and input, a column per output.
struct Weights<'a> {
    shape: &'a Shape,
    packing: Packing,
    values: Vec<f32>,
}

impl<'a> Weights<'a> {
    /// Of weights `[outputs, inputs of a group, cells]`.
    fn new(shape: &'a Shape, weight: &[f32]) -> Self {
        let [inputs, outputs] = shape.per_group();
        let cells = shape.cells();
        let packing = Packing::new(cells * inputs, outputs);
        let mut values = spare::room(shape.groups * packing.len);
        let per_group = packing.len / packing.block;
        for_chunks(
            &mut values,
            packing.block,
            weight.len(),
            || (),
            |(), i, block| {
                let (group, first) = (i / per_group, i % per_group * BLOCK);
                let width = (outputs - first).min(packing.stride);
                let of = &weight[(group * outputs + first) * inputs * cells..][..width * inputs * cells];
                for (row, out) in block.chunks_exact_mut(packing.stride).enumerate() {
                    let at = row % inputs * cells + row / inputs;
                    out[..width]
                        .iter_mut()
                        .zip(of[at..].iter().step_by(inputs * cells))
                        .for_each(|(w, &v)| *w = v);
                    out[width..].fill(0.0);
                }
            },
        );
        Self { shape, packing, values }
    }

    /// Keeps the memory for the next.
    fn keep(self) {
        spare::keep(self.values);
    }

    /// Adds the outputs of the places that were picked.
    fn add(&self, out: &mut [f32], windows: &Windows<'_>) {
        let [inputs, outputs] = self.shape.per_group();
        let places: Vec<u32> = (0..windows.starts.len()).map(|r| (r * self.shape.outputs) as u32).collect();
        for (group, values) in self.values.chunks_exact(self.packing.len).enumerate() {
            let a = Picked {
                values: &windows.values()[group * inputs..],
                rows: &windows.starts,
                inner: &windows.cells,
            };
            add_product(&mut out[group * outputs..], &places, outputs, a, self.packing.panel(values));
        }
    }
}
