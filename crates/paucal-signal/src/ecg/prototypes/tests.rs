//! Prototypes of a real minute.

use paucal_core::{Advice, Seed, Silent};

use super::*;
use crate::ecg::prepare::{PrepareOptions, Sources, prepare};
use crate::formats::discover;

fn minute() -> Prepared {
    let data = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/mitdb-minute");
    let sources = Sources { files: discover(&[data]).unwrap(), ..Sources::default() };
    let options = PrepareOptions { clusters: 4, ..PrepareOptions::default() };
    prepare(&sources, &options, Seed(1), &Silent::new()).unwrap()
}

fn checked(options: &PrototypeOptions) -> PrototypeReport {
    check(&minute(), options, Seed(1), &Silent::new()).unwrap()
}

#[test]
fn small_is_a_note_and_not_a_fault() {
    let found = checked(&PrototypeOptions::default());
    assert_eq!((found.num_prototypes, found.num_single_patient), (4, 4));
    assert!(found.num_small == 4 && found.num_suspicious < 4, "{found:?}");
    let literal = checked(&PrototypeOptions { compat: Compat::Spec, ..PrototypeOptions::default() });
    assert_eq!(literal.num_suspicious, 4);
    assert!(literal.prototypes.iter().all(|p| p.reasons[0] == "small"));
}

#[test]
fn numbers_belong_together() {
    let found = checked(&PrototypeOptions { members: 3, ..PrototypeOptions::default() });
    let minute = minute();
    let beats: usize = found.prototypes.iter().map(|p| p.size).sum();
    assert_eq!(beats, minute.fitted().count());
    assert_eq!(found.by_label.iter().map(|l| l.total_members).sum::<usize>(), beats);
    for p in &found.prototypes {
        assert!(p.purity_interval.low <= p.purity && p.purity <= p.purity_interval.high);
        assert!(p.members.len() == p.size.min(3) && p.wave.len() == minute.window.length());
        assert_eq!((p.largest_patient_share, p.patients), (1.0, 1));
        assert!(p.overlap.is_some_and(|o| (0.0..=1.0).contains(&o)));
    }
    assert_eq!(found.stability.adjusted_rand.len(), 5);
    // Five beats of class S, seven of V and four of F lie in four clusters: some class gives no name.
    assert!(!found.classes_without_prototype.is_empty());
    assert!(found.warnings[0].contains(&found.classes_without_prototype[0]));
}

#[test]
fn the_tables_have_the_names_and_columns_of_the_first_description() {
    let folder = tempfile::tempdir().unwrap();
    checked(&PrototypeOptions::default()).write(folder.path()).unwrap();
    let read = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap();
    let detail = read("prototype_validation_detail.csv");
    assert!(detail.starts_with(
        "prototype_id,size,dominant_label,label_mix_top3,rr_prev_mean,rr_next_mean,example_beat_ids,"
    ));
    assert_eq!(detail.lines().count(), 5);
    assert!(read("prototype_validation_by_label.csv").starts_with("label,label_name,num_prototypes,"));
    assert!(read("prototype_suspicious.csv").lines().count() <= 5);
    let summary: serde_json::Value =
        serde_json::from_str(&read("prototype_validation_summary.json")).unwrap();
    assert_eq!((&summary["num_prototypes"], &summary["thresholds"]["min_size"]), (&4.into(), &80.into()));
}

#[test]
fn without_prototypes_it_says_so() {
    let bare = Prepared { prototypes: Vec::new(), ..minute() };
    let error = check(&bare, &PrototypeOptions::default(), Seed(1), &Silent::new()).unwrap_err();
    assert!(error.to_string().contains("no prototypes") && error.hint().is_some());
    let wrong = PrototypeOptions { level: 1.0, ..PrototypeOptions::default() };
    assert!(check(&minute(), &wrong, Seed(1), &Silent::new()).is_err());
}
