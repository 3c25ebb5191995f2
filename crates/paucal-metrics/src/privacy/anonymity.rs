//! Rows that are equal: exact copies, and how many people share a combination of attributes.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::column::{Column, Table};
use crate::{Result, Undefined};

/// Synthetic rows that equal a training row in every column.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Copies {
    /// Number of synthetic rows that are copies.
    pub count: usize,
    /// Their share of the synthetic rows, in `[0, 1]`; lower is better, but rows made of a few
    /// categories repeat by chance: compare with the share among held-out rows.
    pub share: f64,
}

/// Counts the synthetic rows that equal some training row; missing equals missing.
pub fn exact_copies(train: &Table<'_>, synthetic: &Table<'_>) -> Result<Copies> {
    train.check_comparable(synthetic)?;
    if synthetic.rows() == 0 {
        return Err(Undefined::Empty);
    }
    let every: Vec<usize> = (0..train.columns().len()).collect();
    let known = groups(train, &every)?;
    let count = (0..synthetic.rows()).filter(|&i| known.contains_key(&key(synthetic, &every, i))).count();
    Ok(Copies { count, share: count as f64 / synthetic.rows() as f64 })
}

/// Sizes of the groups that share their quasi-identifiers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupSizes {
    /// The smallest group, the k of k-anonymity.
    pub smallest: usize,
    /// Number of groups.
    pub groups: usize,
    /// Rows that are alone in their group.
    pub unique_rows: usize,
}

/// k-anonymity (Sweeney 2002) on the columns `quasi_identifiers`: groups are rows with *equal* values
/// (not clusters). Higher `smallest` is better.
pub fn k_anonymity(table: &Table<'_>, quasi_identifiers: &[usize]) -> Result<GroupSizes> {
    let groups = groups(table, quasi_identifiers)?;
    let smallest = groups.values().map(Vec::len).min().ok_or(Undefined::Empty)?;
    let unique_rows = groups.values().filter(|rows| rows.len() == 1).count();
    Ok(GroupSizes { smallest, groups: groups.len(), unique_rows })
}

/// l-diversity (Machanavajjhala et al. 2007): the fewest distinct values of the column `sensitive`
/// within a group of equal quasi-identifiers. Higher is better; 1 means that some group gives its
/// members' value away.
pub fn l_diversity(table: &Table<'_>, quasi_identifiers: &[usize], sensitive: usize) -> Result<usize> {
    check_positions(table, &[sensitive])?;
    let groups = groups(table, quasi_identifiers)?;
    let distinct = |rows: &Vec<usize>| {
        let mut values: Vec<Vec<u64>> = rows.iter().map(|&i| key(table, &[sensitive], i)).collect();
        values.sort_unstable();
        values.dedup();
        values.len()
    };
    groups.values().map(distinct).min().ok_or(Undefined::Empty)
}

/// k-map: the smallest number of `population` rows that share the quasi-identifiers of some
/// synthetic row; combinations that nobody in the population has are left out. Higher is better.
pub fn k_map(population: &Table<'_>, synthetic: &Table<'_>, quasi_identifiers: &[usize]) -> Result<usize> {
    population.check_comparable(synthetic)?;
    let population = groups(population, quasi_identifiers)?;
    let synthetic = groups(synthetic, quasi_identifiers)?;
    let counts = synthetic.keys().filter_map(|key| population.get(key)).map(Vec::len);
    counts.min().ok_or(Undefined::NothingContributes)
}

/// Rows by their values in `columns`.
fn groups(table: &Table<'_>, columns: &[usize]) -> Result<BTreeMap<Vec<u64>, Vec<usize>>> {
    check_positions(table, columns)?;
    let mut groups: BTreeMap<Vec<u64>, Vec<usize>> = BTreeMap::new();
    for i in 0..table.rows() {
        groups.entry(key(table, columns, i)).or_default().push(i);
    }
    Ok(groups)
}

/// One row's values as comparable bits: equal numbers are equal, NaN equals NaN.
fn key(table: &Table<'_>, columns: &[usize], i: usize) -> Vec<u64> {
    let bits = |c: &usize| match table.columns()[*c] {
        Column::Number(values) if values[i].is_nan() => f64::NAN.to_bits(),
        Column::Number(values) => (values[i] + 0.0).to_bits(),
        Column::Category { codes, .. } => u64::from(codes[i]),
    };
    columns.iter().map(bits).collect()
}

fn check_positions(table: &Table<'_>, columns: &[usize]) -> Result<()> {
    let levels = table.columns().len();
    match columns.iter().find(|&&c| c >= levels) {
        Some(&c) => Err(Undefined::BadCode { code: c as u32, levels }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MISSING;

    #[test]
    fn copies_include_their_missing_values() {
        let (tn, tc) = ([1.0, f64::NAN, 0.0], [0, 1, MISSING]);
        let (sn, sc) = ([f64::NAN, -0.0, 1.0], [1, MISSING, 1]);
        let train =
            Table::new(vec![Column::Number(&tn), Column::Category { codes: &tc, levels: 2 }]).unwrap();
        let synthetic =
            Table::new(vec![Column::Number(&sn), Column::Category { codes: &sc, levels: 2 }]).unwrap();
        assert_eq!(exact_copies(&train, &synthetic), Ok(Copies { count: 2, share: 2.0 / 3.0 }));
    }

    #[test]
    fn groups_of_equal_quasi_identifiers() {
        let (sex, age, hiv) = ([0, 0, 0, 1, 1], [30.0, 30.0, 30.0, 40.0, 40.0], [0, 1, 0, 1, 1]);
        let table = Table::new(vec![
            Column::Category { codes: &sex, levels: 2 },
            Column::Number(&age),
            Column::Category { codes: &hiv, levels: 2 },
        ])
        .unwrap();
        let sizes = k_anonymity(&table, &[0, 1]).unwrap();
        assert_eq!(sizes, GroupSizes { smallest: 2, groups: 2, unique_rows: 0 });
        assert_eq!(l_diversity(&table, &[0, 1], 2), Ok(1));
        assert_eq!(k_map(&table, &table, &[0]), Ok(2));
        assert_eq!(k_anonymity(&table, &[7]), Err(Undefined::BadCode { code: 7, levels: 3 }));
    }
}
