//! Where each part of a row stands in its vector.

use serde::{Deserialize, Serialize};

/// What a network puts on the outputs of a span.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Activation {
    /// Hyperbolic tangent, for scalars in −0.99 to 0.99.
    Tanh,
    /// Softmax (or Gumbel-softmax), for one-hots.
    Softmax,
}

/// What a span says about its column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// A number within its mode.
    Scalar,
    /// Which mode the number belongs to.
    Mode,
    /// Which level the column has.
    Level,
    /// Whether a number is there (first bit) or missing (second bit).
    MissingIndicator,
}

/// A stretch of the row vector.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    /// Index of the column in the schema.
    pub column: usize,
    /// First position.
    pub offset: usize,
    /// Number of positions; 1 for scalars.
    pub width: usize,
    /// What networks put on it.
    pub activation: Activation,
    /// What it says.
    pub role: Role,
}

/// The spans of a row, in schema order, without gaps. A numeric column has a scalar and a mode, then a
/// missing indicator if missing values occur and are modelled jointly; a discrete column has one level span.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct RowLayout {
    /// The spans by offset.
    pub spans: Vec<Span>,
    /// Length of the row vector.
    pub width: usize,
}

impl RowLayout {
    /// Appends a span.
    pub(super) fn push(&mut self, column: usize, width: usize, role: Role) {
        let activation = if role == Role::Scalar { Activation::Tanh } else { Activation::Softmax };
        self.spans.push(Span { column, offset: self.width, width, activation, role });
        self.width += width;
    }

    /// The spans with this activation, in order.
    pub fn with(&self, activation: Activation) -> impl Iterator<Item = &Span> {
        self.spans.iter().filter(move |span| span.activation == activation)
    }
}
