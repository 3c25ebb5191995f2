use ndarray::{Array2, array};
use paucal_core::Seed;
use proptest::prelude::*;

use super::*;

/// Beats of two classes whose probability of class 0 is drawn, class by class and patient by patient.
fn drawn(patients: usize, each: usize, seed: u64) -> (Array2<f64>, Vec<Option<u16>>, Vec<usize>) {
    let mut stream = Seed(seed).stream("gate", 0);
    let n = patients * each;
    let reference: Vec<Option<u16>> = (0..n).map(|i| Some(u16::from(i % 4 == 0))).collect();
    let patient: Vec<usize> = (0..n).map(|i| i / each).collect();
    let shifts: Vec<f64> = (0..patients).map(|_| 0.5 * stream.normal()).collect();
    let mut p = Array2::zeros((n, 2));
    for i in 0..n {
        let towards = if reference[i] == Some(0) { 1.5 } else { -1.5 };
        let logit: f64 = towards + shifts[patient[i]] + stream.normal();
        p[[i, 0]] = 1.0 / (1.0 + (-logit).exp());
        p[[i, 1]] = 1.0 - p[[i, 0]];
    }
    (p, reference, patient)
}

fn guarding_all(error_rate: f64) -> Conformal {
    Conformal { error_rate, most_doubt: 1.0 }
}

#[test]
fn a_class_is_lost_as_seldom_as_was_promised() {
    let rate = 0.1;
    let mut lost = [0.0; 2];
    let rounds = 40;
    for round in 0..rounds {
        let (p, reference, patient) = drawn(30, 40, round);
        let calibrated = guarding_all(rate).calibrate(p.view(), &reference, &patient).unwrap();
        assert!(calibrated.thresholds.iter().all(|t| t.promised && t.patients == 30));
        let (p, reference, _) = drawn(30, 40, 1000 + round);
        for (class, lost) in lost.iter_mut().enumerate() {
            let own: Vec<usize> = (0..p.nrows()).filter(|&i| reference[i] == Some(class as u16)).collect();
            let missing = own.iter().filter(|&&i| !calibrated.possible(p.row(i)).contains(&class)).count();
            *lost += missing as f64 / own.len() as f64 / rounds as f64;
        }
    }
    assert!(lost.iter().all(|share| *share < rate + 0.01 && *share > rate / 3.0), "{lost:?}");
}

#[test]
fn few_patients_promise_nothing() {
    let (p, reference, patient) = drawn(5, 20, 3);
    let calibrated = guarding_all(0.1).calibrate(p.view(), &reference, &patient).unwrap();
    assert!(calibrated.thresholds.iter().all(|t| !t.promised));
    // Then nothing that was seen is excluded.
    for (i, class) in reference.iter().enumerate() {
        assert!(calibrated.possible(p.row(i)).contains(&usize::from(class.unwrap())));
    }
    assert!(guarding_all(0.2).calibrate(p.view(), &reference, &patient).unwrap().thresholds[0].promised);
}

#[test]
fn a_class_that_cannot_be_told_is_not_guarded() {
    let (p, mut reference, patient) = drawn(20, 20, 5);
    // Beats of a third class look like all others.
    let p =
        ndarray::concatenate![ndarray::Axis(1), p.clone() * 0.98, Array2::from_elem((p.nrows(), 1), 0.02)];
    (0..reference.len()).step_by(7).for_each(|i| reference[i] = Some(2));
    let calibrated = Conformal::default().calibrate(p.view(), &reference, &patient).unwrap();
    let third = calibrated.thresholds[2];
    assert!(!third.guarded && !third.promised && third.doubt == 1.0 && third.patients == 20, "{third:?}");
    let measured = Measured {
        probabilities: p.view(),
        noise_score: &vec![0.0; p.nrows()],
        noise_probability: None,
        similarity: None,
    };
    let decisions = Gates::default().decide(&measured, Some(&calibrated)).unwrap();
    assert!(decisions.iter().any(|decision| decision.class.is_some()));
    // Where it is the most probable it stands, and so does not fall silently to another.
    assert_eq!(calibrated.possible(array![0.001, 0.001, 0.998].view())[0], 2);
}

#[test]
fn a_class_without_beats_promises_nothing() {
    let p = array![[0.9, 0.1], [0.8, 0.2]];
    let calibrated = Conformal::default().calibrate(p.view(), &[Some(0), Some(0)], &[0, 1]).unwrap();
    let unseen =
        ClassThreshold { score: 1.0, beats: 0, patients: 0, doubt: 1.0, guarded: false, promised: false };
    assert_eq!(calibrated.thresholds[1], unseen);
}

#[test]
fn gates_say_why() {
    let p = array![[0.5, 0.5], [f64::NAN, f64::NAN]];
    let measured = Measured {
        probabilities: p.view(),
        noise_score: &[2.0, f32::NAN],
        noise_probability: None,
        similarity: Some(&[0.1, 0.9]),
    };
    let decisions = Gates::default().decide(&measured, None).unwrap();
    assert_eq!(Held::words(decisions[0].held), ["poor signal", "low confidence", "unlike anything known"]);
    assert_eq!(decisions[1].held, Held::NOISE | Held::UNSURE);
    assert_eq!(decisions[0].id(&LabelMap::aami()), REVIEW);
    assert_eq!(Decision { class: Some(2), held: 0 }.id(&LabelMap::aami()), 2);
}

#[test]
fn what_does_not_fit_is_refused() {
    let p = array![[0.5, 0.5]];
    let measured =
        Measured { probabilities: p.view(), noise_score: &[], noise_probability: None, similarity: None };
    assert!(Gates::default().decide(&measured, None).is_err());
    assert!(Gates { confidence: 1.5, ..Gates::default() }.check().is_err());
    assert!(guarding_all(0.0).calibrate(p.view(), &[Some(0)], &[0]).is_err());
    assert!(Conformal::default().calibrate(p.view(), &[Some(0)], &[]).is_err());
    assert!(Conformal::default().calibrate(array![[2.0, -1.0]].view(), &[Some(0)], &[0]).is_err());
}

proptest! {
    #[test]
    fn a_larger_error_rate_leaves_fewer_classes(seed in 0_u64..50, low in 0.02_f64..0.5, step in 0.0_f64..0.4) {
        let (p, reference, patient) = drawn(12, 10, seed);
        let at = |rate| guarding_all(rate).calibrate(p.view(), &reference, &patient).unwrap();
        let (strict, loose) = (at(low), at(low + step));
        for (a, b) in strict.thresholds.iter().zip(&loose.thresholds) {
            prop_assert!(a.score >= b.score);
        }
        for row in p.rows() {
            let wide = strict.possible(row);
            prop_assert!(loose.possible(row).iter().all(|class| wide.contains(class)));
        }
    }
}
