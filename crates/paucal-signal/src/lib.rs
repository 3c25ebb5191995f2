//! Signals: recordings and the formats they come in, filters, and what is built on them for the ECG.
//!
//! * [`recording`]: channels with units, sampling rates and missing samples, and annotations.
//! * [`formats`]: readers and writers, WFDB first.
//! * [`dsp`]: filters and resampling with the conventions of SciPy.
//! * [`ecg`]: heart beats: detectors and their comparison with reference annotations; beats cut out, judged,
//!   split by patient and made ready to learn from.

pub mod dsp;
pub mod ecg;
pub mod formats;
pub mod recording;
