//! Numbers as normal scores, and back: the probability-integral transform of networks that like bell shapes.

use paucal_data::{Kind, Table, Values};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::{Marginal, Marginals, Plan, gauss};
use crate::error::TableError;

/// Closest that a probability comes to 0 and 1.
const EDGE: f64 = 1.19e-7;

/// `z = Φ⁻¹(F(x))` of every column that is learnt as a number.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NormalScores {
    marginals: Vec<Option<Marginal>>,
    /// Largest score.
    reach: f64,
}

impl NormalScores {
    /// Estimates the distribution of every number in the training table of `plan`. Empirical distributions end at the
    /// outermost rows, whose place is then `Φ⁻¹(1 − 1/2n)`; the others say themselves how far out a row is.
    pub fn fit(plan: &Plan, train: &Table, how: Marginals) -> Self {
        let edge = match how {
            Marginals::Empirical => (0.5 / plan.rows() as f64).max(EDGE),
            Marginals::Parametric | Marginals::Closest => EDGE,
        };
        Self { marginals: plan.marginals(train, how), reach: gauss::quantile(1.0 - edge) }
    }

    /// Scores lie in ± this.
    pub fn reach(&self) -> f64 {
        self.reach
    }

    /// The score of a value of a column; missing stays missing. 0 in a column that is not learnt as a number.
    pub fn score(&self, column: usize, x: f64) -> f64 {
        match &self.marginals[column] {
            Some(_) if x.is_nan() => x,
            Some(marginal) => gauss::quantile(marginal.cdf(x)).clamp(-self.reach, self.reach),
            None => 0.0,
        }
    }

    /// The value of a score; missing stays missing. Scores beyond the reach give the ends of the range.
    pub fn value(&self, column: usize, z: f64) -> f64 {
        match &self.marginals[column] {
            Some(_) if z.is_nan() => z,
            Some(marginal) => marginal.quantile(gauss::cdf(z)),
            None => 0.0,
        }
    }

    /// Whether there is one entry for each column of a plan and one for each of its numbers.
    pub fn fits(&self, plan: &Plan) -> bool {
        self.marginals.len() == plan.treatments().len()
            && (0..self.marginals.len())
                .all(|column| self.marginals[column].is_some() == plan.numbers(column).is_some())
    }

    /// The table with every number replaced by its score; all else as it is.
    pub fn transform(&self, plan: &Plan, table: &Table) -> Result<Table, TableError> {
        plan.check(table)?;
        let mut schema = table.schema().clone();
        for (column, spec) in schema.columns.iter_mut().enumerate() {
            if plan.numbers(column).is_some() {
                spec.kind = Kind::Numeric { decimals: None };
            }
        }
        let transform = |column: usize| match (plan.numbers(column), table.at(column).values) {
            (Some(_), Values::Number(values)) => {
                Values::Number(values.iter().map(|&x| self.score(column, x)).collect())
            }
            (_, values) => values.clone(),
        };
        let values = (0..schema.columns.len()).into_par_iter().map(transform).collect();
        Ok(Table::new(schema, values)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::dirty;
    use paucal_core::Silent;

    #[test]
    fn scores_are_bell_shaped_and_come_back() {
        let train = dirty(600);
        let plan = Plan::new(&train, &Silent::new()).unwrap();
        for how in [Marginals::Empirical, Marginals::Parametric, Marginals::Closest] {
            let scores = NormalScores::fit(&plan, &train, how);
            assert!(scores.fits(&plan));
            let transformed = scores.transform(&plan, &train).unwrap();
            for name in ["age", "lab", "seen"] {
                let column = train.schema().index(name).unwrap();
                let format = plan.numbers(column).unwrap().format;
                let (x, z) = (train.at(column).numbers().unwrap(), transformed.at(column).numbers().unwrap());
                let present: Vec<f64> = z.iter().copied().filter(|z| !z.is_nan()).collect();
                let n = present.len() as f64;
                let square = present.iter().map(|z| z * z).sum::<f64>() / n;
                assert!((square - 1.0).abs() < 0.35, "{how:?} {name}: {square}");
                for (x, z) in x.iter().zip(z) {
                    let back = scores.value(column, *z);
                    assert_eq!(x.is_nan(), back.is_nan());
                    assert!(
                        x.is_nan() || (back - x).abs() <= 0.1 * format.range(),
                        "{how:?} {name}: {x} {back}"
                    );
                }
            }
            assert_eq!(transformed.at(0).values, train.at(0).values);
        }
    }
}
