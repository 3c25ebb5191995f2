//! The preparation on the records of the MIT-BIH Arrhythmia Database that PAUCAL_DATA holds.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

mod support;

use std::path::Path;
use std::time::Instant;

use paucal_core::{Seed, Silent};
use paucal_signal::ecg::beats::{BeatOptions, PeakSource, extract};
use paucal_signal::ecg::labels::LabelMap;
use paucal_signal::ecg::mine::{MineOptions, SeedBeat, mine};
use paucal_signal::ecg::prepare::{Paced, PrepareOptions, Prepared, Sources, prepare};
use paucal_signal::ecg::quality::{QualityOptions, Reasons, spec};
use paucal_signal::ecg::split::Side;
use paucal_signal::formats::{ReadOptions, discover, read};
use paucal_signal::recording::{Recording, Samples};

fn prepared(folder: &Path, options: &PrepareOptions) -> Prepared {
    let sources = Sources { files: discover(&[folder]).unwrap(), ..Sources::default() };
    prepare(&sources, options, Seed(1), &Silent::new()).unwrap()
}

#[test]
fn the_training_set_of_de_chazal_has_its_beats() {
    let Some(folder) = support::folder() else { return };
    let start = Instant::now();
    let prepared = prepared(&folder, &PrepareOptions::default());
    println!("prepared in {:.2} s", start.elapsed().as_secs_f64());

    // The four paced records are left out; the 22 others are those of the training set.
    let left_out: Vec<&str> = prepared.left_out.iter().map(|l| l.record.as_str()).collect();
    assert_eq!(left_out, ["102", "104", "107", "217"]);
    assert_eq!((prepared.records.len(), prepared.patients.len()), (22, 22));
    let counts = prepared.class_counts(None, |_| true);
    println!("N S V F Q: {counts:?}");
    assert!((45_824..=45_866).contains(&counts[0]), "N {}", counts[0]);
    assert!((943..=944).contains(&counts[1]), "S {}", counts[1]);
    assert_eq!(&counts[2..], [3788, 414 + usize::from(counts[3] == 415), 8]);

    // Signal quality looks at the signal: rare beats are flagged as seldom as normal ones.
    for record in &prepared.records {
        let q = &record.quality;
        println!(
            "{} {:9} {:4} on {:4} QRS {:.2} noise {:.4} correlation {:.3} flagged {:.4}",
            record.name,
            record.side.name(),
            record.lead,
            record.beats,
            q.deflection,
            q.noise,
            q.correlation,
            q.flagged
        );
        assert!(!q.unreadable, "{}", record.name);
    }
    let usable = prepared.class_counts(None, |beat| !beat.noise);
    let share: Vec<f64> = (0..4).map(|c| 1.0 - usable[c] as f64 / counts[c] as f64).collect();
    for (bit, word) in Reasons::WORDS {
        let of = prepared.class_counts(None, |beat| beat.noise && beat.reasons & bit != 0);
        println!("{word}: {of:?}");
    }
    println!("flagged: {share:.4?}");
    assert!(share.iter().all(|s| *s < 0.01), "{share:?}");

    // Every class that several patients have is on every side.
    for side in Side::ALL {
        let counts = prepared.class_counts(Some(side), |_| true);
        println!("{} {counts:?}", side.name());
        assert!(counts[..4].iter().all(|n| *n > 0), "{} {counts:?}", side.name());
    }
    for p in &prepared.prototypes {
        println!("prototype {} of {} beats, {} patients: {:?}", p.id, p.size, p.patients, p.mix);
    }
    round_trip(&prepared);
    mining(&prepared);
}

fn round_trip(prepared: &Prepared) {
    let folder = tempfile::tempdir().unwrap();
    let start = Instant::now();
    prepared.write(folder.path()).unwrap();
    println!("written in {:.2} s", start.elapsed().as_secs_f64());
    let start = Instant::now();
    assert!(Prepared::open(folder.path()).unwrap() == *prepared, "what is read is what was written");
    println!("read in {:.2} s", start.elapsed().as_secs_f64());
}

/// Ventricular beats find ventricular beats.
fn mining(prepared: &Prepared) {
    let ventricular = prepared.fitted().filter(|&b| prepared.beats[b].class == Some(2));
    let seeds: Vec<SeedBeat> =
        ventricular.step_by(400).map(|beat| SeedBeat { beat, label: "V".into() }).collect();
    let mined = mine(prepared, &seeds, &MineOptions::default()).unwrap();
    let right =
        mined.candidates.iter().filter(|c| prepared.beats[c.candidate_beat_global_id].class == Some(2));
    let share = right.count() as f64 / mined.candidates.len() as f64;
    println!("{} seeds, {} candidates, {share:.3} of them ventricular", seeds.len(), mined.candidates.len());
    assert!(share > 0.8);
}

#[test]
fn half_an_hour_of_26_records_is_prepared_in_seconds() {
    let Some(folder) = support::folder() else { return };
    let mut options = PrepareOptions { paced: Paced::Keep, ..PrepareOptions::default() };
    options.beats.peaks = PeakSource::Detector;
    let meter = paucal_core::run::MemoryMeter::start();
    let start = Instant::now();
    let prepared = prepared(&folder, &options);
    let seconds = start.elapsed().as_secs_f64();
    let peak = meter.and_then(|meter| meter.peak()).unwrap_or(0) as f64 / f64::from(1 << 30);
    println!("{} beats in {seconds:.2} s, peak {peak:.2} GiB", prepared.beats.len());
    assert_eq!(prepared.records.len(), 26);
    assert!(peak < 2.0);
    let labelled = prepared.beats.iter().filter(|beat| beat.class.is_some()).count();
    assert!(labelled as f64 > 0.99 * prepared.beats.len() as f64);
}

/// `cargo test -p paucal-signal --test ecg_mitdb -- --ignored --nocapture`
#[test]
#[ignore = "prints how many beats are flagged as noise, as recorded and with noise added; takes minutes"]
fn table_of_noise() {
    let Some(folder) = support::folder() else { return };
    let sources = discover(&[&folder]).unwrap();
    for (floor, ceiling, times) in [(0.1, 0.3, 5.0), (0.05, 0.2, 5.0), (0.03, 0.15, 4.0)] {
        let quality = QualityOptions {
            noise_floor: floor,
            noise_ceiling: ceiling,
            noise_times: times,
            ..QualityOptions::default()
        };
        println!("floor {floor}, ceiling {ceiling}, times {times}");
        for level in [0.0, 0.03, 0.05, 0.1, 0.2, 0.4] {
            // Beats of each class outside and inside the noisy stretches, all and flagged.
            let mut counts = [[[0_usize; 2]; 5]; 2];
            for source in &sources {
                let recording = read(&source.path, &ReadOptions::default()).unwrap();
                for beat in noisy(recording, level, &quality) {
                    counts[beat.0][beat.1][0] += 1;
                    counts[beat.0][beat.1][1] += usize::from(beat.2);
                }
            }
            let share = |[all, flagged]: [usize; 2]| flagged as f64 / all.max(1) as f64;
            let [quiet, loud] = counts.map(|classes| classes.map(share));
            println!("  noise {level}: elsewhere {quiet:.4?}, in it {loud:.4?}");
        }
    }
}

/// Adds white noise of `level` times the median QRS to every third 10 s, and judges: whether a beat lies in it,
/// its class, whether it is flagged.
fn noisy(mut recording: Recording, level: f64, quality: &QualityOptions) -> Vec<(usize, usize, bool)> {
    let (labels, options) = (LabelMap::aami(), BeatOptions::default());
    let clean = extract(&recording, &labels, &options, quality).unwrap();
    let channel = recording.channels.iter_mut().find(|c| c.name == clean.lead).unwrap();
    let mut values = channel.physical();
    let mut stream = Seed(7).stream("test/noise", 0);
    for (_, v) in values.iter_mut().enumerate().filter(|(i, _)| i / 3600 % 3 == 1) {
        *v += level * clean.quality.deflection * stream.normal();
    }
    channel.samples = Samples::Double(values);
    let judged = extract(&recording, &labels, &options, quality).unwrap();
    let inside = |position: u32| usize::from(position / 3600 % 3 == 1);
    let classed = judged.beats.iter().filter_map(|b| Some((inside(b.position), b.class?.into(), b.noise)));
    classed.collect()
}

/// The literal score of the first description on the same records: what it calls noise.
#[test]
#[ignore = "prints how many beats the literal score flags"]
fn table_of_literal_noise() {
    let Some(folder) = support::folder() else { return };
    let options = BeatOptions { peaks: PeakSource::Annotations, ..BeatOptions::spec() };
    let (mut waves, mut rr, mut classes, mut length) = (Vec::new(), Vec::new(), Vec::new(), 1);
    for source in discover(&[&folder]).unwrap() {
        let recording = read(&source.path, &ReadOptions::default()).unwrap();
        let cut = extract(&recording, &LabelMap::aami(), &options, &QualityOptions::default()).unwrap();
        if cut.paced < 0.2 {
            length = cut.window.length();
            rr.extend(cut.beats.iter().map(|b| b.rr));
            classes.extend(cut.beats.iter().map(|b| b.class));
            waves.extend(cut.waves);
        }
    }
    let scored = spec::score(&waves, length, &rr);
    for (class, name) in ["N", "S", "V", "F", "Q"].iter().enumerate() {
        let of = || classes.iter().zip(&scored).filter(|(c, _)| **c == Some(class as u16));
        let flagged = of().filter(|(_, (_, noise))| *noise).count();
        println!("{name}: {flagged} of {} ({:.3})", of().count(), flagged as f64 / of().count() as f64);
    }
}
