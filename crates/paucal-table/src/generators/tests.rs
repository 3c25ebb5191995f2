//! What every generator must keep.

use paucal_core::run::{Existing, LAYOUT, Manifest, RunFolder};
use paucal_core::{Advice, Seed, Silent};
use paucal_data::{Kind, MISSING, Table, Values};

use super::METHODS;
use crate::artefact::{ModelFacts, load_model, save_model};
use crate::condition::Condition;
use crate::error::TableError;
use crate::generator::{FitContext, FittedGenerator, method};
use crate::testing::{condition, dirty, fit, levels, numeric, quick, table};

fn each_fitted(train: &Table) -> Vec<Box<dyn FittedGenerator>> {
    METHODS.iter().map(|method| fit(method.name, quick(method), train)).collect()
}

/// Comparable form: NaN breaks `==`.
fn text(table: &Table) -> String {
    table.columns().map(|column| format!("{:?}", column.values)).collect()
}

#[test]
fn the_registry_describes_the_parameters_as_they_are() {
    for method in METHODS {
        let mut defaults = toml::Table::new();
        for parameter in method.parameters {
            let line: toml::Table = format!("{} = {}", parameter.name, parameter.default).parse().unwrap();
            defaults.extend(line);
        }
        assert!(method.generator(&defaults).is_ok(), "{}", method.name);
        let generator = method.generator(&toml::Table::new()).unwrap();
        assert_eq!(generator.name(), method.name);
        let unknown = "neighbuors = 3\nmarginal = 1".parse().unwrap();
        assert!(
            matches!(method.generator(&unknown), Err(TableError::UnknownParameter { .. })),
            "{}",
            method.name
        );
    }
    let error = method("smote-nc").unwrap().generator(&"neighbuors = 3".parse().unwrap()).err().unwrap();
    assert_eq!(error.hint().as_deref(), Some("did you mean 'neighbours'?"));
    let error = method("smote-nc").unwrap().generator(&"neighbours = 0".parse().unwrap()).err().unwrap();
    assert!(error.to_string().contains("at least 1"), "{error}");
    let error =
        method("gaussian-copula").unwrap().generator(&"missing = \"no\"".parse().unwrap()).err().unwrap();
    assert!(error.to_string().contains("joint"), "{error}");
}

#[test]
fn every_level_of_every_discrete_column_comes_in_the_exact_number() {
    let train = dirty(600);
    for fitted in each_fitted(&train) {
        for column in train.columns().filter(|column| column.spec.kind.is_discrete()) {
            let mut codes = column.codes().unwrap().to_vec();
            codes.sort_unstable();
            codes.dedup();
            for code in codes {
                let level = column.spec.kind.levels().unwrap().get(code as usize).map_or("", |level| level);
                let drawn = fitted.sample(37, &condition(&column.spec.name, level), Seed(4)).unwrap();
                let got = drawn.column(&column.spec.name).unwrap().codes().unwrap();
                assert_eq!(got, [code; 37], "{} {}={level}", fitted.name(), column.spec.name);
            }
        }
    }
}

#[test]
fn tables_are_like_the_training_table() {
    let train = dirty(600);
    for fitted in each_fitted(&train) {
        let drawn = fitted.sample(1000, &[], Seed(4)).unwrap();
        assert_eq!(drawn.rows(), 1000);
        assert_eq!(drawn.schema(), train.schema());
        for (real, fake) in train.columns().zip(drawn.columns()) {
            let name = &real.spec.name;
            if let (Some(real), Some(fake)) = (real.numbers(), fake.numbers()) {
                let range =
                    |v: &[f64]| v.iter().fold((f64::MAX, f64::MIN), |(l, h), &x| (l.min(x), h.max(x)));
                let ((low, high), (from, to)) = (range(real), range(fake));
                assert!(name == "empty" || (low <= from && to <= high), "{} {name}", fitted.name());
                assert!(name != "dose" || fake.iter().all(|&x| x == 2.5));
                assert!(name != "empty" || fake.iter().all(|x| x.is_nan()));
                let on_grid = |x: &f64| match real_grid(name) {
                    Some(unit) => x.is_nan() || (x / unit - (x / unit).round()).abs() < 1e-6,
                    None => true,
                };
                assert!(fake.iter().all(on_grid), "{} {name}", fitted.name());
            }
        }
        assert_eq!(drawn.column("note").unwrap().values.missing(), 1000);
        assert_eq!(drawn.column("unit").unwrap().codes().unwrap(), [0; 1000]);
        assert_eq!(fitted.sample(0, &[], Seed(4)).unwrap().rows(), 0);
        assert_eq!(fitted.sample(0, &condition("sick", "yes"), Seed(4)).unwrap().schema(), train.schema());
    }
}

fn real_grid(column: &str) -> Option<f64> {
    match column {
        "age" => Some(1.0),
        "lab" => Some(0.01),
        "spike" | "dose" => Some(0.1),
        "seen" => Some(86_400.0),
        _ => None,
    }
}

#[test]
fn same_seed_same_table_with_any_number_of_threads() {
    let train = dirty(900);
    for method in METHODS {
        let draw = |threads: usize, seed: u64| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| {
                let given = [Condition::new("sick", "yes"), Condition::new("grade", "g2")];
                let fitted = fit(method.name, quick(method), &train);
                let free = fitted.sample(1500, &[], Seed(seed)).unwrap();
                text(&free) + &text(&fitted.sample(700, &given, Seed(seed)).unwrap())
            })
        };
        let one = draw(1, 9);
        assert!(one == draw(2, 9), "{} depends on threads", method.name);
        assert!(one != draw(1, 10), "{} ignores its seed", method.name);
    }
}

fn run_folder(path: &std::path::Path) -> RunFolder {
    let run = RunFolder::create(path, Existing::Refuse).unwrap();
    let manifest = Manifest {
        layout: LAYOUT,
        command: "table fit".into(),
        version: "0".into(),
        inputs: vec![],
        seed: 1,
        device: "cpu".into(),
        wall_seconds: 0.0,
        peak_memory_bytes: None,
    };
    run.finish(&manifest).unwrap();
    run
}

fn facts() -> ModelFacts {
    ModelFacts {
        parameters: "missing = \"joint\"".parse().unwrap(),
        seed: Seed(1),
        training_rows: 600,
        input_sha256: Some("ab".into()),
    }
}

#[test]
fn a_saved_model_draws_the_same_and_holds_no_row() {
    let train = dirty(600);
    for name in ["independent", "gaussian-copula", "arf", "cart", "forest-flow"] {
        let parent = tempfile::tempdir().unwrap();
        let run = run_folder(&parent.path().join("run"));
        let fitted = fit(name, quick(method(name).unwrap()), &train);
        save_model(&run, &*fitted, &facts()).unwrap();
        let loaded = load_model(&run).unwrap();
        assert_eq!((loaded.method, &loaded.facts), (name, &facts()));
        let given = condition("sick", "yes");
        for given in [&given[..], &[]] {
            let (a, b) = (fitted.sample(400, given, Seed(8)), loaded.model.sample(400, given, Seed(8)));
            assert_eq!(text(&a.unwrap()), text(&b.unwrap()));
        }
        // No two values of a row stand side by side, and no id stands anywhere.
        let saved = std::fs::read_to_string(run.file("model.json")).unwrap();
        let squeezed: String = saved.split_whitespace().collect();
        let (age, lab) = (train.column("age").unwrap(), train.column("lab").unwrap());
        for row in 0..600 {
            assert!(!saved.contains(&format!("P{:04}", row + 1)), "{name} holds an id");
            let (age, lab) = (age.numbers().unwrap()[row], lab.numbers().unwrap()[row]);
            assert!(!squeezed.contains(&format!("{age:?},{lab:?}")), "{name} holds a row");
        }
        // A third of the labs at most can be read off the knots.
        let labs = lab.numbers().unwrap();
        let readable = labs.iter().filter(|x| squeezed.contains(&format!("{x:?},"))).count();
        assert!(readable < 200, "{name}: {readable}");
    }
}

#[test]
fn smote_refuses_to_be_saved_and_says_why() {
    let error = fit("smote-nc", "", &dirty(60)).save().unwrap_err();
    assert!(error.to_string().contains("training rows") && error.hint().unwrap().contains("keep_rows"));
}

#[test]
fn smote_that_may_keep_its_rows_draws_the_same_after_loading() {
    let parent = tempfile::tempdir().unwrap();
    let run = run_folder(&parent.path().join("run"));
    let fitted = fit("smote-nc", "keep_rows = true", &dirty(200));
    save_model(&run, &*fitted, &facts()).unwrap();
    let loaded = load_model(&run).unwrap().model;
    for given in [condition("sick", "yes"), vec![]] {
        let draw = |model: &dyn FittedGenerator| text(&model.sample(100, &given, Seed(8)).unwrap());
        assert_eq!(draw(&*fitted), draw(&*loaded));
    }
    // Ids are not learnt, so they stay at home even here.
    assert!(!std::fs::read_to_string(run.file("model.json")).unwrap().contains("P0042"));
}

#[test]
fn damaged_models_are_refused_with_the_file_named() {
    let parent = tempfile::tempdir().unwrap();
    let run = run_folder(&parent.path().join("run"));
    save_model(&run, &*fit("gaussian-copula", "", &dirty(300)), &facts()).unwrap();
    let json = std::fs::read_to_string(run.file("model.json")).unwrap();
    let tensors = std::fs::read(run.file("model.safetensors")).unwrap();
    let refused = |json: &str, tensors: &[u8]| {
        run.write("model.json", json.as_bytes()).unwrap();
        run.write("model.safetensors", tensors).unwrap();
        load_model(&run).err().unwrap().to_string()
    };
    assert!(refused(&json[..json.len() / 2], &tensors).contains("model.json"));
    assert!(refused(&json, &tensors[..tensors.len() / 2]).contains("model.safetensors is damaged"));
    assert!(refused(&json.replacen("\"format\": 1", "\"format\": 9", 1), &tensors).contains("format 9"));
    assert!(
        refused(&json.replacen("gaussian-copula", "gausian-copula", 1), &tensors).contains("no generator")
    );
    assert!(refused(&json.replacen("\"latents\"", "\"latent\"", 1), &tensors).contains("latents"));
    assert!(
        refused(&json.replacen("\"kind\": \"integer\"", "\"kind\": \"id\"", 1), &tensors).contains("treated")
    );
    std::fs::remove_file(run.file("model.safetensors")).unwrap();
    assert!(load_model(&run).err().unwrap().to_string().contains("model.safetensors"));
}

#[test]
fn wrong_conditions_are_refused_by_every_generator() {
    let train = dirty(600);
    for fitted in each_fitted(&train) {
        let refused = |column: &str, level: &str| {
            let error = fitted.sample(5, &condition(column, level), Seed(0)).unwrap_err();
            assert!(error.hint().is_some());
            error.to_string()
        };
        assert!(refused("sik", "yes").contains("no column 'sik'"));
        assert!(refused("sick", "maybe").contains("no level 'maybe'"));
        assert!(refused("age", "70").contains("integer"));
        assert!(refused("patient", "P0001").contains("id"));
        assert!(refused("grade", "g4").contains("no training row"));
        assert!(refused("sick", "").contains("no training row"));
        let both = [Condition::new("sick", "yes"), Condition::new("sick", "no")];
        assert!(matches!(fitted.sample(5, &both, Seed(0)), Err(TableError::Contradiction { .. })));
    }
}

#[test]
fn small_and_lopsided_tables_work() {
    let numbers = |v: &[f64]| Values::Number(v.to_vec());
    let nan = f64::NAN;
    let tables = [
        table(vec![("x", numeric(1), numbers(&[1.0, 2.0]))]),
        table(vec![("x", numeric(1), numbers(&[1.0, 1.0]))]),
        table(vec![("x", numeric(1), numbers(&[1.0, nan, nan]))]),
        table(vec![("x", numeric(1), numbers(&[nan, nan])), ("c", levels("c", 2), Values::Code(vec![0, 1]))]),
        table(vec![("c", levels("c", 3), Values::Code(vec![2, 2, MISSING]))]),
        table(vec![
            ("x", Kind::Integer, numbers(&[3.0, nan, 5.0, 5.0])),
            ("y", numeric(2), numbers(&[nan, 0.5, nan, nan])),
        ]),
        table(vec![("t", Kind::Text, Values::Text(vec![None, Some("a".into())]))]),
        dirty(2),
        dirty(5),
    ];
    for (train, method) in tables.iter().flat_map(|train| METHODS.iter().map(move |method| (train, method))) {
        let generator = method.generator(&quick(method).parse().unwrap()).unwrap();
        match generator.fit(train, &FitContext::new(Seed(1), &Silent::new())) {
            Ok(fitted) => {
                let drawn = fitted.sample(50, &[], Seed(3)).unwrap();
                assert_eq!((drawn.rows(), drawn.schema()), (50, train.schema()));
            }
            // Only networks refuse, and only tables in which nothing varies.
            Err(error) => {
                assert!(matches!(error, TableError::NothingToLearn) && !quick(method).is_empty(), "{error}");
            }
        }
    }
    for method in METHODS {
        let generator = method.generator(&quick(method).parse().unwrap()).unwrap();
        for rows in [0, 1] {
            let few = dirty(rows);
            let error = generator.fit(&few, &FitContext::new(Seed(1), &Silent::new())).err().unwrap();
            assert!(matches!(error, TableError::TooFewRows { found, needed: 2 } if found == rows));
        }
    }
}

#[test]
fn many_levels_fit() {
    let rows = 20_000_u32;
    let train = table(vec![
        ("code", levels("c", 5000), Values::Code((0..rows).map(|row| row % 5000).collect())),
        ("x", numeric(1), Values::Number((0..rows).map(|row| f64::from(row % 97)).collect())),
    ]);
    for name in ["independent", "gaussian-copula", "arf", "cart", "forest-flow"] {
        let drawn = fit(name, quick(method(name).unwrap()), &train)
            .sample(100, &condition("code", "c4321"), Seed(1))
            .unwrap();
        assert_eq!(drawn.at(0).codes().unwrap(), [4321; 100]);
    }
}
