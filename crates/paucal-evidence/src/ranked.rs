//! Ranking measures under row weights, sorted once and evaluated thousands of times by the bootstrap.
//!
//! With all weights 1 they are `paucal_metrics::classification`'s average precision and AUROC.

/// A ranking measure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Measure {
    /// Average precision.
    Auprc,
    /// Area under the ROC curve.
    Auroc,
}

/// Test rows in falling order of their score.
#[derive(Debug, Clone)]
pub(crate) struct Ranked {
    /// Cluster and label of each row.
    rows: Vec<(usize, bool)>,
    /// End of each run of equal scores.
    ends: Vec<usize>,
}

impl Ranked {
    /// Sorts rows given by score, label and cluster. Scores are finite.
    pub fn new(scores: &[f64], labels: impl Fn(usize) -> bool, clusters: impl Fn(usize) -> usize) -> Self {
        let mut order: Vec<usize> = (0..scores.len()).collect();
        order.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]));
        let mut ends = Vec::new();
        for tied in order.chunk_by(|&a, &b| scores[a] == scores[b]) {
            ends.push(ends.last().unwrap_or(&0) + tied.len());
        }
        Self { rows: order.into_iter().map(|row| (clusters(row), labels(row))).collect(), ends }
    }

    /// The measure when each row counts as often as its cluster; `None` when it is undefined.
    pub fn measure(&self, measure: Measure, weights: &[f64]) -> Option<f64> {
        let (mut positive, mut negative, mut area) = (0.0, 0.0, 0.0);
        let mut begin = 0;
        for &end in &self.ends {
            let (mut p, mut n) = (0.0, 0.0);
            for &(cluster, label) in &self.rows[begin..end] {
                if label {
                    p += weights[cluster];
                } else {
                    n += weights[cluster];
                }
            }
            begin = end;
            match measure {
                Measure::Auroc => area += n * (positive + p / 2.0),
                Measure::Auprc if p > 0.0 => area += p * (positive + p) / (positive + p + negative + n),
                Measure::Auprc => {}
            }
            positive += p;
            negative += n;
        }
        match measure {
            Measure::Auroc => (positive * negative > 0.0).then(|| area / (positive * negative)),
            Measure::Auprc => (positive > 0.0).then(|| area / positive),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use paucal_core::Seed;
    use paucal_metrics::classification::{auroc, average_precision};

    #[test]
    fn as_the_metrics_crate_and_weights_are_repetitions() {
        let mut stream = Seed(1).stream("scores", 0);
        let scores: Vec<f64> = (0..60).map(|_| (stream.uniform() * 20.0).floor()).collect();
        let labels: Vec<bool> = scores.iter().map(|s| stream.uniform() < 0.1 + s / 40.0).collect();
        let weights: Vec<f64> = (0..60).map(|_| stream.index(3) as f64).collect();
        let ranked = Ranked::new(&scores, |row| labels[row], |row| row);
        let ones = vec![1.0; 60];
        let repeat = |row: usize| std::iter::repeat_n(row, weights[row] as usize);
        let rows: Vec<usize> = (0..60).flat_map(repeat).collect();
        let (l, s): (Vec<bool>, Vec<f64>) = rows.iter().map(|&row| (labels[row], scores[row])).unzip();
        let same = |a: Option<f64>, b: f64| assert!((a.unwrap() - b).abs() < 1e-12, "{a:?} {b}");
        same(ranked.measure(Measure::Auprc, &ones), average_precision(&labels, &scores).unwrap());
        same(ranked.measure(Measure::Auroc, &ones), auroc(&labels, &scores).unwrap());
        same(ranked.measure(Measure::Auprc, &weights), average_precision(&l, &s).unwrap());
        same(ranked.measure(Measure::Auroc, &weights), auroc(&l, &s).unwrap());
        assert_eq!(ranked.measure(Measure::Auroc, &vec![0.0; 60]), None);
    }
}
