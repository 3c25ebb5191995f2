//! What a user reads, word for word: after a wanted change, `cargo insta review` or `INSTA_UPDATE=always`.

use crate::support::{Place, clinic};

/// Standard output of a command that succeeds, with what differs between machines masked.
fn printed(place: &Place, arguments: &str) -> String {
    place.done(arguments).out.replace(&place.path("").display().to_string(), "[here]/")
}

#[test]
fn help() {
    let place = Place::new();
    for (name, command) in [
        ("help", "--help"),
        ("help_demo", "demo -h"),
        ("help_audit", "table audit -h"),
        ("help_fit", "table fit -h"),
        ("help_sample", "table sample -h"),
        ("help_judge", "table judge -h"),
        ("help_prove", "table prove -h"),
        ("help_tune", "table tune -h"),
        ("help_compare", "table compare -h"),
        ("help_worker", "study worker -h"),
        ("help_reap", "study reap -h"),
        ("help_ecg_prepare", "ecg prepare -h"),
        ("help_ecg_judge", "ecg judge -h"),
        ("help_report", "report -h"),
        ("models", "models"),
    ] {
        insta::assert_snapshot!(name, printed(&place, command));
    }
}

#[test]
fn an_audit() {
    let place = Place::new();
    place.write("clinic.csv", clinic(300, 1));
    insta::assert_snapshot!(printed(&place, "table audit clinic.csv --target outcome --group patient"));
}

#[test]
fn a_judgement() {
    let place = Place::new();
    place.write("real.csv", clinic(300, 1));
    place.write("holdout.csv", clinic(150, 2));
    place.write("synthetic.csv", clinic(300, 3));
    let judge = "table judge --real real.csv --holdout holdout.csv --synthetic synthetic.csv --target outcome \
        --group patient";
    insta::assert_snapshot!(printed(&place, judge));
}

#[test]
fn refusals() {
    let place = Place::new();
    place.write("clinic.csv", clinic(60, 1));
    let said: Vec<String> = [
        "table audit absent.csv",
        "table fit clinic.csv --model ctgn --out run",
        "table fit clinic.csv --model ctgan --target outcom --out run",
        "table fit clinic.csv --model ctgan --set ctgan.bacth=5 --out run",
        "table fit clinic.csv --model smote-nc --out run",
        "table prove clinic.csv --target outcome --positive sick --out run",
        "table sample nowhere -n 5 -o rows.csv",
        "report clinic.csv",
    ]
    .iter()
    .map(|arguments| format!("$ paucal {arguments}\n{}", place.run(arguments).err))
    .collect();
    insta::assert_snapshot!(said.join("\n"));
}
