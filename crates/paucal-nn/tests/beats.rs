//! The networks for beats: the hybrid one against PyTorch, both against the graph.

#![allow(clippy::unwrap_used)]

mod common;

use common::{close, hashed, numbers, values};
use paucal_core::Seed;
use paucal_nn::beats::{BeatNetwork, Beside, Draw, HybridNet, HybridShape, Logits, WangNet, WangShape};
use paucal_nn::losses::{ClassLoss, binary};
use paucal_nn::parameters::tracked;
use paucal_nn::weights::Archive;
use paucal_nn::{Device, Gradients, Tensor, TensorData, noise};
use serde_json::Value;

const SHAPE: HybridShape = HybridShape { length: 34, slots: 5, prototypes: 7, table: 4, classes: 3 };
const ROWS: usize = 6;

fn tensor<const D: usize>(k: u64, scale: f32, shape: [usize; D]) -> Tensor<D> {
    let values = hashed(shape.iter().product(), k).into_iter().map(|v| scale * v).collect::<Vec<_>>();
    Tensor::from_data(TensorData::new(values, shape), &Device::flex())
}

/// The network and inputs of the script; slots come first here, rows there.
fn golden_network() -> (HybridNet, Tensor<3>, Beside) {
    let mut network = HybridNet::new(SHAPE, &mut Seed(1).stream("init", 0), &Device::flex()).unwrap();
    let mut archive = Archive::new().with("", &network);
    let names: Vec<(String, Vec<usize>)> = archive
        .tensors()
        .filter(|(name, _)| !name.contains("running"))
        .map(|(name, shape)| (name.to_owned(), shape.to_vec()))
        .collect();
    for (k, (name, shape)) in names.iter().enumerate() {
        let mut values = hashed(shape.iter().product(), k as u64 + 1);
        let fan_in: usize = if shape.len() > 1 { shape[1..].iter().product() } else { 25 };
        let norm = name.contains("norms") && name.ends_with("weight");
        let scale = 5.0 / (fan_in as f64).sqrt();
        values.iter_mut().for_each(|v| *v = if norm { 1.0 + *v } else { (f64::from(*v) * scale) as f32 });
        archive.put(name, shape, &values);
    }
    archive.load("", &mut network, "golden").unwrap();
    let waves: Tensor<3> = tensor(1001, 4.0, [ROWS, SHAPE.slots, SHAPE.length]);
    let waves = waves.swap_dims(0, 1).reshape([SHAPE.slots * ROWS, SHAPE.length, 1]);
    let prototypes = Some(tensor(1002, 2.0, [ROWS, SHAPE.prototypes]));
    let table = Some(tensor(1003, 2.0, [ROWS, SHAPE.table]));
    (network, waves, Beside { table, prototypes })
}

#[track_caller]
fn same_logits(got: &Logits, want: &Value, tolerance: f32) {
    close(&values(&got.classes), &numbers(&want[0]), tolerance);
    close(&values(got.noise.as_ref().unwrap()), &numbers(&want[1]), tolerance);
}

#[test]
fn a_step_is_that_of_pytorch() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/ecg_hybrid.json");
    let golden: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let (mut network, waves, beside) = golden_network();
    same_logits(&network.decide(&network.encode(&waves), &beside), &golden["evaluated"], 1e-5);

    let (logits, trace) = network.forward_train(&waves, &beside, None);
    same_logits(&logits, &golden["trained"], 1e-5);
    let targets: Vec<Option<usize>> = (0..ROWS).map(|i| Some(i % SHAPE.classes)).collect();
    let noisy: Vec<f32> = (0..ROWS).map(|i| f32::from(u8::from(i % 4 == 1))).collect();
    let (of_classes, classes) = ClassLoss::CrossEntropy.of(&logits.classes, &targets, &[1.0; ROWS]);
    let (of_noise, noise) = binary(logits.noise.as_ref().unwrap(), &noisy);
    let loss = of_classes + 0.5 * of_noise;
    assert!((loss - golden["loss"].as_f64().unwrap()).abs() < 1e-6, "{loss}");

    let gradients = network.backward(trace, &Logits { classes, noise: Some(noise * 0.5) });
    let wanted = golden["gradients"].as_object().unwrap();
    assert_eq!(gradients.iter().count(), wanted.len());
    for (name, got) in gradients.iter() {
        let (got, want) = (values(got), &wanted[name]);
        let norm = want["norm"].as_f64().unwrap() as f32;
        // Biases before a batch norm have no gradient but rounding.
        let scale = if name.contains("convolutions") && name.ends_with("bias") { 1e-2 } else { norm };
        let own = got.iter().map(|v| v * v).sum::<f32>().sqrt();
        assert!((own - norm).abs() <= 1e-4 * scale, "{name}: {own} {norm}");
        let step = (got.len() / 10).max(1);
        for (got, want) in got.iter().step_by(step).zip(numbers(&want["values"])) {
            assert!((got - want).abs() <= 1e-4 * scale, "{name}: {got} {want}");
        }
    }
    let after = network.decide(&network.encode(&waves), &beside);
    same_logits(&after, &golden["after"], 1e-5);
}

/// Gradients by hand and by the graph of a loss of all logits.
fn check<N: BeatNetwork>(network: &mut N, waves: &Tensor<3>, beside: &Beside, count: usize) {
    let mut live = tracked(network);
    let lift = |t: &Option<Tensor<2>>| t.clone().map(Tensor::autodiff);
    let lifted = Beside { table: lift(&beside.table), prototypes: lift(&beside.prototypes) };
    let draw = Some(Draw { seed: Seed(3), step: 2 });
    let (logits, trace) = network.forward_train(waves, beside, draw);
    let (other, _) = live.forward_train(&waves.clone().autodiff(), &lifted, draw);
    close(&values(&logits.classes), &values(&other.classes.clone().inner()), 2e-5);
    let mut loss = other.classes.square().sum() * 0.5;
    if let Some(noise) = other.noise {
        loss = loss + noise.square().sum() * 0.5;
    }
    let by_graph = Gradients::of(&live, loss.backward());
    let by_hand = network.backward(trace, &logits);
    assert_eq!((by_hand.iter().count(), by_graph.iter().count()), (count, count));
    for ((name, got), (other, want)) in by_hand.iter().zip(by_graph.iter()) {
        assert_eq!(name, other);
        let (got, want) = (values(got), values(&want.clone().inner()));
        assert!(got.iter().zip(&want).all(|(g, w)| (g - w).abs() < 2e-4 + 2e-4 * w.abs()), "{name}");
    }
}

#[test]
fn gradients_are_those_of_the_graph() {
    let (device, seed) = (Device::flex(), Seed(4));
    let random = |rows: usize, columns: usize| -> Tensor<2> {
        noise::normal(seed, "x", (rows * columns) as u64, [rows, columns], &device)
    };
    let table = Some(random(9, 4));
    let waves = random(9, 200).reshape([9, 200, 1]);
    let shape = WangShape { length: 200, table: 4, classes: 4 };
    let mut wang = WangNet::new(shape, &mut seed.stream("init", 0), &device).unwrap();
    check(&mut wang, &waves, &Beside { table: table.clone(), prototypes: None }, 16);
    assert!((25_000..40_000).contains(&paucal_nn::parameters::count(&wang)), "as small as the paper's");

    for (prototypes, of_table, slots, count) in [(6, 4, 5, 34), (0, 0, 1, 26), (6, 0, 3, 30)] {
        let shape = HybridShape { length: 37, slots, prototypes, table: of_table, classes: 3 };
        let mut hybrid = HybridNet::new(shape, &mut seed.stream("init", 1), &device).unwrap();
        let beside = Beside {
            table: (of_table > 0).then(|| random(9, of_table)),
            prototypes: (prototypes > 0).then(|| random(9, prototypes)),
        };
        let waves = random(slots * 9, 37).reshape([slots * 9, 37, 1]);
        check(&mut hybrid, &waves, &beside, count);
    }
}

#[test]
fn impossible_networks_are_refused() {
    let (device, mut stream) = (Device::flex(), Seed(4).stream("init", 0));
    let mut wang = |length| WangNet::new(WangShape { length, table: 0, classes: 2 }, &mut stream, &device);
    assert!(wang(100).is_err() && wang(101).is_ok());
    let mut stream = Seed(4).stream("init", 0);
    let mut hybrid = |length, slots| {
        let shape = HybridShape { length, slots, prototypes: 0, table: 0, classes: 2 };
        HybridNet::new(shape, &mut stream, &device)
    };
    assert!(hybrid(3, 5).is_err() && hybrid(4, 4).is_err() && hybrid(4, 1).is_ok());
}
