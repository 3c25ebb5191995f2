//! Pooling of images `[rows, height, width, channels]`.

use burn::tensor::Tensor;
use burn::tensor::module::{avg_pool2d, max_pool2d};
use burn::tensor::ops::{AvgPoolOptions, MaxPoolOptions};

use super::Window;
use super::graph::through_graph;
use crate::error::NnError;
use crate::kernels::host::{self, Dense};
use crate::kernels::pool2d::{self as kernel, Shape};

/// What becomes of a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Of {
    /// Its largest value. Where it reaches over the image there is nothing.
    Largest,
    /// Its mean. Where it reaches over the image there are zeros.
    Mean,
}

/// One value of each window, channel by channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pool2d {
    of: Of,
    window: Window,
}

impl Pool2d {
    /// The largest of each window. Where it reaches over the image there is nothing.
    ///
    /// # Errors
    /// When a size is 0, the window has gaps, or more than half of the kernel may lie outside.
    pub fn largest(window: Window) -> Result<Self, NnError> {
        Self::new(Of::Largest, window)
    }

    /// The mean of each window. Where it reaches over the image there are zeros.
    ///
    /// # Errors
    /// As [`largest`](Self::largest).
    pub fn mean(window: Window) -> Result<Self, NnError> {
        Self::new(Of::Mean, window)
    }

    fn new(of: Of, window: Window) -> Result<Self, NnError> {
        let half = (0..2).all(|d| 2 * window.padding[d] <= window.kernel[d]);
        if [window.kernel, window.stride].concat().contains(&0) || window.dilation != [1; 2] || !half {
            let message = format!(
                "a pooling cannot have {window:?}: sizes from 1, no gaps, at most half the kernel around"
            );
            return Err(NnError::Setting(message));
        }
        Ok(Self { of, window })
    }

    /// Height and width of the output for an input of that size; 0 where no window fits.
    pub fn positions(self, size: [usize; 2]) -> [usize; 2] {
        self.window.positions(size)
    }

    fn shape(self, [_, height, width, channels]: [usize; 4]) -> Shape {
        let Window { kernel, stride, padding, .. } = self.window;
        let size = [height, width];
        Shape { size, positions: self.positions(size), channels, kernel, stride, padding }
    }

    /// The pooled images. At least one window must fit.
    pub fn forward(self, x: &Tensor<4>) -> Tensor<4> {
        let [rows, height, width, channels] = x.dims();
        let Some(memory) = Dense::of(x) else { return self.composed(x) };
        let shape = self.shape(x.dims());
        let y = match self.of {
            Of::Largest => kernel::largest(shape, &memory),
            Of::Mean => kernel::mean(shape, &memory),
        };
        let [down, across] = self.positions([height, width]);
        host::tensor(y, [rows, down, across, channels])
    }

    fn composed(self, x: &Tensor<4>) -> Tensor<4> {
        let Window { kernel, stride, padding, .. } = self.window;
        let first = x.clone().permute([0, 3, 1, 2]);
        let y = match self.of {
            Of::Largest => {
                max_pool2d(first, MaxPoolOptions::new(kernel).with_stride(stride).with_padding(padding))
            }
            Of::Mean => {
                avg_pool2d(first, AvgPoolOptions::new(kernel).with_stride(stride).with_padding(padding))
            }
        };
        y.permute([0, 2, 3, 1])
    }

    /// Gradient of the input from input, output and the output's gradient. Of several largest values the first gets it.
    pub fn backward(self, x: &Tensor<4>, y: &Tensor<4>, dy: &Tensor<4>) -> Tensor<4> {
        match self.backward_fused(x, y, dy) {
            Some(dx) => host::tensor(dx, x.dims()),
            None => through_graph(x, dy, |x| self.composed(x)),
        }
    }

    fn backward_fused(self, x: &Tensor<4>, y: &Tensor<4>, dy: &Tensor<4>) -> Option<Vec<f32>> {
        let (shape, of_x, dy) = (self.shape(x.dims()), Dense::of(x)?, Dense::of(dy)?);
        Some(match self.of {
            Of::Largest => kernel::largest_backward(shape, &of_x, &Dense::of(y)?, &dy),
            Of::Mean => kernel::mean_backward(shape, &dy),
        })
    }
}

/// The mean of each channel of an image: what ends the convolutions of a classifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GlobalMeanPool;

impl GlobalMeanPool {
    /// `[rows, height, width, channels]` to `[rows, channels]`.
    pub fn forward(self, x: &Tensor<4>) -> Tensor<2> {
        let [rows, height, width, channels] = x.dims();
        match Dense::of(x) {
            Some(_) => Self::whole([height, width]).forward(x).reshape([rows, channels]),
            None => x.clone().mean_dims(&[1, 2]).reshape([rows, channels]),
        }
    }

    /// Gradient of an input of `size` (height, width) from that of the output.
    pub fn backward(self, size: [usize; 2], dy: &Tensor<2>) -> Tensor<4> {
        let [rows, channels] = dy.dims();
        let dims = [rows, size[0], size[1], channels];
        if let Some(dy) = Dense::of(dy) {
            return host::tensor(kernel::mean_backward(Self::whole(size).shape(dims), &dy), dims);
        }
        let share = dy.clone() / (size[0] * size[1]) as f32;
        share.reshape([rows, 1, 1, channels]).expand(dims)
    }

    fn whole(size: [usize; 2]) -> Pool2d {
        Pool2d { of: Of::Mean, window: Window { kernel: size, ..Window::square(1) } }
    }
}
