//! What is measured of one recording.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hasher};

use paucal_core::Advice;

use super::{AuditOptions, Glimpse, LeadAudit, RecordAudit};
use crate::ecg::beats::{RecordBeats, extract, lead};
use crate::ecg::labels::{LabelMap, Lookup};
use crate::ecg::prepare::LeftOut;
use crate::ecg::prepare::Sources;
use crate::ecg::quality::{Faults, Reasons};
use crate::ecg::symbols::is_beat;
use crate::recording::{Channel, Recording};

/// Seconds over which the swing of a lead is taken.
const SWING_S: f64 = 2.0;
/// Seconds of a glimpse.
const GLIMPSE_S: f64 = 6.0;

/// A recording and what is not kept of it.
pub(super) struct Profile {
    pub record: RecordAudit,
    /// Whether anything but the name of the recording says whose it is.
    pub patient_known: bool,
    /// Digest of the samples of all channels; none of a recording without samples.
    pub digest: Option<u64>,
    /// Why no beat can be cut out.
    pub no_beats: Option<LeftOut>,
    pub glimpse: Option<Glimpse>,
}

/// Annotations counted.
#[derive(Default)]
struct Marks {
    beats: usize,
    others: usize,
    paced: usize,
    classes: BTreeMap<String, usize>,
}

/// Profiles a recording.
pub(super) fn profile(recording: &Recording, format: &str, of: &Sources, options: &AuditOptions) -> Profile {
    let patient = of.patients.of(recording);
    let marks = marks(recording, &of.labels);
    let channels: Vec<(LeadAudit, Faults)> = recording.channels.iter().map(channel).collect();
    let cut = extract(recording, &of.labels, &options.beats, &options.quality);
    let glimpse = glimpse(recording, &channels, cut.as_ref().ok(), options);
    let record = RecordAudit {
        record: recording.id.clone(),
        format: format.to_owned(),
        seconds: recording.seconds(),
        label: recording.label.clone(),
        leads: channels.into_iter().map(|(lead, _)| lead).collect(),
        lead: cut.as_ref().ok().map(|beats| beats.lead.clone()),
        beats: marks.beats,
        other_marks: marks.others,
        classes: marks.classes,
        paced: marks.paced as f64 / marks.beats.max(1) as f64,
        noisy: cut.as_ref().ok().map(|beats| beats.quality.flagged),
        warnings: cut.as_ref().map_or_else(|_| recording.warnings.clone(), |beats| beats.warnings.clone()),
        patient: patient.clone(),
    };
    let no_beats = cut.err().map(|error| LeftOut {
        record: recording.id.clone(),
        reason: error.to_string(),
        hint: error.hint(),
    });
    Profile {
        record,
        patient_known: recording.patient.is_some() || patient != recording.id,
        digest: digest(recording),
        no_beats,
        glimpse,
    }
}

fn marks(recording: &Recording, labels: &LabelMap) -> Marks {
    let mut marks = Marks::default();
    for annotation in &recording.annotations {
        let symbol = annotation.symbol().chars().next().unwrap_or(' ');
        if !is_beat(symbol) {
            marks.others += 1;
            continue;
        }
        marks.beats += 1;
        marks.paced += usize::from(matches!(symbol, '/' | 'f'));
        count(&mut marks.classes, labels, labels.of_symbol(symbol));
    }
    if let Some(label) = recording.label.as_deref().filter(|_| marks.beats == 0) {
        count(&mut marks.classes, labels, labels.of_label(label));
    }
    marks
}

fn count(classes: &mut BTreeMap<String, usize>, labels: &LabelMap, found: Lookup) {
    if let Lookup::Class(at) = found {
        *classes.entry(labels.classes[at].name.clone()).or_default() += 1;
    }
}

fn channel(of: &Channel) -> (LeadAudit, Faults) {
    let factor = lead::millivolts(&of.unit);
    let raw = of.physical();
    let faults = Faults::of(&raw, of.rate);
    let [missing, flat, clipped] = faults.shares_of_all();
    let longest = [Reasons::MISSING, Reasons::FLAT].map(|bit| faults.longest(bit).len());
    let profile = LeadAudit {
        name: of.name.clone(),
        unit: of.unit.clone(),
        rate_hz: of.rate,
        swing: swing(&raw, of.rate) * factor.unwrap_or(1.0),
        voltage: factor.is_some(),
        missing,
        flat,
        clipped,
        longest_gap_s: longest[0].max(longest[1]) as f64 / of.rate,
    };
    (profile, faults)
}

/// Median over stretches of two seconds of highest less lowest value; 0 of nothing.
fn swing(raw: &[f64], rate: f64) -> f64 {
    let length = ((SWING_S * rate) as usize).max(1);
    let of = |stretch: &[f64]| {
        let finite = stretch.iter().copied().filter(|v| v.is_finite());
        let (low, high) = finite.fold((f64::MAX, f64::MIN), |(l, h), v| (l.min(v), h.max(v)));
        (high >= low).then_some(high - low)
    };
    let mut swings: Vec<f64> = raw.chunks(length).filter_map(of).collect();
    let middle = swings.len() / 2;
    if swings.is_empty() { 0.0 } else { *swings.select_nth_unstable_by(middle, f64::total_cmp).1 }
}

/// A digest of the values of all channels, gaps included. It is compared within one run only.
fn digest(recording: &Recording) -> Option<u64> {
    let mut hasher = DefaultHasher::new();
    let mut samples = 0;
    for channel in &recording.channels {
        samples += channel.len();
        channel.physical().iter().for_each(|v| hasher.write_u64(v.to_bits()));
    }
    (samples > 0).then(|| hasher.finish())
}

/// Six seconds of the first lead that is doubtful: where it is missing or flat longest, else from its middle.
fn glimpse(
    recording: &Recording,
    channels: &[(LeadAudit, Faults)],
    cut: Option<&RecordBeats>,
    options: &AuditOptions,
) -> Option<Glimpse> {
    let noisy =
        |name: &str| cut.is_some_and(|beats| beats.lead == name && beats.quality.flagged > options.noise);
    let doubt = |(i, (profile, faults)): (usize, &(LeadAudit, Faults))| {
        let doubts = super::findings::doubts(profile, options);
        let reason = match doubts.first() {
            Some(reason) => reason,
            None if noisy(&profile.name) => "noise",
            None => return None,
        };
        let gap = [Reasons::MISSING, Reasons::FLAT].map(|bit| faults.longest(bit));
        let gap = if gap[0].len() >= gap[1].len() { gap[0].clone() } else { gap[1].clone() };
        Some((i, reason, gap))
    };
    let (at, reason, gap) = channels.iter().enumerate().find_map(doubt)?;
    let channel = &recording.channels[at];
    let length = (GLIMPSE_S * channel.rate) as usize;
    let start = if gap.is_empty() { channel.len() / 2 } else { gap.start.saturating_sub(length / 3) };
    let start = start.min(channel.len().saturating_sub(length));
    let factor = lead::millivolts(&channel.unit);
    let values = channel.physical_range(start..start + length);
    let sample = |v: f64| v.is_finite().then(|| ((v * factor.unwrap_or(1.0) * 1e4).round() / 1e4) as f32);
    Some(Glimpse {
        record: recording.id.clone(),
        lead: channel.name.clone(),
        unit: if factor.is_some() { "mV".into() } else { channel.unit.clone() },
        rate_hz: channel.rate,
        start_s: start as f64 / channel.rate,
        reason: reason.to_owned(),
        samples: values.into_iter().map(sample).collect(),
    })
}
