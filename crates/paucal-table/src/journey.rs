//! The whole journey over one table: audit, split, fit, judge and prove. What `paucal demo` shows.

use std::time::Instant;

use paucal_core::{Event, Observer, Seed};
use paucal_data::{Finding, Table};
use serde::{Deserialize, Serialize};

use crate::audit::{self, AuditOptions, AuditReport};
use crate::error::TableError;
use crate::generator::{FitContext, method};
use crate::hold_out::hold_out;
use crate::judge::{JudgeOptions, Judgement, Ruler};
use crate::prove::{Proof, ProveOptions, Question, prove};

/// Name and version of the result's format.
pub const SCHEMA: &str = "paucal.demo/1";
/// Share of patients that is held out for judging.
const HELD_OUT: f64 = 0.3;

/// What the journey should visit.
pub struct Itinerary<'a> {
    /// Generators to fit and judge, with their parameters.
    pub judged: &'a [(String, toml::Table)],
    /// Generators to prove.
    pub proved: &'a [(String, toml::Table)],
    /// Audit options.
    pub audit: &'a AuditOptions,
    /// Judge options.
    pub judge: &'a JudgeOptions,
    /// Prove options.
    pub prove: &'a ProveOptions,
    /// Digest of the table.
    pub digest: &'a str,
}

/// The outcome, as it stands in `result.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Journey {
    /// [`SCHEMA`].
    pub schema: String,
    /// Name of the data.
    pub data: String,
    /// What the audit found.
    pub audit: AuditReport,
    /// One judgement per generator.
    pub judgements: Vec<Judged>,
    /// Whether augmentation helped.
    pub proof: Proof,
    /// What was left out for time, in plain words.
    pub shortcuts: Vec<String>,
}

/// A generator and what it made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Judged {
    /// Name of the generator.
    pub model: String,
    /// Its title.
    pub title: String,
    /// Seconds of the fit.
    pub fit_seconds: f64,
    /// The judgement on as many synthetic rows as there were training rows.
    pub judgement: Judgement,
}

/// Travels.
pub fn travel(
    table: &Table,
    findings: &[Finding],
    itinerary: &Itinerary<'_>,
    seed: Seed,
    observer: &dyn Observer,
) -> Result<Journey, TableError> {
    let audit = audit::audit(table, findings, itinerary.audit, seed, observer)?;
    let parts = hold_out(table, HELD_OUT, seed.child("journey/hold-out", 0))?;
    let judgements = judge_all(&parts.train, &parts.test, itinerary, seed, observer)?;
    let question = Question {
        table,
        models: itinerary.proved,
        options: itinerary.prove,
        digest: itinerary.digest,
        store: None,
    };
    let proof = prove(&question, seed, observer)?;
    Ok(Journey {
        schema: SCHEMA.into(),
        data: String::new(),
        audit,
        judgements,
        proof,
        shortcuts: Vec::new(),
    })
}

fn judge_all(
    train: &Table,
    test: &Table,
    itinerary: &Itinerary<'_>,
    seed: Seed,
    observer: &dyn Observer,
) -> Result<Vec<Judged>, TableError> {
    const STAGE: &str = "judge";
    let mut made = Vec::new();
    for (name, parameters) in itinerary.judged {
        let method = method(name)?;
        let begun = Instant::now();
        let generator = method.generator(parameters)?;
        let fitted = generator.fit(train, &FitContext::new(seed.child("journey/fit", 0), observer))?;
        let fit_seconds = begun.elapsed().as_secs_f64();
        made.push((method, fit_seconds, fitted.sample(train.rows(), &[], seed.child("journey/sample", 0))?));
    }
    let total = made.len() as u64 + 1;
    observer.event(Event::Started { stage: STAGE.into(), total: Some(total) });
    let ruler = Ruler::new(train, Some(test), itinerary.judge, seed, observer)?;
    let mut judged = Vec::new();
    for (method, fit_seconds, synthetic) in made {
        observer.event(Event::Progress { stage: STAGE.into(), done: judged.len() as u64 + 1 });
        let judgement = ruler.judge(&synthetic)?;
        judged.push(Judged { model: method.name.into(), title: method.title.into(), fit_seconds, judgement });
    }
    observer.event(Event::Finished { stage: STAGE.into() });
    Ok(judged)
}
