//! The page of beats that are left to a person.

use paucal_report::pages::review;
use paucal_signal::ecg::review::{Neighbour, ReviewBeat, ReviewQueue};

fn wave(height: f32) -> Vec<f32> {
    (0..200).map(|i| height * (-((i as f32 - 90.0) / 6.0).powi(2)).exp()).collect()
}

fn beat(id: usize, record: &str, time_s: f64) -> ReviewBeat {
    let strip: Vec<f32> = [wave(1.0), vec![f32::NAN; 60], wave(1.5), vec![f32::NAN; 60], wave(1.0)].concat();
    ReviewBeat {
        beat_global_id: id,
        record: record.into(),
        patient: "patient <1>".into(),
        lead: "MLII".into(),
        time_s,
        class_name: "V".into(),
        probability: 0.55,
        probabilities: vec![("N".into(), 0.4), ("S".into(), 0.04), ("V".into(), 0.55), ("F".into(), 0.01)],
        reasons: vec!["low confidence".into()],
        noise_score: 0.2,
        similarity: Some(0.87),
        wave: wave(1.5),
        strip,
        strip_rate_hz: 360.0,
        strip_start_s: time_s - 350.0 / 360.0,
        neighbours: vec![Neighbour { time_s: time_s - 260.0 / 360.0, word: "N".into() }],
    }
}

fn queue(beats: Vec<ReviewBeat>) -> ReviewQueue {
    ReviewQueue::new(1000, "mV", 360.0, 90, beats)
}

#[test]
fn a_beat_is_shown_with_what_was_thought_of_it() {
    let page = review::html(&queue(vec![beat(7, "105", 754.25)]), 10).unwrap();
    for words in [
        "1 of 1,000 beats (0.1%) are left to a person",
        "12:34.3",
        "beat 7: V 0.55, N 0.40.",
        "Held back: low confidence (noise score 0.20, likeness to what is known 0.87).",
        ">V?</text>",
        "10 mm/mV",
        "patient &lt;1&gt;",
        "href=\"#section-record-105\"",
    ] {
        assert!(page.contains(words), "{words}\n{page}");
    }
}

#[test]
fn the_rest_is_counted() {
    let beats =
        (0..90).map(|i| beat(i, if i < 60 { "a" } else { "A" }, i as f64)).chain([beat(99, "c", 1.0)]);
    let page = review::html(&queue(beats.collect()), 31).unwrap();
    assert!(page.contains("31 of the 91 beats are shown here"));
    assert!(page.contains("1 beat.") && page.contains("10 of its 30 beats are shown."));
    assert_eq!(page.matches("<figure").count(), 31);
    // Small: a strip of two seconds and its beat in a few kilobytes.
    assert!(page.len() < 31 * 7_000 + 40_000, "{}", page.len());
}

#[test]
fn an_empty_queue_and_odd_numbers_make_a_page() {
    assert!(review::html(&queue(Vec::new()), 10).unwrap().contains("none is left to a person"));
    let odd = ReviewBeat {
        time_s: f64::NAN,
        probabilities: Vec::new(),
        reasons: Vec::new(),
        wave: Vec::new(),
        strip: Vec::new(),
        ..beat(1, "", 0.0)
    };
    assert!(review::html(&queue(vec![odd]), 10).unwrap().contains("No reason was recorded"));
}
