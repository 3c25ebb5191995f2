//! A few that stand for many.

/// Positions of at most `most` items out of groups of these sizes that lie one after the other: of each group in
/// proportion to its size, at least one while there is room, evenly over it.
pub(super) fn evenly(sizes: &[usize], most: usize) -> Vec<usize> {
    let total: usize = sizes.iter().sum();
    if total <= most {
        return (0..total).collect();
    }
    let mut chosen = Vec::with_capacity(most);
    let mut first = 0;
    for (&size, quota) in sizes.iter().zip(quotas(sizes, most)) {
        // The middles of `quota` stretches of equal length.
        chosen.extend((0..quota).map(|k| first + (2 * k + 1) * size / (2 * quota)));
        first += size;
    }
    chosen
}

/// How many of each group, `most` in all: one each, if there is room, and the rest by largest remainder.
fn quotas(sizes: &[usize], most: usize) -> Vec<usize> {
    let groups = sizes.iter().filter(|size| **size > 0).count();
    if groups > most {
        // Not even one of each: every so many groups give one.
        let mut seen = 0;
        let one = |size: &usize| {
            let before = seen * most / groups;
            seen += usize::from(*size > 0);
            seen * most / groups - before
        };
        return sizes.iter().map(one).collect();
    }
    let (spare, room) = (most - groups, sizes.iter().sum::<usize>() - groups);
    let others = |size: usize| size.saturating_sub(1);
    let mut quotas: Vec<usize> = sizes.iter().map(|&s| s.min(1) + others(s) * spare / room).collect();
    let mut order: Vec<usize> = (0..sizes.len()).collect();
    order.sort_by_key(|&i| (std::cmp::Reverse(others(sizes[i]) * spare % room), i));
    let missing = most - quotas.iter().sum::<usize>();
    order.into_iter().take(missing).for_each(|i| quotas[i] += 1);
    quotas
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn small_groups_are_not_forgotten() {
        assert_eq!(evenly(&[4], 2), [1, 3]);
        assert_eq!(quotas(&[1000, 1, 10], 12), [10, 1, 1]);
        assert_eq!(evenly(&[1, 1, 1, 1], 2).len(), 2);
        assert_eq!(evenly(&[3, 2], 9), [0, 1, 2, 3, 4]);
    }

    proptest! {
        #[test]
        fn as_many_as_asked_for_and_none_twice(sizes in prop::collection::vec(0usize..50, 0..20), most in 0usize..200) {
            let chosen = evenly(&sizes, most);
            let total: usize = sizes.iter().sum();
            prop_assert_eq!(chosen.len(), most.min(total));
            prop_assert!(chosen.windows(2).all(|pair| pair[0] < pair[1]));
            prop_assert!(chosen.iter().all(|&at| at < total));
        }
    }
}
