//! Tables for tests.

use paucal_core::{Seed, Silent};
use paucal_data::{ColumnSpec, Kind, MISSING, Schema, Table, Values};

use crate::condition::Condition;
use crate::generator::{FitContext, FittedGenerator, Method, method};

/// Settings under which a method learns in no time: networks take a few steps, which is enough for every promise but
/// quality; so are a few small trees.
pub fn quick(method: &Method) -> &'static str {
    let has = |name: &str| method.parameters.iter().any(|parameter| parameter.name == name);
    match (has("steps"), has("noise_levels")) {
        (true, _) => "steps = 5",
        (_, true) => "noise_levels = 4\nreplications = 5\nrounds = 4",
        _ => "",
    }
}

/// Fits a method with settings written as TOML.
pub fn fit(name: &str, settings: &str, train: &Table) -> Box<dyn FittedGenerator> {
    let generator = method(name).unwrap().generator(&settings.parse().unwrap()).unwrap();
    generator.fit(train, &FitContext::new(Seed(1), &Silent::new())).unwrap()
}

/// One condition.
pub fn condition(column: &str, level: &str) -> Vec<Condition> {
    vec![Condition::new(column, level)]
}

/// A table from names, kinds and values.
pub fn table(columns: Vec<(&str, Kind, Values)>) -> Table {
    let (specs, values) = columns
        .into_iter()
        .map(|(name, kind, values)| (ColumnSpec { name: name.into(), kind }, values))
        .unzip();
    Table::new(Schema::new(specs), values).unwrap()
}

/// A categorical kind with levels `a0`, `a1`, …
pub fn levels(prefix: &str, count: usize) -> Kind {
    Kind::Categorical { levels: (0..count).map(|i| format!("{prefix}{i}")).collect() }
}

/// A numeric kind.
pub fn numeric(decimals: u32) -> Kind {
    Kind::Numeric { decimals: Some(decimals) }
}

/// A table with everything that clinical tables hold: ids, text, dates, constants, empty columns, two modes, a
/// spike at zero, missing values that tell of the diagnosis, a level with two cases, many levels.
pub fn dirty(rows: usize) -> Table {
    let mut s = Seed(77).stream("dirty", 0);
    let sick: Vec<bool> = (0..rows).map(|_| s.uniform() < 0.2).collect();
    let pick = |sick: bool, yes: f64, no: f64| if sick { yes } else { no };
    let age: Vec<f64> =
        sick.iter().map(|&k| (pick(k, 70.0, 50.0) + 10.0 * s.normal()).round().clamp(18.0, 99.0)).collect();
    let lab: Vec<f64> = sick
        .iter()
        .map(|&k| {
            let value = ((pick(k, 1.5, 0.5) + 0.4 * s.normal()).exp() * 100.0).round() / 100.0;
            if s.uniform() < pick(k, 0.05, 0.4) { f64::NAN } else { value }
        })
        .collect();
    let spike: Vec<f64> = (0..rows)
        .map(|_| if s.uniform() < 0.6 { 0.0 } else { (s.uniform() * 1000.0).round() / 10.0 })
        .collect();
    let dates: Vec<f64> = (0..rows).map(|_| 86_400.0 * (19_000.0 + (s.uniform() * 700.0).round())).collect();
    let grade: Vec<u32> = (0..rows)
        .map(|row| match (row % 300, sick[row]) {
            (7, _) if row < 600 => 3,
            (_, true) => 2 - u32::from(s.uniform() < 0.3),
            (_, false) => u32::from(s.uniform() < 0.3),
        })
        .collect();
    let sex: Vec<u32> =
        (0..rows).map(|_| if s.uniform() < 0.1 { MISSING } else { s.index(2) as u32 }).collect();
    let site: Vec<u32> = (0..rows).map(|_| s.index(12) as u32).collect();
    let ids = (0..rows).map(|row| Some(format!("P{:04}", row + 1))).collect();
    let yes_no = Kind::Boolean { levels: ["no".into(), "yes".into()] };
    let mut all = table(vec![
        ("patient", Kind::Id, Values::Text(ids)),
        ("age", Kind::Integer, Values::Number(age)),
        ("lab", numeric(2), Values::Number(lab)),
        ("spike", numeric(1), Values::Number(spike)),
        ("seen", Kind::Datetime { format: "%Y-%m-%d".into() }, Values::Number(dates)),
        ("sex", Kind::Boolean { levels: ["F".into(), "M".into()] }, Values::Code(sex)),
        ("grade", levels("g", 5), Values::Code(grade)),
        ("site", levels("s", 12), Values::Code(site)),
        ("unit", levels("u", 1), Values::Code(vec![0; rows])),
        ("dose", numeric(1), Values::Number(vec![2.5; rows])),
        ("empty", Kind::Integer, Values::Number(vec![f64::NAN; rows])),
        ("note", Kind::Text, Values::Text(vec![Some("as before".into()); rows])),
        ("sick", yes_no, Values::Code(sick.iter().map(|&k| u32::from(k)).collect())),
    ]);
    all.set_roles(Some("sick"), Some("yes"), Some("patient")).unwrap();
    all
}

/// `x` is 10, 20, 30 or 40 by the levels of `a` and `b`, with noise; `a1` is rare.
pub fn crossed(rows: usize) -> Table {
    let mut stream = Seed(5).stream("crossed", 0);
    let a: Vec<u32> = (0..rows).map(|_| u32::from(stream.uniform() < 0.1)).collect();
    let b: Vec<u32> = (0..rows).map(|_| u32::from(stream.uniform() < 0.5)).collect();
    let x = a.iter().zip(&b).map(|(&a, &b)| 10.0 + 20.0 * f64::from(a) + 10.0 * f64::from(b));
    let x = x.map(|mean| mean + stream.normal()).collect();
    table(vec![
        ("a", levels("a", 2), Values::Code(a)),
        ("b", levels("b", 2), Values::Code(b)),
        ("x", numeric(2), Values::Number(x)),
    ])
}

/// Checks on a model of [`crossed`] that conditions on two columns hold together: the median of `x` is that of their
/// combination, within a tolerance.
pub fn check_crossed_conditions(model: &dyn FittedGenerator, tolerance: f64) {
    for (a, b) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
        let given = [Condition::new("a", format!("a{a}")), Condition::new("b", format!("b{b}"))];
        let drawn = model.sample(500, &given, Seed(3)).unwrap();
        assert_eq!(drawn.at(0).codes().unwrap(), [a; 500]);
        assert_eq!(drawn.at(1).codes().unwrap(), [b; 500]);
        let mut x = drawn.at(2).numbers().unwrap().to_vec();
        x.sort_by(f64::total_cmp);
        let want = 10.0 + 20.0 * f64::from(a) + 10.0 * f64::from(b);
        let name = model.name();
        assert!((x[250] - want).abs() < tolerance, "{name} a{a} b{b}: median {} not {want}", x[250]);
    }
}

/// Checks that rows drawn without conditions from a model of [`crossed`] have the rare level as often as `train`.
pub fn check_rare_share(model: &dyn FittedGenerator, train: &Table) {
    let share = |table: &Table| {
        let codes = table.at(0).codes().unwrap();
        codes.iter().filter(|&&code| code == 1).count() as f64 / codes.len() as f64
    };
    let (got, want) = (share(&model.sample(4000, &[], Seed(3)).unwrap()), share(train));
    assert!((got - want).abs() < 0.03, "{}: {got} {want}", model.name());
}

/// Pearson correlation of the rows in which both are numbers.
pub fn correlation(a: &[f64], b: &[f64]) -> f64 {
    let pairs: Vec<(f64, f64)> =
        a.iter().zip(b).filter(|(a, b)| !a.is_nan() && !b.is_nan()).map(|(a, b)| (*a, *b)).collect();
    let n = pairs.len() as f64;
    let (ma, mb) = (pairs.iter().map(|p| p.0).sum::<f64>() / n, pairs.iter().map(|p| p.1).sum::<f64>() / n);
    let sum = |f: &dyn Fn(&(f64, f64)) -> f64| pairs.iter().map(f).sum::<f64>();
    sum(&|p| (p.0 - ma) * (p.1 - mb)) / (sum(&|p| (p.0 - ma).powi(2)) * sum(&|p| (p.1 - mb).powi(2))).sqrt()
}
