//! Timings, printed: `cargo test --release -p paucal-learn --test timing -- --ignored --nocapture`.
//! The same work in scikit-learn: tools/golden/learn_timing.py.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::time::Instant;

use ndarray::Array2;
use paucal_learn::{
    Boosting, DecisionTree, FittedClassifier, KMeans, Logistic, Mixture, Pca, RandomForest, Seed,
};

/// A noisy problem with continuous features.
fn problem(rows: usize, features: usize) -> (Array2<f64>, Vec<usize>) {
    let mut stream = Seed(1).stream("timing", 0);
    let x = Array2::from_shape_fn((rows, features), |_| stream.normal());
    let y =
        x.rows().into_iter().map(|r| usize::from(r[0] + r[1] * r[2] + 0.5 * stream.normal() > 0.5)).collect();
    (x, y)
}

/// Best of a few runs, in milliseconds.
fn best(name: &str, runs: usize, mut work: impl FnMut()) {
    let mut fastest = f64::INFINITY;
    for _ in 0..runs {
        let start = Instant::now();
        work();
        fastest = fastest.min(start.elapsed().as_secs_f64() * 1e3);
    }
    println!("{name:40} {fastest:10.2} ms");
}

#[test]
#[ignore = "prints timings"]
fn timings() {
    for (rows, features, runs) in [(400, 30, 20), (4000, 30, 5), (32_000, 100, 1)] {
        let (x, y) = problem(rows, features);
        let size = format!("{rows} x {features}");
        let forest = RandomForest::default();
        best(&format!("forest fit {size}"), runs, || {
            forest.grow(x.view(), &y, 2, None, Seed(0)).unwrap();
        });
        let grown = forest.grow(x.view(), &y, 2, None, Seed(0)).unwrap();
        best(&format!("forest predict {size}"), runs, || {
            grown.predict_proba(x.view());
        });
        best(&format!("tree (depth 6) fit {size}"), runs, || {
            let tree = DecisionTree { max_depth: Some(6), ..DecisionTree::default() };
            tree.grow(x.view(), &y, 2, None, Seed(0)).unwrap();
        });
        best(&format!("logistic fit {size}"), runs, || {
            Logistic::default().solve(x.view(), &y, 2, None).unwrap();
        });
        best(&format!("boosting fit {size}"), runs, || {
            Boosting::default().classify(x.view(), &y, 2, None, Seed(0)).unwrap();
        });
        best(&format!("k-means fit {size}"), runs, || {
            KMeans::default().fit(x.view(), None, Seed(0)).unwrap();
        });
        best(&format!("pca fit {size}"), runs, || {
            Pca::default().fit(x.view()).unwrap();
        });
    }
    let mut stream = Seed(2).stream("columns", 0);
    let skewed: Vec<f64> = (0..32_561).map(|_| (12.0 + 0.6 * stream.normal()).exp().round()).collect();
    let ages: Vec<f64> = (0..32_561).map(|_| (38.0 + 13.0 * stream.normal()).round().max(17.0)).collect();
    let few: Vec<f64> = skewed[..569].to_vec();
    for (name, column) in [("32561 skewed", &skewed), ("32561 ages", &ages), ("569 skewed", &few)] {
        best(&format!("mixture {name}"), 3, || {
            Mixture::default().fit(column, Seed(0)).unwrap();
        });
        let model = Mixture::default().fit(column, Seed(0)).unwrap();
        println!(
            "    {} iterations, converged {}, modes {}",
            model.iterations(),
            model.converged(),
            model.modes().len()
        );
    }
}
