//! What an audit says, in plain sentences.

use std::collections::BTreeMap;

use super::profile::Profile;
use super::{AuditOptions, Check, ClassAudit, EcgFinding, LeadAudit, Severity};
use crate::ecg::labels::LabelMap;
use crate::ecg::listing::few;
use crate::ecg::prepare::LeftOut;
use crate::ecg::prepare::Sources;

/// Share of paced beats from which on a recording counts as one of a pacemaker, as in the preparation.
const PACED: f64 = 0.2;

/// What findings are written into.
#[derive(Default)]
struct Notebook {
    findings: Vec<EcgFinding>,
}

impl Notebook {
    /// Says something of recordings, if there are any.
    fn of(&mut self, severity: Severity, check: Check, records: &[&str], sentence: String, advice: &str) {
        if records.is_empty() {
            return;
        }
        let records = records.iter().map(|&name| name.to_owned()).collect();
        self.findings.push(EcgFinding { severity, check, records, sentence, advice: advice.to_owned() });
    }

    /// Says something of the whole set.
    fn add(&mut self, severity: Severity, check: Check, sentence: String, advice: &str) {
        let advice = advice.to_owned();
        self.findings.push(EcgFinding { severity, check, records: Vec::new(), sentence, advice });
    }
}

/// All findings, problems first.
pub(super) fn all(
    of: &Sources,
    options: &AuditOptions,
    profiles: &[Profile],
    counted: &[ClassAudit],
    left_out: &[LeftOut],
) -> Vec<EcgFinding> {
    let mut notebook = Notebook::default();
    reading(left_out, &mut notebook);
    amplitude(options, profiles, &mut notebook);
    signal(options, profiles, &mut notebook);
    shape(options, profiles, &mut notebook);
    duplicates(profiles, &mut notebook);
    patients(of, profiles, &mut notebook);
    annotations(profiles, &mut notebook);
    rare(options, counted, &mut notebook);
    notebook.findings.sort_by_key(|finding| finding.severity);
    notebook.findings
}

/// What is doubtful about a lead, in few words.
pub(super) fn doubts(lead: &LeadAudit, options: &AuditOptions) -> Vec<&'static str> {
    let [low, high] = options.swing_mv;
    let known = lead.voltage && lead.missing < 1.0 && lead.flat < 1.0;
    let all = [
        (known && lead.swing < low, "too small: wrong gain or unit?"),
        (known && lead.swing > high, "too large: wrong gain or unit?"),
        (lead.missing > options.missing, "missing samples"),
        (lead.flat > options.flat, "flat stretches"),
    ];
    all.into_iter().filter(|(holds, _)| *holds).map(|(_, words)| words).collect()
}

/// The classes that occur and whose they are, in the order of the map.
pub(super) fn classes(labels: &LabelMap, profiles: &[Profile]) -> Vec<ClassAudit> {
    let of = |name: &str| {
        let with: Vec<(&Profile, usize)> =
            profiles.iter().filter_map(|p| Some((p, *p.record.classes.get(name)?))).collect();
        let mut patients: BTreeMap<&str, usize> = BTreeMap::new();
        with.iter().for_each(|(p, n)| *patients.entry(&p.record.patient).or_default() += n);
        let beats: usize = patients.values().sum();
        let (largest, most) =
            patients.iter().fold(("", 0), |best, (name, &n)| if n > best.1 { (*name, n) } else { best });
        (beats > 0).then(|| ClassAudit {
            class_name: name.to_owned(),
            beats,
            records: with.len(),
            patients: patients.len(),
            largest_patient: largest.to_owned(),
            largest_patient_share: most as f64 / beats as f64,
        })
    };
    labels.classes.iter().filter_map(|class| of(&class.name)).collect()
}

/// The names of the recordings of which something holds.
fn names(profiles: &[Profile], holds: impl Fn(&Profile) -> bool) -> Vec<&str> {
    profiles.iter().filter(|p| holds(p)).map(|p| p.record.record.as_str()).collect()
}

/// "recording 100" or "recordings 100, 101".
fn said_of(records: &[&str]) -> String {
    let noun = if records.len() == 1 { "recording" } else { "recordings" };
    format!("{noun} {}", few(records))
}

/// "recording 100 has" or "recordings 100, 101 have".
fn has(records: &[&str]) -> String {
    format!("{} {}", said_of(records), if records.len() == 1 { "has" } else { "have" })
}

/// "recording 100 is" or "recordings 100, 101 are".
fn is(records: &[&str]) -> String {
    format!("{} {}", said_of(records), if records.len() == 1 { "is" } else { "are" })
}

fn percent(share: f64) -> String {
    let value = 100.0 * share;
    if value >= 9.95 { format!("{value:.0} %") } else { format!("{value:.1} %") }
}

fn reading(left_out: &[LeftOut], notebook: &mut Notebook) {
    let mut reasons: BTreeMap<(&str, &str), Vec<&str>> = BTreeMap::new();
    for one in left_out {
        let hint = one.hint.as_deref().unwrap_or_default();
        reasons.entry((&one.reason, hint)).or_default().push(&one.record);
    }
    for ((reason, hint), records) in reasons {
        let sentence = format!("{} cannot be used: {reason}", said_of(&records));
        notebook.of(Severity::Problem, Check::Reading, &records, sentence, hint);
    }
}

fn amplitude(options: &AuditOptions, profiles: &[Profile], notebook: &mut Notebook) {
    let [low, high] = options.swing_mv;
    let mut odd: BTreeMap<&str, Vec<(&str, f64)>> = BTreeMap::new();
    for profile in profiles {
        for lead in &profile.record.leads {
            if doubts(lead, options).iter().any(|words| words.contains("gain")) {
                odd.entry(&lead.name).or_default().push((&profile.record.record, lead.swing));
            }
        }
    }
    for (lead, found) in odd {
        let records: Vec<&str> = found.iter().map(|(record, _)| *record).collect();
        let mut swings: Vec<f64> = found.iter().map(|(_, swing)| *swing).collect();
        swings.sort_by(f64::total_cmp);
        let typical = swings[swings.len() / 2];
        let sentence = format!(
            "lead {lead} of {} swings by {typical:.3} mV in two seconds, where {low} to {high} mV are plausible",
            said_of(&records)
        );
        let advice = "check gain and unit in the header; a wrong factor of 1000 is frequent";
        notebook.of(Severity::Problem, Check::Amplitude, &records, sentence, advice);
    }
    let unknown = names(profiles, |p| p.record.leads.iter().any(|lead| !lead.voltage));
    if !unknown.is_empty() {
        let mut units: Vec<&str> = profiles
            .iter()
            .flat_map(|p| &p.record.leads)
            .filter(|lead| !lead.voltage)
            .map(|lead| if lead.unit.is_empty() { "none" } else { lead.unit.as_str() })
            .collect();
        units.sort_unstable();
        units.dedup();
        let sentence = format!("{} leads whose unit is not one of voltage ({})", has(&unknown), few(&units));
        let advice = "give the unit, or prepare with --set ecg.prepare.beats.conditioning.scale=z-score";
        notebook.of(Severity::Caution, Check::Amplitude, &unknown, sentence, advice);
    }
}

fn signal(options: &AuditOptions, profiles: &[Profile], notebook: &mut Notebook) {
    let any = |of: fn(&LeadAudit) -> f64, most: f64| {
        names(profiles, |p| p.record.leads.iter().any(|lead| of(lead) > most))
    };
    let dead = names(profiles, |p| p.record.leads.iter().any(|lead| lead.missing + lead.flat > 0.5));
    let sentence =
        format!("a lead of {} is missing or flat for more than half of its length", said_of(&dead));
    notebook.of(Severity::Problem, Check::Signal, &dead, sentence, "leave the lead out, or record it again");
    let worst =
        |of: fn(&LeadAudit) -> f64| profiles.iter().flat_map(|p| &p.record.leads).map(of).fold(0.0, f64::max);
    let missing = any(|lead| lead.missing, options.missing);
    let sentence =
        format!("{} missing samples, up to {} of a lead", has(&missing), percent(worst(|l| l.missing)));
    notebook.of(Severity::Caution, Check::Signal, &missing, sentence, "beats there are flagged as noise");
    let flat = any(|lead| lead.flat, options.flat);
    let sentence = format!("{} flat stretches, up to {} of a lead", has(&flat), percent(worst(|l| l.flat)));
    notebook.of(Severity::Caution, Check::Signal, &flat, sentence, "an electrode may have come off");
    let clipped = any(|lead| lead.clipped, 0.001);
    let sentence = format!(
        "{} stretches that stay at the highest or lowest value, up to {} of a lead",
        has(&clipped),
        percent(worst(|l| l.clipped))
    );
    notebook.of(Severity::Note, Check::Signal, &clipped, sentence, "the amplifier was at its end");
    let noisy = names(profiles, |p| p.record.noisy.is_some_and(|share| share > options.noise));
    let most = profiles.iter().filter_map(|p| p.record.noisy).fold(0.0, f64::max);
    let sentence = format!("{} noisy beats, up to {} of them", has(&noisy), percent(most));
    notebook.of(
        Severity::Caution,
        Check::Signal,
        &noisy,
        sentence,
        "look at them before trusting their beats",
    );
}

fn shape(options: &AuditOptions, profiles: &[Profile], notebook: &mut Notebook) {
    let short = names(profiles, |p| p.record.seconds < options.seconds);
    let sentence = format!("{} shorter than {} s", is(&short), options.seconds);
    notebook.of(Severity::Caution, Check::Shape, &short, sentence, "their rhythm cannot be told");
    let mut rates: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for profile in profiles {
        if let Some(lead) = profile.record.leads.first() {
            rates.entry(format!("{} Hz", lead.rate_hz)).or_default().push(&profile.record.record);
        }
    }
    if rates.len() > 1 {
        let counts: Vec<String> = rates.iter().map(|(rate, all)| format!("{rate} ({})", all.len())).collect();
        let counts: Vec<&str> = counts.iter().map(String::as_str).collect();
        let sentence = format!("recordings have different sampling rates: {}", few(&counts));
        notebook.add(Severity::Note, Check::Shape, sentence, "the preparation brings them to one rate");
    }
    let mut leads: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for profile in profiles {
        if let Some(lead) = &profile.record.lead {
            leads.entry(lead).or_default().push(&profile.record.record);
        }
    }
    let Some(usual) = leads.iter().max_by_key(|(name, all)| (all.len(), std::cmp::Reverse(**name))) else {
        return;
    };
    let usual = *usual.0;
    for (lead, records) in leads.iter().filter(|(name, _)| **name != usual) {
        let sentence = format!("{} no lead {usual}: beats would be taken from {lead}", has(records));
        notebook.of(
            Severity::Caution,
            Check::Shape,
            records,
            sentence,
            "a beat looks different in another lead",
        );
    }
}

fn duplicates(profiles: &[Profile], notebook: &mut Notebook) {
    let mut same: BTreeMap<u64, Vec<&str>> = BTreeMap::new();
    let mut named: BTreeMap<&str, usize> = BTreeMap::new();
    for profile in profiles {
        *named.entry(&profile.record.record).or_default() += 1;
        if let Some(digest) = profile.digest {
            same.entry(digest).or_default().push(&profile.record.record);
        }
    }
    for records in same.values().filter(|records| records.len() > 1) {
        let sentence = format!("{} hold the same signal", said_of(records));
        let advice = "keep one of them: on both sides of a split they would tell a model its test";
        notebook.of(Severity::Problem, Check::Duplicate, records, sentence, advice);
    }
    let twice: Vec<&str> = named.into_iter().filter(|(_, n)| *n > 1).map(|(name, _)| name).collect();
    let sentence = format!("more than one recording is called {}", few(&twice));
    notebook.of(
        Severity::Problem,
        Check::Duplicate,
        &twice,
        sentence,
        "rename them: only the first would be used",
    );
}

fn patients(of: &Sources, profiles: &[Profile], notebook: &mut Notebook) {
    let mut by_patient: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for profile in profiles {
        by_patient.entry(&profile.record.patient).or_default().push(&profile.record.record);
    }
    let several: Vec<(&str, &Vec<&str>)> =
        by_patient.iter().filter(|(_, all)| all.len() > 1).map(|(name, all)| (*name, all)).collect();
    match several[..] {
        [] => {}
        [(patient, records)] => {
            let sentence = format!("{} are of one patient ({patient})", said_of(records));
            notebook.of(
                Severity::Note,
                Check::Patients,
                records,
                sentence,
                "they stay on one side of every split",
            );
        }
        _ => {
            let count = several.iter().map(|(_, records)| records.len()).sum::<usize>();
            let sentence = format!("{} patients have several recordings, {count} in all", several.len());
            notebook.add(Severity::Note, Check::Patients, sentence, "they stay on one side of every split");
        }
    }
    if !profiles.iter().any(|p| p.patient_known) && profiles.len() > 1 {
        let sentence =
            "nothing says whose the recordings are: every one counts as a patient of its own".to_owned();
        let advice = "check that it is so, else give a table with --patients";
        notebook.add(Severity::Caution, Check::Patients, sentence, advice);
    }
    let records: Vec<&str> = profiles.iter().map(|p| p.record.record.as_str()).collect();
    let unused = of.patients.unused(&records);
    let sentence = format!("the table of patients names recordings that are not there: {}", few(&unused));
    notebook.of(Severity::Caution, Check::Patients, &unused, sentence, "check the names");
}

fn annotations(profiles: &[Profile], notebook: &mut Notebook) {
    let bare = names(profiles, |p| p.record.beats == 0 && p.record.label.is_none());
    let sentence = if bare.len() == profiles.len() {
        "no recording has annotated beats or a label".to_owned()
    } else {
        format!("{} neither annotated beats nor a label", has(&bare))
    };
    let advice = "their beats can be found and grouped, but nothing can be learnt or tested on them";
    notebook.of(Severity::Caution, Check::Classes, &bare, sentence, advice);
    let weak = names(profiles, |p| p.record.beats == 0 && p.record.label.is_some());
    let sentence = format!("{} a label as a whole and no annotated beats", has(&weak));
    let advice = "such labels are weak: a beat of the recording need not be of its class";
    notebook.of(Severity::Caution, Check::Classes, &weak, sentence, advice);
    let paced = names(profiles, |p| p.record.paced > PACED);
    let sentence = format!("{} of a pacemaker", is(&paced));
    notebook.of(
        Severity::Note,
        Check::Classes,
        &paced,
        sentence,
        "the preparation leaves them out (ANSI/AAMI EC57)",
    );
    let unknown: Vec<&str> =
        names(profiles, |p| p.record.warnings.iter().any(|w| w.contains("not in the map")));
    let sentence = format!("{} labels that the map of labels does not know", has(&unknown));
    notebook.of(Severity::Caution, Check::Classes, &unknown, sentence, "give another map with --labels");
}

fn rare(options: &AuditOptions, classes: &[ClassAudit], notebook: &mut Notebook) {
    for class in classes {
        let name = &class.class_name;
        if class.patients == 1 {
            let sentence =
                format!("only patient {} has class {name} ({} beats)", class.largest_patient, class.beats);
            let advice = "it cannot be both learnt and tested; a model may learn the patient";
            notebook.add(Severity::Problem, Check::Classes, sentence, advice);
        } else if class.largest_patient_share >= options.one_patient {
            let sentence = format!(
                "{} of the {} beats of class {name} are patient {}'s",
                percent(class.largest_patient_share),
                class.beats,
                class.largest_patient
            );
            let advice = "scores of this class are that patient's; look at them patient by patient";
            notebook.add(Severity::Caution, Check::Classes, sentence, advice);
        } else if class.patients < options.few_patients || class.beats < options.few_beats {
            let sentence = format!("class {name} has {} beats of {} patients", class.beats, class.patients);
            let advice = "expect wide intervals; give every patient a turn in the test (folds by patient)";
            notebook.add(Severity::Caution, Check::Classes, sentence, advice);
        }
    }
}
