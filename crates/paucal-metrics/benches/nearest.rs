//! Nearest rows by mixed Gower distance: 10,000 queries against 10,000 rows of 30 columns.

use criterion::{Criterion, criterion_group, criterion_main};
use paucal_core::Seed;
use paucal_metrics::coverage::prdc;
use paucal_metrics::privacy::{encode, nearest};
use paucal_metrics::{Column, Table};

/// Rows of one correlated cloud: 24 numbers and 6 categories of 4 levels.
fn columns(step: u64, rows: usize) -> (Vec<Vec<f64>>, Vec<Vec<u32>>) {
    let mut stream = Seed(1).stream("bench", step);
    let common: Vec<f64> = (0..rows).map(|_| stream.normal()).collect();
    let numbers = (0..24).map(|_| common.iter().map(|c| c + stream.normal()).collect()).collect();
    let codes = (0..6).map(|_| (0..rows).map(|_| stream.index(4) as u32).collect()).collect();
    (numbers, codes)
}

fn bench(criterion: &mut Criterion) {
    let (a, b) = (columns(0, 10_000), columns(1, 10_000));
    let table = |(numbers, codes): &'static (Vec<Vec<f64>>, Vec<Vec<u32>>)| {
        let numbers = numbers.iter().map(|x| Column::Number(x));
        let codes = codes.iter().map(|codes| Column::Category { codes, levels: 4 });
        Table::new(numbers.chain(codes).collect()).expect("a sound table")
    };
    let (a, b) = (table(Box::leak(Box::new(a))), table(Box::leak(Box::new(b))));
    let [a, b] = encode(&a, [&a, &b]).expect("comparable tables");
    let mut group = criterion.benchmark_group("gower 10k x 10k x 30");
    group.sample_size(10);
    group.bench_function("nearest", |bencher| bencher.iter(|| nearest(&b, &a)));
    group.bench_function("prdc", |bencher| bencher.iter(|| prdc(&a, &b, 5)));
    group.finish();
}

criterion_group!(benches, bench);
criterion_main!(benches);
