//! Dense layers: matrix products, bias, activation.

use super::host::Matrix;
use super::lanes::{self, Rows, update_rows};
use super::{cost, for_row_blocks, spare};
use crate::layers::Activation;

/// One factor of a product.
#[derive(Clone, Copy)]
pub struct Factor<'a> {
    matrix: Rows<'a>,
    transposed: bool,
}

/// The matrix as it is.
pub fn plain(matrix: &Matrix) -> Factor<'_> {
    Factor { matrix: matrix.into(), transposed: false }
}

/// The matrix transposed.
pub fn transposed(matrix: &Matrix) -> Factor<'_> {
    Factor { matrix: matrix.into(), transposed: true }
}

impl Factor<'_> {
    fn rows(self) -> usize {
        if self.transposed { self.matrix.columns } else { self.matrix.count }
    }

    fn columns(self) -> usize {
        if self.transposed { self.matrix.count } else { self.matrix.columns }
    }

    /// Distance between neighbours in a column and in a row.
    fn strides(self) -> (isize, isize) {
        let stride = self.matrix.stride as isize;
        if self.transposed { (1, stride) } else { (stride, 1) }
    }

    /// Values the factor reaches into, so that the product never reads past its memory.
    fn extent(self) -> usize {
        let m = self.matrix;
        if m.count == 0 || m.columns == 0 { 0 } else { (m.count - 1) * m.stride + m.columns }
    }
}

/// Products below this many multiplications run on one thread: some two hundred microseconds, of which a second thread that
/// has to be woken saves nothing.
const PARALLEL_FROM: usize = 1 << 24;

/// `out += a b`, row-major.
pub fn add_product(out: &mut [f32], a: Factor, b: Factor) {
    run(out, true, a, b, rayon::current_num_threads());
}

/// `a b`, row-major.
pub fn product(a: Factor, b: Factor) -> Vec<f32> {
    product_on(a, b, rayon::current_num_threads())
}

/// `a b` and `c d`, side by side where that pays.
pub fn products([a, b]: [Factor; 2], [c, d]: [Factor; 2]) -> [Vec<f32>; 2] {
    let threads = rayon::current_num_threads();
    if threads == 1 || operations(a, b).min(operations(c, d)) < PARALLEL_FROM / 4 {
        return [product(a, b), product(c, d)];
    }
    let share = threads.div_ceil(2);
    let (first, second) = rayon::join(|| product_on(a, b, share), || product_on(c, d, share));
    [first, second]
}

fn product_on(a: Factor, b: Factor, threads: usize) -> Vec<f32> {
    let mut out = spare::room(a.rows() * b.columns());
    run(&mut out, false, a, b, threads);
    out
}

fn operations(a: Factor, b: Factor) -> usize {
    a.rows() * a.columns() * b.columns()
}

/// Adds the product to what stands in `out`, or puts it there.
fn run(out: &mut [f32], add: bool, a: Factor, b: Factor, threads: usize) {
    let (m, k, n) = (a.rows(), a.columns(), b.columns());
    assert_eq!(k, b.rows(), "the inner sizes of a product agree");
    assert_eq!(out.len(), m * n, "the output of a product fits");
    assert!(a.matrix.values.len() >= a.extent() && b.matrix.values.len() >= b.extent());
    if m * n == 0 {
        return;
    }
    if k == 0 {
        if !add {
            out.fill(0.0);
        }
        return;
    }
    let parallelism = if threads == 1 || operations(a, b) < PARALLEL_FROM {
        gemm::Parallelism::None
    } else {
        gemm::Parallelism::Rayon(threads)
    };
    let ((a_rs, a_cs), (b_rs, b_cs)) = (a.strides(), b.strides());
    // SAFETY: the sizes and strides describe memory inside the three slices, as asserted above; `out` is
    // borrowed exclusively and therefore overlaps neither factor.
    #[allow(unsafe_code)]
    unsafe {
        gemm::gemm(
            m,
            n,
            k,
            out.as_mut_ptr(),
            1,
            n as isize,
            add,
            a.matrix.values.as_ptr(),
            a_cs,
            a_rs,
            b.matrix.values.as_ptr(),
            b_cs,
            b_rs,
            1.0_f32,
            1.0_f32,
            false,
            false,
            false,
            parallelism,
        );
    }
}

/// `activation(x wᵀ + bias)`.
pub fn linear(x: &Matrix, weight: &Matrix, bias: &[f32], activation: Activation) -> Vec<f32> {
    assert_eq!(bias.len(), weight.rows, "a bias for every output");
    let mut out = product(plain(x), transposed(weight));
    update_rows(&mut out, bias.len(), activation.cost(), [], [bias], |y, [], [b]| {
        (y + b).activated(activation)
    });
    out
}

/// Applies an activation in place.
pub fn activate(values: &mut [f32], activation: Activation) {
    if activation != Activation::Identity {
        for_row_blocks(values, 1, activation.cost(), |_, block| {
            block.iter_mut().for_each(|y| *y = activation.value(*y));
        });
    }
}

/// `gradient · activation'`, the derivative taken from the activation's output.
pub fn activation_gradient(output: &Matrix, gradient: &Matrix, activation: Activation) -> Vec<f32> {
    let mut out = spare::room(output.rows * output.columns);
    let values = [output, gradient].map(Rows::from);
    update_rows(&mut out, output.columns, cost::ARITHMETIC, values, [], |_, [y, dy], []| {
        dy.back(activation, y)
    });
    out
}

/// The sum of each column, rows added from the first to the last.
pub fn column_sums(x: &Matrix) -> Vec<f32> {
    let [sums] = lanes::parallel_sums([x.into()], [], |[x], []| [x]);
    sums
}
