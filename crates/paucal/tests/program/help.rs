//! Help that teaches, and the registry.

use crate::support::Place;

#[test]
fn every_command_explains_itself() {
    let place = Place::new();
    for command in [
        "--help",
        "demo --help",
        "table --help",
        "table audit --help",
        "table fit --help",
        "table sample --help",
        "table judge --help",
        "table prove --help",
        "table tune --help",
        "table compare --help",
        "table space --help",
        "study list --help",
        "study show --help",
        "study export --help",
        "study worker --help",
        "study reap --help",
        "ecg audit --help",
        "ecg prepare --help",
        "ecg train --help",
        "ecg predict --help",
        "ecg prototypes --help",
        "ecg mine --help",
        "ecg discover --help",
        "ecg judge --help",
        "report --help",
        "models --help",
    ] {
        let help = place.done(command).out;
        assert!(help.contains("Usage: paucal"), "{command}: {help}");
    }
    let prove = place.done("table prove --help").out;
    for word in [
        "--target",
        "--positive",
        "--group",
        "--models",
        "--repeats",
        "--resume",
        "--seed",
        "--json",
        "--quiet",
        "--config",
        "--set",
    ] {
        assert!(prove.contains(word), "{word}");
    }
}

#[test]
fn the_registry_lists_every_generator_with_its_paper() {
    let place = Place::new();
    let models = place.done("models --json").json();
    let names: Vec<&str> = models.as_array().unwrap().iter().map(|m| m["name"].as_str().unwrap()).collect();
    for name in ["gaussian-copula", "ctgan", "tvae", "smote-nc", "independent"] {
        assert!(names.contains(&name), "{name} in {names:?}");
    }
    for model in models.as_array().unwrap() {
        assert!(!model["paper"].as_str().unwrap().is_empty(), "{model}");
        assert!(!model["summary"].as_str().unwrap().is_empty(), "{model}");
    }
    assert!(place.done("models ctgan").out.contains("--set ctgan.steps="));
}
