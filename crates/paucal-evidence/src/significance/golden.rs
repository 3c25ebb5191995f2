//! Golden values made by SciPy; see `tools/golden/evidence.py`.

use serde::Deserialize;

use super::*;
use paucal_core::Seed;

#[derive(Deserialize)]
struct Golden {
    corrected_t: Vec<CorrectedCase>,
    paired: Vec<PairedCase>,
    mcnemar: Vec<(u64, u64, f64)>,
    detectable_paired: Vec<(usize, Option<f64>)>,
    detectable_unpaired: Vec<(usize, f64, Option<f64>)>,
}

#[derive(Deserialize)]
struct CorrectedCase {
    differences: Vec<f64>,
    ratio: f64,
    low: f64,
    high: f64,
    p: f64,
    detectable: f64,
}

#[derive(Deserialize)]
struct PairedCase {
    differences: Vec<f64>,
    wilcoxon_p: f64,
    positive_ranks: f64,
    sign_flip_p: Option<f64>,
}

fn golden() -> Golden {
    serde_json::from_str(include_str!("../../tests/golden/significance.json")).unwrap()
}

fn assert_close(got: f64, expected: f64, what: &str) {
    assert!((got - expected).abs() <= 1e-8 * expected.abs().max(1e-3), "{what}: {got} instead of {expected}");
}

#[test]
fn corrected_t_as_scipy() {
    for case in golden().corrected_t {
        let got = corrected_t(&case.differences, case.ratio, 0.95).unwrap();
        assert_close(got.low, case.low, "low");
        assert_close(got.high, case.high, "high");
        assert_close(got.p, case.p, "p");
        assert_close(got.detectable(0.05, 0.8).unwrap(), case.detectable, "detectable");
    }
}

#[test]
fn wilcoxon_and_sign_flip_as_scipy() {
    for case in golden().paired {
        let got = wilcoxon(&case.differences).unwrap();
        assert_close(got.p, case.wilcoxon_p, "wilcoxon");
        assert_eq!(got.positive_ranks, case.positive_ranks);
        if let Some(p) = case.sign_flip_p {
            assert_close(sign_flip(&case.differences, Seed(0)).unwrap().p, p, "sign flip");
        }
    }
}

#[test]
fn mcnemar_as_binomtest() {
    for (b, c, p) in golden().mcnemar {
        assert_close(mcnemar::exact_p(b, c), p, "mcnemar");
    }
}

#[test]
fn detectable_effects_as_scipy() {
    let check = |got: Option<f64>, expected: Option<f64>| match (got, expected) {
        (Some(got), Some(expected)) => assert_close(got, expected, "detectable"),
        (got, expected) => assert_eq!(got, expected),
    };
    for (n, expected) in golden().detectable_paired {
        check(detectable::paired(n, 0.05, 0.8).unwrap(), expected);
    }
    for (n, baseline, expected) in golden().detectable_unpaired {
        check(detectable::unpaired(n, baseline, 0.05, 0.8).unwrap(), expected);
    }
}
