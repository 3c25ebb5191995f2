//! The generators, one folder each, all of the same shape: `mod.rs` holds the registry line, the parameters and
//! the two traits; further files hold the algorithm.

use crate::generator::Method;

pub mod arf;
pub mod cart;
pub mod copulagan;
pub mod ctgan;
pub mod forest_flow;
pub mod ganeraid;
pub mod gaussian_copula;
pub mod independent;
mod neural;
pub mod smote_nc;
pub mod tabddpm;
pub mod tablegan;
#[cfg(test)]
mod tests;
mod trees;
pub mod tvae;

pub use neural::Common;

/// Every generator.
pub static METHODS: &[Method] = &[
    independent::METHOD,
    gaussian_copula::METHOD,
    ctgan::METHOD,
    copulagan::METHOD,
    tvae::METHOD,
    tabddpm::METHOD,
    ganeraid::METHOD,
    tablegan::METHOD,
    smote_nc::METHOD,
    arf::METHOD,
    cart::METHOD,
    forest_flow::METHOD,
];
