//! Single layers of `bench/nn/layers.json`, forward and backward.

use paucal_nn::layers::{
    Activation, BatchNorm, Conv2d, ConvTranspose2d, Gru, Linear, Lstm, Pool2d, Recurrent, Window,
};
use paucal_nn::{Device, Gradients, NnError, Tensor, noise};
use serde::Deserialize;

use super::{SEED, Step};

/// One of the list.
#[derive(Deserialize)]
struct Layer {
    name: String,
    kind: String,
    rows: usize,
    /// Height and width, or length.
    #[serde(default)]
    size: Vec<usize>,
    channels: [usize; 2],
    #[serde(default = "one")]
    kernel: usize,
    #[serde(default = "one")]
    stride: usize,
    #[serde(default)]
    padding: usize,
    #[serde(default = "one")]
    groups: usize,
}

fn one() -> usize {
    1
}

fn list() -> Result<Vec<Layer>, NnError> {
    serde_json::from_str(include_str!("../../../../bench/nn/layers.json"))
        .map_err(|e| NnError::Setting(format!("layers.json: {e}")))
}

/// Names of all layers.
pub fn names() -> Result<Vec<String>, NnError> {
    Ok(list()?.into_iter().map(|layer| layer.name).collect())
}

/// A step of a layer, if there is one of that name.
pub fn step(name: &str) -> Result<Option<Step>, NnError> {
    let Some(layer) = list()?.into_iter().find(|layer| layer.name == name) else { return Ok(None) };
    let (device, mut stream) = (Device::flex(), SEED.stream("init", 0));
    let [inputs, outputs] = layer.channels;
    let step = match layer.kind.as_str() {
        "linear" => linear(&layer, &Linear::new(inputs, outputs, &mut stream, &device)),
        "conv" => {
            let made = Conv2d::grouped(inputs, outputs, layer.window(), layer.groups, &mut stream, &device)?;
            let (x, dy) = layer.images(|x| made.forward(x));
            Box::new(move |_| {
                drop(made.forward(&x));
                drop(made.backward(&x, &dy, true, "", &mut Gradients::new()));
                Ok(())
            })
        }
        "transposed" => {
            let made = ConvTranspose2d::new(inputs, outputs, layer.window(), [0; 2], &mut stream, &device)?;
            let (x, dy) = layer.images(|x| made.forward(x));
            Box::new(move |_| {
                drop(made.forward(&x));
                drop(made.backward(&x, &dy, "", &mut Gradients::new()));
                Ok(())
            })
        }
        "batch-norm" => batch_norm(&layer, BatchNorm::new(inputs, &device)),
        "max-pool" => {
            let made = Pool2d::largest(layer.window())?;
            let (x, dy) = layer.images(|x| made.forward(x));
            Box::new(move |_| {
                let y = made.forward(&x);
                drop(made.backward(&x, &y, &dy));
                Ok(())
            })
        }
        "lstm" => recurrent(&layer, Lstm::new(inputs, outputs, &mut stream, &device)),
        "gru" => recurrent(&layer, Gru::new(inputs, outputs, &mut stream, &device)),
        other => return Err(NnError::Setting(format!("layers.json: no kind {other}"))),
    };
    Ok(Some(step))
}

impl Layer {
    fn window(&self) -> Window {
        let sequence = self.size.len() == 1;
        let window = if sequence { Window::sequence(self.kernel) } else { Window::square(self.kernel) };
        window.stride(self.stride).padding(self.padding)
    }

    /// An input and a gradient of the output.
    fn images(&self, forward: impl Fn(&Tensor<4>) -> Tensor<4>) -> (Tensor<4>, Tensor<4>) {
        let [height, width] =
            if self.size.len() == 1 { [1, self.size[0]] } else { [self.size[0], self.size[1]] };
        let x = random("x", [self.rows, height, width, self.channels[0]]);
        let dy = random("dy", forward(&x).dims());
        (x, dy)
    }
}

fn random<const D: usize>(purpose: &str, shape: [usize; D]) -> Tensor<D> {
    noise::normal(SEED, purpose, 0, shape, &Device::flex())
}

fn linear(layer: &Layer, made: &Linear) -> Step {
    let [inputs, outputs] = layer.channels;
    let (made, x, dy) =
        (made.clone(), random("x", [layer.rows, inputs]), random("dy", [layer.rows, outputs]));
    Box::new(move |_| {
        drop(made.forward(&x));
        drop(made.backward(&x, &dy, "", &mut Gradients::new()));
        Ok(())
    })
}

fn batch_norm(layer: &Layer, mut made: BatchNorm) -> Step {
    let places = layer.rows * layer.size.iter().product::<usize>();
    let [x, dy] = ["x", "dy"].map(|purpose| random(purpose, [places, layer.channels[0]]));
    Box::new(move |_| {
        let (_, saved) = made.forward_train(x.clone(), Activation::Relu);
        drop(made.backward(&saved, &dy));
        Ok(())
    })
}

fn recurrent<L: Recurrent + Send + 'static>(layer: &Layer, made: L) -> Step {
    let (steps, [inputs, units]) = (layer.size[0], layer.channels);
    let x = random("x", [steps * layer.rows, inputs]);
    let dy = random("dy", [steps * layer.rows, units]);
    Box::new(move |_| {
        let (_, trace) = made.run(&x, steps);
        let of_sums = made.backward(trace, &dy, "", &mut Gradients::new());
        drop(made.input().input_gradient(&of_sums));
        Ok(())
    })
}
