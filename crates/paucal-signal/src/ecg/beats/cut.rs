//! From a recording to its beats.

use crate::dsp::gaps::bridge;
use crate::ecg::error::EcgError;
use crate::ecg::labels::{LabelFrom, LabelMap, Lookup};
use crate::ecg::quality::{Faults, Judged, QualityOptions, judge};
use crate::recording::Recording;

use super::peaks::{self, Peaks};
use super::rr::{intervals, spec_intervals};
use super::{Beat, BeatOptions, Compat, RecordBeats, Scale, Window, lead};

/// QRS complexes are between these, in mV, unless a gain is wrong.
const PLAUSIBLE_MV: std::ops::RangeInclusive<f64> = 0.05..=15.0;

/// Shortest missing stretch over which no RR interval is taken, in seconds.
const HOLE_S: f64 = 1.0;

/// A lead at the rate of the beats, before and after its baseline was removed.
struct Lead {
    name: String,
    source_rate: f64,
    rate: f64,
    /// Its unit, empty if not known as one of voltage.
    unit: String,
    /// Where signal is missing for so long that intervals over it mean nothing, at the rate of the beats.
    holes: Vec<usize>,
    faults: Faults,
    signal: Vec<f64>,
    conditioned: Vec<f64>,
}

/// Cuts a recording into beats; the error says why it gives none.
pub fn extract(
    recording: &Recording,
    labels: &LabelMap,
    options: &BeatOptions,
    quality: &QualityOptions,
) -> Result<RecordBeats, EcgError> {
    let mut warnings = recording.warnings.clone();
    let lead = prepare_lead(recording, options, &mut warnings)?;
    let searched = if options.compat == Compat::Spec { &lead.conditioned } else { &lead.signal };
    let mut peaks =
        peaks::find(recording, searched, lead.rate, options.peaks, &options.detector, &mut warnings)?;
    let reach = (options.recentre_ms / 1000.0 * lead.rate).round() as usize;
    peaks.breaks.extend(&lead.holes);
    peaks.breaks.sort_unstable();
    peaks::recentre(&lead.conditioned, &mut peaks.positions, reach);
    let window = options.window(lead.rate);
    let kept = whole(&peaks.positions, window, lead.conditioned.len());
    if kept.is_empty() {
        let message = match peaks.positions.len() {
            0 => "no beat was found in it".to_owned(),
            n => format!("its {n} beats reach over its ends"),
        };
        return Err(EcgError::recording(message, "check the lead, its unit and the sampling rate"));
    }
    let waves: Vec<f32> = peaks.positions[kept.clone()]
        .iter()
        .flat_map(|&peak| &lead.conditioned[peak - window.before..=peak + window.after])
        .map(|&v| v as f32)
        .collect();
    if !waves.iter().all(|v| v.is_finite()) {
        let message = format!("'{}' has values beyond single precision", lead.name);
        return Err(EcgError::recording(message, "check the file, or the gain in its header"));
    }
    let judged = Judged {
        faults: &lead.faults,
        lead: &lead.signal,
        conditioned: &lead.conditioned,
        rate: lead.rate,
        peaks: &peaks.positions,
        kept: kept.clone(),
        window,
        waves: &waves,
    };
    let (verdicts, record_quality) = judge(&judged, quality);
    let (classes, weak) = classes(recording, labels, &peaks.symbols, &mut warnings);
    let rr = match options.compat {
        Compat::Corrected => intervals(&peaks.positions, &peaks.breaks, lead.rate)[kept.clone()].to_vec(),
        Compat::Spec => spec_intervals(&peaks.positions[kept.clone()], lead.rate),
    };
    let beat = |i: usize| Beat {
        index: i as u32,
        position: peaks.positions[kept.start + i] as u32,
        symbol: peaks.symbols[kept.start + i],
        class: classes[kept.start + i],
        rr: rr[i],
        noise_score: verdicts[i].score,
        reasons: verdicts[i].reasons,
        noise: verdicts[i].flagged(),
    };
    let beats = (0..kept.len()).map(beat).collect();
    if record_quality.unreadable {
        warnings.push(
            "its beats resemble neither each other nor a clean signal: all are flagged as noise".into(),
        );
    }
    let size = record_quality.deflection;
    if options.conditioning.scale == Scale::Millivolts && !PLAUSIBLE_MV.contains(&size) {
        warnings.push(match lead.unit.as_str() {
            "" => "its unit is not known and its QRS complexes are no mV: set scale to 'z-score'".into(),
            _ => format!("its QRS complexes measure {size:.3} mV: check the gain and the unit"),
        });
    }
    Ok(RecordBeats {
        record: recording.id.clone(),
        lead: lead.name,
        source_rate: lead.source_rate,
        rate: lead.rate,
        seconds: lead.conditioned.len() as f64 / lead.rate,
        window,
        paced: paced(&peaks),
        peaks: peaks.positions,
        beats,
        waves,
        weak,
        quality: record_quality,
        warnings,
    })
}

/// The wanted lead in mV, without gaps, at the rate of the beats, conditioned.
fn prepare_lead(
    recording: &Recording,
    options: &BeatOptions,
    warnings: &mut Vec<String>,
) -> Result<Lead, EcgError> {
    let channel = lead::choose(recording, &options.leads, warnings)?;
    if !(50.0..=10_000.0).contains(&channel.rate) {
        let message = format!("'{}' is sampled at {} Hz", channel.name, channel.rate);
        return Err(EcgError::recording(message, "an ECG needs 50 Hz or more, up to 10 kHz"));
    }
    let factor = lead::millivolts(&channel.unit).unwrap_or(1.0);
    let mut raw = channel.physical();
    if factor != 1.0 {
        raw.iter_mut().for_each(|v| *v *= factor);
    }
    let faults = Faults::of(&raw, channel.rate);
    if faults.shares_of_all()[0] == 1.0 {
        let message = format!("all samples of '{}' are missing", channel.name);
        return Err(EcgError::recording(message, "name another lead"));
    }
    let gaps = bridge(&mut raw);
    let rate = if options.rate_hz > 0.0 { options.rate_hz } else { channel.rate };
    let signal = lead::at_rate(raw, channel.rate, rate)?;
    let conditioned = options.conditioning.apply(&signal, rate, options.compat)?;
    let long = gaps.into_iter().filter(|gap| gap.len() as f64 >= HOLE_S * channel.rate);
    let holes =
        long.map(|gap| (f64::midpoint(gap.start as f64, gap.end as f64) * rate / channel.rate) as usize);
    Ok(Lead {
        name: channel.name.clone(),
        source_rate: channel.rate,
        rate,
        unit: if lead::millivolts(&channel.unit).is_some() { channel.unit.clone() } else { String::new() },
        holes: holes.collect(),
        faults,
        signal,
        conditioned,
    })
}

/// The peaks whose beats lie within the signal.
fn whole(peaks: &[usize], window: Window, samples: usize) -> std::ops::Range<usize> {
    let first = peaks.partition_point(|&peak| peak < window.before);
    let end = peaks.partition_point(|&peak| peak + window.after < samples);
    first..end.max(first)
}

/// The class of each peak, and whether all come from the label of the recording.
fn classes(
    recording: &Recording,
    labels: &LabelMap,
    symbols: &[Option<char>],
    warnings: &mut Vec<String>,
) -> (Vec<Option<u16>>, bool) {
    let annotated = symbols.iter().any(Option::is_some);
    let weak = match labels.from {
        LabelFrom::Beat => false,
        LabelFrom::Recording => true,
        LabelFrom::Either => !annotated,
    };
    let class = |found: Lookup| match found {
        Lookup::Class(at) => Some(at as u16),
        Lookup::Ignored | Lookup::Unknown => None,
    };
    if weak {
        let found = recording.label.as_deref().map(|label| (label, labels.of_label(label)));
        match found {
            None => warnings.push("it has no label".into()),
            Some((label, Lookup::Unknown)) => warnings.push(format!("its label '{label}' is not in the map")),
            Some(_) => {}
        }
        return (vec![found.and_then(|(_, found)| class(found)); symbols.len()], true);
    }
    let mut unknown: Vec<(char, usize)> = Vec::new();
    let mut of = |symbol: char| {
        let found = labels.of_symbol(symbol);
        if found == Lookup::Unknown {
            match unknown.iter_mut().find(|(known, _)| *known == symbol) {
                Some((_, count)) => *count += 1,
                None => unknown.push((symbol, 1)),
            }
        }
        class(found)
    };
    let classes = symbols.iter().map(|symbol| symbol.and_then(&mut of)).collect();
    let counted: Vec<String> =
        unknown.iter().map(|(symbol, count)| format!("'{symbol}' ({count})")).collect();
    if !counted.is_empty() {
        warnings
            .push(format!("beats whose symbols are not in the map have no class: {}", counted.join(", ")));
    }
    (classes, false)
}

/// Share of annotated beats that are paced or fused with paced ones.
fn paced(peaks: &Peaks) -> f64 {
    let annotated = peaks.symbols.iter().flatten().count();
    let paced = peaks.symbols.iter().flatten().filter(|symbol| matches!(symbol, '/' | 'f')).count();
    paced as f64 / annotated.max(1) as f64
}
