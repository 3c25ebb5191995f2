//! Who is best, and is it more than luck?
//!
//! Ranks are taken within each table, 1 is best; a generator that failed there is last. The ranking is by mean rank over
//! the tables. From [`MANY`] tables on its intervals are also over tables, as if others of their kind had been drawn; with
//! fewer they hold for these tables only.

use paucal_core::Seed;
use paucal_evidence::significance::holm;
use paucal_metrics::interval::Interval;
use serde::{Deserialize, Serialize};

use super::entry::Entry;
use super::replicates::interval;

/// Holm-corrected p-values below this are called significant.
pub const SIGNIFICANT: f64 = 0.05;
/// Tables from which on intervals are over tables too.
const MANY: usize = 5;

/// A generator over all tables.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Rank {
    /// Name of the generator.
    pub model: String,
    /// Mean rank over the tables, 1 is best.
    pub mean_rank: f64,
    /// Its interval.
    pub mean_rank_interval: Option<Interval>,
    /// Mean objective over the tables on which it did not fail.
    pub objective: Option<f64>,
    /// Its interval.
    pub objective_interval: Option<Interval>,
    /// Share of the replicates in which it has the best mean rank.
    pub first_share: f64,
    /// Tables on which its objective is the best.
    pub wins: usize,
    /// Tables on which it failed.
    pub failures: usize,
}

/// A generator against the best.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Difference {
    /// Name of the table; `None` for the mean over all tables.
    pub data: Option<String>,
    /// The generator.
    pub model: String,
    /// The best, with which it is compared.
    pub best: String,
    /// Its objective less that of the best.
    pub difference: f64,
    /// The interval, paired over patients.
    pub interval: Option<Interval>,
    /// Twice the smaller share of replicates on one side of zero.
    pub p: f64,
    /// Corrected by Holm's method over the generators of the table.
    pub p_holm: f64,
}

/// The objectives of all entries, by generator and table, with their replicates.
pub struct Board<'a> {
    models: Vec<&'a str>,
    data: Vec<&'a str>,
    /// By generator, then table; `None` where it failed.
    values: Vec<Vec<Option<f64>>>,
    replicates: Vec<Vec<&'a [Option<f64>]>>,
    resamples: usize,
}

impl<'a> Board<'a> {
    /// From all entries.
    pub fn new(entries: &'a [Entry], resamples: usize) -> Self {
        let (mut models, mut data): (Vec<&str>, Vec<&str>) = (Vec::new(), Vec::new());
        for entry in entries {
            for (list, name) in [(&mut models, &entry.row.model), (&mut data, &entry.row.data)] {
                if !list.contains(&name.as_str()) {
                    list.push(name);
                }
            }
        }
        let find =
            |model: &str, name: &str| entries.iter().find(|e| e.row.model == model && e.row.data == name);
        let value = |entry: &Entry| entry.row.scores.as_ref().and_then(|s| s.objective.score.value());
        let per = |model: &&'a str| data.iter().map(|name| find(model, name).and_then(value)).collect();
        let drawn = |model: &&'a str| {
            data.iter().map(|name| find(model, name).map_or(&[][..], |e| e.replicates.objective())).collect()
        };
        Self {
            values: models.iter().map(per).collect(),
            replicates: models.iter().map(drawn).collect(),
            models,
            data,
            resamples,
        }
    }

    /// The generator with the best objective on a table.
    pub fn best(&self, data: &str) -> Option<String> {
        let at = self.data.iter().position(|name| *name == data)?;
        self.best_at(at).map(|model| self.models[model].to_owned())
    }

    fn best_at(&self, data: usize) -> Option<usize> {
        let scored = (0..self.models.len()).filter_map(|m| Some((m, self.values[m][data]?)));
        scored.max_by(|a, b| a.1.total_cmp(&b.1).then(b.0.cmp(&a.0))).map(|(model, _)| model)
    }

    /// Mean objective over the tables, if it failed on none.
    fn whole(&self, values: impl Iterator<Item = Option<f64>>) -> Option<f64> {
        let sum = values.sum::<Option<f64>>()?;
        Some(sum / self.data.len() as f64)
    }

    /// Every generator against the best of each table and, with several tables, of their mean.
    pub fn differences(&self) -> Vec<Difference> {
        let mut all = Vec::new();
        for data in 0..self.data.len() {
            let Some(best) = self.best_at(data) else { continue };
            let value = |model: usize| self.values[model][data];
            let draw = |model: usize, step: usize| self.replicates[model][data].get(step).copied().flatten();
            all.extend(self.against(Some(self.data[data]), best, &value, &draw));
        }
        if self.data.len() > 1 {
            let value = |model: usize| self.whole(self.values[model].iter().copied());
            let draw = |model: usize, step: usize| {
                self.whole(self.replicates[model].iter().map(|values| values.get(step).copied().flatten()))
            };
            let scored = (0..self.models.len()).filter_map(|m| Some((m, value(m)?)));
            if let Some((best, _)) = scored.max_by(|a, b| a.1.total_cmp(&b.1).then(b.0.cmp(&a.0))) {
                all.extend(self.against(None, best, &value, &draw));
            }
        }
        all
    }

    fn against(
        &self,
        data: Option<&str>,
        best: usize,
        value: &dyn Fn(usize) -> Option<f64>,
        draw: &dyn Fn(usize, usize) -> Option<f64>,
    ) -> Vec<Difference> {
        let others = (0..self.models.len()).filter(|&model| model != best);
        let mut found: Vec<Difference> = others
            .filter_map(|model| {
                let drawn: Vec<Option<f64>> =
                    (0..self.resamples).map(|step| Some(draw(model, step)? - draw(best, step)?)).collect();
                Some(Difference {
                    data: data.map(str::to_owned),
                    model: self.models[model].to_owned(),
                    best: self.models[best].to_owned(),
                    difference: value(model)? - value(best)?,
                    interval: interval(drawn.iter().copied()),
                    p: two_sided(&drawn),
                    p_holm: 1.0,
                })
            })
            .collect();
        let corrected = holm(&found.iter().map(|d| d.p).collect::<Vec<_>>());
        found.iter_mut().zip(corrected).for_each(|(d, p)| d.p_holm = p);
        found
    }

    /// The generators by mean rank, and what their intervals are over.
    pub fn ranking(&self, seed: Seed) -> (Vec<Rank>, String) {
        let tables = self.data.len();
        let over_tables = tables >= MANY;
        let own: Vec<usize> = (0..tables).collect();
        let drawn: Vec<(Vec<f64>, Vec<Option<f64>>)> = (0..self.resamples)
            .map(|step| {
                let mut stream = seed.stream("compare/tables", step as u64);
                let chosen: Vec<usize> = if over_tables {
                    own.iter().map(|_| stream.index(tables)).collect()
                } else {
                    own.clone()
                };
                let value =
                    |model: usize, data: usize| self.replicates[model][data].get(step).copied().flatten();
                (self.mean_ranks(&chosen, &value), self.means(&chosen, &value))
            })
            .collect();
        let value = |model: usize, data: usize| self.values[model][data];
        let ranks = self.mean_ranks(&own, &value);
        let means = self.means(&own, &value);
        let firsts = |model: usize| {
            let first = |ranks: &[f64]| {
                let best = ranks.iter().copied().fold(f64::INFINITY, f64::min);
                let tied = ranks.iter().filter(|r| **r == best).count() as f64;
                if ranks[model] == best { 1.0 / tied } else { 0.0 }
            };
            drawn.iter().map(|(ranks, _)| first(ranks)).sum::<f64>() / drawn.len().max(1) as f64
        };
        let mut list: Vec<Rank> = (0..self.models.len())
            .map(|model| Rank {
                model: self.models[model].to_owned(),
                mean_rank: ranks[model],
                mean_rank_interval: interval(drawn.iter().map(|(ranks, _)| Some(ranks[model]))),
                objective: means[model],
                objective_interval: interval(drawn.iter().map(|(_, means)| means[model])),
                first_share: firsts(model),
                wins: (0..tables).filter(|&data| self.best_at(data) == Some(model)).count(),
                failures: self.values[model].iter().filter(|v| v.is_none()).count(),
            })
            .collect();
        let objective = |rank: &Rank| rank.objective.unwrap_or(f64::NEG_INFINITY);
        list.sort_by(|a, b| a.mean_rank.total_cmp(&b.mean_rank).then(objective(b).total_cmp(&objective(a))));
        let over =
            if over_tables { "tables, patients and seeds" } else { "patients and seeds, on these tables" };
        (list, over.to_owned())
    }

    /// Mean rank of each generator over the chosen tables; ties share their ranks, failures are last.
    fn mean_ranks(&self, chosen: &[usize], value: &dyn Fn(usize, usize) -> Option<f64>) -> Vec<f64> {
        let models = self.models.len();
        let mut sums = vec![0.0; models];
        for &data in chosen {
            let scores: Vec<f64> = (0..models).map(|m| value(m, data).unwrap_or(f64::NEG_INFINITY)).collect();
            for (model, sum) in sums.iter_mut().enumerate() {
                let better = scores.iter().filter(|s| **s > scores[model]).count() as f64;
                let tied = scores.iter().filter(|s| **s == scores[model]).count() as f64;
                // Tied generators share the mean of the ranks better + 1 … better + tied.
                *sum += better + f64::midpoint(1.0, tied);
            }
        }
        sums.iter().map(|sum| sum / chosen.len().max(1) as f64).collect()
    }

    /// Mean objective of each generator over those of the chosen tables on which it has one.
    fn means(&self, chosen: &[usize], value: &dyn Fn(usize, usize) -> Option<f64>) -> Vec<Option<f64>> {
        let mean = |model: usize| {
            let known: Vec<f64> = chosen.iter().filter_map(|&data| value(model, data)).collect();
            (!known.is_empty()).then(|| known.iter().sum::<f64>() / known.len() as f64)
        };
        (0..self.models.len()).map(mean).collect()
    }
}

/// The bootstrap's two-sided p-value that the difference is zero: never 0, because no number of replicates can show that.
fn two_sided(drawn: &[Option<f64>]) -> f64 {
    let defined: Vec<f64> = drawn.iter().copied().flatten().collect();
    let n = defined.len() as f64;
    let below = defined.iter().filter(|d| **d <= 0.0).count() as f64;
    let above = defined.iter().filter(|d| **d >= 0.0).count() as f64;
    (2.0 * (below.min(above) + 1.0) / (n + 1.0)).min(1.0)
}
