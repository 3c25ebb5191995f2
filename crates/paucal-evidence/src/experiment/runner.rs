//! Runs the cells.

use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use paucal_core::parallel::apart;
use paucal_core::{Event, Observer, Seed, Silent, files};

use super::store::Store;
use super::{Arm, Cell, CellRecord, CellResult};
use crate::EvidenceError;
use crate::split::Splits;

/// Name of the stage in progress events.
const STAGE: &str = "prove";

/// Arms on common splits.
pub struct Experiment<'a> {
    /// The arms; their order is the order of the records within a cell.
    pub arms: &'a [Box<dyn Arm + 'a>],
    /// Training and test sets.
    pub splits: &'a Splits,
    /// Everything else that decides the outcome, as text or hash: configuration and data. Cells stored
    /// under another fingerprint are not taken for finished.
    pub fingerprint: &'a str,
    /// The seed; cells get children of it.
    pub seed: Seed,
}

/// Where finished cells are kept.
#[derive(Debug, Clone, Default)]
pub struct RunOptions {
    /// The file of finished cells; cells found in it are not run again. Nothing is kept if `None`.
    pub store: Option<PathBuf>,
    /// Whether stored failures are tried again.
    pub retry_failed: bool,
}

impl Experiment<'_> {
    /// Runs every arm in every cell that is not stored yet, on all threads of the pool. The records come
    /// in order of repeat, fold and arm and do not depend on the number of threads, but for their
    /// seconds.
    pub fn run(
        &self,
        options: &RunOptions,
        observer: &dyn Observer,
    ) -> Result<Vec<CellRecord>, EvidenceError> {
        self.check()?;
        let mut slots: Vec<Option<CellRecord>> = Vec::new();
        slots.resize_with(self.splits.all.len() * self.arms.len(), || None);
        let mut store = None;
        if let Some(path) = &options.store {
            let (opened, cells) = Store::open(path, &self.key())?;
            store = Some(opened);
            for cell in cells {
                self.restore(cell, options, &mut slots);
            }
        }
        let open: Vec<usize> = (0..slots.len()).filter(|&at| slots[at].is_none()).collect();
        observer.event(Event::Started { stage: STAGE.into(), total: Some(slots.len() as u64) });
        let work = Work { slots: Mutex::new((slots, store)), next: AtomicUsize::new(0), open };
        work.report(observer);
        let labourers = apart(rayon::current_num_threads(), |_| self.labour(&work, observer));
        labourers.into_iter().collect::<Result<(), _>>()?;
        let (slots, _) = work.slots.into_inner().unwrap_or_else(PoisonError::into_inner);
        let total = slots.len();
        let records: Vec<CellRecord> = slots.into_iter().flatten().collect();
        if records.len() < total {
            return Err(EvidenceError::Interrupted { done: records.len(), total });
        }
        observer.event(Event::Finished { stage: STAGE.into() });
        Ok(records)
    }

    fn check(&self) -> Result<(), EvidenceError> {
        EvidenceError::require(!self.arms.is_empty(), "number of arms", &0, "at least 1")?;
        for (i, arm) in self.arms.iter().enumerate() {
            if self.arms[..i].iter().any(|other| other.name() == arm.name()) {
                return Err(EvidenceError::DuplicateArm(arm.name().into()));
            }
        }
        Ok(())
    }

    /// What must agree for a stored cell to count: fingerprint, seed and test rows.
    fn key(&self) -> String {
        let mut text = format!("{}\n{}\n", self.fingerprint, self.seed.0).into_bytes();
        for fold in &self.splits.all {
            text.extend(format!("{} {}:", fold.repeat, fold.fold).bytes());
            text.extend(fold.test.iter().flat_map(|row| (*row as u64).to_le_bytes()));
        }
        files::sha256_bytes(&text)[..32].to_owned()
    }

    /// Puts a stored cell into its slot.
    fn restore(&self, cell: CellRecord, options: &RunOptions, slots: &mut [Option<CellRecord>]) {
        let fold = self.splits.all.iter().position(|f| (f.repeat, f.fold) == (cell.repeat, cell.fold));
        let arm = self.arms.iter().position(|arm| arm.name() == cell.arm);
        let (Some(fold), Some(arm)) = (fold, arm) else { return };
        let rows = self.splits.all[fold].test.len();
        let counts = match &cell.result {
            CellResult::Done(outcome) => outcome.fault(rows).is_none(),
            CellResult::Failed { .. } => !options.retry_failed,
        };
        if counts {
            slots[fold * self.arms.len() + arm] = Some(cell);
        }
    }

    /// Takes cells from the queue until it is empty or a stop is asked for.
    fn labour(&self, work: &Work, observer: &dyn Observer) -> Result<(), EvidenceError> {
        while let Some(&at) = work.open.get(work.next.fetch_add(1, Ordering::SeqCst)) {
            let Some(record) = self.run_cell(at, observer) else { break };
            work.keep(at, record, observer)?;
        }
        Ok(())
    }

    /// Runs one arm in one cell, or returns nothing when it was stopped.
    fn run_cell(&self, at: usize, observer: &dyn Observer) -> Option<CellRecord> {
        if observer.cancelled() {
            return None;
        }
        let (fold, arm) = (&self.splits.all[at / self.arms.len()], &self.arms[at % self.arms.len()]);
        let quiet = Silent::with_cancel(observer.cancel().clone());
        let repeat_seed = self.seed.child("experiment/repeat", fold.repeat as u64);
        let cell = Cell {
            repeat: fold.repeat,
            fold: fold.fold,
            train: &fold.train,
            test: &fold.test,
            seed: repeat_seed.child("experiment/fold", fold.fold as u64),
            observer: &quiet,
        };
        let begin = Instant::now();
        let result = match arm.run(&cell) {
            Ok(outcome) => match outcome.fault(fold.test.len()) {
                Some(reason) => CellResult::Failed { reason },
                None => CellResult::Done(outcome),
            },
            // An arm that was told to stop fails for that reason: it is not a result.
            Err(_) if observer.cancelled() => return None,
            Err(error) => CellResult::Failed { reason: error.to_string() },
        };
        let seconds = begin.elapsed().as_secs_f64();
        Some(CellRecord { arm: arm.name().into(), repeat: fold.repeat, fold: fold.fold, seconds, result })
    }
}

/// What the threads share.
struct Work {
    slots: Mutex<(Vec<Option<CellRecord>>, Option<Store>)>,
    next: AtomicUsize,
    open: Vec<usize>,
}

impl Work {
    /// Stores a finished cell and reports.
    fn keep(&self, at: usize, record: CellRecord, observer: &dyn Observer) -> Result<(), EvidenceError> {
        if let CellResult::Failed { reason } = &record.result {
            let CellRecord { arm, repeat, fold, .. } = &record;
            observer.warn(format!("{arm} failed in repeat {repeat}, fold {fold}: {reason}"));
        }
        {
            let mut shared = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(store) = &mut shared.1 {
                store.append(&record)?;
            }
            shared.0[at] = Some(record);
        }
        self.report(observer);
        Ok(())
    }

    fn report(&self, observer: &dyn Observer) {
        let shared = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        let done = shared.0.iter().filter(|slot| slot.is_some()).count() as u64;
        observer.event(Event::Progress { stage: STAGE.into(), done });
    }
}
