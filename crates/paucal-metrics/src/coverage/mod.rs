//! Does the synthetic table lie where the real one lies, and does it reach everywhere?
//!
//! Fidelity (are synthetic rows plausible?) and diversity (are all kinds of real rows represented?)
//! measured apart, on mixed Gower distances ([`crate::privacy::gower`]).

pub mod alpha;
pub mod prdc;

pub use alpha::{AlphaBeta, alpha_beta};
pub use prdc::{Prdc, prdc};
