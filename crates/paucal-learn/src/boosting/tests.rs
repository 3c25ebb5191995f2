use ndarray::{Array2, array};
use paucal_core::Seed;

use super::*;

/// A smooth function of two features out of three.
fn surface(n: usize) -> (Array2<f64>, Vec<f64>) {
    let mut stream = Seed(6).stream("surface", 0);
    let x = Array2::from_shape_fn((n, 3), |_| stream.uniform());
    let y = x.rows().into_iter().map(|row| (6.0 * row[0]).sin() + row[1] * row[1]).collect();
    (x, y)
}

fn mean_square_error(ensemble: &Ensemble, x: &Array2<f64>, y: &[f64]) -> f64 {
    let fitted = ensemble.predict(x.view());
    fitted.column(0).iter().zip(y).map(|(a, b)| (a - b) * (a - b)).sum::<f64>() / y.len() as f64
}

#[test]
fn regression_approaches_a_smooth_function() {
    let (x, y) = surface(2000);
    let ensemble =
        Boosting { rounds: 200, ..Boosting::default() }.regress(x.view(), &y, None, Seed(0)).unwrap();
    assert!(mean_square_error(&ensemble, &x, &y) < 1e-3);
}

#[test]
fn one_tree_of_two_leaves_is_the_exact_best_step() {
    let x = array![[1.0], [2.0], [3.0], [4.0]];
    let settings =
        Boosting { rounds: 1, learning_rate: 1.0, max_leaves: 2, lambda: 0.0, ..Boosting::default() };
    let ensemble = settings.regress(x.view(), &[0.0, 0.0, 6.0, 8.0], None, Seed(0)).unwrap();
    let fitted = ensemble.predict(array![[2.4], [2.6], [f64::NAN]].view());
    assert_eq!(fitted, array![[0.0], [7.0], [7.0]]);
}

#[test]
fn missing_values_go_to_the_better_side() {
    let x = array![[1.0], [2.0], [f64::NAN], [f64::NAN], [3.0], [4.0]];
    for (target, side) in [(5.0, 3.5), (0.0, 1.5)] {
        let y = [0.0, 0.0, target, target, 5.0, 5.0];
        let ensemble =
            Boosting { max_leaves: 2, ..Boosting::default() }.regress(x.view(), &y, None, Seed(0)).unwrap();
        let fitted = ensemble.predict(array![[f64::NAN], [side]].view());
        assert_eq!(fitted[[0, 0]], fitted[[1, 0]]);
    }
}

#[test]
fn missingness_itself_can_be_the_signal() {
    let x = array![[1.0], [2.0], [3.0], [f64::NAN], [f64::NAN], [f64::NAN]];
    let settings = Boosting { min_child_weight: 0.0, ..Boosting::default() };
    let fitted = settings.classify(x.view(), &[0, 0, 0, 1, 1, 1], 2, None, Seed(0)).unwrap();
    let p = fitted.predict_proba(x.view());
    assert!(p[[0, 1]] < 0.1 && p[[3, 1]] > 0.9, "{p}");
}

#[test]
fn subsampling_is_keyed_and_changes_the_result() {
    let (x, y) = surface(300);
    let settings = Boosting { subsample: 0.5, feature_fraction: 0.7, rounds: 20, ..Boosting::default() };
    let fit = |seed| settings.regress(x.view(), &y, None, Seed(seed)).unwrap();
    assert_eq!(fit(1), fit(1));
    assert_ne!(fit(1), fit(2));
    assert!(mean_square_error(&fit(1), &x, &y) < 0.1);
}

#[test]
fn coded_and_plain_regression_agree_and_prediction_matches_training_scores() {
    let (x, y) = surface(500);
    let settings = Boosting { rounds: 10, ..Boosting::default() };
    let bins = Boosting::bin(x.view()).unwrap();
    let coded = settings.regress_binned(&bins, &y, None, Seed(0)).unwrap();
    assert_eq!(coded, settings.regress(x.view(), &y, None, Seed(0)).unwrap());
}

#[test]
fn a_single_class_is_certain() {
    let fitted =
        Boosting::default().classify(array![[1.0], [2.0]].view(), &[1, 1], 3, None, Seed(0)).unwrap();
    assert_eq!(fitted.predict_proba(array![[f64::NAN]].view()), array![[0.0, 1.0, 0.0]]);
}

#[test]
fn bad_input_is_refused() {
    let x = array![[1.0], [f64::INFINITY]];
    let error = Boosting::default().regress(x.view(), &[0.0, 1.0], None, Seed(0)).unwrap_err();
    assert!(matches!(error, LearnError::NotFinite { row: 1, .. }));
    let x = array![[1.0], [2.0]];
    let error = Boosting::default().regress(x.view(), &[0.0, f64::NAN], None, Seed(0)).unwrap_err();
    assert!(matches!(error, LearnError::Target { row: 1, .. }));
    assert!(Boosting { learning_rate: 0.0, ..Boosting::default() }.check().is_err());
}

#[test]
fn an_ensemble_survives_its_parts_and_damaged_parts_are_refused() {
    let (mut x, y) = surface(400);
    x[[7, 1]] = f64::NAN;
    let grown = Boosting { rounds: 10, ..Boosting::default() }.regress(x.view(), &y, None, Seed(0)).unwrap();
    let parts = grown.to_parts();
    let read = Ensemble::from_parts(&parts).unwrap();
    let furthest =
        (read.predict(x.view()) - grown.predict(x.view())).mapv(f64::abs).into_iter().fold(0.0, f64::max);
    assert!(furthest < 1e-4, "{furthest}");
    assert_eq!(read, grown.rounded());
    let loops = EnsembleParts { children: vec![0.0; parts.children.len()], ..parts.clone() };
    let stranger = EnsembleParts { features: 0, ..parts.clone() };
    let cut = EnsembleParts { numbers: parts.numbers[..9].to_vec(), ..parts.clone() };
    let fewer = EnsembleParts { sizes: parts.sizes[1..].to_vec(), ..parts };
    for damaged in [loops, stranger, cut, fewer] {
        assert_eq!(Ensemble::from_parts(&damaged), None);
    }
}
