//! The beats that a model leaves to a person, with what they need to be looked at.

use super::{BeatModel, Prediction};
use crate::ecg::gate::Held;
use crate::ecg::prepare::Prepared;
use crate::ecg::review::{Neighbour, ReviewBeat, ReviewQueue, surroundings, unit};

/// What is shown of a recording before and after a beat, in seconds.
const AROUND_S: f64 = 2.5;
/// Stands for a neighbour that is itself under review.
const UNKNOWN: &str = "?";

impl BeatModel {
    /// The queue. The signal around a beat is added for at most `most` of them, evenly chosen; all have their wave.
    pub fn review(&self, prepared: &Prepared, prediction: &Prediction, most: usize) -> ReviewQueue {
        let beats = prediction.held().map(|beat| self.review_beat(prepared, prediction, beat)).collect();
        let (all, before) = (prediction.decisions.len(), prepared.window.before);
        let mut queue = ReviewQueue::new(all, unit(prepared), prepared.rate, before, beats);
        for at in queue.selection(most) {
            let beat = &mut queue.beats[at];
            let found = surroundings(prepared, beat.beat_global_id, AROUND_S);
            (beat.strip_start_s, beat.strip) = (found.start_s, found.samples);
            let others = found.beats.into_iter().filter(|&other| other != beat.beat_global_id);
            beat.neighbours = others.map(|other| self.neighbour(prepared, prediction, other)).collect();
        }
        queue
    }

    fn review_beat(&self, prepared: &Prepared, prediction: &Prediction, beat: usize) -> ReviewBeat {
        let record = prepared.record_of(beat);
        let probabilities = prediction.probabilities.row(beat);
        let held = prediction.decisions[beat].held;
        ReviewBeat {
            beat_global_id: beat,
            record: record.name.clone(),
            patient: prepared.patients[record.patient].clone(),
            lead: record.lead.clone(),
            time_s: f64::from(prepared.beats[beat].position) / prepared.rate,
            class_name: self.classes()[usize::from(prediction.top[beat])].clone(),
            probability: prediction.confidence(beat),
            probabilities: self.classes().iter().cloned().zip(probabilities.iter().copied()).collect(),
            reasons: Held::words(held).into_iter().map(str::to_owned).collect(),
            noise_score: f64::from(prepared.beats[beat].noise_score),
            similarity: prediction.similarity.as_ref().map(|similarity| similarity[beat]),
            wave: prepared.wave(beat).to_vec(),
            strip: Vec::new(),
            strip_rate_hz: prepared.rate,
            strip_start_s: 0.0,
            neighbours: Vec::new(),
        }
    }

    fn neighbour(&self, prepared: &Prepared, prediction: &Prediction, beat: usize) -> Neighbour {
        let class = prediction.decisions[beat].class;
        Neighbour {
            time_s: f64::from(prepared.beats[beat].position) / prepared.rate,
            word: class.map_or_else(|| UNKNOWN.into(), |class| self.classes()[usize::from(class)].clone()),
        }
    }
}
