//! The objective 0.6 × similarity + 0.4 × accuracy, in the corrected form and in the legacy ones.

use std::collections::BTreeMap;

pub use paucal_metrics::objective::Form;
use paucal_metrics::objective::{self as forms, Components};
use paucal_metrics::{Result as Metric, Score};
use serde::{Deserialize, Serialize};

use super::mean_score;
use super::utility::Quartet;

/// The objective of one candidate table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Objective {
    /// The form of the three numbers beside it.
    pub form: Form,
    /// How alike the tables are.
    pub similarity: Score,
    /// How alike classifiers do on them.
    pub accuracy: Score,
    /// 0.6 × similarity + 0.4 × accuracy.
    pub score: Score,
    /// The same by every form, so that older numbers can be compared.
    pub forms: BTreeMap<String, Parts>,
}

/// The objective by one form.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Parts {
    /// How alike the tables are.
    pub similarity: Score,
    /// How alike classifiers do on them.
    pub accuracy: Score,
    /// 0.6 × similarity + 0.4 × accuracy.
    pub score: Score,
}

impl Objective {
    /// From the distances of the tables and the balanced accuracies of the headline classifier.
    pub(super) fn of(form: Form, components: &Metric<Components>, utility: &Quartet) -> Self {
        let of = |score: &Score| score.value();
        let accuracies = forms::Utility {
            trtr: of(&utility.trtr.balanced_accuracy),
            tstr: of(&utility.tstr.balanced_accuracy),
            trts: of(&utility.trts.balanced_accuracy),
            tsts: of(&utility.tsts.balanced_accuracy),
        };
        let forms = Form::ALL
            .into_iter()
            .map(|form| (form.name().to_owned(), Parts::of(form, components, &accuracies)));
        Self::headed(form, forms.collect())
    }

    /// The objective of held-out rows: the similarity of `self`, which is of all of them, with the mean accuracy
    /// of the halves `a` and `b`.
    pub(super) fn crossed(&self, a: &Self, b: &Self) -> Self {
        let crossed = self.forms.iter().filter_map(|(name, whole)| {
            let accuracy = mean_score(&a.forms.get(name)?.accuracy, &b.forms.get(name)?.accuracy);
            Some((name.clone(), Parts::joined(whole.similarity.clone(), accuracy)))
        });
        Self::headed(self.form, crossed.collect())
    }

    fn headed(form: Form, forms: BTreeMap<String, Parts>) -> Self {
        let Parts { similarity, accuracy, score } = forms[form.name()].clone();
        Self { form, similarity, accuracy, score, forms }
    }
}

impl Parts {
    fn of(form: Form, components: &Metric<Components>, utility: &forms::Utility) -> Self {
        let similarity = components.as_ref().map_err(Clone::clone).and_then(|parts| form.similarity(parts));
        Self::joined(similarity.into(), form.accuracy(utility).into())
    }

    fn joined(similarity: Score, accuracy: Score) -> Self {
        let both = || -> Metric<f64> {
            let weight = forms::SIMILARITY_WEIGHT;
            Ok(weight * similarity.clone().into_result()?
                + (1.0 - weight) * accuracy.clone().into_result()?)
        };
        let score = Score::from(both());
        Self { similarity, accuracy, score }
    }
}
