//! What is computed, and the last means for rows that break something after many draws.

use paucal_core::Seed;
use paucal_data::constraints::{Edge, Rules};
use paucal_data::{MISSING, Values};

use super::combine::codes;
use super::gap::{numbers, raised, step};
use super::recoding::{Coding, Recoding, tuple};
use crate::condition::Conditions;

/// Fills the computed columns of some rows.
pub(super) fn compute(rules: &Rules, values: &mut [Values], rows: impl Iterator<Item = usize>) {
    for row in rows {
        for computed in &rules.computed {
            let value = computed.value(values, row);
            match &mut values[computed.column] {
                Values::Number(numbers) => numbers[row] = value,
                Values::Code(codes) => {
                    codes[row] = if value.is_nan() { MISSING } else { u32::from(value != 0.0) };
                }
                Values::Text(_) => {}
            }
        }
    }
}

impl Recoding {
    /// Whether a row keeps every rule and does not leave the range of the training values.
    pub fn keeps(&self, values: &[Values], row: usize) -> bool {
        let number = |column: usize| match &values[column] {
            Values::Number(numbers) => numbers[row],
            _ => f64::NAN,
        };
        let in_range = |(column, coding): (usize, &Coding)| match coding {
            Coding::Gap(gap) => {
                let x = number(column);
                x.is_nan() || (gap.format.min <= x && x <= gap.format.max)
            }
            _ => true,
        };
        self.rules.limits.iter().all(|limit| limit.holds(number(limit.column)))
            && self.rules.orders.iter().all(|order| order.holds(number(order.low), number(order.high)))
            && self.codings.iter().enumerate().all(in_range)
            && self.rules.combinations.iter().all(|combination| {
                let codes = tuple(values, &combination.columns, row);
                codes.contains(&MISSING) || combination.seen.contains_key(&codes)
            })
    }

    /// Whether some combination has this level beside those that are asked for.
    pub fn allows(&self, column: usize, code: u32, conditions: &Conditions) -> bool {
        self.rules.combinations.iter().filter(|c| c.columns.contains(&column)).all(|combination| {
            let fits = |(&c, &own): (&usize, &u32)| {
                if c == column { own == code } else { conditions.code(c).is_none_or(|asked| asked == own) }
            };
            combination.seen.keys().any(|codes| combination.columns.iter().zip(codes).all(fits))
        })
    }

    /// Changes a row as little as it takes to keep orders, ranges and combinations; conditions stay fulfilled. What is
    /// computed from it may still break a rule.
    pub fn mend(&self, values: &mut [Values], row: usize, conditions: &Conditions, seed: Seed) {
        self.mend_orders(values, row);
        for (index, combination) in self.rules.combinations.iter().enumerate() {
            let now = tuple(values, &combination.columns, row);
            if now.contains(&MISSING) || combination.seen.contains_key(&now) {
                continue;
            }
            // What was asked for stays as it is, and the target if it can.
            let target = self.target().filter(|&t| self.allows(t, codes(values, t)[row], conditions));
            let is_fixed = |column: usize| Some(column) == target || conditions.code(column).is_some();
            let fits = |codes: &[u32]| {
                combination
                    .columns
                    .iter()
                    .zip(codes)
                    .zip(&now)
                    .all(|((&c, code), own)| !is_fixed(c) || code == own)
            };
            let (tuples, weights): (Vec<&Vec<u32>>, Vec<f64>) =
                combination.seen.iter().filter(|(codes, _)| fits(codes)).map(|(c, &n)| (c, n as f64)).unzip();
            if tuples.is_empty() {
                continue;
            }
            let drawn = seed
                .child("constraints/mend", row as u64)
                .stream("combination", index as u64)
                .weighted(&weights);
            for (&column, &code) in combination.columns.iter().zip(tuples[drawn]) {
                if let Values::Code(codes) = &mut values[column] {
                    codes[row] = code;
                }
            }
        }
        compute(&self.rules, values, std::iter::once(row));
    }

    /// Lowers what is too large for what must stand above it, then raises what is too small.
    fn mend_orders(&self, values: &mut [Values], row: usize) {
        let order = self.in_order();
        for &column in order.iter().rev() {
            let Coding::Gap(gap) = &self.codings[column] else { continue };
            if numbers(values, column)[row].is_nan() {
                continue;
            }
            let high = self.highest(column, numbers(values, column)[row]);
            set(values, column, row, high.min(numbers(values, column)[row]));
            for link in self.rules.orders.iter().filter(|o| o.high == column && gap.below.contains(&o.low)) {
                let low = numbers(values, link.low)[row];
                let limit = numbers(values, column)[row];
                let step = step(gap.format.rounding).unwrap_or(1e-9 * limit.abs().max(1e-9));
                let most = if link.strict { limit - step } else { limit };
                if low > most && limit >= high {
                    set(values, link.low, row, most);
                }
            }
        }
        for &column in &order {
            let Coding::Gap(gap) = &self.codings[column] else { continue };
            let own = numbers(values, column)[row];
            let links =
                || self.rules.orders.iter().filter(|o| o.high == column && gap.below.contains(&o.low));
            let base = links().map(|o| numbers(values, o.low)[row]).fold(own, f64::max);
            if !own.is_nan() && base > own {
                let holds = |x: f64| links().all(|o| o.holds(numbers(values, o.low)[row], x));
                let value = raised(base, gap.format.rounding, holds);
                set(values, column, row, value);
            }
        }
    }

    /// The largest value a column may have: of training, or of its range.
    fn highest(&self, column: usize, otherwise: f64) -> f64 {
        let Coding::Gap(gap) = &self.codings[column] else { return otherwise };
        let declared =
            self.rules.limits.iter().find(|limit| limit.column == column).and_then(|limit| limit.high);
        match declared {
            Some(Edge { value, strict: false }) => gap.format.max.min(value),
            // Training rows keep the limit, so their largest value does.
            _ => gap.format.max,
        }
    }

    /// The names of the rules that a row breaks, for an error.
    pub fn broken(&self, values: &[Values], row: usize) -> Vec<String> {
        let take = values.iter().map(|column| column.take(&[row])).collect();
        let Ok(table) = paucal_data::Table::new(self.schema.clone(), take) else { return Vec::new() };
        self.rules.violations(&table).into_iter().map(|violation| violation.rule).collect()
    }
}

fn set(values: &mut [Values], column: usize, row: usize, value: f64) {
    if let Values::Number(numbers) = &mut values[column] {
        numbers[row] = value;
    }
}

/// Whether a row fulfils conditions.
pub(super) fn fulfils(conditions: &Conditions, values: &[Values], row: usize) -> bool {
    conditions.pairs().iter().all(|&(column, code)| codes(values, column)[row] == code)
}
