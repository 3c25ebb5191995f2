//! The queue of beats that are left to a person.
//!
//! A classifier that may stay silent ([`gate`](super::gate)) leaves beats behind. A [`ReviewBeat`] holds what
//! somebody needs who looks at one: where it is, what it looks like among its neighbours, what the classifier
//! thought and why it was held back. [`ReviewQueue::to_csv`] is the list to work through.

mod selection;
mod surroundings;

use serde::{Deserialize, Serialize};

pub use self::surroundings::{Surroundings, surroundings, unit};
use super::error::EcgError;
use super::listing::{cell, csv};

/// A beat of the neighbourhood.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Neighbour {
    /// When its R peak is, in seconds from the start of the recording.
    pub time_s: f64,
    /// What it is called there, in a letter or two.
    pub word: String,
}

/// A beat to look at.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReviewBeat {
    /// Its number.
    pub beat_global_id: usize,
    /// Its recording.
    pub record: String,
    /// Its patient.
    pub patient: String,
    /// Its lead; may be empty.
    pub lead: String,
    /// When its R peak is, in seconds from the start of the recording.
    pub time_s: f64,
    /// The most probable class.
    pub class_name: String,
    /// Its probability, from 0 to 1.
    pub probability: f64,
    /// All classes with their probabilities, in the order of the classes.
    pub probabilities: Vec<(String, f64)>,
    /// Why it was held back, in plain words.
    pub reasons: Vec<String>,
    /// How doubtful its signal is: at 1 and above it is flagged as noise.
    pub noise_score: f64,
    /// Cosine with the most similar prototype, where one was compared.
    pub similarity: Option<f64>,
    /// The wave as the classifier saw it.
    #[serde(with = "gaps")]
    pub wave: Vec<f32>,
    /// The signal around it; NaN where it is not known. May be empty.
    #[serde(with = "gaps")]
    pub strip: Vec<f32>,
    /// Samples per second of the strip.
    pub strip_rate_hz: f64,
    /// When the strip starts, in seconds from the start of the recording.
    pub strip_start_s: f64,
    /// The other beats within the strip.
    pub neighbours: Vec<Neighbour>,
}

/// The beats that were held back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReviewQueue {
    /// Beats that a class was asked for, those that got one included.
    pub beats_in_all: usize,
    /// Unit of waves and strips; empty if not known.
    pub unit: String,
    /// Samples per second of the waves.
    pub rate_hz: f64,
    /// Sample of the R peak within a wave.
    pub peak: usize,
    /// The beats by recording and time.
    pub beats: Vec<ReviewBeat>,
}

impl ReviewQueue {
    /// A queue of these beats, which are put in order of recording and time.
    pub fn new(
        beats_in_all: usize,
        unit: impl Into<String>,
        rate_hz: f64,
        peak: usize,
        mut beats: Vec<ReviewBeat>,
    ) -> Self {
        beats.sort_by(|a, b| {
            let time = a.time_s.total_cmp(&b.time_s);
            a.record.cmp(&b.record).then(time).then(a.beat_global_id.cmp(&b.beat_global_id))
        });
        Self { beats_in_all, unit: unit.into(), rate_hz, peak, beats }
    }

    /// Beats of one recording after the other.
    pub fn by_record(&self) -> impl Iterator<Item = &[ReviewBeat]> {
        self.beats.chunk_by(|a, b| a.record == b.record)
    }

    /// Positions of at most `most` beats that stand for all: of each recording in proportion to its beats, at
    /// least one while there is room, evenly over its time. In ascending order.
    pub fn selection(&self, most: usize) -> Vec<usize> {
        let counts: Vec<usize> = self.by_record().map(<[ReviewBeat]>::len).collect();
        selection::evenly(&counts, most)
    }

    /// One row for each beat, reasons joined by `; `, an unknown similarity empty.
    pub fn to_csv(&self) -> Result<String, EcgError> {
        let header = [
            "beat_global_id",
            "record",
            "patient",
            "time_s",
            "class_name",
            "probability",
            "reasons",
            "noise_score",
            "similarity",
        ];
        let row = |beat: &ReviewBeat| {
            [
                beat.beat_global_id.to_string(),
                beat.record.clone(),
                beat.patient.clone(),
                beat.time_s.to_string(),
                beat.class_name.clone(),
                beat.probability.to_string(),
                beat.reasons.join("; "),
                beat.noise_score.to_string(),
                cell(beat.similarity),
            ]
        };
        csv(header, self.beats.iter().map(row))
    }
}

/// Samples with gaps: JSON knows no NaN, so a gap is written as null.
mod gaps {
    use serde::{Deserialize, Deserializer, Serializer};

    pub fn serialize<S: Serializer>(samples: &[f32], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(samples.iter().map(|v| Some(*v).filter(|v| v.is_finite())))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<f32>, D::Error> {
        let read: Vec<Option<f32>> = Vec::deserialize(deserializer)?;
        Ok(read.into_iter().map(|v| v.unwrap_or(f32::NAN)).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn beat(id: usize, record: &str, time_s: f64) -> ReviewBeat {
        ReviewBeat {
            beat_global_id: id,
            record: record.into(),
            patient: "p".into(),
            lead: "MLII".into(),
            time_s,
            class_name: "V".into(),
            probability: 0.5,
            probabilities: vec![("N".into(), 0.25), ("V".into(), 0.5)],
            reasons: vec!["poor signal".into(), "low, \"very\" low confidence".into()],
            noise_score: 0.25,
            similarity: None,
            wave: vec![0.0, 1.5],
            strip: vec![0.5, f32::NAN],
            strip_rate_hz: 2.0,
            strip_start_s: 0.0,
            neighbours: Vec::new(),
        }
    }

    #[test]
    fn beats_stand_by_recording_and_time() {
        let beats = vec![beat(5, "b", 1.0), beat(2, "a", 9.0), beat(1, "a", 2.0)];
        let queue = ReviewQueue::new(10, "mV", 360.0, 90, beats);
        let order: Vec<usize> = queue.beats.iter().map(|b| b.beat_global_id).collect();
        assert_eq!(order, [1, 2, 5]);
        assert_eq!(queue.by_record().map(<[_]>::len).collect::<Vec<_>>(), [2, 1]);
        assert_eq!(queue.selection(2), [1, 2]);
    }

    #[test]
    fn the_list_quotes_what_must_be_quoted() {
        let csv = ReviewQueue::new(1, "mV", 360.0, 90, vec![beat(1, "a,b", 2.5)]).to_csv().unwrap();
        let row = csv.lines().nth(1).unwrap();
        assert_eq!(row, "1,\"a,b\",p,2.5,V,0.5,\"poor signal; low, \"\"very\"\" low confidence\",0.25,");
        assert!(ReviewQueue::new(0, "", 0.0, 0, Vec::new()).to_csv().unwrap().lines().count() == 1);
    }

    #[test]
    fn gaps_survive_json() {
        let queue = ReviewQueue::new(1, "mV", 360.0, 90, vec![beat(1, "a", 2.5)]);
        let text = serde_json::to_string(&queue).unwrap();
        assert!(text.contains("[0.5,null]"), "{text}");
        let back: ReviewQueue = serde_json::from_str(&text).unwrap();
        assert!(back.beats[0].strip[1].is_nan() && back.beats[0].wave == [0.0, 1.5]);
    }
}
