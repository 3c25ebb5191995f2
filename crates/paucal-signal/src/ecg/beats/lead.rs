//! Which lead, in which unit, at which rate.

use crate::dsp::{Edge, resample_poly};
use crate::ecg::error::EcgError;
use crate::recording::{Channel, Recording};

/// Rates are compared and converted as multiples of this, in Hz.
const RATE_STEP: f64 = 1e-3;

/// Units of voltage and what they are in mV.
const UNITS: [(&str, f64); 6] =
    [("mv", 1.0), ("uv", 1e-3), ("µv", 1e-3), ("μv", 1e-3), ("v", 1e3), ("nv", 1e-6)];

/// The channel of the most wanted name, else the first that has samples, with a warning.
pub fn choose<'a>(
    recording: &'a Recording,
    wanted: &[String],
    warnings: &mut Vec<String>,
) -> Result<&'a Channel, EcgError> {
    let usable = || recording.channels.iter().filter(|channel| !channel.is_empty());
    let named = |name: &String| usable().find(|channel| alike(&channel.name, name));
    if let Some(channel) = wanted.iter().find_map(named) {
        return Ok(channel);
    }
    let hint = "check the file: it should hold at least one ECG lead";
    let first = usable().next().ok_or_else(|| EcgError::recording("it has no channel with samples", hint))?;
    if !wanted.is_empty() {
        let (names, there) =
            (wanted.join(", "), usable().map(|c| c.name.as_str()).collect::<Vec<_>>().join(", "));
        warnings.push(format!("none of the leads {names} is there ({there}); '{}' was taken", first.name));
    }
    Ok(first)
}

/// Names of leads are compared without case, spaces, and a leading `ECG` or `Lead`.
fn alike(channel: &str, wanted: &str) -> bool {
    let plain = |name: &str| {
        let name = name.trim().to_lowercase();
        let bare =
            ["ecg ", "ekg ", "lead "].iter().find_map(|word| name.strip_prefix(word).map(str::to_owned));
        bare.unwrap_or(name).replace(' ', "")
    };
    plain(channel) == plain(wanted)
}

/// How many mV one unit of the channel is, if it is a known one of voltage.
pub fn millivolts(unit: &str) -> Option<f64> {
    let unit = unit.trim().to_lowercase();
    UNITS.iter().find(|(name, _)| *name == unit).map(|(_, factor)| *factor)
}

/// A lead without gaps at another rate.
pub fn at_rate(signal: Vec<f64>, from: f64, to: f64) -> Result<Vec<f64>, EcgError> {
    let steps = |rate: f64| (rate / RATE_STEP).round() as usize;
    if steps(from) == steps(to) {
        return Ok(signal);
    }
    Ok(resample_poly(&signal, steps(to), steps(from), Edge::Line)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recording::Samples;

    fn recording(names: &[&str]) -> Recording {
        let channel = |name: &&str| Channel {
            name: (*name).into(),
            unit: "mV".into(),
            rate: 250.0,
            samples: Samples::Single(vec![0.0; 4]),
        };
        Recording { channels: names.iter().map(channel).collect(), ..Recording::default() }
    }

    #[test]
    fn the_most_wanted_lead_is_taken_and_a_missing_one_is_said() {
        let wanted = ["MLII".to_owned(), "II".to_owned()];
        let mut warnings = Vec::new();
        assert_eq!(choose(&recording(&["V5", "mlii"]), &wanted, &mut warnings).unwrap().name, "mlii");
        assert_eq!(choose(&recording(&["V5", "ECG II"]), &wanted, &mut warnings).unwrap().name, "ECG II");
        assert!(warnings.is_empty());
        assert_eq!(choose(&recording(&["V5", "V2"]), &wanted, &mut warnings).unwrap().name, "V5");
        assert_eq!(warnings, ["none of the leads MLII, II is there (V5, V2); 'V5' was taken"]);
        assert!(choose(&recording(&[]), &wanted, &mut warnings).is_err());
    }

    #[test]
    fn units_and_rates() {
        let known = [Some(1.0), Some(1e-3), Some(1e3), None, None];
        assert_eq!(["mV", "uV", "V", "adu", ""].map(millivolts), known);
        assert_eq!(at_rate(vec![1.0; 260], 260.4, 360.0).unwrap().len(), 360);
        assert_eq!(at_rate(vec![1.0; 3], 360.0, 360.0).unwrap(), [1.0; 3]);
    }
}
