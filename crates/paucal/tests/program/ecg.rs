//! Recordings of the heart: detectors and prepared beats, on a real minute.

use crate::support::Place;

const MINUTE: [&str; 3] = ["223m13.hea", "223m13.dat", "223m13.atr"];

/// A folder with the minute.
fn minute() -> Place {
    let place = Place::new();
    let from = concat!(env!("CARGO_MANIFEST_DIR"), "/../paucal-signal/tests/data/mitdb-minute");
    std::fs::create_dir(place.path("records")).unwrap();
    for file in MINUTE {
        std::fs::copy(format!("{from}/{file}"), place.path(&format!("records/{file}"))).unwrap();
    }
    place
}

#[test]
fn all_detectors_meet_the_annotations() {
    let place = minute();
    let printed = place.done("ecg judge --detector all records --out run --json").json();
    let kept = place.json("run/result.json");
    assert_eq!(printed, kept);
    assert_eq!(kept["detector"]["default"], kept["detector"]["gradient"]);
    assert!(kept["detector"]["default"]["f1_150"].as_f64().unwrap() > 0.95);
    assert!(kept["detector"]["pan-tompkins"]["bias_ms"].is_number());
    assert!(place.read("run/report.html").contains("Which detector finds the beats"));
    assert!(place.read("run/tables/detectors.csv").lines().count() == 5);
    // A single file, one detector, nothing written.
    let table = place.done("ecg judge --detector hamilton records/223m13.hea").out;
    assert!(table.contains("hamilton") && !table.contains("gradient"), "{table}");
}

#[test]
fn beats_are_prepared_into_a_folder() {
    let place = minute();
    place.done("ecg prepare records --out run --quiet");
    let result = place.json("run/result.json");
    assert!(result["beats_extracted"].as_u64().unwrap() > 60);
    for file in ["beats.npy", "beat_metadata.csv", "context_windows.npz", "prepared.json", "report.html"] {
        assert!(place.exists(&format!("run/{file}")), "{file}");
    }
    let again = place.refused("ecg prepare records --out run", 2).err;
    assert!(again.contains("--overwrite"), "{again}");
    place.done("ecg prepare records --out twice --threads 1 --quiet");
    for file in ["beats.npy", "features.npy", "beat_metadata.csv", "prepared.json"] {
        let bytes = |run: &str| std::fs::read(place.path(&format!("{run}/{file}"))).unwrap();
        assert_eq!(bytes("run"), bytes("twice"), "{file}");
    }
}

#[test]
fn one_bad_record_stops_none_and_is_named() {
    let place = minute();
    place.write("records/broken.hea", "broken 2 360 1000\nbroken.dat 212 200 11 1024 0 0 0 MLII\n");
    let ended = place.done("ecg prepare records --out run");
    assert!(ended.out.contains("left out: broken"), "{}", ended.out);
    assert_eq!(place.json("run/result.json")["rows_skipped"], 1);
    place.refused("ecg prepare records/broken.hea --out alone", 1);
}

#[test]
fn what_cannot_be_asked_for_is_refused_with_a_hint() {
    let place = minute();
    let wrong = place.refused("ecg judge --detector gradiant records", 2).err;
    assert!(wrong.contains("did you mean 'gradient'?"), "{wrong}");
    place.refused("ecg prepare nowhere --out run", 1);
    std::fs::remove_file(place.path("records/223m13.atr")).unwrap();
    let bare = place.refused("ecg judge --detector all records", 1).err;
    assert!(bare.contains("annotated"), "{bare}");
}
