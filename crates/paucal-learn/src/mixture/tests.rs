use paucal_core::Seed;

use super::*;

fn normals(n: usize, mean: f64, deviation: f64, step: u64) -> Vec<f64> {
    let mut stream = Seed(11).stream("normals", step);
    (0..n).map(|_| mean + deviation * stream.normal()).collect()
}

#[test]
fn two_well_separated_modes_are_found() {
    let mut values = normals(300, -5.0, 0.5, 0);
    values.extend(normals(100, 20.0, 2.0, 1));
    let model = Mixture::default().fit(&values, Seed(0)).unwrap();
    let mut modes: Vec<Component> = model.modes().iter().map(|&k| model.components()[k]).collect();
    modes.sort_by(|a, b| a.mean.total_cmp(&b.mean));
    assert!(model.converged());
    let light: f64 = modes.iter().filter(|m| m.mean < 5.0).map(|m| m.weight).sum();
    assert!((light - 0.75).abs() < 0.02, "{modes:?}");
    assert!(
        (modes[0].mean + 5.0).abs() < 0.5 && (modes[modes.len() - 1].mean - 20.0).abs() < 3.0,
        "{modes:?}"
    );
}

#[test]
fn the_lower_bound_never_falls_and_weights_sum_to_one() {
    for step in 0..6 {
        let mut values = normals(150, 0.0, 1.0, step);
        values.extend(normals(50, 4.0, 0.1, step + 10));
        values.extend([0.0; 40]);
        let mut bounds = Vec::new();
        for max_iterations in 1..60 {
            let settings = Mixture { max_iterations, restarts: 0, tolerance: 1e-12, ..Mixture::default() };
            let model = settings.fit(&values, Seed(0)).unwrap();
            let total: f64 = model.components().iter().map(|c| c.weight).sum();
            assert!((total - 1.0).abs() < 1e-12);
            bounds.push(model.lower_bound());
        }
        assert!(bounds.windows(2).all(|pair| pair[1] >= pair[0] - 1e-9), "{bounds:?}");
    }
}

#[test]
fn degenerate_columns_fit() {
    let fit = |values: &[f64]| Mixture::default().fit(values, Seed(0)).unwrap();
    for values in [&[3.5][..], &[7.0, 7.0, 7.0], &[0.0]] {
        let model = fit(values);
        assert_eq!(model.modes(), [0]);
        assert_eq!(model.components()[0].mean, values[0]);
        assert!(model.components()[0].deviation > 0.0);
    }
    let two = fit(&[1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0]);
    assert!(!two.modes().is_empty() && two.components().len() <= 2);
    let mut posterior = [0.0; 2];
    two.posterior(1.0, &mut posterior[..two.components().len()]);
    assert!((posterior.iter().sum::<f64>() - 1.0).abs() < 1e-12);
}

#[test]
fn extreme_columns_do_not_break() {
    for values in
        [vec![0.0, 5e-324], vec![-1e308, 1e308], vec![1e300, 1.0, 2.0], vec![1e-300, 2e-300, 3e-300]]
    {
        let model = Mixture::default().fit(&values, Seed(0)).unwrap();
        assert!(model.components().iter().all(|c| c.mean.is_finite() && c.deviation > 0.0), "{model:?}");
    }
}

#[test]
fn units_do_not_matter() {
    let values = normals(200, 10.0, 3.0, 3);
    let scaled: Vec<f64> = values.iter().map(|v| v * 1024.0).collect();
    let (a, b) = (
        Mixture::default().fit(&values, Seed(0)).unwrap(),
        Mixture::default().fit(&scaled, Seed(0)).unwrap(),
    );
    for (a, b) in a.components().iter().zip(b.components()) {
        assert!((a.weight - b.weight).abs() < 1e-9 && (a.mean * 1024.0 - b.mean).abs() < 1e-6 * b.mean.abs());
    }
}

#[test]
fn columns_fit_alike_alone_and_together() {
    let (a, b) = (normals(100, 0.0, 1.0, 4), normals(100, 5.0, 1.0, 5));
    let together = Mixture::default().fit_columns(&[&a, &b], Seed(9)).unwrap();
    let alone = Mixture::default().fit(&b, Seed(9).child("mixture/column", 1)).unwrap();
    assert_eq!(together[1], alone);
}

#[test]
fn bad_input_is_refused() {
    assert_eq!(Mixture::default().fit(&[], Seed(0)), Err(LearnError::NoRows));
    let error = Mixture::default().fit_columns(&[&[1.0], &[f64::NAN]], Seed(0)).unwrap_err();
    assert!(matches!(error, LearnError::NotFinite { row: 0, column: 1, .. }));
    assert!(Mixture { components: 0, ..Mixture::default() }.fit(&[1.0], Seed(0)).is_err());
}
