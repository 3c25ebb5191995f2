//! Parameters that every network has, and what several have in the same words.

use paucal_nn::training::Plan;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::generator::{Parameter, parameter};
use crate::parameters::{at_least, require};
use crate::transform::MissingModel;

/// How a network is judged while it learns, how it takes missing numbers, and where it is computed: a part of the
/// parameters of every network, in which it is flattened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Common {
    /// Share of the rows that judge the training and are not learnt from.
    pub hold_out: f64,
    /// Steps between two judgements.
    pub judge_every: u64,
    /// Judgements without a gain that end the training.
    pub patience: u64,
    /// How missing numbers are modelled.
    pub missing: MissingModel,
    /// Where to compute.
    pub device: String,
}

impl Default for Common {
    fn default() -> Self {
        Self {
            hold_out: 0.0,
            judge_every: 500,
            patience: 0,
            missing: MissingModel::default(),
            device: "cpu".into(),
        }
    }
}

/// [`Common::hold_out`]
pub const HOLD_OUT: Parameter = parameter(
    "hold_out",
    "0.0",
    "share of the rows that is not learnt from but judges the training, to keep its best state; 0 to 0.5",
);
/// [`Common::judge_every`]
pub const JUDGE_EVERY: Parameter =
    parameter("judge_every", "500", "steps between two judgements, at least 1");
/// [`Common::patience`]
pub const PATIENCE: Parameter =
    parameter("patience", "0", "judgements without a gain that end the training; 0: none do");
/// [`Common::missing`]
pub const MISSING: Parameter =
    parameter("missing", "\"joint\"", "missing numbers: \"joint\" with the row, or at \"random\"");
/// [`Common::device`]
pub const DEVICE: Parameter =
    parameter("device", "\"cpu\"", "where to train: cpu, or a GPU this build supports, such as vulkan");

/// Draw wanted levels in training by ln(count + 1).
pub const LOG_FREQUENCY_OF_LEVELS: Parameter = parameter(
    "log_frequency",
    "true",
    "train on levels drawn by ln(count + 1), which shows rare ones more often",
);
/// Draw classes in training by ln(count + 1).
pub const LOG_FREQUENCY_OF_CLASSES: Parameter = parameter(
    "log_frequency",
    "true",
    "train on classes drawn by ln(count + 1), which shows rare ones more often",
);
/// Share of training conditions with several columns.
pub const SEVERAL: Parameter =
    parameter("several", "0.5", "share of training conditions with more than one column, 0 to 1");

/// Weight that a moving average of the weights keeps per step; 0 uses the last weights.
pub const fn average(default: &'static str) -> Parameter {
    parameter("average", default, "what the moving average of the weights keeps per step, 0 (off) to below 1")
}

impl Common {
    const LIST: [Parameter; 5] = [HOLD_OUT, JUDGE_EVERY, PATIENCE, MISSING, DEVICE];

    /// Reads the parameters of a network, of which these are a part. They are read on their own first: in the
    /// whole, where they are flattened, complaints about them would lose their name.
    pub fn read<P: DeserializeOwned>(table: toml::Table) -> Result<P, toml::de::Error> {
        let common = table.iter().filter(|(name, _)| Self::LIST.iter().any(|p| p.name == *name));
        common
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect::<toml::Table>()
            .try_into::<Self>()?;
        table.try_into()
    }

    /// Checks what types cannot.
    pub fn check(&self) -> Result<(), String> {
        require((0.0..=0.5).contains(&self.hold_out), "hold_out", &self.hold_out, "0 to 0.5")?;
        at_least("judge_every", self.judge_every, 1)
    }

    /// The plan of a training of `steps` steps; events call it the fit of `name`.
    pub fn plan(&self, name: &str, steps: u64) -> Plan {
        Plan {
            evaluate_every: self.judge_every,
            patience: self.patience,
            ..Plan::new(&format!("fit {name}"), steps)
        }
    }
}
