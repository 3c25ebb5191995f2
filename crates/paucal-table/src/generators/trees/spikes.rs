//! Values that many rows share: zeros of a titre, whole grades.

/// Share of the rows from which a value is a spike.
const SHARE: f64 = 0.05;

/// The spikes of a column, ascending: values that at least 5 % of its rows, and at least `fewest` of them, share. They
/// tell nothing about a single patient and are kept as they are, where other numbers are blurred.
pub fn spikes(cells: &[f64], fewest: usize) -> Vec<f64> {
    let mut present: Vec<f64> = cells.iter().copied().filter(|x| !x.is_nan()).collect();
    present.sort_unstable_by(f64::total_cmp);
    let enough = (SHARE * cells.len() as f64).max(fewest as f64);
    let groups = present.chunk_by(|a, b| a == b).filter(|group| group.len() as f64 >= enough);
    groups.map(|group| group[0]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_many_share_is_a_spike() {
        let mut cells = vec![0.0; 30];
        cells.extend((0..70).map(|i| f64::from(i) + 1.5));
        cells.extend([2.5; 4]);
        cells.push(f64::NAN);
        assert_eq!(spikes(&cells, 5), [0.0]);
        assert_eq!(spikes(&cells[..35], 40), [0.0; 0]);
    }
}
