//! Changes of waves that leave their class what it is.
//!
//! A beat and its neighbours are moved in time, as if the peak had been found a little earlier or later, made larger or
//! smaller together, and each gets a slope of its baseline and some noise. Beats of all classes are changed alike: if
//! only the rare ones were, the change itself would tell them.

use paucal_core::Stream;
use serde::{Deserialize, Serialize};

use crate::ecg::error::{EcgError, require};

/// How much waves are changed. Heights are in standard deviations of the training waves.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Augment {
    /// Share of the beats that are changed, 0 for none.
    pub share: f64,
    /// Largest shift in time, in samples.
    pub shift: usize,
    /// Standard deviation of the logarithm of the factor.
    pub scale: f64,
    /// Standard deviation of the rise of the baseline over a wave.
    pub drift: f64,
    /// Standard deviation of the noise.
    pub noise: f64,
}

impl Default for Augment {
    fn default() -> Self {
        Self { share: 0.5, shift: 3, scale: 0.15, drift: 0.1, noise: 0.03 }
    }
}

impl Augment {
    /// Nothing is changed.
    pub fn none() -> Self {
        Self { share: 0.0, ..Self::default() }
    }

    /// Whether the parameters are in range.
    pub(super) fn check(&self) -> Result<(), EcgError> {
        require((0.0..=1.0).contains(&self.share), "share", self.share, "between 0 and 1")?;
        require(self.shift <= 1000, "shift", self.shift, "at most 1000")?;
        for (name, value) in [("scale", self.scale), ("drift", self.drift), ("noise", self.noise)] {
            require((0.0..=10.0).contains(&value), name, value, "between 0 and 10")?;
        }
        Ok(())
    }

    /// What is done to one beat and its neighbours.
    pub(super) fn draw(&self, stream: &mut Stream) -> Option<Change> {
        if stream.uniform() >= self.share {
            return None;
        }
        let shift = stream.index(2 * self.shift + 1) as isize - self.shift as isize;
        Some(Change { shift, factor: (self.scale * stream.normal()).exp() as f32 })
    }

    /// Changes one wave.
    pub(super) fn apply(&self, change: Change, wave: &mut [f32], stream: &mut Stream) {
        shift(wave, change.shift);
        let slope = (self.drift * stream.normal()) as f32;
        let mut noise = vec![0.0; if self.noise > 0.0 { wave.len() } else { 0 }];
        stream.fill_normal(&mut noise);
        let (last, noise_scale) = (wave.len().max(2) as f32 - 1.0, self.noise as f32);
        for (k, value) in wave.iter_mut().enumerate() {
            *value = change.factor.mul_add(*value, slope * (k as f32 / last - 0.5));
        }
        wave.iter_mut().zip(&noise).for_each(|(value, n)| *value += noise_scale * n);
    }
}

/// A change of a beat and its neighbours.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Change {
    /// Samples later.
    shift: isize,
    /// Height over height before.
    factor: f32,
}

/// Moves a wave to the right (or left), repeating the sample at its end.
fn shift(wave: &mut [f32], by: isize) {
    let room = by.unsigned_abs().min(wave.len());
    if room == 0 {
        return;
    }
    let length = wave.len();
    if by > 0 {
        let first = wave[0];
        wave.copy_within(..length - room, room);
        wave[..room].fill(first);
    } else {
        let last = wave[length - 1];
        wave.copy_within(room.., 0);
        wave[length - room..].fill(last);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use paucal_core::Seed;

    #[test]
    fn waves_move_and_keep_their_ends() {
        let moved = |by| {
            let mut wave = [1.0, 2.0, 3.0, 4.0];
            shift(&mut wave, by);
            wave
        };
        assert_eq!(moved(1), [1.0, 1.0, 2.0, 3.0]);
        assert_eq!(moved(-2), [3.0, 4.0, 4.0, 4.0]);
        assert_eq!((moved(0), moved(9)), ([1.0, 2.0, 3.0, 4.0], [1.0; 4]));
        shift(&mut [], 3);
    }

    #[test]
    fn the_stated_share_is_changed_by_the_stated_amounts() {
        let augment = Augment { share: 0.3, ..Augment::default() };
        let mut stream = Seed(1).stream("augment", 0);
        let drawn: Vec<Change> = (0..10_000).filter_map(|_| augment.draw(&mut stream)).collect();
        assert!((2800..3200).contains(&drawn.len()));
        assert!(drawn.iter().all(|c| c.shift.abs() <= 3 && c.factor > 0.3 && c.factor < 3.0));
        let mut wave = vec![1.0; 200];
        augment.apply(Change { shift: 2, factor: 2.0 }, &mut wave, &mut stream);
        let mean = wave.iter().sum::<f32>() / 200.0;
        assert!((mean - 2.0).abs() < 0.02, "{mean}");
        assert!(Augment::none().draw(&mut stream).is_none());
        assert!(Augment { share: 1.5, ..Augment::default() }.check().is_err());
    }
}
