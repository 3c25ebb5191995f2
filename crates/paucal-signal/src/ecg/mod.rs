//! The electrocardiogram: where its beats are, what they are called, and how they are made ready to learn from.
//!
//! * [`detect`]: detectors of beats, in one registry, and the refinement of their peaks.
//! * [`matching`]: detected against annotated beats, after ANSI/AAMI EC57.
//! * [`symbols`]: the annotation codes of the MIT-BIH databases and the AAMI classes of beats.
//! * [`labels`]: from symbols and labels of strips to classes.
//! * [`patients`]: which recordings are of one person.
//! * [`beats`]: the beats of a recording, cut out, with their RR intervals.
//! * [`quality`]: how much their signal can be trusted.
//! * [`context`]: each beat among its neighbours.
//! * [`split`]: training, validation and test, patient by patient.
//! * [`prepare`]: all of it over many recordings, into a folder.
//! * [`benchmark`]: detectors compared on annotated recordings.
//! * [`mine`]: the beats most like given ones.

pub mod beats;
pub mod benchmark;
pub mod context;
pub mod detect;
pub mod error;
pub mod labels;
pub mod matching;
pub mod mine;
pub mod patients;
pub mod prepare;
pub mod quality;
pub mod split;
pub mod symbols;

pub use error::EcgError;
