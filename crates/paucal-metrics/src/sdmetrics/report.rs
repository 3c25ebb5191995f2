//! SDMetrics' two reports: quality (Column Shapes, Column Pair Trends) and diagnostic (Data
//! Validity, Data Structure).

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::association::pearson;
use crate::column::{Column, Table};
use crate::score::mean_of_defined;
use crate::sdmetrics::column::{
    boundary_adherence, category_adherence, key_uniqueness, ks_complement, tv_complement,
};
use crate::sdmetrics::pair::{cell_association, cell_similarity, own_categories};
use crate::{Result, Score, Undefined};

/// Pairs of numbers count when `|ρ_real|` exceeds this.
const CORRELATION_THRESHOLD: f64 = 0.5;
/// Pairs with a category count when the real Cramér's V exceeds this.
const ASSOCIATION_THRESHOLD: f64 = 0.3;

/// Which pairs Column Pair Trends averages. Scores of the two conventions are not comparable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Convention {
    /// SDMetrics since 0.27.0: only pairs associated in the real data, `|ρ| > 0.5` or `V > 0.3`.
    Associated,
    /// SDMetrics before 0.27.0: every pair.
    AllPairs,
}

/// The score of one column by the metric that fits its kind.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ColumnScore {
    /// Position of the column.
    pub column: usize,
    /// Registry name of the metric.
    pub metric: String,
    /// Its score.
    pub score: Score,
}

/// The score of one pair of columns.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PairScore {
    /// Position of the first column.
    pub first: usize,
    /// Position of the second column, greater than `first`.
    pub second: usize,
    /// Registry name of the metric.
    pub metric: String,
    /// Its score.
    pub score: Score,
    /// Association of the pair in the real table: Pearson's ρ, or Cramér's V of the binned columns.
    pub association: Score,
    /// Whether the pair enters the average under the convention.
    pub counts: bool,
}

/// The quality report. All scores in `[0, 1]`, higher is better.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Quality {
    /// Which pairs were averaged.
    pub convention: Convention,
    /// Mean of the two properties that are defined.
    pub score: Score,
    /// Column Shapes: mean over the columns.
    pub column_shapes: Score,
    /// Column Pair Trends: mean over the pairs that count.
    pub column_pair_trends: Score,
    /// One entry per column.
    pub columns: Vec<ColumnScore>,
    /// One entry per pair, in the order (0, 1), (0, 2), ...
    pub pairs: Vec<PairScore>,
}

/// Computes the quality report. Leave key columns out of both tables.
pub fn quality(real: &Table<'_>, synthetic: &Table<'_>, convention: Convention) -> Result<Quality> {
    real.check_comparable(synthetic)?;
    let columns: Vec<ColumnScore> = score_columns(real, synthetic, |_, r, s| match (r, s) {
        (Column::Number(r), Column::Number(s)) => ("ks_complement", ks_complement(r, s)),
        (Column::Category { codes: r, levels }, Column::Category { codes: s, .. }) => {
            ("tv_complement", tv_complement(r, s, levels))
        }
        _ => ("tv_complement", Err(Undefined::KindsDiffer { column: 0 })),
    });
    let pairs = score_pairs(real, synthetic, convention);
    let column_shapes = Score::from(mean_of_defined(columns.iter().map(|c| &c.score)));
    let trends = mean_of_defined(pairs.iter().filter(|p| p.counts).map(|p| &p.score));
    let column_pair_trends = Score::from(trends);
    let score = mean_of_defined([&column_shapes, &column_pair_trends]).into();
    Ok(Quality { convention, score, column_shapes, column_pair_trends, columns, pairs })
}

/// The codes that a column has in the report's contingency tables.
struct Categories {
    real: Result<Vec<u32>>,
    synthetic: Result<Vec<u32>>,
}

fn score_pairs(real: &Table<'_>, synthetic: &Table<'_>, convention: Convention) -> Vec<PairScore> {
    let (r, s) = (real.columns(), synthetic.columns());
    let categories: Vec<Categories> = r
        .iter()
        .zip(s)
        .map(|(r, s)| Categories { real: own_categories(r), synthetic: own_categories(s) })
        .collect();
    let pairs: Vec<(usize, usize)> =
        (0..r.len()).flat_map(|i| (i + 1..r.len()).map(move |j| (i, j))).collect();
    pairs
        .into_par_iter()
        .map(|(first, second)| {
            let numbers = (r[first], r[second], s[first], s[second]);
            let (metric, association, score, threshold) =
                if let (Column::Number(rx), Column::Number(ry), Column::Number(sx), Column::Number(sy)) =
                    numbers
                {
                    let association = pearson(rx, ry);
                    let score = correlations_alike(&association, pearson(sx, sy));
                    ("correlation_similarity", association, score, CORRELATION_THRESHOLD)
                } else {
                    let (association, score) = contingency(&categories[first], &categories[second]);
                    ("contingency_similarity", association, score, ASSOCIATION_THRESHOLD)
                };
            let strong = association.as_ref().is_ok_and(|a| a.abs() > threshold);
            PairScore {
                first,
                second,
                metric: metric.to_owned(),
                score: score.into(),
                association: association.into(),
                counts: convention == Convention::AllPairs || strong,
            }
        })
        .collect()
}

fn correlations_alike(real: &Result<f64>, synthetic: Result<f64>) -> Result<f64> {
    Ok(1.0 - (real.clone()? - synthetic?).abs() / 2.0)
}

/// Real association and contingency similarity of two coded columns.
fn contingency(x: &Categories, y: &Categories) -> (Result<f64>, Result<f64>) {
    let both = |a: &Result<Vec<u32>>, b: &Result<Vec<u32>>| Ok((a.clone()?, b.clone()?));
    let real: Result<(Vec<u32>, Vec<u32>)> = both(&x.real, &y.real);
    let synthetic: Result<(Vec<u32>, Vec<u32>)> = both(&x.synthetic, &y.synthetic);
    match (real, synthetic) {
        (Ok(r), Ok(s)) => (cell_association(&r.0, &r.1), cell_similarity((&r.0, &r.1), (&s.0, &s.1))),
        (Ok(r), Err(reason)) => (cell_association(&r.0, &r.1), Err(reason)),
        (Err(reason), _) => (Err(reason.clone()), Err(reason)),
    }
}

/// The diagnostic report. All scores in `[0, 1]`; anything below 1 deserves a look.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Diagnostic {
    /// Mean of the two properties.
    pub score: Score,
    /// Data Validity: mean adherence (uniqueness for keys) over the columns.
    pub validity: Score,
    /// Data Structure: [`crate::sdmetrics::table_structure`], handed in.
    pub structure: Score,
    /// One entry per column.
    pub columns: Vec<ColumnScore>,
}

/// Computes the diagnostic report. `keys` are positions of columns that must be unique; `structure`
/// is the outcome of [`crate::sdmetrics::table_structure`].
pub fn diagnostic(
    real: &Table<'_>,
    synthetic: &Table<'_>,
    keys: &[usize],
    structure: Score,
) -> Result<Diagnostic> {
    real.check_comparable(synthetic)?;
    let columns = score_columns(real, synthetic, |i, r, s| match (r, s) {
        _ if keys.contains(&i) => ("key_uniqueness", key_uniqueness(&s)),
        (Column::Number(r), Column::Number(s)) => ("boundary_adherence", boundary_adherence(r, s)),
        (Column::Category { codes: r, levels }, Column::Category { codes: s, .. }) => {
            ("category_adherence", category_adherence(r, s, levels))
        }
        _ => ("category_adherence", Err(Undefined::KindsDiffer { column: i })),
    });
    let validity = Score::from(mean_of_defined(columns.iter().map(|c| &c.score)));
    let score = mean_of_defined([&validity, &structure]).into();
    Ok(Diagnostic { score, validity, structure, columns })
}

fn score_columns<'a>(
    real: &Table<'a>,
    synthetic: &Table<'a>,
    metric: impl Fn(usize, Column<'a>, Column<'a>) -> (&'static str, Result<f64>),
) -> Vec<ColumnScore> {
    let pairs = real.columns().iter().zip(synthetic.columns()).enumerate();
    pairs
        .map(|(column, (r, s))| {
            let (name, score) = metric(column, *r, *s);
            ColumnScore { column, metric: name.to_owned(), score: score.into() }
        })
        .collect()
}
