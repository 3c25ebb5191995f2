use paucal_core::{Advice, Seed};
use proptest::prelude::*;

use super::*;

const RECORDS: [(&str, &str); 4] = [("100", "100"), ("201", "201"), ("202", "201"), ("203", "203")];

fn refused(text: &str) -> (String, String) {
    let error = SplitFile::from_toml(text).and_then(|s| s.sides(&RECORDS, &["999"])).unwrap_err();
    (error.to_string(), error.hint().unwrap())
}

#[test]
fn a_file_gives_each_recording_its_side() {
    let text = "train = [\"201\", \"202\"]\ntest = [\"100\", \"999\"]\n";
    let file = SplitFile::from_toml(text).unwrap();
    let sides = file.sides(&RECORDS, &["999"]).unwrap();
    assert_eq!(sides, [Side::Test, Side::Train, Side::Train, Side::Unused]);
    let written = SplitFile::of(RECORDS.iter().map(|(r, _)| *r).zip(sides));
    assert_eq!(SplitFile::from_toml(&written.to_toml()).unwrap(), written);
}

#[test]
fn impossible_files_are_refused_with_a_hint() {
    let (error, hint) = refused("train = [\"10O\"]");
    assert!(error.contains("no recording '10O'") && hint.contains("100"), "{error}: {hint}");
    assert!(refused("train = [\"100\"]\ntest = [\"100\"]").0.contains("named twice"));
    let (error, _) = refused("train = [\"201\"]\ntest = [\"202\"]");
    assert_eq!(error, "split: patient '201' is on two sides: '201' in train, '202' in test");
    assert!(refused("test = [\"100\"]").0.contains("training side"));
    assert!(refused("training = [\"100\"]").0.contains("training"));
}

/// One patient per entry.
fn patients(counts: &[[usize; 3]]) -> Vec<Counted> {
    counts.iter().enumerate().map(|(patient, c)| Counted { patient, counts: c.to_vec() }).collect()
}

#[test]
fn a_class_of_one_patient_trains_and_one_of_three_is_everywhere() {
    let mut counts = vec![[100, 0, 0]; 12];
    (counts[3][1], counts[5][2], counts[7][2], counts[11][2]) = (40, 9, 2, 5);
    let records = patients(&counts);
    for seed in 0..20 {
        let sides = deal(&records, &Shares::default(), Seed(seed)).unwrap();
        assert_eq!(sides[3], Side::Train, "seed {seed}");
        let mut rare = [sides[5], sides[7], sides[11]];
        rare.sort_unstable();
        assert_eq!(rare, Side::ALL, "seed {seed}");
        assert!((5..=9).contains(&sides.iter().filter(|s| **s == Side::Train).count()));
    }
}

#[test]
fn few_patients_are_dealt_as_far_as_they_go() {
    let sides = |n: usize| deal(&patients(&vec![[5, 1, 0]; n]), &Shares::default(), Seed(1)).unwrap();
    assert_eq!(sides(1), [Side::Train]);
    let mut two = sides(2);
    two.sort_unstable();
    assert_eq!(two, [Side::Train, Side::Test]);
    assert_eq!(sides(0), []);
    assert!(deal(&[], &Shares { train: 0.9, ..Shares::default() }, Seed(1)).is_err());
    assert!(folds(&patients(&[[1, 0, 0]]), 2, Seed(1)).is_err());
}

proptest! {
    #[test]
    fn patients_are_never_torn_apart(
        rows in proptest::collection::vec((0_usize..8, 0_usize..50, 0_usize..5), 2..30), seed in 0_u64..50,
    ) {
        let records: Vec<Counted> =
            rows.iter().map(|&(patient, a, b)| Counted { patient, counts: vec![a + 1, b] }).collect();
        let sides = deal(&records, &Shares::default(), Seed(seed)).unwrap();
        for i in 0..records.len() {
            for j in 0..i {
                prop_assert!(records[i].patient != records[j].patient || sides[i] == sides[j]);
            }
        }
        prop_assert!(sides.contains(&Side::Train));
        prop_assert_eq!(&sides, &deal(&records, &Shares::default(), Seed(seed)).unwrap());
        let distinct = records.iter().map(|r| r.patient).collect::<std::collections::BTreeSet<_>>().len();
        if distinct >= 2 {
            let folds = folds(&records, 2, Seed(seed)).unwrap();
            prop_assert!(folds.contains(&0) && folds.contains(&1));
        }
    }
}
