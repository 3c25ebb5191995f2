//! What to prepare, and how.

use serde::{Deserialize, Serialize};

use crate::ecg::beats::{BeatOptions, Compat};
use crate::ecg::error::{EcgError, require};
use crate::ecg::labels::LabelMap;
use crate::ecg::patients::Patients;
use crate::ecg::quality::QualityOptions;
use crate::ecg::split::{Shares, SplitFile};
use crate::formats::{ReadOptions, Source};

/// What to do with recordings of which most beats are paced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Paced {
    /// Leave them out, and say so: the rule of ANSI/AAMI EC57 (102, 104, 107 and 217 of the MIT-BIH database).
    #[default]
    LeaveOut,
    /// Treat them like any other.
    Keep,
}

/// The recordings and what is known about them.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    /// The files, as [`discover`](crate::formats::discover) lists them; beats are numbered in this order.
    pub files: Vec<Source>,
    /// How to read them.
    pub read: ReadOptions,
    /// What beats are called.
    pub labels: LabelMap,
    /// Which recordings are of one person.
    pub patients: Patients,
    /// The split, or none to have one dealt.
    pub split: Option<SplitFile>,
}

/// Parameters of the preparation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PrepareOptions {
    /// How beats are found and cut out.
    pub beats: BeatOptions,
    /// When a beat is called noise.
    pub quality: QualityOptions,
    /// Beats on either side of the middle one of a context window.
    pub context_radius: usize,
    /// Whether `context_windows.npz` holds the waves of all slots (`X`), five times `beats.npy`, besides their
    /// numbers.
    pub window_waves: bool,
    /// Shares of the sides when no split is given.
    pub shares: Shares,
    /// Recordings of pacemakers.
    pub paced: Paced,
    /// Principal components of the waves among the features, at most.
    pub components: usize,
    /// Label-free clusters of all beats, each of which gives a prototype; at most.
    pub clusters: usize,
    /// Starts of each clustering, the best of which is kept.
    pub restarts: usize,
}

impl Default for PrepareOptions {
    fn default() -> Self {
        Self {
            beats: BeatOptions::default(),
            quality: QualityOptions::default(),
            context_radius: 2,
            window_waves: false,
            shares: Shares::default(),
            paced: Paced::LeaveOut,
            components: 24,
            clusters: 20,
            restarts: 3,
        }
    }
}

impl PrepareOptions {
    /// The literal steps of the first description, [`Compat::Spec`].
    pub fn spec() -> Self {
        Self {
            beats: BeatOptions::spec(),
            window_waves: true,
            paced: Paced::Keep,
            restarts: 20,
            ..Self::default()
        }
    }

    /// Corrected or literal.
    pub fn compat(&self) -> Compat {
        self.beats.compat
    }

    /// Whether the options are in range.
    pub fn check(&self) -> Result<(), EcgError> {
        self.beats.check()?;
        self.quality.check()?;
        self.shares.check()?;
        require(self.context_radius <= 50, "context_radius", self.context_radius, "at most 50")?;
        require((1..=200).contains(&self.components), "components", self.components, "from 1 to 200")?;
        require((2..=1000).contains(&self.clusters), "clusters", self.clusters, "from 2 to 1000")?;
        require((1..=100).contains(&self.restarts), "restarts", self.restarts, "from 1 to 100")
    }
}
