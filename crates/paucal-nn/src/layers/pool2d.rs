//! Pooling of images `[rows, height, width, channels]`.

use burn::tensor::Tensor;
use burn::tensor::module::{avg_pool2d, max_pool2d};
use burn::tensor::ops::{AvgPoolOptions, MaxPoolOptions};

use super::Window;
use crate::error::NnError;
use crate::kernels::host::{self, Dense};
use crate::kernels::pool2d::{self as kernel, Shape};

/// A window without gaps of which every place covers some of the image.
fn checked(window: Window) -> Result<Window, NnError> {
    let half = (0..2).all(|d| 2 * window.padding[d] <= window.kernel[d]);
    if [window.kernel, window.stride].concat().contains(&0) || window.dilation != [1; 2] || !half {
        let message = format!(
            "a pooling cannot have {window:?}: sizes from 1, no gaps, at most half the kernel around"
        );
        return Err(NnError::Setting(message));
    }
    Ok(window)
}

fn shape(window: Window, [_, height, width, channels]: [usize; 4]) -> Shape {
    let Window { kernel, stride, padding, .. } = window;
    let size = [height, width];
    Shape { size, positions: window.positions(size), channels, kernel, stride, padding }
}

/// Dimensions of what is pooled.
fn pooled(window: Window, [rows, height, width, channels]: [usize; 4]) -> [usize; 4] {
    let [down, across] = window.positions([height, width]);
    [rows, down, across, channels]
}

/// The gradient of a pooling by the graph of this one layer.
fn through_graph(x: &Tensor<4>, dy: &Tensor<4>, forward: impl Fn(&Tensor<4>) -> Tensor<4>) -> Tensor<4> {
    let input = x.clone().inner().autodiff().require_grad();
    let mut found = (forward(&input) * dy.clone().inner().autodiff()).sum().backward();
    input.grad_remove(&mut found).unwrap_or_else(|| x.zeros_like())
}

/// The largest of each window, channel by channel. Where the window reaches over the image there is nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MaxPool2d {
    window: Window,
}

impl MaxPool2d {
    /// Of a window without gaps.
    ///
    /// # Errors
    /// When a size is 0, the window has gaps, or more than half of the kernel may lie outside.
    pub fn new(window: Window) -> Result<Self, NnError> {
        Ok(Self { window: checked(window)? })
    }

    /// Height and width of the output for an input of that size; 0 where no window fits.
    pub fn positions(self, size: [usize; 2]) -> [usize; 2] {
        self.window.positions(size)
    }

    /// The pooled images. At least one window must fit.
    pub fn forward(self, x: &Tensor<4>) -> Tensor<4> {
        let dims = x.dims();
        if let Some(x) = Dense::of(x) {
            return host::tensor(kernel::largest(shape(self.window, dims), &x), pooled(self.window, dims));
        }
        let Window { kernel, stride, padding, .. } = self.window;
        let options = MaxPoolOptions::new(kernel).with_stride(stride).with_padding(padding);
        max_pool2d(x.clone().permute([0, 3, 1, 2]), options).permute([0, 2, 3, 1])
    }

    /// Gradient of the input from input, output and the output's gradient. Of several largest values the first gets it.
    pub fn backward(self, x: &Tensor<4>, y: &Tensor<4>, dy: &Tensor<4>) -> Tensor<4> {
        let dims = x.dims();
        if let (Some(x), Some(y), Some(dy)) = (Dense::of(x), Dense::of(y), Dense::of(dy)) {
            let dx = kernel::largest_backward(shape(self.window, dims), &x, &y, &dy);
            return host::tensor(dx, dims);
        }
        through_graph(x, dy, |x| self.forward(x))
    }
}

/// The mean of each window, channel by channel. Where the window reaches over the image there are zeros.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MeanPool2d {
    window: Window,
}

impl MeanPool2d {
    /// Of a window without gaps.
    ///
    /// # Errors
    /// When a size is 0, the window has gaps, or more than half of the kernel may lie outside.
    pub fn new(window: Window) -> Result<Self, NnError> {
        Ok(Self { window: checked(window)? })
    }

    /// Height and width of the output for an input of that size; 0 where no window fits.
    pub fn positions(self, size: [usize; 2]) -> [usize; 2] {
        self.window.positions(size)
    }

    /// The pooled images. At least one window must fit.
    pub fn forward(self, x: &Tensor<4>) -> Tensor<4> {
        let dims = x.dims();
        if let Some(x) = Dense::of(x) {
            return host::tensor(kernel::mean(shape(self.window, dims), &x), pooled(self.window, dims));
        }
        let Window { kernel, stride, padding, .. } = self.window;
        let options = AvgPoolOptions::new(kernel).with_stride(stride).with_padding(padding);
        avg_pool2d(x.clone().permute([0, 3, 1, 2]), options).permute([0, 2, 3, 1])
    }

    /// Gradient of the input from that of the output.
    pub fn backward(self, x: &Tensor<4>, dy: &Tensor<4>) -> Tensor<4> {
        match (Dense::of(x), Dense::of(dy)) {
            (Some(_), Some(dy)) => {
                host::tensor(kernel::mean_backward(shape(self.window, x.dims()), &dy), x.dims())
            }
            _ => through_graph(x, dy, |x| self.forward(x)),
        }
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
            let shape = shape(Self::whole(size).window, dims);
            return host::tensor(kernel::mean_backward(shape, &dy), dims);
        }
        let share = dy.clone() / (size[0] * size[1]) as f32;
        share.reshape([rows, 1, 1, channels]).expand(dims)
    }

    fn whole(size: [usize; 2]) -> MeanPool2d {
        MeanPool2d { window: Window { kernel: size, ..Window::square(1) } }
    }
}
