//! `paucal table judge`.

use crate::support::{Place, clinic};

#[test]
fn a_judgement_has_every_number_and_the_ruler_beside_it() {
    let place = Place::new();
    place.write("real.csv", clinic(300, 1));
    place.write("holdout.csv", clinic(150, 2));
    place.write("synthetic.csv", clinic(300, 3));
    let fast = "--set judge.trees=20 --set judge.resamples=50";
    place.done(&format!(
        "table judge --real real.csv --synthetic synthetic.csv --holdout holdout.csv --target outcome --out judged {fast}"
    ));
    let result = place.json("judged/result.json");
    for side in ["", "/holdout"] {
        for number in [
            "objective/similarity",
            "objective/accuracy",
            "objective/score",
            "fidelity/univariate",
            "fidelity/bivariate",
            "fidelity/c2st",
            "utility/trtr/balanced_accuracy",
            "utility/tstr/macro_f1",
            "utility/trts/auprc",
            "utility/tstr/minority_recall",
            "privacy/dcr_closer_to_train",
            "privacy/exact_copies",
            "privacy/membership_auc",
        ] {
            let pointer = format!("{side}/{number}");
            assert!(result.pointer(&pointer).is_some_and(serde_json::Value::is_number), "{pointer}");
        }
    }
    let report = place.read("judged/report.html");
    for words in ["Fidelity", "Utility", "Privacy", "Real held-out", "Limits", "How to reproduce"] {
        assert!(report.contains(words), "{words}");
    }
    assert!(place.exists("judged/tables/fidelity-scores.csv"));
    // The report can be made again from the result alone.
    std::fs::remove_file(place.path("judged/report.html")).unwrap();
    place.done("report judged");
    assert_eq!(place.read("judged/report.html"), report);
}

#[test]
fn legacy_forms_of_the_objective_go_by_name() {
    let place = Place::new();
    place.write("real.csv", clinic(120, 1));
    place.write("synthetic.csv", clinic(120, 3));
    let judge = "table judge --real real.csv --synthetic synthetic.csv --target outcome --json --quiet --set judge.trees=5";
    let legacy = place.done(&format!("{judge} --objective a")).json();
    assert_eq!(legacy["objective"]["form"], "legacy_a");
    assert_eq!(legacy["objective"]["score"], legacy["objective"]["forms"]["legacy_a"]["score"]);
    assert!(legacy["privacy"]["membership_auc"]["undefined"].is_object(), "no hold-out, no number");
    let refused = place.refused(&format!("{judge} --objective d"), 2);
    assert!(refused.err.contains("legacy_a"), "{}", refused.err);
}
