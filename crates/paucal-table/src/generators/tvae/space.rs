//! What is worth tuning.

use paucal_tune::{Distribution, Space};

use crate::generator::Facts;
use crate::generators::neural::tunable::{budget, layers, rate};

/// Training budget, sizes, rate and the weight of the reconstruction.
pub fn space(facts: &Facts) -> Space {
    let space = budget(Space::new(), facts)
        .with("rate", rate(), "step size of Adam")
        .with("weight_decay", Distribution::log_float(1e-7, 1e-3), "holds weights small in small tables")
        .with("loss_factor", Distribution::log_float(0.5, 8.0), "fidelity of single rows against spread")
        .with("latent", Distribution::int(32, 256, 32), "size of the latent code");
    layers(layers(space, "encoder"), "decoder")
}
