//! The corners of the input space: what is refused, and what must work all the same.
#![allow(clippy::unwrap_used)]

use ndarray::{Array2, array};
use paucal_core::Advice;
use paucal_learn::registry::{Kind, METHODS};
use paucal_learn::{
    AnyClassifier, Bootstrap, DecisionTree, FittedClassifier, KMeans, LearnError, MaxFeatures,
    NearestNeighbours, Pca, RandomForest, Seed,
};

/// Every classifier, with one neighbour so that any table has enough.
fn classifiers() -> Vec<AnyClassifier> {
    let named = METHODS.iter().filter_map(|method| AnyClassifier::named(method.name));
    named
        .map(|any| match any {
            AnyClassifier::Neighbours(settings) => {
                AnyClassifier::Neighbours(NearestNeighbours { k: 1, ..settings })
            }
            other => other,
        })
        .collect()
}

#[test]
fn there_is_a_classifier_for_each_entry_of_that_kind() {
    assert_eq!(classifiers().len(), METHODS.iter().filter(|method| method.kind == Kind::Classifier).count());
}

#[test]
fn bad_tables_are_refused_with_advice() {
    let x = array![[1.0], [2.0]];
    for any in classifiers() {
        let fit = |x: &Array2<f64>, y: &[usize], weights: Option<&[f64]>| {
            let error = any.method().fit(x.view(), y, 2, weights, Seed(0)).err().unwrap();
            assert!(error.hint().is_some());
            error
        };
        assert_eq!(fit(&Array2::zeros((0, 3)), &[], None), LearnError::NoRows);
        assert_eq!(fit(&Array2::zeros((2, 0)), &[0, 1], None), LearnError::NoFeatures);
        assert_eq!(fit(&x, &[0, 1], Some(&[0.0, 0.0])), LearnError::NoRows);
        assert!(matches!(fit(&x, &[0], None), LearnError::Length { what: "y", found: 1, expected: 2 }));
        assert!(matches!(fit(&x, &[0, 2], None), LearnError::ClassCode { row: 1, code: 2, classes: 2 }));
        assert!(matches!(fit(&x, &[0, 1], Some(&[1.0, -1.0])), LearnError::Weight { row: 1, .. }));
        assert!(matches!(fit(&x, &[0, 1], Some(&[1.0])), LearnError::Length { what: "weights", .. }));
        let infinite = array![[1.0], [f64::INFINITY]];
        assert!(matches!(fit(&infinite, &[0, 1], None), LearnError::NotFinite { row: 1, column: 0, .. }));
    }
}

#[test]
fn one_class_one_row_and_constant_features_fit() {
    for any in classifiers() {
        let name = any.method().name();
        let fit = |x: &Array2<f64>, y: &[usize]| {
            any.method().fit(x.view(), y, 3, None, Seed(0)).unwrap().predict_proba(x.view())
        };
        assert_eq!(fit(&array![[1.0, 2.0]], &[1]), array![[0.0, 1.0, 0.0]], "{name}");
        assert_eq!(fit(&array![[1.0], [2.0], [3.0]], &[2, 2, 2]).column(2), array![1.0, 1.0, 1.0], "{name}");
        let constant = fit(&Array2::ones((4, 2)), &[0, 1, 1, 1]);
        assert!(constant.rows().into_iter().all(|row| (row.sum() - 1.0).abs() < 1e-12), "{name}");
    }
}

#[test]
fn predicting_no_rows_gives_no_rows() {
    for any in classifiers() {
        let fitted = any.method().fit(array![[1.0], [2.0]].view(), &[0, 1], 2, None, Seed(0)).unwrap();
        assert_eq!(fitted.features(), 1);
        assert_eq!(fitted.predict_proba(Array2::zeros((0, 1)).view()).dim(), (0, 2));
    }
}

#[test]
fn huge_and_tiny_values_do_not_panic() {
    let x = array![[1e308, 5e-324], [-1e308, 0.0], [1.0, -5e-324], [0.0, 1e-300], [1e300, 1.0], [-1.0, 2.0]];
    for any in classifiers() {
        let fitted = any.method().fit(
            x.view(),
            &[0, 1, 0, 1, 0, 1],
            2,
            Some(&[1e-12, 1e12, 1.0, 1.0, 1.0, 1.0]),
            Seed(0),
        );
        assert_eq!(fitted.unwrap().predict_proba(x.view()).dim(), (6, 2));
    }
    let _ = Pca::default().fit(x.view()).unwrap();
    let _ = KMeans { clusters: 3, ..KMeans::default() }.fit(x.view(), None, Seed(0)).unwrap();
}

/// Class 1 where two signs agree: no single split helps at the root.
fn exclusive_or() -> (Array2<f64>, Vec<usize>) {
    let x = array![[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]];
    (x, vec![1, 0, 0, 1])
}

#[test]
fn a_split_without_gain_may_lead_to_one_with() {
    let (x, y) = exclusive_or();
    let tree = DecisionTree::default().grow(x.view(), &y, 2, None, Seed(0)).unwrap();
    assert_eq!((tree.depth(), tree.leaves()), (2, 4));
    assert_eq!(tree.predict_proba(x.view()).column(1), array![1.0, 0.0, 0.0, 1.0]);
    assert_eq!(tree.importances(), [0.0, 1.0]);
}

#[test]
fn growth_limits_hold() {
    let mut stream = Seed(1).stream("limits", 0);
    let x = Array2::from_shape_fn((200, 3), |_| stream.normal());
    let y: Vec<usize> = (0..200).map(|_| stream.index(2)).collect();
    let shallow = DecisionTree { max_depth: Some(3), ..DecisionTree::default() };
    let tree = shallow.grow(x.view(), &y, 2, None, Seed(0)).unwrap();
    assert!(tree.depth() == 3 && tree.leaves() <= 8);
    let wide = DecisionTree { min_leaf: 40, ..DecisionTree::default() };
    assert!(wide.grow(x.view(), &y, 2, None, Seed(0)).unwrap().leaves() <= 5);
    for max_features in [MaxFeatures::Sqrt, MaxFeatures::Count(2), MaxFeatures::Fraction(0.5)] {
        let tree = DecisionTree { max_features, ..DecisionTree::default() };
        let grow = |seed| tree.grow(x.view(), &y, 2, None, Seed(seed)).unwrap();
        assert_eq!(grow(1), grow(1));
        assert_ne!(grow(1), grow(2));
    }
    assert!(
        DecisionTree { max_features: MaxFeatures::Fraction(1.5), ..DecisionTree::default() }.check().is_err()
    );
}

/// One informative feature of three, a tenth of the rows of class 1.
fn rare() -> (Array2<f64>, Vec<usize>) {
    let mut stream = Seed(2).stream("rare", 0);
    let y: Vec<usize> = (0..300).map(|i| usize::from(i % 10 == 0)).collect();
    let x = Array2::from_shape_fn((300, 3), |(i, j)| {
        stream.normal() + if j == 1 { 2.0 * y[i] as f64 } else { 0.0 }
    });
    (x, y)
}

#[test]
fn a_balanced_forest_finds_more_of_the_rare_class() {
    let (x, y) = rare();
    let recall = |bootstrap| {
        let forest = RandomForest { bootstrap, out_of_bag: true, ..RandomForest::default() };
        let fitted = forest.grow(x.view(), &y, 2, None, Seed(0)).unwrap();
        let p = fitted.out_of_bag().unwrap().to_owned();
        (0..300).filter(|&i| y[i] == 1 && p[[i, 1]] > 0.5).count()
    };
    assert!(recall(Bootstrap::Balanced) > recall(Bootstrap::Rows) + 3);
}

#[test]
fn out_of_bag_is_honest_and_importance_finds_the_signal() {
    let (x, mut y) = rare();
    let forest = RandomForest { out_of_bag: true, ..RandomForest::default() };
    let importances = forest.grow(x.view(), &y, 2, None, Seed(0)).unwrap().importances();
    assert!((importances.iter().sum::<f64>() - 1.0).abs() < 1e-12);
    assert!(importances[1] > importances[0] && importances[1] > importances[2], "{importances:?}");
    // Labels without relation to the features: no better than their share, though each tree fits them.
    Seed(3).stream("shuffle", 0).shuffle(&mut y);
    let fitted = forest.grow(x.view(), &y, 2, None, Seed(0)).unwrap();
    let seen = fitted.predict_proba(x.view());
    let unseen = fitted.out_of_bag().unwrap();
    let mean = |p: ndarray::ArrayView2<'_, f64>| {
        (0..300).filter(|&i| y[i] == 1).map(|i| p[[i, 1]]).sum::<f64>() / 30.0
    };
    assert!(mean(seen.view()) > 0.5 && mean(unseen) < 0.25, "{} {}", mean(seen.view()), mean(unseen));
}

#[test]
fn rows_of_weight_zero_have_no_out_of_bag_estimate() {
    let (x, y) = rare();
    let mut weights = vec![1.0; 300];
    weights[7] = 0.0;
    let forest = RandomForest { out_of_bag: true, ..RandomForest::default() };
    let fitted = forest.grow(x.view(), &y, 2, Some(&weights), Seed(0)).unwrap();
    let p = fitted.out_of_bag().unwrap();
    assert!(p[[7, 0]].is_nan() && p[[8, 0]].is_finite());
    assert!(RandomForest { bootstrap: Bootstrap::Off, ..forest }.check().is_err());
}
