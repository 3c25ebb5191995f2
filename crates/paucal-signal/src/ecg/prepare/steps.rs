//! The steps from beats of single recordings to a prepared set.

use ndarray::Array2;
use paucal_core::Seed;

use super::features::{FeatureMap, Shapes, matrix_of};
use super::gather::{Gathered, Taken};
use super::prototypes;
use super::{PrepareOptions, Prepared, PreparedRecord, Sources};
use crate::ecg::beats::{Beat, Compat, Rr};
use crate::ecg::context::ContextWindows;
use crate::ecg::error::EcgError;
use crate::ecg::quality::{Reasons, spec};
use crate::ecg::split::{Counted, Side, SplitFile, deal};

/// Numbers beats and patients. Every recording is still unused.
pub(super) fn number(
    gathered: Gathered,
    sources: &Sources,
    options: &PrepareOptions,
    seed: Seed,
) -> Result<Prepared, EcgError> {
    let Gathered { records: taken, left_out, inputs, warnings } = gathered;
    let Some(first) = taken.first() else {
        let reason = left_out.first().map(|l| format!("{}: {}", l.record, l.reason));
        return Err(EcgError::NoBeats { records: left_out.len(), first: reason });
    };
    let (rate, window) = (first.beats.rate, first.beats.window);
    let mut prepared = Prepared {
        seed,
        options: options.clone(),
        labels: sources.labels.clone(),
        rate,
        window,
        records: Vec::new(),
        left_out,
        patients: Vec::new(),
        beats: Vec::new(),
        waves: Vec::new(),
        map: FeatureMap::default(),
        features: Array2::zeros((0, 0)),
        clusters: Vec::new(),
        local_clusters: Vec::new(),
        templates: Vec::new(),
        prototypes: Vec::new(),
        windows: ContextWindows::default(),
        mined: None,
        split_given: false,
        inputs,
        warnings,
    };
    taken.into_iter().for_each(|record| add(&mut prepared, record));
    let names: Vec<&str> = prepared.records.iter().map(|record| record.name.as_str()).collect();
    let absent = sources.patients.unused(&names).join(", ");
    if !absent.is_empty() {
        let said = format!("the table of patients names recordings that are not there: {absent}");
        prepared.warnings.push(said);
    }
    Ok(prepared)
}

/// Sets the side of each recording, as the file says or dealt.
pub(super) fn split(of: &mut Prepared, file: Option<&SplitFile>) -> Result<(), EcgError> {
    let sides = sides(of, file)?;
    of.records.iter_mut().zip(sides).for_each(|(record, side)| record.side = side);
    of.split_given = file.is_some();
    Ok(())
}

/// Adds the beats of a recording. Its side is set later.
fn add(to: &mut Prepared, Taken { beats: of, patient }: Taken) {
    let known = to.patients.iter().position(|p| *p == patient);
    let patient = known.unwrap_or_else(|| {
        to.patients.push(patient);
        to.patients.len() - 1
    });
    to.records.push(PreparedRecord {
        name: of.record,
        patient,
        side: Side::Unused,
        first: to.beats.len(),
        beats: of.beats.len(),
        peaks: of.peaks.len(),
        lead: of.lead,
        source_rate: of.source_rate,
        seconds: of.seconds,
        weak: of.weak,
        quality: of.quality,
        warnings: of.warnings,
    });
    to.beats.extend(of.beats);
    to.waves.extend(of.waves);
}

/// The side of each recording.
fn sides(of: &Prepared, file: Option<&SplitFile>) -> Result<Vec<Side>, EcgError> {
    if let Some(file) = file {
        let records: Vec<(&str, &str)> =
            of.records.iter().map(|r| (r.name.as_str(), of.patients[r.patient].as_str())).collect();
        let others: Vec<&str> = of.left_out.iter().map(|l| l.record.as_str()).collect();
        return file.sides(&records, &others);
    }
    let counted: Vec<Counted> = of
        .records
        .iter()
        .map(|record| Counted { patient: record.patient, counts: of.counts(record, |_| true) })
        .collect();
    deal(&counted, &of.options.shares, of.seed)
}

/// The literal noise flags: global scores, then clusters of a class that are too small.
pub(super) fn literal_noise(of: &mut Prepared) -> Result<(), EcgError> {
    let length = of.window.length();
    let rr: Vec<Rr> = of.beats.iter().map(|beat| beat.rr).collect();
    for (beat, (score, noise)) in of.beats.iter_mut().zip(spec::score(&of.waves, length, &rr)) {
        beat.noise_score = score;
        beat.noise = noise;
        beat.reasons = if noise { Reasons::SPEC } else { 0 };
    }
    of.local_clusters = vec![-1; of.beats.len()];
    for class in 0..of.labels.classes.len() {
        let rows: Vec<usize> = (0..of.beats.len())
            .filter(|&b| of.beats[b].class == Some(class as u16) && !of.beats[b].noise)
            .collect();
        let x = matrix_of(&of.waves, length, &rows);
        let seed = of.seed.child("ecg/local", class as u64);
        let ids = spec::local_clusters(&x, of.options.restarts, seed)?;
        let mut sizes = [0; spec::MAX_CLUSTERS];
        ids.iter().for_each(|&id| sizes[id] += 1);
        for (&row, &id) in rows.iter().zip(&ids) {
            of.local_clusters[row] = id as i32;
            if sizes[id] < spec::MIN_CLUSTER {
                of.beats[row].noise = true;
                of.beats[row].reasons |= Reasons::SPEC;
            }
        }
    }
    Ok(())
}

/// Features, clusters, templates, prototypes and windows.
pub(super) fn fit(of: &mut Prepared) -> Result<(), EcgError> {
    let rr: Vec<Rr> = of.beats.iter().map(|beat| beat.rr).collect();
    let shapes = Shapes { waves: &of.waves, length: of.window.length(), rr: &rr };
    let literal = of.options.compat() == Compat::Spec;
    let rows: Vec<usize> = if literal { (0..of.beats.len()).collect() } else { of.fitted().collect() };
    of.map = FeatureMap::fit(shapes, &rows, |beat| !of.beats[beat].noise, &of.options, of.seed)?;
    of.features = of.map.transform(shapes);
    let clusters = of.map.assign(&of.features);
    let cluster = |(beat, id): (&Beat, Option<usize>)| id.filter(|_| !beat.noise).map_or(-1, |id| id as i32);
    of.clusters = of.beats.iter().zip(clusters).map(cluster).collect();
    if !literal {
        of.local_clusters = local_clusters(of)?;
    }
    of.templates = prototypes::templates(of);
    of.prototypes = prototypes::prototypes(of);
    let beats: Vec<usize> = of.records.iter().map(|record| record.beats).collect();
    of.windows = match of.options.compat() {
        Compat::Corrected => ContextWindows::new(&beats, of.options.context_radius),
        Compat::Spec => ContextWindows::over(&beats, of.options.context_radius, |beat| !of.beats[beat].noise),
    };
    Ok(())
}

/// Clusters within each class of the training beats. Small ones stay: they are what is rare.
fn local_clusters(of: &Prepared) -> Result<Vec<i32>, EcgError> {
    let mut clusters = vec![-1; of.beats.len()];
    for class in 0..of.labels.classes.len() {
        let rows: Vec<usize> = of.fitted().filter(|&b| of.beats[b].class == Some(class as u16)).collect();
        let x = Array2::from_shape_fn((rows.len(), of.features.ncols()), |(i, k)| {
            f64::from(of.features[[rows[i], k]])
        });
        let seed = of.seed.child("ecg/local", class as u64);
        for (row, id) in rows.iter().zip(spec::local_clusters(&x, of.options.restarts, seed)?) {
            clusters[*row] = id as i32;
        }
    }
    Ok(clusters)
}
