//! Eigenvalues and eigenvectors of a symmetric matrix: Householder's reduction to tridiagonal form,
//! then implicit QL (Golub, Van Loan: *Matrix Computations*, section 8.3).

use ndarray::{Array1, Array2, ArrayView2, s};

/// Rotations allowed per eigenvalue; three are usual.
const SWEEPS: usize = 60;

/// The eigenvalues of a symmetric matrix in falling order, and the eigenvectors as rows.
pub fn symmetric(matrix: ArrayView2<'_, f64>) -> (Array1<f64>, Array2<f64>) {
    let (mut diagonal, mut beside, mut vectors) = tridiagonal(matrix.to_owned());
    implicit_ql(&mut diagonal, &mut beside, &mut vectors);
    let mut order: Vec<usize> = (0..diagonal.len()).collect();
    order.sort_by(|&a, &b| diagonal[b].total_cmp(&diagonal[a]));
    let values = order.iter().map(|&i| diagonal[i]).collect();
    (values, vectors.select(ndarray::Axis(0), &order))
}

/// A = Q T Qᵀ: the diagonal of T, the entries beside it (the last one is padding), and Qᵀ.
fn tridiagonal(mut a: Array2<f64>) -> (Vec<f64>, Vec<f64>, Array2<f64>) {
    let n = a.nrows();
    let mut q = Array2::eye(n);
    let mut beside = vec![0.0; n];
    for (k, beside) in beside.iter_mut().enumerate().take(n.saturating_sub(1)) {
        let mut v = a.slice(s![k + 1.., k]).to_owned();
        let length = v.dot(&v).sqrt();
        *beside = if v[0] > 0.0 { -length } else { length };
        v[0] -= *beside;
        let square = v.dot(&v);
        if square == 0.0 {
            continue;
        }
        // Reflect by H = I − β v vᵀ on both sides: B − v qᵀ − q vᵀ.
        let beta = 2.0 / square;
        let mut rest = a.slice_mut(s![k + 1.., k + 1..]);
        let p = rest.dot(&v) * beta;
        let shift = &p - &(&v * (beta / 2.0 * v.dot(&p)));
        for (i, mut row) in rest.rows_mut().into_iter().enumerate() {
            row.scaled_add(-v[i], &shift);
            row.scaled_add(-shift[i], &v);
        }
        let mut lower = q.slice_mut(s![k + 1.., ..]);
        let along = v.dot(&lower);
        for (i, mut row) in lower.rows_mut().into_iter().enumerate() {
            row.scaled_add(-beta * v[i], &along);
        }
    }
    (a.diag().to_vec(), beside, q)
}

/// Diagonalises T by rotations, which are applied to pairs of rows of `vectors`.
fn implicit_ql(diagonal: &mut [f64], beside: &mut [f64], vectors: &mut Array2<f64>) {
    let n = diagonal.len();
    for l in 0..n {
        for _ in 0..SWEEPS {
            let negligible =
                |m: usize| beside[m].abs() <= f64::EPSILON * (diagonal[m].abs() + diagonal[m + 1].abs());
            let m = (l..n - 1).find(|&m| negligible(m)).unwrap_or(n - 1);
            if m == l {
                break;
            }
            sweep(diagonal, beside, vectors, l, m);
        }
    }
}

/// One implicit QL step with Wilkinson's shift on the block `l..=m`.
fn sweep(diagonal: &mut [f64], beside: &mut [f64], vectors: &mut Array2<f64>, l: usize, m: usize) {
    let ratio = (diagonal[l + 1] - diagonal[l]) / (2.0 * beside[l]);
    let mut g = diagonal[m] - diagonal[l] + beside[l] / (ratio + ratio.hypot(1.0).copysign(ratio));
    let (mut sine, mut cosine, mut p) = (1.0, 1.0, 0.0);
    for i in (l..m).rev() {
        let f = sine * beside[i];
        let b = cosine * beside[i];
        let r = f.hypot(g);
        beside[i + 1] = r;
        if r == 0.0 {
            diagonal[i + 1] -= p;
            beside[m] = 0.0;
            return;
        }
        (sine, cosine) = (f / r, g / r);
        g = diagonal[i + 1] - p;
        let t = (diagonal[i] - g) * sine + 2.0 * cosine * b;
        p = sine * t;
        diagonal[i + 1] = g + p;
        g = cosine * t - b;
        let (mut low, mut high) = vectors.multi_slice_mut((s![i, ..], s![i + 1, ..]));
        for (low, high) in low.iter_mut().zip(high.iter_mut()) {
            (*low, *high) = (cosine * *low - sine * *high, sine * *low + cosine * *high);
        }
    }
    diagonal[l] -= p;
    beside[l] = g;
    beside[m] = 0.0;
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;
    use paucal_core::Seed;

    fn check(a: &Array2<f64>) {
        let (values, vectors) = symmetric(a.view());
        assert!(values.as_slice().unwrap().is_sorted_by(|a, b| a >= b));
        let back = vectors.t().dot(&Array2::from_diag(&values)).dot(&vectors);
        let size = a.iter().fold(1e-300_f64, |m, v| m.max(v.abs()));
        assert!((&back - a).iter().all(|d| d.abs() < 1e-12 * size * a.nrows() as f64));
        let gram = vectors.dot(&vectors.t());
        assert!((gram - Array2::<f64>::eye(a.nrows())).iter().all(|d| d.abs() < 1e-12));
    }

    #[test]
    fn rebuilds_the_matrix_from_orthonormal_vectors() {
        for n in [1, 2, 3, 10, 60] {
            let mut stream = Seed(2).stream("eigen", n as u64);
            let b = Array2::from_shape_fn((n, n), |_| stream.normal());
            check(&(&b + &b.t()));
            check(&b.dot(&b.t()));
        }
    }

    #[test]
    fn degenerate_matrices_are_fine() {
        check(&Array2::zeros((4, 4)));
        check(&Array2::eye(5));
        check(&Array2::ones((6, 6)));
        check(&array![[1e8, 1.0], [1.0, 1e-8]]);
    }
}
