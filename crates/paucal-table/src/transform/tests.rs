use paucal_core::{Seed, Silent};
use paucal_data::{Kind, MISSING, Table, Values};
use proptest::prelude::*;

use super::*;
use crate::testing::{dirty, levels, numeric, table};

fn encoder(train: &Table, missing: MissingModel) -> RowEncoder {
    RowEncoder::fit(train, missing, Seed(1), &Silent::new()).unwrap()
}

fn round_trip(train: &Table) -> Table {
    let encoder = encoder(train, MissingModel::Joint);
    let encoded = encoder.encode(train, Seed(2)).unwrap();
    encoder.decode(&encoded.dense(), train.rows(), Seed(3)).unwrap()
}

/// Equal but for ids and text, NaN being equal to NaN.
fn assert_same(a: &Table, b: &Table) {
    assert_eq!(a.schema(), b.schema());
    for (a, b) in a.columns().zip(b.columns()) {
        match (a.values, b.values) {
            (Values::Number(x), Values::Number(y)) => {
                let differ = x.iter().zip(y).find(|(x, y)| x != y && !(x.is_nan() && y.is_nan()));
                assert_eq!(differ, None, "{}", a.spec.name);
            }
            (Values::Code(x), Values::Code(y)) => assert_eq!(x, y, "{}", a.spec.name),
            _ => {}
        }
    }
}

#[test]
fn a_dirty_table_comes_back() {
    let train = dirty(600);
    let back = round_trip(&train);
    assert_same(&train, &back);
    let known = train.column("patient").unwrap().values.clone();
    match (known, back.column("patient").unwrap().values) {
        (Values::Text(known), Values::Text(fresh)) => {
            assert!(fresh.iter().all(|id| !known.contains(id)));
            assert_eq!(fresh[0].as_deref(), Some("P0610"));
        }
        _ => panic!("ids are text"),
    }
    assert_eq!(back.column("note").unwrap().values.missing(), 600);
}

#[test]
fn the_layout_has_no_gaps_and_names_every_part() {
    let train = dirty(600);
    let encoder = encoder(&train, MissingModel::Joint);
    let layout = encoder.layout();
    let ends = layout.spans.iter().scan(0, |end, span| {
        let fits = span.offset == *end;
        *end += span.width;
        Some(fits)
    });
    assert!(ends.into_iter().all(|fits| fits));
    assert_eq!(layout.spans.iter().map(|span| span.width).sum::<usize>(), layout.width);
    let lab = train.schema().index("lab").unwrap();
    let roles: Vec<Role> = layout.spans.iter().filter(|s| s.column == lab).map(|s| s.role).collect();
    assert_eq!(roles, [Role::Scalar, Role::Mode, Role::MissingIndicator]);
    // Four of five levels occur; missing is a level of sex only.
    let width = |name: &str| encoder.span(train.schema().index(name).unwrap(), Role::Level).map(|s| s.width);
    assert_eq!(
        (width("grade"), width("sex"), width("sick"), width("unit")),
        (Some(4), Some(3), Some(2), None)
    );
}

#[test]
fn dense_rows_are_one_hot_and_small() {
    let train = dirty(300);
    let encoder = encoder(&train, MissingModel::Joint);
    let encoded = encoder.encode(&train, Seed(2)).unwrap();
    let dense = encoded.dense();
    for vector in dense.chunks_exact(encoder.layout().width) {
        for span in &encoder.layout().spans {
            let part = &vector[span.offset..span.offset + span.width];
            match span.activation {
                Activation::Tanh => assert!(part[0].abs() <= 0.99),
                Activation::Softmax => {
                    assert_eq!(part.iter().sum::<f32>(), 1.0);
                    assert!(part.iter().all(|&x| x == 0.0 || x == 1.0));
                }
            }
        }
    }
    let mut batch = vec![9.0; 2 * encoder.layout().width];
    encoded.write(&[5, 0], &mut batch);
    assert_eq!(
        batch[..encoder.layout().width],
        dense[5 * encoder.layout().width..6 * encoder.layout().width]
    );
}

#[test]
fn threads_do_not_change_the_encoding() {
    let train = dirty(9000);
    let encoder = encoder(&train, MissingModel::Joint);
    let with = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| encoder.encode(&train, Seed(2)).unwrap())
    };
    assert_eq!(with(1), with(2));
}

#[test]
fn an_encoder_is_saved_and_brought_back() {
    let train = dirty(300);
    let encoder = encoder(&train, MissingModel::Joint);
    let text = serde_json::to_string(&encoder).unwrap();
    let back: RowEncoder = serde_json::from_str(&text).unwrap();
    assert_eq!(back, encoder);
    let cut = text.replacen("\"deviation\":", "\"deviation\":-", 1);
    assert!(serde_json::from_str::<RowEncoder>(&cut).unwrap_err().to_string().contains("deviations"));
}

#[test]
fn missing_at_random_has_the_rate_and_no_indicator() {
    let train = dirty(3000);
    let encoder = encoder(&train, MissingModel::Random);
    let lab = train.schema().index("lab").unwrap();
    assert!(encoder.span(lab, Role::MissingIndicator).is_none());
    let encoded = encoder.encode(&train, Seed(2)).unwrap();
    let back = encoder.decode(&encoded.dense(), 3000, Seed(3)).unwrap();
    let (wanted, found) = (train.at(lab).values.missing(), back.at(lab).values.missing());
    assert!(wanted.abs_diff(found) < 100, "{wanted} {found}");
}

#[test]
fn network_failures_and_foreign_tables_are_refused() {
    let train = dirty(60);
    let encoder = encoder(&train, MissingModel::Joint);
    let mut vectors = encoder.encode(&train, Seed(2)).unwrap().dense();
    vectors[3] = f32::NAN;
    assert!(matches!(encoder.decode(&vectors, 60, Seed(0)), Err(crate::TableError::NotFinite)));
    let other = train.keep_columns(|column| column.name != "age");
    assert!(matches!(encoder.encode(&other, Seed(2)), Err(crate::TableError::OtherColumns)));
    // A level that training did not have.
    let seen = train.take(&(0..60).filter(|row| *row != 7).collect::<Vec<_>>());
    let narrow = RowEncoder::fit(&seen, MissingModel::Joint, Seed(1), &Silent::new()).unwrap();
    assert!(matches!(narrow.encode(&train, Seed(2)), Err(crate::TableError::LevelNotSeen { .. })));
    assert!(RowEncoder::fit(&train.take(&[0]), MissingModel::Joint, Seed(1), &Silent::new()).is_err());
}

#[test]
fn five_thousand_levels_stay_compact() {
    let rows = 20_000;
    let codes = (0..rows as u32).map(|row| row % 5000).collect();
    let train = table(vec![("code", levels("c", 5000), Values::Code(codes))]);
    let encoder = encoder(&train, MissingModel::Joint);
    let encoded = encoder.encode(&train, Seed(2)).unwrap();
    assert_eq!((encoder.layout().width, encoded.code(4999, 0)), (5000, 4999));
    let mut batch = vec![0.0; 10 * 5000];
    encoded.write(&(0..10).collect::<Vec<_>>(), &mut batch);
    assert_eq!(
        encoder.decode(&batch, 10, Seed(0)).unwrap().at(0).codes().unwrap(),
        [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]
    #[test]
    fn any_table_comes_back(
        cells in prop::collection::vec((prop::option::of(-1e4_f64..1e4), -20_i32..20, 0_u32..5), 2..80),
    ) {
        let real = cells.iter().map(|c| c.0.map_or(f64::NAN, |x| (x * 100.0).round() / 100.0)).collect();
        let whole = cells.iter().map(|c| f64::from(c.1)).collect();
        let codes = cells.iter().map(|c| if c.2 == 4 { MISSING } else { c.2 }).collect();
        let train = table(vec![
            ("real", numeric(2), Values::Number(real)),
            ("whole", Kind::Integer, Values::Number(whole)),
            ("level", levels("l", 4), Values::Code(codes)),
        ]);
        assert_same(&train, &round_trip(&train));
    }
}
