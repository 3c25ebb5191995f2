//! Numbers that describe a beat.
//!
//! | group | features |
//! |---|---|
//! | wave | principal components of the beat (fitted to training patients), its samples, or components of its difference to the dominant beat, in units of that beat's deflection |
//! | rhythm | previous and next RR interval, their ratio, differences of both and of the mean of the last ten to the mean of the record (Wang et al. 2020) |
//! | rhythm around | both to the median of the record and to the local mean, the intervals before and after these, irregularity of the surroundings and of the record |
//! | dominant | likeness to the record's own [dominant](super::dominant) beat as a whole, before, in and after the QRS complex, ratios of deflection, area and width, likeness to the two neighbours |
//! | shape | extremes, area and width of the QRS complex, steepest slope |
//! | pace | intervals to quantiles of those of the record and of a minute around the beat, how abruptly they change, how alike the P waves of that minute are |
//! | in record, in kind | all but wave and pace in units of what is usual in the recording, or among its dominant beats |
//!
//! Differences to the *mean* RR interval of the record keep a record whose own rhythm is ectopic; differences
//! to the median alone would lose it. Trees look only at the order of values, so nothing is scaled.

mod in_record;
mod pace;
mod relation;
mod rhythm;

use ndarray::{Array2, Axis};
use paucal_learn::Pca;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::beats::Beats;
use super::dominant::Dominant;
use crate::ecg::error::{EcgError, require};
use in_record::Usual;

/// How the wave itself is described.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Wave {
    /// Not at all.
    None,
    /// So many principal components.
    Components(usize),
    /// So many principal components of the difference to the dominant beat.
    Difference(usize),
    /// Every so many samples, their mean.
    Samples(usize),
}

/// Which features are taken.
#[allow(clippy::struct_excessive_bools)] // groups of features, independent of each other
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BeatFeatures {
    /// The wave.
    pub wave: Wave,
    /// RR intervals beyond those of Wang et al.
    pub around: bool,
    /// Relation to the dominant beat and to the neighbours.
    pub dominant: bool,
    /// QRS measures.
    pub shape: bool,
    /// The pace of the beats around.
    pub pace: bool,
    /// All features but those of wave and pace once more, in units of what is usual in the recording: less their
    /// median, over the distance of their quartiles.
    pub in_record: bool,
    /// Of these, rhythm less its mean, over its deviation: of a record whose own rhythm is ectopic the median
    /// hides just that.
    pub rhythm_by_mean: bool,
    /// Everything but wave, rhythm and pace once more, by median and quartiles of only those beats of the recording
    /// that are like its dominant beat, which hold where ectopic beats are many.
    pub in_kind: bool,
    /// Names of features to leave out.
    pub without: Vec<String>,
}

impl Default for BeatFeatures {
    fn default() -> Self {
        Self {
            wave: Wave::None,
            around: true,
            dominant: true,
            shape: true,
            pace: true,
            in_record: true,
            rhythm_by_mean: false,
            in_kind: false,
            without: Vec::new(),
        }
    }
}

impl BeatFeatures {
    /// Whether the parameters are in range.
    pub fn check(&self) -> Result<(), EcgError> {
        match self.wave {
            Wave::None => Ok(()),
            Wave::Components(n) | Wave::Difference(n) => {
                require((1..=500).contains(&n), "components", n, "between 1 and 500")
            }
            Wave::Samples(n) => require((1..=100).contains(&n), "samples", n, "between 1 and 100"),
        }
    }

    /// Fits the principal components to the selected beats.
    pub fn fit(&self, beats: &Beats<'_>) -> Result<FittedFeatures, EcgError> {
        self.check()?;
        let length = beats.window.length();
        let mut fitted = FittedFeatures {
            options: self.clone(),
            rate: beats.rate,
            before: beats.window.before,
            length,
            mean: Vec::new(),
            axes: Vec::new(),
        };
        let wanted = match self.wave {
            Wave::Components(n) | Wave::Difference(n) => n,
            Wave::None | Wave::Samples(_) => return Ok(fitted),
        };
        let dominants = dominants(beats);
        let record_of = record_of(beats);
        let x = rows(beats, length, |beat| fitted.wave(beats.wave(beat), &dominants[record_of[beat]].wave));
        let components = wanted.min(length).min(beats.len().saturating_sub(1)).max(1);
        let pca = Pca { components: Some(components) }.fit(x.view())?;
        fitted.mean = pca.means().to_vec();
        fitted.axes = pca.axes().rows().into_iter().map(|axis| axis.to_vec()).collect();
        Ok(fitted)
    }
}

/// Features with what was learnt for them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FittedFeatures {
    options: BeatFeatures,
    rate: f64,
    before: usize,
    length: usize,
    /// Mean wave.
    mean: Vec<f64>,
    /// Components × samples.
    axes: Vec<Vec<f64>>,
}

impl FittedFeatures {
    /// Names of the features.
    pub fn names(&self) -> Vec<String> {
        let mut names = self.all_names();
        names.retain(|name| !self.options.without.contains(name));
        names
    }

    /// Names of the features before some are left out.
    fn all_names(&self) -> Vec<String> {
        let mut names = self.raw_names();
        let raw = names[self.of_wave()..names.len() - self.of_pace()].to_vec();
        if self.options.in_record {
            names.extend(raw.iter().map(|name| format!("{name}_in_record")));
        }
        if self.options.in_kind {
            names.extend(raw[self.of_rhythm()..].iter().map(|name| format!("{name}_in_kind")));
        }
        names
    }

    /// How many features describe the wave.
    fn of_wave(&self) -> usize {
        match self.options.wave {
            Wave::None => 0,
            Wave::Components(_) | Wave::Difference(_) => self.axes.len(),
            Wave::Samples(step) => self.length.div_ceil(step),
        }
    }

    /// How many features describe the rhythm; they come after those of the wave.
    fn of_rhythm(&self) -> usize {
        rhythm::BASIC.len() + if self.options.around { rhythm::AROUND.len() } else { 0 }
    }

    /// How many features describe the pace; they come last.
    fn of_pace(&self) -> usize {
        if self.options.pace { pace::PACE.len() } else { 0 }
    }

    /// Names of what is measured of a beat.
    fn raw_names(&self) -> Vec<String> {
        let mut names: Vec<String> = match self.options.wave {
            Wave::None => Vec::new(),
            Wave::Components(_) | Wave::Difference(_) => {
                (1..=self.axes.len()).map(|k| format!("pc{k}")).collect()
            }
            Wave::Samples(step) => {
                (0..self.length.div_ceil(step)).map(|k| format!("sample{}", k * step)).collect()
            }
        };
        let mut add = |group: &[&str]| names.extend(group.iter().map(|&name| name.to_owned()));
        add(&rhythm::BASIC);
        if self.options.around {
            add(&rhythm::AROUND);
        }
        if self.options.dominant {
            add(&relation::DOMINANT);
        }
        if self.options.shape {
            add(&relation::SHAPE);
        }
        if self.options.pace {
            add(&pace::PACE);
        }
        names
    }

    /// The features of the selected beats: beats × features. NaN stands for what is not known.
    pub fn transform(&self, beats: &Beats<'_>) -> Result<Array2<f64>, EcgError> {
        beats.check()?;
        beats.must_be(self.rate, self.before, self.length)?;
        let (dominants, rhythms) = (dominants(beats), rhythm::of_records(beats));
        let paces = self.paces(beats, &dominants);
        let record_of = record_of(beats);
        let width = self.raw_names().len();
        let measure = |of: &Beats<'_>| {
            rows(of, width, |beat| {
                let record = record_of[beat];
                let recording = (&dominants[record], &rhythms[record], &paces[record]);
                self.of_beat(beats, beat, recording)
            })
        };
        let mut x = measure(beats);
        if self.options.in_record || self.options.in_kind {
            // What is usual in a recording takes all of its beats, whichever are meant.
            let (whole, places) = beats.whole();
            let measured = measure(&whole);
            let (rhythm, others) = (self.of_wave(), self.of_wave() + self.of_rhythm());
            let end = width - self.of_pace();
            let part =
                |columns: std::ops::Range<usize>| measured.select(Axis(1), &columns.collect::<Vec<usize>>());
            let mut add = |part: Array2<f64>, usual: Usual<'_>| {
                let relative = in_record::relative(part, &whole, usual).select(Axis(0), &places);
                x = ndarray::concatenate![Axis(1), x, relative];
            };
            if self.options.in_record {
                let mean = self.options.rhythm_by_mean;
                add(part(rhythm..others), if mean { Usual::Mean } else { Usual::Median(None) });
                add(part(others..end), Usual::Median(None));
            }
            if self.options.in_kind {
                let kind = |beat: usize| dominants[record_of[beat]].leads(beats.wave(beat));
                let kind: Vec<bool> = whole.rows.par_iter().map(|&beat| kind(beat)).collect();
                add(part(others..end), Usual::Median(Some(&kind)));
            }
        }
        if !self.options.without.is_empty() {
            let names = self.all_names();
            let kept: Vec<usize> =
                (0..names.len()).filter(|&k| !self.options.without.contains(&names[k])).collect();
            x = x.select(Axis(1), &kept);
        }
        Ok(x)
    }

    fn of_beat(
        &self,
        beats: &Beats<'_>,
        beat: usize,
        (dominant, rhythm, pace): (&Dominant, &rhythm::Rhythm, &pace::Pace),
    ) -> Vec<f64> {
        let mut values: Vec<f64> = Vec::new();
        match self.options.wave {
            Wave::None => {}
            Wave::Components(_) | Wave::Difference(_) => {
                let wave = self.wave(beats.wave(beat), &dominant.wave);
                let centred: Vec<f64> = wave.iter().zip(&self.mean).map(|(v, mean)| v - mean).collect();
                values.extend(self.axes.iter().map(|axis| dot(axis, &centred)));
            }
            Wave::Samples(step) => {
                let mean = |part: &[f32]| part.iter().map(|&v| f64::from(v)).sum::<f64>() / part.len() as f64;
                values.extend(beats.wave(beat).chunks(step).map(mean));
            }
        }
        rhythm::basic(&beats.all[beat].rr, &mut values);
        if self.options.around {
            rhythm.around(beats, beat, &mut values);
        }
        let place = self.place();
        if self.options.dominant {
            let near = |other: Option<usize>| {
                other.filter(|other| rhythm.beats.contains(other)).map(|other| beats.wave(other))
            };
            let neighbours = [near(beat.checked_sub(1)), near(Some(beat + 1))];
            relation::to_dominant(beats.wave(beat), dominant, neighbours, place, &mut values);
        }
        if self.options.shape {
            relation::shape(beats.wave(beat), place, &mut values);
        }
        if self.options.pace {
            pace.of_beat(beats, beat, &mut values);
        }
        values.iter_mut().filter(|v| !v.is_finite()).for_each(|v| *v = f64::NAN);
        values
    }

    /// The pace of every recording that has a dominant beat.
    fn paces(&self, beats: &Beats<'_>, dominants: &[Dominant]) -> Vec<pace::Pace> {
        let of = |(record, dominant): (&super::Extent, &Dominant)| {
            if self.options.pace && !dominant.wave.is_empty() {
                pace::Pace::of(beats, record.range(), dominant, self.place())
            } else {
                pace::Pace::default()
            }
        };
        beats.records.par_iter().zip(dominants).map(of).collect()
    }

    fn place(&self) -> relation::Place {
        relation::Place { rate: self.rate, before: self.before }
    }

    /// The wave as the components take it.
    fn wave(&self, wave: &[f32], dominant: &[f64]) -> Vec<f64> {
        if matches!(self.options.wave, Wave::Difference(_)) {
            let unit = relation::deflection(dominant);
            wave.iter().zip(dominant).map(|(&v, d)| (f64::from(v) - d) / unit).collect()
        } else {
            wave.iter().map(|&v| f64::from(v)).collect()
        }
    }
}

/// A row of `width` values for each selected beat.
fn rows(beats: &Beats<'_>, width: usize, of_beat: impl Fn(usize) -> Vec<f64> + Sync) -> Array2<f64> {
    let mut x = Array2::zeros((beats.len(), width));
    if let Some(flat) = x.as_slice_mut().filter(|_| width > 0) {
        flat.par_chunks_mut(width)
            .zip(&beats.rows)
            .for_each(|(row, &beat)| row.iter_mut().zip(of_beat(beat)).for_each(|(to, v)| *to = v));
    }
    x
}

/// The dominant beat of every recording that has a selected beat; nothing for the others.
fn dominants(beats: &Beats<'_>) -> Vec<Dominant> {
    let length = beats.window.length();
    let mut meant = vec![false; beats.records.len()];
    let record_of = record_of(beats);
    beats.rows.iter().for_each(|&row| meant[record_of[row]] = true);
    let of = |(record, meant): (&super::Extent, bool)| {
        let range = record.range();
        if meant {
            Dominant::of(&beats.waves[range.start * length..range.end * length], length)
        } else {
            Dominant::default()
        }
    };
    beats.records.par_iter().zip(meant).map(of).collect()
}

/// The recording of each beat of all.
fn record_of(beats: &Beats<'_>) -> Vec<usize> {
    let mut of = vec![0; beats.all.len()];
    for (record, extent) in beats.records.iter().enumerate() {
        of[extent.range()].fill(record);
    }
    of
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}
