//! Classifiers of images against PyTorch.

#![allow(clippy::unwrap_used)]

mod common;

use common::{close, hashed, numbers, values};
use paucal_core::Seed;
use paucal_nn::images::ResNet;
use paucal_nn::losses::ClassLoss;
use paucal_nn::parameters::count;
use paucal_nn::weights::Archive;
use paucal_nn::{Device, NnError, Tensor, TensorData};
use serde_json::Value;

const ROWS: usize = 2;
const SIDE: usize = 64;
const CLASSES: usize = 5;

/// The network and images of the script.
fn golden_network() -> (ResNet, Tensor<4>) {
    let device = Device::flex();
    let mut network = ResNet::new([2, 1, 1, 1], 3, CLASSES, &mut Seed(1).stream("init", 0), &device).unwrap();
    let mut archive = Archive::new().with("", &network);
    let mut names: Vec<(String, Vec<usize>)> = archive
        .tensors()
        .filter(|(name, _)| !name.contains("running"))
        .map(|(name, shape)| (name.to_owned(), shape.to_vec()))
        .collect();
    names.sort();
    for (k, (name, shape)) in names.iter().enumerate() {
        let mut values = hashed(shape.iter().product(), k as u64 + 1);
        let fan_in: usize = shape[1..].iter().product();
        let scale = 5.0 / (fan_in as f64).sqrt();
        for v in &mut values {
            *v = match shape.len() {
                1 if name.ends_with("weight") => 1.0 + *v,
                1 => *v,
                _ => (f64::from(*v) * scale) as f32,
            };
        }
        archive.put(name, shape, &values);
    }
    archive.load("", &mut network, "golden").unwrap();
    let images: Vec<f32> = hashed(ROWS * SIDE * SIDE * 3, 1001).into_iter().map(|v| 4.0 * v).collect();
    let images = Tensor::from_data(TensorData::new(images, [ROWS, SIDE, SIDE, 3]), &device);
    (network, images)
}

#[test]
fn a_step_of_a_residual_network_is_that_of_pytorch() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/resnet.json");
    let golden: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let (mut network, images) = golden_network();
    close(&values(&network.evaluate(&images)), &numbers(&golden["evaluated"]), 1e-4);
    let (logits, trace) = network.forward_train(images.clone());
    close(&values(&logits), &numbers(&golden["trained"]), 1e-4);
    let (loss, dy) = ClassLoss::CrossEntropy.of(&logits, &[Some(1), Some(3)], &[1.0; ROWS]);
    assert!((loss - golden["loss"].as_f64().unwrap()).abs() < 1e-4, "{loss}");
    let gradients = network.backward(trace, &dy);
    let wanted = golden["gradients"].as_object().unwrap();
    assert_eq!(gradients.iter().count(), wanted.len());
    for (name, got) in gradients.iter() {
        let (got, want) = (values(got), &wanted[name]);
        let norm = want["norm"].as_f64().unwrap() as f32;
        let own = got.iter().map(|v| f64::from(v * v)).sum::<f64>().sqrt() as f32;
        assert!((own - norm).abs() <= 1e-5 * norm, "{name}: {own} {norm}");
        let step = (got.len() / 10).max(1);
        for (got, want) in got.iter().step_by(step).zip(numbers(&want["values"])) {
            assert!((got - want).abs() <= 1e-5 * norm, "{name}: {got} {want}");
        }
    }
    close(&values(&network.evaluate(&images)), &numbers(&golden["after"]), 1e-3);
}

#[test]
fn fifty_layers_have_the_published_number_of_weights() {
    let network = ResNet::fifty(3, 1000, &mut Seed(1).stream("init", 0), &Device::flex()).unwrap();
    assert_eq!(count(&network), 25_557_032);
    let none = ResNet::fifty(3, 0, &mut Seed(1).stream("init", 0), &Device::flex());
    assert!(matches!(none, Err(NnError::Setting(_))));
}
