//! Can an attacker tell who was in the training table?
//!
//! An attack scores records; members are training rows, non-members are real rows the generator never
//! saw. Its success is the AUROC of that score, and the share of members found while hardly any
//! non-member is accused (Carlini et al. 2022).

use serde::{Deserialize, Serialize};

use crate::classification::{auroc, true_positive_rate_at};
use crate::interval::{Bootstrap, Ends, Interval};
use crate::privacy::gower::{Rows, nearest};
use crate::{Result, Undefined};

/// The success of a membership attack.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Attack {
    /// AUROC in `[0, 1]`; 0.5 is guessing, higher is worse for privacy.
    pub auc: f64,
    /// Its bootstrap interval, members and non-members resampled on their own.
    pub auc_interval: Interval,
    /// Share of members found at a false positive rate of at most 1 %; 0.01 is guessing.
    pub tpr_at_1_percent: f64,
    /// Its bootstrap interval.
    pub tpr_at_1_percent_interval: Interval,
    /// Share of members found at a false positive rate of at most 10 %; 0.1 is guessing.
    pub tpr_at_10_percent: f64,
    /// Its bootstrap interval.
    pub tpr_at_10_percent_interval: Interval,
    /// Number of members tried.
    pub members: usize,
    /// Number of non-members tried; below 100, the rate at 1 % rests on not a single false alarm.
    pub non_members: usize,
}

/// The nearest-distance attack: a record is the more suspicious the nearer its nearest synthetic row,
/// `score(x) = -d(x, S)`. Cheap, and the first thing an attacker tries.
pub fn nearest_attack(
    members: &Rows,
    non_members: &Rows,
    synthetic: &Rows,
    bootstrap: &Bootstrap,
) -> Result<Attack> {
    let suspicion = |rows| Ok(nearest(rows, synthetic)?.into_iter().map(|d| -d).collect::<Vec<f64>>());
    judge_attack(&suspicion(members)?, &suspicion(non_members)?, bootstrap)
}

/// A summary of how well scores tell members from non-members.
type Measure = dyn Fn(&[bool], &[f64]) -> Result<f64> + Sync;

/// The success of any attack from the scores it gave to members and non-members, higher meaning more
/// suspicious.
pub fn judge_attack(members: &[f64], non_members: &[f64], bootstrap: &Bootstrap) -> Result<Attack> {
    if members.is_empty() || non_members.is_empty() {
        return Err(Undefined::Empty);
    }
    let score = [members, non_members].concat();
    let truth: Vec<bool> = (0..score.len()).map(|i| i < members.len()).collect();
    let measure = |of: &Measure| -> Result<(f64, Interval)> {
        let resampled = |rows: &[usize]| {
            let (t, s): (Vec<bool>, Vec<f64>) = rows.iter().map(|&i| (truth[i], score[i])).unzip();
            of(&t, &s)
        };
        let interval =
            bootstrap.interval(&[members.len(), non_members.len()], Ends::Percentile, resampled)?;
        Ok((of(&truth, &score)?, interval))
    };
    let (auc, auc_interval) = measure(&auroc)?;
    let (tpr_at_1_percent, tpr_at_1_percent_interval) = measure(&|t, s| true_positive_rate_at(t, s, 0.01))?;
    let (tpr_at_10_percent, tpr_at_10_percent_interval) = measure(&|t, s| true_positive_rate_at(t, s, 0.1))?;
    Ok(Attack {
        auc,
        auc_interval,
        tpr_at_1_percent,
        tpr_at_1_percent_interval,
        tpr_at_10_percent,
        tpr_at_10_percent_interval,
        members: members.len(),
        non_members: non_members.len(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::privacy::encode;
    use crate::{Column, Table};
    use paucal_core::Seed;

    #[test]
    fn copying_the_members_gives_them_away() {
        let mut stream = Seed(4).stream("test", 0);
        let mut draw = || -> Vec<f64> { (0..60).map(|_| stream.normal()).collect() };
        let (members, others) = (draw(), draw());
        let table = |values| Table::new(vec![Column::Number(values)]).unwrap();
        let (m, o) = (table(&members), table(&others));
        let [m, o] = encode(&m, [&m, &o]).unwrap();
        let bootstrap = Bootstrap { repeats: 200, ..Bootstrap::new(Seed(1)) };
        let caught = nearest_attack(&m, &o, &m, &bootstrap).unwrap();
        assert_eq!((caught.auc, caught.tpr_at_1_percent), (1.0, 1.0));
        assert_eq!((caught.members, caught.non_members), (60, 60));
        let honest = nearest_attack(&m.select(&[0, 1, 2]), &o.select(&[3, 4, 5]), &o, &bootstrap).unwrap();
        assert!(honest.auc <= 0.5);
    }

    #[test]
    fn scores_without_information_are_guessing() {
        let attack = judge_attack(&[1.0; 50], &[1.0; 40], &Bootstrap::new(Seed(1))).unwrap();
        assert_eq!((attack.auc, attack.tpr_at_10_percent), (0.5, 0.0));
        assert_eq!((attack.auc_interval.low, attack.auc_interval.high), (0.5, 0.5));
    }
}
