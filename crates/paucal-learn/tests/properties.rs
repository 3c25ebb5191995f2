//! Properties that hold for any data.
#![allow(clippy::unwrap_used)]

use ndarray::{Array2, Axis, concatenate};
use paucal_learn::registry::{Kind, METHODS};
use paucal_learn::{
    AnyClassifier, Boosting, Bootstrap, Classifier, DecisionTree, KMeans, Logistic, Mixture, RandomForest,
    Seed,
};
use proptest::prelude::*;

/// A small table with ties, its classes and integer weights, of which at least one is positive.
#[derive(Debug, Clone)]
struct Case {
    x: Array2<f64>,
    y: Vec<usize>,
    weights: Vec<f64>,
}

fn cases() -> impl Strategy<Value = Case> {
    (6_usize..40, 1_usize..5).prop_flat_map(|(rows, features)| {
        let x = proptest::collection::vec(-20_i32..20, rows * features);
        let y = proptest::collection::vec(0_usize..3, rows);
        let weights = proptest::collection::vec(0_u8..4, rows);
        (x, y, weights).prop_map(move |(x, y, weights)| {
            let x =
                Array2::from_shape_vec((rows, features), x.into_iter().map(|v| f64::from(v) / 4.0).collect());
            let mut weights: Vec<f64> = weights.into_iter().map(f64::from).collect();
            weights[0] = 1.0;
            Case { x: x.unwrap(), y, weights }
        })
    })
}

/// Every classifier, quick, with one neighbour so that any table has enough.
fn classifiers() -> Vec<AnyClassifier> {
    let quick = |method: AnyClassifier| match method {
        AnyClassifier::Forest(forest) => AnyClassifier::Forest(RandomForest { trees: 8, ..forest }),
        AnyClassifier::Boosting(boosting) => AnyClassifier::Boosting(Boosting { rounds: 5, ..boosting }),
        AnyClassifier::Neighbours(mut neighbours) => {
            neighbours.k = 1;
            AnyClassifier::Neighbours(neighbours)
        }
        other => other,
    };
    METHODS
        .iter()
        .filter(|method| method.kind == Kind::Classifier)
        .map(|method| quick(AnyClassifier::named(method.name).unwrap()))
        .collect()
}

fn predict(method: &dyn Classifier, case: &Case, weights: Option<&[f64]>) -> Array2<f64> {
    method.fit(case.x.view(), &case.y, 4, weights, Seed(5)).unwrap().predict_proba(case.x.view())
}

fn furthest(a: &Array2<f64>, b: &Array2<f64>) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn probabilities_sum_to_one_and_absent_classes_have_none(case in cases()) {
        for any in classifiers() {
            let p = predict(any.method(), &case, Some(&case.weights));
            prop_assert_eq!(p.dim(), (case.y.len(), 4));
            for row in p.rows() {
                prop_assert!((row.sum() - 1.0).abs() < 1e-9 && row.iter().all(|&p| (0.0..=1.0).contains(&p)));
                prop_assert_eq!(row[3], 0.0);
            }
        }
    }

    #[test]
    fn a_weight_of_zero_drops_the_row(case in cases()) {
        let kept: Vec<usize> = (0..case.y.len()).filter(|&i| case.weights[i] > 0.0).collect();
        let x = case.x.select(Axis(0), &kept);
        let y: Vec<usize> = kept.iter().map(|&i| case.y[i]).collect();
        let weights: Vec<f64> = kept.iter().map(|&i| case.weights[i]).collect();
        for any in classifiers() {
            let all = any.method().fit(case.x.view(), &case.y, 3, Some(&case.weights), Seed(5)).unwrap();
            let fewer = any.method().fit(x.view(), &y, 3, Some(&weights), Seed(5)).unwrap();
            prop_assert_eq!(all.predict_proba(case.x.view()), fewer.predict_proba(case.x.view()));
        }
    }

    #[test]
    fn integer_weights_repeat_rows(case in cases()) {
        let repeated: Vec<usize> =
            (0..case.y.len()).flat_map(|i| std::iter::repeat_n(i, case.weights[i] as usize)).collect();
        let x = case.x.select(Axis(0), &repeated);
        let y: Vec<usize> = repeated.iter().map(|&i| case.y[i]).collect();
        let tree = DecisionTree::default();
        let off = RandomForest { trees: 3, bootstrap: Bootstrap::Off, ..RandomForest::default() };
        let methods: [(&dyn Classifier, f64); 3] = [(&tree, 0.0), (&off, 0.0), (&Logistic::default(), 1e-4)];
        for (method, tolerance) in methods {
            let weighted = predict(method, &case, Some(&case.weights));
            let plain = method.fit(x.view(), &y, 4, None, Seed(5)).unwrap().predict_proba(case.x.view());
            prop_assert!(furthest(&weighted, &plain) <= tolerance, "{}", method.name());
        }
    }

    #[test]
    fn trees_see_only_the_order_of_a_feature(case in cases()) {
        // Exactly representable and strictly rising, so that ties stay ties.
        let mapped = Case { x: case.x.mapv(|v| v * v * v + 8.0 * v), ..case.clone() };
        let tree = DecisionTree::default();
        // A row that a tree has not seen may lie between a node's values, where the midpoint matters.
        let forest = RandomForest { trees: 3, bootstrap: Bootstrap::Off, ..RandomForest::default() };
        let boosting = Boosting { rounds: 5, ..Boosting::default() };
        let methods: [&dyn Classifier; 3] = [&tree, &forest, &boosting];
        for method in methods {
            let (a, b) = (predict(method, &case, None), predict(method, &mapped, None));
            prop_assert_eq!(a, b, "{}", method.name());
        }
    }

    #[test]
    fn missing_values_never_break_boosting(case in cases(), seed in 0_usize..7) {
        let x = Array2::from_shape_fn(case.x.dim(), |(i, j)| {
            if (i * 5 + j * 3 + seed) % 4 == 0 { f64::NAN } else { case.x[[i, j]] }
        });
        let boosting = Boosting { rounds: 5, ..Boosting::default() };
        let p = predict(&boosting, &Case { x, ..case }, None);
        prop_assert!(p.iter().all(|p| p.is_finite()));
    }

    #[test]
    fn mixtures_are_proper(values in proptest::collection::vec(-1000_i32..1000, 1..80)) {
        let values: Vec<f64> = values.into_iter().map(|v| f64::from(v / 7)).collect();
        let model = Mixture::default().fit(&values, Seed(0)).unwrap();
        let weights: f64 = model.components().iter().map(|c| c.weight).sum();
        prop_assert!((weights - 1.0).abs() < 1e-9);
        prop_assert!(model.components().iter().all(|c| c.mean.is_finite() && c.deviation > 0.0));
        let mut posterior = vec![0.0; model.components().len()];
        for &value in &values {
            model.posterior(value, &mut posterior);
            prop_assert!((posterior.iter().sum::<f64>() - 1.0).abs() < 1e-9);
            prop_assert!(model.ln_density(value).is_finite());
        }
    }
}

/// Runs with a pool of so many threads.
fn with_threads<T: Send>(threads: usize, work: impl FnOnce() -> T + Send) -> T {
    rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(work)
}

#[test]
fn the_number_of_threads_does_not_matter() {
    let mut stream = Seed(8).stream("threads", 0);
    let x = Array2::from_shape_fn((6000, 20), |_| stream.normal());
    let y: Vec<usize> =
        x.rows().into_iter().map(|r| usize::from(r[0] > 0.0) + usize::from(r[1] * r[2] > 0.3)).collect();
    let all = || -> Vec<Array2<f64>> {
        let predictions = classifiers()
            .into_iter()
            .map(|any| any.method().fit(x.view(), &y, 3, None, Seed(1)).unwrap().predict_proba(x.view()));
        let clusters = KMeans { clusters: 5, restarts: 2, ..KMeans::default() };
        predictions.chain([clusters.fit(x.view(), None, Seed(1)).unwrap().centres]).collect()
    };
    assert_eq!(with_threads(1, all), with_threads(2, all));
}

#[test]
fn tables_of_any_layout_are_read_alike() {
    let mut stream = Seed(9).stream("layout", 0);
    let x = Array2::from_shape_fn((50, 4), |_| stream.normal());
    let y: Vec<usize> = (0..50).map(|i| usize::from(x[[i, 1]] > 0.0)).collect();
    let columns_first = x.t().to_owned();
    let doubled = concatenate(Axis(1), &[x.view(), x.view()]).unwrap();
    for any in classifiers() {
        let fit = |x: ndarray::ArrayView2<'_, f64>| {
            any.method().fit(x, &y, 2, None, Seed(1)).unwrap().predict_proba(x)
        };
        assert_eq!(fit(x.view()), fit(columns_first.t()), "{}", any.method().name());
        assert_eq!(fit(x.view()), fit(doubled.slice(ndarray::s![.., ..4])), "{}", any.method().name());
    }
}
