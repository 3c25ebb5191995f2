//! Neural networks: everything that touches Burn lives in this crate.
//!
//! | module | what it holds |
//! | --- | --- |
//! | [`device`] | choosing CPU or GPU by name, checking the processor |
//! | [`noise`] | every random tensor, drawn on the host from keyed streams |
//! | [`layers`] | plain structs: dense, convolution, recurrence, normalisation, pooling, dropout, activations |
//! | [`mod@parameters`], [`gradients`] | naming, collecting and tracking the tensors of a network |
//! | [`beats`] | networks that classify the beats of an electrocardiogram |
//! | [`conv_stack`] | blocks of convolution, normalisation and pooling |
//! | [`critic`] | the critic of a Wasserstein GAN and its exact gradient penalty |
//! | [`conv_critic`] | the same of convolutions, for images and sequences |
//! | [`mlp`] | a stack of dense layers |
//! | [`generator`] | the residual generator of tabular GANs |
//! | [`losses`] | losses of classifiers on logits |
//! | [`rows`] | the output activation and the cross-entropy of encoded table rows |
//! | [`optim`] | Adam as PyTorch defines it |
//! | [`vitals`] | the recurrent autoencoder of vital signs |
//! | [`images`] | networks that classify images: residual ones |
//! | [`training`] | the loop: progress, early stopping, checkpoints, exact resumption |
//! | [`weights`] | safetensors files, read and written by name |
//! | [`tensorboard`] | event files of training curves |
//!
//! # Two ways to a gradient
//!
//! Networks of any shape use Burn's automatic differentiation: [`parameters::tracked`] makes a differentiable copy,
//! [`gradients::Gradients::of`] collects the result.
//!
//! Dense, recurrent and convolution layers are trained for thousands of steps, where recording a graph and one kernel
//! per operation cost more than the arithmetic, or as much. Their layers have a `backward` of their own next
//! to `forward`, written with the same tensor operations on the plain device, so they work on every device;
//! on the CPU each is one fused kernel over the tensors' memory, with as many threads as pay. `benches/gan_step.rs`
//! compares: on one thread, two passes of CTGAN's critic through the graph took 9.5 ms, its whole step by hand, with
//! gradient penalty, 3.9 ms (census table, 100 packs of 2590 values). Tests hold both ways together.
//!
//! # Determinism
//!
//! No random operation and no lazy initialiser of Burn is used. Kernels split work by rows or columns of the
//! output; where they split a sum it is in fixed pieces that are added in order. No result depends on the number of
//! threads.

pub mod beats;
pub mod conv_critic;
pub mod conv_stack;
pub mod critic;
pub mod device;
mod error;
pub mod generator;
pub mod gradients;
pub mod images;
mod kernels;
pub mod layers;
pub mod losses;
pub mod mlp;
pub mod noise;
pub mod optim;
pub mod parameters;
pub mod rows;
pub mod tensorboard;
pub mod training;
pub mod vitals;
pub mod weights;

pub use burn::tensor::{Device, Tensor, TensorData};
pub use error::NnError;
pub use gradients::Gradients;
pub use layers::Mode;
pub use parameters::Parameters;
