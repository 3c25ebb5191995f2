//! Agreement with scikit-learn, within stated tolerances. The script that made the golden files is
//! tools/golden/learn.py.
#![allow(clippy::unwrap_used)]

mod support;

use ndarray::{Array2, s};
use paucal_learn::registry::{Kind, METHODS};
use paucal_learn::{
    AnyClassifier, Boosting, Classifier, DecisionTree, FittedClassifier, KMeans, Logistic, Mixture,
    NearestNeighbours, Pca, RandomForest, RegressionTree, Seed, StandardScaler, most_probable,
};
use support::{TRAIN, auc, codes, furthest, golden, head, log_loss, matrix, number, numbers, table, tail};

/// The golden features on a common scale, and the class.
fn standardised() -> (Array2<f64>, Vec<usize>) {
    let (x, y) = table("features.csv");
    (StandardScaler::fit(x.view()).unwrap().transform(x.view()), y)
}

#[test]
fn logistic_finds_the_same_optimum() {
    let (z, _) = standardised();
    let golden = golden("logistic.json");
    for name in ["binary", "binary_weighted", "multinomial", "multinomial_weighted"] {
        let case = &golden[name];
        let y = codes(&case["y"]);
        let weights: Option<Vec<f64>> =
            case["weighted"].as_bool().unwrap().then(|| (0..y.len()).map(|i| 1.0 + (i % 3) as f64).collect());
        let classes = y.iter().max().unwrap() + 1;
        let settings = Logistic { c: number(&case["c"]), ..Logistic::default() };
        let model = settings.solve(z.view(), &y, classes, weights.as_deref()).unwrap();
        assert!(model.converged());
        let theirs = matrix(&case["coefficients"]);
        for (k, row) in model.coefficients().iter().enumerate() {
            for (j, ours) in row.iter().enumerate() {
                assert!((ours - theirs[[k, j]]).abs() < 1e-4, "{name} {k} {j}: {ours} {}", theirs[[k, j]]);
            }
        }
        for (ours, theirs) in model.intercepts().iter().zip(numbers(&case["intercepts"])) {
            assert!((ours - theirs).abs() < 1e-4, "{name}: {ours} {theirs}");
        }
        let theirs = matrix(&case["probabilities"]);
        assert!(furthest(&model.predict_proba(z.slice(s![..50, ..])), &theirs) < 1e-5, "{name}");
    }
}

#[test]
fn small_trees_are_identical() {
    let (x, y) = table("features.csv");
    let golden = golden("tree.json");
    for case in golden["cases"].as_array().unwrap() {
        let settings = DecisionTree {
            max_depth: Some(number(&case["max_depth"]) as usize),
            min_leaf: number(&case["min_leaf"]) as usize,
            ..DecisionTree::default()
        };
        let x = x.slice(s![.., ..number(&case["columns"]) as usize]);
        let tree = settings.grow(x.slice(s![..TRAIN, ..]), &y[..TRAIN], 2, None, Seed(0)).unwrap();
        assert_eq!(tree.leaves() as f64, number(&case["leaves"]));
        assert_eq!(tree.depth() as f64, number(&case["depth"]));
        for (ours, theirs) in tree.predict_proba(x).column(1).iter().zip(numbers(&case["probabilities"])) {
            assert!((ours - theirs).abs() < 1e-12);
        }
    }
}

#[test]
fn regression_trees_are_identical() {
    let (x, _) = table("features.csv");
    let golden = golden("regression_tree.json");
    let y = x.column(number(&golden["target"]) as usize).to_vec();
    for case in golden["cases"].as_array().unwrap() {
        let settings = RegressionTree {
            max_depth: Some(number(&case["max_depth"]) as usize),
            min_leaf: number(&case["min_leaf"]) as usize,
            ..RegressionTree::default()
        };
        let x = x.slice(s![.., ..number(&case["columns"]) as usize]);
        let tree = settings.grow(x.slice(s![..TRAIN, ..]), &y[..TRAIN]).unwrap();
        assert_eq!(tree.splits().leaves() as f64, number(&case["leaves"]));
        for (ours, theirs) in tree.predict(x).iter().zip(numbers(&case["means"])) {
            assert!((ours - theirs).abs() < 1e-9, "{ours} {theirs}");
        }
    }
}

#[test]
fn a_full_tree_fits_the_training_rows_and_tests_alike() {
    let (x, y) = table("features.csv");
    let full = &golden("tree.json")["full"];
    let tree = DecisionTree::default().grow(head(&x).view(), &y[..TRAIN], 2, None, Seed(0)).unwrap();
    let right = |range: std::ops::Range<usize>| {
        let predicted = most_probable(tree.predict_proba(x.slice(s![range.clone(), ..])).view());
        predicted.iter().zip(&y[range.clone()]).filter(|(a, b)| a == b).count() as f64 / range.len() as f64
    };
    assert_eq!(right(0..TRAIN), 1.0);
    // Equally good splits are chosen by chance in scikit-learn, by order here.
    assert!((right(TRAIN..400) - number(&full["accuracy"])).abs() < 0.04);
    assert!((tree.leaves() as f64 - number(&full["leaves"])).abs() <= 3.0);
}

/// Mean and standard error.
fn mean(values: &[f64]) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    (mean, (values.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>() / (n - 1.0) / n).sqrt())
}

#[test]
fn forests_score_alike_over_twenty_seeds() {
    let (x, y) = table("hard.csv");
    let golden = golden("forest.json");
    let theirs = |key: &str| -> Vec<f64> {
        golden["seeds"].as_array().unwrap().iter().map(|seed| number(&seed[key])).collect()
    };
    let mut ours = [const { Vec::new() }; 4];
    let settings = RandomForest { out_of_bag: true, ..RandomForest::default() };
    for seed in 0..20 {
        let forest = settings.grow(head(&x).view(), &y[..TRAIN], 2, None, Seed(seed)).unwrap();
        let p = forest.predict_proba(tail(&x).view());
        ours[0].push(auc(&y[TRAIN..], p.column(1)));
        ours[1].push(log_loss(&y[TRAIN..], &p));
        ours[2].push(auc(&y[..TRAIN], forest.out_of_bag().unwrap().column(1)));
        ours[3].push(forest.importances()[0]);
    }
    for (ours, key) in ours.iter().zip(["auc", "log_loss", "oob_auc", "importance_0"]) {
        let ((a, ea), (b, eb)) = (mean(ours), mean(&theirs(key)));
        // Twenty seeds each: the means differ by less than four standard errors.
        assert!(
            (a - b).abs() < 4.0 * (ea * ea + eb * eb).sqrt(),
            "{key}: {a} ± {ea}, scikit-learn {b} ± {eb}"
        );
    }
}

/// The parameters of HistGradientBoostingClassifier as the golden script sets them.
fn boosting(rounds: usize, max_leaves: usize, lambda: f64) -> Boosting {
    Boosting {
        rounds,
        max_leaves,
        max_depth: None,
        min_leaf: 20,
        min_child_weight: 1e-3,
        lambda,
        ..Boosting::default()
    }
}

#[test]
fn boosting_predicts_as_hist_gradient_boosting() {
    let (x, y) = table("hard.csv");
    let golden = golden("boosting.json");
    let gaps =
        Array2::from_shape_fn(x.dim(), |(i, j)| if (i + 3 * j) % 7 == 0 { f64::NAN } else { x[[i, j]] });
    for (name, x, settings) in [
        ("small", &x, boosting(50, 8, 1.0)),
        ("default", &x, boosting(100, 31, 0.0)),
        ("missing", &gaps, boosting(50, 8, 1.0)),
    ] {
        let fitted = settings.classify(head(x).view(), &y[..TRAIN], 2, None, Seed(0)).unwrap();
        let p = fitted.predict_proba(tail(x).view());
        let theirs = numbers(&golden[name]["probabilities"]);
        let apart: f64 =
            p.column(1).iter().zip(&theirs).map(|(a, b)| (a - b).abs()).sum::<f64>() / theirs.len() as f64;
        // scikit-learn resolves ties between cuts differently when values are missing.
        assert!(apart < if name == "missing" { 0.02 } else { 1e-6 }, "{name}: {apart}");
        assert!((auc(&y[TRAIN..], p.column(1)) - number(&golden[name]["auc"])).abs() < 0.01, "{name}");
        assert!((log_loss(&y[TRAIN..], &p) - number(&golden[name]["log_loss"])).abs() < 0.02, "{name}");
    }
    let three = codes(&golden["three"]["y"]);
    let fitted = boosting(30, 8, 1.0).classify(head(&x).view(), &three[..TRAIN], 3, None, Seed(0)).unwrap();
    let apart = furthest(&fitted.predict_proba(tail(&x).view()), &matrix(&golden["three"]["probabilities"]));
    assert!(apart < 1e-6);
}

#[test]
fn the_mixture_is_at_least_as_likely() {
    for column in golden("mixture.json")["columns"].as_array().unwrap() {
        let values = numbers(&column["values"]);
        let model = Mixture::default().fit(&values, Seed(0)).unwrap();
        let ours = values.iter().map(|&v| model.ln_density(v)).sum::<f64>() / values.len() as f64;
        let theirs = numbers(&column["mean_log_likelihoods"]);
        let (theirs, _) = mean(&theirs);
        assert!(model.converged(), "feature {}", column["feature"]);
        assert!(ours > theirs - 0.01, "feature {}: {ours}, scikit-learn {theirs}", column["feature"]);
    }
}

#[test]
fn principal_components_are_identical() {
    let (z, _) = standardised();
    let golden = golden("pca.json");
    for (name, x) in [("standardised", z.view()), ("wide", z.slice(s![..20, ..]))] {
        let case = &golden[name];
        let components = matrix(&case["components"]);
        let pca = Pca { components: Some(components.nrows()) }.fit(x).unwrap();
        assert!(furthest(pca.axes(), &components) < 1e-8, "{name}");
        for (ours, theirs) in [(pca.variances(), &case["variances"]), (pca.ratios(), &case["ratios"])] {
            assert!(ours.iter().zip(numbers(theirs)).all(|(a, b)| (a - b).abs() < 1e-8), "{name}");
        }
        assert!(
            furthest(&pca.transform(x.slice(s![..10, ..])), &matrix(&case["projected"])) < 1e-8,
            "{name}"
        );
    }
}

#[test]
fn k_means_agrees_from_the_same_start_and_finds_as_good_a_minimum() {
    let (z, _) = standardised();
    let golden = golden("kmeans.json");
    let settings = KMeans { tolerance: 0.0, max_iterations: 1000, ..KMeans::default() };
    let same = settings.fit_from(z.view(), None, z.slice(s![..4, ..])).unwrap();
    let theirs = &golden["from_first_four"];
    assert!((same.inertia / number(&theirs["inertia"]) - 1.0).abs() < 1e-9);
    assert_eq!(same.labels, codes(&theirs["labels"]));
    for (clusters, best) in golden["best"].as_object().unwrap() {
        let settings = KMeans { clusters: clusters.parse().unwrap(), restarts: 50, ..KMeans::default() };
        let ours = settings.fit(z.view(), None, Seed(0)).unwrap().inertia;
        assert!(ours < 1.01 * number(best), "{clusters}: {ours} {best}");
    }
}

#[test]
fn nearest_neighbours_vote_alike() {
    let (z, y) = standardised();
    for case in golden("neighbours.json")["cases"].as_array().unwrap() {
        let vote = serde_json::from_value(case["vote"].clone()).unwrap();
        let settings = NearestNeighbours { k: number(&case["k"]) as usize, vote };
        let fitted = settings.fit(head(&z).view(), &y[..TRAIN], 2, None, Seed(0)).unwrap();
        let p = fitted.predict_proba(tail(&z).view());
        assert!(p.column(1).iter().zip(numbers(&case["probabilities"])).all(|(a, b)| (a - b).abs() < 1e-9));
    }
}

#[test]
fn every_classifier_answers_through_the_trait() {
    let (x, y) = table("hard.csv");
    for method in METHODS.iter().filter(|method| method.kind == Kind::Classifier) {
        let any = AnyClassifier::named(method.name).unwrap();
        let method = any.method();
        let fitted = method.fit(head(&x).view(), &y[..TRAIN], 2, None, Seed(0)).unwrap();
        let p = fitted.predict_proba(tail(&x).view());
        assert!(auc(&y[TRAIN..], p.column(1)) > 0.65, "{}", method.name());
    }
}
