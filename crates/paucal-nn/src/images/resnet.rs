//! Residual networks (He et al. 2016, arXiv 1512.03385) as torchvision builds and names them: of bottleneck blocks, the
//! stride in the 3 × 3 convolution.

use burn::tensor::{Device, Tensor};
use paucal_core::Stream;

use super::unit::{Unit, UnitTrace, forward_train, names, unit};
use crate::error::NnError;
use crate::gradients::Gradients;
use crate::kernels::host::{Dense, Owned};
use crate::kernels::{cost, for_row_blocks, spare};
use crate::layers::{Activation, BatchNorm, Conv2d, GlobalMeanPool, Linear, Pool2d, Window};
use crate::parameters::{Parameters, Visit, VisitMut, join};

/// Channels of a block's output for each of its inner ones.
const EXPANSION: usize = 4;
/// Inner channels of the four stages.
const WIDTHS: [usize; 4] = [64, 128, 256, 512];

const RELU: Activation = Activation::Relu;

/// 1 × 1, 3 × 3 and 1 × 1 convolutions beside a shortcut: `relu(f(x) + x)`.
#[derive(Debug, Clone)]
pub struct Bottleneck {
    /// To fewer channels.
    pub conv1: Conv2d,
    /// After it.
    pub bn1: BatchNorm,
    /// Over the neighbourhood.
    pub conv2: Conv2d,
    /// After it.
    pub bn2: BatchNorm,
    /// To four times the channels.
    pub conv3: Conv2d,
    /// After it.
    pub bn3: BatchNorm,
    /// The shortcut of a block that changes the size.
    pub downsample: Option<Downsample>,
}

crate::parameters!(Bottleneck { parts: conv1, bn1, conv2, bn2, conv3, bn3, downsample });

/// A shortcut that changes the size, torchvision's `downsample.0` and `downsample.1`.
#[derive(Debug, Clone)]
pub struct Downsample {
    /// 1 × 1, with the stride of the block.
    pub convolution: Conv2d,
    /// After it.
    pub norm: BatchNorm,
}

impl Parameters for Downsample {
    fn visit(&self, path: &str, visitor: &mut impl Visit) {
        self.convolution.visit(&join(path, "0"), visitor);
        self.norm.visit(&join(path, "1"), visitor);
    }

    fn visit_mut(&mut self, path: &str, visitor: &mut impl VisitMut) {
        self.convolution.visit_mut(&join(path, "0"), visitor);
        self.norm.visit_mut(&join(path, "1"), visitor);
    }
}

/// What [`Bottleneck::backward`] needs from the forward pass.
#[derive(Debug, Clone)]
struct BottleneckTrace {
    units: [UnitTrace; 3],
    shortcut: Option<UnitTrace>,
}

impl Bottleneck {
    fn new(
        inputs: usize,
        width: usize,
        stride: usize,
        stream: &mut Stream,
        device: &Device,
    ) -> Result<Self, NnError> {
        let outputs = EXPANSION * width;
        let three = Window::square(3).padding(1).stride(stride);
        let (conv1, bn1) = unit(inputs, width, Window::square(1), stream, device)?;
        let (conv2, bn2) = unit(width, width, three, stream, device)?;
        let (conv3, bn3) = unit(width, outputs, Window::square(1), stream, device)?;
        let downsample = if stride > 1 || inputs != outputs {
            let (convolution, norm) =
                unit(inputs, outputs, Window::square(1).stride(stride), stream, device)?;
            Some(Downsample { convolution, norm })
        } else {
            None
        };
        Ok(Self { conv1, bn1, conv2, bn2, conv3, bn3, downsample })
    }

    fn units(&self) -> [Unit<'_>; 3] {
        [
            Unit { convolution: &self.conv1, norm: &self.bn1 },
            Unit { convolution: &self.conv2, norm: &self.bn2 },
            Unit { convolution: &self.conv3, norm: &self.bn3 },
        ]
    }

    fn evaluate(&self, x: Tensor<4>) -> Tensor<4> {
        let [first, second, third] = self.units();
        let inner = second.evaluate(&first.evaluate(&x, None, RELU), None, RELU);
        let shortcut = match &self.downsample {
            Some(Downsample { convolution, norm }) => {
                Unit { convolution, norm }.evaluate(&x, None, Activation::Identity)
            }
            None => x,
        };
        third.evaluate(&inner, Some(shortcut), RELU)
    }

    fn forward_train(&mut self, x: Tensor<4>) -> (Tensor<4>, BottleneckTrace) {
        let (added, shortcut) = match &mut self.downsample {
            Some(Downsample { convolution, norm }) => {
                let (y, trace) = forward_train(convolution, norm, x.clone(), None, Activation::Identity);
                (y, Some(trace))
            }
            None => (x.clone(), None),
        };
        let (y, first) = forward_train(&self.conv1, &mut self.bn1, x, None, RELU);
        let (y, second) = forward_train(&self.conv2, &mut self.bn2, y, None, RELU);
        let (y, third) = forward_train(&self.conv3, &mut self.bn3, y, Some(added), RELU);
        (y, BottleneckTrace { units: [first, second, third], shortcut })
    }

    /// Adds the parameters' gradients under `path`; returns that of the input.
    fn backward(
        &self,
        trace: BottleneckTrace,
        dy: Tensor<4>,
        path: &str,
        gradients: &mut Gradients,
    ) -> Tensor<4> {
        let before = trace.units[2].before(RELU, dy);
        let mut dy = before.clone();
        for (i, (unit, trace)) in self.units().iter().zip(trace.units).enumerate().rev() {
            let layer = i + 1;
            let [convolution, norm] = names(path, [&format!("conv{layer}"), &format!("bn{layer}")]);
            if let Some(dx) = unit.backward(trace, &dy, true, [&convolution, &norm], gradients) {
                spare::give(std::mem::replace(&mut dy, dx));
            }
        }
        match (&self.downsample, trace.shortcut) {
            (Some(Downsample { convolution, norm }), Some(trace)) => {
                let unit = Unit { convolution, norm };
                let [convolution, norm] = names(path, ["downsample.0", "downsample.1"]);
                match unit.backward(trace, &before, true, [&convolution, &norm], gradients) {
                    Some(dx) => {
                        spare::give(before);
                        sum(dy, dx)
                    }
                    None => dy,
                }
            }
            _ => sum(dy, before),
        }
    }
}

/// The sum of two gradients of one image.
fn sum(mut a: Tensor<4>, b: Tensor<4>) -> Tensor<4> {
    if let Some(more) = Dense::of(&b)
        && let Some(mut memory) = Owned::take(&mut a)
    {
        for_row_blocks(memory.values_mut(), 1, cost::ARITHMETIC, |first, sums| {
            sums.iter_mut().zip(&more[first..]).for_each(|(sum, v)| *sum += v);
        });
        a = memory.tensor();
    } else {
        a = a + b.clone();
    }
    spare::give(b);
    a
}

/// A network of four stages of bottleneck blocks.
#[derive(Debug, Clone)]
pub struct ResNet {
    /// 7 × 7, stride 2.
    pub conv1: Conv2d,
    /// After it.
    pub bn1: BatchNorm,
    /// At a quarter of the side.
    pub layer1: Vec<Bottleneck>,
    /// At an eighth.
    pub layer2: Vec<Bottleneck>,
    /// At a sixteenth.
    pub layer3: Vec<Bottleneck>,
    /// At a thirty-second.
    pub layer4: Vec<Bottleneck>,
    /// From the means of the channels to logits.
    pub fc: Linear,
    pool: Pool2d,
}

crate::parameters!(ResNet { parts: conv1, bn1, layer1, layer2, layer3, layer4, fc });

/// What [`ResNet::backward`] needs from the forward pass.
#[derive(Debug, Clone)]
pub struct ResNetTrace {
    stem: UnitTrace,
    /// What was pooled, and what came of it.
    stem_output: Tensor<4>,
    pooled: Tensor<4>,
    blocks: Vec<BottleneckTrace>,
    /// Height and width of the last map.
    size: [usize; 2],
    means: Tensor<2>,
}

impl ResNet {
    /// ResNet-50: 25.6 million weights for 1,000 classes.
    ///
    /// # Errors
    /// When there is no channel or no class.
    pub fn fifty(
        channels: usize,
        classes: usize,
        stream: &mut Stream,
        device: &Device,
    ) -> Result<Self, NnError> {
        Self::new([3, 4, 6, 3], channels, classes, stream, device)
    }

    /// So many blocks per stage: 3, 4, 23, 3 make ResNet-101, 3, 8, 36, 3 ResNet-152.
    ///
    /// # Errors
    /// As [`fifty`](Self::fifty).
    pub fn new(
        blocks: [usize; 4],
        channels: usize,
        classes: usize,
        stream: &mut Stream,
        device: &Device,
    ) -> Result<Self, NnError> {
        if classes == 0 {
            return Err(NnError::Setting("a classifier needs a class".into()));
        }
        let (conv1, bn1) = unit(channels, WIDTHS[0], Window::square(7).stride(2).padding(3), stream, device)?;
        let mut inputs = WIDTHS[0];
        let mut stages: [Vec<Bottleneck>; 4] = Default::default();
        for (i, stage) in stages.iter_mut().enumerate() {
            for block in 0..blocks[i] {
                let stride = if i > 0 && block == 0 { 2 } else { 1 };
                stage.push(Bottleneck::new(inputs, WIDTHS[i], stride, stream, device)?);
                inputs = EXPANSION * WIDTHS[i];
            }
        }
        let [layer1, layer2, layer3, layer4] = stages;
        let fc = Linear::new(inputs, classes, stream, device);
        let pool = Pool2d::largest(Window::square(3).stride(2).padding(1))?;
        Ok(Self { conv1, bn1, layer1, layer2, layer3, layer4, fc, pool })
    }

    /// All blocks in order, each with its name.
    fn blocks(&self) -> impl DoubleEndedIterator<Item = (String, &Bottleneck)> {
        let stages = [&self.layer1, &self.layer2, &self.layer3, &self.layer4].into_iter().enumerate();
        stages.flat_map(|(i, stage)| {
            stage.iter().enumerate().map(move |(block, of)| (format!("layer{}.{block}", i + 1), of))
        })
    }

    /// Logits `[rows, classes]` of images `[rows, height, width, channels]` by the running statistics. Images have at
    /// least 32 cells a side.
    pub fn evaluate(&self, x: &Tensor<4>) -> Tensor<2> {
        let stem = Unit { convolution: &self.conv1, norm: &self.bn1 };
        let pooled = self.pool.forward(&stem.evaluate(x, None, RELU));
        let last = self.blocks().fold(pooled, |x, (_, block)| block.evaluate(x));
        self.fc.forward(&GlobalMeanPool.forward(&last))
    }

    /// The same by the statistics of the batch, and what the way back needs.
    pub fn forward_train(&mut self, x: Tensor<4>) -> (Tensor<2>, ResNetTrace) {
        let (stem_output, stem) = forward_train(&self.conv1, &mut self.bn1, x, None, RELU);
        let pooled = self.pool.forward(&stem_output);
        let mut last = pooled.clone();
        let stages = [&mut self.layer1, &mut self.layer2, &mut self.layer3, &mut self.layer4];
        let mut blocks = Vec::new();
        for block in stages.into_iter().flatten() {
            let (y, trace) = block.forward_train(last);
            blocks.push(trace);
            last = y;
        }
        let [_, height, width, _] = last.dims();
        let means = GlobalMeanPool.forward(&last);
        let trace = ResNetTrace { stem, stem_output, pooled, blocks, size: [height, width], means };
        (self.fc.forward(&trace.means), trace)
    }

    /// Gradients of the parameters from that of the logits. The trace is used up.
    pub fn backward(&self, trace: ResNetTrace, dy: &Tensor<2>) -> Gradients {
        let mut gradients = Gradients::new();
        let of_means = self.fc.backward(&trace.means, dy, "fc", &mut gradients);
        let mut dy = GlobalMeanPool.backward(trace.size, &of_means);
        for ((name, block), trace) in self.blocks().zip(trace.blocks).collect::<Vec<_>>().into_iter().rev() {
            dy = block.backward(trace, dy, &name, &mut gradients);
        }
        let of_stem = self.pool.backward(&trace.stem_output, &trace.pooled, &dy);
        [dy, trace.pooled, trace.stem_output].into_iter().for_each(spare::give);
        let stem = Unit { convolution: &self.conv1, norm: &self.bn1 };
        stem.backward(trace.stem, &of_stem, false, ["conv1", "bn1"], &mut gradients);
        spare::give(of_stem);
        gradients
    }
}
