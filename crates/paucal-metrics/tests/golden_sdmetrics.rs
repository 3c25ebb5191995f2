//! Parity with SDMetrics 0.32.0 on Wisconsin (cases A and B of the golden script) and on a small mixed
//! table with ties, missing values and a level that occurs on one side only.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::{Owned, assert_near, assert_near_or_undefined, golden, wisconsin_cases};
use paucal_metrics::association::{frobenius_distance, mixed_association};
use paucal_metrics::distribution::{Statistic, earth_mover, earth_mover_over_range};
use paucal_metrics::sdmetrics::{
    Binning, Convention, Correlation, boundary_adherence, category_adherence, category_coverage,
    contingency_similarity, correlation_similarity, diagnostic, ks_complement, missing_value_similarity,
    new_row_synthesis, quality, range_coverage, statistic_similarity, tv_complement,
};
use paucal_metrics::{Column, Result, Score, Table};
use serde_json::Value;

/// Digits that the research notes print.
const PRINTED: f64 = 1e-6;

fn check_columns(names: &[String], real: &Table<'_>, synthetic: &Table<'_>, expected: &Value) {
    for ((name, r), s) in names.iter().zip(real.columns()).zip(synthetic.columns()) {
        let check = |metric: &str, score: Result<f64>| {
            assert_near_or_undefined(score, &expected[name][metric], &format!("{metric} of {name}"));
        };
        check("missing_value_similarity", missing_value_similarity(r, s));
        match (*r, *s) {
            (Column::Number(r), Column::Number(s)) => {
                check("ks_complement", ks_complement(r, s));
                check("range_coverage", range_coverage(r, s));
                check("boundary_adherence", boundary_adherence(r, s));
                check("statistic_mean", statistic_similarity(r, s, Statistic::Mean));
                check("statistic_std", statistic_similarity(r, s, Statistic::StandardDeviation));
                check("statistic_median", statistic_similarity(r, s, Statistic::Median));
                check("earth_mover", earth_mover(r, s));
            }
            (Column::Category { codes: r, levels }, Column::Category { codes: s, .. }) => {
                check("tv_complement", tv_complement(r, s, levels));
                check("category_adherence", category_adherence(r, s, levels));
                check("category_coverage", category_coverage(r, s, levels));
            }
            _ => panic!("kinds differ"),
        }
    }
}

fn check_pairs(names: &[String], real: &Table<'_>, synthetic: &Table<'_>, expected: &Value) {
    let position = |name: &Value| names.iter().position(|n| name == n).unwrap();
    for pair in expected.as_array().unwrap() {
        let (x, y) = (position(&pair["x"]), position(&pair["y"]));
        let (r, s) = (real.columns(), synthetic.columns());
        let contingency = contingency_similarity((&r[x], &r[y]), (&s[x], &s[y]), Binning::RealEdges);
        assert_near_or_undefined(contingency, &pair["contingency"], "contingency");
        if let (Column::Number(rx), Column::Number(ry), Column::Number(sx), Column::Number(sy)) =
            (r[x], r[y], s[x], s[y])
        {
            for (name, kind) in [("pearson", Correlation::Pearson), ("spearman", Correlation::Spearman)] {
                let score = correlation_similarity((rx, ry), (sx, sy), kind);
                assert_near_or_undefined(score, &pair[name], name);
            }
        }
    }
}

fn check_reports(real: &Table<'_>, synthetic: &Table<'_>, expected: &Value) {
    for (name, convention) in [("associated", Convention::Associated), ("all_pairs", Convention::AllPairs)] {
        let (report, expected) = (quality(real, synthetic, convention).unwrap(), &expected[name]);
        assert_near_or_undefined(report.score.clone().into_result(), &expected["score"], name);
        assert_near_or_undefined(report.column_shapes.clone().into_result(), &expected["shapes"], name);
        assert_near_or_undefined(report.column_pair_trends.clone().into_result(), &expected["trends"], name);
        let metrics = report.columns.iter().map(|c| &c.metric).chain(report.pairs.iter().map(|p| &p.metric));
        assert!(metrics.into_iter().all(|name| paucal_metrics::registry::find(name).is_some()));
        let counted = report.pairs.iter().filter(|p| p.counts).count();
        assert_eq!(counted as u64, expected["counted"].as_u64().unwrap(), "pairs counted, {name}");
        for (pair, score) in report.pairs.iter().zip(expected["pairs"].as_array().unwrap()) {
            if pair.counts {
                assert_near_or_undefined(pair.score.clone().into_result(), score, "pair of the report");
            }
        }
        let json = serde_json::to_string(&report).unwrap();
        let back: paucal_metrics::sdmetrics::Quality = serde_json::from_str(&json).unwrap();
        assert_eq!(back, report, "a report survives JSON");
    }
    let report = diagnostic(real, synthetic, &[], Score::new(1.0)).unwrap();
    assert_near_or_undefined(report.validity.into_result(), &expected["diagnostic"]["validity"], "validity");
    assert_near_or_undefined(report.score.into_result(), &expected["diagnostic"]["score"], "diagnostic");
}

fn check_all(names: &[String], real: &Table<'_>, synthetic: &Table<'_>, expected: &Value) {
    check_columns(names, real, synthetic, &expected["columns"]);
    check_pairs(names, real, synthetic, &expected["pairs"]);
    check_reports(real, synthetic, expected);
    let new = new_row_synthesis(real, synthetic, 0.01);
    assert_near_or_undefined(new, &expected["new_row_synthesis"], "new_row_synthesis");
}

#[test]
fn wisconsin_case_a() {
    let [real, a, _] = wisconsin_cases();
    check_all(&real.names, &real.table(), &a.table(), &golden("sdmetrics.json")["A"]);
}

#[test]
fn wisconsin_case_b() {
    let [real, _, b] = wisconsin_cases();
    check_all(&real.names, &real.table(), &b.table(), &golden("sdmetrics.json")["B"]);
}

#[test]
fn a_mixed_table_with_holes() {
    let golden = golden("sdmetrics.json");
    let read = |side| Owned::from_json(&golden["mixed"][side], &[("sex", 2), ("grade", 4)]);
    let (real, synthetic) = (read("real"), read("synthetic"));
    check_all(&real.names, &real.table(), &synthetic.table(), &golden["mixed"]);
}

/// The digits printed in the research notes, independent of the golden files.
#[test]
fn printed_wisconsin_values() {
    let [real, a, b] = wisconsin_cases();
    let (real, a, b) = (real.table(), a.table(), b.table());
    for (synthetic, score, shapes, trends, validity) in
        [(&a, 0.940_104, 0.929_446, 0.950_763, 0.994_775), (&b, 0.892_087, 0.848_442, 0.935_731, 0.991_368)]
    {
        let report = quality(&real, synthetic, Convention::Associated).unwrap();
        assert_near(report.score.value().unwrap(), score, PRINTED, "quality");
        assert_near(report.column_shapes.value().unwrap(), shapes, PRINTED, "shapes");
        assert_near(report.column_pair_trends.value().unwrap(), trends, PRINTED, "trends");
        assert_eq!(report.pairs.iter().filter(|p| p.counts).count(), 171);
        let report = diagnostic(&real, synthetic, &[], Score::new(1.0)).unwrap();
        assert_near(report.validity.value().unwrap(), validity, PRINTED, "validity");
    }
    let own = |synthetic: &Table<'_>, column: usize| {
        let (r, s) = (real.columns(), synthetic.columns());
        contingency_similarity((&r[column], &r[30]), (&s[column], &s[30]), Binning::OwnEdges).unwrap()
    };
    for (column, in_a, in_b) in
        [(0, 0.822_152, 0.671_782), (3, 0.888_893, 0.665_147), (4, 0.766_605, 0.752_866)]
    {
        assert_near(own(&a, column), in_a, PRINTED, "own edges, A");
        assert_near(own(&b, column), in_b, PRINTED, "own edges, B");
    }
}

/// EMD and Frobenius distance of the objective vectors (five mean columns of case A).
#[test]
fn printed_objective_components() {
    let [real, a, _] = wisconsin_cases();
    let (real, a) = (real.first(5), a.first(5));
    let raw = [0.247_346, 0.292_417, 1.617_617, 24.345_173, 0.001_492];
    let scaled = [0.012_136, 0.012_133, 0.011_507, 0.010_493, 0.013_473];
    for (i, (r, s)) in real.columns().iter().zip(a.columns()).enumerate() {
        let (Column::Number(r), Column::Number(s)) = (*r, *s) else { panic!("numbers") };
        assert_near(earth_mover(r, s).unwrap(), raw[i], PRINTED, "EMD");
        assert_near(earth_mover_over_range(r, s).unwrap(), scaled[i], PRINTED, "EMD over range");
    }
    let (c_r, c_s) = (mixed_association(&real).matrix, mixed_association(&a).matrix);
    assert_near(frobenius_distance(&c_r, &c_s).unwrap(), 0.410_697, PRINTED, "Frobenius");
}
