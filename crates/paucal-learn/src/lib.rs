//! Classical learners on plain arrays of `f64`: decision and regression trees, random forest, gradient
//! boosting, logistic regression, nearest neighbours; k-means, PCA, the one-dimensional Dirichlet-process
//! mixture and the standard scaler.
//!
//! Every method is a struct of checked parameters (serde, defaults, unknown fields refused) whose
//! documentation states the paper and the formula; [`registry`] lists them all. Views go in, owned
//! results come out, and nothing here knows about tables. Results depend on the data, the
//! parameters and the [`Seed`], never on the number of threads.
//!
//! ```
//! use ndarray::array;
//! use paucal_core::Seed;
//! use paucal_learn::{Classifier, RandomForest};
//!
//! let x = array![[0.0], [0.1], [0.9], [1.0]];
//! let forest = RandomForest { trees: 50, ..RandomForest::default() };
//! let fitted = forest.fit(x.view(), &[0, 0, 1, 1], 2, None, Seed(1))?;
//! let probabilities = fitted.predict_proba(x.view());
//! assert!(probabilities[[0, 0]] > 0.5 && probabilities[[3, 1]] > 0.5);
//! # Ok::<(), paucal_learn::LearnError>(())
//! ```

// Array views are handles and are passed by value, as ndarray itself does.
#![allow(clippy::needless_pass_by_value)]

pub mod bins;
pub mod boosting;
pub mod eigen;
pub mod error;
pub mod forest;
mod input;
pub mod kmeans;
pub mod logistic;
pub mod mixture;
pub mod neighbours;
pub mod pca;
pub mod registry;
pub mod scaler;
pub mod tree;
mod vector;

use ndarray::{Array2, ArrayView2};

pub use boosting::{BoostedClassifier, Boosting, Ensemble, EnsembleParts};
pub use error::LearnError;
pub use forest::{Bootstrap, Forest, RandomForest};
pub use kmeans::{Clusters, KMeans};
pub use logistic::{Logistic, LogisticModel};
pub use mixture::{Mixture, MixtureModel};
pub use neighbours::{NearestNeighbours, Neighbours, Vote};
pub use paucal_core::Seed;
pub use pca::{Components, Pca};
pub use registry::AnyClassifier;
pub use scaler::StandardScaler;
pub use tree::{DecisionTree, MaxFeatures, RegressionModel, RegressionTree, Splits, Tree, TreeNode};

/// A method that learns class probabilities.
pub trait Classifier: Send + Sync {
    /// Name in the registry.
    fn name(&self) -> &'static str;

    /// Learns from `x` (rows × features), the class code of each row in `0..classes` (a class may be
    /// absent) and one non-negative weight per row (all one if `None`). A row of weight 0 counts as
    /// not there. When only one class is present the fitted model predicts it with certainty.
    fn fit(
        &self,
        x: ArrayView2<'_, f64>,
        y: &[usize],
        classes: usize,
        weights: Option<&[f64]>,
        seed: Seed,
    ) -> Result<Box<dyn FittedClassifier>, LearnError>;
}

/// What a [`Classifier`] has learnt.
pub trait FittedClassifier: Send + Sync {
    /// Number of features the model was fitted on.
    fn features(&self) -> usize;

    /// Class probabilities, rows × classes; each row sums to 1 and a class absent at fitting has
    /// probability 0. `x` must have [`features`](Self::features) columns.
    fn predict_proba(&self, x: ArrayView2<'_, f64>) -> Array2<f64>;
}

/// Weights that give every class that is present the same total: n / (k · n_c) for a row of class c,
/// where k counts the classes present (scikit-learn's `class_weight="balanced"`). The weights sum to n.
pub fn balanced_weights(y: &[usize], classes: usize) -> Vec<f64> {
    let mut counts = vec![0_usize; classes];
    for &code in y {
        counts[code] += 1;
    }
    let present = counts.iter().filter(|&&count| count > 0).count();
    y.iter().map(|&code| y.len() as f64 / (present as f64 * counts[code] as f64)).collect()
}

/// The most probable class of each row; ties go to the lower code.
pub fn most_probable(probabilities: ArrayView2<'_, f64>) -> Vec<usize> {
    probabilities
        .rows()
        .into_iter()
        .map(|row| {
            let mut best = 0;
            for (class, &p) in row.iter().enumerate() {
                if p > row[best] {
                    best = class;
                }
            }
            best
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn balanced_weights_even_out_the_classes_present() {
        let weights = balanced_weights(&[0, 0, 0, 2], 3);
        assert_eq!(weights, [4.0 / 6.0, 4.0 / 6.0, 4.0 / 6.0, 2.0]);
    }

    #[test]
    fn ties_go_to_the_lower_class() {
        assert_eq!(most_probable(array![[0.5, 0.5], [0.2, 0.8]].view()), [0, 1]);
    }
}
