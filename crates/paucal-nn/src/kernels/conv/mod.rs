//! Convolutions of images laid out `[height, width, channels]`, and of sequences, which are images of height 1.
//!
//! With the channels side by side the cells of a window's row are one stretch of memory, so that forward pass, input
//! gradient and weight gradient are products of [picked](super::product) rows, nothing is unrolled into a matrix of
//! windows. What has zeros around it is copied between them a few lines at a time, into a buffer that stays in the
//! cache ([`frame`]).
//!
//! | pass | rows of the product | terms of a sum | right factor |
//! | --- | --- | --- | --- |
//! | [`forward`] | places of the output | cells of the kernel × inputs | weights |
//! | [`input_gradient`] | places of the input of one phase | cells that reach them × outputs | weights, turned over |
//! | [`weight_gradient`] | cells of the kernel × inputs | places of the output | gradient of the output |
//!
//! A stride `s` divides the places of the input into `s` phases per direction, each of which is reached by its own cells
//! of the kernel: the input gradient multiplies no zero that a spread-out gradient would have.
//!
//! Kernels with one input and one output per group take the loops of [`depthwise`] instead.
//!
//! Cost per pass: `places · cells · inputs · outputs / groups` multiply-adds; memory beyond the result: the packed
//! weights and some hundred kilobytes per thread. Work is divided by lines of the output, the weight gradient by its
//! own rows, or where it is small by a fixed number of groups of lines whose sums are added in order.

mod depthwise;
mod forward;
mod frame;
mod input;
mod weight;

pub use forward::{Ending, forward};
pub use input::input_gradient;
pub use weight::weight_gradient;

use crate::layers::Window;

/// Places that a task handles at a time, about: their rows, the packed weights and the output stay in the cache.
const PLACES: usize = 192;

/// Sizes of a convolution.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    /// Height and width of the input.
    pub size: [usize; 2],
    /// Channels of the input.
    pub inputs: usize,
    /// Channels of the output.
    pub outputs: usize,
    /// Groups of channels.
    pub groups: usize,
    /// Kernel, stride, zeros around, gaps.
    pub window: Window,
}

impl Shape {
    /// Height and width of the output.
    pub fn positions(&self) -> [usize; 2] {
        self.window.positions(self.size)
    }

    /// Values of an input.
    fn input_len(&self) -> usize {
        self.size[0] * self.size[1] * self.inputs
    }

    /// Values of an output.
    fn output_len(&self) -> usize {
        let [down, across] = self.positions();
        down * across * self.outputs
    }

    /// Multiply-adds of a pass over so many samples, whatever is lost at the borders.
    fn operations(&self, samples: usize) -> usize {
        samples * self.output_len() * self.cells() * self.per_group()[0]
    }

    /// Inputs and outputs of a group.
    fn per_group(&self) -> [usize; 2] {
        [self.inputs / self.groups, self.outputs / self.groups]
    }

    /// Cells of a kernel.
    fn cells(&self) -> usize {
        self.window.kernel[0] * self.window.kernel[1]
    }

    /// Whether every group is a channel.
    fn depthwise(&self) -> bool {
        self.per_group() == [1, 1] && self.groups > 1
    }

    /// Where the cells of a kernel and the inputs of a group lie from the first of a window, in an image that is so many
    /// places wide: cell by cell.
    fn offsets(&self, width: usize) -> Vec<u32> {
        let Window { kernel, dilation, .. } = self.window;
        let inputs = self.per_group()[0];
        let mut out = Vec::with_capacity(self.cells() * inputs);
        for y in 0..kernel[0] {
            for x in 0..kernel[1] {
                let first = (y * dilation[0] * width + x * dilation[1]) * self.inputs;
                out.extend((first..first + inputs).map(|at| at as u32));
            }
        }
        out
    }
}

/// Lines of a task, of so many lines of so many places: about [`PLACES`], the same for every thread.
fn lines_of_task(lines: usize, places: usize) -> usize {
    let tasks = (lines * places).div_ceil(PLACES).next_multiple_of(rayon::current_num_threads());
    lines.div_ceil(tasks).max(1)
}

#[cfg(test)]
mod tests;
