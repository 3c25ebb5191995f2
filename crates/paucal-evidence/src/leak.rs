//! The leak audit: what a random split would have claimed.
//!
//! Rows of one patient resemble each other. When a random split puts some of them into training and
//! others into test, the model recognises the patient and the score comes out too high. The audit
//! scores one cheap model (a small forest, or whatever is passed to [`measure`]) with random and with
//! grouped splits of the same shape and shows both numbers, with a bootstrap interval over patients of
//! their difference. Without a group column it lists columns that look like one.

use ndarray::Array2;
use paucal_core::{Event, Observer, Seed};
use paucal_data::{Column, Kind, Table};
use paucal_learn::{Classifier, RandomForest};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::cases::{Groups, Target};
use crate::ranked::{Measure, Ranked};
use crate::significance::{Bootstrap, BootstrapInterval, clustered_bootstrap};
use crate::split::{Cases, Fold, Mode, Plan};
use crate::{EvidenceError, FeatureEncoder, FeatureOptions};

/// Name of the stage in progress events.
const STAGE: &str = "leak audit";

/// A smaller gap between random and grouped splits does not matter.
const LEAST_GAP: f64 = 0.01;

/// Parameters of the leak audit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LeakOptions {
    /// Folds of both kinds of splits.
    pub folds: usize,
    /// Repeats of both kinds of splits.
    pub repeats: usize,
    /// Trees of the forest.
    pub trees: usize,
    /// Of longer tables whole groups are drawn until there are this many rows.
    pub most_rows: usize,
    /// The bootstrap over groups.
    pub bootstrap: Bootstrap,
}

impl Default for LeakOptions {
    fn default() -> Self {
        let bootstrap = Bootstrap { replicates: 500, ..Bootstrap::default() };
        Self { folds: 5, repeats: 3, trees: 50, most_rows: 10_000, bootstrap }
    }
}

/// A score with random and with grouped splits.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LeakScore {
    /// Mean over the folds of random splits.
    pub random: f64,
    /// Mean over the folds of grouped splits: the honest number.
    pub grouped: f64,
    /// Random minus grouped, with its interval over groups; absent when it cannot be computed.
    pub gap: Option<BootstrapInterval>,
}

/// What the two kinds of splits score.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LeakMeasure {
    /// Area under the ROC curve.
    pub auroc: LeakScore,
    /// Area under the precision–recall curve.
    pub auprc: LeakScore,
    /// Rows that were used.
    pub rows: usize,
    /// Groups that were used.
    pub groups: usize,
    /// Rows of the largest group.
    pub largest_group: usize,
    /// Folds of both kinds of splits.
    pub folds: usize,
    /// Repeats of both kinds of splits.
    pub repeats: usize,
    /// Sentences from the making of the splits.
    pub warnings: Vec<String>,
}

impl LeakMeasure {
    /// Whether random splits score higher by more than chance and by enough to matter: the interval of the
    /// gap of AUROC or AUPRC lies above 0, and the gap is at least 0.01.
    pub fn leaks(&self) -> bool {
        let clear = |gap: &BootstrapInterval| gap.low > 0.0 && gap.estimate >= LEAST_GAP;
        [&self.auroc, &self.auprc].iter().any(|score| score.gap.as_ref().is_some_and(clear))
    }
}

/// A column that may say which rows belong together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupCandidate {
    /// The column.
    pub column: String,
    /// Its number of distinct values.
    pub values: usize,
    /// Rows of its most frequent value.
    pub largest: usize,
}

/// What the leak audit of a table found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum LeakReport {
    /// The table names no group column.
    NoGroup {
        /// Columns that look like one.
        candidates: Vec<GroupCandidate>,
    },
    /// Every group has one row, so random and grouped splits are the same.
    SingleRows {
        /// The group column.
        column: String,
    },
    /// Both kinds of splits were scored.
    Measured {
        /// The group column.
        column: String,
        /// The scores.
        measure: Box<LeakMeasure>,
    },
}

/// Audits a table with a target: a small forest on all its features.
pub fn audit(
    table: &Table,
    options: &LeakOptions,
    seed: Seed,
    observer: &dyn Observer,
) -> Result<LeakReport, EvidenceError> {
    let Some(groups) = Groups::of(table)? else {
        return Ok(LeakReport::NoGroup { candidates: group_candidates(table) });
    };
    let column = table.schema().group.clone().unwrap_or_default();
    let target = Target::of(table)?;
    let groups = groups.take(&target.rows);
    if groups.count == groups.codes.len() {
        return Ok(LeakReport::SingleRows { column });
    }
    let kept = draw(&groups, options.most_rows, seed);
    let rows: Vec<usize> = kept.iter().map(|&at| target.rows[at]).collect();
    let (table, groups) = (table.take(&rows), groups.take(&kept));
    let codes = target.binary();
    let codes: Vec<usize> = kept.iter().map(|&at| codes[at]).collect();
    let forest = RandomForest { trees: options.trees, ..RandomForest::default() };
    let predict = |fold: &Fold, seed: Seed| -> Result<Vec<f64>, EvidenceError> {
        let train = table.take(&fold.train);
        let encoder = FeatureEncoder::fit(&train, &FeatureOptions::default())?;
        let y: Vec<usize> = fold.train.iter().map(|&row| codes[row]).collect();
        let fitted = forest.fit(encoder.encode(&train)?.view(), &y, 2, None, seed)?;
        let p: Array2<f64> = fitted.predict_proba(encoder.encode(&table.take(&fold.test))?.view());
        Ok(p.column(1).to_vec())
    };
    let measure = measure(&codes, &groups, options, seed, observer, predict)?;
    Ok(LeakReport::Measured { column, measure: Box::new(measure) })
}

/// Rows of whole groups, drawn at random, until there are `most` of them; ascending.
fn draw(groups: &Groups, most: usize, seed: Seed) -> Vec<usize> {
    if groups.codes.len() <= most {
        return (0..groups.codes.len()).collect();
    }
    let mut sizes = vec![0; groups.count];
    groups.codes.iter().for_each(|&g| sizes[g] += 1);
    let (mut taken, mut rows) = (vec![false; groups.count], 0);
    for group in seed.stream("leak/draw", 0).permutation(groups.count) {
        if rows >= most {
            break;
        }
        taken[group] = true;
        rows += sizes[group];
    }
    (0..groups.codes.len()).filter(|&row| taken[groups.codes[row]]).collect()
}

/// Scores any model with random and with grouped splits. `labels` are 1 for positive rows, else 0;
/// `predict` learns from the training rows of a fold and returns the probability of "positive" of its
/// test rows.
pub fn measure(
    labels: &[usize],
    groups: &Groups,
    options: &LeakOptions,
    seed: Seed,
    observer: &dyn Observer,
    predict: impl Fn(&Fold, Seed) -> Result<Vec<f64>, EvidenceError> + Sync,
) -> Result<LeakMeasure, EvidenceError> {
    let classes = ["the rest".to_owned(), "positive".to_owned()];
    let cases = Cases { labels, classes: &classes, groups: Some(&groups.codes) };
    let plan = Plan { folds: options.folds, repeats: options.repeats, mode: Mode::Grouped };
    let grouped = plan.split(&cases, seed)?;
    let plan = Plan { folds: grouped.folds, repeats: options.repeats, mode: Mode::LeakyRandom };
    let random = plan.split(&cases, seed)?;
    let folds: Vec<&Fold> = random.all.iter().chain(&grouped.all).collect();
    observer.event(Event::Started { stage: STAGE.into(), total: None });
    let rank = |fold: &&Fold| {
        if observer.cancelled() {
            return Err(EvidenceError::Interrupted { done: 0, total: folds.len() });
        }
        let scores =
            predict(fold, seed.child("leak/fold", (fold.repeat * grouped.folds + fold.fold) as u64))?;
        let row = |at: usize| fold.test[at];
        Ok(Ranked::new(&scores, |at| labels[row(at)] == 1, |at| groups.codes[row(at)]))
    };
    let ranked: Vec<Ranked> = folds.par_iter().map(rank).collect::<Result<_, _>>()?;
    let (at_random, by_group) = ranked.split_at(random.all.len());
    let strata = strata(labels, groups);
    let score = |measure| score(at_random, by_group, measure, &strata, options, seed);
    let mut sizes = vec![0; groups.count];
    groups.codes.iter().for_each(|&g| sizes[g] += 1);
    let measured = LeakMeasure {
        auroc: score(Measure::Auroc)?,
        auprc: score(Measure::Auprc)?,
        rows: labels.len(),
        groups: groups.count,
        largest_group: sizes.into_iter().max().unwrap_or(0),
        folds: grouped.folds,
        repeats: grouped.repeats,
        warnings: grouped.warnings,
    };
    observer.event(Event::Finished { stage: STAGE.into() });
    Ok(measured)
}

/// 1 for groups with a positive row, else 0.
fn strata(labels: &[usize], groups: &Groups) -> Vec<usize> {
    let mut strata = vec![0; groups.count];
    labels.iter().zip(&groups.codes).for_each(|(&label, &group)| strata[group] = strata[group].max(label));
    strata
}

fn score(
    random: &[Ranked],
    grouped: &[Ranked],
    measure: Measure,
    strata: &[usize],
    options: &LeakOptions,
    seed: Seed,
) -> Result<LeakScore, EvidenceError> {
    let mean = |cells: &[Ranked], weights: &[f64]| {
        let values: Vec<f64> = cells.iter().filter_map(|cell| cell.measure(measure, weights)).collect();
        (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
    };
    let ones = vec![1.0; strata.len()];
    // Every fold was refused if a class could not stand on both sides, so there are values.
    let whole = |cells| mean(cells, &ones).ok_or(EvidenceError::NoFeatures);
    let gap = |weights: &[f64]| Some(mean(random, weights)? - mean(grouped, weights)?);
    Ok(LeakScore {
        random: whole(random)?,
        grouped: whole(grouped)?,
        gap: clustered_bootstrap(strata, gap, &options.bootstrap, seed).ok(),
    })
}

/// Columns that look as if they said which rows belong to one patient: ids and keys with repeats, columns
/// named like a patient, and discrete columns with very many values.
pub fn group_candidates(table: &Table) -> Vec<GroupCandidate> {
    let target = table.schema().target.as_deref();
    table.columns().filter(|c| Some(c.spec.name.as_str()) != target).filter_map(|c| candidate(&c)).collect()
}

fn candidate(column: &Column<'_>) -> Option<GroupCandidate> {
    let rows = column.values.len();
    let groups = Groups::by(column);
    let values = groups.count - groups.missing;
    let repeats = values >= 2 && values < rows - groups.missing;
    let many = values >= 10 && values * 20 >= rows;
    let likely = match column.spec.kind {
        Kind::Id => true,
        Kind::Text | Kind::Categorical { .. } => {
            many || (named_like_a_group(&column.spec.name) && values >= 10)
        }
        Kind::Integer => named_like_a_group(&column.spec.name) && values >= 10,
        _ => false,
    };
    if !(repeats && likely) {
        return None;
    }
    let mut sizes = vec![0; groups.count];
    groups.codes.iter().for_each(|&g| sizes[g] += 1);
    Some(GroupCandidate {
        column: column.spec.name.clone(),
        values,
        largest: sizes.into_iter().max().unwrap_or(0),
    })
}

/// Whether the name holds one of the usual words for what rows belong to.
fn named_like_a_group(name: &str) -> bool {
    const WORDS: [&str; 10] = [
        "patient",
        "subject",
        "person",
        "participant",
        "mrn",
        "lesion",
        "recording",
        "donor",
        "individual",
        "family",
    ];
    let name = name.to_lowercase();
    WORDS.iter().any(|word| name.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;
    use paucal_core::Silent;
    use paucal_data::{ColumnSpec, Schema, Values};

    /// Patients of five rows with a random label each and a fingerprint: a number of their own. Nothing
    /// but the identity of the patient predicts the label.
    fn table(group: bool) -> Table {
        let mut stream = Seed(1).stream("patients", 0);
        let (mut fingerprint, mut noise, mut label, mut id) = (vec![], vec![], vec![], vec![]);
        for patient in 0..80 {
            let (own, sick) = (stream.normal(), u32::from(stream.uniform() < 0.3));
            for _ in 0..5 {
                fingerprint.push(own + 0.001 * stream.normal());
                noise.push(stream.normal());
                label.push(sick);
                id.push(Some(format!("P{patient}")));
            }
        }
        let column = |name: &str, kind| ColumnSpec { name: name.into(), kind };
        let mut schema = Schema::new(vec![
            column("pid", Kind::Id),
            column("fingerprint", Kind::Numeric { decimals: None }),
            column("noise", Kind::Numeric { decimals: None }),
            column("sick", Kind::Boolean { levels: ["no".into(), "yes".into()] }),
        ]);
        schema.target = Some("sick".into());
        schema.group = group.then(|| "pid".into());
        let values =
            vec![Values::Text(id), Values::Number(fingerprint), Values::Number(noise), Values::Code(label)];
        Table::new(schema, values).unwrap()
    }

    #[test]
    fn a_fingerprint_leaks() {
        let options = LeakOptions { repeats: 2, trees: 20, ..LeakOptions::default() };
        let report = audit(&table(true), &options, Seed(2), &Silent::new()).unwrap();
        let LeakReport::Measured { column, measure } = &report else { panic!("{report:?}") };
        assert_eq!((column.as_str(), measure.groups, measure.largest_group), ("pid", 80, 5));
        assert!(measure.auroc.random > 0.85, "{measure:?}");
        assert!((0.3..0.7).contains(&measure.auroc.grouped), "{measure:?}");
        assert!(measure.leaks() && measure.auroc.gap.as_ref().unwrap().low > 0.1, "{measure:?}");
        let again = audit(&table(true), &options, Seed(2), &Silent::new()).unwrap();
        assert_eq!(report, again);
        let drawn = LeakOptions { most_rows: 200, ..options };
        let LeakReport::Measured { measure, .. } =
            audit(&table(true), &drawn, Seed(2), &Silent::new()).unwrap()
        else {
            panic!()
        };
        assert_eq!((measure.rows, measure.groups), (200, 40));
    }

    #[test]
    fn without_a_group_column_candidates_are_listed() {
        let report = audit(&table(false), &LeakOptions::default(), Seed(2), &Silent::new()).unwrap();
        let candidates = vec![GroupCandidate { column: "pid".into(), values: 80, largest: 5 }];
        assert_eq!(report, LeakReport::NoGroup { candidates });
        assert!(
            named_like_a_group("PatientID") && named_like_a_group("lesion_id") && !named_like_a_group("age")
        );
    }
}
