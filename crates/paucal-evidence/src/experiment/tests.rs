use std::sync::atomic::{AtomicUsize, Ordering};

use paucal_core::{Cancel, Silent};

use super::*;
use crate::EvidenceError;
use crate::split::{Cases, Plan, Splits};

/// Predicts random numbers and counts its runs; may fail in a fold or ask for a stop.
struct Dice<'a> {
    name: &'static str,
    runs: &'a AtomicUsize,
    fail_in: Option<usize>,
    stop_after: Option<(usize, Cancel)>,
}

impl Arm for Dice<'_> {
    fn name(&self) -> &str {
        self.name
    }

    fn describe(&self) -> String {
        "throws dice".into()
    }

    fn run(&self, cell: &Cell<'_>) -> Result<ArmOutcome, ArmError> {
        let runs = self.runs.fetch_add(1, Ordering::SeqCst) + 1;
        if let Some((after, cancel)) = &self.stop_after
            && runs >= *after
        {
            cancel.request();
        }
        if self.fail_in == Some(cell.fold) {
            return Err("the dice fell off the table".into());
        }
        let mut stream = cell.seed.stream("dice", 0);
        Ok(ArmOutcome::new(cell.test.iter().map(|_| stream.uniform()).collect(), 0.5))
    }
}

fn splits() -> Splits {
    let labels: Vec<usize> = (0..40).map(|row| usize::from(row % 4 == 0)).collect();
    let classes = ["a".to_owned(), "b".to_owned()];
    let plan = Plan { folds: 4, repeats: 3, ..Plan::default() };
    plan.split(&Cases { labels: &labels, classes: &classes, groups: None }, Seed(1)).unwrap()
}

fn without_seconds(mut records: Vec<CellRecord>) -> Vec<CellRecord> {
    for record in &mut records {
        record.seconds = 0.0;
    }
    records
}

#[test]
fn arms_share_splits_and_seeds_and_threads_do_not_matter() {
    let (runs, splits) = (AtomicUsize::new(0), splits());
    let dice =
        |name| -> Box<dyn Arm + '_> { Box::new(Dice { name, runs: &runs, fail_in: None, stop_after: None }) };
    let arms = [dice("none"), dice("other")];
    let experiment = Experiment { arms: &arms, splits: &splits, fingerprint: "f", seed: Seed(9) };
    let with_threads = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        without_seconds(pool.install(|| experiment.run(&RunOptions::default(), &Silent::new())).unwrap())
    };
    let records = with_threads(1);
    assert_eq!(records, with_threads(3));
    assert_eq!(records.len(), 24);
    for pair in records.chunks(2) {
        assert_eq!(pair[0].outcome(), pair[1].outcome());
        assert_eq!((pair[0].repeat, pair[0].fold), (pair[1].repeat, pair[1].fold));
    }
    assert_ne!(records[0].outcome(), records[2].outcome());
}

#[test]
fn a_stopped_run_resumes_to_the_same_records() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("cells.jsonl");
    let splits = splits();
    let run = |runs: &AtomicUsize, stop_after: Option<usize>, seed, options: &RunOptions| {
        let cancel = Cancel::new();
        let stop_after = stop_after.map(|after| (after, cancel.clone()));
        let arms: [Box<dyn Arm + '_>; 1] =
            [Box::new(Dice { name: "none", runs, fail_in: Some(2), stop_after })];
        let experiment = Experiment { arms: &arms, splits: &splits, fingerprint: "f", seed: Seed(seed) };
        experiment.run(options, &Silent::with_cancel(cancel)).map(without_seconds)
    };
    let whole = run(&AtomicUsize::new(0), None, 9, &RunOptions::default()).unwrap();
    let options = RunOptions { store: Some(store.clone()), retry_failed: false };
    let stopped = run(&AtomicUsize::new(0), Some(5), 9, &options).unwrap_err();
    assert!(matches!(stopped, EvidenceError::Interrupted { total: 12, .. }), "{stopped}");
    // A kill in the middle of a line.
    let mut text = std::fs::read_to_string(&store).unwrap();
    let finished = text.lines().count();
    assert!((4..12).contains(&finished));
    text.push_str("{\"key\":\"");
    std::fs::write(&store, text).unwrap();
    let runs = AtomicUsize::new(0);
    assert_eq!(run(&runs, None, 9, &options).unwrap(), whole);
    assert_eq!(runs.into_inner(), 12 - finished);
    // Nothing is left to do; failures are run again only on request; another seed is another experiment.
    for (seed, retry_failed, expected) in [(9, false, 0), (9, true, 3), (10, false, 12)] {
        let runs = AtomicUsize::new(0);
        run(&runs, None, seed, &RunOptions { retry_failed, ..options.clone() }).unwrap();
        assert_eq!(runs.into_inner(), expected);
    }
}

#[test]
fn a_failure_is_recorded_with_its_reason() {
    let (runs, splits) = (AtomicUsize::new(0), splits());
    let arms: [Box<dyn Arm + '_>; 1] =
        [Box::new(Dice { name: "none", runs: &runs, fail_in: Some(1), stop_after: None })];
    let experiment = Experiment { arms: &arms, splits: &splits, fingerprint: "f", seed: Seed(9) };
    let records = experiment.run(&RunOptions::default(), &Silent::new()).unwrap();
    let failed: Vec<&CellRecord> = records.iter().filter(|r| r.outcome().is_none()).collect();
    assert_eq!(failed.len(), 3);
    let reason = "the dice fell off the table".to_owned();
    assert!(failed.iter().all(|r| r.result == CellResult::Failed { reason: reason.clone() }));
}

#[test]
fn outcomes_that_are_none_are_failures_and_names_are_unique() {
    assert!(ArmOutcome::new(vec![0.5], 0.5).fault(2).is_some());
    assert!(ArmOutcome::new(vec![1.5], 0.5).fault(1).is_some());
    assert!(ArmOutcome::new(vec![f64::NAN], 0.5).fault(1).is_some());
    assert!(ArmOutcome::new(vec![0.5], f64::NAN).fault(1).is_some());
    assert!(ArmOutcome::new(vec![0.5], 0.5).fault(1).is_none());
    let (runs, splits) = (AtomicUsize::new(0), splits());
    let dice = || -> Box<dyn Arm + '_> {
        Box::new(Dice { name: "twin", runs: &runs, fail_in: None, stop_after: None })
    };
    let arms = [dice(), dice()];
    let experiment = Experiment { arms: &arms, splits: &splits, fingerprint: "f", seed: Seed(9) };
    let refused = experiment.run(&RunOptions::default(), &Silent::new()).unwrap_err();
    assert!(matches!(refused, EvidenceError::DuplicateArm(_)));
}
