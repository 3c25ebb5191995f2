//! Counts of (reference, predicted), with a column for beats on which nothing was said.

use ndarray::Array2;
use paucal_metrics::{Result, Undefined};

/// Counts, reference classes down, predicted classes across, the last column for abstentions. They are
/// real numbers because a bootstrap replicate counts a patient several times.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::ecg) struct Counts(pub Array2<f64>);

impl Counts {
    /// Nothing counted.
    pub fn new(classes: usize) -> Self {
        Self(Array2::zeros((classes, classes + 1)))
    }

    pub fn classes(&self) -> usize {
        self.0.nrows()
    }

    /// Counts a beat.
    pub fn add(&mut self, reference: usize, predicted: Option<usize>) {
        let column = predicted.unwrap_or(self.classes());
        self.0[[reference, column]] += 1.0;
    }

    /// The sum of several, each as often as its weight says.
    pub fn weighted(all: &[Self], weights: &[f64]) -> Self {
        let mut sum = Self::new(all.first().map_or(0, Self::classes));
        for (counts, &weight) in all.iter().zip(weights) {
            sum.0.scaled_add(weight, &counts.0);
        }
        sum
    }

    pub fn total(&self) -> f64 {
        self.0.sum()
    }

    pub fn hits(&self, class: usize) -> f64 {
        self.0[[class, class]]
    }

    /// Beats of the class in the reference.
    pub fn support(&self, class: usize) -> f64 {
        self.0.row(class).sum()
    }

    /// Beats that were called so.
    pub fn predicted(&self, class: usize) -> f64 {
        self.0.column(class).sum()
    }

    pub fn abstained(&self) -> f64 {
        self.0.column(self.classes()).sum()
    }

    /// Right decisions among all beats; an abstention is none.
    pub fn accuracy(&self) -> Result<f64> {
        let hits: f64 = (0..self.classes()).map(|class| self.hits(class)).sum();
        if self.total() > 0.0 { Ok(hits / self.total()) } else { Err(Undefined::Empty) }
    }

    /// TP / (TP + FN); beats on which nothing was said are not found.
    pub fn sensitivity(&self, class: usize) -> Result<f64> {
        self.present(class)?;
        Ok(self.hits(class) / self.support(class))
    }

    /// TP / (TP + FP).
    pub fn ppv(&self, class: usize) -> Result<f64> {
        self.present(class)?;
        let predicted = self.predicted(class);
        if predicted > 0.0 { Ok(self.hits(class) / predicted) } else { Err(absent(class)) }
    }

    /// 2 TP / (2 TP + FP + FN).
    pub fn f1(&self, class: usize) -> Result<f64> {
        self.present(class)?;
        Ok(2.0 * self.hits(class) / (self.support(class) + self.predicted(class)))
    }

    /// The mean F1 of those of `classes` that the reference has.
    pub fn macro_f1(&self, classes: &[usize]) -> Result<f64> {
        let scores: Vec<f64> = classes.iter().filter_map(|&class| self.f1(class).ok()).collect();
        if scores.is_empty() {
            return Err(Undefined::Empty);
        }
        Ok(scores.iter().sum::<f64>() / scores.len() as f64)
    }

    /// Cohen's κ = (p_o − p_e) / (1 − p_e). Abstentions agree with nothing.
    pub fn kappa(&self) -> Result<f64> {
        let total = self.total();
        let chance: f64 = (0..self.classes()).map(|c| self.support(c) * self.predicted(c)).sum();
        let (observed, chance) = (self.accuracy()?, chance / (total * total));
        if chance < 1.0 { Ok((observed - chance) / (1.0 - chance)) } else { Err(Undefined::OneClass) }
    }

    /// jκ = κ / 2 + (Se_S + Se_V + P_S + P_V) / 8.
    pub fn j_kappa(&self, s: usize, v: usize) -> Result<f64> {
        let mut j = 0.0;
        for class in [s, v] {
            j += self.sensitivity(class)? + self.ppv(class)?;
        }
        Ok(self.kappa()? / 2.0 + j / 8.0)
    }

    fn present(&self, class: usize) -> Result<()> {
        if self.support(class) > 0.0 { Ok(()) } else { Err(absent(class)) }
    }
}

fn absent(class: usize) -> Undefined {
    Undefined::NoCase { class: class as u32 }
}
