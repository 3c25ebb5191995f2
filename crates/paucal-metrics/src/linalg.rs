//! The one decomposition that the metrics need.

use ndarray::Array2;

/// Eigenvalues, largest first, and eigenvectors (one per column) of a symmetric matrix, by cyclic
/// Jacobi rotations. Each vector's largest entry is positive, so the result is unique for distinct
/// eigenvalues.
pub(crate) fn symmetric_eigen(mut a: Array2<f64>) -> (Vec<f64>, Array2<f64>) {
    let n = a.nrows();
    let mut v = Array2::eye(n);
    let scale: f64 = a.iter().map(|x| x * x).sum::<f64>().sqrt();
    for _ in 0..100 {
        let off: f64 = (0..n).flat_map(|i| (0..i).map(move |j| (i, j))).map(|ij| a[ij] * a[ij]).sum();
        if off.sqrt() <= 1e-14 * scale {
            break;
        }
        for p in 0..n {
            for q in p + 1..n {
                rotate(&mut a, &mut v, p, q);
            }
        }
    }
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by(|&i, &j| a[(j, j)].total_cmp(&a[(i, i)]));
    let vectors = Array2::from_shape_fn((n, n), |(row, rank)| v[(row, order[rank])] * sign(&v, order[rank]));
    (order.iter().map(|&i| a[(i, i)]).collect(), vectors)
}

/// Zeroes `a[(p, q)]` by a rotation in the plane of `p` and `q`.
fn rotate(a: &mut Array2<f64>, v: &mut Array2<f64>, p: usize, q: usize) {
    if a[(p, q)] == 0.0 {
        return;
    }
    let theta = (a[(q, q)] - a[(p, p)]) / (2.0 * a[(p, q)]);
    let t = theta.signum() / (theta.abs() + (theta * theta + 1.0).sqrt());
    let c = 1.0 / (t * t + 1.0).sqrt();
    let s = t * c;
    for k in 0..a.nrows() {
        let (kp, kq) = (a[(k, p)], a[(k, q)]);
        a[(k, p)] = c * kp - s * kq;
        a[(k, q)] = s * kp + c * kq;
    }
    for k in 0..a.nrows() {
        let (pk, qk) = (a[(p, k)], a[(q, k)]);
        a[(p, k)] = c * pk - s * qk;
        a[(q, k)] = s * pk + c * qk;
        let (kp, kq) = (v[(k, p)], v[(k, q)]);
        v[(k, p)] = c * kp - s * kq;
        v[(k, q)] = s * kp + c * kq;
    }
}

/// The sign that makes the largest entry of column `c` positive.
fn sign(v: &Array2<f64>, c: usize) -> f64 {
    let largest = v.column(c).iter().copied().fold(0.0_f64, |m, x| if x.abs() > m.abs() { x } else { m });
    if largest < 0.0 { -1.0 } else { 1.0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn eigenpairs_rebuild_the_matrix() {
        let a = array![[4.0, 1.0, -2.0], [1.0, 3.0, 0.5], [-2.0, 0.5, 1.0]];
        let (values, vectors) = symmetric_eigen(a.clone());
        assert!(values.is_sorted_by(|x, y| x >= y));
        let rebuilt = vectors.dot(&Array2::from_diag(&ndarray::Array1::from(values))).dot(&vectors.t());
        assert!((&rebuilt - &a).iter().all(|d| d.abs() < 1e-12));
        let unit = vectors.t().dot(&vectors);
        assert!((&unit - &Array2::<f64>::eye(3)).iter().all(|d| d.abs() < 1e-12));
    }
}
