//! `paucal table compare`.

use crate::support::{Place, clinic};

const FAST: &str = "--set judge.trees=10 --set tune.trees=10 --set tune.fresh_seeds=2 --set compare.resamples=200 \
    --set compare.seeds=2 --models independent,gaussian-copula,arf";

/// What may differ between two runs of one comparison.
fn without_times(mut result: serde_json::Value) -> serde_json::Value {
    for row in result["rows"].as_array_mut().unwrap() {
        for key in ["seconds", "search_seconds", "fit_seconds", "peak_memory_bytes"] {
            row[key] = 0.into();
        }
    }
    for detail in result["details"].as_array_mut().unwrap() {
        for trial in detail["trials"].as_array_mut().unwrap() {
            trial["seconds"] = 0.into();
        }
        if let Some(budget) = detail["course"]["budget"].as_array_mut() {
            budget.iter_mut().for_each(|point| point["seconds"] = 0.into());
        }
    }
    result
}

#[test]
fn two_tables_are_ranked_with_intervals_and_a_stopped_comparison_goes_on() {
    let place = Place::new();
    place.write("first.csv", clinic(240, 1));
    place.write("second.csv", clinic(200, 2).replace("outcome", "diagnosis"));
    let compare = format!(
        "table compare first.csv second.csv --target outcome diagnosis --group patient --trials 4 {FAST}"
    );
    let ended = place.done(&format!("{compare} --out compared --json"));
    let result = ended.json();
    assert_eq!(result["schema"], "paucal.compare/1");
    let rows = result["rows"].as_array().unwrap();
    assert_eq!(rows.len(), 6);
    for row in rows {
        let score = row["objective"]["score"].as_f64().unwrap();
        let interval = &row["objective"]["score_interval"];
        let (low, high) = (interval["low"].as_f64().unwrap(), interval["high"].as_f64().unwrap());
        assert!(0.0 < low && low <= high && high <= 1.0, "{row}");
        assert!(low - 0.1 < score && score < high + 0.1, "the interval is not about the score: {row}");
        assert_eq!(row["tuned"], row["model"] != "independent", "{row}");
        for path in
            ["/utility/tstr/macro_f1", "/privacy/membership_auc", "/privacy/dcr_closer_to_train", "/seconds"]
        {
            assert!(row.pointer(path).is_some_and(serde_json::Value::is_number), "{path}: {row}");
        }
    }
    let ranking = result["ranking"].as_array().unwrap();
    assert_eq!(ranking.len(), 3);
    assert_eq!(ranking[2]["model"], "independent", "the floor is the floor: {ranking:?}");
    let first: f64 = ranking.iter().map(|rank| rank["first_share"].as_f64().unwrap()).sum();
    assert!((first - 1.0).abs() < 1e-9, "somebody is first in each replicate: {first}");
    assert_eq!(result["differences"].as_array().unwrap().len(), 6);

    let report = place.read("compared/report.html");
    for words in [
        "When does which generator excel?",
        "Appendix 2: how the search works",
        "earth mover",
        "Is the best really better?",
    ] {
        assert!(report.contains(words), "the report lacks '{words}'");
    }

    // As a kill leaves it after the second entry: no result, and four entries fewer.
    place.done(&format!("{compare} --out stopped --threads 1 --quiet"));
    for file in ["manifest.json", "result.json", "report.html"] {
        std::fs::remove_file(place.path(&format!("stopped/{file}"))).unwrap();
    }
    let kept: Vec<_> = std::fs::read_dir(place.path("stopped/checkpoint")).unwrap().flatten().collect();
    assert_eq!(kept.len(), 6);
    kept[..4].iter().for_each(|entry| std::fs::remove_file(entry.path()).unwrap());
    place.done(&format!("{compare} --out stopped --quiet --resume"));
    assert_eq!(without_times(place.json("stopped/result.json")), without_times(result));
}

#[test]
fn an_entry_that_fails_says_why_and_the_others_are_compared() {
    let place = Place::new();
    place.write("clinic.csv", clinic(200, 1));
    let compare = "table compare clinic.csv --target outcome --group patient --trials 0";
    // A temperature of a GAN that no number survives.
    let ended = place.done(&format!(
        "{compare} --out run --json --set judge.trees=10 --set compare.resamples=100 --models independent,ctgan \
         --set ctgan.generator_rate=1e30 --set ctgan.steps=3"
    ));
    let result = ended.json();
    let rows = result["rows"].as_array().unwrap();
    assert!(rows[0]["failed"].is_null() && rows[0]["objective"]["score"].is_number());
    assert!(
        rows[1]["failed"].is_string() && rows[1].get("objective").is_none_or(serde_json::Value::is_null),
        "{}",
        rows[1]
    );
    assert_eq!(result["ranking"][1]["failures"], 1);
    assert!(place.read("run/report.html").contains("failed on"));
}

#[test]
fn options_that_do_not_fit_the_tables_are_refused_with_a_hint() {
    let place = Place::new();
    for name in ["a.csv", "b.csv", "c.csv"] {
        place.write(name, clinic(60, 1));
    }
    for (arguments, said) in [
        ("a.csv b.csv c.csv --target outcome ward --out run", "--target was given 2 times for 3 tables"),
        ("a.csv b.csv --target outcome --schema s.toml --out run", "--schema describes one table"),
        ("a.csv --target outcome --models arff --out run", "did you mean 'arf'"),
    ] {
        let ended = place.refused(&format!("table compare {arguments}"), 2);
        assert!(ended.err.contains(said) && ended.err.contains("hint: "), "{arguments}: {}", ended.err);
        assert!(!place.exists("run"));
    }
}
