//! Parity with scikit-learn.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::{assert_near, codes, golden, numbers};
use ndarray::Array2;
use paucal_metrics::classification::{
    Bins, Confusion, auroc, auroc_one_vs_rest, average_precision, brier, calibration_line,
    expected_calibration_error, log_loss, log_loss_multiclass, precision_at_recall, precision_recall_curve,
    recall_at_precision, reliability, roc_curve,
};
use paucal_metrics::interval::delong_variance;
use serde_json::Value;

const EXACT: f64 = 1e-12;

fn binary(name: &str) -> (Vec<bool>, Vec<f64>, Value) {
    let case = golden("classification.json")[name].clone();
    (codes(&case["truth"]).iter().map(|&t| t == 1).collect(), numbers(&case["score"]), case)
}

fn expect(case: &Value, key: &str, value: f64, tolerance: f64) {
    assert_near(value, case[key].as_f64().unwrap(), tolerance, key);
}

#[test]
fn rankings_and_probabilities() {
    for name in ["smooth", "tied"] {
        let (truth, score, case) = binary(name);
        expect(&case, "auroc", auroc(&truth, &score).unwrap(), EXACT);
        expect(&case, "average_precision", average_precision(&truth, &score).unwrap(), EXACT);
        expect(&case, "brier", brier(&truth, &score).unwrap(), EXACT);
        expect(&case, "log_loss", log_loss(&truth, &score).unwrap(), EXACT);
        expect(&case, "recall_at_precision_0.4", recall_at_precision(&truth, &score, 0.4).unwrap(), EXACT);
        expect(&case, "precision_at_recall_0.8", precision_at_recall(&truth, &score, 0.8).unwrap(), EXACT);
        let variance = delong_variance(&truth, &score).unwrap();
        expect(&case, "auc_variance", variance, EXACT);
        let ece = expected_calibration_error(&truth, &score, Bins::EqualWidth(10)).unwrap();
        expect(&case, "ece_equal_width_10", ece, EXACT);
    }
}

#[test]
fn curves() {
    for name in ["smooth", "tied"] {
        let (truth, score, case) = binary(name);
        let roc = roc_curve(&truth, &score).unwrap();
        let (fpr, tpr) = (numbers(&case["roc"]["fpr"]), numbers(&case["roc"]["tpr"]));
        assert_eq!(roc.len(), fpr.len());
        for (point, (x, y)) in roc.iter().zip(fpr.iter().zip(&tpr)) {
            assert_near(point.x, *x, EXACT, "fpr");
            assert_near(point.y, *y, EXACT, "tpr");
        }
        let pr = precision_recall_curve(&truth, &score).unwrap();
        let (precision, recall) = (numbers(&case["pr"]["precision"]), numbers(&case["pr"]["recall"]));
        assert_eq!(pr.len(), precision.len());
        for (point, (x, y)) in pr.iter().zip(recall.iter().zip(&precision)) {
            assert_near(point.x, *x, EXACT, "recall");
            assert_near(point.y, *y, EXACT, "precision");
        }
    }
}

#[test]
fn calibration() {
    let (truth, score, case) = binary("smooth");
    let curve = reliability(&truth, &score, Bins::EqualWidth(10)).unwrap();
    let observed = numbers(&case["reliability"]["observed"]);
    let predicted = numbers(&case["reliability"]["predicted"]);
    assert_eq!(curve.len(), observed.len());
    for (bin, (o, p)) in curve.iter().zip(observed.iter().zip(&predicted)) {
        assert_near(bin.observed, *o, EXACT, "observed");
        assert_near(bin.predicted, *p, EXACT, "predicted");
    }
    for name in ["smooth", "tied"] {
        let (truth, score, case) = binary(name);
        let line = calibration_line(&truth, &score).unwrap();
        expect(&case["calibration"], "slope", line.slope, 1e-6);
        expect(&case["calibration"], "intercept", line.intercept, 1e-6);
        expect(&case["calibration"], "in_the_large", line.in_the_large, 1e-6);
    }
}

#[test]
fn decisions_among_three_classes() {
    let case = golden("classification.json")["multiclass"].clone();
    let (truth, predicted) = (codes(&case["truth"]), codes(&case["predicted"]));
    let confusion = Confusion::new(&truth, &predicted, 3).unwrap();
    assert_eq!(serde_json::to_value(confusion.counts()).unwrap(), case["confusion"]);
    expect(&case, "accuracy", confusion.accuracy().unwrap(), EXACT);
    expect(&case, "balanced_accuracy", confusion.balanced_accuracy().unwrap(), EXACT);
    expect(&case, "macro_f1", confusion.macro_f1().unwrap(), EXACT);
    expect(&case, "mcc", confusion.matthews().unwrap(), EXACT);
    expect(&case, "kappa", confusion.kappa().unwrap(), EXACT);
    for class in 0..3 {
        let at = |key: &str| numbers(&case[key])[class as usize];
        assert_near(confusion.precision(class).unwrap(), at("precision"), EXACT, "precision");
        assert_near(confusion.recall(class).unwrap(), at("recall"), EXACT, "recall");
        assert_near(confusion.f1(class).unwrap(), at("f1"), EXACT, "f1");
    }
    let flat: Vec<f64> = case["probability"].as_array().unwrap().iter().flat_map(numbers).collect();
    let probability = Array2::from_shape_vec((truth.len(), 3), flat).unwrap();
    expect(&case, "auroc_macro", auroc_one_vs_rest(&truth, &probability).unwrap(), EXACT);
    expect(&case, "log_loss", log_loss_multiclass(&truth, &probability).unwrap(), EXACT);
}
