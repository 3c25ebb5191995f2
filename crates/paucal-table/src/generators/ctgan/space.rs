//! What is worth tuning.

use paucal_tune::{Distribution, Space, Value};

use crate::generator::Facts;
use crate::generators::neural::batch_and_pac;
use crate::generators::neural::tunable::{budget, inner_rows, layers, rate};

/// Training budget, sizes, rates and the strength of the critic.
pub fn space(facts: &Facts) -> Space {
    let space = budget(Space::new(), facts)
        .with(
            "pac",
            Distribution::Categorical { choices: [1, 2, 5, 10].map(Value::Int).to_vec() },
            "rows that the critic sees together: more work against mode collapse, fewer give more groups per batch",
        )
        .starting("pac", &Value::Int(batch_and_pac(inner_rows(facts), 0, 10).1 as i64))
        .with("generator_rate", rate(), "with the critic's rate decides who learns faster")
        .with("critic_rate", rate(), "see generator_rate")
        .with("weight_decay", Distribution::log_float(1e-8, 1e-3), "holds weights small in small tables")
        .with("critic_steps", Distribution::int(1, 3, 1), "a better critic per step of the generator, for more time")
        .with("dropout", Distribution::float(0.0, 0.6), "keeps the critic from learning rows by heart")
        .with("noise", Distribution::int(32, 256, 32), "freedom of the generator");
    layers(layers(space, "generator"), "critic")
}
