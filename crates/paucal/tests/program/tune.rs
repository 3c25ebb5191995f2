//! `paucal table tune`, `paucal table space` and `paucal study`.

use crate::support::{Place, clinic};

const TUNE: &str =
    "table tune clinic.csv --target outcome --group patient --set judge.trees=10 --set tune.trees=10";

#[test]
fn a_search_ends_with_a_model_a_study_and_both_judged_on_unseen_patients() {
    let place = Place::new();
    place.write("clinic.csv", clinic(300, 1));
    let tuning = place.done(&format!("{TUNE} --model gaussian-copula --trials 14 --out tuned --json")).json();
    assert_eq!(tuning["schema"], "paucal.tune/1");
    let trials = tuning["trials"].as_array().unwrap();
    assert_eq!(trials.len(), 14);
    for trial in trials {
        assert!(["complete", "pruned"].contains(&trial["state"].as_str().unwrap()), "{trial}");
        assert!(trial["components"]["similarity"].as_f64().unwrap() > 0.5, "{trial}");
    }
    for side in ["tuned", "default"] {
        assert!(tuning[side]["objective"]["score"].as_f64().unwrap() > 0.5, "{side}");
    }
    assert!(tuning["parameters"]["shrinkage"].is_number() && tuning["parameters"]["marginals"].is_string());
    let report = place.read("tuned/report.html");
    assert!(
        report.contains("Did tuning help?") && report.contains("shrinkage"),
        "the report lacks its search"
    );

    let drawn = place.done("table sample tuned -n 9 --where outcome=ill -o -").out;
    assert_eq!(drawn.lines().filter(|line| line.ends_with(",ill")).count(), 9);
    let listed = place.done("study list --storage sqlite:///tuned/study.db").out;
    assert!(listed.contains("clinic/gaussian-copula/outcome"), "{listed}");
    let shown = place.done("study show --storage sqlite:///tuned/study.db").out;
    assert!(shown.contains("Best: trial"), "{shown}");
    place.done("study export --storage sqlite:///tuned/study.db -o trials.csv");
    assert_eq!(place.read("trials.csv").lines().count(), 15);
}

#[test]
fn a_search_is_the_same_on_one_thread_and_two_and_goes_on_where_it_was_stopped() {
    let place = Place::new();
    place.write("clinic.csv", clinic(240, 1));
    let tune = format!("{TUNE} --model gaussian-copula --quiet");
    let result = |run: &str| {
        let mut tuning = place.json(&format!("{run}/result.json"));
        for trial in tuning["trials"].as_array_mut().unwrap() {
            trial["seconds"] = 0.into();
        }
        tuning["options"]["trials"] = 0.into();
        tuning
    };
    place.done(&format!("{tune} --trials 8 --threads 2 --out two"));
    place.done(&format!("{tune} --trials 8 --threads 1 --out one"));
    assert_eq!(result("one"), result("two"));
    // As a kill leaves it: half of the budget spent, no result.
    place.done(&format!("{tune} --trials 4 --out stopped"));
    for file in ["manifest.json", "result.json", "report.html"] {
        std::fs::remove_file(place.path(&format!("stopped/{file}"))).unwrap();
    }
    place.done(&format!("{tune} --trials 8 --out stopped --resume"));
    assert_eq!(result("stopped"), result("two"));
}

#[test]
fn what_cannot_be_searched_is_refused_with_a_hint() {
    let place = Place::new();
    place.write("clinic.csv", clinic(120, 1));
    for (arguments, code, said) in [
        (format!("{TUNE} --model independent --out run"), 2, "nothing to tune"),
        (format!("{TUNE} --model gaussian-copula --storage mysql://x --out run"), 2, "sqlite:///"),
        (
            format!("{TUNE} --model gaussian-copula --storage sqlite:////no/such/x.db --out run"),
            1,
            "cannot reach",
        ),
        (format!("{TUNE} --model gaussian-copula --timeout 0 --out run"), 2, "--timeout"),
        (format!("{TUNE} --model gaussian-copula --set tune.sampler=oracle --out run"), 2, "tpe"),
        ("study list --storage sqlite:///nowhere.db".to_owned(), 1, "no such file"),
    ] {
        let ended = place.refused(&arguments, code);
        assert!(ended.err.contains(said) && ended.err.contains("hint: "), "{arguments}: {}", ended.err);
        let _ = std::fs::remove_dir_all(place.path("run"));
    }
    assert!(!place.exists("nowhere.db"), "looking does not make a file");
    // A study of other data is not continued.
    let shared = "--model gaussian-copula --trials 2 --storage sqlite:///all.db --study s";
    place.done(&format!("{TUNE} {shared} --out first"));
    place.write("clinic.csv", clinic(120, 2));
    let ended = place.refused(&format!("{TUNE} {shared} --out second"), 2);
    assert!(ended.err.contains("another data") && ended.err.contains("--study"), "{}", ended.err);
}

#[test]
fn the_space_says_why() {
    let place = Place::new();
    place.write("clinic.csv", clinic(120, 1));
    let space = place.done("table space clinic.csv --model ctgan --target outcome").out;
    assert!(
        space.contains("pac") && space.contains("1, 2, 5, 10") && space.contains("mode collapse"),
        "{space}"
    );
    let fixed = place.done("table space clinic.csv --model ctgan --target outcome --set ctgan.pac=5").out;
    assert!(!fixed.contains("1, 2, 5, 10"), "{fixed}");
}
