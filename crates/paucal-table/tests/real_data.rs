//! Every level of every discrete column of real tables in the exact number. The tables are read from the folder
//! that `PAUCAL_DATA` names.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::path::PathBuf;
use std::time::Instant;

use paucal_core::{Seed, Silent};
use paucal_data::{ReadOptions, Table, read};
use paucal_table::transform::{MissingModel, RowEncoder};
use paucal_table::{Condition, FitContext, method};

/// A table of the data folder, or `None` with a word when there is no folder.
fn real(name: &str) -> Option<Table> {
    let Some(folder) = std::env::var_os("PAUCAL_DATA") else {
        println!("skipped: PAUCAL_DATA is not set");
        return None;
    };
    let path = PathBuf::from(folder).join("tabular").join(name);
    Some(read(&path, &ReadOptions::default()).unwrap().table)
}

/// Asks for `rows` rows of every level that occurs, of at most `most` levels a column.
fn every_level(table: &Table, method_name: &str, rows: usize, most: usize) {
    let generator = method(method_name).unwrap().generator(&toml::Table::new()).unwrap();
    let fitted = generator.fit(table, &FitContext::new(Seed(1), &Silent::new())).unwrap();
    for column in table.columns().filter(|column| column.spec.kind.is_discrete()) {
        for (code, level) in column.spec.kind.levels().unwrap().iter().enumerate().take(most) {
            let code = code as u32;
            if !column.codes().unwrap().contains(&code) {
                continue;
            }
            let given = [Condition::new(&column.spec.name, level)];
            let drawn = fitted.sample(rows, &given, Seed(2)).unwrap();
            let got = drawn.column(&column.spec.name).unwrap().codes().unwrap();
            assert!(got.len() == rows && got.iter().all(|&c| c == code), "{} {level}", column.spec.name);
        }
    }
}

#[test]
fn alzheimer_levels_are_exact() {
    let Some(table) = real("alzheimers_disease_data.csv") else { return };
    for name in ["independent", "gaussian-copula", "smote-nc", "arf", "cart"] {
        every_level(&table, name, 50, 10);
    }
}

#[test]
fn adult_levels_are_exact_and_fast() {
    let Some(table) = real("adult-train.csv") else { return };
    for name in ["independent", "gaussian-copula"] {
        every_level(&table, name, 50, 50);
    }
    every_level(&table.take(&(0..3000).collect::<Vec<_>>()), "smote-nc", 20, 5);
}

#[test]
fn trees_on_adult() {
    let Some(mut table) = real("adult-train.csv") else { return };
    let target = table.schema().columns.last().unwrap().name.clone();
    table.set_roles(Some(&target), None, None).unwrap();
    for (name, settings) in [("arf", ""), ("cart", ""), ("forest-flow", "noise_levels = 5\nrounds = 5")] {
        let generator = method(name).unwrap().generator(&settings.parse().unwrap()).unwrap();
        let start = Instant::now();
        let fitted = generator.fit(&table, &FitContext::new(Seed(1), &Silent::new())).unwrap();
        let fit = start.elapsed();
        let start = Instant::now();
        fitted.sample(table.rows(), &[], Seed(2)).unwrap();
        let sample = start.elapsed();
        let numbers: usize = fitted
            .save()
            .unwrap()
            .tensors
            .values()
            .map(|tensor| tensor.shape.iter().product::<usize>())
            .sum();
        println!(
            "{name} {settings:?}: fit {fit:?}, {} rows {sample:?}, {numbers} numbers saved",
            table.rows()
        );
    }
}

#[test]
fn adult_encodes_in_well_under_a_second() {
    let Some(table) = real("adult-train.csv") else { return };
    let start = Instant::now();
    let encoder = RowEncoder::fit(&table, MissingModel::Joint, Seed(1), &Silent::new()).unwrap();
    let fitted = start.elapsed();
    let start = Instant::now();
    let encoded = encoder.encode(&table, Seed(2)).unwrap();
    let encode = start.elapsed();
    let start = Instant::now();
    let dense = encoded.dense();
    let expand = start.elapsed();
    let start = Instant::now();
    let back = encoder.decode(&dense, table.rows(), Seed(3)).unwrap();
    println!(
        "adult {} x {}: fit {fitted:?}, encode {encode:?}, expand {expand:?}, decode {:?}",
        table.rows(),
        table.columns().len(),
        start.elapsed()
    );
    for (real, back) in table.columns().zip(back.columns()) {
        assert_eq!(real.values, back.values, "{}", real.spec.name);
    }
    assert!(encode.as_secs_f64() < 2.0);
}

#[test]
fn conditions_cost_little() {
    let Some(table) = real("adult-train.csv") else { return };
    let generator = method("gaussian-copula").unwrap().generator(&toml::Table::new()).unwrap();
    let start = Instant::now();
    let fitted = generator.fit(&table, &FitContext::new(Seed(1), &Silent::new())).unwrap();
    let fit = start.elapsed();
    let discrete: Vec<_> = table.columns().filter(|column| column.spec.kind.is_discrete()).collect();
    let given: Vec<Condition> = discrete
        .iter()
        .take(2)
        .map(|column| Condition::new(&column.spec.name, &column.spec.kind.levels().unwrap()[0]))
        .collect();
    let best = |conditions: &[Condition]| {
        let time = |_| {
            let start = Instant::now();
            fitted.sample(50_000, conditions, Seed(3)).unwrap();
            start.elapsed().as_secs_f64()
        };
        (0..3).map(time).fold(f64::MAX, f64::min)
    };
    let (free, one, two) = (best(&[]), best(&given[..1]), best(&given));
    println!("fit {fit:?}; 50,000 rows: free {free:.3} s, one condition {one:.3} s, two {two:.3} s");
    assert!(one < 2.0 * free && two < 4.0 * free);
}
