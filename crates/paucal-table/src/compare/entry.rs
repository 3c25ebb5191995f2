//! One entry: a generator searched, fitted and judged on a table.

use std::time::Instant;

use paucal_core::parallel::apart;
use paucal_core::run::MemoryMeter;
use paucal_core::{Observer, Seed, Silent, files};
use paucal_data::Table;
use paucal_metrics::Score;
use serde::{Deserialize, Serialize};

use super::curves::Labelled;
use super::replicates::Replicates;
use super::row::{Detail, FidelityRow, ObjectiveRow, PrivacyRow, Row, RowScores, UtilityRow};
use super::store::Store;
use super::{Contest, Dataset};
use crate::error::TableError;
use crate::generator::{FitContext, Method};
use crate::judge::{Evaluation, Judgement, Patients, Ruler};
use crate::tune::{self, Course, Found, Search, TuneOptions};
use paucal_tune::Direction;
use paucal_tune::importance::importances;

/// A finished entry.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// Its line in the result.
    pub row: Row,
    /// What stands behind it.
    pub detail: Detail,
    /// Its bootstrap.
    pub replicates: Replicates,
}

/// A table with its split, on which all generators meet.
pub struct Arena<'a> {
    pub contest: &'a Contest<'a>,
    pub data: &'a Dataset<'a>,
    /// Patients on which everything is fitted and searched.
    pub train: &'a Table,
    /// Judges on the other patients.
    pub ruler: &'a Ruler<'a>,
    pub patients: Patients,
    pub seed: Seed,
}

/// One fit with one seed.
struct Fitted {
    seconds: f64,
    drawn: Table,
}

impl Arena<'_> {
    /// The entry of a generator: the stored one, or a new one. An error is the entry's own fault and becomes its reason,
    /// unless it would stop every entry.
    pub fn entry(
        &self,
        method: &'static Method,
        fixed: &toml::Table,
        store: &Store,
        observer: &dyn Observer,
    ) -> Result<Entry, TableError> {
        let fingerprint = self.fingerprint(method, fixed)?;
        if let Some(entry) = store.get(&fingerprint) {
            return Ok(entry);
        }
        let labelled = Labelled::new(observer, format!("{}/{}", self.data.name, method.name));
        let entry = match self.compete(method, fixed, &labelled) {
            Ok(entry) => entry,
            Err(error @ (TableError::Interrupted | TableError::Run(_) | TableError::Tune(_))) => {
                return Err(error);
            }
            Err(error) => {
                labelled.warn(format!("failed: {error}"));
                self.failed(method, &error)
            }
        };
        // A failure may have been of the moment; it is tried again when the comparison is resumed.
        if entry.row.failed.is_none() {
            store.put(&fingerprint, &entry)?;
        }
        Ok(entry)
    }

    /// Everything that decides the entry.
    fn fingerprint(&self, method: &Method, fixed: &toml::Table) -> Result<String, TableError> {
        let contest = self.contest;
        let text = |e: serde_json::Error| TableError::damaged("the settings", e);
        let parts =
            (env!("CARGO_PKG_VERSION"), &self.data.name, &self.data.digest, method.name, fixed, self.seed.0);
        let options =
            (contest.options, contest.tune, contest.judge, contest.timeout.map(|t| t.as_secs_f64()));
        let bytes = serde_json::to_vec(&(parts, options)).map_err(text)?;
        Ok(files::sha256_bytes(&bytes)[..32].to_owned())
    }

    fn failed(&self, method: &Method, error: &TableError) -> Entry {
        let row = Row {
            data: self.data.name.clone(),
            model: method.name.into(),
            failed: Some(error.to_string()),
            tuned: false,
            scores: None,
        };
        Entry { row, detail: Detail::empty(&self.data.name, method.name), replicates: Replicates::default() }
    }

    /// Searches, fits with several seeds, judges.
    fn compete(
        &self,
        method: &'static Method,
        fixed: &toml::Table,
        observer: &Labelled<'_>,
    ) -> Result<Entry, TableError> {
        let (begun, memory) = (Instant::now(), MemoryMeter::start());
        let found = self.search(method, fixed, observer)?;
        let search_seconds = found.as_ref().map_or(0.0, |_| begun.elapsed().as_secs_f64());
        let parameters = found.as_ref().map_or(fixed, |found| &found.parameters);
        let learning = Labelled::new(observer, "final".into());
        let fitted = self.fit(method, parameters, &learning)?;
        let evaluations = self.evaluate(&fitted)?;
        let judged: Vec<Judgement> =
            fitted.iter().map(|f| self.ruler.judge(&f.drawn)).collect::<Result<_, _>>()?;
        let contest = self.contest;
        let replicates = Replicates::draw(
            &evaluations,
            &self.patients,
            contest.options.resamples,
            self.seed.child("compare/bootstrap", 0),
        );
        let objective = ObjectiveRow::of(&judged, &replicates);
        let default_objective = if parameters == fixed {
            objective.score.clone()
        } else {
            self.default_objective(method, fixed, observer)?
        };
        let row = Row {
            data: self.data.name.clone(),
            model: method.name.into(),
            failed: None,
            tuned: found.is_some(),
            scores: Some(RowScores {
                fidelity: FidelityRow::of(&judged),
                utility: UtilityRow::of(&judged, &replicates),
                privacy: PrivacyRow::of(&judged),
                seconds: begun.elapsed().as_secs_f64(),
                search_seconds,
                fit_seconds: fitted.iter().map(|f| f.seconds).sum::<f64>() / fitted.len() as f64,
                peak_memory_bytes: memory.and_then(|memory| memory.peak()),
                objective,
                default_objective,
            }),
        };
        let mut detail = Detail::empty(&self.data.name, method.name);
        detail.parameters = parameters.clone();
        detail.curves = learning.curves();
        detail.judgement = judged.into_iter().next();
        if let Some(found) = found {
            behind(&mut detail, found);
        }
        Ok(Entry { row, detail, replicates })
    }

    /// Searches the parameters; `None` when no trials are wanted or there is nothing to search.
    fn search(
        &self,
        method: &'static Method,
        fixed: &toml::Table,
        observer: &dyn Observer,
    ) -> Result<Option<Found>, TableError> {
        let contest = self.contest;
        let trials = contest.options.trials;
        if trials == 0 || tune::space(method, self.train, fixed)?.dimensions().is_empty() {
            return Ok(None);
        }
        let options = TuneOptions { trials, ..contest.tune.clone() };
        let target = self.train.schema().target.as_deref().unwrap_or_default();
        let search = Search {
            table: self.data.table,
            method,
            fixed,
            options: &options,
            judge: contest.judge,
            storage: contest.storage,
            study: &format!("{}/{}/{target}", self.data.name, method.name),
            digest: &self.data.digest,
            earlier: contest.earlier,
            timeout: contest.timeout,
            shared: contest.shared,
        };
        tune::search(&search, self.train, self.seed, observer).map(Some)
    }

    /// Fits with every seed, side by side; the first seed's training is watched.
    fn fit(
        &self,
        method: &Method,
        parameters: &toml::Table,
        observer: &dyn Observer,
    ) -> Result<Vec<Fitted>, TableError> {
        let quiet = Silent::with_cancel(observer.cancel().clone());
        let one = |round: usize| {
            let begun = Instant::now();
            let watched: &dyn Observer = if round == 0 { observer } else { &quiet };
            let seed = self.seed.child("compare/fit", round as u64);
            let generator = method.generator(parameters)?;
            let fitted = generator.fit(self.train, &FitContext::new(seed, watched))?;
            let seconds = begun.elapsed().as_secs_f64();
            let drawn =
                fitted.sample(self.train.rows(), &[], self.seed.child("compare/draw", round as u64))?;
            Ok(Fitted { seconds, drawn })
        };
        apart(self.contest.options.seeds.max(1), one).into_iter().collect()
    }

    fn evaluate(&self, fitted: &[Fitted]) -> Result<Vec<Evaluation>, TableError> {
        apart(fitted.len(), |i| self.ruler.evaluation(&fitted[i].drawn)).into_iter().collect()
    }

    /// The objective of the default parameters with the same seeds.
    fn default_objective(
        &self,
        method: &Method,
        fixed: &toml::Table,
        observer: &dyn Observer,
    ) -> Result<Score, TableError> {
        let fitted = self.fit(method, fixed, &Silent::with_cancel(observer.cancel().clone()))?;
        let rows = self.patients.all();
        let scores: Vec<Score> =
            self.evaluate(&fitted)?.iter().map(|e| e.measure(&rows).objective.value).collect();
        Ok(Score::mean(&scores))
    }
}

/// Puts the search behind the row.
fn behind(detail: &mut Detail, found: Found) {
    let mattered = importances(&found.trials, Direction::Maximise);
    let trials = tune::facts_of(&found.trials);
    detail.space = tune::lines(&found.space);
    detail.course = Some(Course::of(&trials));
    detail.trials = trials;
    detail.finalists = found.finalists;
    detail.sensitivity = found.sensitivity;
    detail.importances = if mattered.reliable { mattered.shares } else { Vec::new() };
}
