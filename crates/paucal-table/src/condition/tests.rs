use paucal_core::{Advice, Seed, Silent};
use paucal_data::{ColumnSpec, Kind};

use super::*;
use crate::testing::dirty;
use crate::transform::{Encoded, MissingModel, RowEncoder};

fn prepared() -> (Table, RowEncoder, Encoded) {
    let train = dirty(600);
    let encoder = RowEncoder::fit(&train, MissingModel::Joint, Seed(1), &Silent::new()).unwrap();
    let encoded = encoder.encode(&train, Seed(2)).unwrap();
    (train, encoder, encoded)
}

#[test]
fn every_column_has_its_own_bits() {
    let (train, encoder, _) = prepared();
    let layout = ConditionLayout::new(&encoder);
    let names: Vec<&str> =
        layout.slots().iter().map(|slot| train.schema().columns[slot.column].name.as_str()).collect();
    assert_eq!(names, ["sex", "grade", "site", "sick"]);
    let bits: Vec<(usize, usize)> = layout.slots().iter().map(|slot| (slot.offset, slot.width)).collect();
    assert_eq!(bits, [(0, 3), (3, 4), (7, 12), (19, 2)]);
    assert_eq!(layout.width(), 21);
    let mut seen = vec![false; layout.width()];
    for (slot, width) in bits.iter().enumerate().map(|(slot, &(_, width))| (slot, width)) {
        (0..width).for_each(|level| seen[layout.bit(Pick { slot, level })] = true);
    }
    assert!(seen.iter().all(|&bit| bit));
}

#[test]
fn training_rows_fulfil_their_conditions_and_rare_levels_are_seen() {
    let (_, encoder, encoded) = prepared();
    let layout = ConditionLayout::new(&encoder);
    let sampler = ConditionSampler::new(&layout, &encoded, Frequency::Log);
    let batch = sampler.batch(20_000, Seed(5), "test", 0);
    let mut rare = 0;
    for (pick, &row) in batch.picks.iter().zip(&batch.rows) {
        assert_eq!(encoded.code(row, layout.slots()[pick.slot].span) as usize, pick.level);
        rare += usize::from(*pick == Pick { slot: 1, level: 3 });
    }
    // grade g3 has two cases of 600: ln 3 of the sum of ln(count + 1), in a quarter of the draws.
    let counts = &encoder.plan().levels(layout.slots()[1].column).unwrap().counts;
    assert_eq!(counts[3], 2);
    let logs: f64 = counts.iter().map(|&count| (count as f64).ln_1p()).sum();
    let expected = 20_000.0 / 4.0 * 3.0_f64.ln() / logs;
    assert!((rare as f64 - expected).abs() < 4.0 * expected.sqrt(), "{rare} {expected}");
    assert_eq!(batch, sampler.batch(20_000, Seed(5), "test", 0));
    assert_ne!(batch, sampler.batch(20_000, Seed(5), "test", 1));
}

#[test]
fn generation_draws_levels_as_often_as_they_occur() {
    let (_, encoder, _) = prepared();
    let layout = ConditionLayout::new(&encoder);
    let mut stream = Seed(6).stream("generation", 0);
    let draws: Vec<Pick> = (0..40_000).map(|_| layout.draw(Frequency::Empirical, &mut stream)).collect();
    let sick = layout.slots().iter().position(|slot| slot.width == 2).unwrap();
    let counts = &encoder.plan().levels(layout.slots()[sick].column).unwrap().counts;
    let of_slot = draws.iter().filter(|pick| pick.slot == sick).count() as f64;
    let yes = draws.iter().filter(|pick| pick.slot == sick && pick.level == 1).count() as f64;
    assert!((of_slot / 40_000.0 - 0.25).abs() < 0.01);
    assert!((yes / of_slot - counts[1] as f64 / 600.0).abs() < 0.015);
}

#[test]
fn given_conditions_set_exactly_their_bits() {
    let (train, encoder, _) = prepared();
    let layout = ConditionLayout::new(&encoder);
    let given = [Condition::new("sick", "yes"), Condition::new("sex", "M"), Condition::new("unit", "u0")];
    let resolved = encoder.plan().resolve(&given).unwrap();
    assert_eq!(resolved.describe(train.schema()), "sex = M and unit = u0 and sick = yes");
    let picks = layout.fixed(&encoder, &resolved);
    assert_eq!(picks.iter().map(|&pick| layout.bit(pick)).collect::<Vec<_>>(), [1, 20]);
    let mut vectors = vec![7.0; 2 * layout.width()];
    layout.write(&picks, &mut vectors);
    let ones: Vec<usize> = (0..vectors.len()).filter(|&bit| vectors[bit] == 1.0).collect();
    assert_eq!(ones, [1, 21 + 20]);
    // The schema knows g4, the rows do not.
    let error = encoder.plan().resolve(&[Condition::new("grade", "g4")]).unwrap_err();
    assert!(matches!(error, TableError::LevelNotSeen { ref seen, .. } if seen == "g0, g1, g2, g3"));
}

#[test]
fn without_discrete_columns_rows_are_uniform() {
    let train = dirty(600).keep_columns(|column| column.name == "age");
    let encoder = RowEncoder::fit(&train, MissingModel::Joint, Seed(1), &Silent::new()).unwrap();
    let encoded = encoder.encode(&train, Seed(2)).unwrap();
    let layout = ConditionLayout::new(&encoder);
    assert!(layout.is_empty());
    let batch = ConditionSampler::new(&layout, &encoded, Frequency::Log).batch(100, Seed(1), "test", 0);
    assert!(batch.picks.is_empty() && batch.rows.len() == 100);
}

fn schema() -> Schema {
    let column = |name: &str, kind| ColumnSpec { name: name.into(), kind };
    Schema::new(vec![
        column("age", Kind::Integer),
        column("sex", Kind::Boolean { levels: ["F".into(), "M".into()] }),
        column("grade", Kind::Categorical { levels: vec!["low".into(), "high".into()] }),
    ])
}

#[test]
fn conditions_become_positions_in_column_order() {
    let given = [Condition::new("grade", "high"), Condition::new("sex", ""), Condition::new("grade", "high")];
    let resolved = Conditions::resolve(&schema(), &given).unwrap();
    assert_eq!(resolved.pairs(), [(1, MISSING), (2, 1)]);
    assert_eq!((resolved.code(2), resolved.code(0)), (Some(1), None));
    assert_eq!(resolved.describe(&schema()), "sex = missing and grade = high");
}

#[test]
fn wrong_conditions_are_refused_with_advice() {
    let refused = |given: &[(&str, &str)]| {
        let given: Vec<_> = given.iter().map(|(column, level)| Condition::new(*column, *level)).collect();
        let error = Conditions::resolve(&schema(), &given).unwrap_err();
        (error.to_string(), error.hint().unwrap())
    };
    assert!(refused(&[("grad", "low")]).1.contains("'grade'"));
    assert!(refused(&[("grade", "hihg")]).1.contains("'high'"));
    assert!(refused(&[("age", "70")]).0.contains("integer"));
    assert!(refused(&[("sex", "F"), ("sex", "M")]).0.contains("both 'F' and 'M'"));
}
