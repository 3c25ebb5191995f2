//! Which recordings are of one person.
//!
//! In this order: a table given by the user, the patient that the file itself names (EDF, strips in tables),
//! persons known to have several records in public data sets, and else every recording is a person of its
//! own.
//!
//! A table is TOML (`[patients]`, then `"201" = "p7"`) or CSV with the columns `record` and `patient`.

use std::collections::BTreeMap;
use std::path::Path;

use paucal_core::files;
use serde::{Deserialize, Serialize};

use super::error::EcgError;
use crate::recording::Recording;

/// Records of one person in public data sets: the rate in Hz and the samples by which the data set is
/// recognised, then the records. Of the MIT-BIH Arrhythmia Database 201 and 202 are one man, although the
/// usual split puts one into its training and the other into its test set.
const KNOWN: &[(f64, usize, &[&str])] = &[(360.0, 650_000, &["201", "202"])];

/// A table of patients; empty by default.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Patients {
    of_record: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    patients: BTreeMap<String, String>,
}

impl Patients {
    /// Reads a table: TOML, or CSV by its ending.
    pub fn read(path: &Path) -> Result<Self, EcgError> {
        let text = files::read_text(path)?;
        let is_csv = path.extension().is_some_and(|e| e.eq_ignore_ascii_case("csv"));
        if is_csv { Self::from_csv(&text) } else { Self::from_toml(&text) }
    }

    /// Reads a table in TOML.
    pub fn from_toml(text: &str) -> Result<Self, EcgError> {
        let written: Written = toml::from_str(text).map_err(|e| {
            let hint = "write a table [patients] of \"record\" = \"patient\"";
            EcgError::table("patients", paucal_core::config::explain(&e), hint)
        })?;
        Ok(Self { of_record: written.patients })
    }

    /// Reads a table in CSV with the columns `record` and `patient`.
    pub fn from_csv(text: &str) -> Result<Self, EcgError> {
        let wrong = |message: String| {
            EcgError::table(
                "patients",
                message,
                "the first line must name the columns 'record' and 'patient'",
            )
        };
        let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(text.as_bytes());
        let header = reader.headers().map_err(|e| wrong(e.to_string()))?.clone();
        let column = |name: &str| {
            let found = header.iter().position(|h| h.eq_ignore_ascii_case(name));
            found.ok_or_else(|| wrong(format!("there is no column '{name}'")))
        };
        let (record, patient) = (column("record")?, column("patient")?);
        let mut of_record = BTreeMap::new();
        for row in reader.records() {
            let row = row.map_err(|e| wrong(e.to_string()))?;
            let cell = |at: usize| row.get(at).unwrap_or_default().to_owned();
            let (record, patient) = (cell(record), cell(patient));
            if record.is_empty() || patient.is_empty() {
                return Err(wrong(format!("record '{record}' has the patient '{patient}'")));
            }
            match of_record.insert(record.clone(), patient.clone()) {
                Some(other) if other != patient => {
                    return Err(wrong(format!(
                        "record '{record}' has the patients '{other}' and '{patient}'"
                    )));
                }
                _ => {}
            }
        }
        Ok(Self { of_record })
    }

    /// Whose recording it is.
    pub fn of(&self, recording: &Recording) -> String {
        let given = self.of_record.get(&recording.id);
        given
            .or(recording.patient.as_ref())
            .cloned()
            .unwrap_or_else(|| known_person(recording).unwrap_or(&recording.id).to_owned())
    }

    /// Records of the table that are not among those there are.
    pub fn unused<'a>(&'a self, records: &[&str]) -> Vec<&'a str> {
        self.of_record.keys().map(String::as_str).filter(|name| !records.contains(name)).collect()
    }
}

/// The first record of the person who has this one, if the data set is known.
fn known_person(recording: &Recording) -> Option<&'static str> {
    let channel = recording.channels.first()?;
    let (_, _, records) = KNOWN.iter().find(|(rate, samples, records)| {
        channel.rate == *rate && channel.len() == *samples && records.contains(&recording.id.as_str())
    })?;
    records.first().copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recording::{Channel, Samples};

    fn recording(id: &str, patient: Option<&str>, samples: usize) -> Recording {
        let samples = Samples::Single(vec![0.0; samples]);
        let lead = Channel { name: "MLII".into(), unit: "mV".into(), rate: 360.0, samples };
        let patient = patient.map(Into::into);
        Recording { id: id.into(), patient, channels: vec![lead], ..Recording::default() }
    }

    #[test]
    fn tables_win_over_files_and_files_over_names() {
        let table = Patients::from_csv("patient,record\np1,a\np1,b\n").unwrap();
        assert_eq!(table, Patients::from_toml("[patients]\na = \"p1\"\nb = \"p1\"").unwrap());
        assert_eq!(table.of(&recording("a", Some("x"), 1)), "p1");
        assert_eq!(table.of(&recording("c", Some("x"), 1)), "x");
        assert_eq!(table.of(&recording("c", None, 1)), "c");
        assert_eq!(table.unused(&["b"]), ["a"]);
    }

    #[test]
    fn two_records_of_the_mit_bih_database_are_one_man() {
        let patients = Patients::default();
        assert_eq!(patients.of(&recording("202", None, 650_000)), "201");
        assert_eq!(patients.of(&recording("203", None, 650_000)), "203");
        assert_eq!(patients.of(&recording("202", None, 1000)), "202");
    }

    #[test]
    fn contradictions_are_refused() {
        for text in ["record,person\na,b\n", "record,patient\na,b\na,c\n", "record,patient\n,b\n"] {
            assert!(Patients::from_csv(text).is_err(), "{text}");
        }
        assert!(Patients::from_toml("a = 3").is_err());
    }
}
