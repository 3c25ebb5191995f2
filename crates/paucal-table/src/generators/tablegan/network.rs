//! The networks: convolutions over rows laid out as squares.

use paucal_core::Stream;
use paucal_nn::layers::{
    Activation, BatchNorm, BatchNormGradient, BatchNormSaved, Conv2d, ConvTranspose2d, Window,
};
use paucal_nn::{Device, Gradients, NnError, Tensor};

/// Sides that a square may have.
const SIDES: [usize; 5] = [4, 8, 16, 24, 32];
/// After the normalisations of a judge.
const LEAKY: Activation = Activation::LeakyRelu(0.2);
/// Standard deviation of the initial weights (DCGAN, Radford, Metz and Chintala 2016, arXiv 1511.06434).
const DEVIATION: f32 = 0.02;

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

/// A kernel that halves the side; transposed, it doubles it.
fn halving() -> Window {
    Window::square(4).stride(2).padding(1)
}

fn convolution(
    [inputs, outputs]: [usize; 2],
    window: Window,
    stream: &mut Stream,
    device: &Device,
) -> Result<Conv2d, NnError> {
    // The weights of the layer's own making are replaced at once: they take nothing from the stream.
    let layer = Conv2d::new(inputs, outputs, window, &mut stream.clone(), device)?;
    Ok(layer.without_bias().with_normal_weights(DEVIATION, stream))
}

fn transposed(
    [inputs, outputs]: [usize; 2],
    window: Window,
    stream: &mut Stream,
    device: &Device,
) -> Result<ConvTranspose2d, NnError> {
    let layer = ConvTranspose2d::new(inputs, outputs, window, [0; 2], &mut stream.clone(), device)?;
    Ok(layer.without_bias().with_normal_weights(DEVIATION, stream))
}

/// Judges or classifies squares: halving convolutions with batch norm and LeakyReLU, then one that leaves single values.
#[derive(Debug, Clone)]
pub struct Judge {
    convolutions: Vec<Conv2d>,
    norms: Vec<BatchNorm>,
    head: Conv2d,
}

paucal_nn::parameters!(Judge { parts: convolutions, norms, head });

/// Makes squares: the same backwards, with ReLU, and tanh at the end.
#[derive(Debug, Clone)]
pub struct Maker {
    opening: ConvTranspose2d,
    norms: Vec<BatchNorm>,
    convolutions: Vec<ConvTranspose2d>,
}

paucal_nn::parameters!(Maker { parts: opening, norms, convolutions });

/// What a judge says of squares.
pub struct Judgement {
    /// The last features, `[rows, features]`.
    pub features: Tensor<2>,
    /// `[rows, outputs]`
    pub outputs: Tensor<2>,
    /// What the way back needs.
    pub trace: JudgeTrace,
}

/// What the way back of a [`Judge`] needs.
pub struct JudgeTrace {
    /// Input of each halving convolution.
    inputs: Vec<Tensor<4>>,
    saved: Vec<BatchNormSaved>,
    features: Tensor<4>,
}

/// What the way back of a [`Maker`] needs.
pub struct MakerTrace {
    x: Tensor<4>,
    saved: Vec<BatchNormSaved>,
    /// Input of each doubling convolution.
    inputs: Vec<Tensor<4>>,
    squares: Tensor<2>,
}

impl Judge {
    /// A network from squares to `outputs` values; `width` is the number of channels of the first stage.
    pub fn new(
        side: usize,
        width: usize,
        outputs: usize,
        stream: &mut Stream,
        device: &Device,
    ) -> Result<Self, NnError> {
        let stages = stages(side, width);
        let convolutions: Result<_, _> =
            stages.windows(2).map(|w| convolution([w[0].0, w[1].0], halving(), stream, device)).collect();
        let norms = stages[1..].iter().map(|&(channels, _)| BatchNorm::new(channels, device)).collect();
        let (channels, last) = stages[stages.len() - 1];
        let head = convolution([channels, outputs], Window::square(last), stream, device);
        Ok(Self { convolutions: convolutions?, norms, head: head? })
    }

    /// Judges squares `[rows, side²]` by the statistics of the batch.
    pub fn forward_train(&mut self, squares: &Tensor<2>) -> Judgement {
        let mut h = images(squares);
        let (mut inputs, mut saved) = (Vec::new(), Vec::new());
        for (convolution, norm) in self.convolutions.iter().zip(&mut self.norms) {
            let (y, kept) = normalised(norm, convolution.forward(&h), LEAKY);
            inputs.push(std::mem::replace(&mut h, y));
            saved.push(kept);
        }
        let outputs = self.head.forward(&h).flatten(1, 3);
        let trace = JudgeTrace { inputs, saved, features: h.clone() };
        Judgement { features: h.flatten(1, 3), outputs, trace }
    }

    /// Adds the gradients of the parameters, from that of the outputs. The trace is used up.
    pub fn backward(&self, trace: JudgeTrace, of_outputs: Tensor<2>, gradients: &mut Gradients) {
        let JudgeTrace { inputs, saved, features } = trace;
        let mut dy = self.head.backward(&features, &single(of_outputs), true, "head", gradients);
        for (i, (x, kept)) in inputs.into_iter().zip(saved).enumerate().rev() {
            let Some(d) = dy else { return };
            let (d, of_norm) = before(&self.norms[i], &kept, d);
            gradients.add_batch_norm(&format!("norms.{i}"), of_norm);
            let path = format!("convolutions.{i}");
            dy = self.convolutions[i].backward(&x, &d, i > 0, &path, gradients);
        }
    }

    /// Gradient of the squares, from that of the features, if they count, and that of the outputs. The trace is used up.
    pub fn input_gradient(
        &self,
        trace: JudgeTrace,
        of_features: Option<Tensor<2>>,
        of_outputs: Tensor<2>,
    ) -> Tensor<2> {
        let JudgeTrace { inputs, saved, features } = trace;
        let mut dy = self.head.input_gradient(&single(of_outputs), size(&features));
        if let Some(more) = of_features {
            dy = dy.clone() + more.reshape(dy.dims());
        }
        for (i, (x, kept)) in inputs.into_iter().zip(saved).enumerate().rev() {
            let (d, _) = before(&self.norms[i], &kept, dy);
            dy = self.convolutions[i].input_gradient(&d, size(&x));
        }
        dy.flatten(1, 3)
    }
}

impl Maker {
    /// A network from `inputs` values to squares.
    pub fn new(
        inputs: usize,
        side: usize,
        width: usize,
        stream: &mut Stream,
        device: &Device,
    ) -> Result<Self, NnError> {
        let stages = stages(side, width);
        let (channels, last) = stages[stages.len() - 1];
        let opening = transposed([inputs, channels], Window::square(last), stream, device)?;
        let norms = stages[1..].iter().rev().map(|&(channels, _)| BatchNorm::new(channels, device)).collect();
        let doubling = |w: &[(usize, usize)]| transposed([w[1].0, w[0].0], halving(), stream, device);
        let convolutions: Result<_, _> = stages.windows(2).rev().map(doubling).collect();
        Ok(Self { opening, norms, convolutions: convolutions? })
    }

    /// Squares `[rows, side²]` from values `[rows, inputs]`, by the running statistics.
    pub fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        let mut h = self.opening.forward(&single(x));
        for (convolution, norm) in self.convolutions.iter().zip(&self.norms) {
            let dims = h.dims();
            let normal = norm.evaluate(h.flatten::<2>(0, 2), Activation::Relu);
            h = convolution.forward(&normal.reshape(dims));
        }
        Activation::Tanh.apply(h.flatten(1, 3))
    }

    /// The same by the statistics of the batch, and what the way back needs.
    pub fn forward_train(&mut self, x: Tensor<2>) -> (Tensor<2>, MakerTrace) {
        let x = single(x);
        let mut h = self.opening.forward(&x);
        let (mut saved, mut inputs) = (Vec::new(), Vec::new());
        for (convolution, norm) in self.convolutions.iter().zip(&mut self.norms) {
            let (y, kept) = normalised(norm, h, Activation::Relu);
            h = convolution.forward(&y);
            saved.push(kept);
            inputs.push(y);
        }
        let squares: Tensor<2> = Activation::Tanh.apply(h.flatten(1, 3));
        (squares.clone(), MakerTrace { x, saved, inputs, squares })
    }

    /// Gradients of the parameters from that of the squares. The trace is used up.
    pub fn backward(&self, trace: MakerTrace, of_squares: Tensor<2>) -> Gradients {
        let MakerTrace { x, saved, inputs, squares } = trace;
        let mut gradients = Gradients::new();
        let mut dy = images(&Activation::Tanh.backward(&squares, of_squares));
        for (i, (y, kept)) in inputs.into_iter().zip(saved).enumerate().rev() {
            let d = self.convolutions[i].backward(&y, &dy, &format!("convolutions.{i}"), &mut gradients);
            let (d, of_norm) = before(&self.norms[i], &kept, d);
            gradients.add_batch_norm(&format!("norms.{i}"), of_norm);
            dy = d;
        }
        self.opening.add_gradient(&x, &dy, "opening", &mut gradients);
        gradients
    }
}

/// Squares as images of one channel.
fn images(squares: &Tensor<2>) -> Tensor<4> {
    let [rows, cells] = squares.dims();
    let side = cells.isqrt();
    squares.clone().reshape([rows, side, side, 1])
}

/// Values as the channels of images of one cell.
fn single(values: Tensor<2>) -> Tensor<4> {
    let [rows, channels] = values.dims();
    values.reshape([rows, 1, 1, channels])
}

/// Height and width.
fn size(images: &Tensor<4>) -> [usize; 2] {
    let [_, height, width, _] = images.dims();
    [height, width]
}

/// Normalises by the statistics of the batch and activates.
fn normalised(norm: &mut BatchNorm, x: Tensor<4>, activation: Activation) -> (Tensor<4>, BatchNormSaved) {
    let dims = x.dims();
    let (y, saved) = norm.forward_train(x.flatten(0, 2), activation);
    (y.reshape(dims), saved)
}

/// The way back of [`normalised`].
fn before(norm: &BatchNorm, saved: &BatchNormSaved, dy: Tensor<4>) -> (Tensor<4>, BatchNormGradient) {
    let dims = dy.dims();
    let (dx, gradient) = norm.backward(saved, &dy.flatten(0, 2));
    (dx.reshape(dims), gradient)
}

#[cfg(test)]
mod tests {
    use super::*;
    use paucal_core::Seed;
    use paucal_nn::parameters::tracked;
    use paucal_nn::{Mode, noise};

    fn random(purpose: &str, shape: [usize; 2]) -> Tensor<2> {
        noise::normal(Seed(2), purpose, 0, shape, &Device::flex())
    }

    fn networks(side: usize) -> (Maker, Judge) {
        let (mut stream, device) = (Seed(1).stream("initial", 0), Device::flex());
        let maker = Maker::new(7, side, 4, &mut stream, &device).unwrap();
        (maker, Judge::new(side, 4, 3, &mut stream, &device).unwrap())
    }

    #[test]
    fn squares_hold_every_row_and_shapes_fit() {
        assert_eq!(
            [3, 16, 17, 100, 577, 1024, 1025].map(side),
            [Some(4), Some(4), Some(8), Some(16), Some(32), Some(32), None]
        );
        for side in SIDES {
            let (mut maker, mut judge) = networks(side);
            let (squares, _) = maker.forward_train(random("z", [5, 7]));
            assert_eq!(squares.dims(), [5, side * side]);
            assert_eq!(maker.forward(random("z", [6, 7])).dims(), [6, side * side]);
            let found = judge.forward_train(&squares);
            assert_eq!((found.features.dims()[0], found.outputs.dims()), (5, [5, 3]));
        }
    }

    /// A normalisation in a graph.
    fn in_graph(norm: &mut BatchNorm, x: Tensor<4>, activation: Activation) -> Tensor<4> {
        let dims = x.dims();
        activation.apply(norm.forward(x.flatten::<2>(0, 2), Mode::Train)).reshape(dims)
    }

    fn judge_in_graph(judge: &mut Judge, squares: &Tensor<2>) -> (Tensor<2>, Tensor<2>) {
        let mut h = images(squares);
        for (convolution, norm) in judge.convolutions.iter().zip(&mut judge.norms) {
            h = in_graph(norm, convolution.forward(&h), LEAKY);
        }
        let outputs = judge.head.forward(&h);
        (h.flatten(1, 3), outputs.flatten(1, 3))
    }

    fn maker_in_graph(maker: &mut Maker, x: Tensor<2>) -> Tensor<2> {
        let mut h = maker.opening.forward(&single(x));
        for (convolution, norm) in maker.convolutions.iter().zip(&mut maker.norms) {
            h = convolution.forward(&in_graph(norm, h, Activation::Relu));
        }
        Activation::Tanh.apply(h.flatten(1, 3))
    }

    #[track_caller]
    fn close<const D: usize>(got: &Tensor<D>, want: Tensor<D>) {
        let want = want.inner();
        let error: f32 = (got.clone() - want.clone()).abs().max().into_scalar();
        let scale: f32 = want.abs().max().into_scalar();
        assert!(error <= 1e-4 * scale, "{error} of {scale}");
    }

    #[track_caller]
    fn same(by_hand: &Gradients, by_graph: &Gradients) {
        assert_eq!(by_hand.iter().count(), by_graph.iter().count());
        by_graph.iter().for_each(|(name, want)| close(by_hand.get(name).unwrap(), want.clone()));
    }

    #[test]
    fn judges_go_back_as_the_graph_does() {
        for side in [4, 24] {
            let (_, mut judge) = networks(side);
            let mut graph = tracked(&judge);
            let x = random("x", [6, side * side]);
            let leaf = x.clone().autodiff().require_grad();
            let (features, outputs) = judge_in_graph(&mut graph, &leaf);
            let found = judge.forward_train(&x);
            close(&found.features, features.clone());
            close(&found.outputs, outputs.clone());

            let of_outputs = random("outputs", outputs.dims());
            let learning = (outputs.clone() * of_outputs.clone().autodiff()).sum();
            let mut gradients = Gradients::new();
            judge.backward(found.trace, of_outputs.clone(), &mut gradients);
            let found = judge.clone().forward_train(&x);
            let alone = judge.input_gradient(found.trace, None, of_outputs.clone());
            let by_graph = learning.backward();
            close(&alone, leaf.grad(&by_graph).unwrap().autodiff());
            same(&gradients, &Gradients::of(&graph, by_graph));

            let of_features = random("features", features.dims());
            let found = judge.clone().forward_train(&x);
            let both = judge.input_gradient(found.trace, Some(of_features.clone()), of_outputs);
            let (features, outputs) = judge_in_graph(&mut tracked(&judge), &leaf);
            let of_outputs = random("outputs", outputs.dims());
            let sum = (features * of_features.autodiff()).sum() + (outputs * of_outputs.autodiff()).sum();
            close(&both, leaf.grad(&sum.backward()).unwrap().autodiff());
        }
    }

    #[test]
    fn makers_go_back_as_the_graph_does() {
        for side in [4, 24] {
            let (mut maker, _) = networks(side);
            let mut graph = tracked(&maker);
            let z = random("z", [6, 7]);
            let dy = random("dy", [6, side * side]);
            let by_graph = maker_in_graph(&mut graph, z.clone().autodiff());
            let (squares, trace) = maker.forward_train(z);
            close(&squares, by_graph.clone());
            let gradients = maker.backward(trace, dy.clone());
            same(&gradients, &Gradients::of(&graph, (by_graph * dy.autodiff()).sum().backward()));
            for (ours, theirs) in maker.norms.iter().zip(&graph.norms) {
                close(&ours.running_mean, theirs.running_mean.clone().autodiff());
                close(&ours.running_variance, theirs.running_variance.clone().autodiff());
            }
        }
    }
}
