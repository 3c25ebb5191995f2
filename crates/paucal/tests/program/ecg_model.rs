//! From recordings to a model and back: the demo, train, predict, judge.

use std::sync::LazyLock;

use crate::support::Place;

/// Settings that make a model in a moment.
const QUICK: &str =
    "--set ecg.boost.boosting.rounds=20 --set ecg.train.folds=4 --set ecg.train.bootstrap.replicates=200";

/// The demo, run once: recordings of 22 patients, a preparation, a model.
static DEMO: LazyLock<Place> = LazyLock::new(|| {
    let place = Place::new();
    let printed = place.done(&format!("demo ecg --out demo {QUICK}")).out;
    assert!(printed.contains("Test patients, predicted once"), "{printed}");
    assert!(printed.contains("A random split of beats would have promised"), "{printed}");
    place
});

#[test]
fn the_demo_tells_the_whole_story() {
    let result = DEMO.json("demo/result.json");
    assert!(result["detectors"]["detector"]["default"]["f1_150"].as_f64().unwrap() > 0.99);
    assert!(result["training"]["validation"]["macro_f1"].as_f64().unwrap() > 0.4);
    let tested = result["judgement"]["beats"]["patients"].as_array().unwrap().len();
    assert!((3..=7).contains(&tested), "{tested} test patients");
    assert_eq!(result["judgement"]["seen_patients"].as_array().unwrap().len(), 0);
    let report = DEMO.read("demo/report.html");
    for words in ["Are the beats found?", "never met", "left to a person", "random split", "Limits", "<svg"] {
        assert!(report.contains(words), "{words}");
    }
    for file in ["beat_predictions.csv", "review_queue.csv", "review_queue.html", "model/model.json"] {
        assert!(DEMO.exists(&format!("demo/{file}")), "{file}");
    }
}

#[test]
fn a_model_is_trained_used_and_judged() {
    let place = Place::new();
    let demo = DEMO.path("demo").display().to_string();
    let trained = place.done(&format!("ecg train {demo}/prepared --model boost --out model {QUICK}"));
    assert!(trained.out.contains("Each patient predicted by a model that has not met"), "{}", trained.out);
    let training = place.json("model/result.json");
    // Nobody gave prepare a split, so every patient is learnt from.
    assert_eq!(training["division"], "grouped");
    assert_eq!(training["patients"], 22);
    assert!(
        training["leak"]["leaky_random_macro_f1"].as_f64() > training["leak"]["grouped_macro_f1"].as_f64()
    );

    place.done(&format!("ecg predict model {demo}/records --out predicted --quiet"));
    let predicted = place.json("predicted/result.json");
    let beats = predicted["num_beats_predicted"].as_u64().unwrap() as usize;
    let rows = place.read("predicted/beat_predictions.csv");
    assert_eq!(rows.lines().count(), beats + 1);
    assert_eq!(
        rows.lines().filter(|row| row.contains(",-99,")).count() as u64,
        predicted["num_review_flagged"].as_u64().unwrap()
    );
    assert_eq!(predicted["seen_patients"].as_array().unwrap().len(), 22);
    assert!(place.read("predicted/review_queue.html").contains("Which beats need a person?"));

    let judged = place.done(&format!("ecg judge model {demo}/records --out judged --json")).json();
    assert_eq!(judged, place.json("judged/result.json"));
    let of = &judged["beats"];
    assert!(of["macro_f1"].as_f64().unwrap() > 0.6, "{of}");
    for class in ["N", "S", "V", "F"] {
        for score in ["sensitivity", "ppv", "f1"] {
            assert!(of[class][score].is_number(), "{class} {score}: {of}");
        }
        assert!(of[class]["support"].as_u64().unwrap() > 0);
    }
    assert_eq!(of["patients"].as_array().unwrap().len(), 22);
    assert!(of["macro_f1_interval"]["low"].as_f64() < of["macro_f1_interval"]["high"].as_f64());
    assert_eq!(of["abstained"], predicted["num_review_flagged"]);
    assert!(place.read("judged/report.html").contains("memory"));
    // The same from the prepared folder, on one thread.
    let again = place.done(&format!("ecg judge model {demo}/prepared --threads 1 --json")).json();
    assert_eq!(again["beats"]["confusion"], of["confusion"]);
}

#[test]
fn a_split_file_keeps_its_patients_apart() {
    let place = Place::new();
    let demo = DEMO.path("demo").display().to_string();
    place.write(
        "split.toml",
        "train = ['106m0', '119m0', '208m0', '209m11h', '207m27h']\ntest = ['101m4h', '203m0']\n",
    );
    place.done(&format!(
        "ecg train {demo}/prepared --model boost --split split.toml --out model --quiet {QUICK}"
    ));
    let training = place.json("model/result.json");
    assert_eq!((training["patients"].as_u64(), training["division"].as_str()), (Some(5), Some("sides")));
    assert_eq!(training["test"]["patients"].as_array().unwrap().len(), 2);
    // Data in which most classes are absent.
    place.done(&format!("ecg judge model {demo}/records/101m4h.hea --out judged --quiet"));
    assert_eq!(place.json("judged/result.json")["seen_patients"].as_array().unwrap().len(), 0);
    // A patient on two sides.
    place.write("wrong.toml", "train = ['106m0', '119m0']\ntest = ['106m0']\n");
    let wrong = place.refused(&format!("ecg train {demo}/prepared --split wrong.toml --out other"), 2).err;
    assert!(wrong.contains("named twice"), "{wrong}");
}

#[test]
fn the_same_seed_trains_the_same_model_on_any_number_of_threads() {
    let place = Place::new();
    let demo = DEMO.path("demo").display().to_string();
    for (out, threads) in [("one", 1), ("two", 2)] {
        place.done(&format!(
            "ecg train {demo}/prepared --model boost --out {out} --threads {threads} --quiet {QUICK} --set ecg.train.leak=false"
        ));
    }
    for file in ["model.json", "classifier.json", "result.json"] {
        assert!(place.read(&format!("one/{file}")) == place.read(&format!("two/{file}")), "{file}");
    }
}

#[test]
fn what_cannot_be_done_is_refused_with_a_hint() {
    let place = Place::new();
    let demo = DEMO.path("demo").display().to_string();
    let wrong = place.refused(&format!("ecg train {demo}/prepared --model bost --out run"), 2).err;
    assert!(wrong.contains("did you mean 'boost'?"), "{wrong}");
    place.refused("ecg train nowhere --out run", 1);
    let bare = place.refused("ecg judge records", 2).err;
    assert!(bare.contains("--detector"), "{bare}");
    let other = place.refused(&format!("ecg predict {demo}/prepared {demo}/records --out run"), 1).err;
    assert!(other.contains("no trained model"), "{other}");
    // Recordings without annotations can be predicted, not judged.
    std::fs::create_dir(place.path("bare")).unwrap();
    for ending in ["hea", "dat"] {
        let from = DEMO.path(&format!("demo/records/208m0.{ending}"));
        std::fs::copy(from, place.path(&format!("bare/208m0.{ending}"))).unwrap();
    }
    place.done(&format!("ecg predict {demo}/model bare --out predicted --quiet"));
    assert!(place.json("predicted/result.json")["num_beats_predicted"].as_u64().unwrap() > 100);
    let judged = place.refused(&format!("ecg judge {demo}/model bare"), 1).err;
    assert!(judged.contains("no beat has a class"), "{judged}");
}

/// A record of one lead in format 16, 200 units to the mV.
fn record(place: &Place, name: &str, gain: &str, samples: &[i16]) {
    let n = samples.len();
    let header = format!("{name} 1 360 {n}\n{name}.dat 16 {gain} 16 0 0 0 0 MLII\n");
    place.write(&format!("bad/{name}.hea"), header);
    place
        .write(&format!("bad/{name}.dat"), samples.iter().flat_map(|s| s.to_le_bytes()).collect::<Vec<u8>>());
}

/// `seconds` of beats, one in each of them, in the units of [`record`].
fn beats(seconds: usize) -> Vec<i16> {
    (0..360 * seconds).map(|i| (250.0 * (-((i % 360) as f64 - 180.0).powi(2) / 20.0).exp()) as i16).collect()
}

#[test]
fn bad_recordings_are_named_and_stop_no_other() {
    let place = Place::new();
    std::fs::create_dir(place.path("bad")).unwrap();
    let demo = DEMO.path("demo").display().to_string();
    for ending in ["hea", "dat", "atr"] {
        let from = DEMO.path(&format!("demo/records/208m0.{ending}"));
        std::fs::copy(from, place.path(&format!("bad/good.{ending}"))).unwrap();
    }
    let header = place.read("bad/good.hea").replace("208m0", "good");
    place.write("bad/good.hea", header);
    record(&place, "flat", "200", &[0; 3600]);
    record(&place, "missing", "200", &[i16::MIN; 3600]);
    let noise: Vec<i16> =
        (0..36_000_i64).map(|i| ((i * i * 7_919 + i * 104_729) % 199 - 99) as i16).collect();
    record(&place, "noise", "200", &noise);
    record(&place, "short", "200", &beats(2));
    record(&place, "gain", "2", &beats(30));
    place.write("bad/nolead.hea", "nolead 0 360 1000\n");
    place.write("bad/nodata.hea", "nodata 1 360 1000\nnodata.dat 16 200 16 0 0 0 0 MLII\n");
    record(&place, "cut", "200", &beats(20));
    let whole = std::fs::read(place.path("bad/cut.dat")).unwrap();
    place.write("bad/cut.dat", &whole[..whole.len() / 2]);
    record(&place, "marks", "200", &beats(20));
    place.write("bad/marks.atr", [0xff_u8; 33]);
    place.write("bad/table.xlsx", b"PK\x03\x04 this is no spreadsheet");

    let ended = place.done(&format!("ecg predict {demo}/model bad --out predicted"));
    let result = place.json("predicted/result.json");
    let named = |list: &str, key: &str| -> Vec<String> {
        result[list].as_array().unwrap().iter().map(|one| one[key].as_str().unwrap().to_owned()).collect()
    };
    let (used, left_out) = (named("strips", "record"), named("left_out", "record"));
    assert!(used.contains(&"good".to_owned()), "{used:?}");
    for bad in ["missing", "nolead", "nodata", "cut", "table"] {
        assert!(left_out.contains(&bad.to_owned()), "{bad}: {left_out:?}");
        assert!(ended.out.contains(bad), "{bad}: {}", ended.out);
    }
    // What can be read is used, and somebody is told.
    for doubtful in ["flat", "noise", "short", "gain", "marks"] {
        let there = used.contains(&doubtful.to_owned()) || left_out.contains(&doubtful.to_owned());
        assert!(there, "{doubtful}: {used:?} {left_out:?}");
    }
    assert!(ended.err.contains("check the gain"), "{}", ended.err);
    for one in result["left_out"].as_array().unwrap() {
        assert!(one["reason"].as_str().is_some_and(|reason| !reason.is_empty()), "{one}");
    }
    let audited = place.done("ecg audit bad --json").json();
    assert!(audited["left_out"].as_array().unwrap().len() >= 4, "{audited}");
}
