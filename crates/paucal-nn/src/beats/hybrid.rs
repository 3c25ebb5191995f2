//! A beat's shape, its neighbours, its likeness to prototypes and a table of features, fused.
//!
//! | branch | layers |
//! |---|---|
//! | shape | Conv 24 of 7, batch norm, ReLU, pool 2; Conv 48 of 5, the same; Conv 64 of 3, ReLU, mean over time |
//! | neighbours | bidirectional LSTM of 96 units over the shapes of all slots, its output at the middle one |
//! | prototypes | dense 64, ReLU, dropout 0.1, dense 32, ReLU |
//! | table | the same |
//! | fusion | all side by side; dense 128, ReLU, dropout 0.2, dense 96, ReLU |
//! | heads | logits of the classes; logit of being noise |

use burn::tensor::{Device, Tensor};
use paucal_core::Stream;

use super::{BeatNetwork, Beside, Draw, Logits, Pair, PairTrace};
use crate::conv_stack::{Block, ConvStack, ConvTrace};
use crate::error::NnError;
use crate::gradients::Gradients;
use crate::kernels::spare;
use crate::layers::{BiLstm, BiLstmTrace, Conv1d, Linear, MaxPool1d, MeanPool};

/// Features of a shape.
const SHAPE: usize = 64;
/// Units of the recurrent layer in each direction.
const UNITS: usize = 96;
/// Widths of the branches of prototypes and of the table.
const BRANCH: [usize; 2] = [64, 32];
/// Widths of the fusion.
const FUSION: [usize; 2] = [128, 96];

/// Sizes of a [`HybridNet`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HybridShape {
    /// Samples of a wave, at least 4.
    pub length: usize,
    /// Beats that a decision looks at; an odd number.
    pub slots: usize,
    /// Similarities with prototypes; 0 for no such branch.
    pub prototypes: usize,
    /// Features in the table; 0 for no such branch.
    pub table: usize,
    /// Classes.
    pub classes: usize,
}

/// Four branches, their fusion and two heads.
#[derive(Debug, Clone)]
pub struct HybridNet {
    slots: usize,
    encoder: ConvStack,
    closing: Conv1d,
    context: BiLstm,
    prototypes: Option<Pair>,
    table: Option<Pair>,
    fusion: Pair,
    class_head: Linear,
    noise_head: Linear,
}

crate::parameters!(HybridNet {
    parts: encoder,
    closing,
    context,
    prototypes,
    table,
    fusion,
    class_head,
    noise_head
});

/// What the way back needs.
pub struct HybridTrace {
    encoder: ConvTrace,
    pooled: Tensor<3>,
    shapes: Tensor<3>,
    context: BiLstmTrace,
    prototypes: Option<PairTrace>,
    table: Option<PairTrace>,
    fusion: PairTrace,
    fused: Tensor<2>,
}

impl HybridNet {
    /// A network with PyTorch's initial values.
    ///
    /// # Errors
    /// When the waves are too short to be pooled twice, or the number of slots is even.
    pub fn new(shape: HybridShape, stream: &mut Stream, device: &Device) -> Result<Self, NnError> {
        let pool = MaxPool1d::new(2, 2);
        let block =
            |outputs: usize, kernel: usize| Block { outputs, kernel, stride: 1, padding: kernel / 2, pool };
        let encoder = ConvStack::new(1, &[block(24, 7), block(48, 5)], stream, device)?;
        if encoder.positions(shape.length) == 0 || shape.slots.is_multiple_of(2) {
            let message = format!("{} beats of {} samples cannot be looked at", shape.slots, shape.length);
            return Err(NnError::Setting(message));
        }
        let closing = Conv1d::new(48, SHAPE, 3, stream, device)?.with_padding(1);
        let context = BiLstm::new(SHAPE, UNITS, stream, device);
        let mut branch = |inputs: usize| {
            (inputs > 0).then(|| Pair::new([inputs, BRANCH[0], BRANCH[1]], 0.1, stream, device))
        };
        let (prototypes, table) = (branch(shape.prototypes), branch(shape.table));
        let width = [&prototypes, &table].into_iter().flatten().map(Pair::outputs).sum::<usize>();
        let fusion = Pair::new([SHAPE + 2 * UNITS + width, FUSION[0], FUSION[1]], 0.2, stream, device);
        Ok(Self {
            slots: shape.slots,
            encoder,
            closing,
            context,
            prototypes,
            table,
            fusion,
            class_head: Linear::new(FUSION[1], shape.classes, stream, device),
            noise_head: Linear::new(FUSION[1], 1, stream, device),
        })
    }

    fn heads(&self, fused: &Tensor<2>) -> Logits {
        Logits { classes: self.class_head.forward(fused), noise: Some(self.noise_head.forward(fused)) }
    }

    /// The slot that is decided on.
    fn middle(&self, features: &Tensor<2>) -> Tensor<2> {
        let rows = features.dims()[0] / self.slots;
        features.clone().narrow(0, self.slots / 2 * rows, rows)
    }
}

impl BeatNetwork for HybridNet {
    type Trace = HybridTrace;

    fn slots(&self) -> usize {
        self.slots
    }

    fn encode(&self, waves: &Tensor<3>) -> Tensor<2> {
        let pooled = self.encoder.evaluate(waves);
        let shapes = self.closing.forward(&pooled);
        let features = MeanPool.forward(&shapes);
        spare::give(pooled);
        spare::give(shapes);
        features
    }

    fn decide(&self, features: &Tensor<2>, beside: &Beside) -> Logits {
        let (context, _) = self.context.forward_train(features, self.slots, self.slots / 2);
        let mut parts = vec![self.middle(features), context];
        for (branch, x) in [(&self.prototypes, &beside.prototypes), (&self.table, &beside.table)] {
            if let (Some(branch), Some(x)) = (branch, x) {
                parts.push(branch.forward(x));
            }
        }
        self.heads(&self.fusion.forward(&Tensor::cat(parts, 1)))
    }

    fn forward_train(
        &mut self,
        waves: &Tensor<3>,
        beside: &Beside,
        draw: Option<Draw>,
    ) -> (Logits, HybridTrace) {
        let (pooled, encoder) = self.encoder.forward_train(waves);
        let shapes = self.closing.forward(&pooled);
        let features = MeanPool.forward(&shapes);
        let (around, context) = self.context.forward_train(&features, self.slots, self.slots / 2);
        let mut parts = vec![self.middle(&features), around];
        let mut branch = |branch: &Option<Pair>, x: &Option<Tensor<2>>, purpose: &str| {
            let (y, trace) = branch.as_ref()?.forward_train(x.clone()?, purpose, draw);
            parts.push(y);
            Some(trace)
        };
        let prototypes = branch(&self.prototypes, &beside.prototypes, "dropout/prototypes");
        let table = branch(&self.table, &beside.table, "dropout/table");
        let (fused, fusion) = self.fusion.forward_train(Tensor::cat(parts, 1), "dropout/fusion", draw);
        let logits = self.heads(&fused);
        (logits, HybridTrace { encoder, pooled, shapes, context, prototypes, table, fusion, fused })
    }

    fn backward(&self, trace: HybridTrace, of: &Logits) -> Gradients {
        let mut gradients = Gradients::new();
        let mut of_fused = self.class_head.backward(&trace.fused, &of.classes, "class_head", &mut gradients);
        if let Some(of_noise) = &of.noise {
            of_fused =
                of_fused + self.noise_head.backward(&trace.fused, of_noise, "noise_head", &mut gradients);
        }
        let joined = self.fusion.backward(&trace.fusion, of_fused, "fusion", &mut gradients);
        let mut first = SHAPE + 2 * UNITS;
        for (name, branch, trace) in
            [("prototypes", &self.prototypes, &trace.prototypes), ("table", &self.table, &trace.table)]
        {
            if let (Some(branch), Some(trace)) = (branch, trace) {
                let dy = joined.clone().narrow(1, first, branch.outputs());
                branch.backward(trace, dy, name, &mut gradients);
                first += branch.outputs();
            }
        }
        let of_context = joined.clone().narrow(1, SHAPE, 2 * UNITS);
        let of_features = self.context.backward(trace.context, &of_context, "context", &mut gradients);
        let [rows, width] = [joined.dims()[0], SHAPE];
        let middle = self.slots / 2 * rows;
        let of_middle = joined.narrow(1, 0, width) + of_features.clone().narrow(0, middle, rows);
        let of_features = of_features.slice_assign([middle..middle + rows, 0..width], of_middle);
        let of_shapes = MeanPool.backward(&trace.shapes, &of_features);
        let of_pooled = self.closing.backward(&trace.pooled, &of_shapes, true, "closing", &mut gradients);
        spare::give(of_shapes);
        spare::give(trace.shapes);
        spare::give(trace.pooled);
        if let Some(of_pooled) = of_pooled {
            self.encoder.backward(trace.encoder, of_pooled, "encoder", &mut gradients);
        }
        gradients
    }
}
