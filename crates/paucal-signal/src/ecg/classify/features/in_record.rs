//! Features in units of what is usual in their recording.

use ndarray::{Array2, s};

use super::super::beats::Beats;
use super::super::dominant::quartiles;
use super::record_of;

/// Values are held within this many distances of the quartiles.
const LIMIT: f64 = 50.0;

/// The columns of `x` (all beats of some recordings × features), less the median of the recording, over the
/// distance of its quartiles; both of the beats marked in `usual`, or of all. Where the distance is 0, a
/// difference is as good as the limit.
pub(super) fn relative(x: &Array2<f64>, whole: &Beats<'_>, usual: Option<&[bool]>) -> Array2<f64> {
    let mut out = x.clone();
    let record_of = record_of(whole);
    let mut start = 0;
    for rows in whole.rows.chunk_by(|&a, &b| record_of[a] == record_of[b]) {
        let here = start..start + rows.len();
        start = here.end;
        let marked = usual.map(|usual| &usual[here.clone()]);
        for mut column in out.slice_mut(s![here, ..]).columns_mut() {
            let counts = |i: usize| marked.is_none_or(|marked| marked[i]);
            let taken = column.iter().enumerate().filter(|(i, v)| counts(*i) && v.is_finite());
            let [low, middle, high] = quartiles(&mut taken.map(|(_, v)| *v).collect::<Vec<f64>>());
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
