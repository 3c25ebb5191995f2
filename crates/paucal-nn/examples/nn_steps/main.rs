//! Times training steps: `bench/nn/run.py` runs them side by side with PyTorch's.
//!
//! `nn_steps WORKLOAD`, or `nn_steps layer:NAME` for one layer of `bench/nn/layers.json`. Every line of standard input is a number of steps; the answer is the milliseconds that each took,
//! on one line. What a step does stands in `bench/nn/peer.py`, which does the same.
#![allow(clippy::print_stdout)]
// All workloads are built alike, whether that can fail or not.
#![allow(clippy::unnecessary_wraps)]

mod critics;
mod ctgan;
mod ecg;
mod images;
mod layers;
mod tvae;
mod vitals;

use std::io::BufRead;
use std::time::Instant;

use paucal_core::Seed;
use paucal_nn::NnError;

/// Where all random values come from.
const SEED: Seed = Seed(1);

/// One training step, which is told its number.
type Step = Box<dyn FnMut(u64) -> Result<(), NnError> + Send>;

/// The workloads by name.
const WORKLOADS: &[(&str, fn() -> Result<Step, NnError>)] = &[
    ("ctgan-critic", || Ok(ctgan::critic())),
    ("ctgan-generator", || Ok(ctgan::generator())),
    ("tvae", tvae::step),
    ("ecg-hybrid", ecg::hybrid),
    ("autoencoder", vitals::autoencoder),
    ("critic-1d", critics::sequence),
    ("critic-2d", critics::image),
    ("resnet-50", images::resnet_50),
];

fn find(name: &str) -> Result<Option<Step>, NnError> {
    match name.strip_prefix("layer:") {
        Some(layer) => layers::step(layer),
        None => WORKLOADS.iter().find(|(known, _)| *known == name).map(|(_, build)| build()).transpose(),
    }
}

fn main() -> Result<(), NnError> {
    let name = std::env::args().nth(1).unwrap_or_default();
    let Some(mut step) = find(&name)? else {
        let layers = layers::names()?.into_iter().map(|name| format!("layer:{name}"));
        let known: Vec<String> = WORKLOADS.iter().map(|(name, _)| (*name).into()).chain(layers).collect();
        return Err(NnError::Setting(format!("usage: nn_steps WORKLOAD, one of {}", known.join(", "))));
    };
    let mut number = 0;
    for line in std::io::stdin().lock().lines() {
        let count: usize = line.ok().and_then(|line| line.trim().parse().ok()).unwrap_or(0);
        let mut times = Vec::with_capacity(count);
        for _ in 0..count {
            let start = Instant::now();
            rayon::scope(|_| step(number))?;
            number += 1;
            times.push(format!("{:.4}", start.elapsed().as_secs_f64() * 1e3));
        }
        println!("{}", times.join(" "));
    }
    Ok(())
}
