//! Rows that occur more than once, and columns that say the same.

use std::collections::HashMap;

use paucal_core::files;
use paucal_data::{Column, Table, Values};
use paucal_evidence::Groups;

use super::columns::ColumnAudit;
use super::{Check, Notebook, Severity, constraints, text};

/// Two number columns are copies up to unit and offset when their correlation misses 1 by less.
const AFFINE: f64 = 1e-9;
/// Columns are compared as partitions of the rows only when a value has this many rows in the mean …
const ROWS_PER_VALUE: usize = 5;
/// … and a number column has no more values than this: measurements repeated for each row of a patient
/// share the partition of the patients and are no copies.
const MOST_NUMBERS: usize = 50;

/// Finds rows whose every value but keys occurs in an earlier row too.
pub(super) fn check_rows(table: &Table, profiles: &[ColumnAudit], notebook: &mut Notebook) {
    let target = table.schema().target.as_deref();
    let compared = |p: &ColumnAudit| !p.is_key(table.rows()) && !p.is_constant();
    let columns: Vec<(Column<'_>, bool)> = table
        .columns()
        .zip(profiles)
        .filter(|(_, p)| compared(p))
        .map(|(c, p)| (c, target == Some(p.name.as_str())))
        .collect();
    if columns.iter().filter(|(_, is_target)| !is_target).count() < 2 {
        return;
    }
    // Rows equal but for the label, and among them rows equal with it.
    let mut seen: HashMap<Vec<u8>, Vec<u8>> = HashMap::new();
    let (mut repeats, mut contradictions) = (0_usize, 0_usize);
    for row in 0..table.rows() {
        let (mut features, mut label) = (Vec::new(), Vec::new());
        for (column, is_target) in &columns {
            push(column.values, row, if *is_target { &mut label } else { &mut features });
        }
        match seen.get(&features) {
            Some(first) if *first == label => repeats += 1,
            Some(_) => contradictions += 1,
            None => {
                seen.insert(features, label);
            }
        }
    }
    if repeats > 0 {
        let said =
            format!("{} {} an earlier row, keys aside", text::count(repeats, "row"), verb(repeats, "repeat"));
        let advice = "remove them, or name the patient column with --group: a copy in training and test counts as leakage";
        notebook.add(Severity::Caution, Check::DuplicateRows, &[], said, advice);
    }
    if contradictions > 0 {
        let (rows, verb) = (text::count(contradictions, "row"), verb(contradictions, "equal"));
        let said = format!("{rows} {verb} an earlier row in everything but the label");
        let advice = "check the labels; no model can tell these rows apart";
        notebook.add(Severity::Caution, Check::DuplicateRows, &[], said, advice);
    }
}

fn verb(count: usize, verb: &str) -> String {
    if count == 1 { format!("{verb}s") } else { verb.to_owned() }
}

/// The value at `row`, unambiguous.
fn push(values: &Values, row: usize, key: &mut Vec<u8>) {
    match values {
        Values::Number(v) if v[row].is_nan() => key.extend(f64::NAN.to_bits().to_le_bytes()),
        Values::Number(v) => key.extend((v[row] + 0.0).to_bits().to_le_bytes()),
        Values::Code(v) => key.extend(v[row].to_le_bytes()),
        Values::Text(v) => {
            let text = v[row].as_deref().map_or(&b"\xff"[..], str::as_bytes);
            key.extend((text.len() as u64).to_le_bytes());
            key.extend(text);
        }
    }
}

/// Finds columns that copy an earlier one: value by value, up to unit and offset, or with other names for
/// the same values. Returns for each column whether it is such a copy.
pub(super) fn check_columns(table: &Table, profiles: &[ColumnAudit], notebook: &mut Notebook) -> Vec<bool> {
    let columns: Vec<Column<'_>> = table.columns().collect();
    let prints: Vec<Option<String>> =
        columns.iter().zip(profiles).map(|(c, p)| partition(c, p, table.rows())).collect();
    let mut copies = vec![false; columns.len()];
    for later in 0..columns.len() {
        if profiles[later].is_constant() {
            continue;
        }
        let original = (0..later).filter(|&i| !copies[i] && !profiles[i].is_constant()).find_map(|earlier| {
            let same = prints[later].is_some() && prints[later] == prints[earlier];
            how_alike(&columns[earlier], &columns[later], same).map(|how| (earlier, how))
        });
        if let Some((earlier, how)) = original {
            copies[later] = true;
            report(table, &profiles[earlier].name, &profiles[later].name, &how, notebook);
        }
    }
    copies
}

/// A fingerprint of which rows share a value, for columns whose values repeat enough.
fn partition(column: &Column<'_>, profile: &ColumnAudit, rows: usize) -> Option<String> {
    let measured = column.numbers().is_some() && profile.distinct > MOST_NUMBERS;
    if measured || profile.distinct < 2 || profile.distinct * ROWS_PER_VALUE > rows {
        return None;
    }
    let bytes: Vec<u8> =
        Groups::by(column).codes.iter().flat_map(|&code| (code as u32).to_le_bytes()).collect();
    Some(files::sha256_bytes(&bytes))
}

/// How a later column follows from an earlier one.
struct Likeness {
    /// "copies 'a'", "is 2.54 × 'a'".
    words: String,
    /// The same as formulae, of which the first that is exact may be suggested.
    formulae: Vec<String>,
}

fn how_alike(earlier: &Column<'_>, later: &Column<'_>, same_partition: bool) -> Option<Likeness> {
    let name = earlier.spec.name.as_str();
    let words = |how: &str| how.replace("{}", &format!("'{name}'"));
    let names = |how: &str| Some(Likeness { words: words(how), formulae: Vec::new() });
    if let (Some(a), Some(b)) = (earlier.numbers(), later.numbers()) {
        if a.iter().zip(b).all(|(x, y)| x == y || (x.is_nan() && y.is_nan())) {
            return Some(Likeness {
                words: words("copies {}"),
                formulae: vec![constraints::written_name(name)],
            });
        }
        if let Some(line) = line(a, b) {
            let formulae = constraints::sums(&[(line.slope, name, line.mean_a)], line.mean_b);
            if line.is_exact {
                let sum = text::sum(&[(line.slope, "{}")], line.offset());
                return Some(Likeness { words: words(&format!("is {sum}")), formulae });
            }
            if same_partition {
                // Rounded values of a conversion: a formula may still give them all.
                return Some(Likeness { words: words("gives the values of {} other names"), formulae });
            }
        }
    }
    if !same_partition {
        return None;
    }
    let spelt_alike =
        earlier.spec.kind.levels() == later.spec.kind.levels() && earlier.values == later.values;
    names(if spelt_alike && later.codes().is_some() {
        "copies {}"
    } else {
        "gives the values of {} other names"
    })
}

/// The least-squares line of a column over another one.
struct Line {
    slope: f64,
    mean_a: f64,
    mean_b: f64,
    deviation_b: f64,
    /// Whether it gives every value but for the rounding of arithmetic.
    is_exact: bool,
}

impl Line {
    /// The value at 0; one within rounding of the values is none.
    fn offset(&self) -> f64 {
        let offset = self.mean_b - self.slope * self.mean_a;
        if offset.abs() < 1e-6 * self.mean_b.abs().max(self.deviation_b) { 0.0 } else { offset }
    }
}

/// The line of `b` over `a`; none when a side does not vary or they are missing in different rows.
fn line(a: &[f64], b: &[f64]) -> Option<Line> {
    let mut pairs = Vec::with_capacity(a.len());
    for (&x, &y) in a.iter().zip(b) {
        if x.is_nan() != y.is_nan() {
            return None;
        }
        if !x.is_nan() {
            pairs.push((x, y));
        }
    }
    let n = pairs.len() as f64;
    if n < 3.0 {
        return None;
    }
    let (mx, my) = (pairs.iter().map(|p| p.0).sum::<f64>() / n, pairs.iter().map(|p| p.1).sum::<f64>() / n);
    let (mut xx, mut yy, mut xy) = (0.0, 0.0, 0.0);
    for (x, y) in &pairs {
        xx += (x - mx).powi(2);
        yy += (y - my).powi(2);
        xy += (x - mx) * (y - my);
    }
    (xx > 0.0 && yy > 0.0).then(|| Line {
        slope: rounded(xy / xx),
        mean_a: mx,
        mean_b: my,
        deviation_b: (yy / n).sqrt(),
        is_exact: 1.0 - xy * xy / (xx * yy) < AFFINE,
    })
}

/// The whole number within rounding, if there is one.
fn rounded(x: f64) -> f64 {
    if (x - x.round()).abs() < 1e-6 * x.abs() { x.round() } else { x }
}

fn report(table: &Table, earlier: &str, later: &str, how: &Likeness, notebook: &mut Notebook) {
    let target = table.schema().target.as_deref();
    let said = format!("'{later}' {}", how.words);
    let (severity, advice) = if target == Some(earlier) || target == Some(later) {
        (Severity::Problem, "leave the column out: it is the label".to_owned())
    } else if let Some(line) = constraints::suggestion(table, later, &how.formulae) {
        (
            Severity::Caution,
            format!("leave one of the two out, or add under [constraints] in the schema: {line}"),
        )
    } else {
        (Severity::Caution, "leave one of the two out".to_owned())
    };
    notebook.add(severity, Check::DuplicateColumns, &[later, earlier], said, &advice);
}
