//! SDMetrics' metrics of whole rows and of the table's structure.

use std::collections::BTreeSet;

use rayon::prelude::*;

use crate::column::{Column, Table};
use crate::{Result, Undefined};

/// NewRowSynthesis: the share of synthetic rows that match no real row. A real row matches when
/// every number lies within `tolerance` (SDMetrics: 0.01) times the synthetic value and everything
/// else is equal; missing equals missing. In `[0, 1]`, higher is better.
pub fn new_row_synthesis(real: &Table<'_>, synthetic: &Table<'_>, tolerance: f64) -> Result<f64> {
    real.check_comparable(synthetic)?;
    if synthetic.rows() == 0 {
        return Err(Undefined::Empty);
    }
    if !(0.0..).contains(&tolerance) {
        return Err(Undefined::OutOfRange { value: tolerance });
    }
    let new = (0..synthetic.rows())
        .into_par_iter()
        .filter(|&s| !(0..real.rows()).any(|r| rows_match(real, r, synthetic, s, tolerance)))
        .count();
    Ok(new as f64 / synthetic.rows() as f64)
}

fn rows_match(real: &Table<'_>, r: usize, synthetic: &Table<'_>, s: usize, tolerance: f64) -> bool {
    real.columns().iter().zip(synthetic.columns()).all(|(a, b)| match (a, b) {
        (Column::Number(a), Column::Number(b)) => {
            let (a, b) = (a[r], b[s]);
            (a.is_nan() && b.is_nan()) || (a - b).abs() <= (tolerance * b).abs()
        }
        (Column::Category { codes: a, .. }, Column::Category { codes: b, .. }) => a[r] == b[s],
        _ => false,
    })
}

/// TableStructure: shared over all (column name, data type) pairs, the Jaccard index. In `[0, 1]`,
/// higher is better.
pub fn table_structure(real: &[(&str, &str)], synthetic: &[(&str, &str)]) -> Result<f64> {
    let real: BTreeSet<_> = real.iter().collect();
    let synthetic: BTreeSet<_> = synthetic.iter().collect();
    let all = real.union(&synthetic).count();
    if all == 0 {
        return Err(Undefined::Empty);
    }
    Ok(real.intersection(&synthetic).count() as f64 / all as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_within_one_per_cent_is_not_new() {
        let (ra, rb) = ([1.0, 2.0, 3.0], [0, 1, 2]);
        let (sa, sb) = ([1.005, 2.5, 3.0], [0, 1, 0]);
        let real = Table::new(vec![Column::Number(&ra), Column::Category { codes: &rb, levels: 3 }]).unwrap();
        let synthetic =
            Table::new(vec![Column::Number(&sa), Column::Category { codes: &sb, levels: 3 }]).unwrap();
        let score = new_row_synthesis(&real, &synthetic, 0.01).unwrap();
        assert!((score - 2.0 / 3.0).abs() < 1e-12);
        assert_eq!(new_row_synthesis(&real, &real, 0.0), Ok(0.0));
    }

    #[test]
    fn structure_is_a_jaccard_index() {
        let real = [("age", "int64"), ("sex", "object")];
        let synthetic = [("age", "float64"), ("sex", "object")];
        assert_eq!(table_structure(&real, &synthetic), Ok(1.0 / 3.0));
        assert_eq!(table_structure(&real, &real), Ok(1.0));
        assert_eq!(table_structure(&[], &[]), Err(Undefined::Empty));
    }
}
