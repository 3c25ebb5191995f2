use proptest::prelude::*;

use super::*;

fn names(count: usize) -> Vec<String> {
    (0..count).map(|c| format!("class {c}")).collect()
}

/// Class counts of some rows.
fn tally(rows: &[usize], labels: &[usize], classes: usize) -> Vec<usize> {
    let mut counts = vec![0; classes];
    for &row in rows {
        counts[labels[row]] += 1;
    }
    counts
}

proptest! {
    #[test]
    fn groups_stay_whole_and_each_row_is_tested_once_per_repeat(rows in proptest::collection::vec((0..3_usize, 0..40_usize), 60..200), seed in 0..100_u64) {
        let (labels, groups): (Vec<usize>, Vec<usize>) = rows.into_iter().unzip();
        let classes = names(3);
        let cases = Cases { labels: &labels, classes: &classes, groups: Some(&groups) };
        let plan = Plan { folds: 4, repeats: 2, mode: Mode::Grouped };
        let Ok(splits) = plan.split(&cases, Seed(seed)) else { return Ok(()) };
        prop_assert_eq!(&splits, &plan.split(&cases, Seed(seed)).unwrap());
        let mut tested = vec![0; labels.len()];
        for fold in &splits.all {
            fold.test.iter().for_each(|&row| tested[row] += 1);
            prop_assert_eq!(fold.train.len() + fold.test.len(), labels.len());
            for &row in &fold.test {
                prop_assert!(fold.train.iter().all(|&other| groups[other] != groups[row]));
            }
        }
        prop_assert!(tested.iter().all(|&times| times == 2));
    }

    #[test]
    fn without_groups_classes_differ_by_at_most_one_between_folds(
        labels in proptest::collection::vec(0..3_usize, 30..200), folds in 2..6_usize, seed in 0..100_u64,
    ) {
        let classes = names(3);
        let cases = Cases { labels: &labels, classes: &classes, groups: None };
        let Ok(splits) = (Plan { folds, repeats: 1, ..Plan::default() }).split(&cases, Seed(seed)) else {
            return Ok(());
        };
        let tallies: Vec<Vec<usize>> = splits.all.iter().map(|f| tally(&f.test, &labels, 3)).collect();
        for class in 0..3 {
            let most = tallies.iter().map(|t| t[class]).max().unwrap();
            let least = tallies.iter().map(|t| t[class]).min().unwrap();
            prop_assert!(most - least <= 1, "{:?}", tallies);
        }
        let sizes: Vec<usize> = splits.all.iter().map(|f| f.test.len()).collect();
        prop_assert!(sizes.iter().max().unwrap() - sizes.iter().min().unwrap() <= 2, "{:?}", sizes);
    }

    #[test]
    fn a_hold_out_is_within_one_case_of_its_share(
        labels in proptest::collection::vec(0..2_usize, 20..300), share in 0.1..0.6, seed in 0..100_u64,
    ) {
        let classes = names(2);
        let cases = Cases { labels: &labels, classes: &classes, groups: None };
        let Ok(fold) = hold_out(&cases, share, Mode::Grouped, Seed(seed)) else { return Ok(()) };
        let all = tally(&(0..labels.len()).collect::<Vec<_>>(), &labels, 2);
        for (test, total) in tally(&fold.test, &labels, 2).iter().zip(&all) {
            let quota = share * *total as f64;
            prop_assert!((*test as f64 - quota).abs() < 1.0 + 1e-9 || *test == 1, "{test} of {total}");
        }
    }

    #[test]
    fn every_fold_has_a_rare_case_when_there_are_enough_patients(
        sizes in proptest::collection::vec(1..12_usize, 40..80), positives in 5..9_usize, seed in 0..100_u64,
    ) {
        // The first patients have one positive row among their others.
        let (mut labels, mut groups) = (Vec::new(), Vec::new());
        for (group, &size) in sizes.iter().enumerate() {
            labels.extend((0..size).map(|i| usize::from(i == 0 && group < positives)));
            groups.extend(std::iter::repeat_n(group, size));
        }
        let classes = names(2);
        let cases = Cases { labels: &labels, classes: &classes, groups: Some(&groups) };
        let splits = (Plan { folds: 5, repeats: 2, ..Plan::default() }).split(&cases, Seed(seed)).unwrap();
        for fold in &splits.all {
            let test = tally(&fold.test, &labels, 2);
            prop_assert!((1..=positives.div_ceil(5) + 1).contains(&test[1]), "{:?}", test);
            let share = test[0] as f64 / labels.len() as f64;
            prop_assert!((0.1..0.3).contains(&share), "{share}");
        }
    }
}

#[test]
fn too_few_cases_reduce_the_folds_or_are_refused() {
    let classes = names(2);
    let labels: Vec<usize> = (0..50).map(|row| usize::from(row < 3)).collect();
    let plan = Plan { folds: 5, repeats: 1, ..Plan::default() };
    let splits = plan.split(&Cases { labels: &labels, classes: &classes, groups: None }, Seed(1)).unwrap();
    assert_eq!(splits.folds, 3);
    assert!(splits.warnings[0].contains("3 folds instead of 5"), "{:?}", splits.warnings);
    // Three positive rows of one patient cannot be on both sides.
    let groups: Vec<usize> = (0..50).map(|row: usize| row.saturating_sub(2)).collect();
    let cases = Cases { labels: &labels, classes: &classes, groups: Some(&groups) };
    let refused = plan.split(&cases, Seed(1)).unwrap_err();
    assert_eq!(refused.to_string(), "class 'class 1' has 1 group, too few to be in training and in test");
    assert!(hold_out(&cases, 0.2, Mode::Grouped, Seed(1)).is_err());
    // The leaky split does not care.
    assert!(hold_out(&cases, 0.2, Mode::LeakyRandom, Seed(1)).is_ok());
}

#[test]
fn two_cases_allow_two_folds() {
    let classes = names(2);
    let labels: Vec<usize> = (0..50).map(|row| usize::from(row < 2)).collect();
    let cases = Cases { labels: &labels, classes: &classes, groups: None };
    let splits = Plan::default().split(&cases, Seed(1)).unwrap();
    assert_eq!((splits.folds, splits.all.len()), (2, 20));
    assert!(splits.all.iter().all(|f| tally(&f.test, &labels, 2)[1] == 1));
}

#[test]
fn repeats_differ_and_bad_plans_are_refused() {
    let classes = names(2);
    let labels: Vec<usize> = (0..60).map(|row| usize::from(row % 4 == 0)).collect();
    let cases = Cases { labels: &labels, classes: &classes, groups: None };
    let splits = Plan::default().split(&cases, Seed(1)).unwrap();
    assert_ne!(splits.all[0].test, splits.all[5].test);
    assert!(Plan { folds: 1, ..Plan::default() }.split(&cases, Seed(1)).is_err());
    assert!(Plan { repeats: 0, ..Plan::default() }.split(&cases, Seed(1)).is_err());
    assert!(hold_out(&cases, 1.0, Mode::Grouped, Seed(1)).is_err());
    let short = Cases { groups: Some(&[0, 1]), ..cases };
    assert!(matches!(Plan::default().split(&short, Seed(1)), Err(EvidenceError::Length { .. })));
    let one = Cases { labels: &[0, 0, 0], classes: &classes, groups: None };
    assert!(matches!(Plan::default().split(&one, Seed(1)), Err(EvidenceError::OneClass(_))));
}

#[test]
fn the_leaky_split_is_spelt_out() {
    assert_eq!(serde_json::to_string(&Mode::LeakyRandom).unwrap(), "\"leaky-random\"");
}
