//! The autoencoder of vital signs: against PyTorch, against the graph, and on several threads.

#![allow(clippy::unwrap_used)]

mod common;

use common::{close, composed, hashed, numbers, unmoved_by_threads, values};
use paucal_core::Seed;
use paucal_nn::noise::Draw;
use paucal_nn::parameters::{count, tracked};
use paucal_nn::vitals::{Autoencoder, AutoencoderShape};
use paucal_nn::weights::Archive;
use paucal_nn::{Device, Gradients, Tensor, TensorData, noise};
use serde_json::Value;

const ROWS: usize = 3;
const SHAPE: AutoencoderShape = AutoencoderShape { length: 64, channels: 4, code: 32 };

fn network(shape: AutoencoderShape) -> Autoencoder {
    Autoencoder::new(shape, &mut Seed(1).stream("init", 0), &Device::flex()).unwrap()
}

/// The network and input of `tools/golden/vitals_autoencoder.py`.
fn golden_network() -> (Autoencoder, Tensor<3>) {
    let mut network = network(SHAPE);
    let mut archive = Archive::new().with("", &network);
    let names: Vec<(String, Vec<usize>)> =
        archive.tensors().map(|(name, shape)| (name.to_owned(), shape.to_vec())).collect();
    for (k, (name, shape)) in names.iter().enumerate() {
        let fan_in: usize = if shape.len() > 1 { shape[1..].iter().product() } else { 25 };
        let scale = 5.0 / (fan_in as f64).sqrt();
        let hashed = hashed(shape.iter().product(), k as u64 + 1);
        let values: Vec<f32> = hashed.into_iter().map(|v| (f64::from(v) * scale) as f32).collect();
        archive.put(name, shape, &values);
    }
    archive.load("", &mut network, "golden").unwrap();
    let shape = [ROWS, SHAPE.length, SHAPE.channels];
    let values: Vec<f32> = hashed(shape.iter().product(), 1001).into_iter().map(|v| 4.0 * v).collect();
    (network, Tensor::from_data(TensorData::new(values, shape), &Device::flex()))
}

#[track_caller]
fn summarised(name: &str, got: &[f32], want: &Value) {
    let norm = want["norm"].as_f64().unwrap() as f32;
    let own = got.iter().map(|v| v * v).sum::<f32>().sqrt();
    assert!((own - norm).abs() <= 1e-4 * norm, "{name}: {own} {norm}");
    let step = (got.len() / 10).max(1);
    for (got, want) in got.iter().step_by(step).zip(numbers(&want["values"])) {
        assert!((got - want).abs() <= 1e-4 * norm, "{name}: {got} {want}");
    }
}

#[test]
fn a_step_is_that_of_pytorch() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/vitals_autoencoder.json");
    let golden: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let (network, x) = golden_network();
    let code = network.encode(&x);
    summarised("code", &values(&code), &golden["code"]);
    let (y, trace) = network.forward_train(&x, None);
    assert_eq!(y.dims(), x.dims());
    summarised("output", &values(&y), &golden["output"]);
    assert_eq!(values(&network.decode(&code)), values(&y));

    let error = y - x.clone();
    let loss = values(&error.clone().square().mean())[0];
    assert!((f64::from(loss) - golden["loss"].as_f64().unwrap()).abs() < 1e-6, "{loss}");
    let gradients = network.backward(trace, &(error * (2.0 / x.dims().iter().product::<usize>() as f32)));
    let wanted = golden["gradients"].as_object().unwrap();
    assert_eq!(gradients.iter().count(), wanted.len());
    for (name, got) in gradients.iter() {
        summarised(name, &values(got), &wanted[name]);
    }
}

#[test]
fn gradients_are_those_of_the_graph() {
    let shape = AutoencoderShape { length: 20, channels: 2, code: 5 };
    let network = network(shape);
    let x: Tensor<3> = noise::normal(Seed(2), "x", 0, [17, 20, 2], &Device::flex());
    let draw = Some(Draw { seed: Seed(3), step: 4 });
    let (y, trace) = network.forward_train(&x, draw);
    let by_hand = network.backward(trace, &y);

    let live = tracked(&network);
    let (other, _) = live.forward_train(&x.clone().autodiff(), draw);
    close(&values(&y), &values(&other.clone().inner()), 1e-5);
    let by_graph = Gradients::of(&live, (other.square().sum() * 0.5).backward());
    let lifted = composed(&network);
    let (other, trace) = lifted.forward_train(&x.autodiff(), draw);
    let by_parts = lifted.backward(trace, &other);
    let total = Archive::new().with("", &network).tensors().count();
    assert_eq!([&by_hand, &by_graph, &by_parts].map(|g| g.iter().count()), [total; 3]);
    for (name, got) in by_hand.iter() {
        for want in [&by_graph, &by_parts] {
            close(&values(got), &values(&want.get(name).unwrap().clone().inner()), 5e-5);
        }
    }
}

#[test]
fn steps_are_the_same_on_any_number_of_threads() {
    let network = network(AutoencoderShape::default());
    // Convolutions, four LSTM layers, three dense ones, transposed convolutions.
    assert_eq!(count(&network), 2_928 + 58_368 + 20_992 + 2_080 + 2_112 + 1_056 + 2_900);
    let x: Tensor<3> = noise::normal(Seed(2), "x", 0, [32, 256, 4], &Device::flex());
    let all = || {
        let (y, trace) = network.forward_train(&x, Some(Draw { seed: Seed(3), step: 4 }));
        let mut out = vec![values(&y)];
        out.extend(network.backward(trace, &y).iter().map(|(_, g)| values(g)));
        out
    };
    unmoved_by_threads(all);
}

#[test]
fn impossible_networks_are_refused() {
    let new = |length, channels, code| {
        let shape = AutoencoderShape { length, channels, code };
        Autoencoder::new(shape, &mut Seed(1).stream("init", 0), &Device::flex())
    };
    assert!(new(4, 1, 1).is_ok());
    assert!(new(0, 1, 1).is_err() && new(6, 1, 1).is_err() && new(8, 0, 1).is_err() && new(8, 1, 0).is_err());
}
