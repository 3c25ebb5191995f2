//! Features in units of what is usual in their recording.

use ndarray::{Array2, s};

use super::super::beats::Beats;
use super::super::dominant::quartiles;
use super::record_of;

/// Values are held within this many distances of the quartiles.
const LIMIT: f64 = 20.0;

/// What stands for the usual, and what for a step away from it.
#[derive(Clone, Copy)]
pub(super) enum Usual<'a> {
    /// The mean and the standard deviation.
    Mean,
    /// The median and the distance of the quartiles, of the marked beats or of all.
    Median(Option<&'a [bool]>),
}

/// The columns of `x` (all beats of some recordings × features) in units of their recording. Where the unit is
/// 0, a difference is as good as the limit.
pub(super) fn relative(mut x: Array2<f64>, whole: &Beats<'_>, usual: Usual<'_>) -> Array2<f64> {
    let record_of = record_of(whole);
    let mut start = 0;
    for rows in whole.rows.chunk_by(|&a, &b| record_of[a] == record_of[b]) {
        let here = start..start + rows.len();
        start = here.end;
        let marked = match usual {
            Usual::Median(Some(marked)) => Some(&marked[here.clone()]),
            Usual::Median(None) | Usual::Mean => None,
        };
        for mut column in x.slice_mut(s![here, ..]).columns_mut() {
            let counts = |i: usize| marked.is_none_or(|marked| marked[i]);
            let taken = column.iter().enumerate().filter(|(i, v)| counts(*i) && v.is_finite());
            let mut taken: Vec<f64> = taken.map(|(_, v)| *v).collect();
            let (centre, unit) = match usual {
                Usual::Mean => moments(&taken),
                Usual::Median(_) => {
                    let [low, middle, high] = quartiles(&mut taken);
                    (middle, high - low)
                }
            };
            // 0 over 0: as usual as can be.
            let scaled = |v: f64| if v == centre { 0.0 } else { ((v - centre) / unit).clamp(-LIMIT, LIMIT) };
            column.mapv_inplace(scaled);
        }
    }
    x
}

/// Mean and standard deviation; unknown of nothing.
fn moments(values: &[f64]) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    (mean, (values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / n).sqrt())
}
