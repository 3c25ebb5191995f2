//! How close generated tables come to the Wisconsin diagnostic data, on the corrected objective's ruler.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

use paucal_core::{Seed, Silent};
use paucal_data::datasets::wdbc;
use paucal_data::{Column, Table};
use paucal_metrics::column;
use paucal_metrics::objective::{Components, Form};
use paucal_table::{FitContext, method};

/// The modelled columns as the metrics take them.
fn view(table: &Table) -> column::Table<'_> {
    let columns = table.columns().filter(|column| column.spec.kind.is_modelled());
    column::Table::new(columns.map(view_column).collect()).unwrap()
}

fn view_column(column: Column<'_>) -> column::Column<'_> {
    match (column.numbers(), column.codes()) {
        (_, Some(codes)) => column::Column::Category { codes, levels: column.level_count() },
        (numbers, None) => column::Column::Number(numbers.unwrap_or_default()),
    }
}

fn similarity(real: &Table, other: &Table) -> f64 {
    Form::Corrected.similarity(&Components::of(&view(real), &view(other)).unwrap()).unwrap()
}

/// Similarity of a generated table to its training part, for three random 70/30 splits, and of the held-out part.
fn similarities(name: &str, settings: &str) -> Vec<(f64, f64)> {
    let all = wdbc().unwrap();
    let split = |seed: u64| {
        let order = Seed(seed).stream("split", 0).permutation(all.rows());
        let cut = all.rows() * 7 / 10;
        let (train, test) = (all.take(&order[..cut]), all.take(&order[cut..]));
        let generator = method(name).unwrap().generator(&settings.parse().unwrap()).unwrap();
        let fitted = generator.fit(&train, &FitContext::new(Seed(seed), &Silent::new())).unwrap();
        let drawn = fitted.sample(train.rows(), &[], Seed(seed)).unwrap();
        (similarity(&train, &drawn), similarity(&train, &test))
    };
    let found: Vec<_> = (1..=3).map(split).collect();
    println!("{name} {settings}: {found:.4?} (synthetic, held-out)");
    found
}

#[test]
fn the_copula_is_as_close_to_training_as_real_patients_are() {
    for (synthetic, held_out) in similarities("gaussian-copula", "") {
        assert!(synthetic >= 0.97, "{synthetic}");
        assert!(synthetic >= held_out - 0.01, "{synthetic} {held_out}");
    }
}

#[test]
fn parametric_marginals_are_close_too() {
    assert!(similarities("gaussian-copula", "marginals = \"parametric\"").iter().all(|s| s.0 >= 0.96));
}

#[test]
fn the_floor_is_low_and_interpolation_is_high() {
    assert!(similarities("independent", "").iter().all(|s| s.0 < 0.88));
    assert!(similarities("smote-nc", "").iter().all(|s| s.0 > 0.95));
}
