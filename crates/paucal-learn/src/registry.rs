//! Every method of the crate in one slice, for help texts, reference pages and method appendices;
//! and any classifier chosen by name.

pub use paucal_core::parameter::Parameter;
use paucal_core::parameter::parameter;
use serde::{Deserialize, Serialize};

use crate::{
    Boosting, Classifier, DecisionTree, LearnError, Logistic, NearestNeighbours, RandomForest, RegressionTree,
};

/// What a method is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Learns class probabilities; can be named in [`AnyClassifier`].
    Classifier,
    /// Predicts a number.
    Regressor,
    /// Groups rows.
    Clustering,
    /// Finds directions.
    Projection,
    /// Models one column's density.
    Density,
}

/// A method.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Method {
    /// Name in configurations.
    pub name: &'static str,
    /// Name in prose.
    pub title: &'static str,
    /// What it is for.
    pub kind: Kind,
    /// Where it comes from.
    pub paper: &'static str,
    /// Its parameters, in the order of the struct.
    pub parameters: &'static [Parameter],
}

/// Every method.
pub const METHODS: &[Method] =
    &[TREE, REGRESSION_TREE, FOREST, BOOSTING, LOGISTIC, NEIGHBOURS, KMEANS, PCA, MIXTURE];

const TREE: Method = Method {
    name: DecisionTree::NAME,
    title: "Classification tree",
    kind: Kind::Classifier,
    paper: "Breiman, Friedman, Olshen, Stone (1984). Classification and Regression Trees",
    parameters: &[
        parameter("max_depth", "null", "depth limit; the root has depth 0"),
        parameter("min_split", "2", "fewest rows a node must hold to be split"),
        parameter("min_leaf", "1", "fewest rows on either side of a split"),
        parameter(
            "max_features",
            "\"all\"",
            "features tried per node: all, sqrt, {count = n} or {fraction = f}",
        ),
    ],
};

const REGRESSION_TREE: Method = Method {
    name: RegressionTree::NAME,
    title: "Regression tree",
    kind: Kind::Regressor,
    paper: "Breiman, Friedman, Olshen, Stone (1984). Classification and Regression Trees, chapter 8",
    parameters: &[
        parameter("max_depth", "null", "depth limit; the root has depth 0"),
        parameter("min_split", "2", "fewest rows a node must hold to be split"),
        parameter("min_leaf", "1", "fewest rows on either side of a split"),
    ],
};

const FOREST: Method = Method {
    name: RandomForest::NAME,
    title: "Random forest",
    kind: Kind::Classifier,
    paper: "Breiman (2001). Random Forests. Machine Learning 45; balanced: Chen, Liaw, Breiman (2004)",
    parameters: &[
        parameter("trees", "100", "number of trees"),
        parameter("max_depth", "null", "depth limit; the root has depth 0"),
        parameter("min_split", "2", "fewest distinct rows a node must hold to be split"),
        parameter("min_leaf", "1", "fewest distinct rows on either side of a split"),
        parameter(
            "max_features",
            "\"sqrt\"",
            "features tried per node: all, sqrt, {count = n} or {fraction = f}",
        ),
        parameter("bootstrap", "\"rows\"", "rows a tree sees: rows, balanced (as many of each class) or off"),
        parameter("out_of_bag", "false", "whether to keep out-of-bag probabilities"),
    ],
};

const BOOSTING: Method = Method {
    name: Boosting::NAME,
    title: "Gradient boosting",
    kind: Kind::Classifier,
    paper: "Friedman (2001). Annals of Statistics 29; Chen, Guestrin (2016). XGBoost; Ke et al. (2017). LightGBM",
    parameters: &[
        parameter("rounds", "100", "rounds; each adds one tree per output"),
        parameter("learning_rate", "0.1", "shrinkage of each tree, in (0, 1]"),
        parameter("max_leaves", "31", "most leaves of a tree"),
        parameter("max_depth", "6", "depth limit; the root has depth 0"),
        parameter("min_leaf", "1", "fewest rows in a leaf"),
        parameter("min_child_weight", "1.0", "least sum of second derivatives in a leaf"),
        parameter("min_gain", "0.0", "least gain of a split"),
        parameter("lambda", "1.0", "L2 penalty on leaf values"),
        parameter("subsample", "1.0", "fraction of the rows each round sees"),
        parameter("feature_fraction", "1.0", "fraction of the features each tree sees"),
    ],
};

const LOGISTIC: Method = Method {
    name: Logistic::NAME,
    title: "Logistic regression",
    kind: Kind::Classifier,
    paper: "Cox (1958). JRSS B 20; solver: Lin, Weng, Keerthi (2008). JMLR 9",
    parameters: &[
        parameter("c", "1.0", "weight of the likelihood against the L2 penalty"),
        parameter("max_iterations", "100", "most Newton steps"),
        parameter(
            "tolerance",
            "1e-9",
            "distance from the minimum at which to stop, relative to the objective",
        ),
    ],
};

const NEIGHBOURS: Method = Method {
    name: NearestNeighbours::NAME,
    title: "Nearest neighbours",
    kind: Kind::Classifier,
    paper: "Cover, Hart (1967). Nearest Neighbor Pattern Classification. IEEE Trans. Information Theory 13",
    parameters: &[
        parameter("k", "5", "number of neighbours"),
        parameter("vote", "\"uniform\"", "weight of a neighbour: uniform or distance (its inverse)"),
    ],
};

const KMEANS: Method = Method {
    name: crate::KMeans::NAME,
    title: "k-means",
    kind: Kind::Clustering,
    paper: "Lloyd (1982). IEEE Trans. Information Theory 28; start: Arthur, Vassilvitskii (2007). k-means++",
    parameters: &[
        parameter("clusters", "8", "number of clusters"),
        parameter("restarts", "10", "independent starts"),
        parameter("max_iterations", "300", "most iterations per start"),
        parameter("tolerance", "0.0001", "movement at which to stop, relative to the mean variance"),
    ],
};

const PCA: Method = Method {
    name: crate::Pca::NAME,
    title: "Principal components",
    kind: Kind::Projection,
    paper: "Pearson (1901). Philosophical Magazine 2; Hotelling (1933). J. Educational Psychology 24",
    parameters: &[parameter("components", "null", "components to keep; all if none")],
};

const MIXTURE: Method = Method {
    name: crate::Mixture::NAME,
    title: "Dirichlet-process Gaussian mixture in one dimension",
    kind: Kind::Density,
    paper: "Blei, Jordan (2006). Variational Inference for Dirichlet Process Mixtures. Bayesian Analysis 1",
    parameters: &[
        parameter("components", "10", "most components"),
        parameter(
            "concentration",
            "0.001",
            "concentration of the Dirichlet process: smaller, fewer components",
        ),
        parameter("max_iterations", "1000", "most iterations of the start that is kept"),
        parameter("tolerance", "0.001", "gain of the lower bound per thousand values at which to stop"),
        parameter("floor", "1e-6", "least variance of a component, relative to the column's"),
        parameter("restarts", "4", "k-means++ starts besides the quantile start"),
        parameter("start_iterations", "50", "most iterations of each start before the best is chosen"),
    ],
};

/// A classifier chosen by name in a configuration: `method = "forest"` beside its parameters.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "method", rename_all = "snake_case")]
pub enum AnyClassifier {
    /// See [`DecisionTree`].
    Tree(DecisionTree),
    /// See [`RandomForest`].
    Forest(RandomForest),
    /// See [`Boosting`].
    Boosting(Boosting),
    /// See [`Logistic`].
    Logistic(Logistic),
    /// See [`NearestNeighbours`].
    Neighbours(NearestNeighbours),
}

impl AnyClassifier {
    /// The classifier of that name with its default parameters.
    pub fn named(name: &str) -> Option<Self> {
        Some(match name {
            DecisionTree::NAME => Self::Tree(DecisionTree::default()),
            RandomForest::NAME => Self::Forest(RandomForest::default()),
            Boosting::NAME => Self::Boosting(Boosting::default()),
            Logistic::NAME => Self::Logistic(Logistic::default()),
            NearestNeighbours::NAME => Self::Neighbours(NearestNeighbours::default()),
            _ => return None,
        })
    }

    /// Whether the parameters are in range.
    pub fn check(&self) -> Result<(), LearnError> {
        match self {
            Self::Tree(method) => method.check(),
            Self::Forest(method) => method.check(),
            Self::Boosting(method) => method.check(),
            Self::Logistic(method) => method.check(),
            Self::Neighbours(method) => method.check(),
        }
    }

    /// The method behind the name.
    pub fn method(&self) -> &dyn Classifier {
        match self {
            Self::Tree(method) => method,
            Self::Forest(method) => method,
            Self::Boosting(method) => method,
            Self::Logistic(method) => method,
            Self::Neighbours(method) => method,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json, to_value};

    /// The default parameters of a method.
    fn defaults(name: &str) -> Value {
        match name {
            "kmeans" => to_value(crate::KMeans::default()).unwrap(),
            "regression-tree" => to_value(RegressionTree::default()).unwrap(),
            "pca" => to_value(crate::Pca::default()).unwrap(),
            "mixture" => to_value(crate::Mixture::default()).unwrap(),
            _ => {
                let mut value = to_value(AnyClassifier::named(name).unwrap()).unwrap();
                assert_eq!(value.as_object_mut().unwrap().shift_remove("method").unwrap(), name);
                value
            }
        }
    }

    #[test]
    fn the_registry_states_the_true_defaults() {
        for method in METHODS {
            let stated: serde_json::Map<String, Value> = method
                .parameters
                .iter()
                .map(|p| (p.name.to_owned(), serde_json::from_str(p.default).unwrap()))
                .collect();
            assert_eq!(Value::Object(stated), defaults(method.name), "{}", method.name);
        }
    }

    #[test]
    fn classifiers_are_known_by_name_and_pass_their_own_checks() {
        for method in METHODS.iter().filter(|method| method.kind == Kind::Classifier) {
            let any = AnyClassifier::named(method.name).unwrap();
            any.check().unwrap();
            assert_eq!(any.method().name(), method.name);
        }
        assert_eq!(AnyClassifier::named("kmeans"), None);
    }

    #[test]
    fn configurations_name_a_method_and_refuse_unknown_keys() {
        let parse = |value: Value| serde_json::from_value::<AnyClassifier>(value);
        let forest = parse(json!({"method": "forest", "trees": 7, "max_features": {"count": 3}})).unwrap();
        let AnyClassifier::Forest(forest) = forest else { panic!("a forest was asked for") };
        assert_eq!((forest.trees, forest.max_features), (7, crate::MaxFeatures::Count(3)));
        assert!(parse(json!({"method": "forest", "tres": 7})).is_err());
    }
}
