//! Filtering with second-order sections.
//!
//! A section computes yₙ = b₀ xₙ + b₁ xₙ₋₁ + b₂ xₙ₋₂ − a₁ yₙ₋₁ − a₂ yₙ₋₂ in the transposed direct form II,
//! which keeps two numbers of state:
//!
//! y = b₀ x + s₁,  s₁ ← b₁ x − a₁ y + s₂,  s₂ ← b₂ x − a₂ y.
//!
//! Zero-phase filtering runs forward, then backward, over the signal extended at both ends ([`Padding`]),
//! each time from the state that a constant signal would have left.

use std::f64::consts::PI;

use realfft::num_complex::Complex64;

use super::padding::reflections;
use super::{DspError, Padding};

/// A section, a₀ being 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Section {
    /// Numerator b₀, b₁, b₂.
    pub b: [f64; 3],
    /// Denominator a₁, a₂.
    pub a: [f64; 2],
}

/// The state of one section: s₁ and s₂.
type State = [f64; 2];

/// Samples between two looks at the state, see [`flush`].
const BLOCK: usize = 4096;

impl Section {
    /// The gain at frequency 0.
    fn gain_of_constants(&self) -> f64 {
        self.b.iter().sum::<f64>() / (1.0 + self.a[0] + self.a[1])
    }

    /// The state under a constant input of 1.
    fn steady_state(&self) -> State {
        let output = self.gain_of_constants();
        let second = self.b[2] - self.a[1] * output;
        [self.b[1] - self.a[0] * output + second, second]
    }

    #[inline]
    fn step(&self, state: &mut State, x: f64) -> f64 {
        let y = self.b[0].mul_add(x, state[0]);
        state[0] = (-self.a[0]).mul_add(y, self.b[1].mul_add(x, state[1]));
        state[1] = (-self.a[1]).mul_add(y, self.b[2] * x);
        y
    }
}

/// A cascade of sections.
#[derive(Debug, Clone, PartialEq)]
pub struct Sos {
    sections: Vec<Section>,
}

impl Sos {
    /// The cascade of these sections; of none, the identity.
    pub fn new(sections: Vec<Section>) -> Self {
        Self { sections }
    }

    /// The sections, first applied first.
    pub fn sections(&self) -> &[Section] {
        &self.sections
    }

    /// Filters from rest, as `scipy.signal.sosfilt`.
    pub fn filter(&self, signal: &[f64]) -> Vec<f64> {
        let mut output = signal.to_vec();
        self.streaming().filter(&mut output);
        output
    }

    /// A filter that takes a long signal piece by piece, from rest.
    pub fn streaming(&self) -> Streaming<'_> {
        Streaming { sos: self, states: vec![[0.0; 2]; self.sections.len()] }
    }

    /// Filters forward and backward, as `scipy.signal.sosfiltfilt`: no delay, the magnitude squared.
    pub fn filtfilt(&self, signal: &[f64], padding: Padding) -> Result<Vec<f64>, DspError> {
        let mut output = signal.to_vec();
        self.filtfilt_in_place(&mut output, padding)?;
        Ok(output)
    }

    /// [`filtfilt`](Self::filtfilt) that overwrites the signal and copies nothing but the padding.
    pub fn filtfilt_in_place(&self, signal: &mut [f64], padding: Padding) -> Result<(), DspError> {
        let count = padding.resolve("zero-phase filter", self.pad_length(), signal.len())?;
        let (mut before, mut after) = reflections(signal, count);
        let unit = self.steady_state();
        let scaled = |value: f64| unit.iter().map(|s| s.map(|v| v * value)).collect();

        let first = before.first().unwrap_or(&signal[0]);
        let mut forward = Streaming { sos: self, states: scaled(*first) };
        forward.filter(&mut before);
        forward.filter(signal);
        forward.filter(&mut after);

        let last = after.last().unwrap_or(&signal[signal.len() - 1]);
        let mut backward = Streaming { sos: self, states: scaled(*last) };
        backward.filter_backward(&mut after);
        backward.filter_backward(signal);
        Ok(())
    }

    /// SciPy's padding: three times the number of taps, less the taps that are zero in all sections.
    pub fn pad_length(&self) -> usize {
        let zero_ends = |end: fn(&Section) -> f64| self.sections.iter().filter(|s| end(s) == 0.0).count();
        let missing = zero_ends(|s| s.b[2]).min(zero_ends(|s| s.a[1]));
        3 * (2 * self.sections.len() + 1 - missing)
    }

    /// The states under a constant input of 1, as `scipy.signal.sosfilt_zi`.
    pub fn steady_state(&self) -> Vec<[f64; 2]> {
        let mut input = 1.0;
        let settle = |section: &Section| {
            let state = section.steady_state().map(|v| v * input);
            input *= section.gain_of_constants();
            state
        };
        self.sections.iter().map(settle).collect()
    }

    /// The frequency response at `frequency` Hz.
    pub fn response(&self, frequency: f64, fs: f64) -> Complex64 {
        let delay = Complex64::from_polar(1.0, -2.0 * PI * frequency / fs);
        let of = |s: &Section| {
            (s.b[0] + delay * (s.b[1] + delay * s.b[2])) / (1.0 + delay * (s.a[0] + delay * s.a[1]))
        };
        self.sections.iter().map(of).product()
    }
}

/// A cascade with its state: consecutive pieces of a signal come out as if they were filtered at once.
#[derive(Debug, Clone)]
pub struct Streaming<'a> {
    sos: &'a Sos,
    states: Vec<State>,
}

impl Streaming<'_> {
    /// Filters the next piece in place.
    pub fn filter(&mut self, piece: &mut [f64]) {
        for block in piece.chunks_mut(BLOCK) {
            self.cascade::<false>(block);
        }
    }

    /// Filters a piece in place from its last sample to its first.
    fn filter_backward(&mut self, piece: &mut [f64]) {
        for block in piece.rchunks_mut(BLOCK) {
            self.cascade::<true>(block);
        }
    }

    /// Two sections per pass over a block: their chains of dependent operations overlap in the processor.
    fn cascade<const BACKWARD: bool>(&mut self, block: &mut [f64]) {
        let (pairs, single) = self.sos.sections.as_chunks::<2>();
        let (pair_states, single_state) = self.states.as_chunks_mut::<2>();
        for ([first, second], [one, two]) in pairs.iter().zip(pair_states) {
            map::<BACKWARD>(block, |x| second.step(two, first.step(one, x)));
        }
        for (section, state) in single.iter().zip(single_state) {
            map::<BACKWARD>(block, |x| section.step(state, x));
        }
        self.states.iter_mut().for_each(flush);
    }
}

/// Replaces every sample by its image, from the last to the first if `BACKWARD`.
#[inline]
fn map<const BACKWARD: bool>(block: &mut [f64], mut image: impl FnMut(f64) -> f64) {
    if BACKWARD {
        block.iter_mut().rev().for_each(|x| *x = image(*x));
    } else {
        block.iter_mut().for_each(|x| *x = image(*x));
    }
}

/// Sets a state that has decayed to nothing to zero: on a long flat stretch it would reach the
/// subnormal numbers, which processors compute with a hundred times slower.
fn flush(state: &mut State) {
    for value in state {
        if value.abs() < 1e-200 {
            *value = 0.0;
        }
    }
}
