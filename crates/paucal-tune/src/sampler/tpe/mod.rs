//! Tree-structured Parzen estimator: draws candidates near the good trials and takes the one that is most unlike the
//! others.
//!
//! Bergstra, Bardenet, Bengio and Kégl (2011), *Algorithms for Hyper-Parameter Optimization*, NeurIPS; with the choices
//! that Watanabe (2023, arXiv 2304.11127) recommends and Optuna 5 has by default: the best tenth of the trials (25 at
//! most) are good, all parameters are drawn jointly, kernels are as wide as the larger gap to a neighbour but no narrower
//! than the domain over the number of kernels, observations beyond the latest 25 fade, and running trials count among
//! the others.
//!
//! Parameters that always occur together form a group and are drawn jointly from the trials that have them; ranges that
//! have changed since are drawn on their own.

mod parzen;
mod split;
pub(crate) mod truncated;

use std::collections::BTreeMap;

use paucal_core::Stream;

use super::random::uniform;
use super::{History, Sampler};
use crate::distribution::Distribution;
use crate::space::Space;
use crate::trial::{State, Trial};

pub use parzen::Parzen;

/// The sampler and its parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tpe {
    /// Finished trials before which draws are uniform.
    pub startup: usize,
    /// Candidates per draw.
    pub candidates: usize,
}

impl Default for Tpe {
    fn default() -> Self {
        Self { startup: 10, candidates: 24 }
    }
}

impl Sampler for Tpe {
    fn name(&self) -> &'static str {
        "tpe"
    }

    fn propose(&self, history: &History<'_>, space: &Space, stream: &mut Stream) -> BTreeMap<String, f64> {
        let finished = |t: &&Trial| matches!(t.state, State::Complete | State::Pruned);
        let finished: Vec<&Trial> = history.trials.iter().filter(finished).collect();
        let mut values = BTreeMap::new();
        let mut left: Vec<(&str, &Distribution)> = Vec::new();
        for dimension in space.dimensions() {
            if finished.len() < self.startup || dimension.distribution.is_single() {
                values.insert(dimension.name.clone(), uniform(&dimension.distribution, stream));
            } else {
                left.push((&dimension.name, &dimension.distribution));
            }
        }
        for group in groups(&finished, &left) {
            values.extend(self.draw(history, &group, stream));
        }
        values
    }
}

impl Tpe {
    /// The best of some candidates for the parameters of a group.
    fn draw(
        self,
        history: &History<'_>,
        group: &[(&str, &Distribution)],
        stream: &mut Stream,
    ) -> BTreeMap<String, f64> {
        let (good, others) = densities(history, group);
        let mut best: Option<(f64, BTreeMap<String, f64>)> = None;
        for _ in 0..self.candidates.max(1) {
            let candidate = good.draw(stream);
            let score = good.ln_density(&candidate) - others.ln_density(&candidate);
            if best.as_ref().is_none_or(|(highest, _)| score > *highest) {
                best = Some((score, candidate));
            }
        }
        best.map(|(_, candidate)| candidate).unwrap_or_default()
    }
}

/// The densities of the good trials and of the others over some parameters; trials without one of them do not count.
pub fn densities(history: &History<'_>, group: &[(&str, &Distribution)]) -> (Parzen, Parzen) {
    let (good, others) = split::split(history.trials, history.direction);
    let density = |trials: &[&Trial]| {
        let observed: Vec<BTreeMap<String, f64>> =
            trials.iter().filter_map(|t| observation(t, group)).collect();
        Parzen::new(group, &observed)
    };
    (density(&good), density(&others))
}

/// The values of a trial in today's ranges, if it has them all.
fn observation(trial: &Trial, group: &[(&str, &Distribution)]) -> Option<BTreeMap<String, f64>> {
    let value = |&(name, today): &(&str, &Distribution)| {
        let parameter = trial.parameters.get(name)?;
        Some((name.to_owned(), today.internal(&parameter.value())?))
    };
    group.iter().map(value).collect()
}

/// Splits parameters into groups that occur in the same trials with the same ranges as now. A parameter without any
/// such trial is alone.
fn groups<'a>(
    finished: &[&Trial],
    space: &[(&'a str, &'a Distribution)],
) -> Vec<Vec<(&'a str, &'a Distribution)>> {
    let presence = |&(name, distribution): &(&str, &Distribution)| -> Vec<bool> {
        let same = |t: &&Trial| t.parameters.get(name).is_some_and(|p| p.distribution == *distribution);
        finished.iter().map(same).collect()
    };
    let mut groups: Vec<(Vec<bool>, Vec<(&str, &Distribution)>)> = Vec::new();
    for parameter in space {
        let present = presence(parameter);
        let known = present.contains(&true);
        match groups.iter_mut().find(|(pattern, _)| known && *pattern == present) {
            Some((_, group)) => group.push(*parameter),
            None => groups.push((present, vec![*parameter])),
        }
    }
    groups.into_iter().map(|(_, group)| group).collect()
}
