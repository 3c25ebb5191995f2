//! `paucal table tune`, `paucal table space` and `paucal study`.

use std::sync::atomic::{AtomicUsize, Ordering};

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
        for point in tuning["course"]["budget"].as_array_mut().unwrap() {
            point["seconds"] = 0.into();
        }
        tuning["options"]["trials"] = 0.into();
        tuning
    };
    place.done(&format!("{tune} --trials 8 --threads 2 --out two"));
    place.done(&format!("{tune} --trials 8 --threads 1 --out one"));
    assert_eq!(result("one"), result("two"));
    // As a kill leaves it: some rounds are over (the first trial runs alone, then two at a time), no result.
    place.done(&format!("{tune} --trials 5 --out stopped"));
    for file in ["manifest.json", "result.json", "report.html"] {
        std::fs::remove_file(place.path(&format!("stopped/{file}"))).unwrap();
    }
    place.done(&format!("{tune} --trials 8 --out stopped --resume"));
    assert_eq!(result("stopped"), result("two"));
}

#[test]
fn the_best_trials_meet_fresh_seeds_and_every_move_of_a_parameter_has_its_cost() {
    let place = Place::new();
    place.write("clinic.csv", clinic(240, 1));
    let tuning = place
        .done(&format!(
            "{TUNE} --model gaussian-copula --trials 9 --set tune.sensitivity=true --out run --json"
        ))
        .json();
    let finalists = tuning["finalists"].as_array().unwrap();
    assert_eq!(finalists.len(), 3);
    assert_eq!(tuning["best"], finalists[0]["trial"], "the best with fresh seeds is used");
    assert!(finalists.iter().all(|f| f["fresh"].as_array().unwrap().len() == 3));
    let first = &tuning["trials"][0]["parameters"];
    let models = place.done("models gaussian-copula --json").json();
    let default = |name: &str| {
        let found = models[0]["parameters"].as_array().unwrap().iter().find(|p| p["name"] == name);
        found.unwrap()["default"].as_str().unwrap().trim_matches('"').to_owned()
    };
    assert_eq!(
        first["marginals"].as_str().unwrap(),
        default("marginals"),
        "the default parameters come first"
    );
    let moved = tuning["sensitivity"].as_array().unwrap();
    let names: std::collections::BTreeSet<_> =
        moved.iter().map(|m| m["parameter"].as_str().unwrap()).collect();
    assert_eq!(names.len(), tuning["space"].as_array().unwrap().len(), "{moved:?}");
    assert!(moved.iter().all(|m| m["cost"].is_number() && m["value"] != m["best"]), "{moved:?}");
    let budget = tuning["course"]["budget"].as_array().unwrap();
    assert!(budget.windows(2).all(|w| w[0]["best"].as_f64() <= w[1]["best"].as_f64()), "{budget:?}");
    assert!(place.read("run/report.html").contains("How far can the best trial be trusted?"));
}

#[test]
fn hyperband_stops_trials_after_few_splits_and_a_warm_start_tries_what_was_best_before() {
    let place = Place::new();
    place.write("clinic.csv", clinic(240, 1));
    place.write("other.csv", clinic(300, 2));
    let hyperband = "--set tune.pruner=hyperband --set tune.repeats=9 --set tune.finalists=0";
    let tune = format!("{TUNE} --model gaussian-copula --json --quiet");
    let earlier =
        place.done(&format!("{tune} {hyperband} --trials 12 --storage sqlite:///all.db --out first")).json();
    let splits: Vec<usize> =
        earlier["trials"].as_array().unwrap().iter().map(|t| t["splits"].as_array().unwrap().len()).collect();
    assert!(splits.contains(&1) && splits.contains(&9), "some end early, some run to the end: {splits:?}");

    let tune = tune.replace("clinic.csv", "other.csv");
    let later = place.done(&format!("{tune} --trials 3 --warm-start sqlite:///all.db --out second")).json();
    let best = &earlier["trials"].as_array().unwrap()[earlier["best"].as_u64().unwrap() as usize];
    assert_eq!(later["trials"][1]["parameters"], best["parameters"]);
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

/// An empty storage of every kind that there is here; the last needs a server.
#[allow(clippy::print_stderr)]
fn storages() -> Vec<String> {
    let mut all = vec!["sqlite:///all.db".to_owned(), "journal:///all.log".to_owned()];
    match std::env::var("PAUCAL_TEST_POSTGRES") {
        Ok(server) => {
            static COUNT: AtomicUsize = AtomicUsize::new(0);
            let name = format!("program_{}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
            let mut client = postgres::Client::connect(&server, postgres::NoTls).unwrap();
            client.batch_execute(&format!("CREATE DATABASE {name}")).unwrap();
            all.push(format!("{}/{name}", server.rsplit_once('/').unwrap().0));
        }
        Err(_) => eprintln!("skipped on PostgreSQL: PAUCAL_TEST_POSTGRES is not set"),
    }
    all
}

#[test]
fn a_worker_joins_a_study_and_runs_its_trials_and_not_more() {
    let place = Place::new();
    place.write("clinic.csv", clinic(240, 1));
    std::fs::create_dir(place.path("elsewhere")).unwrap();
    std::fs::copy(place.path("clinic.csv"), place.path("elsewhere/renamed.csv")).unwrap();
    for (i, storage) in storages().iter().enumerate() {
        let tune =
            format!("{TUNE} --model gaussian-copula --positive ill --storage {storage} --study s --quiet");
        place.done(&format!("{tune} --trials 3 --seed 7 --out first{i}"));
        // The budget of the study is spent: nothing is left to do, and of other data nothing is done.
        let worker = format!("study worker --storage {storage} elsewhere/renamed.csv --json");
        let worked = place.done(&worker).json();
        assert_eq!(
            (&worked["ran"], &worked["finished"], &worked["trials"]),
            (&0.into(), &3.into(), &3.into())
        );
        // The study is given more, of which the worker takes two and 'table tune' the rest.
        place.done(&format!("{tune} --trials 8 --seed 7 --timeout 0.000001 --out second{i}"));
        let worked = place.done(&format!("{worker} --trials 2 --workers 1 --seed 9")).json();
        assert_eq!(
            (&worked["ran"], &worked["finished"], &worked["trials"]),
            (&2.into(), &5.into(), &8.into())
        );
        assert!(worked["value"].as_f64().unwrap() > 0.5);
        let tuning = place
            .done(&format!("{tune} --trials 8 --seed 7 --out third{i} --json").replace("--quiet", ""))
            .json();
        let trials = tuning["trials"].as_array().unwrap();
        assert_eq!(trials.len(), 8);
        assert!(trials.iter().all(|t| t["components"]["similarity"].is_number()), "{trials:?}");

        let listed = place.done(&format!("study list --storage {storage}")).out;
        assert!(listed.contains('8'), "{listed}");
        let reaped = place.done(&format!("study reap --storage {storage}")).out;
        assert!(reaped.contains("0 trials"), "{reaped}");
    }
}

#[test]
fn a_worker_with_other_data_or_another_version_is_refused_and_changes_nothing() {
    let place = Place::new();
    place.write("clinic.csv", clinic(120, 1));
    place.write("other.csv", clinic(120, 2));
    let storage = "sqlite:///all.db";
    place.done(&format!("{TUNE} --model gaussian-copula --trials 2 --storage {storage} --out run --quiet"));
    let shown = || place.done(&format!("study show --storage {storage} --json")).out;
    let before = shown();
    let worker = format!("study worker --storage {storage}");
    let set = |key: &str, value: &str| {
        let database = rusqlite::Connection::open(place.path("all.db")).unwrap();
        let sql = "UPDATE study_user_attributes SET value_json = ?2 WHERE key = ?1";
        assert_eq!(database.execute(sql, [format!("paucal: {key}").as_str(), value]).unwrap(), 1);
    };
    let refused = |arguments: &str, code: i32, said: &str| {
        let ended = place.refused(arguments, code);
        assert!(ended.err.contains(said) && ended.err.contains("hint: "), "{arguments}: {}", ended.err);
    };
    refused(&format!("{worker} other.csv"), 2, "another data");
    refused(&format!("{worker} clinic.csv --missing P0001"), 2, "another reading of the table");
    refused(&format!("{worker} clinic.csv --study nobody"), 2, "no study 'nobody'");
    // Who comes too early may wait, in vain.
    refused(&format!("{worker} clinic.csv --study nobody --wait 1"), 2, "no study 'nobody'");
    refused(&format!("{worker} clinic.csv --trials 0"), 2, "--trials");
    refused(&format!("study reap --storage {storage} --grace=-1"), 2, "--grace");
    set("search space", "{\"shrinkage\": \"another\"}");
    refused(&format!("{worker} clinic.csv"), 2, "another search space");
    set("version of the program", "\"0.0.1\"");
    refused(&format!("{worker} clinic.csv"), 2, "another version of the program");
    set("settings", "1");
    refused(&format!("{worker} clinic.csv"), 2, "does not say what its workers");
    assert_eq!(shown(), before);
}

#[test]
fn the_trial_of_a_killed_worker_is_begun_again_by_reap() {
    let place = Place::new();
    place.write("clinic.csv", clinic(240, 1));
    for storage in storages() {
        let tune = format!("{TUNE} --model gaussian-copula --storage {storage} --study s --quiet");
        place.done(&format!("{tune} --trials 2 --out run --overwrite"));
        place.done(&format!("{tune} --trials 30 --timeout 0.000001 --out run --overwrite"));
        let mut killed = place
            .command(&format!("study worker --storage {storage} clinic.csv --workers 1"))
            .spawn()
            .unwrap();
        let states = || {
            let shown = place.done(&format!("study show --storage {storage} --json")).json();
            let trials = shown["trials"].as_array().unwrap().clone();
            trials.iter().map(|t| t["state"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        while !states().contains(&"running".to_owned()) {
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
        killed.kill().unwrap();
        killed.wait().unwrap();
        let left = states().iter().filter(|state| *state == "running").count();
        std::thread::sleep(std::time::Duration::from_millis(1200));
        let reaped = place.done(&format!("study reap --storage {storage} --grace 0 --json")).json();
        assert_eq!(reaped["reaped"].as_array().unwrap().len(), left, "{storage}");
        let states = states();
        assert_eq!(states.iter().filter(|state| *state == "waiting").count(), left);
        assert!(!states.contains(&"running".to_owned()));
    }
}

#[test]
fn no_password_is_kept_or_told() {
    let place = Place::new();
    place.write("clinic.csv", clinic(120, 1));
    let address = "postgresql+psycopg2://ann:sesame@127.0.0.1:1/studies";
    let ended = place.refused(&format!("{TUNE} --model gaussian-copula --storage {address} --out run"), 1);
    assert!(ended.err.contains("cannot reach") && ended.err.contains("ann:***@127.0.0.1:1"), "{}", ended.err);
    for file in std::fs::read_dir(place.path("run")).unwrap() {
        let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
        assert!(!text.contains("sesame"), "{text}");
    }
    assert!(place.read("run/config.toml").contains("ann:***@"));
    let command = place.command("study list").env("PAUCAL_STORAGE", address).output().unwrap();
    let said = String::from_utf8_lossy(&command.stderr);
    assert!(said.contains("cannot reach") && !said.contains("sesame"), "{said}");
}
