//! Bad input of every kind: one line that says what is wrong, a hint, the right exit code, nothing half-written.

use crate::support::{Place, clinic};

#[test]
fn wrong_requests_are_usage_errors_with_a_hint() {
    let place = Place::new();
    place.write("clinic.csv", clinic(60, 1));
    for (arguments, said) in [
        ("table fit clinic.csv --model ctgn --out run", "did you mean 'ctgan'"),
        ("table fit clinic.csv --model independent --target outcom --out run", "did you mean 'outcome'"),
        ("table fit clinic.csv --model independent --steps 5 --out run", "has no steps"),
        ("table fit clinic.csv --model ctgan --set ctgan.bacth=5 --out run", "batch"),
        ("table fit clinic.csv --model independent --set nothing.at=1 --out run", "there is no setting"),
        ("table prove clinic.csv --target outcome --positive sick --out run", "no level 'sick'"),
        ("table prove clinic.csv --target outcome --positive ill --models gauss --out run", "no generator"),
        ("table audit clinic.csv --threads 0", "at least 1"),
        ("table audit clinic.csv --device abacus", "abacus"),
        ("table audit clinic.csv --set seed=many", "\"many\", expected u64 in `seed`"),
        ("table audit clinic.csv --set prove.trees=-1", "in `prove.trees`"),
        ("table fit clinic.csv --model ctgan --set ctgan.steps=soon --out run", "in `steps`"),
    ] {
        let ended = place.refused(arguments, 2);
        assert!(ended.err.contains(said), "{arguments}: {}", ended.err);
        assert!(ended.err.contains("hint: "), "{arguments}: {}", ended.err);
        assert!(!place.exists("run/manifest.json"), "{arguments}");
    }
    assert_eq!(place.run("table fit clinic.csv").code, 2);
    assert_eq!(place.run("nonsense").code, 2);
}

#[test]
fn bad_files_fail_with_the_reason() {
    let place = Place::new();
    place.write("empty.csv", "");
    place.write("header.csv", "a,b\n");
    place.write("ragged.csv", "a,b\n1,2\n3\n");
    place.write("zeros.csv", vec![0_u8; 200]);
    place.write("broken.parquet", "PAR1 but no more");
    place.write("broken.xlsx", "PK but no more");
    for file in ["absent.csv", "empty.csv", "header.csv", "ragged.csv", "broken.parquet", "broken.xlsx"] {
        let ended = place.refused(&format!("table audit {file}"), 1);
        assert!(ended.err.contains("hint: "), "{file}: {}", ended.err);
        assert_eq!(ended.err.lines().filter(|line| line.starts_with("error: ")).count(), 1, "{file}");
    }
    assert!(!place.run("table audit zeros.csv").err.contains("panicked"));
}

#[test]
fn strange_tables_work_or_say_why_not() {
    let place = Place::new();
    let many: String = (0..6000).map(|i| format!("{},level{},{}\n", i % 97, i % 5000, i % 2)).collect();
    place.write("levels.csv", format!("x,code,y\n{many}"));
    place.write("one.csv", "x,y\n1,a\n");
    let hollow: String =
        (0..80).map(|i| format!("{},,{}\n", i * 7 % 31, if i < 78 { "no" } else { "yes" })).collect();
    place.write("hollow.csv", format!("x,nothing,y\n{hollow}"));
    let latin: Vec<u8> = [b"gr\xf6\xdfe,y\n".to_vec(), b"1.5,ja\n2.5,nein\n".repeat(20)].concat();
    place.write("latin.csv", latin);
    for arguments in [
        "table audit levels.csv --target y",
        "table audit one.csv --target y",
        "table audit hollow.csv --target y",
        "table audit latin.csv --target y",
        "table fit levels.csv --model independent --out levels",
        "table sample levels -n 10 -o levels-out.csv",
        "table fit hollow.csv --model gaussian-copula --target y --out hollow",
        "table sample hollow -n 10 --where y=yes -o hollow-out.csv",
        "table fit latin.csv --model gaussian-copula --target y --out latin",
    ] {
        let ended = place.done(arguments);
        assert!(!ended.err.contains("panicked"), "{arguments}: {}", ended.err);
    }
    let one_row = place.refused("table fit one.csv --model gaussian-copula --out one", 1);
    assert!(one_row.err.contains("hint: "), "{}", one_row.err);
    // Two cases of a class are too few to prove anything with ten folds, but not too few to say so.
    let few = place.run("table prove hollow.csv --target y --positive yes --models independent --repeats 1 --folds 10 --set prove.trees=5 --out few");
    assert!(few.code <= 2 && !few.err.contains("panicked"), "{}", few.err);
    assert!(few.err.contains("2 "), "{}", few.err);
}

#[test]
fn damaged_and_foreign_folders_are_recognised() {
    let place = Place::new();
    place.write("clinic.csv", clinic(60, 1));
    place.done("table fit clinic.csv --model independent --out run");
    let model = place.read("run/model.json");
    place.write("run/model.json", &model[..model.len() / 2]);
    let ended = place.refused("table sample run -n 3 -o out.csv", 1);
    assert!(ended.err.contains("damaged"), "{}", ended.err);
    assert!(!place.exists("out.csv"));

    std::fs::create_dir(place.path("thesis")).unwrap();
    place.write("thesis/chapter.txt", "years of work");
    for flag in ["", "--overwrite", "--resume"] {
        place.refused(&format!("table fit clinic.csv --model independent --out thesis {flag}"), 2);
    }
    assert_eq!(place.read("thesis/chapter.txt"), "years of work");
    place.refused("table sample thesis -n 3 -o out.csv", 2);
    place.refused("report nowhere", 2);
    place.refused("table fit clinic.csv --model independent --out run", 2);
    place.done("table fit clinic.csv --model independent --out run --overwrite");
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_leaves_nothing_half_written() {
    let place = Place::new();
    place.write("clinic.csv", clinic(60, 1));
    place.done("table fit clinic.csv --model independent --out run");
    let ended = place.refused("table sample run -n 3 -o /dev/full/rows.csv", 1);
    assert!(ended.err.contains("cannot"), "{}", ended.err);
}
