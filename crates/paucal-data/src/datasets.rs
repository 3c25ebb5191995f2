//! Data sets that the program carries.

use crate::error::DataError;
use crate::read::{self, Header, ReadOptions};
use crate::table::Table;

/// The Wisconsin diagnostic breast cancer data as published: 569 rows, 32 fields, no header.
/// Licence and attribution: `data/LICENSE-wdbc.md` (CC BY 4.0).
pub const WDBC: &[u8] = include_bytes!("../data/wdbc.data");

/// The ten measurements of a cell nucleus; the table has their means, standard errors and worst values.
const MEASUREMENTS: [&str; 10] = [
    "radius",
    "texture",
    "perimeter",
    "area",
    "smoothness",
    "compactness",
    "concavity",
    "concave_points",
    "symmetry",
    "fractal_dimension",
];

/// The Wisconsin diagnostic breast cancer table: 569 patients, one row each, with `id`, `diagnosis`
/// (M malignant 212, B benign 357) and 30 measurements `mean_radius` … `radius_error` … `worst_radius` ….
/// Target `diagnosis`, positive class `M`, no group.
///
/// Wolberg, W., Mangasarian, O., Street, N., & Street, W. (1993). Breast Cancer Wisconsin (Diagnostic).
/// UCI Machine Learning Repository. <https://doi.org/10.24432/C5DW2B>
pub fn wdbc() -> Result<Table, DataError> {
    let means = MEASUREMENTS.iter().map(|m| format!("mean_{m}"));
    let errors = MEASUREMENTS.iter().map(|m| format!("{m}_error"));
    let worst = MEASUREMENTS.iter().map(|m| format!("worst_{m}"));
    let names: Vec<String> = ["id".to_owned(), "diagnosis".to_owned()]
        .into_iter()
        .chain(means)
        .chain(errors)
        .chain(worst)
        .collect();
    let options = ReadOptions {
        header: Header::None,
        delimiter: Some(','),
        target: Some("diagnosis".into()),
        positive: Some("M".into()),
        ..ReadOptions::default()
    };
    Ok(read::read_named("wdbc.data", WDBC, names, &options)?.table)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wdbc_is_what_its_documentation_says() {
        let table = wdbc().unwrap();
        assert_eq!((table.rows(), table.columns().len()), (569, 32));
        let schema = table.schema();
        assert_eq!(schema.columns[0].kind.name(), "id");
        assert!(schema.columns[2..].iter().all(|c| c.kind.is_number()), "{schema:#?}");
        let names: Vec<&str> = schema.names().collect();
        assert_eq!(
            [names[2], names[12], names[31]],
            ["mean_radius", "radius_error", "worst_fractal_dimension"]
        );
        let codes = table.column("diagnosis").unwrap().codes().unwrap();
        assert_eq!(schema.columns[1].kind.levels().unwrap(), ["M", "B"]);
        assert_eq!(codes.iter().filter(|&&c| c == 0).count(), 212);
        assert!(table.columns().all(|c| c.values.missing() == 0));
    }
}
