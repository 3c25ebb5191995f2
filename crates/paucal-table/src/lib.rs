//! Generators for clinical tables, and what they share.
//!
//! A [`Generator`] learns from a [`paucal_data::Table`]; what it has learnt, a [`FittedGenerator`],
//! draws any number of rows, free or under [`Condition`]s, and is saved as plain JSON and tensors
//! that hold no raw row. [`METHODS`] lists every method with its paper and its parameters.
//!
//! The way through the code is the way of the data: [`transform`] turns a table into numbers a model
//! can learn and back, [`condition`] draws and encodes the wanted levels, [`generators`] hold one folder
//! per method, [`constraints`] stand around each of them, and [`artefact`] writes and reads models.
//!
//! Rules all methods keep: the same seed gives the same table with any number of threads; the output has
//! the columns, order, kinds, decimals and levels of the input; the number of rows asked for is the
//! number that comes back, and every one of them fulfils the conditions and keeps the constraints of the schema.

pub mod artefact;
pub mod audit;
pub mod compare;
pub mod condition;
pub mod constraints;
pub mod error;
pub mod generator;
pub mod generators;
pub mod hold_out;
pub mod journey;
pub mod judge;
pub mod parameters;
pub mod prove;
#[cfg(test)]
mod testing;
pub mod transform;
pub mod tune;

pub use artefact::{Artefact, LoadedModel, ModelFacts, Tensor, TensorData, load_model, save_model};
pub use condition::{Condition, Conditions};
pub use error::TableError;
pub use generator::{Checkpoint, Facts, FitContext, FittedGenerator, Generator, Method, Parameter, method};
pub use generators::METHODS;
