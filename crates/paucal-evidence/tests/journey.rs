//! From a table to a verdict, with real learners on real patients: the Wisconsin table.

use paucal_core::{Seed, Silent};
use paucal_data::{Table, datasets};
use paucal_evidence::experiment::{Arm, ArmError, ArmOutcome, Cell, Experiment, RunOptions};
use paucal_evidence::split::{Cases, Plan};
use paucal_evidence::threshold::{Criterion, choose};
use paucal_evidence::verdict::{Evidence, Metric, Outcome, VerdictOptions, judge};
use paucal_evidence::{FeatureEncoder, FeatureOptions, Target};
use paucal_learn::{Classifier, RandomForest};

/// A small forest; `spoiled` arms learn most positive rows as negative, `moved` ones move the threshold.
struct Forest<'a> {
    name: &'static str,
    table: &'a Table,
    codes: &'a [usize],
    spoiled: bool,
    moved: bool,
}

impl Arm for Forest<'_> {
    fn name(&self) -> &str {
        self.name
    }

    fn describe(&self) -> String {
        "a forest of 30 trees".into()
    }

    fn run(&self, cell: &Cell<'_>) -> Result<ArmOutcome, ArmError> {
        let train = self.table.take(cell.train);
        let encoder = FeatureEncoder::fit(&train, &FeatureOptions::default())?;
        let mut y: Vec<usize> = cell.train.iter().map(|&row| self.codes[row]).collect();
        if self.spoiled {
            let mut stream = cell.seed.stream("spoil", 0);
            y.iter_mut().filter(|_| stream.bits() & 15 != 0).for_each(|code| *code = 0);
        }
        let forest = RandomForest { trees: 30, out_of_bag: true, ..RandomForest::default() };
        let x = encoder.encode(&train)?;
        let grown = forest.grow(x.view(), &y, 2, None, cell.seed.child("forest", 0))?;
        let unseen = grown.out_of_bag().ok_or("no out-of-bag probabilities")?.column(1).to_vec();
        let truth: Vec<bool> = y.iter().map(|&code| code == 1).collect();
        let threshold = if self.moved { choose(&truth, &unseen, Criterion::BalancedAccuracy) } else { 0.5 };
        let fitted = forest.fit(x.view(), &y, 2, None, cell.seed.child("forest", 0))?;
        let p = fitted.predict_proba(encoder.encode(&self.table.take(cell.test))?.view());
        Ok(ArmOutcome::new(p.column(1).to_vec(), threshold))
    }
}

#[test]
fn spoiled_labels_harm_and_a_moved_threshold_changes_decisions_only() {
    let table = datasets::wdbc().unwrap();
    let target = Target::of(&table).unwrap();
    let (codes, labels) = (target.binary(), target.positives());
    let classes = ["B".to_owned(), "M".to_owned()];
    let plan = Plan { folds: 3, repeats: 4, ..Plan::default() };
    let splits = plan.split(&Cases { labels: &codes, classes: &classes, groups: None }, Seed(1)).unwrap();
    let arm = |name, spoiled, moved| -> Box<dyn Arm + '_> {
        Box::new(Forest { name, table: &table, codes: &codes, spoiled, moved })
    };
    let arms = [arm("none", false, false), arm("spoiled", true, false), arm("moved", false, true)];
    let experiment = Experiment { arms: &arms, splits: &splits, fingerprint: "wdbc", seed: Seed(2) };
    let records = experiment.run(&RunOptions::default(), &Silent::new()).unwrap();
    let evidence =
        Evidence { labels: &labels, groups: None, splits: &splits, records: &records, baseline: "none" };
    let verdict = judge(&evidence, &VerdictOptions::default(), Seed(3)).unwrap();
    let outcomes: Vec<Outcome> = verdict.arms.iter().map(|a| a.outcome).collect();
    assert_eq!(outcomes, [Outcome::Baseline, Outcome::Harmed, Outcome::DidNotHelp], "{}", verdict.summary);
    let mean = |arm: usize, metric: Metric| {
        verdict.arms[arm].scores.iter().find(|s| s.metric == metric).unwrap().mean.value().unwrap()
    };
    assert!(mean(0, Metric::Auprc) > 0.96 && mean(0, Metric::Auroc) > 0.97);
    assert_eq!(mean(0, Metric::Auprc), mean(2, Metric::Auprc));
    assert!(
        mean(1, Metric::Sensitivity) < 0.6 && mean(2, Metric::Sensitivity) > mean(0, Metric::Sensitivity)
    );
    assert!(verdict.arms[2].comparison.as_ref().unwrap().same_ranking);
}
