//! `paucal table prove`.

use crate::support::{Place, clinic};

const FAST: &str = "--models gaussian-copula --repeats 2 --folds 2 --set prove.trees=10 --set prove.shares=[0.5,1.0] \
    --set prove.verdict.bootstrap.replicates=100";

#[test]
fn a_proof_ends_with_a_verdict_for_every_arm() {
    let place = Place::new();
    place.write("clinic.csv", clinic(240, 1));
    let proof = place
        .done(&format!(
            "table prove clinic.csv --target outcome --positive ill --group patient --out proof --json {FAST}"
        ))
        .json();
    assert_eq!(proof["schema"], "paucal.prove/1");
    assert_eq!(proof["group"], "patient");
    let arms: Vec<&str> =
        proof["verdict"]["arms"].as_array().unwrap().iter().map(|a| a["arm"].as_str().unwrap()).collect();
    assert_eq!(
        arms,
        ["none", "class-weights", "threshold-moving", "oversampling", "smote-nc", "gaussian-copula"]
    );
    for arm in proof["verdict"]["arms"].as_array().unwrap() {
        assert_ne!(arm["outcome"], "failed", "{arm}");
        if arm["arm"] != "none" {
            assert!(!arm["sentences"].as_array().unwrap().is_empty(), "{arm}");
        }
    }
    let report = place.read("proof/report.html");
    assert!(report.contains("Evidence") && report.contains("AUPRC"), "the report lacks its evidence");
}

#[test]
fn a_stopped_proof_continues_to_the_same_result() {
    let place = Place::new();
    place.write("clinic.csv", clinic(240, 1));
    let prove = format!("table prove clinic.csv --target outcome --positive ill --quiet {FAST}");
    place.done(&format!("{prove} --out straight"));
    place.done(&format!("{prove} --out stopped"));
    // As a kill leaves it: no result, and the last line of the finished cells torn.
    for file in ["manifest.json", "result.json", "report.html"] {
        std::fs::remove_file(place.path(&format!("stopped/{file}"))).unwrap();
    }
    let cells = place.read("stopped/checkpoint/cells.jsonl");
    place.write("stopped/checkpoint/cells.jsonl", &cells[..cells.len() * 2 / 3]);
    place.done(&format!("{prove} --out stopped --resume"));
    let result = |run: &str| {
        let mut proof = place.json(&format!("{run}/result.json"));
        for arm in proof["verdict"]["arms"].as_array_mut().unwrap() {
            arm["seconds"] = 0.into();
        }
        proof
    };
    assert_eq!(result("straight"), result("stopped"));
    // Other settings are another experiment.
    let refused = place.refused(&format!("{prove} --seed 9 --out stopped --resume"), 2);
    assert!(refused.err.contains("something else"), "{}", refused.err);
}
