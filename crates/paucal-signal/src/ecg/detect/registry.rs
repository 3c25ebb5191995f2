//! Every detector in one slice, for help texts, reference pages and method appendices; and any detector
//! chosen by name.

pub use paucal_core::parameter::Parameter;
use paucal_core::parameter::parameter;
use serde::{Deserialize, Serialize};

use super::{Detector, Gradient, Hamilton, NeuroKit, PanTompkins};

/// A method.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Method {
    /// Name in configurations.
    pub name: &'static str,
    /// Name in prose.
    pub title: &'static str,
    /// Where it comes from.
    pub paper: &'static str,
    /// Its parameters, in the order of the struct.
    pub parameters: &'static [Parameter],
}

/// Every detector, the default first.
pub const METHODS: &[Method] = &[GRADIENT, NEUROKIT, PAN_TOMPKINS, HAMILTON];

const GRADIENT: Method = Method {
    name: Gradient::NAME,
    title: "Gradient activity in the QRS band, with search-back",
    paper: "after Makowski et al. (2021). NeuroKit2. Behavior Research Methods 53, and Pan, Tompkins (1985)",
    parameters: &[
        parameter("low_hz", "8.0", "lower edge of the band of detection"),
        parameter("high_hz", "30.0", "upper edge of both bands"),
        parameter("mark_low_hz", "3.0", "lower edge of the band in which the peak is marked"),
        parameter("smooth_s", "0.1", "window of the activity"),
        parameter("average_s", "2.0", "window of the mean activity"),
        parameter("weight", "1.8", "how many times the mean the activity must reach"),
        parameter("min_length", "0.4", "shortest run, as a share of the mean length"),
        parameter("min_activity", "0.2", "least activity, as a share of the median of 17 neighbours"),
        parameter("search_back", "1.66", "intervals this many times the typical one are searched again"),
        parameter("refractory_s", "0.2", "shortest distance of two beats"),
    ],
};

const NEUROKIT: Method = Method {
    name: NeuroKit::NAME,
    title: "Gradient detector of NeuroKit",
    paper: "Makowski et al. (2021). NeuroKit2. Behavior Research Methods 53",
    parameters: &[
        parameter("smooth_s", "0.1", "window of the activity"),
        parameter("average_s", "0.75", "window of the mean activity"),
        parameter("weight", "1.5", "how many times the mean the activity must reach"),
        parameter("min_length", "0.4", "shortest run, as a share of the mean length"),
        parameter("refractory_s", "0.3", "shortest distance of two beats"),
    ],
};

const PAN_TOMPKINS: Method = Method {
    name: PanTompkins::NAME,
    title: "Pan–Tompkins",
    paper: "Pan, Tompkins (1985). A Real-Time QRS Detection Algorithm. IEEE Trans. Biomedical Engineering 32",
    parameters: &[
        parameter("low_hz", "5.0", "lower edge of the band"),
        parameter("high_hz", "15.0", "upper edge of the band"),
        parameter("integrate_s", "0.15", "window of integration"),
        parameter("search_back", "1.66", "intervals this many times the mean are searched again"),
    ],
};

const HAMILTON: Method = Method {
    name: Hamilton::NAME,
    title: "Hamilton",
    paper: "Hamilton (2002). Open Source ECG Analysis. Computers in Cardiology 29",
    parameters: &[
        parameter("low_hz", "8.0", "lower edge of the band"),
        parameter("high_hz", "16.0", "upper edge of the band"),
        parameter("smooth_s", "0.08", "window of the activity"),
        parameter("threshold", "0.475", "place of the threshold between noise (0) and beats (1)"),
        parameter("search_back", "1.5", "intervals this many times the mean are searched again"),
    ],
};

/// A detector chosen by name in a configuration: `method = "gradient"` beside its parameters.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "method", rename_all = "kebab-case")]
pub enum AnyDetector {
    /// See [`Gradient`].
    Gradient(Gradient),
    /// See [`NeuroKit`].
    #[serde(rename = "neurokit")]
    NeuroKit(NeuroKit),
    /// See [`PanTompkins`].
    PanTompkins(PanTompkins),
    /// See [`Hamilton`].
    Hamilton(Hamilton),
}

impl Default for AnyDetector {
    fn default() -> Self {
        Self::Gradient(Gradient::default())
    }
}

impl AnyDetector {
    /// The detector of that name with its default parameters.
    pub fn named(name: &str) -> Option<Self> {
        Some(match name {
            Gradient::NAME => Self::Gradient(Gradient::default()),
            NeuroKit::NAME => Self::NeuroKit(NeuroKit::default()),
            PanTompkins::NAME => Self::PanTompkins(PanTompkins::default()),
            Hamilton::NAME => Self::Hamilton(Hamilton::default()),
            _ => return None,
        })
    }

    /// The detector behind the name.
    pub fn method(&self) -> &dyn Detector {
        match self {
            Self::Gradient(method) => method,
            Self::NeuroKit(method) => method,
            Self::PanTompkins(method) => method,
            Self::Hamilton(method) => method,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Map, Value, from_str, json, to_value};

    #[test]
    fn the_registry_states_the_true_defaults() {
        for method in METHODS {
            let any = AnyDetector::named(method.name).unwrap();
            let mut defaults = to_value(&any).unwrap();
            assert_eq!(defaults.as_object_mut().unwrap().remove("method").unwrap(), method.name);
            let stated: Map<String, Value> =
                method.parameters.iter().map(|p| (p.name.to_owned(), from_str(p.default).unwrap())).collect();
            assert_eq!(Value::Object(stated), defaults, "{}", method.name);
            any.method().check().unwrap();
            assert_eq!(any.method().name(), method.name);
        }
        assert_eq!(AnyDetector::named("gqrs"), None);
    }

    #[test]
    fn configurations_name_a_method_and_refuse_unknown_keys() {
        let parse = |value: Value| serde_json::from_value::<AnyDetector>(value);
        let chosen = parse(json!({"method": "pan-tompkins", "high_hz": 18.0})).unwrap();
        let AnyDetector::PanTompkins(chosen) = chosen else { panic!("Pan-Tompkins was asked for") };
        assert_eq!(chosen, PanTompkins { high_hz: 18.0, ..PanTompkins::default() });
        assert!(parse(json!({"method": "hamilton", "hihg_hz": 18.0})).is_err());
    }
}
