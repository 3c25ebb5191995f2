//! The verbs that look at recordings and beats: audit, prototypes, mine, discover.

use paucal_signal::formats::numpy::{Array, Values, write_npz};

use crate::support::Place;

/// A folder with the minute, and its beats prepared into `prepared`.
fn prepared() -> Place {
    let place = Place::new();
    let from = concat!(env!("CARGO_MANIFEST_DIR"), "/../paucal-signal/tests/data/mitdb-minute");
    std::fs::create_dir(place.path("records")).unwrap();
    for file in ["223m13.hea", "223m13.dat", "223m13.atr"] {
        std::fs::copy(format!("{from}/{file}"), place.path(&format!("records/{file}"))).unwrap();
    }
    place.done("ecg prepare records --out prepared --quiet");
    place
}

/// The report is there, and can be made again from the folder alone.
fn reported(place: &Place, run: &str, words: &str) {
    let report = place.read(&format!("{run}/report.html"));
    assert!(report.contains(words), "{words}");
    std::fs::remove_file(place.path(&format!("{run}/report.html"))).unwrap();
    place.done(&format!("report {run}"));
    assert_eq!(place.read(&format!("{run}/report.html")), report);
}

#[test]
fn an_audit_says_what_would_mislead() {
    let place = prepared();
    place.write("records/broken.hea", "broken 1 360 1000\nbroken.dat 212 200\n");
    let printed = place.done("ecg audit records").out;
    assert!(printed.contains("problem: recording broken cannot be used"), "{printed}");
    assert!(printed.contains("problem: only patient 223m13 has class V"), "{printed}");
    assert!(!place.exists("audit"));
    let ended = place.done("ecg audit records --out audit --json");
    assert_eq!(ended.json(), place.json("audit/result.json"));
    assert_eq!(ended.json()["schema"], "paucal.ecg.audit/1");
    reported(&place, "audit", "Can these recordings be used as they are?");
    assert!(place.read("audit/tables/classes.csv").starts_with("Class,Beats,Recordings,Patients,"));
    place.refused("ecg audit records --set ecg.audit.missing=2", 2);
    place.refused("ecg audit nowhere", 1);
}

#[test]
fn prototypes_are_checked() {
    let place = prepared();
    let ended = place.done("ecg prototypes prepared --out checked --json");
    let result = place.json("checked/result.json");
    assert_eq!(ended.json(), result);
    assert_eq!(result["num_single_patient"], result["num_prototypes"]);
    assert_eq!(result["stability"]["adjusted_rand"].as_array().unwrap().len(), 5);
    for file in ["detail.csv", "by_label.csv", "summary.json"] {
        assert!(place.exists(&format!("checked/prototype_validation_{file}")), "{file}");
    }
    assert!(place.exists("checked/prototype_suspicious.csv"));
    assert!(place.exists("checked/figures/prototype-purity-vs-size.svg"));
    reported(&place, "checked", "Does each prototype stand for one class?");
    place.done("ecg prototypes prepared --compat spec --out literal --quiet");
    let literal = place.json("literal/result.json");
    assert_eq!(literal["num_suspicious"], literal["num_prototypes"]);
    place.done("ecg prototypes prepared --out again --threads 1 --quiet");
    assert_eq!(place.read("checked/result.json"), place.read("again/result.json"));
    let wrong = place.refused("ecg prototypes records --out nothing", 1).err;
    assert!(wrong.contains("prepared.json") && wrong.contains("hint"), "{wrong}");
}

#[test]
fn a_few_named_beats_find_others() {
    let place = prepared();
    place.write("seeds.csv", "beat_global_id,label_name\n12,mine\n3,other\n99999,lost\n");
    let printed = place.done("ecg mine prepared --seeds seeds.csv --top 9 --test --out mined").out;
    assert!(printed.contains("mine") && printed.contains("1 seeds are no beat"), "{printed}");
    assert_eq!(place.read("mined/seed_mined_candidates.csv").lines().count(), 19);
    assert_eq!(place.json("mined/result.json")["unknown"][0], 99999);
    reported(&place, "mined", "Which beats are like these?");
    place.write("bad.csv", "beat,name\n1,x\n");
    let wrong = place.refused("ecg mine prepared --seeds bad.csv --out nothing", 2).err;
    assert!(wrong.contains("beat_global_id"), "{wrong}");
}

/// A folder of predictions in which the last `held` of 60 beats are left to a person.
fn predictions(place: &Place, held: usize) {
    std::fs::create_dir_all(place.path("predicted")).unwrap();
    let row = |id: usize| {
        let flag = u8::from(id >= 60 - held);
        format!("{id},r{},p{},{id}.5,{},{flag}\n", id % 4, id % 4, if flag == 1 { -99 } else { 0 })
    };
    let list: String = (0..60).map(row).collect();
    let header = "beat_global_id,record,patient,time_s,final_label,review_flag\n";
    place.write("predicted/beat_predictions.csv", format!("{header}{list}"));
    let ids: Vec<i32> = (60 - held as i32..60).collect();
    let value = |id: i32, k: i32| (id % 2 * 9 * (k + 1)) as f32 + ((id * 7 + k) % 5) as f32 / 5.0;
    let matrix = |columns: i32| {
        let values = ids.iter().flat_map(|&id| (0..columns).map(move |k| value(id, k))).collect();
        Array { shape: vec![held, columns as usize], values: Values::F32(values) }
    };
    let arrays = [
        ("waves".to_owned(), matrix(20)),
        ("features".to_owned(), matrix(3)),
        ("rate".to_owned(), Array { shape: vec![1], values: Values::F64(vec![360.0]) }),
        ("beat_global_id".to_owned(), Array { shape: vec![held], values: Values::I32(ids.clone()) }),
    ];
    write_npz(&place.path("predicted/review_beats.npz"), &arrays).unwrap();
}

#[test]
fn patterns_are_found_among_beats_held_back() {
    let place = Place::new();
    predictions(&place, 40);
    let asked = "ecg discover predicted --set ecg.discover.min_alert_size=10 --out found";
    let printed = place.done(asked).out;
    assert!(printed.contains("40 of 60 beats were held back; 2 clusters, 2 with an alert"), "{printed}");
    let result = place.json("found/result.json");
    assert_eq!((&result["unknown_count"], &result["stability"]["mean"]), (&40.into(), &1.0.into()));
    for file in ["clusters.csv", "alerts.csv", "summary.json"] {
        assert!(place.exists(&format!("found/new_pattern_{file}")), "{file}");
    }
    assert!(place.exists("found/cluster_0_centroid.npy") && place.exists("found/cluster_1_centroid.npy"));
    reported(&place, "found", "Are there patterns that somebody should look at?");
    // Nothing held back is an answer, not a fault.
    predictions(&place, 0);
    place.done("ecg discover predicted --out none --quiet");
    assert_eq!(place.json("none/new_pattern_summary.json")["unknown_count"], 0);
    assert_eq!(place.read("none/new_pattern_alerts.csv").lines().count(), 1);
    reported(&place, "none", "None of 60 beats was held back");
    place.refused("ecg discover found --out nothing", 1);
}
