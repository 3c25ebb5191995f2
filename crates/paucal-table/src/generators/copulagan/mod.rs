//! CopulaGAN: CTGAN on normal scores.
//!
//! A variant of CTGAN (Xu et al. 2019, arXiv 1907.00503) that the Synthetic Data Vault made known (Patki, Wedge and
//! Veeramachaneni 2016, DSAA): every number x is replaced by `z = Φ⁻¹(F(x))` with its column's estimated distribution
//! F, and CTGAN learns the table of scores, mode normalisation and all. Drawn scores go back through F⁻¹. Skewed and
//! long-tailed columns become bells, so that the network has only the relations left to learn. Everything that is said
//! of [CTGAN](super::ctgan) holds here too, and it is CTGAN's own code that runs. Differences from that program:
//!
//! - F is the candidate closest to the column in the Kolmogorov–Smirnov distance; a four-parameter beta by maximum
//!   likelihood, which is the default there, is ill-conditioned on skewed columns. A column of few values keeps its
//!   exact shares.
//! - With empirical distributions, scores end at the place of the outermost row, so that none becomes an outlier.
//! - With `hold_out`, distributions are estimated from all rows; only the networks do not see the held-out ones.

mod fitted;

use paucal_core::Silent;
use paucal_data::Table;
use paucal_tune::{Distribution, Space};
use serde::{Deserialize, Serialize};

use super::ctgan::Ctgan;
use crate::error::TableError;
use crate::generator::{Facts, FitContext, FittedGenerator, Generator, Method, Parameter};
use crate::parameters::Parameters;
use crate::transform::{Marginals, NormalScores, Plan};

pub use fitted::FittedCopulaGan;

const NAME: &str = "copulagan";

/// The line of the registry.
pub(super) const METHOD: Method = Method {
    name: NAME,
    title: "CopulaGAN",
    paper: "Xu, Skoularidou, Cuesta-Infante and Veeramachaneni 2019 (arXiv 1907.00503), on normal scores as in the \
            Synthetic Data Vault",
    summary: "CTGAN after every number has been bent into a bell shape by its own distribution. For tables with skewed \
              or long-tailed measurements, on which CTGAN spends its steps learning the shapes.",
    parameters: CopulaGan::LIST,
    space,
    build: |table| Ok(Box::new(CopulaGan::parse(table)?)),
    load: |artefact| Ok(Box::new(FittedCopulaGan::load(artefact)?)),
};

/// The generator and its parameters.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CopulaGan {
    /// How numeric columns are estimated.
    pub marginals: Marginals,
    /// CTGAN's parameters.
    #[serde(flatten)]
    pub ctgan: Ctgan,
}

impl Default for CopulaGan {
    fn default() -> Self {
        Self { marginals: Marginals::Closest, ctgan: Ctgan::default() }
    }
}

/// The one parameter that CTGAN does not have.
const MARGINALS: Parameter = Parameter {
    name: "marginals",
    default: "\"closest\"",
    meaning: "distribution of a number: \"closest\" of normal, log-normal, gamma, beta and kernel density; \
              \"parametric\", without the kernel density; \"empirical\", smoothed quantiles",
};

/// That parameter and CTGAN's.
const LIST: [Parameter; Ctgan::LIST.len() + 1] = {
    let mut all = [MARGINALS; Ctgan::LIST.len() + 1];
    let mut i = 0;
    while i < Ctgan::LIST.len() {
        all[i + 1] = Ctgan::LIST[i];
        i += 1;
    }
    all
};

/// CTGAN's, and the family of the marginals.
fn space(facts: &Facts) -> Space {
    super::ctgan::space(facts).with(
        "marginals",
        Distribution::choice(["closest", "parametric", "empirical"]),
        "a fitted distribution is smoother in small tables, quantiles follow any shape",
    )
}

impl Parameters for CopulaGan {
    const METHOD: &'static str = NAME;
    const LIST: &'static [Parameter] = &LIST;

    fn check(&self) -> Result<(), String> {
        self.ctgan.check()
    }

    /// The two parts are read on their own: read as one, complaints about CTGAN's parameters would lose their name.
    fn read(table: toml::Table) -> Result<Self, toml::de::Error> {
        #[derive(Deserialize)]
        struct Own {
            #[serde(default = "closest")]
            marginals: Marginals,
        }
        let (own, ctgan) = table.into_iter().partition::<toml::Table, _>(|(name, _)| name == MARGINALS.name);
        Ok(Self { marginals: own.try_into::<Own>()?.marginals, ctgan: Ctgan::read(ctgan)? })
    }
}

fn closest() -> Marginals {
    Marginals::Closest
}

impl Generator for CopulaGan {
    fn name(&self) -> &'static str {
        NAME
    }

    fn fit(&self, train: &Table, context: &FitContext<'_>) -> Result<Box<dyn FittedGenerator>, TableError> {
        // CTGAN looks at the same columns and gives the warnings.
        let plan = Plan::new(train, &Silent::new())?;
        let scores = NormalScores::fit(&plan, train, self.marginals);
        let context = FitContext {
            seed: context.seed.child(NAME, 0),
            observer: context.observer,
            checkpoint: context.checkpoint.clone(),
        };
        let ctgan = self.ctgan.learn(NAME, &scores.transform(&plan, train)?, &context)?;
        Ok(Box::new(FittedCopulaGan { plan, scores, ctgan }))
    }
}
