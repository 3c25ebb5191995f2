//! The critic of a Wasserstein GAN on images and sequences, and its exact gradient penalty.
//!
//! # The network
//!
//! Blocks of convolution, instance normalisation, LeakyReLU and dropout, of which every block may lack the second, and a
//! head that is linear on the last map:
//!
//! ```text
//! h₀ = x        aₗ = Wₗ ∗ hₗ₋₁ + bₗ        hₗ = mₗ ∘ φ(Nₗ(aₗ))        D(x) = ⟨h_L, w⟩ + c
//! ```
//!
//! Batch normalisation would not do: the penalty is taken sample by sample, and a score must not depend on the rest of the
//! batch (Gulrajani et al. 2017, arXiv 1704.00028, section 4).
//!
//! # The penalty
//!
//! `P = λ/B Σ (‖g‖ − 1)²` with `g = ∂D/∂x` at `x̂ = α fake + (1 − α) real`. With `G = ∂P/∂g` held constant, the gradient of P is
//! that of the directional derivative `⟨g, G⟩ = D'(x̂; G)`. One way back from 1 gives the δₗ (gradients of the aₗ) and
//! g, one way forth of G gives the tangents tₗ of the hₗ. In `D'(x̂; G)` everything is linear but the normalisations:
//!
//! ```text
//! ∂P/∂Wₗ = δₗ ⊗ tₗ₋₁ + ρₗ ⊗ hₗ₋₁        ∂P/∂w = Σ t_L        ∂P/∂bₗ = Σ ρₗ
//! ```
//!
//! where `⊗` is the weight gradient of the convolution. The ρₗ come down an ordinary way back that starts from 0 at the
//! head and to which every normalisation adds the gradient of its tangent with respect to its input
//! ([`InstanceNorm::tangent_backward`]). Below the lowest normalisation they only pass through; without any they are 0 and
//! are not computed, and this is what [`crate::critic`] does with dense layers.
//!
//! # One pass for everything
//!
//! [`ConvCritic::loss`] goes forward and back once with fake, real and mixed samples in one stack, and takes the weight
//! gradient of each layer in one product of stacks: `[δ of fake and real, ρ, δ of mixed]` with `[h, t]`. The first layer
//! is evaluated at x̂ like any other: of a stack of convolutions it is the cheapest, one part in a hundred.

mod block;
mod rows;

use burn::tensor::{Device, Tensor};
use paucal_core::{Seed, Stream};

use self::block::{Back, Block, Tangent, Trace};
use self::rows::{flat, stacked, with_last};
use crate::critic::{CriticLoss, penalty, seeds};
use crate::error::NnError;
use crate::gradients::Gradients;
use crate::kernels::spare;
use crate::layers::{Conv2d, InstanceNorm, InstanceNormGradient, Linear, Window, add_products, column_sums};
use crate::noise;
use crate::parameters::join;

/// Slope of the LeakyReLU of the presets.
const SLOPE: f32 = 0.2;

/// What a block is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CriticBlock {
    /// Channels it makes.
    pub outputs: usize,
    /// What the convolution covers.
    pub window: Window,
    /// Whether an instance normalisation follows; the convolution then has no bias, which would be taken out again.
    pub norm: bool,
}

/// A critic of convolutions.
#[derive(Debug, Clone)]
pub struct ConvCritic {
    /// One convolution per block.
    pub convolutions: Vec<Conv2d>,
    /// What follows each.
    pub norms: Vec<Option<InstanceNorm>>,
    /// The output, one score per sample, on `[height, width, channels]` laid out flat.
    pub head: Linear,
    /// Height, width and channels of a sample.
    input: [usize; 3],
    slope: f32,
    dropout: f32,
}

crate::parameters!(ConvCritic { parts: convolutions, norms, head });

/// Fixed dropout masks of one pass, one `[rows, height, width, channels]` per block; empty for no dropout.
pub type Masks = Vec<Tensor<4>>;

impl ConvCritic {
    /// A critic of samples of so many `[rows, columns, channels]`, with LeakyReLU of `slope` and `dropout` in every
    /// block.
    ///
    /// # Errors
    /// When a size is 0, there is no block, or a window does not fit into the map it is to see.
    pub fn new(
        input: [usize; 3],
        blocks: &[CriticBlock],
        slope: f32,
        dropout: f32,
        stream: &mut Stream,
        device: &Device,
    ) -> Result<Self, NnError> {
        let ([height, width, mut channels], mut size) = (input, [input[0], input[1]]);
        let (mut convolutions, mut norms) = (Vec::new(), Vec::new());
        for block in blocks {
            let convolution = Conv2d::new(channels, block.outputs, block.window, stream, device)?;
            convolutions.push(if block.norm { convolution.without_bias() } else { convolution });
            norms.push(block.norm.then(|| InstanceNorm::new(block.outputs, slope, device)));
            size = block.window.positions(size);
            channels = block.outputs;
        }
        if blocks.is_empty() || size.contains(&0) {
            let blocks = blocks.len();
            let message = format!(
                "a critic of {blocks} blocks cannot see samples of {height} × {width}: no map is left"
            );
            return Err(NnError::Setting(message));
        }
        let head = Linear::new(size[0] * size[1] * channels, 1, stream, device);
        Ok(Self { convolutions, norms, head, input, slope, dropout })
    }

    /// The DCGAN critic of square images: convolutions of 4 × 4 cells, two apart, that halve the side and double the
    /// channels until `widest` on 4 × 4 cells; instance normalisation in all but the first. Its head is the last
    /// convolution of the original, which sees the whole map. 512 is a sensible width for a side of 64, 1024 for 256.
    ///
    /// # Errors
    /// When the side is not 8, 16, 32, … or the width cannot be halved as often as needed.
    pub fn image(
        side: usize,
        channels: usize,
        widest: usize,
        stream: &mut Stream,
        device: &Device,
    ) -> Result<Self, NnError> {
        let halvings = (side / 4).checked_ilog2().unwrap_or(0);
        if halvings == 0
            || side != 4 << halvings
            || widest == 0
            || !widest.is_multiple_of(1 << (halvings - 1))
        {
            let message = format!(
                "no critic of images with a side of {side} ends {widest} wide: the side is 8, 16, 32, …, and the width \
                 can be halved for every doubling but the first"
            );
            return Err(NnError::Setting(message));
        }
        let window = Window::square(4).stride(2).padding(1);
        let block = |i: u32| CriticBlock { outputs: widest >> (halvings - 1 - i), window, norm: i > 0 };
        let blocks: Vec<_> = (0..halvings).map(block).collect();
        Self::new([side, side, channels], &blocks, SLOPE, 0.0, stream, device)
    }

    /// A critic of sequences, that is, images `[1, length, channels]`: convolutions of 5 positions, two apart, to 32, 64, 128
    /// and 256 channels, with dropout of a quarter and no normalisation, as in published GANs of fetal heart rate.
    ///
    /// # Errors
    /// When a size is 0.
    pub fn sequence(
        length: usize,
        channels: usize,
        stream: &mut Stream,
        device: &Device,
    ) -> Result<Self, NnError> {
        let window = Window { stride: [1, 2], ..Window::sequence(5).padding(2) };
        let blocks = [32, 64, 128, 256].map(|outputs| CriticBlock { outputs, window, norm: false });
        Self::new([1, length, channels], &blocks, SLOPE, 0.25, stream, device)
    }

    /// Draws the masks of a pass over so many samples.
    pub fn masks(&self, rows: usize, seed: Seed, purpose: &str, step: u64, device: &Device) -> Masks {
        if self.dropout == 0.0 {
            return Masks::new();
        }
        let mut size = [self.input[0], self.input[1]];
        let draw = |(i, layer): (usize, &Conv2d)| {
            size = layer.window().positions(size);
            let shape = [rows, size[0], size[1], layer.outputs()];
            noise::dropout(seed, &format!("{purpose}/{i}"), step, shape, self.dropout, device)
        };
        self.convolutions.iter().enumerate().map(draw).collect()
    }

    /// Scores of samples `[rows, height, width, channels]`, shape `[rows, 1]`. Works inside a graph too.
    pub fn forward(&self, x: &Tensor<4>, masks: &Masks) -> Tensor<2> {
        let top = self.blocks(masks).iter().fold(x.clone(), |h, block| block.output(&h));
        self.head.forward(&flat(&top))
    }

    /// Scores and the gradient of each with respect to its sample.
    pub fn score(&self, x: &Tensor<4>, masks: &Masks) -> (Tensor<2>, Tensor<4>) {
        let blocks = self.blocks(masks);
        let traces = pass(&blocks, x.clone());
        let scores = self.scores(&traces);
        let backs = self.back(&blocks, &traces, &scores.ones_like());
        let gradient = input_gradient(&self.convolutions[0], x, &backs[0].delta);
        backs.into_iter().for_each(recycle_back);
        recycle_traces(traces);
        (scores, gradient)
    }

    /// Scores, and from the gradient that `towards` makes of them those of the parameters and of the samples: for losses
    /// other than Wasserstein's.
    pub fn learn(
        &self,
        x: &Tensor<4>,
        masks: &Masks,
        towards: impl FnOnce(&Tensor<2>) -> Tensor<2>,
    ) -> (Tensor<2>, Gradients, Tensor<4>) {
        let blocks = self.blocks(masks);
        let traces = pass(&blocks, x.clone());
        let scores = self.scores(&traces);
        let start = towards(&scores);
        let backs = self.back(&blocks, &traces, &start);
        let mut gradients = Gradients::new();
        let top = traces.last().map_or_else(|| x.clone(), |trace| trace.output.clone());
        gradients.add_linear("head", self.head.gradient(&flat(&top), &start));
        for (i, (trace, back)) in traces.iter().zip(&backs).enumerate() {
            let path = join("convolutions", &i.to_string());
            self.convolutions[i].backward(&trace.input, &back.delta, false, &path, &mut gradients);
            if let Some((_, gradient)) = &back.norm {
                add_norm(i, gradient, x.dims()[0], &mut gradients);
            }
        }
        let gradient = input_gradient(&self.convolutions[0], x, &backs[0].delta);
        backs.into_iter().for_each(recycle_back);
        recycle_traces(traces);
        (scores, gradients, gradient)
    }

    /// The critic's loss on equally many fake and real samples `[rows, height, width, channels]`, and its gradients.
    ///
    /// `mix` holds α in `[0, 1)` per sample, `[rows, 1]`; `masks` are those of three times as many samples: of fake, real
    /// and mixed ones; `lambda` is the weight of the penalty.
    pub fn loss(
        &self,
        fake: &Tensor<4>,
        real: &Tensor<4>,
        mix: &Tensor<2>,
        masks: &Masks,
        lambda: f64,
    ) -> CriticLoss {
        let rows = fake.dims()[0];
        let alpha = mix.clone().reshape([rows, 1, 1, 1]);
        let mixed = real.clone() + (fake.clone() - real.clone()) * alpha;
        let blocks = self.blocks(masks);
        let traces = pass(&blocks, stacked(&[fake, real, &mixed]));
        let scores = self.scores(&traces);
        let start = seeds(rows, &scores);
        let backs = self.back(&blocks, &traces, &start);

        let of_mixed = |t: &Tensor<4>| t.clone().narrow(0, 2 * rows, rows);
        let g = input_gradient(&self.convolutions[0], &mixed, &of_mixed(&backs[0].delta));
        let (penalty, tangent) = penalty(flat(&g), lambda);
        let on_mixed: Masks = masks.iter().map(of_mixed).collect();
        let mixed_blocks = self.blocks(&on_mixed);
        let mixed_traces: Vec<Trace> = traces.iter().map(|trace| trace.rows(2 * rows, rows)).collect();
        let (tangents, top) = tangents(&mixed_blocks, &mixed_traces, tangent.reshape(mixed.dims()));
        let curvatures = curvatures(&mixed_blocks, &mixed_traces, &backs, &tangents);
        drop(mixed_traces);

        let wasserstein = (scores * start.clone()).narrow(0, 0, 2 * rows).sum();
        let mut gradients = Gradients::new();
        let output = self.layer_gradients(traces, Ways { backs, tangents, curvatures }, rows, &mut gradients);
        let last = with_last(output, &top);
        gradients.add("head.weight", add_products(&[(&start, &flat(&last))]));
        // As many fake scores are raised by the constant as real ones.
        gradients.add("head.bias", self.head.bias.zeros_like());
        CriticLoss { wasserstein, penalty, gradients }
    }

    fn blocks(&self, masks: &Masks) -> Vec<Block<'_>> {
        let block = |i: usize| Block {
            convolution: &self.convolutions[i],
            norm: self.norms[i].as_ref(),
            mask: masks.get(i).cloned(),
            slope: self.slope,
        };
        (0..self.convolutions.len()).map(block).collect()
    }

    fn scores(&self, traces: &[Trace]) -> Tensor<2> {
        self.head.forward(&flat(&traces[traces.len() - 1].output))
    }

    /// The way back from a gradient of the scores.
    fn back(&self, blocks: &[Block<'_>], traces: &[Trace], start: &Tensor<2>) -> Vec<Back> {
        let top = &traces[traces.len() - 1].output;
        let mut next = Some(self.head.input_gradient(start).reshape(top.dims()));
        let mut backs = Vec::with_capacity(blocks.len());
        for (i, (block, trace)) in blocks.iter().zip(traces).enumerate().rev() {
            let Some(dy) = next.take() else { break };
            let back = block.backward(trace, dy);
            next = (i > 0).then(|| input_gradient(block.convolution, &trace.input, &back.delta));
            backs.push(back);
        }
        backs.reverse();
        backs
    }

    /// Adds the gradients of the blocks; returns the output of the last.
    fn layer_gradients(
        &self,
        traces: Vec<Trace>,
        ways: Ways,
        rows: usize,
        gradients: &mut Gradients,
    ) -> Tensor<4> {
        let (inputs, output) = inputs(traces);
        let ways = ways.backs.into_iter().zip(ways.tangents).zip(ways.curvatures);
        for (i, (input, ((back, tangent), curvature))) in inputs.into_iter().zip(ways).enumerate() {
            if let Some((_, gradient)) = &back.norm {
                add_norm(i, gradient, 2 * rows, gradients);
            }
            if let Some((_, gradient)) = curvature.as_ref().and_then(|back| back.norm.as_ref()) {
                add_norm(i, gradient, rows, gradients);
            }
            let products = Products::new(input, back, tangent, curvature, rows);
            let path = join("convolutions", &i.to_string());
            let weight = self.convolutions[i].weight_gradient(&products.values, &products.deltas);
            gradients.add(&join(&path, "weight"), weight);
            if self.convolutions[i].bias.is_some() {
                let of_bias = products.deltas.clone().narrow(0, 0, products.biased);
                gradients.add(&join(&path, "bias"), position_sums(&of_bias));
            }
            spare::give(products.values);
            spare::give(products.deltas);
        }
        output
    }
}

/// The ways back and forth through every block.
struct Ways {
    backs: Vec<Back>,
    tangents: Vec<Tangent>,
    curvatures: Vec<Option<Back>>,
}

/// The factors of a weight gradient.
struct Products {
    /// h and t.
    values: Tensor<4>,
    /// δ and ρ.
    deltas: Tensor<4>,
    /// The first samples, those that belong to h: the bias has its gradient from them.
    biased: usize,
}

impl Products {
    fn new(input: Tensor<4>, back: Back, tangent: Tangent, curvature: Option<Back>, rows: usize) -> Self {
        let Some(curvature) = curvature else {
            let values = with_last(input, &tangent.input);
            return Self { values, deltas: back.delta, biased: 2 * rows };
        };
        let part = |first: usize, count: usize| back.delta.clone().narrow(0, first, count);
        let deltas = stacked(&[&part(0, 2 * rows), &curvature.delta, &part(2 * rows, rows)]);
        let values = stacked(&[&input, &tangent.input]);
        spare::give(input);
        spare::give(tangent.input);
        recycle_back(curvature);
        recycle_back(back);
        Self { values, deltas, biased: 3 * rows }
    }
}

/// Forward through all blocks.
fn pass(blocks: &[Block<'_>], x: Tensor<4>) -> Vec<Trace> {
    let mut next = x;
    let mut traces = Vec::with_capacity(blocks.len());
    for block in blocks {
        let trace = block.forward(next);
        next = trace.output.clone();
        traces.push(trace);
    }
    traces
}

/// The way of a change of the input; returns that of the last output, too.
fn tangents(blocks: &[Block<'_>], traces: &[Trace], start: Tensor<4>) -> (Vec<Tangent>, Tensor<4>) {
    let mut next = start;
    let mut tangents = Vec::with_capacity(blocks.len());
    for (block, trace) in blocks.iter().zip(traces) {
        let (output, tangent) = block.tangent(trace, next);
        tangents.push(tangent);
        next = output;
    }
    (tangents, next)
}

/// The ways back of the tangents, on the mixed samples: ρ. `backs` are those of the scores on all samples.
fn curvatures(
    blocks: &[Block<'_>],
    traces: &[Trace],
    backs: &[Back],
    tangents: &[Tangent],
) -> Vec<Option<Back>> {
    let mut above = None;
    let mut found = Vec::with_capacity(blocks.len());
    for (i, (block, trace)) in blocks.iter().zip(traces).enumerate().rev() {
        let rows = trace.input.dims()[0];
        let first = backs[i].norm.as_ref().map(|(dy, _)| dy.clone().narrow(0, 2 * rows, rows));
        let back = block.tangent_backward(trace, first, &tangents[i], above.take());
        if let Some(back) = back.as_ref().filter(|_| i > 0) {
            above = Some(input_gradient(block.convolution, &trace.input, &back.delta));
        }
        found.push(back);
    }
    found.reverse();
    found
}

fn input_gradient(convolution: &Conv2d, input: &Tensor<4>, delta: &Tensor<4>) -> Tensor<4> {
    let [_, height, width, _] = input.dims();
    convolution.input_gradient(delta, [height, width])
}

/// Adds the gradient of a normalisation over the first so many samples.
fn add_norm(i: usize, gradient: &InstanceNormGradient, rows: usize, gradients: &mut Gradients) {
    let path = join("norms", &i.to_string());
    let total = |t: &Tensor<2>| column_sums(&t.clone().narrow(0, 0, rows));
    gradients.add(&join(&path, "weight"), total(&gradient.weight));
    gradients.add(&join(&path, "bias"), total(&gradient.bias));
}

/// Sums over samples and positions.
fn position_sums(delta: &Tensor<4>) -> Tensor<1> {
    let [rows, height, width, channels] = delta.dims();
    column_sums(&delta.clone().reshape([rows * height * width, channels]))
}

/// The inputs of all blocks, held by nobody else, and the output of the last.
fn inputs(traces: Vec<Trace>) -> (Vec<Tensor<4>>, Tensor<4>) {
    let output = traces[traces.len() - 1].output.clone();
    let input = |trace: Trace| {
        trace.norm.into_iter().for_each(|saved| spare::give(saved.into_input()));
        trace.input
    };
    (traces.into_iter().map(input).collect(), output)
}

fn recycle_back(back: Back) {
    spare::give(back.delta);
    back.norm.into_iter().for_each(|(dy, _)| spare::give(dy));
}

fn recycle_traces(traces: Vec<Trace>) {
    let (inputs, output) = inputs(traces);
    inputs.into_iter().for_each(spare::give);
    spare::give(output);
}
