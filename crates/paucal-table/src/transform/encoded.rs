//! An encoded table in compact form: one `f32` per scalar, one code per one-hot.

use super::RowLayout;

/// Encoded rows. A column of 5,000 levels takes 4 bytes a row here and 20,000 as a dense vector, so batches
/// are expanded when they are needed ([`write`](Self::write)).
#[derive(Debug, Clone, PartialEq)]
pub struct Encoded {
    layout: RowLayout,
    rows: usize,
    /// Per span: its values, a row each.
    spans: Vec<SpanValues>,
}

/// The values of one span.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum SpanValues {
    /// Of a scalar.
    Scalars(Vec<f32>),
    /// Position of the one in a one-hot.
    Hot(Vec<u32>),
}

impl Encoded {
    pub(super) fn new(layout: RowLayout, rows: usize, spans: Vec<SpanValues>) -> Self {
        Self { layout, rows, spans }
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Where each part of a row stands.
    pub fn layout(&self) -> &RowLayout {
        &self.layout
    }

    /// Position of the one in a softmax span of a row; 0 for a scalar.
    pub fn code(&self, row: usize, span: usize) -> u32 {
        match &self.spans[span] {
            SpanValues::Hot(codes) => codes[row],
            SpanValues::Scalars(_) => 0,
        }
    }

    /// The value of a scalar span of a row; 0 for a one-hot.
    pub fn scalar(&self, row: usize, span: usize) -> f32 {
        match &self.spans[span] {
            SpanValues::Scalars(values) => values[row],
            SpanValues::Hot(_) => 0.0,
        }
    }

    /// Writes the dense vectors of `rows` into `out` (`rows.len()` × width, row-major, overwritten).
    pub fn write(&self, rows: &[usize], out: &mut [f32]) {
        debug_assert_eq!(out.len(), rows.len() * self.layout.width, "length of the batch");
        out.fill(0.0);
        for (&row, vector) in rows.iter().zip(out.chunks_exact_mut(self.layout.width.max(1))) {
            for (span, values) in self.layout.spans.iter().zip(&self.spans) {
                match values {
                    SpanValues::Scalars(values) => vector[span.offset] = values[row],
                    SpanValues::Hot(codes) => vector[span.offset + codes[row] as usize] = 1.0,
                }
            }
        }
    }

    /// All rows as dense vectors (rows × width, row-major).
    pub fn dense(&self) -> Vec<f32> {
        let rows: Vec<usize> = (0..self.rows).collect();
        let mut out = vec![0.0; self.rows * self.layout.width];
        self.write(&rows, &mut out);
        out
    }
}
