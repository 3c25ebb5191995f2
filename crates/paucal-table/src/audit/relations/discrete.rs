//! Discrete columns that follow from one other column: an age band from the age, a diagnosis group from
//! a code.

use paucal_data::{Column, MISSING, Table};
use paucal_evidence::Groups;

use crate::audit::{Check, Notebook, Severity, text};

/// All but the most frequent level together need this many rows, else a relation may be chance.
const LEAST_VARIATION: usize = 10;
/// The explaining column has this many rows per value in the mean.
const ROWS_PER_VALUE: usize = 10;

/// Explains every usable discrete column by another one.
pub(super) fn check(sample: &Table, usable: &[usize], notebook: &mut Notebook) {
    let mut explained: Vec<usize> = Vec::new();
    for &y in usable.iter().rev() {
        let column = sample.at(y);
        let Some(codes) = column.codes() else { continue };
        if !varies(codes, column.level_count()) {
            continue;
        }
        let found = usable.iter().filter(|&&x| x != y && !explained.contains(&x)).find_map(|&x| {
            let source = sample.at(x);
            follows(&source, codes).map(|how| (source.spec.name.clone(), how))
        });
        if let Some((source, how)) = found {
            explained.push(y);
            let name = &column.spec.name;
            let said = format!("'{name}' follows from '{source}' {how}");
            let advice = "keep the finer one of the two, or derive the other after sampling";
            notebook.add(Severity::Note, Check::Relation, &[name, &source], said, advice);
        }
    }
}

/// Whether enough rows are not of the most frequent level.
fn varies(codes: &[u32], levels: usize) -> bool {
    let mut counts = vec![0_usize; levels];
    codes.iter().filter(|&&c| c != MISSING).for_each(|&c| counts[c as usize] += 1);
    counts.iter().sum::<usize>() - counts.iter().max().unwrap_or(&0) >= LEAST_VARIATION
}

/// How the codes follow from a column, if they do.
fn follows(source: &Column<'_>, codes: &[u32]) -> Option<String> {
    match source.numbers() {
        Some(numbers) => by_cuts(numbers, codes).or_else(|| by_value(source, codes)),
        None => by_value(source, codes),
    }
}

/// Each value of the source goes with one level.
fn by_value(source: &Column<'_>, codes: &[u32]) -> Option<String> {
    let groups = Groups::by(source);
    if groups.missing > 0 || groups.count < 2 || groups.count * ROWS_PER_VALUE > codes.len() {
        return None;
    }
    let mut level: Vec<Option<u32>> = vec![None; groups.count];
    let alike = groups.codes.iter().zip(codes).all(|(&g, &code)| *level[g].get_or_insert(code) == code);
    alike.then(|| "value by value".to_owned())
}

/// In the order of the source the levels form few runs.
fn by_cuts(numbers: &[f64], codes: &[u32]) -> Option<String> {
    const MOST_CUTS: usize = 12;
    let mut rows: Vec<(f64, u32)> = numbers
        .iter()
        .zip(codes)
        .filter(|(x, c)| !x.is_nan() && **c != MISSING)
        .map(|(&x, &c)| (x, c))
        .collect();
    if 2 * rows.len() < codes.len() || rows.len() < ROWS_PER_VALUE * MOST_CUTS {
        return None;
    }
    rows.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    let mut cuts = Vec::new();
    for pair in rows.windows(2) {
        if pair[0].1 != pair[1].1 {
            if pair[0].0 == pair[1].0 || cuts.len() == MOST_CUTS {
                return None;
            }
            cuts.push(f64::midpoint(pair[0].0, pair[1].0));
        }
    }
    let shown: Vec<String> = cuts.iter().map(|&c| text::number(c)).collect();
    (!cuts.is_empty()).then(|| format!("by cuts near {}", shown.join(", ")))
}
