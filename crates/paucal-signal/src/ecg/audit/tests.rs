//! Audits of recordings that were made for it.

use std::path::Path;

use paucal_core::{Advice, Silent};

use super::*;
use crate::formats::discover;

const MINUTE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/mitdb-minute");

fn audited(folder: &Path) -> Sources {
    Sources { files: discover(&[folder]).unwrap(), ..Sources::default() }
}

fn found(of: &Sources) -> EcgAudit {
    audit(of, &AuditOptions::default(), &Silent::new()).unwrap()
}

/// A copy of the minute under another name, with its header changed.
fn copy(folder: &Path, name: &str, change: impl Fn(String) -> String) {
    for ending in ["dat", "atr"] {
        std::fs::copy(format!("{MINUTE}/223m13.{ending}"), folder.join(format!("{name}.{ending}"))).unwrap();
    }
    let header = std::fs::read_to_string(format!("{MINUTE}/223m13.hea")).unwrap().replace("223m13", name);
    std::fs::write(folder.join(format!("{name}.hea")), change(header)).unwrap();
}

fn sentence<'a>(audit: &'a EcgAudit, words: &str) -> &'a EcgFinding {
    let all: Vec<&str> = audit.findings.iter().map(|f| f.sentence.as_str()).collect();
    audit.findings.iter().find(|f| f.sentence.contains(words)).unwrap_or_else(|| panic!("{words}: {all:#?}"))
}

#[test]
fn a_real_minute_is_described() {
    let audit = found(&audited(Path::new(MINUTE)));
    let record = &audit.records[0];
    assert_eq!((record.record.as_str(), record.format.as_str(), record.leads.len()), ("223m13", "wfdb", 1));
    assert_eq!(record.lead.as_deref(), Some("MLII"));
    assert!((record.seconds - 60.0).abs() < 1.0 && record.beats > 60);
    assert!(record.leads.iter().all(|lead| lead.voltage && (0.3..5.0).contains(&lead.swing)));
    assert_eq!(record.classes.values().sum::<usize>(), record.beats);
    // One recording: every class is one patient's.
    assert_eq!(sentence(&audit, "only patient 223m13 has class V").severity, Severity::Problem);
    assert!(audit.findings.is_sorted_by_key(|f| f.severity));
    assert!(audit.glimpses.is_empty() && audit.left_out.is_empty());
}

#[test]
fn a_wrong_gain_and_a_second_copy_are_found() {
    let folder = tempfile::tempdir().unwrap();
    copy(folder.path(), "a", |header| header);
    copy(folder.path(), "b", |header| header);
    copy(folder.path(), "volts", |header| header.replace("212 200", "212 200/V"));
    copy(folder.path(), "codes", |header| header.replace("212 200", "212 200/adu"));
    std::fs::write(folder.path().join("broken.hea"), "broken 1 360 100\nbroken.dat 212 200\n").unwrap();
    let audit = found(&audited(folder.path()));
    assert_eq!((audit.files, audit.records.len(), audit.patients), (5, 4, 4));
    assert_eq!(sentence(&audit, "hold the same signal").records, ["a", "b", "codes", "volts"]);
    let gain = sentence(&audit, "lead MLII of recording volts swings");
    assert_eq!((gain.severity, gain.check), (Severity::Problem, Check::Amplitude));
    assert!(sentence(&audit, "not one of voltage (adu)").records == ["codes"]);
    assert_eq!(sentence(&audit, "cannot be used").records, ["broken"]);
    assert!(sentence(&audit, "nothing says whose").advice.contains("--patients"));
    let glimpse = &audit.glimpses[0];
    assert_eq!(
        (glimpse.record.as_str(), glimpse.unit.as_str(), glimpse.samples.len()),
        ("volts", "mV", 2160)
    );
}

#[test]
fn gaps_and_flat_lines_are_found() {
    let folder = tempfile::tempdir().unwrap();
    let wave = |i: usize| (i as f64 / 40.0).sin() + if i.is_multiple_of(250) { 1.0 } else { 0.0 };
    let row = |i: usize| match i {
        1000..1500 => format!("{},", wave(i)),
        3000..4000 => format!("{},0.25", wave(i)),
        _ => format!("{0},{0}", wave(i)),
    };
    let rows: Vec<String> = std::iter::once("II,V1".to_owned()).chain((0..10_000).map(row)).collect();
    std::fs::write(folder.path().join("gaps.csv"), rows.join("\n")).unwrap();
    let mut of = audited(folder.path());
    of.read.rate = Some(250.0);
    let audit = found(&of);
    let lead = &audit.records[0].leads[1];
    assert_eq!((lead.missing, lead.flat, lead.longest_gap_s), (0.05, 0.1, 4.0));
    assert_eq!(audit.records[0].leads[0].missing, 0.0);
    assert!(
        sentence(&audit, "recording gaps has missing samples, up to 5.0 %").severity == Severity::Caution
    );
    assert!(sentence(&audit, "flat stretches, up to 10 %").check == Check::Signal);
    assert!(sentence(&audit, "no recording has annotated beats or a label").advice.contains("learnt"));
    // Shown from a third before its longest gap on.
    assert_eq!((audit.glimpses[0].start_s, audit.glimpses[0].lead.as_str()), (10.0, "V1"));
}

#[test]
fn nothing_to_read_is_an_error_with_its_reason() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("broken.hea"), "broken 1 360 100\nbroken.dat 212 200\n").unwrap();
    let error = audit(&audited(folder.path()), &AuditOptions::default(), &Silent::new()).unwrap_err();
    assert!(error.to_string().contains("broken") && error.hint().is_some(), "{error}");
    let wrong = AuditOptions { swing_mv: [1.0, 0.5], ..AuditOptions::default() };
    assert!(audit(&audited(Path::new(MINUTE)), &wrong, &Silent::new()).is_err());
}
