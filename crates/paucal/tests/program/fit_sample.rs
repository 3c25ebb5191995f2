//! `paucal table fit` and `paucal table sample`.

use crate::support::{Place, clinic};

#[test]
fn what_is_sampled_looks_like_what_was_read() {
    let place = Place::new();
    place.write("clinic.csv", clinic(200, 1));
    place.done("table fit clinic.csv --model gaussian-copula --target outcome --group patient --out run");
    place.done("table sample run -n 50 -o synthetic.csv");
    let (real, synthetic) = (place.read("clinic.csv"), place.read("synthetic.csv"));
    assert_eq!(real.lines().next(), synthetic.lines().next());
    assert_eq!(synthetic.lines().count(), 51);
    for line in synthetic.lines().skip(1) {
        let cells: Vec<&str> = line.split(',').collect();
        assert!(cells[1].is_empty() || cells[1].split_once('.').is_none_or(|(_, d)| d.len() <= 2), "{line}");
        assert!(cells[2].parse::<i64>().is_ok(), "{line}");
        assert!(["ill", "well"].contains(&cells[5]), "{line}");
    }
    assert!(place.exists("run/report.html") && place.exists("run/model.safetensors"));
}

#[test]
fn conditions_hold_exactly_for_every_generator_that_is_saved() {
    let place = Place::new();
    place.write("clinic.csv", clinic(200, 1));
    for model in ["gaussian-copula", "independent", "ctgan", "tvae"] {
        let steps = if matches!(model, "ctgan" | "tvae") { "--steps 20" } else { "" };
        place.done(&format!(
            "table fit clinic.csv --model {model} --target outcome {steps} --out {model} --quiet"
        ));
        place.done(&format!("table sample {model} -n 37 --where outcome=ill --where ward=attic -o out.csv"));
        let rows = place.read("out.csv");
        assert_eq!(rows.lines().count(), 38, "{model}");
        assert!(rows.lines().skip(1).all(|row| row.ends_with(",attic,ill")), "{model}: {rows}");
    }
}

#[test]
fn the_same_seed_gives_the_same_bytes_on_one_thread_and_two_and_another_seed_does_not() {
    let place = Place::new();
    place.write("clinic.csv", clinic(150, 2));
    for model in ["gaussian-copula", "ctgan"] {
        let steps = if model == "ctgan" { "--steps 30" } else { "" };
        let sampled = |threads: usize, seed: u64| {
            let run = format!("{model}-{threads}-{seed}");
            place.done(&format!(
                "table fit clinic.csv --model {model} --target outcome {steps} --out {run} --seed {seed} --threads {threads}"
            ));
            place.done(&format!("table sample {run} -n 40 -o {run}.csv --seed {seed} --threads {threads}"));
            place.read(&format!("{run}.csv"))
        };
        let on_two_threads = sampled(2, 7);
        assert_eq!(sampled(1, 7), on_two_threads, "{model}");
        assert_ne!(on_two_threads, sampled(2, 8), "{model}");
    }
}

#[test]
fn a_table_without_a_header_is_sampled_without_one() {
    let place = Place::new();
    let headless: String = clinic(120, 3).lines().skip(1).map(|line| format!("{line}\n")).collect();
    place.write("clinic.csv", headless);
    place.done("table fit clinic.csv --model independent --header none --target c5 --out run");
    place.done("table sample run -n 5 --where c5=ill -o out.csv");
    let out = place.read("out.csv");
    assert_eq!(out.lines().count(), 5);
    assert!(out.lines().all(|line| line.ends_with(",ill")), "{out}");
}

#[test]
fn rows_can_go_to_standard_output_and_to_parquet() {
    let place = Place::new();
    place.write("clinic.csv", clinic(80, 3));
    place.done("table fit clinic.csv --model independent --out run");
    assert_eq!(place.done("table sample run -n 3 -o -").out.lines().count(), 4);
    place.done("table sample run -n 3 -o rows.parquet");
    place.done("table audit rows.parquet");
}

#[test]
fn a_model_holds_no_row_of_the_table() {
    let place = Place::new();
    let table = clinic(200, 4);
    place.write("clinic.csv", &table);
    for model in ["gaussian-copula", "ctgan"] {
        let steps = if model == "ctgan" { "--steps 20" } else { "" };
        place.done(&format!("table fit clinic.csv --model {model} --target outcome {steps} --out {model}"));
        let saved = place.read(&format!("{model}/model.json"));
        for line in table.lines().skip(1) {
            let patient = line.split(',').next().unwrap();
            assert!(!saved.contains(patient), "{patient} in {model}/model.json");
        }
    }
    // SMOTE-NC is made of rows, says so instead of saving them, and does what it is told.
    let smote = "table fit clinic.csv --model smote-nc --target outcome --out smote";
    let refused = place.refused(smote, 2);
    assert!(refused.err.contains("keep_rows"), "{}", refused.err);
    assert!(!place.exists("smote"));
    place.done(&format!("{smote} --set smote-nc.keep_rows=true"));
    let drawn = place.done("table sample smote -n 9 --where outcome=ill -o -").out;
    assert_eq!(drawn.lines().filter(|line| line.ends_with(",ill")).count(), 9, "{drawn}");
}

#[cfg(unix)]
#[test]
fn an_interrupted_fit_continues_to_the_very_same_model() {
    use std::time::{Duration, Instant};
    let place = Place::new();
    place.write("clinic.csv", clinic(200, 5));
    let fit = "table fit clinic.csv --model ctgan --target outcome --steps 600";
    place.done(&format!("{fit} --out straight"));
    let mut child = place.command(&format!("{fit} --out stopped")).spawn().expect("the program starts");
    let begun = Instant::now();
    while !place.exists("stopped/events.jsonl") && begun.elapsed() < Duration::from_secs(60) {
        std::thread::sleep(Duration::from_millis(5));
    }
    std::thread::sleep(Duration::from_millis(500));
    // The hardest stop there is.
    child.kill().expect("it can be stopped");
    let killed = !child.wait().expect("it ended").success();
    if killed {
        let refused = place.refused("table sample stopped -n 3 -o never.csv", 1);
        assert!(refused.err.contains("cut short") && refused.err.contains("--resume"), "{}", refused.err);
        assert!(!place.exists("never.csv"));
        place.refused(&format!("{fit} --out stopped"), 2);
        place.done(&format!("{fit} --out stopped --resume"));
    }
    let bytes = |run: &str| std::fs::read(place.path(&format!("{run}/model.safetensors"))).expect("a model");
    assert_eq!(bytes("straight"), bytes("stopped"));
}
