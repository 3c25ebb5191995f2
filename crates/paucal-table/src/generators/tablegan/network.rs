//! The networks: convolutions over rows laid out as squares.

use paucal_core::Stream;
use paucal_nn::layers::{Activation, BatchNorm, Convolution, TransposedConvolution};
use paucal_nn::{Device, Mode, Tensor};

/// Sides that a square may have.
const SIDES: [usize; 5] = [4, 8, 16, 24, 32];
/// Slope of LeakyReLU below zero.
const SLOPE: f32 = 0.2;

/// The smallest square that holds a row.
pub fn side(cells: usize) -> Option<usize> {
    SIDES.into_iter().find(|side| side * side >= cells)
}

/// Channels and side after each halving, down to a side of at most 3.
fn stages(side: usize, width: usize) -> Vec<(usize, usize)> {
    let mut stages = vec![(1, side)];
    while stages[stages.len() - 1].1 > 3 && stages.len() < 4 {
        let (_, side) = stages[stages.len() - 1];
        stages.push((width << (stages.len() - 1), side / 2));
    }
    stages
}

/// Judges or classifies squares: halving convolutions with batch norm and LeakyReLU, then one that leaves single values.
#[derive(Debug, Clone)]
pub struct Judge {
    convolutions: Vec<Convolution>,
    norms: Vec<BatchNorm>,
    head: Convolution,
}

paucal_nn::parameters!(Judge { parts: convolutions, norms, head });

/// Makes squares: the same backwards, with ReLU, and tanh at the end.
#[derive(Debug, Clone)]
pub struct Maker {
    opening: TransposedConvolution,
    norms: Vec<BatchNorm>,
    convolutions: Vec<TransposedConvolution>,
}

paucal_nn::parameters!(Maker { parts: opening, norms, convolutions });

impl Judge {
    /// A network from squares to `outputs` values; `width` is the number of channels of the first stage.
    pub fn new(side: usize, width: usize, outputs: usize, stream: &mut Stream, device: &Device) -> Self {
        let stages = stages(side, width);
        let convolutions =
            stages.windows(2).map(|w| Convolution::halving(w[0].0, w[1].0, stream, device)).collect();
        let norms = stages[1..].iter().map(|&(channels, _)| BatchNorm::new(channels, device)).collect();
        let (channels, side) = stages[stages.len() - 1];
        let head = Convolution::closing(channels, outputs, side, stream, device);
        Self { convolutions, norms, head }
    }

    /// The last features, `[rows, features]`, and the outputs, `[rows, outputs]`, of squares `[rows, side²]`.
    pub fn forward(&mut self, x: Tensor<2>, mode: Mode) -> (Tensor<2>, Tensor<2>) {
        let [rows, cells] = x.dims();
        let side = cells.isqrt();
        let mut h: Tensor<4> = x.reshape([rows, 1, side, side]);
        for (convolution, norm) in self.convolutions.iter().zip(&mut self.norms) {
            h = Activation::LeakyRelu(SLOPE).apply(norm.forward(convolution.forward(h), mode));
        }
        let outputs = self.head.forward(h.clone());
        let flat = |t: Tensor<4>| {
            let width = t.dims().iter().product::<usize>() / rows;
            t.reshape([rows, width])
        };
        (flat(h), flat(outputs))
    }
}

impl Maker {
    /// A network from `inputs` values to squares.
    pub fn new(inputs: usize, side: usize, width: usize, stream: &mut Stream, device: &Device) -> Self {
        let stages = stages(side, width);
        let (channels, last) = stages[stages.len() - 1];
        let opening = TransposedConvolution::opening(inputs, channels, last, stream, device);
        let norms = stages[1..].iter().rev().map(|&(channels, _)| BatchNorm::new(channels, device)).collect();
        let doubling = |w: &[(usize, usize)]| TransposedConvolution::doubling(w[1].0, w[0].0, stream, device);
        let convolutions = stages.windows(2).rev().map(doubling).collect();
        Self { opening, norms, convolutions }
    }

    /// Squares `[rows, side²]` from values `[rows, inputs]`.
    pub fn forward(&mut self, x: Tensor<2>, mode: Mode) -> Tensor<2> {
        let [rows, inputs] = x.dims();
        let mut h = self.opening.forward(x.reshape([rows, inputs, 1, 1]));
        for (convolution, norm) in self.convolutions.iter().zip(&mut self.norms) {
            h = convolution.forward(Activation::Relu.apply(norm.forward(h, mode)));
        }
        let [_, _, side, _] = h.dims();
        Activation::Tanh.apply(h.reshape([rows, side * side]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use paucal_core::Seed;
    use paucal_nn::noise;

    #[test]
    fn squares_hold_every_row_and_shapes_fit() {
        assert_eq!(
            [3, 16, 17, 100, 577, 1024, 1025].map(side),
            [Some(4), Some(4), Some(8), Some(16), Some(32), Some(32), None]
        );
        let device = Device::flex();
        for side in SIDES {
            let mut stream = Seed(1).stream("initial", 0);
            let mut maker = Maker::new(7, side, 4, &mut stream, &device);
            let mut judge = Judge::new(side, 4, 3, &mut stream, &device);
            let z = noise::normal(Seed(1), "z", 0, [5, 7], &device);
            let squares = maker.forward(z, Mode::Train);
            assert_eq!(squares.dims(), [5, side * side]);
            let (features, outputs) = judge.forward(squares, Mode::Train);
            assert_eq!((features.dims()[0], outputs.dims()), (5, [5, 3]));
        }
    }
}
