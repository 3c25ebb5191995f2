//! Does the synthetic table give its training rows away?
//!
//! Everything here compares distances between rows ([`gower`]) or rows themselves. A good value is
//! never a guarantee: small distances can be harmless, and membership attacks can succeed where
//! distances look fine (arXiv 2505.01524). Show each number beside the same number for real held-out
//! rows, with an interval.

pub mod anonymity;
pub mod closeness;
pub mod density;
pub mod gower;
pub mod membership;
pub mod neighbours;

pub use anonymity::{Copies, GroupSizes, exact_copies, k_anonymity, k_map, l_diversity};
pub use closeness::{
    Closer, DistanceSummary, baseline_protection, overfitting_protection, share_closer_to_train,
    summarise_distances,
};
pub use density::density_ratio_attack;
pub use gower::{Rows, encode, nearest};
pub use membership::{Attack, nearest_attack};
pub use neighbours::{DistanceRatio, adversarial_accuracy, distance_ratio, identifiability, nearest_others};
