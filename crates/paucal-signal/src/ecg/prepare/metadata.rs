//! What is known of each beat, as a table with one row for each.

use paucal_data::{Kind, Schema, Table, Values};

use super::Prepared;
use crate::ecg::beats::{Beat, Rr};
use crate::ecg::columns::Columns;
use crate::ecg::error::EcgError;
use crate::ecg::split::Side;

/// The table of `beat_metadata.csv`: that of `beats.parquet` without the features.
pub(super) fn plain(of: &Prepared, table: &Table) -> Table {
    let features: Vec<String> = scaled_names().chain(component_names(of)).collect();
    table.keep_columns(|column| !features.contains(&column.name))
}

/// The table of `beats.parquet`.
pub(super) fn table(of: &Prepared) -> Result<Table, EcgError> {
    let mut columns = Columns::default();
    let record_of: Vec<usize> =
        of.records.iter().enumerate().flat_map(|(at, r)| std::iter::repeat_n(at, r.beats)).collect();
    let record = |beat: usize| &of.records[record_of[beat]];
    let all = || 0..of.beats.len();
    let beats = || of.beats.iter();

    columns.whole("beat_global_id", all().map(|b| b as i64));
    columns.whole("source_row", record_of.iter().map(|&r| r as i64));
    columns.level("patient_id", of.patients.clone(), all().map(|b| Some(record(b).patient)));
    columns.whole("record_label", beats().map(|b| i64::from(of.labels.id(b.class))));
    let names = of.labels.classes.iter().map(|class| class.name.clone()).collect();
    columns.level("record_label_name", names, beats().map(|b| b.class.map(usize::from)));
    columns.whole("beat_index_in_record", beats().map(|b| i64::from(b.index)));
    columns.whole("r_index", beats().map(|b| i64::from(b.position)));
    columns.real("rr_prev_sec", beats().map(|b| b.rr.previous));
    columns.real("rr_next_sec", beats().map(|b| b.rr.next));
    columns.real("quality_score", beats().map(|b| Some(b.noise_score)));
    columns.whole("noise_flag", beats().map(|b| i64::from(b.noise)));
    cluster(&mut columns, "local_cluster", &local_keys(of), &of.local_clusters);
    let keys: Vec<(i32, i32)> = of.clusters.iter().map(|&c| (0, c)).collect();
    cluster(&mut columns, "global_cluster", &keys, &of.clusters);

    let names = of.records.iter().map(|r| r.name.clone()).collect();
    columns.level("record", names, record_of.iter().map(|&r| Some(r)));
    let sides = [Side::Train, Side::Validation, Side::Test, Side::Unused];
    let names = sides.iter().map(|side| side.name().to_owned()).collect();
    columns.level("side", names, all().map(|b| sides.iter().position(|side| *side == record(b).side)));
    let mut symbols: Vec<char> = beats().filter_map(|b| b.symbol).collect();
    symbols.sort_unstable();
    symbols.dedup();
    let at = |symbol: Option<char>| symbol.and_then(|s| symbols.binary_search(&s).ok());
    columns.level("symbol", symbols.iter().map(ToString::to_string).collect(), beats().map(|b| at(b.symbol)));
    let seconds = beats().map(|b| f64::from(b.position) / of.rate).collect();
    columns.push("seconds", Kind::Numeric { decimals: Some(4) }, Values::Number(seconds));
    columns.real("rr_local_sec", beats().map(|b| b.rr.local));
    columns.real("rr_record_sec", beats().map(|b| b.rr.record));
    let raw: Vec<[f32; 4]> = beats().map(|b| b.rr.features()).collect();
    for (k, name) in Rr::FEATURES.iter().enumerate() {
        columns.real(name, raw.iter().map(|row| Some(row[k])));
    }
    columns.real("signal_quality", beats().map(|b| Some(b.quality())));
    columns.whole("noise_reasons", beats().map(|b| i64::from(b.reasons)));
    let rows: Vec<[f32; 4]> = beats().map(|b: &Beat| of.map.rr.transform(&b.rr)).collect();
    for (k, name) in scaled_names().enumerate() {
        columns.real(&name, rows.iter().map(|row| Some(row[k])));
    }
    for (k, name) in component_names(of).enumerate() {
        columns.real(&name, of.features.column(k).iter().map(|&v| Some(v)));
    }
    columns.table(|schema: &mut Schema| {
        (schema.target, schema.group) = (Some("record_label_name".into()), Some("patient_id".into()));
    })
}

/// Names of the RR features, scaled by the training patients.
fn scaled_names() -> impl Iterator<Item = String> {
    Rr::FEATURES.iter().map(|name| format!("scaled_{name}"))
}

/// Names of the principal components.
fn component_names(of: &Prepared) -> impl Iterator<Item = String> {
    of.map.names().into_iter().take(of.map.axes.nrows())
}

/// Clusters within a class are told apart by the class.
fn local_keys(of: &Prepared) -> Vec<(i32, i32)> {
    of.beats.iter().zip(&of.local_clusters).map(|(beat, &id)| (of.labels.id(beat.class), id)).collect()
}

/// The cluster of each beat and the size of that cluster, 0 for none.
fn cluster(columns: &mut Columns, name: &str, keys: &[(i32, i32)], ids: &[i32]) {
    let mut sizes = std::collections::BTreeMap::new();
    keys.iter().for_each(|key| *sizes.entry(*key).or_insert(0_i64) += 1);
    columns.whole(&format!("{name}_id"), ids.iter().map(|&id| i64::from(id)));
    let size = |key: &(i32, i32)| if key.1 < 0 { 0 } else { sizes.get(key).copied().unwrap_or(0) };
    columns.whole(&format!("{name}_size"), keys.iter().map(size));
}
