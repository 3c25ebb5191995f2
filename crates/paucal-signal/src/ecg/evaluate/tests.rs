use proptest::prelude::*;

use super::*;

fn names(all: &[&str]) -> Vec<String> {
    all.iter().map(|name| (*name).to_owned()).collect()
}

type Beat = (usize, Option<u16>, Option<u16>);

fn judged(beats: &[Beat], classes: &[String]) -> Result<Evaluation, EcgError> {
    let patients = names(&["a", "b", "c", "d"]);
    let patient: Vec<usize> = beats.iter().map(|b| b.0).collect();
    let reference: Vec<Option<u16>> = beats.iter().map(|b| b.1).collect();
    let predicted: Vec<Option<u16>> = beats.iter().map(|b| b.2).collect();
    let judged = Judged {
        classes,
        patients: &patients,
        patient: &patient,
        reference: &reference,
        predicted: &predicted,
        probabilities: None,
    };
    judge(&judged, &Bootstrap { replicates: 200, ..Bootstrap::default() }, Seed(1))
}

#[test]
fn absent_classes_are_undefined_and_not_zero() {
    let classes = names(&["N", "S", "V"]);
    let beats = [(0, Some(0), Some(0)), (1, Some(0), Some(1)), (1, Some(2), Some(2))];
    let scores = judged(&beats, &classes).unwrap().beats;
    assert_eq!(scores.classes["S"].f1.undefined(), Some(&Undefined::NoCase { class: 1 }));
    assert_eq!(scores.classes["S"].ppv.value(), None);
    // N: one of two found, nothing else called N: F1 2/3; V: 1. S does not count.
    assert!((scores.macro_f1.value().unwrap() - f64::midpoint(2.0 / 3.0, 1.0)).abs() < 1e-12);
    assert_eq!(scores.j_kappa.value(), None, "jκ needs S beats");
    assert_eq!(scores.confusion.counts, [[1, 1, 0, 0], [0; 4], [0, 0, 1, 0]]);
    assert_eq!(scores.patients.len(), 2);
    assert_eq!(scores.patients[0].classes["V"].f1.value(), None);
}

#[test]
fn an_abstention_is_no_hit_and_no_false_alarm() {
    let classes = names(&["N", "S", "V", "F", "Q"]);
    let beats = [(0, Some(2), Some(2)), (1, Some(2), None), (1, Some(0), Some(0)), (1, None, Some(2))];
    let scores = judged(&beats, &classes).unwrap().beats;
    assert_eq!((scores.count, scores.abstained), (3, 1));
    assert_eq!(scores.classes["V"].sensitivity.value(), Some(0.5));
    assert_eq!(scores.classes["V"].ppv.value(), Some(1.0));
    assert_eq!(scores.classes["V"].largest_patient_share.value(), Some(0.5));
    assert_eq!(scores.macro_classes, ["N", "S", "V", "F"]);
}

#[test]
fn one_patient_has_no_interval() {
    let classes = names(&["N", "V"]);
    let scores = judged(&[(2, Some(0), Some(0)), (2, Some(1), Some(0))], &classes).unwrap().beats;
    assert_eq!(scores.macro_f1_interval, None);
    assert_eq!(scores.patients[0].patient, "c");
}

#[test]
fn what_does_not_fit_is_refused() {
    assert!(judged(&[(0, Some(2), None)], &names(&["N", "V"])).is_err());
    assert!(judged(&[(9, Some(0), None)], &names(&["N", "V"])).is_err());
    assert!(judged(&[(0, None, None)], &names(&["N", "V"])).is_err(), "nothing to judge");
    let error = judged(&[(0, Some(0), None)], &names(&["N", "confusion"])).unwrap_err();
    assert_eq!(error.to_string(), "a class cannot be named 'confusion'");
}

#[test]
fn the_names_in_json_are_those_promised() {
    let classes = names(&["N", "S", "V", "F"]);
    let beats = [(0, Some(0), Some(0)), (1, Some(1), Some(1)), (2, Some(2), None), (3, Some(3), Some(3))];
    let evaluation = judged(&beats, &classes).unwrap();
    let json = serde_json::to_value(&evaluation).unwrap();
    for path in [
        "/beats/macro_f1",
        "/beats/macro_f1_interval",
        "/beats/S/sensitivity",
        "/beats/S/ppv",
        "/beats/F/f1",
        "/beats/V/support",
        "/beats/confusion/counts",
        "/beats/patients/0/N/f1",
        "/beats/abstained",
    ] {
        assert!(json.pointer(path).is_some(), "{path}");
    }
    assert_eq!(serde_json::from_value::<Evaluation>(json).unwrap(), evaluation);
}

/// Made by `tools/golden/beat_classification.py` with scikit-learn.
#[test]
fn agrees_with_scikit_learn() {
    let golden: serde_json::Value =
        serde_json::from_str(include_str!("../../../tests/golden/beat_classification.json")).unwrap();
    let codes = |key: &str| -> Vec<u16> {
        golden[key].as_array().unwrap().iter().map(|v| v.as_u64().unwrap() as u16).collect()
    };
    let (reference, predicted) = (codes("reference"), codes("predicted"));
    let rows = golden["probabilities"].as_array().unwrap();
    let probabilities = Array2::from_shape_fn((rows.len(), 4), |(i, k)| rows[i][k].as_f64().unwrap());
    let classes = names(&["N", "S", "V", "F"]);
    let judged = Judged {
        classes: &classes,
        patients: &names(&["a"]),
        patient: &vec![0; reference.len()],
        reference: &reference.iter().copied().map(Some).collect::<Vec<_>>(),
        predicted: &predicted.iter().copied().map(Some).collect::<Vec<_>>(),
        probabilities: Some(probabilities.view()),
    };
    let scores = judge(&judged, &Bootstrap::default(), Seed(1)).unwrap().beats;
    let near = |score: &Score, wanted: &serde_json::Value| {
        let (found, wanted) = (score.value().unwrap(), wanted.as_f64().unwrap());
        assert!((found - wanted).abs() < 1e-12, "{found} {wanted}");
    };
    near(&scores.accuracy, &golden["accuracy"]);
    near(&scores.kappa, &golden["kappa"]);
    near(&scores.j_kappa, &golden["j_kappa"]);
    near(&scores.macro_f1, &golden["macro_f1"]);
    for (k, name) in classes.iter().enumerate() {
        near(&scores.classes[name].sensitivity, &golden["sensitivity"][k]);
        near(&scores.classes[name].ppv, &golden["ppv"][k]);
        near(&scores.classes[name].f1, &golden["f1"][k]);
    }
    let calibration = scores.calibration.unwrap();
    near(&calibration.brier, &golden["brier"]);
    near(&calibration.log_loss, &golden["log_loss"]);
}

proptest! {
    #[test]
    fn counts_add_up(
        beats in prop::collection::vec(
            (0_usize..4, prop::option::of(0_u16..4), prop::option::of(0_u16..4)), 1..60),
    ) {
        let classes = names(&["N", "S", "V", "F"]);
        prop_assume!(beats.iter().any(|b| b.1.is_some()));
        let scores = judged(&beats, &classes).unwrap().beats;
        let judged: Vec<&Beat> = beats.iter().filter(|b| b.1.is_some()).collect();
        let counts = &scores.confusion.counts;
        prop_assert_eq!(counts.iter().flatten().sum::<u64>(), judged.len() as u64);
        prop_assert_eq!(scores.count, judged.len() as u64);
        prop_assert_eq!(counts.iter().map(|row| row[4]).sum::<u64>(), scores.abstained);
        prop_assert_eq!(scores.patients.iter().map(|p| p.beats).sum::<u64>(), scores.count);
        for (row, name) in counts.iter().zip(&classes) {
            let class = &scores.classes[name];
            prop_assert_eq!(row.iter().sum::<u64>(), class.support);
            prop_assert_eq!(class.f1.value().is_some(), class.support > 0);
            let of_patients: u64 = scores.patients.iter().map(|p| p.classes[name].support).sum();
            prop_assert_eq!(of_patients, class.support);
        }
        if let Some(interval) = &scores.macro_f1_interval {
            prop_assert_eq!(Some(interval.estimate), scores.macro_f1.value());
            prop_assert!(interval.low <= interval.high && (0.0..=1.0).contains(&interval.low));
        }
    }
}

#[test]
fn the_interval_contains_the_estimate() {
    // Four patients, of whom two are classified well and two badly.
    let classes = names(&["N", "V"]);
    let beats: Vec<Beat> = (0..400)
        .map(|i| {
            let truth = u16::from(i % 5 == 0);
            let wrong = i % 4 < 2 && i % 3 == 0;
            (i % 4, Some(truth), Some(if wrong { 1 - truth } else { truth }))
        })
        .collect();
    let scores = judged(&beats, &classes).unwrap().beats;
    let interval = scores.macro_f1_interval.unwrap();
    assert!(interval.low < interval.estimate && interval.estimate < interval.high, "{interval:?}");
    assert_eq!(interval.clusters, 4);
}
