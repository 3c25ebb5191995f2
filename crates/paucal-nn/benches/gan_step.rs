//! One CTGAN step on the census table's shape (rows of 156, conditions of 103, batch 500, pac 10), whole and in
//! parts. `cargo bench -p paucal-nn`; compare with `tools/golden/ctgan_steps.py` on the same machine.

use criterion::{Criterion, criterion_group, criterion_main};
use paucal_core::Seed;
use paucal_nn::critic::Critic;
use paucal_nn::generator::Generator;
use paucal_nn::optim::{Adam, AdamConfig};
use paucal_nn::parameters::tracked;
use paucal_nn::rows::{RowLayout, SpanKind};
use paucal_nn::{Device, Gradients, Tensor, noise};

const ROW: usize = 156;
const CONDITION: usize = 103;
const BATCH: usize = 500;
const PAC: usize = 10;
const NOISE: usize = 128;

struct Step {
    seed: Seed,
    device: Device,
    generator: Generator,
    critic: Critic,
    adams: [Adam; 2],
    layout: RowLayout,
    k: u64,
}

impl Step {
    fn new() -> Self {
        let (seed, device) = (Seed(1), Device::flex());
        let mut stream = seed.stream("init", 0);
        let config = AdamConfig { learning_rate: 2e-4, beta1: 0.5, beta2: 0.9, ..AdamConfig::default() };
        // Six numeric columns with their modes and nine categorical ones.
        let mut parts = [(SpanKind::Scalar, 1), (SpanKind::OneHot, 8)].repeat(5);
        parts.extend([9, 16, 7, 15, 6, 5, 2, 42, 2, 7].map(|n| (SpanKind::OneHot, n)));
        let layout = RowLayout::new(&parts, &device).expect("a layout");
        assert_eq!(layout.width(), ROW);
        Self {
            generator: Generator::new(NOISE + CONDITION, &[256, 256], ROW, &mut stream, &device),
            critic: Critic::new((ROW + CONDITION) * PAC, &[256, 256], 0.2, 0.5, &mut stream, &device),
            adams: [Adam::new(config), Adam::new(config)],
            layout,
            seed,
            device,
            k: 0,
        }
    }

    fn draw(&self, purpose: &str, width: usize) -> Tensor<2> {
        noise::normal(self.seed, purpose, self.k, [BATCH, width], &self.device)
    }

    fn groups(rows: Tensor<2>) -> Tensor<2> {
        let [n, width] = rows.dims();
        rows.reshape([n / PAC, width * PAC])
    }

    fn critic(&mut self, real: &Tensor<2>, condition: &Tensor<2>) {
        let z = Tensor::cat(vec![self.draw("z", NOISE), condition.clone()], 1);
        let (raw, _) = self.generator.forward_train(&z);
        let gumbel = noise::gumbel(self.seed, "gumbel", self.k, [BATCH, ROW], &self.device);
        let fake = self.layout.activate(&raw, Some(&gumbel), 0.2);
        let fake = Self::groups(Tensor::cat(vec![fake, condition.clone()], 1));
        let real = Self::groups(Tensor::cat(vec![real.clone(), condition.clone()], 1));
        let groups = BATCH / PAC;
        let masks = self.critic.masks(3 * groups, self.seed, "mask", self.k, &self.device);
        let mix = noise::uniform(self.seed, "mix", self.k, [groups, 1], &self.device);
        let loss = self.critic.loss(&fake, &real, &mix, &masks, 10.0);
        self.adams[1].step(&mut self.critic, loss.gradients).expect("a step");
    }

    fn generator(&mut self, condition: &Tensor<2>, target: &Tensor<2>, weight: &Tensor<2>) {
        let z = Tensor::cat(vec![self.draw("z2", NOISE), condition.clone()], 1);
        let (raw, trace) = self.generator.forward_train(&z);
        let gumbel = noise::gumbel(self.seed, "gumbel2", self.k, [BATCH, ROW], &self.device);
        let fake = self.layout.activate(&raw, Some(&gumbel), 0.2);
        let groups = BATCH / PAC;
        let masks = self.critic.masks(groups, self.seed, "mask2", self.k, &self.device);
        let joined = Self::groups(Tensor::cat(vec![fake.clone(), condition.clone()], 1));
        let (_, gradient) = self.critic.score(&joined, &masks);
        let dy = gradient.reshape([BATCH, ROW + CONDITION]).narrow(1, 0, ROW) * (-1.0 / groups as f32);
        let (_, entropy) = self.layout.cross_entropy(&raw, target, weight);
        let dy = self.layout.activate_backward(&fake, &dy, 0.2) + entropy;
        let gradients = self.generator.backward(trace, &dy);
        self.adams[0].step(&mut self.generator, gradients).expect("a step");
    }
}

fn bench(c: &mut Criterion) {
    let mut s = Step::new();
    let real = s.draw("real", ROW);
    let condition: Tensor<2> = Tensor::zeros([BATCH, CONDITION], &s.device);
    let target: Tensor<2> = Tensor::zeros([BATCH, ROW], &s.device);
    let mut weight = vec![0.0_f32; BATCH * s.layout.one_hot_spans()];
    weight.iter_mut().step_by(s.layout.one_hot_spans()).for_each(|w| *w = 1.0);
    let weight = paucal_nn::TensorData::new(weight, [BATCH, s.layout.one_hot_spans()]);
    let weight: Tensor<2> = Tensor::from_data(weight, &s.device);

    let mut group = c.benchmark_group("ctgan");
    group.sample_size(40).measurement_time(std::time::Duration::from_secs(3));
    group.bench_function("step", |b| {
        b.iter(|| {
            s.critic(&real, &condition);
            s.generator(&condition, &target, &weight);
            s.k += 1;
        });
    });
    group.bench_function("critic step", |b| b.iter(|| s.critic(&real, &condition)));
    group.bench_function("generator step", |b| b.iter(|| s.generator(&condition, &target, &weight)));

    let z = s.draw("z", NOISE + CONDITION);
    group.bench_function("generator forward", |b| b.iter(|| s.generator.forward_train(&z)));
    let (raw, trace) = s.generator.forward_train(&z);
    group.bench_function("generator backward", |b| b.iter(|| s.generator.backward(trace.clone(), &raw)));
    let gumbel = noise::gumbel(s.seed, "g", 0, [BATCH, ROW], &s.device);
    group.bench_function("row activation", |b| b.iter(|| s.layout.activate(&raw, Some(&gumbel), 0.2)));
    group.bench_function("condition loss", |b| b.iter(|| s.layout.cross_entropy(&raw, &target, &weight)));
    group.bench_function("normal noise", |b| b.iter(|| s.draw("z", NOISE)));
    group.bench_function("gumbel noise", |b| {
        b.iter(|| noise::gumbel(s.seed, "g", 0, [BATCH, ROW], &s.device));
    });
    let groups = BATCH / PAC;
    let joined = Step::groups(s.draw("x", ROW + CONDITION));
    let mix = noise::uniform(s.seed, "mix", 0, [groups, 1], &s.device);
    let masks = s.critic.masks(3 * groups, s.seed, "mask", 0, &s.device);
    group.bench_function("critic loss with penalty", |b| {
        b.iter(|| s.critic.loss(&joined, &joined, &mix, &masks, 10.0));
    });
    let gradients = s.critic.loss(&joined, &joined, &mix, &masks, 10.0).gradients;
    group.bench_function("critic adam", |b| {
        b.iter(|| s.adams[1].step(&mut s.critic, gradients.clone()).expect("a step"));
    });
    let masks = s.critic.masks(groups, s.seed, "mask", 0, &s.device);
    group.bench_function("critic wasserstein by hand, two passes", |b| {
        b.iter(|| {
            let (scores, _) = s.critic.score(&joined, &masks);
            let (_, gradient) = s.critic.score(&joined, &masks);
            (scores, gradient)
        });
    });
    group.bench_function("critic wasserstein through a graph, two passes", |b| {
        b.iter(|| {
            let live = tracked(&s.critic);
            let loss = live.forward(&joined, &masks).mean() - live.forward(&joined, &masks).mean();
            Gradients::of(&live, loss.backward())
        });
    });
    group.finish();
}

criterion_group!(benches, bench);
criterion_main!(benches);
