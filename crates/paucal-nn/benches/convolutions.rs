//! The three passes of convolutions, each at the sizes of the networks that need them. `cargo bench -p paucal-nn --bench
//! convolutions`; throughput is in multiply-adds.

use std::time::Duration;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use paucal_core::Seed;
use paucal_nn::layers::{Conv2d, Window};
use paucal_nn::{Device, Tensor, noise};

/// Name, rows, size, inputs, outputs, window.
type Case = (&'static str, usize, [usize; 2], usize, usize, Window);

fn cases() -> Vec<Case> {
    let (stem, three) = (Window::square(7).stride(2).padding(3), Window::square(3).padding(1));
    let four = Window::square(4).stride(2).padding(1);
    let five = Window::sequence(5).stride(2).padding(2);
    vec![
        ("ResNet stem", 8, [224; 2], 3, 64, stem),
        ("1x1 64-256 at 56", 8, [56; 2], 64, 256, Window::square(1)),
        ("3x3 64 at 56", 8, [56; 2], 64, 64, three),
        ("3x3 128 at 28", 8, [28; 2], 128, 128, three),
        ("3x3 256 at 14", 8, [14; 2], 256, 256, three),
        ("3x3 512 at 7", 8, [7; 2], 512, 512, three),
        ("3x3 256 stride 2 at 28", 8, [28; 2], 256, 256, three.stride(2)),
        ("1x1 1024-512 at 14", 8, [14; 2], 1024, 512, Window::square(1)),
        ("1x1 2048-512 at 7", 8, [7; 2], 2048, 512, Window::square(1)),
        ("4x4 3-64 at 64", 16, [64; 2], 3, 64, four),
        ("4x4 64-128 at 32", 16, [32; 2], 64, 128, four),
        ("4x4 256-512 at 8", 16, [8; 2], 256, 512, four),
        ("sequence 2-32 at 1200", 32, [1, 1200], 2, 32, five),
        ("sequence 64-128 at 300", 32, [1, 300], 64, 128, five),
    ]
}

fn random(purpose: &str, shape: [usize; 4]) -> Tensor<4> {
    noise::normal(Seed(1), purpose, 0, [1, shape.iter().product()], &Device::flex()).reshape(shape)
}

fn bench(c: &mut Criterion) {
    let mut group = c.benchmark_group("convolution");
    group
        .sample_size(10)
        .warm_up_time(Duration::from_millis(200))
        .measurement_time(Duration::from_millis(600));
    for (name, rows, size, inputs, outputs, window) in cases() {
        let mut stream = Seed(1).stream("init", 0);
        let Ok(layer) = Conv2d::new(inputs, outputs, window, &mut stream, &Device::flex()) else { continue };
        let x = random("x", [rows, size[0], size[1], inputs]);
        let dy = random("dy", layer.forward(&x).dims());
        let places = dy.dims()[..3].iter().product::<usize>();
        let work = places * window.kernel[0] * window.kernel[1] * inputs * outputs;
        group.throughput(Throughput::Elements(work as u64));
        group.bench_function(BenchmarkId::new("forward", name), |b| b.iter(|| layer.forward(&x)));
        group.bench_function(BenchmarkId::new("input", name), |b| b.iter(|| layer.input_gradient(&dy, size)));
        group.bench_function(BenchmarkId::new("weight", name), |b| b.iter(|| layer.weight_gradient(&x, &dy)));
    }
    group.finish();
}

criterion_group!(benches, bench);
criterion_main!(benches);
