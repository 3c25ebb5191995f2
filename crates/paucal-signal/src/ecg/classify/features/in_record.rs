//! Features in units of what is usual in their recording.

use ndarray::{Array2, s};

use super::super::beats::Beats;
use super::super::dominant::quartiles;
use super::record_of;

/// Values are held within this many distances of the quartiles.
const LIMIT: f64 = 20.0;

/// The columns from `first` on of `x` (all beats of some recordings × features), less the median of the
/// recording, over the distance of its quartiles. Where that is 0, a difference is as good as the limit.
pub(super) fn relative(x: &Array2<f64>, whole: &Beats<'_>, first: usize) -> Array2<f64> {
    let mut out = x.slice(s![.., first..]).to_owned();
    let record_of = record_of(whole);
    let mut start = 0;
    for rows in whole.rows.chunk_by(|&a, &b| record_of[a] == record_of[b]) {
        let mut part = out.slice_mut(s![start..start + rows.len(), ..]);
        start += rows.len();
        for mut column in part.columns_mut() {
            let mut known: Vec<f64> = column.iter().copied().filter(|v| v.is_finite()).collect();
            let [low, middle, high] = quartiles(&mut known);
            column.mapv_inplace(|v| {
                let scaled = (v - middle) / (high - low);
                // 0 over 0: as usual as can be.
                if v == middle { 0.0 } else { scaled.clamp(-LIMIT, LIMIT) }
            });
        }
    }
    out
}

/// Where each selected beat lies among those of whole recordings.
pub(super) fn places(beats: &Beats<'_>, whole: &Beats<'_>) -> Vec<usize> {
    let mut place = vec![0; beats.all.len()];
    whole.rows.iter().enumerate().for_each(|(at, &beat)| place[beat] = at);
    beats.rows.iter().map(|&beat| place[beat]).collect()
}
