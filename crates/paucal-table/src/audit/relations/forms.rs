//! Functions of one column, of any smooth shape, and shifted products and ratios of two.

use super::{FUNCTION, Numbers, Relation};
use crate::audit::text;

/// Pairs of sources are tried on this many rows first.
const SCREEN_ROWS: usize = 64;
/// A pair that explains less than this on them is dropped.
const SCREEN: f64 = 0.999;
/// Products and ratios are not tried for more pairs than this.
const MOST_PAIRS: usize = 20_000;

/// Column `y` as a smooth or tabled function of one source.
pub(super) fn of_one(numbers: &Numbers, y: usize, sources: &[usize]) -> Option<Relation> {
    let target = &numbers.values[y];
    sources.iter().find_map(|&x| {
        let r_squared = smooth(&numbers.values[x], target)?;
        (r_squared > FUNCTION).then(|| Relation {
            sources: vec![numbers.names[x].clone()],
            formula: format!("a smooth function of {} alone", numbers.names[x]),
            formulae: Vec::new(),
            r_squared,
        })
    })
}

/// R² of predicting each value of `y` from its neighbours in the order of `x`: from the rows of the same
/// `x` where there are such, else by interpolation between the rows before and after.
fn smooth(x: &[f64], y: &[f64]) -> Option<f64> {
    let mut order: Vec<usize> = (0..x.len()).collect();
    order.sort_by(|&a, &b| x[a].total_cmp(&x[b]));
    // Mean and rows of every distinct x.
    let runs: Vec<(f64, f64, &[usize])> = order
        .chunk_by(|&a, &b| x[a] == x[b])
        .map(|run| (x[run[0]], run.iter().map(|&i| y[i]).sum::<f64>() / run.len() as f64, run))
        .collect();
    if runs.len() < 5 {
        return None;
    }
    let centre = y.iter().sum::<f64>() / y.len() as f64;
    let (mut errors, mut spread) = (0.0, 0.0);
    for (at, (value, mean, run)) in runs.iter().enumerate() {
        if let [alone] = run {
            if at == 0 || at + 1 == runs.len() {
                continue;
            }
            let (before, after) = (runs[at - 1], runs[at + 1]);
            let guess = before.1 + (after.1 - before.1) * (value - before.0) / (after.0 - before.0);
            errors += (y[*alone] - guess).powi(2);
        } else {
            errors += run.iter().map(|&i| (y[i] - mean).powi(2)).sum::<f64>();
        }
        spread += run.iter().map(|&i| (y[i] - centre).powi(2)).sum::<f64>();
    }
    (spread > 0.0).then(|| 1.0 - errors / spread)
}

/// Column `y` as a + b × (product or ratio of two sources).
pub(super) fn of_two(numbers: &Numbers, y: usize, sources: &[usize]) -> Option<Relation> {
    if sources.len() * sources.len() > MOST_PAIRS {
        return None;
    }
    for (i, &first) in sources.iter().enumerate() {
        for &second in &sources[..i] {
            for form in [Form::Product, Form::Ratio, Form::Inverse] {
                if let Some(found) = pair(numbers, y, (first, second), form) {
                    return Some(found);
                }
            }
        }
    }
    None
}

#[derive(Clone, Copy)]
enum Form {
    Product,
    Ratio,
    Inverse,
}

impl Form {
    fn of(self, a: f64, b: f64) -> f64 {
        match self {
            Self::Product => a * b,
            Self::Ratio => a / b,
            Self::Inverse => b / a,
        }
    }
}

fn pair(numbers: &Numbers, y: usize, (a, b): (usize, usize), form: Form) -> Option<Relation> {
    let (first, second, target) = (&numbers.values[a], &numbers.values[b], &numbers.values[y]);
    let line = |rows: usize| line((0..rows).map(|i| (form.of(first[i], second[i]), target[i])));
    if line(SCREEN_ROWS.min(numbers.rows))?.r_squared < SCREEN {
        return None;
    }
    let fit = line(numbers.rows)?;
    if fit.r_squared <= FUNCTION {
        return None;
    }
    let (a, b) = (&numbers.names[a], &numbers.names[b]);
    let term = match form {
        Form::Product => format!("{a} × {b}"),
        Form::Ratio => format!("{a} / {b}"),
        Form::Inverse => format!("{b} / {a}"),
    };
    let formula = text::sum(&[(fit.slope, &term)], fit.offset);
    Some(Relation {
        sources: vec![a.clone(), b.clone()],
        formula,
        formulae: Vec::new(),
        r_squared: fit.r_squared,
    })
}

struct Line {
    slope: f64,
    offset: f64,
    r_squared: f64,
}

/// The least-squares line; none for a constant or infinite side.
fn line(points: impl Iterator<Item = (f64, f64)> + Clone) -> Option<Line> {
    let (mut n, mut mx, mut my) = (0.0, 0.0, 0.0);
    for (x, y) in points.clone() {
        n += 1.0;
        mx += x;
        my += y;
    }
    (mx, my) = (mx / n, my / n);
    let (mut xx, mut yy, mut xy) = (0.0, 0.0, 0.0);
    for (x, y) in points {
        xx += (x - mx) * (x - mx);
        yy += (y - my) * (y - my);
        xy += (x - mx) * (y - my);
    }
    let sound = xx.is_finite() && xx > 0.0 && yy > 0.0;
    sound.then(|| Line { slope: xy / xx, offset: my - xy / xx * mx, r_squared: xy * xy / (xx * yy) })
}
