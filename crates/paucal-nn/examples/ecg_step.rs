//! Times training steps of the hybrid network for beats: `bench/nn/ecg.py` runs it side by side with PyTorch.
//!
//! Every line of standard input is a number of steps; the answer is the milliseconds that each took, on one line.
#![allow(clippy::print_stdout)]

use std::io::BufRead;
use std::time::Instant;

use paucal_core::Seed;
use paucal_nn::beats::{BeatNetwork, Beside, Draw, HybridNet, HybridShape, Logits};
use paucal_nn::losses::{ClassLoss, binary};
use paucal_nn::optim::{Adam, AdamConfig};
use paucal_nn::{Device, NnError, Tensor, noise};

const BATCH: usize = 128;
const SHAPE: HybridShape = HybridShape { length: 170, slots: 5, prototypes: 12, table: 0, classes: 5 };

fn main() -> Result<(), NnError> {
    let (seed, device) = (Seed(1), Device::flex());
    let mut network = HybridNet::new(SHAPE, &mut seed.stream("init", 0), &device)?;
    let mut adam = Adam::new(AdamConfig::default());
    let waves: Tensor<3> = noise::normal(seed, "waves", 0, [SHAPE.slots * BATCH, SHAPE.length, 1], &device);
    let prototypes = noise::normal(seed, "prototypes", 0, [BATCH, SHAPE.prototypes], &device);
    let beside = Beside { table: None, prototypes: Some(prototypes) };
    let targets: Vec<Option<usize>> = (0..BATCH).map(|i| Some(i % SHAPE.classes)).collect();
    let noisy: Vec<f32> = (0..BATCH).map(|i| f32::from(u8::from(i % 10 == 0))).collect();
    let weights = vec![1.0; BATCH];
    let mut step = 0;
    for line in std::io::stdin().lock().lines() {
        let count: usize = line.ok().and_then(|line| line.trim().parse().ok()).unwrap_or(0);
        let mut times = Vec::with_capacity(count);
        for _ in 0..count {
            let start = Instant::now();
            let (logits, trace) = network.forward_train(&waves, &beside, Some(Draw { seed, step }));
            let (_, classes) = ClassLoss::CrossEntropy.of(&logits.classes, &targets, &weights);
            let noise = logits.noise.map(|noise| binary(&noise, &noisy).1 * 0.5);
            let gradients = network.backward(trace, &Logits { classes, noise });
            adam.step(&mut network, gradients)?;
            step += 1;
            times.push(format!("{:.4}", start.elapsed().as_secs_f64() * 1e3));
        }
        println!("{}", times.join(" "));
    }
    Ok(())
}
