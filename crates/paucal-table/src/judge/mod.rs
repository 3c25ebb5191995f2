//! Judging: how good are synthetic rows, on the ruler of real held-out rows?
//!
//! Three questions are answered. *Fidelity*: do the rows look real? *Utility*: does a classifier learn from them
//! what it learns from real rows? *Privacy*: are they nearer to the rows the generator saw than to rows it did
//! not see? The same numbers are computed for the held-out patients as if they were synthetic: what real data of
//! that size would score. They are cross-fitted, one half of the hold-out judged against the other.
//!
//! A metric that cannot be computed says why; it never becomes a number.

mod evaluation;
mod fidelity;
mod objective;
mod privacy;
mod shape;
mod utility;
mod validity;
mod view;

use std::borrow::Cow;

use paucal_core::{Observer, Seed};
use paucal_data::Table;
use paucal_metrics::Score;
use serde::{Deserialize, Serialize};

pub use evaluation::{Evaluation, Measured, Patients};
pub use fidelity::{Association, ColumnFidelity, Coverage, Fidelity, SdMetrics};
pub use objective::{Form, Objective, Parts};
pub use privacy::{Distances, Membership, Privacy};
pub use shape::{Bins, Shape};
pub(crate) use view::{columns as modelled, view as plain};

pub use utility::{Performance, Quartet, Utility};
pub use validity::{BrokenRule, Validity};

use crate::error::TableError;
use crate::hold_out::hold_out;
use utility::{Sides, Task};

/// Name and version of the result's format.
pub const SCHEMA: &str = "paucal.judge/1";

/// Share of the real rows that is set aside when no hold-out is given.
const OWN_HOLDOUT: f64 = 0.3;
const NO_HOLDOUT: &str = "No hold-out was given. A third of the real rows was set aside as test rows, but the \
    generator may have seen them: utility may look too good, and privacy against unseen rows cannot be computed.";

/// Parameters of the judgement.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct JudgeOptions {
    /// Form of the objective that is called "the" objective.
    pub objective: Form,
    /// Trees of the forests for utility and the two-sample test.
    pub trees: usize,
    /// Most rows per side in the two-sample test.
    pub c2st_rows: usize,
    /// Most rows per side in the distance-based metrics, which cost rows × rows.
    pub distance_rows: usize,
    /// Resamples of the bootstrap intervals.
    pub resamples: usize,
}

impl Default for JudgeOptions {
    fn default() -> Self {
        Self {
            objective: Form::Corrected,
            trees: 100,
            c2st_rows: 5_000,
            distance_rows: 5_000,
            resamples: 500,
        }
    }
}

/// The outcome, as it stands in `result.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Judgement {
    /// [`SCHEMA`].
    pub schema: String,
    /// Target column.
    pub target: String,
    /// The positive (rare, sick) level.
    pub positive: String,
    /// Row counts.
    pub rows: Rows,
    /// The synthetic rows' scores.
    #[serde(flatten)]
    pub scores: Scores,
    /// The scores of real held-out rows on the same ruler.
    pub holdout: Option<Scores>,
    /// Whether the synthetic rows keep the constraints of the schema; absent when it has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validity: Option<Validity>,
    /// Binned distributions for the figures.
    pub shapes: Vec<Shape>,
    /// What limits the reading of these numbers.
    pub limits: Vec<String>,
}

/// Row counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rows {
    /// Rows the generator was fitted to.
    pub real: usize,
    /// Synthetic rows.
    pub synthetic: usize,
    /// Held-out rows.
    pub holdout: usize,
    /// Real rows of the positive level.
    pub real_positive: usize,
    /// Synthetic rows of the positive level.
    pub synthetic_positive: usize,
}

/// All scores of one candidate table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Scores {
    /// 0.6 × similarity + 0.4 × accuracy.
    pub objective: Objective,
    /// Does it look real?
    pub fidelity: Fidelity,
    /// Can be learnt from it?
    pub utility: Utility,
    /// Is it too near to the training rows?
    pub privacy: Privacy,
}

/// Real rows, held-out rows, and what the held-out rows score: the ruler for any number of synthetic tables
/// made from the same training rows.
pub struct Ruler<'a> {
    judge: Judge<'a>,
    test: Cow<'a, Table>,
    /// Whether no generator saw `test`.
    unseen: bool,
    scores: Option<Scores>,
    limits: Vec<String>,
}

impl<'a> Ruler<'a> {
    /// Scores the held-out rows. Without any, a part of the real rows is set aside, which is said in the limits.
    pub fn new(
        real: &'a Table,
        holdout: Option<&'a Table>,
        options: &'a JudgeOptions,
        seed: Seed,
        observer: &'a dyn Observer,
    ) -> Result<Self, TableError> {
        let mut limits = Vec::new();
        let (real, test) = match holdout {
            Some(holdout) => (Cow::Borrowed(real), Cow::Borrowed(holdout)),
            None => {
                limits.push(NO_HOLDOUT.to_owned());
                let parts = hold_out(real, OWN_HOLDOUT, seed.child("judge/own-holdout", 0))?;
                (Cow::Owned(parts.train), Cow::Owned(parts.test))
            }
        };
        let task = task(&real)?;
        let judge = Judge { real, options, seed, observer, task };
        let scores = match judge.ruler(&test) {
            Ok(scores) => Some(scores),
            Err(TableError::Interrupted) => return Err(TableError::Interrupted),
            Err(reason) => {
                limits.push(format!("The hold-out could not be judged on its own ruler: {reason}."));
                None
            }
        };
        Ok(Self { judge, test, unseen: holdout.is_some(), scores, limits })
    }

    /// What the held-out rows score on their own ruler, where that can be computed.
    pub fn scores(&self) -> Option<&Scores> {
        self.scores.as_ref()
    }

    /// The positive (rare, sick) level of the target.
    pub fn positive(&self) -> &str {
        &self.judge.task.positive_level
    }

    /// Judges synthetic rows.
    pub fn judge(&self, synthetic: &Table) -> Result<Judgement, TableError> {
        let judge = &self.judge;
        let scores = judge.scores(synthetic, &self.test, self.unseen.then_some(&self.test))?;
        Ok(Judgement {
            schema: SCHEMA.into(),
            target: judge.task.target.clone(),
            positive: judge.task.positive_level.clone(),
            rows: Rows {
                real: judge.real.rows(),
                synthetic: synthetic.rows(),
                holdout: self.test.rows(),
                real_positive: judge.positives(&judge.real)?,
                synthetic_positive: judge.positives(synthetic)?,
            },
            scores,
            holdout: self.scores.clone(),
            validity: validity::validity(&judge.real, synthetic)?,
            shapes: shape::shapes(&judge.real, synthetic, Some(&self.test)),
            limits: self.limits.clone(),
        })
    }
}

/// What stays the same over the candidates.
struct Judge<'a> {
    real: Cow<'a, Table>,
    options: &'a JudgeOptions,
    seed: Seed,
    observer: &'a dyn Observer,
    task: Task,
}

impl Judge<'_> {
    /// Scores a candidate; `unseen` are real rows that no generator saw, if there are any.
    fn scores(&self, candidate: &Table, test: &Table, unseen: Option<&Table>) -> Result<Scores, TableError> {
        let fidelity = fidelity::fidelity(&self.real, candidate, self.options, self.seed, self.observer)?;
        self.stop_if_asked()?;
        let sides = Sides { real: &self.real, test, candidate };
        let utility = utility::utility(&sides, &self.task, self.options, self.seed)?;
        self.stop_if_asked()?;
        let privacy = privacy::privacy(&self.real, candidate, unseen, self.options, self.seed);
        let components = fidelity::components(&self.real, candidate);
        let objective = Objective::of(self.options.objective, &components, &utility.headline);
        Ok(Scores { objective, fidelity, utility, privacy })
    }

    /// The scores of real held-out rows: similarity of all of them, the rest as the mean of two halves, each
    /// judged with the other as its unseen test rows.
    fn ruler(&self, holdout: &Table) -> Result<Scores, TableError> {
        let halves = hold_out(holdout, 0.5, self.seed.child("judge/halves", 0))?;
        let (a, b) = (&halves.train, &halves.test);
        let mut of_a = self.scores(a, b, Some(b))?;
        let of_b = self.scores(b, a, Some(a))?;
        of_a.fidelity = fidelity::fidelity(&self.real, holdout, self.options, self.seed, self.observer)?;
        of_a.utility = Utility::mean(&of_a.utility, &of_b.utility);
        of_a.privacy = Privacy::mean(&of_a.privacy, &of_b.privacy);
        let components = fidelity::components(&self.real, holdout);
        let whole = Objective::of(self.options.objective, &components, &of_a.utility.headline);
        of_a.objective = whole.crossed(&of_a.objective, &of_b.objective);
        Ok(of_a)
    }

    fn positives(&self, table: &Table) -> Result<usize, TableError> {
        let codes = table.column(&self.task.target)?.codes().unwrap_or_default();
        Ok(codes.iter().filter(|&&code| code == self.task.positive).count())
    }

    fn stop_if_asked(&self) -> Result<(), TableError> {
        if self.observer.cancelled() { Err(TableError::Interrupted) } else { Ok(()) }
    }
}

/// The objective alone, for searches: similarity to `real`, accuracy of a forest on `test`.
pub(crate) fn objective(
    real: &Table,
    test: &Table,
    candidate: &Table,
    options: &JudgeOptions,
    seed: Seed,
) -> Result<Objective, TableError> {
    let sides = Sides { real, test, candidate };
    let headline = utility::headline(&sides, &task(real)?, options, seed)?;
    Ok(Objective::of(options.objective, &fidelity::components(real, candidate), &headline))
}

/// How alike two tables are by the corrected objective, 0 to 1; `None` when that is not defined.
pub(crate) fn similarity(real: &Table, candidate: &Table) -> Option<f64> {
    let components = fidelity::components(real, candidate);
    components.and_then(|parts| Form::Corrected.similarity(&parts)).ok()
}

/// The learning task of a table: its target must have levels, and one of them is positive.
fn task(table: &Table) -> Result<Task, TableError> {
    let target = paucal_evidence::Target::of(table)?;
    let levels = table.column(&target.name)?.spec.kind.levels().unwrap_or_default();
    let positive_level = target.classes[target.positive].clone();
    match levels.iter().position(|level| *level == positive_level) {
        Some(code) => {
            Ok(Task { target: target.name, positive: code as u32, positive_level, classes: levels.len() })
        }
        None => {
            Err(paucal_evidence::EvidenceError::NotClasses { name: target.name, values: levels.len() }.into())
        }
    }
}

/// The mean of two scores; undefined when either is.
fn mean_score(a: &Score, b: &Score) -> Score {
    Score::mean([a, b])
}
