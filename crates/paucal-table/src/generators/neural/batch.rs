//! How many rows a step sees.

/// Largest batch that is chosen without being asked for.
const LARGEST: usize = 500;
/// Below this batch, packs of ten leave the critic too few of them.
const SMALL: usize = 100;
/// Rows per pack in a small batch.
const SMALL_PAC: usize = 5;

/// Batch size and pac for `rows` training rows.
///
/// A batch that is not given is the largest multiple of twice the pac that does not exceed a quarter of the rows, and
/// at most 500: small tables get several different batches per pass instead of one. When that is under 100, the pac is
/// at most 5, so that there are still packs to average over. Both are even out: the batch is a multiple of the pac.
pub fn batch_and_pac(rows: usize, batch: usize, pac: usize) -> (usize, usize) {
    if batch > 0 {
        return (batch.next_multiple_of(pac), pac);
    }
    let whole = |pac: usize| (LARGEST.min(rows / 4) / (2 * pac)) * 2 * pac;
    let pac = if whole(pac) < SMALL { pac.min(SMALL_PAC) } else { pac };
    (whole(pac).max(2 * pac), pac)
}

#[cfg(test)]
mod tests {
    use super::batch_and_pac;

    #[test]
    fn the_batch_follows_the_table() {
        assert_eq!(batch_and_pac(32_561, 0, 10), (500, 10));
        assert_eq!(batch_and_pac(569, 0, 10), (140, 10));
        assert_eq!(batch_and_pac(398, 0, 10), (90, 5));
        assert_eq!(batch_and_pac(12, 0, 10), (10, 5));
        assert_eq!(batch_and_pac(2, 0, 1), (2, 1));
        assert_eq!(batch_and_pac(569, 64, 10), (70, 10));
    }
}
