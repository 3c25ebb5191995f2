//! `paucal study worker`: run trials of a study that 'table tune' has begun elsewhere.

use std::time::{Duration, Instant};

use anyhow::Result;
use paucal_core::{Observer, files};
use paucal_table::method;
use paucal_table::tune::{Search, Task, Worked, work};
use paucal_tune::TuneError;
use paucal_tune::storage::{Storage, StudyRecord};

use super::named;
use crate::cli::Worker;
use crate::commands::table::{Roles, read_table, timeout};
use crate::error::UsageError;
use crate::session::Session;

/// How often a study that is not begun yet is looked for.
const LOOK: Duration = Duration::from_secs(1);

/// Reads what the study says, checks that the data are the same, and works.
pub fn run(session: &Session, arguments: &Worker) -> Result<()> {
    if arguments.trials == Some(0) {
        return Err(UsageError::Trials.into());
    }
    let timeout = timeout(arguments.timeout)?;
    let (storage, study, task) = joined(session, arguments)?;
    let digest = files::sha256(&arguments.data)?;
    task.check_data(&study.name, &digest)?;

    let method = method(&task.generator)?;
    let mut fixed = task.fixed;
    fixed.extend(session.device_of(method));
    let mut options = task.options;
    options.workers = arguments.workers.unwrap_or(session.settings.tune.workers);
    let roles = Roles {
        target: Some(&task.target),
        positive: task.positive.as_deref(),
        group: task.group.as_deref(),
    };
    let read = read_table(session, &arguments.data, &arguments.reading, roles)?;
    let search = Search {
        table: &read.table,
        method,
        fixed: &fixed,
        options: &options,
        judge: &task.judge,
        storage: storage.as_ref(),
        study: &study.name,
        digest: &digest,
        earlier: None,
        timeout,
        shared: true,
    };
    let worked = work(&search, arguments.trials, task.seed, &session.console)?;
    session.printer.result(&worked, &summary(&worked))
}

/// The study and what it says. With `--wait`, one that is not begun yet is waited for.
fn joined(session: &Session, arguments: &Worker) -> Result<(Box<dyn Storage>, StudyRecord, Task)> {
    let begun = Instant::now();
    loop {
        let found = named(&arguments.named).and_then(|(storage, study)| {
            let task = Task::of(&study)?;
            Ok((storage, study, task))
        });
        match found {
            Err(error)
                if error.downcast_ref::<TuneError>().is_some_and(TuneError::is_too_early)
                    && begun.elapsed().as_secs_f64() < arguments.wait
                    && !session.console.cancelled() =>
            {
                std::thread::sleep(LOOK);
            }
            found => return found,
        }
    }
}

fn summary(worked: &Worked) -> String {
    let Worked { study, ran, finished, trials, .. } = worked;
    let best = match (worked.best, worked.value) {
        (Some(number), Some(value)) => format!("; best so far: trial {number} with {value:.4}"),
        _ => String::new(),
    };
    format!("{study}: ran {ran} trials here, {finished} of {trials} are over{best}\n")
}
