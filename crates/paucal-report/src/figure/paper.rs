//! ECG paper: small squares of 1 mm, large ones of 5 mm, 25 mm to the second and 10 mm to the millivolt.

use super::canvas::{Canvas, Pen};
use super::style::Hue;
use crate::number;

/// Pixels of a millimetre of paper.
pub(crate) const MM: f64 = 3.6;
/// Millimetres of a large square.
pub(crate) const LARGE: f64 = 5.0;
/// Speed of the paper in millimetres per second.
pub(crate) const SPEED: f64 = 25.0;
/// Height of a millivolt in millimetres.
const USUAL_GAIN: f64 = 10.0;

/// Rules an area as ECG paper; squares start at its upper left corner.
pub(crate) fn rule(canvas: &mut Canvas, area: [f64; 4]) {
    canvas.rules(area, [MM, MM], [0.0, 0.0], Pen::new(Hue::PaperFine, 0.5));
    canvas.rules(area, [MM * LARGE, MM * LARGE], [0.0, 0.0], Pen::new(Hue::PaperBold, 0.9));
}

/// How high a value stands on the paper.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Gain {
    /// Millimetres of one unit.
    pub mm_per_unit: f64,
    unit: String,
    millivolts: bool,
}

impl Gain {
    /// The usual 10 mm/mV where values of this `range` fit into `room` millimetres, else halved until they do. Of
    /// another unit 10 mm are a round number.
    pub fn of(unit: &str, range: f64, room: f64) -> Self {
        let millivolts = unit.trim().eq_ignore_ascii_case("mv");
        let range = if range.is_finite() && range > 0.0 { range.clamp(1e-12, 1e12) } else { 1.0 };
        let mm_per_unit = if millivolts {
            let halvings = (range * USUAL_GAIN / room).log2().ceil().max(0.0);
            USUAL_GAIN / 2f64.powf(halvings)
        } else {
            USUAL_GAIN / nice(range * USUAL_GAIN / room)
        };
        Self { mm_per_unit, unit: unit.trim().to_owned(), millivolts }
    }

    /// The scale in words: speed, height, and what a small square is.
    pub fn words(&self) -> String {
        let per_square = bare(&number::significant(1.0 / self.mm_per_unit, 2));
        if self.millivolts {
            let gain = bare(&number::significant(self.mm_per_unit, 3));
            return format!("25 mm/s, {gain} mm/mV · small square 0.04 s × {per_square} mV");
        }
        let unit = if self.unit.is_empty() { "unknown unit, not mV" } else { &self.unit };
        let not = if self.unit.is_empty() { "" } else { ", not mV" };
        format!("25 mm/s · small square 0.04 s × {per_square} ({unit}{not})")
    }
}

/// A decimal without closing zeros.
fn bare(number: &str) -> String {
    if !number.contains('.') || number.contains('×') {
        return number.to_owned();
    }
    number.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// 1, 2 or 5 times a power of ten, next above.
pub(crate) fn nice(raw: f64) -> f64 {
    let power = 10f64.powf(raw.log10().floor());
    let factor = [1.0, 2.0, 5.0].into_iter().find(|f| raw <= f * power * (1.0 + 1e-9));
    power * factor.unwrap_or(10.0)
}

/// Lowest and highest of the finite values, without the farthest 2 in 1,000 on either side: one artefact must not
/// flatten all beats.
pub(crate) fn usual_range<'a>(values: impl IntoIterator<Item = &'a f32>) -> Option<(f64, f64)> {
    let mut sorted: Vec<f64> = values.into_iter().map(|v| f64::from(*v)).filter(|v| v.is_finite()).collect();
    sorted.sort_by(f64::total_cmp);
    let cut = sorted.len() / 500;
    Some((*sorted.get(cut)?, *sorted.get(sorted.len() - 1 - cut)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn millivolts_have_the_usual_gain_or_half_of_it() {
        assert_eq!(Gain::of("mV", 3.0, 60.0).words(), "25 mm/s, 10 mm/mV · small square 0.04 s × 0.1 mV");
        assert_eq!(Gain::of("mv", 11.0, 60.0).words(), "25 mm/s, 5 mm/mV · small square 0.04 s × 0.2 mV");
        assert_eq!(Gain::of("mV", 20.0, 60.0).words(), "25 mm/s, 2.5 mm/mV · small square 0.04 s × 0.4 mV");
    }

    #[test]
    fn what_is_not_in_millivolts_says_so() {
        let words = Gain::of("adu", 700.0, 35.0).words();
        assert_eq!(words, "25 mm/s · small square 0.04 s × 20 (adu, not mV)");
        assert!(Gain::of("", 3.0, 35.0).words().contains("unknown unit, not mV"));
        assert_eq!(Gain::of("", f64::NAN, 35.0), Gain::of("", 1.0, 35.0));
    }

    #[test]
    fn one_artefact_does_not_set_the_range() {
        let mut values: Vec<f32> = (0..1000).map(|i| (i % 100) as f32 / 100.0).collect();
        values[500] = 40.0;
        let (low, high) = usual_range(&values).unwrap();
        assert!((low, high) == (0.0, 0.99f32.into()), "{low} {high}");
        assert_eq!(usual_range(&[f32::NAN]), None);
    }
}
