//! Reading golden files (made by tools/golden/learn.py) and scoring probabilities.
// Each test binary uses its part; a golden file that does not read is a failed test.
#![allow(dead_code, clippy::unwrap_used, clippy::needless_pass_by_value)]

use std::path::PathBuf;

use ndarray::{Array2, ArrayView1, s};
use serde_json::Value;

/// Rows of the golden tables that models are fitted on; the rest are for testing.
pub const TRAIN: usize = 250;

fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name)
}

/// A golden table: features and class codes.
pub fn table(name: &str) -> (Array2<f64>, Vec<usize>) {
    let text = std::fs::read_to_string(path(name)).unwrap();
    let rows: Vec<Vec<f64>> =
        text.lines().map(|line| line.split(',').map(|cell| cell.parse().unwrap()).collect()).collect();
    let width = rows[0].len() - 1;
    let y = rows.iter().map(|row| row[width] as usize).collect();
    (Array2::from_shape_fn((rows.len(), width), |(i, j)| rows[i][j]), y)
}

/// A golden file of values.
pub fn golden(name: &str) -> Value {
    serde_json::from_str(&std::fs::read_to_string(path(name)).unwrap()).unwrap()
}

pub fn number(value: &Value) -> f64 {
    value.as_f64().unwrap()
}

pub fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(number).collect()
}

pub fn codes(value: &Value) -> Vec<usize> {
    value.as_array().unwrap().iter().map(|v| v.as_u64().unwrap() as usize).collect()
}

pub fn matrix(value: &Value) -> Array2<f64> {
    let rows: Vec<Vec<f64>> = value.as_array().unwrap().iter().map(numbers).collect();
    Array2::from_shape_fn((rows.len(), rows[0].len()), |(i, j)| rows[i][j])
}

/// The training rows of a table.
pub fn head(x: &Array2<f64>) -> Array2<f64> {
    x.slice(s![..TRAIN, ..]).to_owned()
}

/// The test rows of a table.
pub fn tail(x: &Array2<f64>) -> Array2<f64> {
    x.slice(s![TRAIN.., ..]).to_owned()
}

/// Area under the ROC curve of the probability of class 1, by counting pairs.
pub fn auc(y: &[usize], p: ArrayView1<'_, f64>) -> f64 {
    let (mut won, mut pairs) = (0.0, 0.0);
    for (i, &a) in y.iter().enumerate() {
        for (j, &b) in y.iter().enumerate() {
            if a == 1 && b == 0 {
                pairs += 1.0;
                won += if p[i] > p[j] { 1.0 } else { f64::from(u8::from(p[i] == p[j])) / 2.0 };
            }
        }
    }
    won / pairs
}

/// Mean −ln p of the true class, with p held within 1e-6 of 0 and 1.
pub fn log_loss(y: &[usize], p: &Array2<f64>) -> f64 {
    y.iter().enumerate().map(|(i, &class)| -p[[i, class]].clamp(1e-6, 1.0 - 1e-6).ln()).sum::<f64>()
        / y.len() as f64
}

/// The largest absolute difference.
pub fn furthest(a: &Array2<f64>, b: &Array2<f64>) -> f64 {
    assert_eq!(a.dim(), b.dim());
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
}
