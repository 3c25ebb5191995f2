//! `paucal demo`.

use crate::support::Place;

#[test]
fn the_demo_tells_the_whole_story() {
    let place = Place::new();
    let fast = "--set ctgan.steps=50 --set tvae.steps=50 --set judge.trees=20 --set judge.resamples=50 \
        --set prove.trees=10 --set prove.shares=[1.0] --set prove.verdict.bootstrap.replicates=100";
    let printed = place.done(&format!("demo {fast}")).out;
    assert!(printed.contains("real held-out patients"), "{printed}");
    assert!(printed.contains("runs/demo/report.html"), "{printed}");
    let result = place.json("runs/demo/result.json");
    assert_eq!(result["judgements"].as_array().unwrap().len(), 7);
    let report = place.read("runs/demo/report.html");
    for words in [
        "What was asked",
        "Data and audit",
        "Fidelity",
        "Utility",
        "Privacy",
        "Evidence",
        "Limits",
        "Methods",
        "How to reproduce",
        "CC BY 4.0",
    ] {
        assert!(report.contains(words), "{words}");
    }
    // A second demo takes the place of the first.
    assert!(place.exists("runs/demo/manifest.json"));
}
