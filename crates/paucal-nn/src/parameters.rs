//! The tensors of a network, by name.
//!
//! A layer lists its tensors once, in [`Parameters::visit`] and [`Parameters::visit_mut`]; saving, loading,
//! optimising, counting and tracking gradients are visitors. Names are those of PyTorch
//! (`hidden.0.weight`, `norm.running_var`), so that weights travel between the two.

use std::collections::VecDeque;

use burn::tensor::{Device, Tensor};

use crate::kernels::average;

/// What a tensor of a network is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Learnt by the optimiser.
    Weight,
    /// Recorded while training, such as running means.
    Statistic,
}

/// Looks at every tensor.
pub trait Visit {
    /// Called for each tensor in a fixed order.
    fn tensor<const D: usize>(&mut self, name: &str, role: Role, tensor: &Tensor<D>);
}

/// Changes every tensor.
pub trait VisitMut {
    /// Called for each tensor in a fixed order.
    fn tensor<const D: usize>(&mut self, name: &str, role: Role, tensor: &mut Tensor<D>);
}

/// A network or a part of one.
///
/// Composite networks use [`parameters!`](crate::parameters!).
pub trait Parameters {
    /// Shows every tensor; `path` is put before the names.
    fn visit(&self, path: &str, visitor: &mut impl Visit);

    /// Lends every tensor for change.
    fn visit_mut(&mut self, path: &str, visitor: &mut impl VisitMut);
}

impl<T: Parameters> Parameters for Vec<T> {
    fn visit(&self, path: &str, visitor: &mut impl Visit) {
        for (i, part) in self.iter().enumerate() {
            part.visit(&join(path, &i.to_string()), visitor);
        }
    }

    fn visit_mut(&mut self, path: &str, visitor: &mut impl VisitMut) {
        for (i, part) in self.iter_mut().enumerate() {
            part.visit_mut(&join(path, &i.to_string()), visitor);
        }
    }
}

impl<T: Parameters> Parameters for Option<T> {
    fn visit(&self, path: &str, visitor: &mut impl Visit) {
        if let Some(part) = self {
            part.visit(path, visitor);
        }
    }

    fn visit_mut(&mut self, path: &str, visitor: &mut impl VisitMut) {
        if let Some(part) = self {
            part.visit_mut(path, visitor);
        }
    }
}

/// Implements [`Parameters`] for a struct: `tensors` are its own weights, `parts` are layers and networks.
///
/// ```
/// use paucal_nn::{Tensor, layers::Linear};
///
/// struct Decoder {
///     hidden: Vec<Linear>,
///     head: Linear,
///     sigma: Tensor<1>,
/// }
/// paucal_nn::parameters!(Decoder { tensors: sigma; parts: hidden, head });
/// ```
#[macro_export]
macro_rules! parameters {
    ($type:ty { $(tensors: $($tensor:ident),+;)? $(parts: $($part:ident),+)? }) => {
        impl $crate::parameters::Parameters for $type {
            fn visit(&self, path: &str, visitor: &mut impl $crate::parameters::Visit) {
                $($(visitor.tensor(
                    &$crate::parameters::join(path, stringify!($tensor)),
                    $crate::parameters::Role::Weight,
                    &self.$tensor,
                );)+)?
                $($(self.$part.visit(&$crate::parameters::join(path, stringify!($part)), visitor);)+)?
            }

            fn visit_mut(&mut self, path: &str, visitor: &mut impl $crate::parameters::VisitMut) {
                $($(visitor.tensor(
                    &$crate::parameters::join(path, stringify!($tensor)),
                    $crate::parameters::Role::Weight,
                    &mut self.$tensor,
                );)+)?
                $($(self.$part.visit_mut(&$crate::parameters::join(path, stringify!($part)), visitor);)+)?
            }
        }
    };
}

/// `path.name`, or `name` at the top.
pub fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

/// Number of learnt values.
pub fn count(network: &impl Parameters) -> usize {
    struct Count(usize);
    impl Visit for Count {
        fn tensor<const D: usize>(&mut self, _: &str, role: Role, tensor: &Tensor<D>) {
            if role == Role::Weight {
                self.0 += tensor.dims().iter().product::<usize>();
            }
        }
    }
    let mut count = Count(0);
    network.visit("", &mut count);
    count.0
}

/// A copy whose weights are leaves of a new graph: run it forward, call `backward` on the loss and collect with
/// [`Gradients::of`](crate::Gradients::of). Statistics stay outside the graph. Copying shares memory.
pub fn tracked<N: Parameters + Clone>(network: &N) -> N {
    struct Track;
    impl VisitMut for Track {
        fn tensor<const D: usize>(&mut self, _: &str, role: Role, tensor: &mut Tensor<D>) {
            if role == Role::Weight {
                tensor.inplace(|t| t.autodiff().require_grad());
            }
        }
    }
    let mut copy = network.clone();
    copy.visit_mut("", &mut Track);
    copy
}

/// The network outside any graph, with the statistics it has recorded: the way back from [`tracked`].
pub fn untracked<N: Parameters>(mut network: N) -> N {
    struct Untrack;
    impl VisitMut for Untrack {
        fn tensor<const D: usize>(&mut self, _: &str, _: Role, tensor: &mut Tensor<D>) {
            tensor.inplace(Tensor::inner);
        }
    }
    network.visit_mut("", &mut Untrack);
    network
}

/// Moves every tensor to `device`.
pub fn to_device<N: Parameters>(mut network: N, device: &Device) -> N {
    struct Move<'a>(&'a Device);
    impl VisitMut for Move<'_> {
        fn tensor<const D: usize>(&mut self, _: &str, _: Role, tensor: &mut Tensor<D>) {
            tensor.inplace(|t| t.to_device(self.0));
        }
    }
    network.visit_mut("", &mut Move(device));
    network
}

/// Moves every tensor of `average`, statistics included, the given share of the way towards `network`, which has the
/// same structure: an exponential moving average over training steps.
pub fn move_towards(average: &mut impl Parameters, network: &impl Parameters, share: f32) {
    struct Collect(VecDeque<Tensor<1>>);
    impl Visit for Collect {
        fn tensor<const D: usize>(&mut self, _: &str, _: Role, tensor: &Tensor<D>) {
            self.0.push_back(tensor.clone().inner().reshape([-1]));
        }
    }
    struct Move(VecDeque<Tensor<1>>, f32);
    impl VisitMut for Move {
        fn tensor<const D: usize>(&mut self, _: &str, _: Role, tensor: &mut Tensor<D>) {
            if let Some(goal) = self.0.pop_front() {
                average::move_towards(tensor, goal, self.1);
            }
        }
    }
    let mut collect = Collect(VecDeque::new());
    network.visit("", &mut collect);
    average.visit_mut("", &mut Move(collect.0, share));
}
