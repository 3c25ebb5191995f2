//! Layers as plain structs of tensors.
//!
//! Every layer follows PyTorch's conventions (layout of weights, initial values, epsilon, running variance),
//! takes its mode as an argument and its randomness from a [`Stream`](paucal_core::Stream). Burn's own batch
//! norm and dropout change their behaviour with the device of their input, and its parameters are drawn at
//! first use: both would spoil reproducibility.
//!
//! `forward` works on any tensor, recorded in a graph or not. Most layers also have `backward`, for training without
//! a graph. Sequences are `[rows, length, channels]`,
//! images `[rows, height, width, channels]`.

mod activation;
mod batch_norm;
mod beside;
mod conv1d;
mod conv2d;
mod conv_transpose2d;
mod dropout;
mod graph;
mod gru;
mod instance_norm;
mod linear;
mod lstm;
mod pool;
mod pool2d;
mod recurrent;

pub use activation::Activation;
pub use batch_norm::{BatchNorm, BatchNormGradient, BatchNormSaved};
pub(crate) use beside::beside;
pub use conv_transpose2d::ConvTranspose2d;
pub use conv1d::Conv1d;
pub(crate) use conv1d::{as_image, as_sequence};
pub use conv2d::{Conv2d, ConvGradient, Window};
pub use dropout::Dropout;
pub use gru::{Gru, GruTrace};
pub use instance_norm::{InstanceNorm, InstanceNormGradient, InstanceNormSaved};
pub(crate) use linear::column_sums;
use linear::initial_normal;
pub use linear::{Linear, LinearGradient, add_products, initial_uniform};
pub use lstm::{BiLstm, BiLstmTrace, Lstm, LstmTrace};
pub use pool::{MaxPool1d, MeanPool, NormPool, NormPoolSaved};
pub use pool2d::{GlobalMeanPool, Pool2d};
pub use recurrent::{Recurrent, Stack, StackTrace};

/// Whether a network learns or is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Batch norm uses and records the statistics of the batch.
    Train,
    /// Batch norm uses the recorded statistics.
    Eval,
}
