//! The network that tells what noise was added: a dense stack that knows time and class.

use paucal_core::Stream;
use paucal_nn::layers::{Activation, Linear};
use paucal_nn::mlp::{Mlp, MlpTrace};
use paucal_nn::{Device, Gradients, Tensor};

use crate::generators::neural::matrix;

/// Width of the embeddings.
const EMBEDDING: usize = 128;
/// Longest period of the time signal.
const PERIOD: f64 = 10_000.0;
/// Time runs from 0 to this, whatever the number of steps.
const SPAN: f64 = 1000.0;

/// `MLP(W x + time(t) + class(c))`, with `time = linear · SiLU · linear` of a sinusoidal signal and
/// `class = SiLU · linear` of a one-hot.
#[derive(Debug, Clone)]
pub struct Network {
    input: Linear,
    time_in: Linear,
    time_out: Linear,
    class: Option<Linear>,
    body: Mlp,
}

paucal_nn::parameters!(Network { parts: input, time_in, time_out, class, body });

/// What the way back needs.
pub struct Trace {
    x: Tensor<2>,
    time: Tensor<2>,
    time_raw: Tensor<2>,
    class: Option<(Tensor<2>, Tensor<2>)>,
    body: MlpTrace,
}

impl Network {
    /// A network from `inputs` to `outputs` values with `classes` classes, 0 for none.
    pub fn new(
        inputs: usize,
        outputs: usize,
        classes: usize,
        hidden: &[usize],
        stream: &mut Stream,
        device: &Device,
    ) -> Self {
        let widths = [&[EMBEDDING], hidden, &[outputs]].concat();
        Self {
            input: Linear::new(inputs, EMBEDDING, stream, device),
            time_in: Linear::new(EMBEDDING, EMBEDDING, stream, device),
            time_out: Linear::new(EMBEDDING, EMBEDDING, stream, device),
            class: (classes > 0).then(|| Linear::new(classes, EMBEDDING, stream, device)),
            body: Mlp::new(&widths, Activation::Relu, stream, device),
        }
    }

    /// Outputs `[rows, outputs]` of inputs at times (one for each row, or one for all) with their classes.
    pub fn forward(&self, x: &Tensor<2>, time: &Tensor<2>, class: &Tensor<2>) -> Tensor<2> {
        self.forward_train(x, time, class).0
    }

    /// Outputs, and what the way back needs.
    pub fn forward_train(&self, x: &Tensor<2>, time: &Tensor<2>, class: &Tensor<2>) -> (Tensor<2>, Trace) {
        let time_raw = self.time_in.forward(time);
        let mut h = self.input.forward(x) + self.time_out.forward(&silu(&time_raw));
        let class = self.class.as_ref().map(|layer| (class.clone(), layer.forward(class)));
        if let Some((_, raw)) = &class {
            h = h + silu(raw);
        }
        let (y, body) = self.body.forward_train(&h);
        (y, Trace { x: x.clone(), time: time.clone(), time_raw, class, body })
    }

    /// Gradients of the parameters from that of the outputs.
    pub fn backward(&self, trace: &Trace, dy: Tensor<2>) -> Gradients {
        let mut gradients = Gradients::new();
        let dh = self.body.backward(&trace.body, dy, "body", &mut gradients);
        gradients.add_linear("input", self.input.gradient(&trace.x, &dh));
        gradients.add_linear("time_out", self.time_out.gradient(&silu(&trace.time_raw), &dh));
        let of_time = self.time_out.input_gradient(&dh) * silu_slope(&trace.time_raw);
        gradients.add_linear("time_in", self.time_in.gradient(&trace.time, &of_time));
        if let (Some(layer), Some((class, raw))) = (&self.class, &trace.class) {
            gradients.add_linear("class", layer.gradient(class, &(dh * silu_slope(raw))));
        }
        gradients
    }
}

/// `x σ(x)`
fn silu(x: &Tensor<2>) -> Tensor<2> {
    x.clone() * Activation::Sigmoid.apply(x.clone())
}

/// `σ(x) (1 + x (1 − σ(x)))`
fn silu_slope(x: &Tensor<2>) -> Tensor<2> {
    let s = Activation::Sigmoid.apply(x.clone());
    s.clone() * (x.clone() * (-s + 1.0) + 1.0)
}

/// The signals of times, given as shares of the whole way: cosines and sines of falling frequencies.
pub fn signals(times: &[f64], device: &Device) -> Tensor<2> {
    let half = EMBEDDING / 2;
    let frequency = |i: usize| (-PERIOD.ln() * i as f64 / half as f64).exp();
    let signal = |&t: &f64| {
        let angles = (0..half).map(move |i| SPAN * t * frequency(i));
        angles.clone().map(f64::cos).chain(angles.map(f64::sin)).map(|v| v as f32).collect::<Vec<_>>()
    };
    matrix(times.iter().flat_map(signal).collect(), EMBEDDING, device)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generators::neural::one_hot;
    use paucal_core::Seed;
    use paucal_nn::noise;
    use paucal_nn::parameters::tracked;

    #[test]
    fn the_way_back_is_that_of_the_graph() {
        let device = Device::flex();
        let network = Network::new(5, 5, 2, &[7, 6], &mut Seed(1).stream("initial", 0), &device);
        let x: Tensor<2> = noise::normal(Seed(1), "x", 0, [9, 5], &device);
        let dy: Tensor<2> = noise::normal(Seed(1), "dy", 0, [9, 5], &device);
        let times: Vec<f64> = (0..9).map(|i| f64::from(i) / 9.0).collect();
        let (time, class) = (signals(&times, &device), one_hot(&[0, 1, 1, 0, 1, 0, 0, 1, 1], 2, &device));
        let (_, trace) = network.forward_train(&x, &time, &class);
        let by_hand = network.backward(&trace, dy.clone());

        let graph = tracked(&network);
        let [x, time, class, dy] = [x, time, class, dy].map(Tensor::autodiff);
        let loss = (graph.forward(&x, &time, &class) * dy).sum();
        let by_graph = Gradients::of(&graph, loss.backward());
        let mut compared = 0;
        for (name, want) in by_graph.iter() {
            let got = by_hand.get(name).unwrap();
            let error: f32 = (got.clone() - want.clone().inner()).abs().max().into_scalar();
            let scale: f32 = want.clone().inner().abs().max().into_scalar();
            assert!(error <= 1e-4 * scale.max(0.1), "{name}: {error}");
            compared += 1;
        }
        assert_eq!(compared, 14);
    }
}
