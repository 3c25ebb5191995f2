//! The distribution of one numeric column: what copulas map to and from normal scores.

mod families;
mod kernel;
mod quantiles;

use serde::{Deserialize, Serialize};

pub use families::Family;
pub use quantiles::Quantiles;

/// How marginals are estimated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Marginals {
    /// The smoothed empirical quantile function: follows any shape, up to 100 knots.
    #[default]
    Empirical,
    /// The one of normal, log-normal, gamma and bounded beta with the smallest Kolmogorov–Smirnov distance.
    Parametric,
    /// The closest of those and a Gaussian kernel density, which follows several humps. Columns of few values keep
    /// their exact shares.
    Closest,
}

/// One numeric column as a distribution between its smallest and largest training value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Marginal {
    /// Where it comes from.
    family: Family,
    /// Its quantile function, tabulated.
    table: Quantiles,
}

impl Marginal {
    /// Estimates the marginal of finite values in any order, of which there must be one.
    pub fn fit(values: &[f64], how: Marginals) -> Self {
        let mut sorted = values.to_vec();
        sorted.sort_unstable_by(f64::total_cmp);
        match how {
            Marginals::Empirical => Self { family: Family::Empirical, table: Quantiles::empirical(&sorted) },
            Marginals::Parametric => {
                let family = Family::choose(&sorted);
                Self { family, table: family.table(&sorted) }
            }
            Marginals::Closest => {
                let family = Family::closest(&sorted);
                Self { family, table: family.table(&sorted) }
            }
        }
    }

    /// Where it comes from.
    pub fn family(&self) -> Family {
        self.family
    }

    /// F(x), 0 below the range and 1 above; the middle of the step at a value that many rows share.
    pub fn cdf(&self, x: f64) -> f64 {
        self.table.cdf(x)
    }

    /// F⁻¹(p) for p in 0 to 1.
    pub fn quantile(&self, p: f64) -> f64 {
        self.table.quantile(p)
    }
}
