//! `paucal study reap`: fail the trials of workers that died, and enqueue them anew.

use std::time::Duration;

use anyhow::Result;
use paucal_tune::storage::{GRACE, retry_stale};
use serde_json::json;

use super::named;
use crate::cli::Reap;
use crate::error::UsageError;
use crate::session::Session;

/// Does it once, and says what it did.
pub fn run(session: &Session, arguments: &Reap) -> Result<()> {
    let grace = match arguments.grace {
        Some(s) if !(0.0..1e9).contains(&s) => return Err(UsageError::Grace(s).into()),
        grace => grace.map_or(GRACE, Duration::from_secs_f64),
    };
    let (storage, study) = named(&arguments.named)?;
    let reaped = retry_stale(storage.as_ref(), study.id, grace)?;
    let mut text = format!("{}: {} trials of workers that are gone\n", study.name, reaped.len());
    for retry in &reaped {
        let outcome = if retry.again { "failed, enqueued anew" } else { "failed, given up" };
        text.push_str(&format!("trial {}: {outcome}\n", retry.trial.number));
    }
    let json = json!({
        "study": study.name,
        "reaped": reaped.iter().map(|retry| json!({ "trial": retry.trial.number, "again": retry.again })).collect::<Vec<_>>(),
    });
    session.printer.result(&json, &text)
}
