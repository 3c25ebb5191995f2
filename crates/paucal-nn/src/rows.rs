//! Encoded table rows: what their parts mean, the output activation and the cross-entropy.
//!
//! A row of a tabular network is a sequence of spans: scalars in (−1, 1) and one-hot groups. Treating thirty
//! or more spans one by one would cost some ten tensor operations each; here a row is one operation. On the
//! CPU it is one pass over memory; elsewhere the one-hot spans are gathered into one padded tensor
//! `[rows, spans, longest]`, so that the number of operations does not grow with the number of spans.

use std::ops::Range;

use burn::tensor::{Device, Int, Tensor, TensorData, activation};
use serde::{Deserialize, Serialize};

use crate::error::NnError;
use crate::kernels::host::{self, Matrix};
use crate::kernels::spans;

/// What a span holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SpanKind {
    /// Values in (−1, 1), activated by tanh.
    Scalar,
    /// One category, activated by softmax.
    OneHot,
}

/// A run of neighbouring columns of the row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    /// First column.
    pub start: usize,
    /// Number of columns.
    pub length: usize,
    /// What they hold.
    pub kind: SpanKind,
}

impl Span {
    /// Its columns.
    pub fn range(&self) -> Range<usize> {
        self.start..self.start + self.length
    }
}

/// The spans of a row, which cover it without gaps.
#[derive(Debug, Clone)]
pub struct RowLayout {
    spans: Vec<Span>,
    width: usize,
    gathered: Gathered,
}

/// Index tensors of the form in which other devices see the one-hot spans.
#[derive(Debug, Clone)]
struct Gathered {
    /// Column of each padded place, `[one_hot_spans · longest]`; padding points at column 0.
    columns: Tensor<1, Int>,
    /// 0 at places, a large negative number at padding, `[1, one_hot_spans, longest]`.
    padding: Tensor<3>,
    /// Padded place of each column, `[width]`; scalar columns point at place 0.
    places: Tensor<1, Int>,
    /// 1 at scalar columns, else 0, `[1, width]`.
    scalar: Tensor<2>,
}

/// Added to padded logits: their exponential is zero.
const PADDING: f32 = -1e9;

impl RowLayout {
    /// A layout from (kind, length) in the order of the columns; tensors go to `device`.
    pub fn new(parts: &[(SpanKind, usize)], device: &Device) -> Result<Self, NnError> {
        let mut width = 0;
        let mut list = Vec::with_capacity(parts.len());
        for &(kind, length) in parts {
            if length == 0 {
                return Err(NnError::Setting("a span of a row layout has no columns".into()));
            }
            list.push(Span { start: width, length, kind });
            width += length;
        }
        if list.is_empty() {
            return Err(NnError::Setting("a row layout has no spans".into()));
        }
        Ok(Self { gathered: Gathered::new(&list, width, device), spans: list, width })
    }

    /// The spans in the order of their columns.
    pub fn spans(&self) -> &[Span] {
        &self.spans
    }

    /// Number of columns.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Number of one-hot spans.
    pub fn one_hot_spans(&self) -> usize {
        self.spans.iter().filter(|s| s.kind == SpanKind::OneHot).count()
    }

    /// 1 at scalar columns, 0 at one-hot ones, `[1, width]`.
    pub fn scalar_columns(&self) -> Tensor<2> {
        self.gathered.scalar.clone()
    }

    /// Activates raw network outputs `[rows, width]`: tanh of scalars and, per one-hot span,
    /// `softmax((x + noise) / temperature)`, which with standard Gumbel `noise` is the Gumbel-softmax (Jang et
    /// al. 2017, arXiv 1611.01144).
    pub fn activate(&self, x: &Tensor<2>, noise: Option<&Tensor<2>>, temperature: f32) -> Tensor<2> {
        let memory = noise.map(Matrix::of);
        if let (Some(x), Some(noise)) = (Matrix::of(x), memory.map_or(Some(None), |n| n.map(Some))) {
            let y = spans::activate(&x, noise.as_ref(), &self.spans, temperature);
            return host::tensor(y, [x.rows, x.columns]);
        }
        let logits = match noise {
            Some(noise) => x.clone() + noise.clone(),
            None => x.clone(),
        };
        let one_hot = self.scatter(activation::softmax(self.gather(logits / temperature), 2));
        let scalar = self.gathered.scalar.clone();
        activation::tanh(x.clone()) * scalar.clone() + one_hot * (-scalar + 1.0)
    }

    /// Gradient of the input of [`Self::activate`] from its output and the output's gradient.
    pub fn activate_backward(&self, y: &Tensor<2>, dy: &Tensor<2>, temperature: f32) -> Tensor<2> {
        if let (Some(y), Some(dy)) = (Matrix::of(y), Matrix::of(dy)) {
            let dx = spans::activate_backward(&y, &dy, &self.spans, temperature);
            return host::tensor(dx, [y.rows, y.columns]);
        }
        let scalar = self.gathered.scalar.clone();
        // Padding reads column 0, so that its products are masked out of the sums.
        let real = self.gathered.padding.clone().greater_scalar(PADDING / 2.0).float();
        let inner = (self.gather_raw(y.clone() * dy.clone()) * real).sum_dim(2);
        let [rows, groups, _] = inner.dims();
        let longest = self.gathered.padding.dims()[2];
        let inner = self.scatter(inner.expand([rows, groups, longest]));
        let one_hot = y.clone() * (dy.clone() - inner) / temperature;
        let tanh = dy.clone() * (-y.clone().square() + 1.0);
        tanh * scalar.clone() + one_hot * (-scalar + 1.0)
    }

    /// Cross-entropy of one-hot spans: `1/rows · Σ_row Σ_span w · −Σ_j t_j ln softmax(x)_j`.
    ///
    /// `targets` is `[rows, width]` with the one-hot targets in their spans (scalar columns are ignored),
    /// `weights` is `[rows, one_hot_spans]`, usually 0 or 1. Returns the loss and its gradient with respect to
    /// the logits `x`.
    pub fn cross_entropy(
        &self,
        x: &Tensor<2>,
        targets: &Tensor<2>,
        weights: &Tensor<2>,
    ) -> (Tensor<1>, Tensor<2>) {
        if let (Some(x), Some(targets), Some(weights)) =
            (Matrix::of(x), Matrix::of(targets), Matrix::of(weights))
        {
            let (loss, gradient) = spans::cross_entropy(&x, &targets, &weights, &self.spans);
            return (host::tensor(vec![loss], [1]), host::tensor(gradient, [x.rows, x.columns]));
        }
        let rows = x.dims()[0] as f32;
        let real = self.gathered.padding.clone().greater_scalar(PADDING / 2.0).float();
        let logits = self.gather(x.clone());
        let targets = self.gather_raw(targets.clone()) * real;
        let weights: Tensor<3> = weights.clone().unsqueeze_dim(2);
        let log = activation::log_softmax(logits.clone(), 2);
        let loss = (log * targets.clone() * weights.clone()).sum().neg() / rows;
        let mass = targets.clone().sum_dim(2);
        let gradient = (activation::softmax(logits, 2) * mass - targets) * weights / rows;
        let gradient = self.scatter(gradient) * (-self.gathered.scalar.clone() + 1.0);
        (loss, gradient)
    }

    /// Negative log-likelihood of the scalar columns under `t ~ N(tanh x, σ²)`:
    /// `1/rows · Σ_row Σ_j (t − tanh x)² / 2σ_j² + Σ_j ln σ_j`.
    ///
    /// `sigma` is `[width]`; one-hot columns are ignored. Returns the loss and its gradients with respect to the
    /// logits `x` and to σ.
    pub fn gaussian(
        &self,
        x: &Tensor<2>,
        targets: &Tensor<2>,
        sigma: &Tensor<1>,
    ) -> (Tensor<1>, Tensor<2>, Tensor<1>) {
        if let (Some(x), Some(targets), Some(sigma)) = (Matrix::of(x), Matrix::of(targets), Matrix::of(sigma))
        {
            let (loss, gradient, of_sigma) = spans::gaussian(&x, &targets, sigma.row(0), &self.spans);
            let gradient = host::tensor(gradient, [x.rows, x.columns]);
            return (host::tensor(vec![loss], [1]), gradient, host::tensor(of_sigma, [x.columns]));
        }
        let rows = x.dims()[0] as f32;
        let scalar = self.gathered.scalar.clone();
        let sigma: Tensor<2> = sigma.clone().unsqueeze();
        let y = x.clone().tanh();
        let error = (y.clone() - targets.clone()) * scalar.clone();
        let mean_square = error.clone().square().sum_dim(0) / rows;
        let variance = sigma.clone().square();
        let terms = mean_square.clone() / (variance.clone() * 2.0) + sigma.clone().log() * scalar.clone();
        let of_sigma = sigma.clone().recip() * scalar - mean_square / (variance.clone() * sigma);
        let gradient = error / variance * (-y.square() + 1.0) / rows;
        (terms.sum(), gradient, of_sigma.squeeze_dim(0))
    }

    /// One-hot spans as `[rows, one_hot_spans, longest]`, padded with whatever column 0 holds.
    fn gather_raw(&self, x: Tensor<2>) -> Tensor<3> {
        let rows = x.dims()[0];
        let [_, groups, longest] = self.gathered.padding.dims();
        x.select(1, self.gathered.columns.clone()).reshape([rows, groups, longest])
    }

    /// One-hot spans as `[rows, one_hot_spans, longest]`, padded with a large negative number.
    fn gather(&self, x: Tensor<2>) -> Tensor<3> {
        let real = self.gathered.padding.clone().greater_scalar(PADDING / 2.0).float();
        self.gather_raw(x) * real + self.gathered.padding.clone()
    }

    /// The way back; scalar columns get some other value.
    fn scatter(&self, x: Tensor<3>) -> Tensor<2> {
        let [rows, groups, longest] = x.dims();
        x.reshape([rows, groups * longest]).select(1, self.gathered.places.clone())
    }
}

impl Gathered {
    fn new(spans: &[Span], width: usize, device: &Device) -> Self {
        let one_hot: Vec<&Span> = spans.iter().filter(|s| s.kind == SpanKind::OneHot).collect();
        // At least one padded place, so that rows of scalars alone need no other path.
        let longest = one_hot.iter().map(|s| s.length).max().unwrap_or(1);
        let groups = one_hot.len().max(1);
        let mut columns = vec![0_i32; groups * longest];
        let mut padding = vec![PADDING; groups * longest];
        let mut places = vec![0_i32; width];
        let mut scalar = vec![1.0_f32; width];
        for (group, span) in one_hot.iter().enumerate() {
            for (k, column) in span.range().enumerate() {
                let place = group * longest + k;
                columns[place] = column as i32;
                padding[place] = 0.0;
                places[column] = place as i32;
                scalar[column] = 0.0;
            }
        }
        let index = |v: Vec<i32>| {
            let n = v.len();
            Tensor::<1, Int>::from_data(TensorData::new(v, [n]), device)
        };
        Self {
            columns: index(columns),
            padding: Tensor::from_data(TensorData::new(padding, [1, groups, longest]), device),
            places: index(places),
            scalar: Tensor::from_data(TensorData::new(scalar, [1, width]), device),
        }
    }
}
