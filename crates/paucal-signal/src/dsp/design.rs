//! Design of recursive filters: analogue prototype, frequency transform, bilinear transform.
//!
//! A Butterworth filter of order N has the magnitude |H(iω)|² = 1 / (1 + ω²ᴺ) before it is moved to its
//! band (Butterworth, 1930, *Experimental Wireless* 7). Its poles are kept as numbers until the end:
//! polynomials of high order lose digits when a band is narrow or low, and second-order sections
//! ([`ZeroPoleGain::sos`]) do not.

use std::f64::consts::{FRAC_1_SQRT_2, PI};

use realfft::num_complex::Complex64;

use super::error::require;
use super::{DspError, Section, Sos, TransferFunction};

/// The highest order that is designed; beyond it even sections lose precision.
pub const MAX_ORDER: usize = 16;

/// What a filter lets through; frequencies in Hz, strictly between 0 and half the sampling rate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Band {
    /// Below the frequency.
    Low(f64),
    /// Above the frequency.
    High(f64),
    /// Between the two.
    Pass(f64, f64),
    /// Outside the two.
    Stop(f64, f64),
}

/// A digital filter as its zeros, poles and gain: H(z) = k ∏(z − zᵢ) / ∏(z − pᵢ).
#[derive(Debug, Clone, PartialEq)]
pub struct ZeroPoleGain {
    /// Zeros: real, or in conjugate pairs.
    pub zeros: Vec<Complex64>,
    /// Poles: real, or in conjugate pairs; inside the unit circle.
    pub poles: Vec<Complex64>,
    /// The factor k.
    pub gain: f64,
}

/// The Butterworth filter of `order` (1 to [`MAX_ORDER`]; a band has twice as many poles) at `fs` Hz,
/// as `scipy.signal.butter(order, …, fs=fs, output="zpk")`.
pub fn butterworth(order: usize, band: Band, fs: f64) -> Result<ZeroPoleGain, DspError> {
    const METHOD: &str = "Butterworth filter";
    require((1..=MAX_ORDER).contains(&order), METHOD, "order", order, "from 1 to 16")?;
    require(fs.is_finite() && fs > 0.0, METHOD, "sampling rate", fs, "positive")?;
    let inside = |frequency: f64| {
        let holds = frequency > 0.0 && frequency < fs / 2.0;
        require(holds, METHOD, "frequency", frequency, "above 0 and below half the sampling rate")
    };
    // Frequencies of the analogue filter that the bilinear transform brings to the wanted places.
    let warp = |frequency: f64| 4.0 * (PI * frequency / fs).tan();
    let analogue = match band {
        Band::Low(edge) | Band::High(edge) => {
            inside(edge)?;
            let prototype = Analogue::butterworth(order);
            if matches!(band, Band::Low(_)) { prototype.low(warp(edge)) } else { prototype.high(warp(edge)) }
        }
        Band::Pass(low, high) | Band::Stop(low, high) => {
            inside(low)?;
            inside(high)?;
            require(low < high, METHOD, "lower frequency", low, "below the upper one")?;
            let (centre, width) = ((warp(low) * warp(high)).sqrt(), warp(high) - warp(low));
            let prototype = Analogue::butterworth(order);
            if matches!(band, Band::Pass(..)) {
                prototype.pass(centre, width)
            } else {
                prototype.stop(centre, width)
            }
        }
    };
    Ok(analogue.bilinear())
}

/// The second-order notch at `frequency` Hz whose −3 dB band is `frequency / quality` wide,
/// as `scipy.signal.iirnotch` (Orfanidis, 1996, *Introduction to Signal Processing*).
pub fn notch(frequency: f64, quality: f64, fs: f64) -> Result<Sos, DspError> {
    const METHOD: &str = "notch";
    require(fs.is_finite() && fs > 0.0, METHOD, "sampling rate", fs, "positive")?;
    let inside = frequency > 0.0 && frequency < fs / 2.0;
    require(inside, METHOD, "frequency", frequency, "above 0 and below half the sampling rate")?;
    require(quality.is_finite() && quality > 0.0, METHOD, "quality", quality, "positive")?;
    let centre = 2.0 * PI * frequency / fs;
    let half_width = centre / quality / 2.0;
    require(
        half_width < PI / 2.0,
        METHOD,
        "quality",
        quality,
        "large enough that the band stays below half the sampling rate",
    )?;
    let gain = 1.0 / (1.0 + half_width.tan() * (1.0 - FRAC_1_SQRT_2.powi(2)).sqrt() / FRAC_1_SQRT_2);
    let middle = -2.0 * gain * centre.cos();
    Ok(Sos::new(vec![Section { b: [gain, middle, gain], a: [middle, 2.0 * gain - 1.0] }]))
}

/// An analogue filter, H(s) = k ∏(s − zᵢ) / ∏(s − pᵢ).
struct Analogue {
    zeros: Vec<Complex64>,
    poles: Vec<Complex64>,
    gain: f64,
}

impl Analogue {
    /// Low-pass with cut-off 1 rad/s: poles evenly on the left half of the unit circle.
    fn butterworth(order: usize) -> Self {
        let pole = |k: usize| {
            // The middle pole of an odd order is real, exactly.
            let steps = 2 * k as i64 + 1 - order as i64;
            if steps == 0 {
                return Complex64::new(-1.0, 0.0);
            }
            -Complex64::from_polar(1.0, PI * steps as f64 / (2 * order) as f64)
        };
        Self { zeros: Vec::new(), poles: (0..order).map(pole).collect(), gain: 1.0 }
    }

    /// s → s / ω.
    fn low(self, cutoff: f64) -> Self {
        let gain = self.gain * cutoff.powi(self.poles.len() as i32);
        Self { zeros: Vec::new(), poles: self.poles.iter().map(|p| p * cutoff).collect(), gain }
    }

    /// s → ω / s. A Butterworth filter keeps its gain: the product of the negated poles is 1.
    fn high(self, cutoff: f64) -> Self {
        let zeros = vec![Complex64::ZERO; self.poles.len()];
        Self { zeros, poles: self.poles.iter().map(|p| cutoff / p).collect(), gain: self.gain }
    }

    /// s → (s² + ω²) / (s · width).
    fn pass(self, centre: f64, width: f64) -> Self {
        let order = self.poles.len();
        let scaled = self.poles.iter().map(|p| p * (width / 2.0));
        Self {
            zeros: vec![Complex64::ZERO; order],
            poles: split(scaled, centre),
            gain: self.gain * width.powi(order as i32),
        }
    }

    /// s → (s · width) / (s² + ω²).
    fn stop(self, centre: f64, width: f64) -> Self {
        let order = self.poles.len();
        let scaled = self.poles.iter().map(|p| (width / 2.0) / p);
        let on_axis = [centre, -centre].map(|imaginary| Complex64::new(0.0, imaginary));
        Self {
            zeros: on_axis.iter().flat_map(|&zero| std::iter::repeat_n(zero, order)).collect(),
            poles: split(scaled, centre),
            gain: self.gain,
        }
    }

    /// s → 4 (z − 1) / (z + 1), the sampling rate being 2; zeros at infinity come to z = −1.
    fn bilinear(self) -> ZeroPoleGain {
        let to_digital = |s: &Complex64| (4.0 + s) / (4.0 - s);
        let product = |roots: &[Complex64]| roots.iter().map(|s| 4.0 - s).product::<Complex64>();
        let gain = self.gain * (product(&self.zeros) / product(&self.poles)).re;
        let mut zeros: Vec<Complex64> = self.zeros.iter().map(to_digital).collect();
        zeros.resize(self.poles.len(), Complex64::new(-1.0, 0.0));
        ZeroPoleGain { zeros, poles: self.poles.iter().map(to_digital).collect(), gain }
    }
}

/// The two roots of s² − 2 p s + ω² for every p.
fn split(halves: impl Iterator<Item = Complex64> + Clone, centre: f64) -> Vec<Complex64> {
    let distance = move |p: Complex64| (p * p - centre * centre).sqrt();
    halves.clone().map(|p| p + distance(p)).chain(halves.map(|p| p - distance(p))).collect()
}

impl ZeroPoleGain {
    /// The polynomials of this filter (SciPy's `ba`).
    pub fn transfer(&self) -> TransferFunction {
        let b = polynomial(&self.zeros).into_iter().map(|c| c * self.gain).collect();
        TransferFunction { b, a: polynomial(&self.poles) }
    }

    /// Second-order sections, paired as `scipy.signal.zpk2sos(pairing="nearest")`.
    ///
    /// The pole nearest the unit circle takes its conjugate (or the real pole nearest the circle) and the
    /// zeros nearest to it: that keeps the gain of each section moderate. Sections run from the
    /// tamest to the most resonant, and the first carries the gain.
    pub fn sos(&self) -> Sos {
        // Roots at the origin make the numbers of zeros and poles equal and even.
        let length = self.poles.len().max(self.zeros.len()).next_multiple_of(2);
        let filled = |roots: &[Complex64]| {
            let missing = std::iter::repeat_n(Complex64::ZERO, length - roots.len());
            upper_half(roots).into_iter().chain(missing).collect::<Vec<_>>()
        };
        let (mut poles, mut zeros) = (filled(&self.poles), filled(&self.zeros));
        let mut sections = Vec::new();
        while let Some(worst) = nearest_to_circle(&poles, |_| true) {
            let pole = poles.remove(worst);
            let pole_pair = if is_real(pole) {
                let partner = nearest_to_circle(&poles, is_real).map_or(Complex64::ZERO, |i| poles.remove(i));
                [pole, partner]
            } else {
                [pole, pole.conj()]
            };
            let zero_pair = take_zeros(&mut zeros, pole, &poles);
            let [_, b1, b2] = quadratic(zero_pair);
            let [_, a1, a2] = quadratic(pole_pair);
            sections.push(Section { b: [1.0, b1, b2], a: [a1, a2] });
        }
        sections.reverse();
        if let Some(first) = sections.first_mut() {
            first.b = first.b.map(|c| c * self.gain);
        }
        Sos::new(sections)
    }
}

/// The zero nearest to `pole` and its conjugate, or the two nearest real zeros. When one real pole and one
/// real zero are left they wait for each other, and a complex pole takes complex zeros.
fn take_zeros(zeros: &mut Vec<Complex64>, pole: Complex64, poles_left: &[Complex64]) -> [Complex64; 2] {
    let reals = |roots: &[Complex64]| roots.iter().filter(|&&root| is_real(root)).count();
    let must_be_complex =
        !is_real(pole) && poles_left.len() + 1 == zeros.len() && reals(poles_left) == 1 && reals(zeros) == 1;
    let first = nearest(zeros, pole, |zero| !must_be_complex || !is_real(zero));
    let Some(zero) = first.map(|i| zeros.remove(i)) else { return [Complex64::ZERO; 2] };
    if !is_real(zero) {
        return [zero, zero.conj()];
    }
    let second = nearest(zeros, pole, is_real).map_or(Complex64::ZERO, |i| zeros.remove(i));
    [zero, second]
}

/// Real, up to the rounding of the transforms (which `upper_half` has removed).
fn is_real(root: Complex64) -> bool {
    root.im == 0.0
}

/// One root of each conjugate pair (that with the positive imaginary part), then the real ones; by real part.
fn upper_half(roots: &[Complex64]) -> Vec<Complex64> {
    let rounding = |root: &Complex64| 100.0 * f64::EPSILON * root.norm();
    let mut pairs: Vec<Complex64> = roots.iter().copied().filter(|r| r.im > rounding(r)).collect();
    let mut reals: Vec<Complex64> =
        roots.iter().filter(|r| r.im.abs() <= rounding(r)).map(|r| Complex64::new(r.re, 0.0)).collect();
    pairs.sort_by(|a, b| a.re.total_cmp(&b.re).then(a.im.total_cmp(&b.im)));
    reals.sort_by(|a, b| a.re.total_cmp(&b.re));
    pairs.append(&mut reals);
    pairs
}

/// The first of the roots nearest to the unit circle, among those that are `eligible`.
fn nearest_to_circle(roots: &[Complex64], eligible: impl Fn(Complex64) -> bool) -> Option<usize> {
    smallest(roots, eligible, |root| (1.0 - root.norm()).abs())
}

/// The first of the roots nearest to `target`, among those that are `eligible`.
fn nearest(roots: &[Complex64], target: Complex64, eligible: impl Fn(Complex64) -> bool) -> Option<usize> {
    smallest(roots, eligible, |root| (root - target).norm())
}

fn smallest(
    roots: &[Complex64],
    eligible: impl Fn(Complex64) -> bool,
    key: impl Fn(Complex64) -> f64,
) -> Option<usize> {
    (0..roots.len()).filter(|&i| eligible(roots[i])).min_by(|&i, &j| key(roots[i]).total_cmp(&key(roots[j])))
}

/// (z − r₁)(z − r₂) for two real roots or a conjugate pair.
fn quadratic([first, second]: [Complex64; 2]) -> [f64; 3] {
    [1.0, -(first + second).re, (first * second).re]
}

/// ∏(z − rᵢ), highest power first; the roots are real or in conjugate pairs.
fn polynomial(roots: &[Complex64]) -> Vec<f64> {
    let mut coefficients = vec![Complex64::ONE];
    for root in roots {
        coefficients.push(Complex64::ZERO);
        for i in (1..coefficients.len()).rev() {
            let previous = coefficients[i - 1];
            coefficients[i] -= root * previous;
        }
    }
    coefficients.into_iter().map(|c| c.re).collect()
}
