//! Networks that classify the beats of an electrocardiogram.
//!
//! A [`BeatNetwork`] turns the wave of each beat into features on its own (`encode`) and decides on a beat from the
//! features of its neighbourhood and from what is known beside the waves (`decide`). In use a recording is encoded once,
//! however many neighbourhoods a beat is in; in training both are one pass.

mod hybrid;
mod pair;
mod wang;

use burn::tensor::Tensor;

use crate::gradients::Gradients;
use crate::parameters::Parameters;

pub use crate::noise::Draw;
pub use hybrid::{HybridNet, HybridShape, HybridTrace};
pub use pair::{Pair, PairTrace};
pub use wang::{WangNet, WangShape, WangTrace};

/// What is known of beats beside their waves.
#[derive(Debug, Clone)]
pub struct Beside {
    /// A row of features, `[rows, features]`, or none.
    pub table: Option<Tensor<2>>,
    /// Similarities with prototypes, `[rows, similarities]`, or none.
    pub prototypes: Option<Tensor<2>>,
}

/// What a network says of beats.
#[derive(Debug, Clone)]
pub struct Logits {
    /// Of the classes, `[rows, classes]`.
    pub classes: Tensor<2>,
    /// Of being noise, `[rows, 1]`, of networks that have an opinion.
    pub noise: Option<Tensor<2>>,
}

/// A network that decides on a beat among its neighbours.
pub trait BeatNetwork: Parameters + Clone + Send + Sync {
    /// What the way back needs.
    type Trace;

    /// Beats that a decision looks at, the middle one being decided on.
    fn slots(&self) -> usize;

    /// Features of waves `[beats, length, 1]`, one by one: `[beats, width]`.
    fn encode(&self, waves: &Tensor<3>) -> Tensor<2>;

    /// Decides on `rows` beats from the features of their slots, `[slots · rows, width]`, all first slots first.
    fn decide(&self, features: &Tensor<2>, beside: &Beside) -> Logits;

    /// Both, by the statistics of the batch, from `[slots · rows, length, 1]`; without a `draw` there is no dropout.
    fn forward_train(
        &mut self,
        waves: &Tensor<3>,
        beside: &Beside,
        draw: Option<Draw>,
    ) -> (Logits, Self::Trace);

    /// Gradients of the parameters from those of the logits. The trace is used up.
    fn backward(&self, trace: Self::Trace, of: &Logits) -> Gradients;
}
