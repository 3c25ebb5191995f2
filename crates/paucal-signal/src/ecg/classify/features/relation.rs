//! A beat's shape, and how it relates to the dominant beat of its recording and to its neighbours.

use std::ops::Range;

use super::super::dominant::Dominant;
use super::dot;

/// Names of the relations.
pub(super) const DOMINANT: [&str; 17] = [
    "like_dominant",
    "like_dominant_before",
    "like_dominant_qrs",
    "like_dominant_after",
    "far_from_dominant",
    "far_from_dominant_before",
    "far_from_dominant_qrs",
    "far_from_dominant_after",
    "deflection_over_dominant",
    "area_over_dominant",
    "width_over_dominant",
    "peak_over_dominant",
    "p_wave_over_dominant",
    "t_wave_over_dominant",
    "like_previous",
    "like_next",
    "kin",
];

/// Names of the measures of the QRS complex.
pub(super) const SHAPE: [&str; 7] =
    ["peak", "highest", "lowest", "qrs_width", "qrs_area", "steepest", "p_wave"];

/// The QRS complex around the peak and the end of the P wave before it, in seconds.
const QRS: [f64; 2] = [0.07, 0.09];
/// Where the P wave begins before the peak, in seconds.
const P_WAVE: f64 = 0.2;

/// Where the peak lies.
#[derive(Clone, Copy)]
pub(super) struct Place {
    pub rate: f64,
    pub before: usize,
}

impl Place {
    /// First sample of the QRS complex, and the one after its last.
    fn qrs(self, length: usize) -> [usize; 2] {
        let reach = |seconds: f64| (seconds * self.rate).round() as usize;
        let start = self.before.saturating_sub(reach(QRS[0]));
        [start.min(length), (self.before + reach(QRS[1]) + 1).min(length)]
    }

    /// The samples of the P wave.
    pub fn p_wave(self, length: usize) -> Range<usize> {
        let end = self.qrs(length)[0];
        self.before.saturating_sub((P_WAVE * self.rate).round() as usize).min(end)..end
    }
}

/// The values of [`DOMINANT`].
pub(super) fn to_dominant(
    wave: &[f32],
    record: &Dominant,
    neighbours: [Option<&[f32]>; 2],
    place: Place,
    out: &mut Vec<f64>,
) {
    let (kin, dominant) = (record.kin(wave), &record.wave);
    let wave: Vec<f64> = wave.iter().map(|&v| f64::from(v)).collect();
    let [start, end] = place.qrs(wave.len());
    let parts = [0..wave.len(), 0..start, start..end, end..wave.len()];
    out.extend(parts.clone().map(|part| correlation(&wave[part.clone()], &dominant[part])));
    let unit = deflection(dominant);
    out.extend(parts.map(|part| distance(&wave[part.clone()], &dominant[part]) / unit));
    let (own, other) = (&wave[start..end], &dominant[start..end]);
    out.extend([
        deflection(own) / deflection(other),
        area(own) / area(other),
        width(own, place.rate) / width(other, place.rate),
        wave[place.before] / unit,
        range(&wave[..start]) / range(&dominant[..start]),
        range(&wave[end..]) / range(&dominant[end..]),
    ]);
    out.extend(neighbours.map(|other| {
        other.map_or(f64::NAN, |other| {
            let other: Vec<f64> = other.iter().map(|&v| f64::from(v)).collect();
            correlation(&wave, &other)
        })
    }));
    out.push(kin);
}

/// The values of [`SHAPE`].
pub(super) fn shape(wave: &[f32], place: Place, out: &mut Vec<f64>) {
    let wave: Vec<f64> = wave.iter().map(|&v| f64::from(v)).collect();
    let [start, end] = place.qrs(wave.len());
    let qrs = &wave[start..end];
    let steepest = wave.windows(2).map(|pair| (pair[1] - pair[0]).abs()).fold(0.0, f64::max);
    let high = qrs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let low = qrs.iter().copied().fold(f64::INFINITY, f64::min);
    out.extend([
        wave[place.before],
        high,
        low,
        width(qrs, place.rate),
        area(qrs),
        steepest * place.rate,
        range(&wave[..start]),
    ]);
}

/// The largest deflection; 1 of a flat line, so that it can divide.
pub(super) fn deflection(wave: &[f64]) -> f64 {
    let largest = wave.iter().map(|v| v.abs()).fold(0.0, f64::max);
    if largest > 0.0 { largest } else { 1.0 }
}

/// Mean deflection.
fn area(wave: &[f64]) -> f64 {
    wave.iter().map(|v| v.abs()).sum::<f64>() / wave.len() as f64
}

/// Time above half of the largest deflection, in seconds.
fn width(wave: &[f64], rate: f64) -> f64 {
    let half = deflection(wave) / 2.0;
    wave.iter().filter(|v| v.abs() >= half).count() as f64 / rate
}

/// Highest less lowest.
pub(super) fn range(wave: &[f64]) -> f64 {
    let high = wave.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    high - wave.iter().copied().fold(f64::INFINITY, f64::min)
}

/// Root of the mean squared difference.
fn distance(a: &[f64], b: &[f64]) -> f64 {
    (a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum::<f64>() / a.len() as f64).sqrt()
}

/// Pearson's correlation; unknown of flat lines.
pub(super) fn correlation(a: &[f64], b: &[f64]) -> f64 {
    let centred = |v: &[f64]| {
        let mean = v.iter().sum::<f64>() / v.len() as f64;
        v.iter().map(|x| x - mean).collect::<Vec<f64>>()
    };
    let (a, b) = (centred(a), centred(b));
    dot(&a, &b) / (dot(&a, &a) * dot(&b, &b)).sqrt()
}
