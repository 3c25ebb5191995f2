//! Judging the same rows on other patients: what intervals and comparisons of generators are made of.

use paucal_evidence::Groups;
use paucal_evidence::significance::Resampler;
use paucal_metrics::Undefined;
use paucal_metrics::objective::{self as forms, Components, Form};

use super::utility::{self, Answers, Interview, Performance, Sides, Task, labelled};
use super::{Ruler, fidelity};
use crate::error::TableError;
use paucal_core::Seed;
use paucal_data::Table;

/// Scores of one synthetic table that can be computed again for other test rows. Similarity, and what is tested on
/// synthetic rows, do not depend on them.
pub struct Evaluation {
    form: Form,
    task: Task,
    components: Result<Components, Undefined>,
    interview: Interview,
}

/// Scores on some test rows.
#[derive(Debug, Clone, PartialEq)]
pub struct Measured {
    /// The objective and its parts.
    pub objective: forms::Objective,
    /// The forest trained on synthetic and tested on real rows.
    pub tstr: Performance,
}

impl Evaluation {
    /// The scores on test rows, each counted as often as it is named.
    pub fn measure(&self, rows: &[usize]) -> Measured {
        let did = |answers: &Option<Answers>| match answers {
            Some(answers) => Performance::of(&answers.take(rows), &self.task),
            None => Performance::undefined(&Undefined::Empty),
        };
        let (trtr, tstr) = (did(&self.interview.trtr), did(&self.interview.tstr));
        let share = |performance: &Performance| performance.balanced_accuracy.value();
        let utility = forms::Utility {
            trtr: share(&trtr),
            tstr: share(&tstr),
            trts: share(&self.interview.trts),
            tsts: share(&self.interview.tsts),
        };
        let objective = match &self.components {
            Ok(components) => self.form.objective(components, &utility),
            Err(reason) => forms::Objective {
                form: self.form,
                value: Err(reason.clone()).into(),
                similarity: Err(reason.clone()).into(),
                accuracy: self.form.accuracy(&utility).into(),
            },
        };
        Measured { objective, tstr }
    }
}

/// The patients of the hold-out, to be drawn with replacement within classes.
pub struct Patients {
    rows: Vec<Vec<usize>>,
    resampler: Resampler,
}

impl Patients {
    /// Number of labelled test rows of each draw's base.
    pub fn all(&self) -> Vec<usize> {
        let mut rows: Vec<usize> = self.rows.iter().flatten().copied().collect();
        rows.sort_unstable();
        rows
    }

    /// The rows of replicate `step`, each as often as its patient was drawn.
    pub fn draw(&self, seed: Seed, step: u64) -> Vec<usize> {
        let counts = self.resampler.draw(seed, step);
        let times = |(rows, count): (&Vec<usize>, f64)| rows.repeat(count as usize);
        self.rows.iter().zip(counts).flat_map(times).collect()
    }
}

impl Ruler<'_> {
    /// The scores of synthetic rows in a form that can be resampled.
    pub fn evaluation(&self, synthetic: &Table) -> Result<Evaluation, TableError> {
        let judge = &self.judge;
        let sides = Sides { real: &judge.real, test: &self.test, candidate: synthetic };
        Ok(Evaluation {
            form: judge.options.objective,
            task: judge.task.clone(),
            components: fidelity::components(&judge.real, synthetic),
            interview: utility::interview(&sides, &judge.task, judge.options, judge.seed)?,
        })
    }

    /// The patients among the labelled test rows; without a group column each row is one.
    pub fn patients(&self) -> Result<Patients, TableError> {
        let (test, labels) = labelled(&self.test, &self.judge.task)?;
        let groups = Groups::of(&test)?;
        let code = |row: usize| groups.as_ref().map_or(row, |groups| groups.codes[row]);
        let mut rows: Vec<Vec<usize>> = Vec::new();
        let mut place = std::collections::BTreeMap::new();
        for row in 0..test.rows() {
            let patient = *place.entry(code(row)).or_insert_with(|| {
                rows.push(Vec::new());
                rows.len() - 1
            });
            rows[patient].push(row);
        }
        let strata: Vec<usize> = rows.iter().map(|rows| labels[rows[0]] as usize).collect();
        Ok(Patients { resampler: Resampler::new(&strata), rows })
    }
}
