//! What the course of a search says: did more trials still pay, and is the gain more than noise?

use serde::{Deserialize, Serialize};

use super::TrialFacts;

/// The course of a search.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Course {
    /// After each finished trial: what it had cost by then, and the best by then.
    pub budget: Vec<Spent>,
    /// Expected best of the first `n` trials had they come in random order, for n = 1, 2, …
    pub expected_best: Vec<f64>,
    /// What the second half of the trials added to the expected best.
    pub last_doubling: Option<f64>,
    /// Standard error of a trial's objective: its scatter over the splits beyond what all trials share.
    pub noise: Option<f64>,
}

/// The state of a search after a trial.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Spent {
    /// Number of the trial.
    pub trial: u64,
    /// Seconds of all trials so far, added up.
    pub seconds: f64,
    /// Best objective so far.
    pub best: f64,
    /// Its similarity.
    pub similarity: Option<f64>,
    /// Its accuracy.
    pub accuracy: Option<f64>,
}

impl Course {
    /// The course of these trials, which come by number.
    pub fn of(trials: &[TrialFacts]) -> Self {
        let values: Vec<f64> =
            trials.iter().filter(|t| t.state == "complete").filter_map(|t| t.value).collect();
        let expected_best = expected_best(&values);
        let n = expected_best.len();
        let last_doubling = (n >= 4).then(|| expected_best[n - 1] - expected_best[n / 2 - 1]);
        Self { budget: budget(trials), expected_best, last_doubling, noise: noise(trials) }
    }

    /// Whether the last doubling added less than the noise of one trial; `None` when there are too few trials.
    pub fn is_flat(&self) -> Option<bool> {
        Some(self.last_doubling? < self.noise?)
    }
}

fn budget(trials: &[TrialFacts]) -> Vec<Spent> {
    let mut seconds = 0.0;
    let mut best: Option<(f64, &TrialFacts)> = None;
    let mut points = Vec::new();
    for trial in trials {
        seconds += trial.seconds.unwrap_or(0.0);
        if let Some(value) = trial.value.filter(|_| trial.state == "complete")
            && best.is_none_or(|(highest, _)| value > highest)
        {
            best = Some((value, trial));
        }
        if let Some((value, by)) = best {
            let part = |name: &str| by.components.get(name).copied();
            let (similarity, accuracy) = (part("similarity"), part("accuracy"));
            points.push(Spent { trial: trial.number, seconds, best: value, similarity, accuracy });
        }
    }
    points
}

/// E\[max of m of the values, drawn without replacement\] for m = 1 to n: the i-th smallest is the largest of m with
/// probability C(i − 1, m − 1) / C(n, m).
fn expected_best(values: &[f64]) -> Vec<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(|a, b| b.total_cmp(a));
    let n = sorted.len();
    let of = |m: usize| {
        // From the largest down: it is drawn with probability m/n; given that none above it was, the next with
        // m/(n − 1), and so on.
        let (mut rest, mut sum) = (1.0, 0.0);
        for (above, value) in sorted.iter().enumerate() {
            let chance = (m as f64 / (n - above) as f64).min(1.0);
            sum += rest * chance * value;
            rest *= 1.0 - chance;
        }
        sum
    };
    (1..=n).map(of).collect()
}

/// Trials × splits without replication: the residual after means of trials and of splits is noise.
fn noise(trials: &[TrialFacts]) -> Option<f64> {
    let splits = trials.iter().map(|t| t.splits.len()).max()?;
    let rows: Vec<&[f64]> =
        trials.iter().filter(|t| t.splits.len() == splits).map(|t| t.splits.as_slice()).collect();
    let (n, k) = (rows.len(), splits);
    if n < 3 || k < 2 {
        return None;
    }
    let mean = |values: &mut dyn Iterator<Item = f64>, count: usize| values.sum::<f64>() / count as f64;
    let all = mean(&mut rows.iter().flat_map(|r| r.iter().copied()), n * k);
    let of_split: Vec<f64> = (0..k).map(|j| mean(&mut rows.iter().map(|r| r[j]), n)).collect();
    let mut squares = 0.0;
    for row in &rows {
        let of_row = mean(&mut row.iter().copied(), k);
        squares += row.iter().zip(&of_split).map(|(x, s)| (x - of_row - s + all).powi(2)).sum::<f64>();
    }
    let variance = squares / ((n - 1) * (k - 1)) as f64;
    Some((variance / k as f64).sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_expected_best_of_a_few() {
        let found = expected_best(&[1.0, 2.0, 3.0]);
        // Of two of {1, 2, 3}: max is 2 once and 3 twice.
        let want = [2.0, 8.0 / 3.0, 3.0];
        assert!(found.iter().zip(want).all(|(a, b)| (a - b).abs() < 1e-12), "{found:?}");
        assert!(expected_best(&[]).is_empty());
    }

    #[test]
    fn what_all_trials_share_is_no_noise() {
        let trial = |number: u64, splits: [f64; 2]| TrialFacts {
            number,
            state: "complete".into(),
            value: Some(f64::midpoint(splits[0], splits[1])),
            components: [("similarity".to_owned(), splits[0])].into(),
            splits: splits.to_vec(),
            parameters: std::collections::BTreeMap::new(),
            seconds: Some(2.0),
            error: None,
        };
        // The second split is harder by 0.1 for all: no noise at all.
        let even: Vec<TrialFacts> =
            (0..6).map(|i| trial(i, [0.8 + 0.01 * i as f64, 0.7 + 0.01 * i as f64])).collect();
        let course = Course::of(&even);
        assert!(course.noise.unwrap() < 1e-9);
        assert_eq!(course.is_flat(), Some(false));
        let last = course.budget.last().unwrap();
        assert_eq!((last.trial, last.seconds), (5, 12.0));
        assert!((last.best - 0.8).abs() < 1e-12 && (last.similarity.unwrap() - 0.85).abs() < 1e-12);
        // Splits that disagree about the trials: noise, and a search that gains nothing over it.
        let odd: Vec<TrialFacts> =
            (0..6).map(|i| if i % 2 == 0 { trial(i, [0.9, 0.7]) } else { trial(i, [0.7, 0.9]) }).collect();
        assert!(Course::of(&odd).noise.unwrap() > 0.05);
        assert_eq!(Course::of(&odd).is_flat(), Some(true));
    }
}
