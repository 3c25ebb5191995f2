//! From values to pixels, and the ticks on the way.

use crate::number;

/// How ticks are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TickText {
    /// As numbers.
    #[default]
    Number,
    /// Shares as percentages.
    Percent,
    /// With a sign: differences.
    Signed,
}

/// One axis: its range, its ticks and how they are written.
#[derive(Debug, Clone, PartialEq)]
pub struct Scale {
    low: f64,
    high: f64,
    log: bool,
    ticks: Vec<f64>,
    text: TickText,
}

impl Scale {
    /// A linear axis widened to full ticks around the values.
    pub fn around(values: impl IntoIterator<Item = f64>, ticks: usize) -> Self {
        let (low, high) = extent(values).unwrap_or((0.0, 1.0));
        let (low, high) = widened(low, high);
        let step = nice_step((high - low) / ticks.max(1) as f64);
        Self::stepped((low / step).floor() * step, (high / step).ceil() * step, step)
    }

    /// A linear axis that covers the values with a little air and ticks within.
    pub fn close(values: impl IntoIterator<Item = f64>, ticks: usize) -> Self {
        let (low, high) = extent(values).unwrap_or((0.0, 1.0));
        let (low, high) = widened(low, high);
        let air = (high - low) * 0.04;
        Self::fixed(low - air, high + air, ticks)
    }

    /// A linear axis from `low` to `high` with about `ticks` ticks within.
    pub fn fixed(low: f64, high: f64, ticks: usize) -> Self {
        let (low, high) = if low.is_finite() && high.is_finite() { widened(low, high) } else { (0.0, 1.0) };
        let step = nice_step((high - low) / ticks.max(1) as f64);
        let mut scale = Self::stepped(low, high, step);
        let slack = step * 1e-6;
        scale.ticks.retain(|t| *t >= low - slack && *t <= high + slack);
        scale
    }

    /// A logarithmic axis around the positive values, from full power of ten to full power of ten.
    pub fn log_around(values: impl IntoIterator<Item = f64>) -> Self {
        // Beyond these a power of ten is no longer a number.
        let positive = values.into_iter().filter(|v| (1e-300..=1e300).contains(v));
        let (low, high) = extent(positive).unwrap_or((1.0, 10.0));
        let (from, to) = (low.log10().floor() as i32, (high.log10().ceil() as i32));
        let to = to.max(from + 1);
        let stride = ((to - from) as usize).div_ceil(6);
        let ticks = (from..=to).step_by(stride).map(|e| 10f64.powi(e)).collect();
        Self { low: 10f64.powi(from), high: 10f64.powi(to), log: true, ticks, text: TickText::Number }
    }

    /// With ticks written otherwise.
    pub fn text(mut self, text: TickText) -> Self {
        self.text = text;
        self
    }

    fn stepped(low: f64, high: f64, step: f64) -> Self {
        let first = (low / step).ceil() as i64;
        let last = (high / step).floor() as i64;
        // Multiples of the step, so that rounding errors do not add up.
        let ticks = (first..=last.min(first.saturating_add(50))).map(|i| i as f64 * step).collect();
        Self { low, high, log: false, ticks, text: TickText::Number }
    }

    /// Lower end.
    pub fn low(&self) -> f64 {
        self.low
    }

    /// Upper end.
    pub fn high(&self) -> f64 {
        self.high
    }

    /// Where a value stands, 0 at the lower end and 1 at the upper.
    pub fn share(&self, value: f64) -> f64 {
        if self.log {
            let value = value.max(self.low * 1e-3);
            return (value / self.low).log10() / (self.high / self.low).log10();
        }
        (value - self.low) / (self.high - self.low)
    }

    /// Whether a value lies on the axis.
    pub fn contains(&self, value: f64) -> bool {
        (-1e-9..=1.0 + 1e-9).contains(&self.share(value))
    }

    /// The ticks.
    pub fn ticks(&self) -> &[f64] {
        &self.ticks
    }

    /// The words of a tick.
    pub fn tick_text(&self, tick: f64) -> String {
        if self.log {
            return if (1e-3..1e5).contains(&tick) {
                number::significant(tick, 1)
            } else {
                number::significant(tick, 1).replace("1 × ", "")
            };
        }
        let step = match self.ticks[..] {
            [a, b, ..] => (b - a).abs(),
            _ => (self.high - self.low).abs(),
        };
        let step = if self.text == TickText::Percent { step * 100.0 } else { step };
        let decimals = decimals_of_step(step);
        if decimals > 6 || tick.abs() >= 1e7 {
            return number::significant(tick, 3);
        }
        match self.text {
            TickText::Number => number::fixed(tick, decimals),
            TickText::Percent => number::percent(tick, decimals),
            TickText::Signed => number::signed(tick, decimals),
        }
    }
}

/// Least and greatest finite value.
fn extent(values: impl IntoIterator<Item = f64>) -> Option<(f64, f64)> {
    values.into_iter().filter(|v| v.is_finite()).fold(None, |range, v| match range {
        None => Some((v, v)),
        Some((low, high)) => Some((f64::min(low, v), f64::max(high, v))),
    })
}

/// A range with some width.
fn widened(low: f64, high: f64) -> (f64, f64) {
    let (low, high) = (low.clamp(-1e300, 1e300), high.clamp(-1e300, 1e300));
    let least = (low.abs().max(high.abs()) * 1e-9).max(1e-12);
    if high - low > least {
        return (low, high);
    }
    let half = if low == 0.0 { 0.5 } else { low.abs() * 0.1 };
    (low - half, high + half)
}

/// The step of 1, 2, 2.5 or 5 times a power of ten next above `raw`.
fn nice_step(raw: f64) -> f64 {
    let power = 10f64.powf(raw.log10().floor());
    let factor = [1.0, 2.0, 2.5, 5.0].into_iter().find(|f| raw <= f * power * (1.0 + 1e-9));
    power * factor.unwrap_or(10.0)
}

/// Decimals that show every multiple of a step.
fn decimals_of_step(step: f64) -> usize {
    (0..10)
        .find(|d| {
            let scaled = step * 10f64.powi(*d);
            (scaled - scaled.round()).abs() < 1e-6 * scaled.max(1.0)
        })
        .unwrap_or(10) as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn words(scale: &Scale) -> Vec<String> {
        scale.ticks().iter().map(|t| scale.tick_text(*t)).collect()
    }

    #[test]
    fn ticks_are_round_and_written_alike() {
        assert_eq!(words(&Scale::around([0.12, 0.93], 5)), ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]);
        assert_eq!(words(&Scale::fixed(-0.031, 0.012, 4)), ["−0.02", "0.00"]);
        assert_eq!(
            words(&Scale::fixed(0.0, 1.0, 4).text(TickText::Percent)),
            ["0%", "25%", "50%", "75%", "100%"]
        );
        assert_eq!(words(&Scale::around([0.0, 12_000.0], 3)), ["0", "5,000", "10,000", "15,000"]);
        assert_eq!(words(&Scale::log_around([0.02, 30.0])), ["0.01", "0.1", "1", "10", "100"]);
    }

    proptest! {
        #[test]
        fn any_data_gives_an_axis(values in prop::collection::vec(any::<f64>(), 0..6), ticks in 0usize..12) {
            for scale in [
                Scale::around(values.clone(), ticks),
                Scale::close(values.clone(), ticks),
                Scale::log_around(values.clone()),
            ] {
                prop_assert!(scale.low() < scale.high());
                prop_assert!(scale.ticks().len() <= 51);
                for tick in scale.ticks() {
                    prop_assert!(!scale.tick_text(*tick).is_empty());
                }
            }
        }
    }
}
