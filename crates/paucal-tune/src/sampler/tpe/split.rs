//! Which trials are good and which are not.

use crate::trial::{Direction, State, Trial};

/// Share of the finished trials that count as good, and how many at most.
const GOOD_SHARE: f64 = 0.1;
const MOST_GOOD: usize = 25;

/// Splits trials into good and other ones, both in the order of their numbers. Running trials are among the others, so
/// that parallel workers keep apart (the constant liar).
pub fn split(trials: &[Trial], direction: Direction) -> (Vec<&Trial>, Vec<&Trial>) {
    let finished = trials.iter().filter(|t| matches!(t.state, State::Complete | State::Pruned)).count();
    let wanted = ((GOOD_SHARE * finished as f64).ceil() as usize).min(MOST_GOOD);

    let mut ranked: Vec<(Rank, &Trial)> =
        trials.iter().filter_map(|t| Some((rank(t, direction)?, t))).collect();
    // Sorting is stable: of equal trials the earlier counts as better.
    ranked.sort_by(|a, b| a.0.compare(&b.0));
    let ranked: Vec<&Trial> = ranked.into_iter().map(|(_, trial)| trial).collect();
    let (good, rest) = ranked.split_at(wanted.min(ranked.len()));

    let (mut good, mut others) = (good.to_vec(), rest.to_vec());
    others.extend(trials.iter().filter(|trial| trial.state == State::Running));
    good.sort_by_key(|trial| trial.number);
    others.sort_by_key(|trial| trial.number);
    (good, others)
}

/// Complete trials by value; then pruned ones, those that got farther first; then those that violate constraints.
struct Rank {
    group: u8,
    /// Smaller is better.
    far: i64,
    loss: f64,
}

impl Rank {
    fn compare(&self, other: &Self) -> std::cmp::Ordering {
        let far = self.far.cmp(&other.far);
        self.group.cmp(&other.group).then(far).then(self.loss.total_cmp(&other.loss))
    }
}

fn rank(trial: &Trial, direction: Direction) -> Option<Rank> {
    if !matches!(trial.state, State::Complete | State::Pruned) {
        return None;
    }
    let violation = violation(trial);
    if violation > 0.0 {
        return Some(Rank { group: 2, far: 0, loss: violation });
    }
    if trial.state == State::Complete {
        return Some(Rank { group: 0, far: 0, loss: direction.loss(trial.value?) });
    }
    // One that reported nothing is the worst of the pruned.
    let (step, value) = trial.last_report().unwrap_or((i64::MIN + 1, f64::NAN));
    let loss = if value.is_nan() { f64::INFINITY } else { direction.loss(value) };
    Some(Rank { group: 1, far: -step, loss })
}

/// Sum of the positive constraint values.
fn violation(trial: &Trial) -> f64 {
    let single = trial.system.iter().filter(|(key, _)| key.starts_with("constraints:"));
    let list = trial.system.get("constraints").and_then(|json| json.as_array()).into_iter().flatten();
    single.map(|(_, json)| json).chain(list).filter_map(serde_json::Value::as_f64).filter(|v| *v > 0.0).sum()
}
