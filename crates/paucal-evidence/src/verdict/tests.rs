use super::*;
use crate::experiment::ArmOutcome;
use crate::split::{Cases, Plan};

/// Rows whose score is class plus noise, tested in folds × repeats by arms of different noise.
struct World {
    labels: Vec<bool>,
    groups: Option<Vec<usize>>,
    splits: Splits,
}

impl World {
    fn new(rows: usize, every: usize, grouped: bool) -> Self {
        let codes: Vec<usize> = (0..rows).map(|row| usize::from(row / 2 % every == 0)).collect();
        let groups: Option<Vec<usize>> = grouped.then(|| (0..rows).map(|row| row / 2).collect());
        let classes = ["rest".to_owned(), "ill".to_owned()];
        let cases = Cases { labels: &codes, classes: &classes, groups: groups.as_deref() };
        let plan = Plan { folds: 5, repeats: 10, ..Plan::default() };
        let splits = plan.split(&cases, Seed(1)).unwrap();
        Self { labels: codes.iter().map(|&c| c == 1).collect(), groups, splits }
    }

    /// `signal`: distance of the class means in standard deviations of the noise. The noise of a row is
    /// the same for every arm and nearly the same in every repeat, as predictions of one patient are.
    fn records(&self, arm: &str, signal: f64, threshold: f64) -> Vec<CellRecord> {
        self.records_with(arm, signal, threshold, (77, 5))
    }

    /// As [`Self::records`], with seeds of the rows' noise and of its change between repeats.
    fn records_with(
        &self,
        arm: &str,
        signal: f64,
        threshold: f64,
        (rows, repeats): (u64, u64),
    ) -> Vec<CellRecord> {
        let mut stream = Seed(rows).stream("noise", 0);
        let noise: Vec<f64> = self.labels.iter().map(|_| stream.normal()).collect();
        let cell = |fold: &Fold| {
            let mut jitter = Seed(repeats).stream("jitter", (fold.repeat * 100 + fold.fold) as u64);
            let score = |&row: &usize| {
                let z = noise[row] + 0.2 * jitter.normal() + if self.labels[row] { signal } else { 0.0 };
                1.0 / (1.0 + (2.0 - z).exp())
            };
            let outcome = ArmOutcome::new(fold.test.iter().map(score).collect(), threshold);
            CellRecord {
                arm: arm.into(),
                repeat: fold.repeat,
                fold: fold.fold,
                seconds: 0.5,
                result: CellResult::Done(outcome),
            }
        };
        self.splits.all.iter().map(cell).collect()
    }

    fn judge(&self, records: &[CellRecord]) -> Verdict {
        self.judge_with(records, &VerdictOptions::default())
    }

    fn judge_with(&self, records: &[CellRecord], options: &VerdictOptions) -> Verdict {
        let evidence = Evidence {
            labels: &self.labels,
            groups: self.groups.as_deref(),
            splits: &self.splits,
            records,
            baseline: "none",
        };
        judge(&evidence, options, Seed(3)).unwrap()
    }
}

#[test]
fn better_worse_equal_and_moved_thresholds_are_told_apart() {
    let world = World::new(800, 4, false);
    let mut records = world.records("none", 1.5, 0.5);
    records.extend(world.records("better", 2.2, 0.5));
    records.extend(world.records("worse", 0.8, 0.5));
    records.extend(world.records("threshold", 1.5, 0.25));
    let verdict = world.judge(&records);
    let outcomes: Vec<Outcome> = verdict.arms.iter().map(|a| a.outcome).collect();
    assert_eq!(outcomes, [Outcome::Baseline, Outcome::Helped, Outcome::Harmed, Outcome::DidNotHelp]);
    assert_eq!(
        verdict.summary,
        "Of 3 arms compared with the baseline “none”: 1 helped (better); 1 did not help (threshold); 1 harmed (worse)."
    );
    let moved = verdict.arms[3].comparison.as_ref().unwrap();
    assert!(moved.same_ranking && moved.difference.as_ref().unwrap().p == 1.0);
    // The threshold finds more positives all the same.
    assert!(moved.found.first_only > 20 && moved.found.second_only == 0 && moved.found.p < 1e-6);
    assert!(verdict.arms[3].sentences[0].contains("exactly as none"), "{:?}", verdict.arms[3].sentences);
    assert_eq!((verdict.positives, verdict.positive_clusters), (200, 200));
    assert!(verdict.warnings.is_empty(), "{:?}", verdict.warnings);
}

#[test]
fn few_positives_cannot_tell_and_say_what_could_have_been_seen() {
    let world = World::new(160, 10, true);
    let mut records = world.records("none", 1.0, 0.5);
    records.extend(world.records("slightly better", 1.15, 0.5));
    let verdict = world.judge(&records);
    assert_eq!(verdict.positive_clusters, 8);
    let arm = &verdict.arms[1];
    assert_eq!(arm.outcome, Outcome::CannotTell, "{:?}", arm.sentences);
    assert!(arm.sentences.iter().any(|s| s.contains("8 positive groups")), "{:?}", arm.sentences);
    assert!(verdict.warnings.iter().any(|w| w.contains("only 8 positive groups")));
}

#[test]
fn a_failed_cell_ends_the_comparison() {
    let world = World::new(200, 4, false);
    let mut records = world.records("none", 1.0, 0.5);
    let mut other = world.records("other", 3.0, 0.5);
    other[7].result = CellResult::Failed { reason: "out of patience".into() };
    records.extend(other);
    let verdict = world.judge(&records);
    let arm = &verdict.arms[1];
    assert_eq!((arm.outcome, arm.cells, arm.failed.len()), (Outcome::Failed, 49, 1));
    assert_eq!(arm.sentences, ["other failed in 1 of 50 cells: out of patience."]);
    assert_eq!(
        verdict.summary,
        "Of 1 arm compared with the baseline “none”: no arm helped; 1 failed (other)."
    );
}

#[test]
fn the_verdict_survives_json_and_is_reproducible() {
    let world = World::new(200, 4, true);
    let mut records = world.records("none", 1.0, 0.5);
    records.extend(world.records("other", 1.2, 0.4));
    let verdict = world.judge(&records);
    assert_eq!(verdict, world.judge(&records));
    let text = serde_json::to_string(&verdict).unwrap();
    assert_eq!(serde_json::from_str::<Verdict>(&text).unwrap(), verdict);
}

#[test]
fn a_missing_baseline_is_refused() {
    let world = World::new(200, 4, false);
    let records = world.records("other", 1.0, 0.5);
    let evidence = Evidence {
        labels: &world.labels,
        groups: None,
        splits: &world.splits,
        records: &records,
        baseline: "none",
    };
    let refused = judge(&evidence, &VerdictOptions::default(), Seed(1)).unwrap_err();
    assert!(matches!(refused, EvidenceError::UnknownArm(_)));
    let options = VerdictOptions { margin: 0.0, ..VerdictOptions::default() };
    assert!(judge(&evidence, &options, Seed(1)).is_err());
}

#[test]
fn arms_that_differ_by_luck_are_seldom_said_to_help() {
    let world = World::new(200, 5, false);
    let bootstrap = Bootstrap { replicates: 300, ..Bootstrap::default() };
    let options = VerdictOptions { bootstrap, ..VerdictOptions::default() };
    let wrong = |trial: &u64| {
        let mut records = world.records_with("none", 1.0, 0.5, (*trial, 1));
        records.extend(world.records_with("same", 1.0, 0.5, (*trial, 2)));
        records.extend(world.records_with("again", 1.0, 0.5, (*trial, 3)));
        let verdict = world.judge_with(&records, &options);
        verdict.arms.iter().any(|a| matches!(a.outcome, Outcome::Helped | Outcome::Harmed))
    };
    let claims = (0..60).filter(wrong).count();
    // At a rate of 5 % more than 8 of 60 have a probability of 0.5 %.
    assert!(claims <= 8, "{claims} of 60");
}
