use paucal_core::{Seed, Silent};
use paucal_data::Values;

use super::fit::fit as fit_copula;
use super::*;
use crate::testing::{condition, correlation, dirty, fit, levels, numeric, table};

/// Rows of a known copula: x normal-based and skewed, y uniform, level cut from a third coordinate.
fn known(rows: usize) -> Table {
    let mut s = Seed(21).stream("known", 0);
    let (mut x, mut y, mut c, mut d) = (vec![], vec![], vec![], vec![]);
    for _ in 0..rows {
        let (a, b, e, f) = (s.normal(), s.normal(), s.normal(), s.normal());
        let (zy, zc) = (0.8 * a + 0.6 * b, -0.6 * a + 0.8 * e);
        x.push((a.exp() * 100.0).round() / 100.0);
        y.push((crate::transform::gauss::cdf(zy) * 1000.0).round() / 1000.0);
        c.push(u32::from(zc > 1.2816));
        d.push(u32::from(0.7 * zc + 0.714 * f > 0.0));
    }
    table(vec![
        ("x", numeric(2), Values::Number(x)),
        ("y", numeric(3), Values::Number(y)),
        ("c", levels("c", 2), Values::Code(c)),
        ("d", levels("d", 2), Values::Code(d)),
    ])
}

fn numbers<'a>(table: &'a Table, name: &str) -> &'a [f64] {
    table.column(name).unwrap().numbers().unwrap()
}

fn codes<'a>(table: &'a Table, name: &str) -> &'a [u32] {
    table.column(name).unwrap().codes().unwrap()
}

fn mean(values: impl Iterator<Item = f64> + Clone) -> f64 {
    values.clone().sum::<f64>() / values.count() as f64
}

#[test]
fn the_correlation_matrix_of_a_known_copula_is_found() {
    let train = known(20_000);
    let plan = Plan::new(&train, &Silent::new()).unwrap();
    let model = fit_copula(&GaussianCopula::default(), plan, &train);
    let r = &model.correlation;
    for ((i, j), expected) in [((0, 1), 0.8), ((0, 2), -0.6), ((1, 2), -0.48), ((2, 3), 0.7), ((0, 3), -0.42)]
    {
        assert!((r[[i, j]] - expected).abs() < 0.03, "{i} {j}: {} {expected}", r[[i, j]]);
    }
}

#[test]
fn marginals_and_associations_survive() {
    let train = known(4000);
    for settings in ["", "marginals = \"parametric\""] {
        let drawn = fit(NAME, settings, &train).sample(20_000, &[], Seed(2)).unwrap();
        for p in [0.1, 0.5, 0.9] {
            let quantile = |v: &[f64]| {
                let mut v = v.to_vec();
                v.sort_unstable_by(f64::total_cmp);
                v[(p * v.len() as f64) as usize]
            };
            for (name, range) in [("x", 12.0), ("y", 1.0)] {
                let (real, fake) = (quantile(numbers(&train, name)), quantile(numbers(&drawn, name)));
                assert!((real - fake).abs() < 0.025 * range, "{settings} {name} {p}: {real} {fake}");
            }
        }
        let rank = |table: &Table| {
            correlation(&numbers(table, "x").iter().map(|x| x.ln()).collect::<Vec<_>>(), numbers(table, "y"))
        };
        assert!((rank(&train) - rank(&drawn)).abs() < 0.03, "{} {}", rank(&train), rank(&drawn));
        let phi = |table: &Table| {
            let real = |name| codes(table, name).iter().map(|&c| f64::from(c)).collect::<Vec<_>>();
            correlation(&real("c"), &real("d"))
        };
        assert!((phi(&train) - phi(&drawn)).abs() < 0.03, "{} {}", phi(&train), phi(&drawn));
    }
}

#[test]
fn conditional_rows_are_those_that_rejection_would_keep() {
    let model = fit(NAME, "", &known(4000));
    let given = [Condition::new("c", "c1"), Condition::new("d", "d0")];
    let free = model.sample(400_000, &[], Seed(3)).unwrap();
    for conditions in [&given[..1], &given] {
        let direct = model.sample(40_000, conditions, Seed(4)).unwrap();
        let kept: Vec<usize> = (0..free.rows())
            .filter(|&row| {
                codes(&free, "c")[row] == 1 && (conditions.len() == 1 || codes(&free, "d")[row] == 0)
            })
            .collect();
        assert!(kept.len() > 2000);
        let kept = free.take(&kept);
        for name in ["x", "y"] {
            let of = |table: &Table| numbers(table, name).iter().map(|x| (x + 0.01).ln()).collect::<Vec<_>>();
            assert_same_mean(name, &of(&direct), &of(&kept));
        }
        let of = |table: &Table| codes(table, "d").iter().map(|&d| f64::from(d)).collect::<Vec<_>>();
        assert_same_mean("d", &of(&direct), &of(&kept));
    }
}

/// The means differ by less than four standard errors.
fn assert_same_mean(name: &str, a: &[f64], b: &[f64]) {
    let error = |v: &[f64]| {
        let m = mean(v.iter().copied());
        mean(v.iter().map(|x| (x - m) * (x - m))) / v.len() as f64
    };
    let (ma, mb) = (mean(a.iter().copied()), mean(b.iter().copied()));
    assert!((ma - mb).abs() <= 4.0 * (error(a) + error(b)).sqrt(), "{name}: {ma} {mb}");
}

fn golden() -> serde_json::Value {
    serde_json::from_str(include_str!("../../../tests/golden/copula.json")).unwrap()
}

fn floats(value: &serde_json::Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect()
}

#[test]
fn confined_normals_have_the_moments_that_scipy_integrates() {
    let golden = golden();
    let entries: Vec<f64> = golden["correlation"].as_array().unwrap().iter().flat_map(floats).collect();
    let correlation = Array2::from_shape_vec((4, 4), entries).unwrap();
    for case in golden["conditional"].as_array().unwrap() {
        let ends: Vec<Vec<f64>> = case["intervals"].as_array().unwrap().iter().map(floats).collect();
        let intervals: Vec<_> = (0..4).map(|i| ends.get(i).map(|end| (end[0], end[1]))).collect();
        let rows = 40_000;
        let mut z = vec![0.0; rows * 4];
        let normals = sample::Normals::new(&correlation, &intervals).unwrap();
        normals.fill(&mut z, &mut Seed(7).stream("golden", 0));
        let expected = [floats(&case["confined"]), floats(&case["free"])].concat();
        for (i, expected) in expected.iter().enumerate() {
            let found = mean(z.iter().skip(i).step_by(4).copied());
            assert!((found - expected).abs() < 0.02, "{ends:?} {i}: {found} {expected}");
        }
    }
}

#[test]
fn two_by_two_tables_give_the_tetrachoric_correlation_of_scipy() {
    for case in golden()["tetrachoric"].as_array().unwrap() {
        let counts: Vec<f64> = case["table"].as_array().unwrap().iter().flat_map(floats).collect();
        let codes = |of: fn(usize) -> usize| {
            let cell = |cell: usize| std::iter::repeat_n(of(cell) as u32, counts[cell] as usize);
            Values::Code((0..4).flat_map(cell).collect())
        };
        let train = table(vec![
            ("a", levels("a", 2), codes(|cell| cell / 2)),
            ("b", levels("b", 2), codes(|cell| cell % 2)),
        ]);
        let plan = Plan::new(&train, &Silent::new()).unwrap();
        let model = fit_copula(&GaussianCopula::default(), plan, &train);
        let (found, expected) = (model.correlation[[0, 1]], case["rho"].as_f64().unwrap());
        assert!((found - expected).abs() < 0.01, "{counts:?}: {found} {expected}");
    }
}

#[test]
fn informative_missingness_survives_and_can_be_given_up() {
    let train = dirty(3000);
    let gap = |table: &Table| {
        let (lab, sick) = (numbers(table, "lab"), codes(table, "sick"));
        let rate = |class: u32| {
            let rows = (0..lab.len()).filter(|&row| sick[row] == class);
            mean(rows.map(|row| f64::from(u8::from(lab[row].is_nan()))))
        };
        rate(0) - rate(1)
    };
    let joint = fit(NAME, "", &train).sample(6000, &[], Seed(5)).unwrap();
    let random = fit(NAME, "missing = \"random\"", &train).sample(6000, &[], Seed(5)).unwrap();
    assert!((gap(&train) - gap(&joint)).abs() < 0.06, "{} {}", gap(&train), gap(&joint));
    assert!(gap(&random).abs() < 0.05, "{}", gap(&random));
}

#[test]
fn nominal_levels_keep_their_association() {
    // Levels in an order that says nothing: c0 middle, c1 high, c2 low.
    let mut s = Seed(31).stream("nominal", 0);
    let rows = 3000;
    let level: Vec<u32> = (0..rows).map(|_| s.index(3) as u32).collect();
    let x: Vec<f64> = level.iter().map(|&c| [0.0, 3.0, -3.0][c as usize] + s.normal()).collect();
    let train = table(vec![("c", levels("c", 3), Values::Code(level)), ("x", numeric(3), Values::Number(x))]);
    let model = fit(NAME, "", &train);
    for (level, expected) in [("c0", 0.0), ("c1", 3.0), ("c2", -3.0)] {
        let drawn = model.sample(4000, &condition("c", level), Seed(6)).unwrap();
        let found = mean(numbers(&drawn, "x").iter().copied());
        assert!((found - expected).abs() < 0.35, "{level}: {found}");
    }
}
