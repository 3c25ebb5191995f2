use super::*;

const RATE: f64 = 360.0;
const WINDOW: Window = Window { before: 90, after: 109 };

/// Beats of 1 mV every 300 samples, the lead as `change` leaves it.
fn judged(change: impl Fn(&mut Vec<f64>)) -> (Vec<Verdict>, RecordQuality) {
    let beat =
        |i: usize| (-(((i % 300) as f64 - 150.0) / 6.0).powi(2)).exp() + 0.002 * (i as f64 * 1.7).sin();
    let mut raw: Vec<f64> = (0..6000).map(beat).collect();
    change(&mut raw);
    let faults = Faults::of(&raw, RATE);
    crate::dsp::gaps::bridge(&mut raw);
    let peaks: Vec<usize> = (0..20).map(|k| k * 300 + 150).collect();
    let waves: Vec<f32> = peaks
        .iter()
        .flat_map(|&p| raw[p - WINDOW.before..=p + WINDOW.after].to_vec())
        .map(|v| v as f32)
        .collect();
    let of = Judged {
        faults: &faults,
        lead: &raw,
        conditioned: &raw,
        rate: RATE,
        peaks: &peaks,
        kept: 0..20,
        window: WINDOW,
        waves: &waves,
    };
    judge(&of, &QualityOptions::default())
}

/// The flagged beats and the reasons of the first of them.
fn flagged(change: impl Fn(&mut Vec<f64>)) -> (Vec<usize>, u8) {
    let (verdicts, _) = judged(change);
    let beats: Vec<usize> = (0..20).filter(|&i| verdicts[i].flagged()).collect();
    (beats.clone(), beats.first().map_or(0, |&i| verdicts[i].reasons))
}

#[test]
fn a_clean_lead_is_clean() {
    let (verdicts, quality) = judged(|_| {});
    assert!(verdicts.iter().all(|v| v.score < 0.5 && v.reasons == 0), "{verdicts:?}");
    assert!(quality.correlation > 0.99 && !quality.unreadable && quality.flagged == 0.0);
}

#[test]
fn a_clean_beat_of_another_kind_is_not_noise() {
    let wide = |lead: &mut Vec<f64>| {
        for (i, v) in lead[1500..1800].iter_mut().enumerate() {
            *v = -2.0 * (-((i as f64 - 150.0) / 25.0).powi(2)).exp();
        }
    };
    assert_eq!(flagged(wide).0, [0; 0]);
}

#[test]
fn faults_are_found_where_they_are() {
    assert_eq!(flagged(|lead| lead[1600..1640].fill(f64::NAN)), (vec![5], Reasons::MISSING));
    let (beats, reasons) = flagged(|lead| lead[1540..1780].fill(0.3));
    assert_eq!((beats, reasons & Reasons::FLAT), (vec![5], Reasons::FLAT));
    let (beats, reasons) = flagged(|lead| lead[1640..1660].fill(1.5));
    assert_eq!((beats, reasons & Reasons::CLIPPED), (vec![5], Reasons::CLIPPED));
    let noise = |lead: &mut Vec<f64>| {
        for (i, v) in lead[1520..1790].iter_mut().enumerate() {
            *v += if i % 2 == 0 { 0.4 } else { -0.4 };
        }
    };
    let (beats, reasons) = flagged(noise);
    assert_eq!((beats, reasons & Reasons::LOUD), (vec![5], Reasons::LOUD));
    let (beats, reasons) = flagged(|lead| lead[1500..].iter_mut().for_each(|v| *v += 5.0));
    assert!(beats.contains(&5) && reasons & Reasons::JUMP != 0, "{beats:?} {reasons}");
}

#[test]
fn words_name_the_bits() {
    assert_eq!(Reasons::words(Reasons::FLAT | Reasons::LOUD), ["flat line", "high-frequency noise"]);
    assert!(QualityOptions { noise_times: 0.0, ..QualityOptions::default() }.check().is_err());
}
