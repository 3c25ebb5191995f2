//! Turns the events of long work into progress bars, log lines and training curves.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{BufWriter, Write};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use paucal_core::run::RunFolder;
use paucal_core::{Cancel, Event, Observer};
use paucal_nn::tensorboard::EventWriter;

use crate::printer::Printer;

/// Where a person watches, a bar appears for stages that last longer than this.
const QUIET_PERIOD: Duration = Duration::from_millis(400);
/// Without a terminal, a line is written this often.
const LINE_PERIOD: Duration = Duration::from_secs(10);

/// Shows events to the user and, once a run folder is there, keeps them in `events.jsonl`.
pub struct Console {
    printer: Printer,
    cancel: Cancel,
    bars: MultiProgress,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    stages: BTreeMap<String, Stage>,
    log: Option<BufWriter<File>>,
    folder: Option<RunFolder>,
    curves: Option<EventWriter>,
    warnings: Vec<String>,
}

struct Stage {
    begun: Instant,
    told: Instant,
    total: Option<u64>,
    bar: Option<ProgressBar>,
}

impl Console {
    /// A console that is stopped through `cancel`.
    pub fn new(printer: Printer, cancel: Cancel) -> Self {
        Self { printer, cancel, bars: MultiProgress::new(), state: Mutex::default() }
    }

    /// From now on events go to `events.jsonl` of this run, and training curves also to `tensorboard/`.
    pub fn log_to(&self, folder: &RunFolder) -> Result<()> {
        let path = folder.file("events.jsonl");
        let log = OpenOptions::new().create(true).append(true).open(&path);
        let mut state = self.state();
        state.log = Some(BufWriter::new(log.with_context(|| format!("cannot write {}", path.display()))?));
        state.folder = Some(folder.clone());
        Ok(())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A panic elsewhere does not make the log less worth keeping.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn started(&self, state: &mut State, stage: &str, total: Option<u64>) {
        let now = Instant::now();
        if self.printer.writes_progress() {
            self.printer.status(&format!("{stage} …"));
        }
        state.stages.insert(stage.to_owned(), Stage { begun: now, told: now, total, bar: None });
    }

    fn progressed(&self, state: &mut State, name: &str, done: u64) {
        let Some(stage) = state.stages.get_mut(name) else { return };
        if self.printer.draws_progress() {
            if stage.bar.is_none() && stage.begun.elapsed() > QUIET_PERIOD {
                stage.bar = Some(self.bars.add(bar(name, stage.total)));
            }
            if let Some(bar) = &stage.bar {
                bar.set_position(done);
            }
        } else if self.printer.writes_progress() && stage.told.elapsed() > LINE_PERIOD {
            stage.told = Instant::now();
            self.printer.status(&progress_line(name, done, stage));
        }
    }

    fn finished(&self, state: &mut State, name: &str) {
        let Some(stage) = state.stages.remove(name) else { return };
        if let Some(bar) = stage.bar {
            bar.finish_and_clear();
            self.bars.remove(&bar);
        }
        let seconds = stage.begun.elapsed().as_secs_f64();
        if self.printer.draws_progress() || self.printer.writes_progress() {
            self.bars.suspend(|| self.printer.status(&format!("{name}: done in {seconds:.1} s")));
        }
    }
}

impl State {
    /// Adds a point to the TensorBoard file, which is made with the first one. Losing it loses no result.
    fn curve(&mut self, name: &str, step: u64, value: f64) {
        if self.curves.is_none()
            && let Some(folder) = &self.folder
        {
            self.curves = EventWriter::create(&folder.file("tensorboard")).ok();
        }
        if let Some(curves) = &mut self.curves {
            let _ = curves.scalar(name, step, value).and_then(|()| curves.flush());
        }
    }
}

/// `fit ctgan: 1200 of 3000, about 12 s left`.
fn progress_line(name: &str, done: u64, stage: &Stage) -> String {
    let Some(total) = stage.total.filter(|_| done > 0) else { return format!("{name}: {done}") };
    let left = stage.begun.elapsed().as_secs_f64() / done as f64 * total.saturating_sub(done) as f64;
    format!("{name}: {done} of {total}, about {left:.0} s left")
}

fn bar(name: &str, total: Option<u64>) -> ProgressBar {
    let (bar, template) = match total {
        Some(total) => (ProgressBar::new(total), "{msg:<28} {bar:30.cyan/dim} {pos}/{len}  {eta} left"),
        None => (ProgressBar::new_spinner(), "{msg:<28} {spinner} {elapsed}"),
    };
    let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    bar.with_style(style).with_message(name.to_owned())
}

impl Observer for Console {
    fn event(&self, event: Event) {
        let mut state = self.state();
        match &event {
            Event::Started { stage, total } => self.started(&mut state, stage, *total),
            Event::Progress { stage, done } => self.progressed(&mut state, stage, *done),
            Event::Finished { stage } => self.finished(&mut state, stage),
            Event::Warning { message } => {
                if !state.warnings.contains(message) {
                    state.warnings.push(message.clone());
                    self.bars.suspend(|| self.printer.warning(message));
                }
            }
            Event::Note { message } => self.bars.suspend(|| self.printer.note(message)),
            Event::Scalar { name, step, value } => state.curve(name, *step, *value),
        }
        if let Some(log) = &mut state.log
            && !matches!(event, Event::Progress { .. })
        {
            // Losing a log line (a full disk) must not lose the run; results are checked when written.
            let _ = serde_json::to_writer(&mut *log, &event);
            let _ = log.write_all(b"\n");
            if !matches!(event, Event::Scalar { .. }) {
                let _ = log.flush();
            }
        }
    }

    fn cancel(&self) -> &Cancel {
        &self.cancel
    }
}
