//! Recurrent layers and the optimiser on the sizes of the autoencoder of vital signs and of CTGAN's critic.
//! `cargo bench -p paucal-nn --bench kernels`.

use criterion::{Criterion, criterion_group, criterion_main};
use paucal_core::Seed;
use paucal_nn::layers::{Gru, Linear, Lstm, Recurrent};
use paucal_nn::optim::{Adam, AdamConfig};
use paucal_nn::{Device, Gradients, Tensor, noise};

const SEED: Seed = Seed(1);
const STEPS: usize = 64;
const ROWS: usize = 32;

fn random<const D: usize>(purpose: &str, shape: [usize; D]) -> Tensor<D> {
    noise::normal(SEED, purpose, 0, shape, &Device::flex())
}

/// Both ways through 64 steps of 32 rows.
fn sequence<L: Recurrent>(c: &mut Criterion, name: &str) {
    let mut group = c.benchmark_group(name);
    for (inputs, units) in [(32, 64), (64, 64), (64, 32)] {
        let layer = L::new(inputs, units, &mut SEED.stream("init", 0), &Device::flex());
        let x = random("x", [STEPS * ROWS, inputs]);
        let dy = random("dy", [STEPS * ROWS, units]);
        group.bench_function(format!("{inputs} to {units}, forward"), |b| b.iter(|| layer.run(&x, STEPS)));
        group.bench_function(format!("{inputs} to {units}, forward and backward"), |b| {
            b.iter(|| {
                let (_, trace) = layer.run(&x, STEPS);
                layer.backward(trace, &dy, "", &mut Gradients::new())
            });
        });
    }
    group.finish();
}

fn optimiser(c: &mut Criterion) {
    let device = Device::flex();
    let mut network = vec![
        Linear::new(1000, 256, &mut SEED.stream("init", 0), &device),
        Linear::new(256, 256, &mut SEED.stream("init", 1), &device),
    ];
    let mut average = network.clone();
    let mut gradients = Gradients::new();
    for (i, layer) in network.iter().enumerate() {
        gradients.add(&format!("{i}.weight"), random("weight", layer.weight.dims()));
        gradients.add(&format!("{i}.bias"), random("bias", layer.bias.dims()));
    }
    let mut adam = Adam::new(AdamConfig { decoupled_decay: 1e-2, ..AdamConfig::default() });
    let mut group = c.benchmark_group("adam");
    group.bench_function("step", |b| {
        b.iter(|| adam.step(&mut network, gradients.clone()).expect("sizes agree"));
    });
    group.bench_function("step with a moving average", |b| {
        b.iter(|| {
            adam.step_averaged(&mut network, gradients.clone(), &mut average, 0.01).expect("sizes agree");
        });
    });
    group.finish();
}

fn all(c: &mut Criterion) {
    sequence::<Lstm>(c, "lstm");
    sequence::<Gru>(c, "gru");
    optimiser(c);
}

criterion_group!(benches, all);
criterion_main!(benches);
