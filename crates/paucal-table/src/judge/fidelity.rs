//! Fidelity: do synthetic rows look like real ones, column by column, pair by pair, and as a whole?

use paucal_core::{Observer, Seed};
use paucal_data::Table;
use paucal_evidence::features::{FeatureEncoder, FeatureOptions};
use paucal_evidence::split::{Cases, Fold, Plan};
use paucal_learn::{Classifier, RandomForest};
use paucal_metrics::association::mixed_association;
use paucal_metrics::classification::auroc;
use paucal_metrics::column as metric;
use paucal_metrics::coverage::{Prdc, prdc};
use paucal_metrics::objective::Components;
use paucal_metrics::privacy::encode;
use paucal_metrics::{Result as Metric, Score, Undefined, distribution, sdmetrics};
use serde::{Deserialize, Serialize};

use super::{JudgeOptions, view};
use crate::error::TableError;

/// Neighbours that a ball of precision, recall, density and coverage reaches to.
const NEIGHBOURS: usize = 5;

/// Fidelity of a candidate table (synthetic, or real held-out rows) to the real one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Fidelity {
    /// Mean over columns of 1 - EMD/range or 1 - total variation; 1 is best.
    pub univariate: Score,
    /// Similarity of the association matrices; 1 is best.
    pub bivariate: Score,
    /// AUC of a forest that tells real from candidate rows in 5 fixed folds; 0.5 is best.
    pub c2st: Score,
    /// SDMetrics' quality and diagnostic reports.
    pub sdmetrics: SdMetrics,
    /// Precision, recall, density and coverage (k = 5).
    pub coverage: Coverage,
    /// One entry per modelled column.
    pub columns: Vec<ColumnFidelity>,
    /// Association matrices, row by row, in the order of `columns`.
    pub association: Association,
}

/// The scores of SDMetrics, recomputed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SdMetrics {
    /// Quality with only associated pairs (SDMetrics since 0.27.0).
    pub quality: Score,
    /// Column Shapes.
    pub column_shapes: Score,
    /// Column Pair Trends over associated pairs.
    pub column_pair_trends: Score,
    /// Quality with all pairs (SDMetrics before 0.27.0).
    pub quality_all_pairs: Score,
    /// Column Pair Trends over all pairs.
    pub column_pair_trends_all_pairs: Score,
    /// Share of values within the real ranges and levels.
    pub data_validity: Score,
    /// Share of rows that repeat no real row within 1 %.
    pub new_row_synthesis: Score,
}

/// How the candidate covers the real rows and the other way round.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Coverage {
    /// Share of candidate rows inside the real neighbourhoods.
    pub precision: Score,
    /// Share of real rows inside the candidate's neighbourhoods.
    pub recall: Score,
    /// Mean number of real neighbourhoods around a candidate row, over k.
    pub density: Score,
    /// Share of real neighbourhoods that hold a candidate row.
    pub coverage: Score,
}

/// Fidelity of one column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ColumnFidelity {
    /// Column name.
    pub column: String,
    /// Kind of the column.
    pub kind: String,
    /// 1 - EMD/range for numbers, 1 - total variation for levels.
    pub similarity: Score,
    /// SDMetrics' KS or TV complement.
    pub shape: Score,
    /// Absolute difference of the missing rates.
    pub missing_difference: Score,
    /// Share of the real range, or of the real levels, that is covered.
    pub coverage: Score,
}

/// Association matrices of both sides.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Association {
    /// Column names.
    pub columns: Vec<String>,
    /// Real side.
    pub real: Vec<Vec<f64>>,
    /// Candidate side.
    pub candidate: Vec<Vec<f64>>,
}

/// Scores `candidate` against `real`; both share one schema.
pub(super) fn fidelity(
    real: &Table,
    candidate: &Table,
    options: &JudgeOptions,
    seed: Seed,
    observer: &dyn Observer,
) -> Result<Fidelity, TableError> {
    let (r, c) = (view::view(real)?, view::view(candidate)?);
    let (real_association, own_association) = (mixed_association(&r), mixed_association(&c));
    if own_association.undefined.len() > real_association.undefined.len() {
        observer.warn("a column is constant in the judged table: its correlations count as 0".into());
    }
    let components = components(real, candidate);
    let cut = |table: &Table, side: &str| {
        table.take(&seed.stream(side, 0).choose(table.rows(), options.distance_rows))
    };
    let prdc = neighbourhoods(&cut(real, "prdc/real"), &cut(candidate, "prdc/candidate"));
    let part = |pick: fn(&Prdc) -> f64| Score::from(prdc.as_ref().map(pick).map_err(Clone::clone));
    Ok(Fidelity {
        univariate: components.as_ref().map_err(Clone::clone).and_then(Components::univariate).into(),
        bivariate: components.as_ref().map_err(Clone::clone).and_then(bivariate).into(),
        c2st: two_sample(real, candidate, options, seed)?,
        sdmetrics: sdmetrics_scores(&r, &c),
        coverage: Coverage {
            precision: part(|p| p.precision),
            recall: part(|p| p.recall),
            density: part(|p| p.density),
            coverage: part(|p| p.coverage),
        },
        columns: view::columns(real)
            .zip(r.columns().iter().zip(c.columns()))
            .map(|(column, (r, c))| column_fidelity(&column.spec.name, column.spec.kind.name(), *r, *c))
            .collect(),
        association: Association {
            columns: view::columns(real).map(|column| column.spec.name.clone()).collect(),
            real: rows(&real_association.matrix),
            candidate: rows(&own_association.matrix),
        },
    })
}

/// The distances that univariate and bivariate similarity and the objective are made of.
pub(super) fn components(real: &Table, candidate: &Table) -> Metric<Components> {
    Components::of(&view::view(real)?, &view::view(candidate)?)
}

fn bivariate(components: &Components) -> Metric<f64> {
    components.frobenius_similarity.ok_or(Undefined::TooFew { needed: 2, found: components.columns.len() })
}

fn neighbourhoods(real: &Table, candidate: &Table) -> Metric<Prdc> {
    let (r, c) = (view::view(real)?, view::view(candidate)?);
    let [r, c] = encode(&r, [&r, &c])?;
    prdc(&r, &c, NEIGHBOURS)
}

fn rows(matrix: &ndarray::Array2<f64>) -> Vec<Vec<f64>> {
    matrix.rows().into_iter().map(|row| row.to_vec()).collect()
}

fn column_fidelity(
    name: &str,
    kind: &str,
    real: metric::Column<'_>,
    candidate: metric::Column<'_>,
) -> ColumnFidelity {
    let (similarity, shape, covered) = match (real, candidate) {
        (metric::Column::Number(r), metric::Column::Number(c)) => (
            distribution::earth_mover_over_range(r, c).map(|d| (1.0 - d).max(0.0)),
            sdmetrics::ks_complement(r, c),
            sdmetrics::range_coverage(r, c),
        ),
        (metric::Column::Category { codes: r, levels }, metric::Column::Category { codes: c, .. }) => (
            distribution::total_variation(r, c, levels).map(|d| 1.0 - d),
            sdmetrics::tv_complement(r, c, levels),
            sdmetrics::category_coverage(r, c, levels),
        ),
        _ => {
            let differ = || Err(Undefined::KindsDiffer { column: 0 });
            (differ(), differ(), differ())
        }
    };
    ColumnFidelity {
        column: name.to_owned(),
        kind: kind.to_owned(),
        similarity: similarity.into(),
        shape: shape.into(),
        missing_difference: distribution::missing_rate_difference(&real, &candidate).into(),
        coverage: covered.into(),
    }
}

fn sdmetrics_scores(real: &metric::Table<'_>, candidate: &metric::Table<'_>) -> SdMetrics {
    use sdmetrics::Convention::{AllPairs, Associated};
    let quality = |convention| sdmetrics::quality(real, candidate, convention);
    let pick = |of: &Result<sdmetrics::Quality, Undefined>, which: fn(&sdmetrics::Quality) -> &Score| match of
    {
        Ok(quality) => which(quality).clone(),
        Err(reason) => Score::from(Err(reason.clone())),
    };
    let (associated, all) = (quality(Associated), quality(AllPairs));
    let structure = Score::new(1.0);
    SdMetrics {
        quality: pick(&associated, |q| &q.score),
        column_shapes: pick(&associated, |q| &q.column_shapes),
        column_pair_trends: pick(&associated, |q| &q.column_pair_trends),
        quality_all_pairs: pick(&all, |q| &q.score),
        column_pair_trends_all_pairs: pick(&all, |q| &q.column_pair_trends),
        data_validity: match sdmetrics::diagnostic(real, candidate, &[], structure) {
            Ok(diagnostic) => diagnostic.validity,
            Err(reason) => Score::from(Err(reason)),
        },
        new_row_synthesis: sdmetrics::new_row_synthesis(real, candidate, 0.01).into(),
    }
}

/// Classifier two-sample test: equally many rows of each side (a keyed draw from the larger), five folds
/// stratified by side, a random forest, the AUC of its out-of-fold scores (Lopez-Paz & Oquab 2017).
fn two_sample(
    real: &Table,
    candidate: &Table,
    options: &JudgeOptions,
    seed: Seed,
) -> Result<Score, TableError> {
    const FOLDS: usize = 5;
    let n = real.rows().min(candidate.rows()).min(options.c2st_rows);
    if n < 2 * FOLDS {
        return Ok(Score::from(Err(Undefined::TooFew { needed: 2 * FOLDS, found: n })));
    }
    let pick = |table: &Table, side: &str| table.take(&seed.stream(side, 0).choose(table.rows(), n));
    let both = pick(real, "c2st/real").stacked(&pick(candidate, "c2st/candidate"))?.without_roles();
    let side: Vec<usize> = (0..2 * n).map(|row| usize::from(row < n)).collect();
    let classes = ["candidate".to_owned(), "real".to_owned()];
    let cases = Cases { labels: &side, classes: &classes, groups: None };
    let plan = Plan { folds: FOLDS, repeats: 1, ..Plan::default() };
    let forest = RandomForest { trees: options.trees, ..RandomForest::default() };
    let mut scores = vec![0.0; 2 * n];
    for Fold { fold, train, test, .. } in plan.split(&cases, seed)?.all {
        let (rows, held) = (both.take(&train), both.take(&test));
        let encoder = FeatureEncoder::fit(&rows, &FeatureOptions::default())?;
        let y: Vec<usize> = train.iter().map(|&row| side[row]).collect();
        let fitted =
            forest.fit(encoder.encode(&rows)?.view(), &y, 2, None, seed.child("c2st/fold", fold as u64))?;
        let probability = fitted.predict_proba(encoder.encode(&held)?.view());
        for (&row, p) in test.iter().zip(probability.rows()) {
            scores[row] = p[1];
        }
    }
    let is_real: Vec<bool> = side.iter().map(|&side| side == 1).collect();
    Ok(auroc(&is_real, &scores).into())
}
