//! Filters, smoothing, peaks and resampling, all in `f64`, with the conventions of SciPy.
//!
//! * [`design`]: Butterworth filters and the notch, as zeros, poles and gain.
//! * [`sos`]: filtering with second-order sections, also forward and backward (zero phase): what to use.
//! * [`transfer`]: the same with one pair of polynomials, for parity with programs that do so.
//! * [`smooth`]: moving means, the gradient, trends.
//! * [`median`]: moving medians.
//! * [`peaks`]: local maxima, their prominence, and which to keep when they crowd.
//! * [`gaps`]: missing samples.
//! * [`mod@resample`]: other sampling rates, through the Fourier transform or a polyphase filter.
//!
//! Conventions follow SciPy 1.17: what `scipy.signal` returns is returned here to rounding, and the
//! golden files of the tests show it.
//!
//! ```
//! use paucal_signal::dsp::{Band, Padding, butterworth};
//!
//! let band = butterworth(2, Band::Pass(0.5, 40.0), 250.0)?.sos();
//! let drifting: Vec<f64> = (0..1000).map(|i| f64::from(i) * 0.01).collect();
//! let flat = band.filtfilt(&drifting, Padding::Standard)?;
//! assert!(flat[500].abs() < 0.01);
//! # Ok::<(), paucal_signal::dsp::DspError>(())
//! ```

pub mod design;
pub mod error;
pub mod gaps;
pub mod median;
pub mod padding;
pub mod peaks;
pub mod resample;
pub mod smooth;
pub mod sos;
pub mod transfer;

pub use design::{Band, ZeroPoleGain, butterworth, notch};
pub use error::DspError;
pub use padding::Padding;
pub use resample::{Edge, resample, resample_poly};
pub use sos::{Section, Sos, Streaming};
pub use transfer::TransferFunction;
