//! Recordings made up from those of the training patients, so that what is usual in a recording is not taken
//! for normal.
//!
//! In nearly all recordings most beats are normal, and a classifier that compares each beat with its recording
//! comes to rely on it: where the rhythm itself is ectopic it finds nothing. From every recording further ones
//! are made, of one of three courses:
//!
//! | course | beats | what it teaches |
//! |---|---|---|
//! | runs | early beats of similar intervals in runs, between others that followed an early one, whose pauses are longer still | early beats can be most of a recording |
//! | irregular | common beats in their order, each interval times e^(σ z), σ from 0.1 to 0.3, z normal | as in atrial fibrillation, an interval says nothing where all are irregular |
//! | stretch | 100 to 600 beats as they are | what is usual varies from minute to minute |
//!
//! Each beat keeps its wave, its class and, unless said otherwise, the interval before it; all other intervals
//! are taken anew. Runs alone make a classifier call much of atrial fibrillation early; irregular recordings
//! prevent it (`docs/ecg-classification.md`).

use paucal_core::Seed;
use paucal_core::random::Stream;
use serde::{Deserialize, Serialize};

use super::{Beats, Extent, TrainingBeats};
use crate::ecg::beats::{Beat, rr};
use crate::ecg::error::{EcgError, require};

/// Beats of a recording in runs, and of an irregular one.
const LENGTH: usize = 300;
/// Beats of a stretch, from and to.
const STRETCH: [usize; 2] = [100, 600];
/// Fewest early beats for runs, and fewest common ones for an irregular recording.
const FEWEST: [usize; 2] = [5, 100];
/// Share of the early beats, of similar intervals, that a recording in runs is made of, and at least how many.
const ALIKE: (f64, usize) = (0.35, 10);

/// Which recordings are made up, and how much they count.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Recompose {
    /// Made-up recordings for each one there is; 0 for none.
    pub copies: usize,
    /// Weight of all their beats together; that of all others is 1.
    pub weight: f64,
    /// Share of recordings in runs, where there are early beats.
    pub runs: f64,
    /// Share of irregular recordings.
    pub irregular: f64,
    /// Name of the class of beats that are told by being early.
    pub early: String,
}

impl Default for Recompose {
    fn default() -> Self {
        Self { copies: 6, weight: 0.1, runs: 0.2, irregular: 0.6, early: "S".into() }
    }
}

impl Recompose {
    /// No recording.
    pub fn none() -> Self {
        Self { copies: 0, ..Self::default() }
    }

    /// Whether the parameters are in range.
    pub fn check(&self) -> Result<(), EcgError> {
        require(self.copies <= 100, "copies", self.copies, "at most 100")?;
        require((0.0..=10.0).contains(&self.weight), "weight", self.weight, "between 0 and 10")?;
        let share = |v: f64| (0.0..=1.0).contains(&v);
        require(share(self.runs), "runs", self.runs, "between 0 and 1")?;
        let rest = share(self.irregular) && self.runs + self.irregular <= 1.0;
        require(rest, "irregular", self.irregular, "between 0 and 1, with runs at most 1")
    }

    /// The recordings made up from those of some training beats, in their order.
    pub fn of(&self, training: &TrainingBeats<'_>, seed: Seed) -> MadeUp {
        let early = training.names.iter().position(|name| *name == self.early);
        let common = most_common(&training.classes);
        let mut made = MadeUp::default();
        for (number, source) in Source::all(training).iter().enumerate() {
            for copy in 0..self.copies {
                let step = (number * self.copies + copy) as u64;
                let mut stream = seed.stream("ecg/classify/recompose", step);
                let drawn = stream.uniform();
                let wanted = if drawn < self.runs {
                    early.and_then(|early| Runs::drawn(&mut stream).course(source, early, &mut stream))
                } else if drawn < self.runs + self.irregular {
                    source.irregular(common, &mut stream)
                } else {
                    None
                };
                let course = wanted.unwrap_or_else(|| source.stretch(&mut stream));
                made.add(&training.beats, source.patient, &course);
            }
        }
        made
    }
}

/// A recording in runs of early beats.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Runs {
    /// Mean length of a run of early beats.
    pub run: f64,
    /// Mean length of what lies between.
    pub between: f64,
    /// How many times longer a pause becomes.
    pub pause: f64,
}

impl Default for Runs {
    /// Three of four beats are early.
    fn default() -> Self {
        Self { run: 3.5, between: 1.0, pause: 1.5 }
    }
}

impl Runs {
    /// Runs of 2.5 to 11 beats, 1 to 4.5 beats between them, pauses up to 1.65 times as long.
    fn drawn(stream: &mut Stream) -> Self {
        let mut power = |low, high| stream.uniform_in(low, high).exp();
        Self { run: power(0.9, 2.4), between: power(0.0, 1.5), pause: power(0.0, 0.5) }
    }

    /// One recording of every one that has at least `fewest` beats of the class: to try a classifier on a rhythm
    /// that is ectopic.
    pub fn of(self, beats: &TrainingBeats<'_>, class: usize, fewest: usize, seed: Seed) -> MadeUp {
        let mut made = MadeUp::default();
        for (number, source) in Source::all(beats).iter().enumerate() {
            let mut stream = seed.stream("ecg/classify/runs", number as u64);
            if source.beats.iter().filter(|beat| beat.class == class).count() >= fewest
                && let Some(course) = self.course(source, class, &mut stream)
            {
                made.add(&beats.beats, source.patient, &course);
            }
        }
        made
    }

    /// Nothing if there are too few early or no other beats.
    fn course(self, source: &Source, early: usize, stream: &mut Stream) -> Option<Vec<Played>> {
        let is_early = |beat: &Played| beat.class == early;
        let mut pool: Vec<Played> =
            source.beats.iter().copied().filter(|beat| is_early(beat) && beat.previous.is_some()).collect();
        let mut starts: Vec<usize> = (1..source.beats.len())
            .filter(|&i| !is_early(&source.beats[i]) && is_early(&source.beats[i - 1]))
            .collect();
        if starts.is_empty() {
            starts = (0..source.beats.len()).filter(|&i| !is_early(&source.beats[i])).collect();
        }
        if pool.len() < FEWEST[0] || starts.is_empty() {
            return None;
        }
        pool.sort_by(|a, b| a.previous.partial_cmp(&b.previous).unwrap_or(std::cmp::Ordering::Equal));
        let taken = ALIKE.1.max((ALIKE.0 * pool.len() as f64) as usize).min(pool.len());
        let first = stream.index(pool.len() - taken + 1);
        let pool = &pool[first..first + taken];
        let mut course: Vec<Played> = Vec::with_capacity(LENGTH);
        while course.len() < LENGTH {
            let (length, middle) = (geometric(self.run, stream), stream.index(taken));
            let mut run: Vec<Played> =
                (0..length).map(|i| pool[(middle + i).saturating_sub(length / 2).min(taken - 1)]).collect();
            stream.shuffle(&mut run);
            course.extend(run);
            let start = starts[stream.index(starts.len())];
            let between = source.beats[start..].iter().take(geometric(self.between, stream)).copied();
            course.extend(between.filter(|beat| !is_early(beat)));
        }
        course.truncate(LENGTH);
        for i in 1..course.len() {
            if is_early(&course[i - 1]) && !is_early(&course[i]) {
                course[i].previous = course[i].previous.map(|v| v * self.pause as f32);
            }
        }
        Some(course)
    }
}

/// A beat of a made-up recording.
#[derive(Clone, Copy)]
struct Played {
    /// Its position among all beats.
    beat: usize,
    class: usize,
    /// The interval before it.
    previous: Option<f32>,
}

/// The training beats of a recording.
struct Source {
    patient: usize,
    beats: Vec<Played>,
}

impl Source {
    /// Of every recording that has any.
    fn all(training: &TrainingBeats<'_>) -> Vec<Self> {
        let of = |&(beat, class): &(usize, usize)| Played {
            beat,
            class,
            previous: training.beats.all[beat].rr.previous,
        };
        let mut beats: Vec<(usize, usize)> =
            training.beats.rows.iter().copied().zip(training.classes.iter().copied()).collect();
        beats.sort_unstable();
        let of_record = |record: &Extent| {
            let inside = |beat: usize| beats.partition_point(|(row, _)| *row < beat);
            let range = record.range();
            let beats = beats[inside(range.start)..inside(range.end)].iter().map(of).collect();
            Self { patient: record.patient, beats }
        };
        training.beats.records.iter().map(of_record).filter(|source| !source.beats.is_empty()).collect()
    }

    fn stretch(&self, stream: &mut Stream) -> Vec<Played> {
        let wanted = STRETCH[0] + stream.index(STRETCH[1] - STRETCH[0]);
        part(&self.beats, wanted, stream).to_vec()
    }

    /// Nothing if there are too few common beats.
    fn irregular(&self, common: usize, stream: &mut Stream) -> Option<Vec<Played>> {
        let beats: Vec<Played> = self.beats.iter().copied().filter(|beat| beat.class == common).collect();
        if beats.len() < FEWEST[1] {
            return None;
        }
        let mut course = part(&beats, LENGTH, stream).to_vec();
        let spread = stream.uniform_in(0.1, 0.3);
        for beat in &mut course {
            let factor = (spread * stream.normal()).exp();
            beat.previous = beat.previous.map(|v| v * factor as f32);
        }
        Some(course)
    }
}

/// So many beats in a row, or all if there are fewer.
fn part<'a>(beats: &'a [Played], wanted: usize, stream: &mut Stream) -> &'a [Played] {
    let length = wanted.min(beats.len());
    let start = stream.index(beats.len() - length + 1);
    &beats[start..start + length]
}

/// A whole number from 1 with this mean, geometrically distributed.
fn geometric(mean: f64, stream: &mut Stream) -> usize {
    let stop = 1.0 / mean.max(1.0);
    let drawn = 1.0 - stream.uniform();
    if stop < 1.0 { 1 + (drawn.ln() / (1.0 - stop).ln()) as usize } else { 1 }
}

/// The first of the most common numbers.
fn most_common(classes: &[usize]) -> usize {
    let count = |class: usize| classes.iter().filter(|&&c| c == class).count();
    let classes = 0..=classes.iter().copied().max().unwrap_or(0);
    classes.rev().max_by_key(|&class| count(class)).unwrap_or(0)
}

/// Made-up recordings.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct MadeUp {
    all: Vec<Beat>,
    waves: Vec<f32>,
    records: Vec<Extent>,
    classes: Vec<usize>,
}

impl MadeUp {
    /// Their beats, in the window, at the rate and with the classes of those they were made of.
    pub fn training<'a>(&'a self, of: &TrainingBeats<'_>) -> TrainingBeats<'a> {
        let beats = Beats {
            rate: of.beats.rate,
            window: of.beats.window,
            all: &self.all,
            waves: &self.waves,
            records: self.records.clone(),
            rows: (0..self.all.len()).collect(),
        };
        TrainingBeats { beats, classes: self.classes.clone(), names: of.names.clone() }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    fn add(&mut self, from: &Beats<'_>, patient: usize, course: &[Played]) {
        self.records.push(Extent { patient, first: self.all.len(), beats: course.len() });
        let previous: Vec<Option<f32>> = course.iter().map(|beat| beat.previous).collect();
        for (i, (played, rr)) in course.iter().zip(rr::from_previous(&previous)).enumerate() {
            self.all.push(Beat { index: i as u32, rr, ..from.all[played.beat].clone() });
            self.waves.extend_from_slice(from.wave(played.beat));
            self.classes.push(played.class);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::tests::{Made, names};
    use super::*;

    fn training(made: &Made) -> TrainingBeats<'_> {
        TrainingBeats::new(&made.beats(), &names()).unwrap()
    }

    #[test]
    fn runs_are_of_early_beats_with_pauses_between() {
        let made = Made::new(2, 160);
        let of = training(&made);
        let runs = Runs { run: 4.0, between: 1.0, pause: 2.0 }.of(&of, 1, 20, Seed(3));
        let runs = runs.training(&of);
        assert_eq!(
            runs.beats.records.iter().map(|r| (r.patient, r.beats)).collect::<Vec<_>>(),
            [(0, 300), (1, 300)]
        );
        let early = runs.classes.iter().filter(|&&class| class == 1).count() as f64 / 600.0;
        assert!((0.7..0.9).contains(&early), "{early}");
        for record in &runs.beats.records {
            for i in record.range().skip(1) {
                let (before, own) = (&runs.beats.all[i - 1].rr, &runs.beats.all[i].rr);
                assert_eq!(before.next, own.previous);
                let pause = runs.classes[i] != 1 && runs.classes[i - 1] == 1;
                assert!(!pause || own.previous.unwrap() > 1.6, "0.83 s at least, twice");
            }
        }
        assert!(Runs::default().of(&of, 1, 21, Seed(3)).is_empty(), "too few early beats");
    }

    #[test]
    fn beats_are_those_of_the_training_patients() {
        let made = Made::new(3, 120);
        let all = made.beats();
        let of = TrainingBeats::new(&all.select((120..360).collect()), &names()).unwrap();
        let options = Recompose { copies: 5, ..Recompose::default() };
        let drawn = options.of(&of, Seed(2));
        assert_eq!(drawn, options.of(&of, Seed(2)));
        assert_ne!(drawn, options.of(&of, Seed(3)));
        let drawn = drawn.training(&of);
        drawn.beats.check().unwrap();
        assert_eq!(drawn.beats.records.len(), 10);
        let waves: Vec<&[f32]> = (120..360).map(|beat| all.wave(beat)).collect();
        for beat in 0..drawn.beats.len() {
            let wave = drawn.beats.wave(beat);
            let source = waves.iter().position(|own| *own == wave).unwrap();
            assert_eq!(of.classes[source], drawn.classes[beat]);
        }
        assert!(Recompose::none().of(&of, Seed(2)).is_empty());
    }

    #[test]
    fn shares_are_checked() {
        assert!(Recompose { runs: 0.7, irregular: 0.4, ..Recompose::default() }.check().is_err());
        assert!(Recompose { weight: f64::NAN, ..Recompose::default() }.check().is_err());
        assert!(Recompose::default().check().is_ok());
    }

    proptest! {
        #[test]
        fn any_few_beats_will_do(rows in prop::collection::btree_set(0_usize..80, 1..80), seed in 0_u64..50) {
            let made = Made::new(2, 40);
            let of = TrainingBeats::new(&made.beats().select(rows.into_iter().collect()), &names()).unwrap();
            let drawn = Recompose { copies: 3, runs: 0.5, irregular: 0.5, ..Recompose::default() }.of(&of, Seed(seed));
            prop_assert!(drawn.training(&of).beats.check().is_ok());
        }

        #[test]
        fn lengths_of_runs_have_their_mean(mean in 1.0_f64..12.0, seed in 0_u64..20) {
            let mut stream = Seed(seed).stream("test", 0);
            let drawn: Vec<usize> = (0..4000).map(|_| geometric(mean, &mut stream)).collect();
            prop_assert!(drawn.iter().all(|&n| n >= 1));
            let found = drawn.iter().sum::<usize>() as f64 / 4000.0;
            prop_assert!((found - mean).abs() < 0.1 * mean);
        }
    }
}
