//! α-precision, β-recall and authenticity (Alaa et al. 2022), without their embedding network: the
//! space is the mixed rows with Gower's distance, the centre of a set is its per-column median (mode
//! for categories).

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::Result;
use crate::column::quantile;
use crate::privacy::gower::{Rows, check, k_nearest_within, sum};
use crate::privacy::neighbours::nearest_others;

/// Levels of α and β between 0 and 1.
const GRID: usize = 30;

/// The three scores. All in `[0, 1]`, higher is better.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct AlphaBeta {
    /// `1 - Σ|P(α) - α| / Σα`, where `P(α)` is the share of synthetic rows within the radius that
    /// holds the central α share of real rows: are synthetic rows typical *and* as spread as real
    /// ones?
    pub alpha_precision: f64,
    /// `1 - Σ|R(β) - β| / Σβ`, where `R(β)` is the share of real rows that have a row of the central β
    /// share of the synthetic ones within their k-th neighbour radius: are all real rows reached?
    pub beta_recall: f64,
    /// Share of synthetic rows whose nearest real row has another real row nearer than them: rows
    /// that are not noisy copies.
    pub authenticity: f64,
}

/// Computes the three scores with `k` neighbours for β-recall (5 is usual).
pub fn alpha_beta(real: &Rows, synthetic: &Rows, k: usize) -> Result<AlphaBeta> {
    check(synthetic, real)?;
    Ok(AlphaBeta {
        alpha_precision: alpha_precision(real, synthetic),
        beta_recall: beta_recall(real, synthetic, k)?,
        authenticity: authenticity(real, synthetic)?,
    })
}

fn alpha_precision(real: &Rows, synthetic: &Rows) -> f64 {
    let centre = Rows::from_columns(real, &centre(real), 1);
    let real_radii = radii(real, &centre);
    let synthetic_radii = radii(synthetic, &centre);
    grid_score(|alpha| {
        let radius = quantile(&real_radii, alpha);
        synthetic_radii.partition_point(|d| *d <= radius) as f64 / synthetic_radii.len() as f64
    })
}

/// Ascending distances to the centre.
fn radii(rows: &Rows, centre: &Rows) -> Vec<f64> {
    let mut radii: Vec<f64> = (0..rows.len()).map(|i| rows.distance(i, centre, 0)).collect();
    radii.sort_unstable_by(f64::total_cmp);
    radii
}

fn beta_recall(real: &Rows, synthetic: &Rows, k: usize) -> Result<f64> {
    let balls: Vec<f64> = k_nearest_within(real, k.max(1))?.iter().map(|d| d[d.len() - 1]).collect();
    let centre = Rows::from_columns(synthetic, &centre(synthetic), 1);
    // Synthetic rows from the centre outwards: a real row is reached from some position on.
    let mut order: Vec<usize> = (0..synthetic.len()).collect();
    let from_centre: Vec<f64> = order.iter().map(|&s| synthetic.distance(s, &centre, 0)).collect();
    order.sort_by(|&a, &b| from_centre[a].total_cmp(&from_centre[b]));
    let reached_at: Vec<usize> = (0..real.len())
        .into_par_iter()
        .map(|r| order.iter().position(|&s| real.distance(r, synthetic, s) <= balls[r]).unwrap_or(usize::MAX))
        .collect();
    Ok(grid_score(|beta| {
        let central = (beta * synthetic.len() as f64).round() as usize;
        reached_at.iter().filter(|&&at| at < central).count() as f64 / real.len() as f64
    }))
}

fn authenticity(real: &Rows, synthetic: &Rows) -> Result<f64> {
    let gaps = nearest_others(real)?;
    let authentic = (0..synthetic.len())
        .into_par_iter()
        .filter(|&s| {
            let distances = (0..real.len()).map(|r| (sum(synthetic.row(s), real.row(r)), r));
            // The first of several nearest rows, so that the outcome does not depend on threads.
            let nearest = distances.fold((f64::INFINITY, 0), |best, d| if d.0 < best.0 { d } else { best });
            real.mean(nearest.0) > gaps[nearest.1]
        })
        .count();
    Ok(authentic as f64 / synthetic.len() as f64)
}

/// The per-column median or mode of a set, missing when most of the column is.
fn centre(rows: &Rows) -> Vec<Vec<Option<f64>>> {
    let column = |c: usize| {
        let mut present: Vec<f64> = rows.column(c).flatten().collect();
        if present.len() * 2 < rows.len() {
            return vec![None];
        }
        present.sort_unstable_by(f64::total_cmp);
        if !rows.is_categorical(c) {
            return vec![Some(quantile(&present, 0.5))];
        }
        // The longest run; the lowest code when several tie.
        let mode = present.chunk_by(|a, b| a == b).rev().max_by_key(|run| run.len());
        vec![mode.map(|run| run[0])]
    };
    (0..rows.columns()).map(column).collect()
}

/// `1 - Σ|curve(x) - x| / Σx` over the grid, at least 0.
fn grid_score(curve: impl Fn(f64) -> f64) -> f64 {
    let levels = (0..GRID).map(|i| i as f64 / (GRID - 1) as f64);
    let (gap, total) =
        levels.fold((0.0, 0.0), |(gap, total), level| (gap + (curve(level) - level).abs(), total + level));
    (1.0 - gap / total).max(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::privacy::encode;
    use crate::{Column, Table};
    use paucal_core::Seed;

    fn normals(step: u64, spread: f64) -> Vec<f64> {
        let mut stream = Seed(2).stream("alpha test", step);
        (0..200).map(|_| spread * stream.normal()).collect()
    }

    fn scores(real: &[f64], synthetic: &[f64]) -> AlphaBeta {
        let (r, s) = (
            Table::new(vec![Column::Number(real)]).unwrap(),
            Table::new(vec![Column::Number(synthetic)]).unwrap(),
        );
        let [r, s] = encode(&r, [&r, &s]).unwrap();
        alpha_beta(&r, &s, 5).unwrap()
    }

    #[test]
    fn a_fresh_sample_beats_a_collapsed_and_a_copied_one() {
        let real = normals(0, 1.0);
        let fresh = scores(&real, &normals(1, 1.0));
        let collapsed = scores(&real, &normals(2, 0.05));
        let copied = scores(&real, &real);
        assert!(fresh.alpha_precision > 0.85, "{fresh:?}");
        assert!(collapsed.alpha_precision < 0.5 && collapsed.beta_recall < fresh.beta_recall);
        assert!((0.3..0.7).contains(&fresh.authenticity));
        assert_eq!(copied.authenticity, 0.0);
    }

    #[test]
    fn the_centre_is_a_median_and_a_mode() {
        let table = Table::new(vec![
            Column::Number(&[0.0, 1.0, 10.0, f64::NAN]),
            Column::Category { codes: &[2, 1, 1, 2], levels: 3 },
        ])
        .unwrap();
        let [rows] = encode(&table, [&table]).unwrap();
        assert_eq!(centre(&rows), [vec![Some(0.1)], vec![Some(1.0)]]);
    }
}
