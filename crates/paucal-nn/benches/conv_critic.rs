//! Critics of convolutions: one step with gradient penalty on sequences (32 × 1200 × 2) and on images (16 × 64 × 64 × 3), the
//! sizes of published GANs, and what their steps are made of. `cargo bench -p paucal-nn --bench conv_critic`.

use criterion::{Criterion, criterion_group, criterion_main};
use paucal_core::Seed;
use paucal_nn::conv_critic::ConvCritic;
use paucal_nn::layers::{InstanceNorm, Pool2d, Window};
use paucal_nn::{Device, Tensor, noise};

const SEED: Seed = Seed(1);

fn random<const D: usize>(purpose: &str, shape: [usize; D]) -> Tensor<D> {
    noise::normal(SEED, purpose, 0, shape, &Device::flex())
}

fn step(c: &mut Criterion, name: &str, critic: &ConvCritic, shape: [usize; 4]) {
    let [fake, real] = ["fake", "real"].map(|purpose| random(purpose, shape));
    let mix = noise::uniform(SEED, "mix", 0, [shape[0], 1], &Device::flex());
    let draw = |rows: usize, step: u64| critic.masks(rows, SEED, "mask", step, &Device::flex());
    let (masks, few) = (draw(3 * shape[0], 0), draw(shape[0], 0));
    let mut group = c.benchmark_group(name);
    group.sample_size(10);
    group.bench_function("masks", |b| b.iter(|| draw(3 * shape[0], 1)));
    group.bench_function("scores", |b| b.iter(|| critic.forward(&real, &few)));
    group.bench_function("score with input gradient", |b| b.iter(|| critic.score(&real, &few)));
    group.bench_function("learn", |b| b.iter(|| critic.learn(&real, &few, Tensor::clone)));
    group.bench_function("loss with penalty", |b| b.iter(|| critic.loss(&fake, &real, &mix, &masks, 10.0)));
    group.finish();
}

fn critics(c: &mut Criterion) {
    let (mut stream, device) = (SEED.stream("init", 0), Device::flex());
    let sequences = ConvCritic::sequence(1200, 2, &mut stream, &device).expect("a critic");
    step(c, "critic of sequences", &sequences, [32, 1, 1200, 2]);
    let images = ConvCritic::image(64, 3, 512, &mut stream, &device).expect("a critic");
    step(c, "critic of images", &images, [16, 64, 64, 3]);
}

fn layers(c: &mut Criterion) {
    let shape = [48, 16, 16, 128];
    let norm = InstanceNorm::new(128, 0.2, &Device::flex());
    let [x, dy, t] = ["x", "dy", "t"].map(|purpose| random(purpose, shape));
    let (_, saved) = norm.forward_train(x.clone());
    let mut group = c.benchmark_group("instance norm");
    group.bench_function("forward", |b| b.iter(|| norm.forward(&x)));
    group.bench_function("backward", |b| b.iter(|| norm.backward(&saved, &dy)));
    group.bench_function("tangent", |b| b.iter(|| norm.tangent(&saved, &t)));
    group.bench_function("way back of the tangent", |b| {
        b.iter(|| norm.tangent_backward(&saved, &dy, &t, Some(&x)));
    });
    group.finish();

    let pool = Pool2d::largest(Window::square(3).stride(2).padding(1)).expect("a pool");
    let x = random("x", [16, 112, 112, 64]);
    let y = pool.forward(&x);
    let mut group = c.benchmark_group("largest of 3 × 3");
    group.bench_function("forward", |b| b.iter(|| pool.forward(&x)));
    group.bench_function("backward", |b| b.iter(|| pool.backward(&x, &y, &y)));
    group.finish();
}

criterion_group!(benches, critics, layers);
criterion_main!(benches);
