//! The electrocardiogram: where its beats are, what they are called, and how well detectors find them.
//!
//! * [`detect`]: detectors of beats, in one registry, and the refinement of their peaks.
//! * [`matching`]: detected against annotated beats, after ANSI/AAMI EC57.
//! * [`symbols`]: the annotation codes of the MIT-BIH databases and the AAMI classes of beats.

pub mod detect;
pub mod matching;
pub mod symbols;
