//! The generators, one folder each, all of the same shape: `mod.rs` holds the registry line, the parameters and
//! the two traits; further files hold the algorithm.

use crate::generator::Method;

pub mod arf;
pub mod cart;
pub mod ctgan;
pub mod forest_flow;
pub mod gaussian_copula;
pub mod independent;
mod neural;
pub mod smote_nc;
#[cfg(test)]
mod tests;
mod trees;
pub mod tvae;

/// Every generator.
pub static METHODS: &[Method] = &[
    independent::METHOD,
    gaussian_copula::METHOD,
    ctgan::METHOD,
    tvae::METHOD,
    smote_nc::METHOD,
    arf::METHOD,
    cart::METHOD,
    forest_flow::METHOD,
];
