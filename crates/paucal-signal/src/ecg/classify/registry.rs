//! Every classifier in one slice, for help texts, reference pages and method appendices.

use serde::Serialize;

use super::{Boost, Cnn, Ensemble, Hybrid};

/// A method.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Method {
    /// Name on the command line and in files.
    pub name: &'static str,
    /// Name in prose.
    pub title: &'static str,
    /// Where it comes from.
    pub paper: &'static str,
    /// What it does, in plain words.
    pub summary: &'static str,
}

/// Every classifier, the default first.
pub const METHODS: &[Method] = &[ENSEMBLE, BOOST, CNN, HYBRID];

const ENSEMBLE: Method = Method {
    name: Ensemble::NAME,
    title: "Ensemble of boosted classifiers",
    paper: "own; Friedman (2001). Annals of Statistics 29, and see 'boost'",
    summary: "Boosted classifiers that look at different things, with specialists for single classes, and a mean over beats of a \
              recording that are alike.",
};

const BOOST: Method = Method {
    name: Boost::NAME,
    title: "Gradient boosting on features of beats",
    paper: "Friedman (2001). Greedy function approximation. Annals of Statistics 29; features after de Chazal et al. (2004) and \
            Wang et al. (2020)",
    summary: "Trees on RR intervals, the pace of the neighbours and the likeness to the recording's own most common beat, \
              which hold on patients never seen; recordings in which most beats are ectopic are made up for training.",
};

const CNN: Method = Method {
    name: Cnn::NAME,
    title: "Small convolutional network",
    paper: "Wang et al. (2020). PeerJ Computer Science 6:e324",
    summary: "Three convolutions on the wave of a beat, four features of its rhythm, focal loss.",
};

const HYBRID: Method = Method {
    name: Hybrid::NAME,
    title: "Hybrid network",
    paper: "own; BiLSTM of Hochreiter and Schmidhuber (1997) over convolutional beats",
    summary: "An encoder of waves, a bidirectional LSTM over five beats, the likeness to prototypes of the training patients and \
              the features of 'boost', fused; a second head says whether a beat is noise.",
};
