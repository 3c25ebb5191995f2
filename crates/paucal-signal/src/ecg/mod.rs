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
//! * [`audit`]: what is in a folder of recordings, and what would mislead.
//! * [`prepare`]: all of it over many recordings, into a folder.
//! * [`benchmark`]: detectors compared on annotated recordings.
//! * [`mine`]: the beats most like given ones.
//! * [`prototypes`]: how far the prototypes of a preparation can be trusted.
//! * [`discover`]: what the beats that were held back have in common.
//! * [`stability`]: whether clusters come back.
//! * [`classify`]: what a beat is, learnt from the beats of other patients.
//! * [`evaluate`]: how right that is, class by class and patient by patient.
//! * [`validate`]: the same over folds of patients, and what a random split would have promised.
//! * [`gate`]: when to say nothing.
//! * [`minutes`]: recordings that the program carries.
//! * [`model`]: a trained classifier with everything that using it takes; training, prediction, judgement.
//! * [`review`]: the beats that are left to a person.

pub mod audit;
pub mod beats;
pub mod benchmark;
pub mod classify;
mod columns;
pub mod context;
pub mod detect;
pub mod discover;
pub mod error;
pub mod evaluate;
pub mod gate;
pub mod labels;
mod listing;
pub mod matching;
pub mod mine;
pub mod minutes;
pub mod model;
pub mod patients;
pub mod prepare;
pub mod prototypes;
pub mod quality;
pub mod review;
pub mod split;
pub mod stability;
pub mod symbols;
pub mod validate;

pub use error::EcgError;
