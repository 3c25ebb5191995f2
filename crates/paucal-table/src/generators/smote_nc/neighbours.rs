//! Distances between rows with numbers and levels, and the nearest of them.

use std::cmp::Ordering;

use paucal_data::{Table, Values};

use crate::transform::{Plan, Treatment};

/// The columns that distances are made of, row by row.
pub struct Features {
    /// Numbers in units of their standard deviation (rows × `number_count`); NaN is missing.
    numbers: Vec<f64>,
    number_count: usize,
    /// Level codes (rows × `code_count`).
    codes: Vec<u32>,
    code_count: usize,
    /// Class of each row; 0 for all without a class column.
    class: Vec<u32>,
    /// By class code, ascending: the squared cost of a different level.
    penalties: Vec<(u32, f64)>,
}

impl Features {
    /// All learnt columns but the class.
    pub fn new(train: &Table, plan: &Plan, class: Option<usize>) -> Self {
        let (mut numbers, mut codes) = (Vec::new(), Vec::new());
        for (column, treatment) in plan.treatments().iter().enumerate().filter(|&(c, _)| Some(c) != class) {
            match (treatment, train.at(column).values) {
                (Treatment::Numbers(_), Values::Number(values)) => numbers.push(scaled(values)),
                (Treatment::Levels(_), Values::Code(values)) => codes.push(values.as_slice()),
                _ => {}
            }
        }
        let rows = train.rows();
        let class = match class.and_then(|column| train.at(column).codes()) {
            Some(codes) => codes.to_vec(),
            None => vec![0; rows],
        };
        let mut present = class.clone();
        present.sort_unstable();
        present.dedup();
        let penalties = present.iter().map(|&code| (code, penalty(&numbers, &class, code))).collect();
        Self {
            number_count: numbers.len(),
            numbers: (0..rows).flat_map(|row| numbers.iter().map(move |v| v[row])).collect(),
            code_count: codes.len(),
            codes: (0..rows).flat_map(|row| codes.iter().map(move |v| v[row])).collect(),
            class,
            penalties,
        }
    }

    /// Class of a row.
    pub fn class(&self, row: usize) -> u32 {
        self.class[row]
    }

    /// Squared distance of two rows, with the penalty of the class of the first.
    fn distance(&self, a: usize, b: usize, penalty: f64) -> f64 {
        let mut sum = 0.0;
        let (p, q) = (self.number_count, self.code_count);
        for (x, y) in self.numbers[a * p..(a + 1) * p].iter().zip(&self.numbers[b * p..(b + 1) * p]) {
            let d = x - y;
            sum += match (d.is_nan(), x.is_nan() && y.is_nan()) {
                (false, _) => d * d,
                (true, true) => 0.0,
                (true, false) => penalty,
            };
        }
        let levels = self.codes[a * q..(a + 1) * q].iter().zip(&self.codes[b * q..(b + 1) * q]);
        sum + penalty * levels.filter(|(x, y)| x != y).count() as f64
    }

    /// The `k` rows of `pool` nearest to `row`, itself excluded, nearest first; of equally near ones the
    /// first in the table.
    pub fn nearest(&self, row: usize, pool: &[usize], k: usize) -> Vec<usize> {
        let penalty = self.penalty(self.class[row]);
        let mut found: Vec<(f64, usize)> = pool
            .iter()
            .filter(|&&other| other != row)
            .map(|&other| (self.distance(row, other, penalty), other))
            .collect();
        let order =
            |a: &(f64, usize), b: &(f64, usize)| -> Ordering { a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)) };
        if found.len() > k {
            found.select_nth_unstable_by(k, order);
            found.truncate(k);
        }
        found.sort_unstable_by(order);
        found.into_iter().map(|(_, other)| other).collect()
    }

    fn penalty(&self, class: u32) -> f64 {
        self.penalties.binary_search_by_key(&class, |&(code, _)| code).map_or(1.0, |at| self.penalties[at].1)
    }
}

/// Values in units of their standard deviation.
fn scaled(values: &[f64]) -> Vec<f64> {
    let deviation = deviation(|| values.iter().copied());
    let unit = if deviation > 0.0 { deviation } else { 1.0 };
    values.iter().map(|x| x / unit).collect()
}

/// The square of the median, over the numeric columns, of the standard deviation within a class; 1 without
/// numeric columns, where only the number of differences counts.
fn penalty(numbers: &[Vec<f64>], class: &[u32], code: u32) -> f64 {
    let within = |values: &Vec<f64>| {
        deviation(|| values.iter().zip(class).filter(|&(_, &c)| c == code).map(|(&x, _)| x))
    };
    let mut deviations: Vec<f64> = numbers.iter().map(within).collect();
    deviations.sort_unstable_by(f64::total_cmp);
    let n = deviations.len();
    let median = match n {
        0 => 1.0,
        _ => 0.5 * (deviations[(n - 1) / 2] + deviations[n / 2]),
    };
    median * median
}

/// Population standard deviation of the values that are there; 0 if there is none.
fn deviation<I: Iterator<Item = f64>>(values: impl Fn() -> I) -> f64 {
    let present = || values().filter(|x| !x.is_nan());
    let n = present().count().max(1) as f64;
    let mean = present().sum::<f64>() / n;
    (present().map(|x| (x - mean) * (x - mean)).sum::<f64>() / n).sqrt()
}
