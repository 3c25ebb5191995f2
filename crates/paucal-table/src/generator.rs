//! What a generator is: the contract between the methods and all that use them.

use std::path::PathBuf;

pub use paucal_core::parameter::Parameter;
pub(crate) use paucal_core::parameter::parameter;
use paucal_core::{Observer, Seed};
use paucal_data::{Schema, Table};
use paucal_tune::Space;

use crate::artefact::Artefact;
use crate::condition::Condition;
use crate::constraints::{self, Constrained};
use crate::error::{TableError, suggestion};
use crate::generators::METHODS;

/// What surrounds a fit.
pub struct FitContext<'a> {
    /// Everything random in the fit follows from it.
    pub seed: Seed,
    /// Where progress and warnings go, and the flag that asks for a stop.
    pub observer: &'a dyn Observer,
    /// Where iterative methods keep their state; `None` keeps none.
    pub checkpoint: Option<Checkpoint>,
}

impl<'a> FitContext<'a> {
    /// A context without checkpoints.
    pub fn new(seed: Seed, observer: &'a dyn Observer) -> Self {
        Self { seed, observer, checkpoint: None }
    }
}

/// Where an iterative fit keeps its state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// Folder for the state; made if it is not there.
    pub folder: PathBuf,
    /// Whether to continue from the state found there.
    pub resume: bool,
}

/// A method with its parameters, ready to learn from a table.
pub trait Generator: Send + Sync {
    /// Name in [`METHODS`].
    fn name(&self) -> &'static str;

    /// Whether what it fits can be saved; asked before time is spent on a fit that is to be kept.
    fn can_be_saved(&self) -> Result<(), TableError> {
        Ok(())
    }

    /// Learns from `train`. Rows are cases; ids and free text are not learnt (see
    /// [`Plan`](crate::transform::Plan)).
    fn fit(&self, train: &Table, context: &FitContext<'_>) -> Result<Box<dyn FittedGenerator>, TableError>;
}

/// What a [`Generator`] has learnt.
pub trait FittedGenerator: Send + Sync {
    /// Name of the method in [`METHODS`].
    fn name(&self) -> &'static str;

    /// The columns of the tables it makes: those of the training table.
    fn schema(&self) -> &Schema;

    /// Draws exactly `rows` rows that all fulfil `conditions`; none gives rows as they occur. The same
    /// seed gives the same table.
    fn sample(&self, rows: usize, conditions: &[Condition], seed: Seed) -> Result<Table, TableError>;

    /// Everything needed to draw again elsewhere, and no raw row unless the user asked for it by name.
    fn save(&self) -> Result<Artefact, TableError>;
}

/// What a search space depends on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Facts {
    /// Rows to fit on.
    pub rows: usize,
    /// Columns.
    pub columns: usize,
    /// Rows of the rarest class of the target.
    pub rarest: usize,
}

/// A line of the registry.
#[derive(Debug, Clone, Copy)]
pub struct Method {
    /// Name on the command line and in files.
    pub name: &'static str,
    /// Name in reports.
    pub title: &'static str,
    /// The publication it is built from.
    pub paper: &'static str,
    /// What it does, in plain words.
    pub summary: &'static str,
    /// Its parameters.
    pub parameters: &'static [Parameter],
    /// What is worth tuning on a table with these facts; empty when nothing is.
    pub space: fn(&Facts) -> Space,
    /// Makes the bare generator; [`Method::generator`] is what to call.
    pub(crate) build: fn(&toml::Table) -> Result<Box<dyn Generator>, TableError>,
    /// Brings a bare saved model back; [`Method::restore`] is what to call.
    pub(crate) load: fn(&Artefact) -> Result<Box<dyn FittedGenerator>, TableError>,
}

impl Method {
    /// Makes the generator from its parameters; missing ones take their default. It keeps the constraints in the schema
    /// of the table it is fitted to.
    pub fn generator(&self, parameters: &toml::Table) -> Result<Box<dyn Generator>, TableError> {
        Ok(Box::new(Constrained::new((self.build)(parameters)?)))
    }

    /// Brings a saved model back.
    pub fn restore(&self, artefact: &Artefact) -> Result<Box<dyn FittedGenerator>, TableError> {
        constraints::restore(artefact, self.load)
    }
}

/// The method of that name; an unknown one is an error with the closest known name.
///
/// ```
/// use paucal_core::Advice;
///
/// let fitted = paucal_table::method("gaussian-copula")?.title;
/// assert_eq!(fitted, "Gaussian copula");
/// let error = paucal_table::method("gausian_copula").unwrap_err();
/// assert_eq!(error.hint().as_deref(), Some("did you mean 'gaussian-copula'?"));
/// # Ok::<(), paucal_table::TableError>(())
/// ```
pub fn method(name: &str) -> Result<&'static Method, TableError> {
    METHODS.iter().find(|method| method.name == name).ok_or_else(|| TableError::UnknownMethod {
        name: name.into(),
        hint: suggestion(name, METHODS.iter().map(|method| method.name)),
    })
}
