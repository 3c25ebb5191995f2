use ndarray::{Array2, array};
use paucal_core::Seed;

use super::*;

/// Two or three overlapping clouds.
fn clouds(n: usize, classes: usize) -> (Array2<f64>, Vec<usize>) {
    let mut stream = Seed(4).stream("clouds", classes as u64);
    let y: Vec<usize> = (0..n).map(|i| i % classes).collect();
    let x = Array2::from_shape_fn((n, 3), |(i, j)| stream.normal() + if j == y[i] { 1.5 } else { 0.0 });
    (x, y)
}

/// The objective as written in the module documentation.
fn objective(model: &LogisticModel, c: f64, x: &Array2<f64>, y: &[usize]) -> f64 {
    let p = model.predict_proba(x.view());
    let loss: f64 = y.iter().enumerate().map(|(i, &class)| -p[[i, class]].ln()).sum();
    let squares: f64 = model.coefficients().iter().map(|row| dot(row, row)).sum();
    c * loss + squares / 2.0
}

#[test]
fn no_nearby_point_is_better() {
    for classes in [2, 3] {
        let (x, y) = clouds(200, classes);
        let settings = Logistic { c: 0.7, ..Logistic::default() };
        let model = settings.solve(x.view(), &y, classes, None).unwrap();
        assert!(model.converged());
        let best = objective(&model, 0.7, &x, &y);
        for k in 0..model.linear.len() {
            for j in 0..=3 {
                for step in [-1e-3, 1e-3] {
                    let mut moved = model.clone();
                    moved.linear[k][j] += step;
                    assert!(objective(&moved, 0.7, &x, &y) > best, "class {k} feature {j}");
                }
            }
        }
    }
}

#[test]
fn wild_scales_and_separation_converge() {
    let x = array![[1e6, 1e-3], [2e6, 2e-3], [3e6, 0.0], [4e6, 1e-3]];
    let model = Logistic { c: 1e4, ..Logistic::default() }.solve(x.view(), &[0, 0, 1, 1], 2, None).unwrap();
    assert!(model.converged());
    let p = model.predict_proba(x.view());
    assert!(p[[0, 0]] > 0.99 && p[[3, 1]] > 0.99, "{p}");
}

#[test]
fn a_single_class_is_certain() {
    let model = Logistic::default().solve(array![[1.0], [2.0]].view(), &[1, 1], 3, None).unwrap();
    assert_eq!(model.predict_proba(array![[9.0]].view()), array![[0.0, 1.0, 0.0]]);
}
