//! When to say nothing.
//!
//! A beat goes to review, class [`REVIEW`], if one of three gates holds it back: its signal is poor, the model
//! is not confident enough, or nothing that the model knows resembles it. The confidence that is enough can be
//! given, or calibrated on patients whom the model has not seen ([`Conformal`]) for a stated error rate.
