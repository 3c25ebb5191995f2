//! Each beat among its neighbours.
//!
//! A window holds 2r + 1 slots around its beat. There is one window for every beat, in the order of the beats:
//! row i is about the beat with `beat_global_id` i, so that nothing can slip. Noise keeps its place. Beyond the
//! ends of a recording slots are empty.

use crate::formats::numpy::{Array, Values};

/// Stands for an empty slot.
pub const EMPTY: i32 = -1;

/// Windows over beats that lie one after the other.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ContextWindows {
    /// Slots on either side of the middle one.
    pub radius: usize,
    /// `beat_global_id` of every slot, windows × slots; [`EMPTY`] beyond the ends.
    pub slots: Vec<i32>,
}

impl ContextWindows {
    /// The windows of recordings with these numbers of beats.
    ///
    /// ```
    /// use paucal_signal::ecg::context::ContextWindows;
    ///
    /// let windows = ContextWindows::new(&[2, 1], 1);
    /// assert_eq!(windows.slots, [-1, 0, 1, 0, 1, -1, -1, 2, -1]);
    /// ```
    pub fn new(beats: &[usize], radius: usize) -> Self {
        Self::over(beats, radius, |_| true)
    }

    /// The literal windows of the first description: only over beats that `keep` holds for.
    pub fn over(beats: &[usize], radius: usize, keep: impl Fn(usize) -> bool) -> Self {
        let mut slots = Vec::new();
        let mut first = 0;
        for &count in beats {
            let row: Vec<i32> = (first..first + count).filter(|&beat| keep(beat)).map(|b| b as i32).collect();
            first += count;
            for middle in 0..row.len() {
                let slot = |k: usize| (middle + k).checked_sub(radius).and_then(|at| row.get(at)).copied();
                slots.extend((0..=2 * radius).map(|k| slot(k).unwrap_or(EMPTY)));
            }
        }
        Self { radius, slots }
    }

    /// Slots of a window.
    pub fn width(&self) -> usize {
        2 * self.radius + 1
    }

    /// How many windows.
    pub fn len(&self) -> usize {
        self.slots.len() / self.width()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// The slots of a window.
    pub fn window(&self, i: usize) -> &[i32] {
        &self.slots[i * self.width()..(i + 1) * self.width()]
    }

    /// The beat in the middle of each window.
    pub fn centres(&self) -> impl Iterator<Item = usize> + '_ {
        self.slots.chunks_exact(self.width()).map(|window| window[self.radius] as usize)
    }

    /// 1 where a slot holds a beat, 0 where it is empty.
    pub fn mask(&self) -> Vec<f32> {
        self.slots.iter().map(|&slot| if slot == EMPTY { 0.0 } else { 1.0 }).collect()
    }

    /// The waves of a window's slots, zeros in empty ones: slots × samples.
    pub fn waves(&self, i: usize, waves: &[f32], length: usize) -> Vec<f32> {
        let mut out = Vec::with_capacity(self.width() * length);
        for &slot in self.window(i) {
            match usize::try_from(slot) {
                Ok(beat) => out.extend_from_slice(&waves[beat * length..(beat + 1) * length]),
                Err(_) => out.resize(out.len() + length, 0.0),
            }
        }
        out
    }

    /// Something known of each beat, by slot; `empty` in empty ones.
    pub fn by_slot(&self, of_beat: impl Fn(usize) -> i32, empty: i32) -> Array {
        let values = self.slots.iter().map(|&slot| usize::try_from(slot).map_or(empty, &of_beat)).collect();
        Array { shape: vec![self.len(), self.width()], values: Values::I32(values) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn literal_windows_leave_noise_out() {
        let windows = ContextWindows::over(&[4], 1, |beat| beat != 1);
        assert_eq!(windows.slots, [-1, 0, 2, 0, 2, 3, 2, 3, -1]);
        assert_eq!(windows.centres().collect::<Vec<_>>(), [0, 2, 3]);
    }

    #[test]
    fn waves_follow_their_slots() {
        let windows = ContextWindows::new(&[2], 1);
        assert_eq!(windows.waves(1, &[1.0, 2.0, 3.0, 4.0], 2), [1.0, 2.0, 3.0, 4.0, 0.0, 0.0]);
        assert_eq!(windows.mask(), [0.0, 1.0, 1.0, 1.0, 1.0, 0.0]);
    }

    proptest! {
        #[test]
        fn windows_stay_within_their_recording(
            beats in proptest::collection::vec(0_usize..20, 0..8), radius in 0_usize..5,
        ) {
            let windows = ContextWindows::new(&beats, radius);
            let record_of: Vec<usize> =
                beats.iter().enumerate().flat_map(|(r, &n)| std::iter::repeat_n(r, n)).collect();
            prop_assert_eq!(windows.len(), record_of.len());
            prop_assert!(windows.centres().eq(0..record_of.len()));
            for i in 0..windows.len() {
                for (k, &slot) in windows.window(i).iter().enumerate() {
                    let wanted = (i + k).checked_sub(radius).filter(|&j| record_of.get(j) == Some(&record_of[i]));
                    prop_assert_eq!(slot, wanted.map_or(EMPTY, |j| j as i32));
                }
            }
        }
    }
}
