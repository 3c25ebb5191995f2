//! Privacy: do synthetic rows lie nearer to the rows the generator saw than to rows it did not see?
//!
//! None of these numbers is a guarantee. They find careless copying, and they are shown beside what real held-out
//! patients score.

use paucal_core::Seed;
use paucal_data::Table;
use paucal_metrics::column as metric;
use paucal_metrics::interval::{Bootstrap, Interval};
use paucal_metrics::privacy::{
    self as measures, Attack, Closer, adversarial_accuracy, distance_ratio, encode, exact_copies,
    identifiability, nearest, nearest_attack, share_closer_to_train, summarise_distances,
};
use paucal_metrics::{Result as Metric, Score, Undefined};
use serde::{Deserialize, Serialize};

use super::{JudgeOptions, mean_score, view};

/// Subsamples of the larger side when both must have one size.
const SUBSAMPLES: usize = 10;

/// Privacy of a candidate table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Privacy {
    /// Share of candidate rows that are closer to a training row than to an unseen row; 0.5 is ideal.
    pub dcr_closer_to_train: Score,
    /// Its bootstrap interval.
    pub dcr_closer_to_train_interval: Option<Interval>,
    /// Number of candidate rows that equal a training row.
    pub exact_copies: Score,
    /// Their share.
    pub exact_copy_share: Score,
    /// AUC of the nearest-distance membership attack; 0.5 is ideal.
    pub membership_auc: Score,
    /// Details of the attack.
    pub membership: Option<Membership>,
    /// Gower distances from candidate rows to their nearest training row.
    pub dcr: Distances,
    /// Mean ratio of the nearest to the second nearest training row.
    pub nndr_mean: Score,
    /// 5th percentile of that ratio: near 0, a row points at one patient.
    pub nndr_p5: Score,
    /// Nearest-neighbour adversarial accuracy; 0.5 is ideal.
    pub nnaa: Score,
    /// Share of real rows whose nearest candidate row is nearer than their nearest other real row.
    pub identifiability: Score,
}

/// Summary of distances to the closest training row.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Distances {
    /// Smallest; 0 is a copy.
    pub min: Score,
    /// 5th percentile.
    pub p5: Score,
    /// Median.
    pub median: Score,
    /// Mean.
    pub mean: Score,
    /// Percentiles 0, 5, …, 100, for the figure.
    pub percentiles: Vec<f64>,
}

/// Details of the membership attack.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Membership {
    /// Bootstrap interval of the AUC.
    pub interval: Interval,
    /// Share of members found at a false positive rate of 1 %.
    pub tpr_at_1_percent: f64,
    /// Share of members found at a false positive rate of 10 %.
    pub tpr_at_10_percent: f64,
    /// Members tried.
    pub members: usize,
    /// Non-members tried.
    pub non_members: usize,
}

/// Measures a candidate against the training rows and, if there are any, unseen rows.
pub(super) fn privacy(
    real: &Table,
    candidate: &Table,
    unseen: Option<&Table>,
    options: &JudgeOptions,
    seed: Seed,
) -> Privacy {
    let cut = |table: &Table, side: &str| {
        if table.rows() <= options.distance_rows {
            return table.clone();
        }
        table.take(&seed.stream(side, 0).choose(table.rows(), options.distance_rows))
    };
    let copies = view::view(real).and_then(|r| exact_copies(&r, &view::view(candidate)?));
    let (real, candidate) = (cut(real, "privacy/real"), cut(candidate, "privacy/candidate"));
    let unseen = unseen.map(|table| cut(table, "privacy/unseen"));
    let near = view::view(&real).and_then(|r| Near::of(&r, &view::view(&candidate)?));
    let against = match &unseen {
        Some(unseen) => against_unseen(&real, &candidate, unseen, options, seed),
        // There is no better word for it than that the other side is empty.
        None => Err(Undefined::Empty),
    };
    let part = |pick: fn(&Near) -> f64| Score::from(near.as_ref().map(pick).map_err(Clone::clone));
    let (closer, attack) = match against {
        Ok((closer, attack)) => (Ok(closer), Ok(attack)),
        Err(reason) => (Err(reason.clone()), Err(reason)),
    };
    Privacy {
        dcr_closer_to_train: closer.as_ref().map(|c| c.share).map_err(Clone::clone).into(),
        dcr_closer_to_train_interval: closer.ok().map(|c| c.interval),
        exact_copies: copies.as_ref().map(|c| c.count as f64).map_err(Clone::clone).into(),
        exact_copy_share: copies.map(|c| c.share).into(),
        membership_auc: attack.as_ref().map(|a| a.auc).map_err(Clone::clone).into(),
        membership: attack.ok().map(|attack| Membership {
            interval: attack.auc_interval,
            tpr_at_1_percent: attack.tpr_at_1_percent,
            tpr_at_10_percent: attack.tpr_at_10_percent,
            members: attack.members,
            non_members: attack.non_members,
        }),
        dcr: Distances {
            min: part(|n| n.summary.min),
            p5: part(|n| n.summary.p5),
            median: part(|n| n.summary.median),
            mean: part(|n| n.summary.mean),
            percentiles: near.as_ref().map(|n| n.percentiles.clone()).unwrap_or_default(),
        },
        nndr_mean: part(|n| n.ratio.mean),
        nndr_p5: part(|n| n.ratio.p5),
        nnaa: part(|n| n.adversarial),
        identifiability: part(|n| n.identifiable),
    }
}

/// Measures that need only the training rows.
struct Near {
    summary: measures::DistanceSummary,
    percentiles: Vec<f64>,
    ratio: measures::DistanceRatio,
    adversarial: f64,
    identifiable: f64,
}

impl Near {
    fn of(real: &metric::Table<'_>, candidate: &metric::Table<'_>) -> Metric<Self> {
        let [r, c] = encode(real, [real, candidate])?;
        let mut distances = nearest(&c, &r)?;
        distances.sort_unstable_by(f64::total_cmp);
        let at = |percent: usize| distances[(distances.len() - 1) * percent / 100];
        Ok(Self {
            summary: summarise_distances(&distances)?,
            percentiles: (0..=100).step_by(5).map(at).collect(),
            ratio: distance_ratio(&c, &r)?,
            adversarial: adversarial_accuracy(&r, &c)?,
            identifiable: identifiability(&r, &c)?,
        })
    }
}

fn against_unseen(
    real: &Table,
    candidate: &Table,
    unseen: &Table,
    options: &JudgeOptions,
    seed: Seed,
) -> Metric<(Closer, Attack)> {
    let (r, c, u) = (view::view(real)?, view::view(candidate)?, view::view(unseen)?);
    let [r, c, u] = encode(&r, [&r, &c, &u])?;
    let bootstrap =
        Bootstrap { repeats: options.resamples, ..Bootstrap::new(seed.child("privacy/bootstrap", 0)) };
    Ok((share_closer_to_train(&r, &u, &c, SUBSAMPLES, &bootstrap)?, nearest_attack(&r, &u, &c, &bootstrap)?))
}

impl Privacy {
    /// The mean of two cross-fitted halves. Intervals are those of the first half, widened to hold the
    /// second's: half a hold-out knows no more than that.
    pub(super) fn mean(a: &Self, b: &Self) -> Self {
        let mean = mean_score;
        let hull = |a: &Option<Interval>, b: &Option<Interval>| {
            a.as_ref().zip(b.as_ref()).map(|(a, b)| Interval {
                low: a.low.min(b.low),
                high: a.high.max(b.high),
                ..*a
            })
        };
        Self {
            dcr_closer_to_train: mean(&a.dcr_closer_to_train, &b.dcr_closer_to_train),
            dcr_closer_to_train_interval: hull(
                &a.dcr_closer_to_train_interval,
                &b.dcr_closer_to_train_interval,
            ),
            exact_copies: sum(&a.exact_copies, &b.exact_copies),
            exact_copy_share: mean(&a.exact_copy_share, &b.exact_copy_share),
            membership_auc: mean(&a.membership_auc, &b.membership_auc),
            membership: a.membership.as_ref().zip(b.membership.as_ref()).map(|(a, b)| Membership::mean(a, b)),
            dcr: Distances {
                min: mean(&a.dcr.min, &b.dcr.min),
                p5: mean(&a.dcr.p5, &b.dcr.p5),
                median: mean(&a.dcr.median, &b.dcr.median),
                mean: mean(&a.dcr.mean, &b.dcr.mean),
                percentiles: a
                    .dcr
                    .percentiles
                    .iter()
                    .zip(&b.dcr.percentiles)
                    .map(|(a, b)| f64::midpoint(*a, *b))
                    .collect(),
            },
            nndr_mean: mean(&a.nndr_mean, &b.nndr_mean),
            nndr_p5: mean(&a.nndr_p5, &b.nndr_p5),
            nnaa: mean(&a.nnaa, &b.nnaa),
            identifiability: mean(&a.identifiability, &b.identifiability),
        }
    }
}

impl Membership {
    fn mean(a: &Self, b: &Self) -> Self {
        Self {
            interval: Interval {
                low: a.interval.low.min(b.interval.low),
                high: a.interval.high.max(b.interval.high),
                ..a.interval
            },
            tpr_at_1_percent: f64::midpoint(a.tpr_at_1_percent, b.tpr_at_1_percent),
            tpr_at_10_percent: f64::midpoint(a.tpr_at_10_percent, b.tpr_at_10_percent),
            members: a.members,
            non_members: a.non_members + b.non_members,
        }
    }
}

/// Counts of both halves add up.
fn sum(a: &Score, b: &Score) -> Score {
    match (a.value(), b.value()) {
        (Some(a), Some(b)) => Score::new(a + b),
        _ => mean_score(a, b),
    }
}
