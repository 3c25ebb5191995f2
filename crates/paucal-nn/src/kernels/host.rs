//! The memory of tensors on the CPU device.

use burn::backend::Flex;
use burn::backend::flex::FlexTensor;
use burn::tensor::{DType, Tensor, TensorData};

/// A matrix in host memory whose columns are adjacent; rows may be a slice of longer ones.
///
/// Tensors of other ranks are seen as the matrix of their last dimension.
pub struct Matrix {
    memory: FlexTensor,
    start: usize,
    stride: usize,
    /// Number of rows.
    pub rows: usize,
    /// Number of columns.
    pub columns: usize,
}

impl Matrix {
    /// Borrows the memory of `tensor`; `None` when it lives on another device, belongs to a recorded graph
    /// or is laid out otherwise.
    pub fn of<const D: usize>(tensor: &Tensor<D>) -> Option<Self> {
        if tensor.dtype() != DType::F32 {
            return None;
        }
        let memory = tensor.clone().try_into_primitive::<Flex>().ok()?;
        let layout = memory.layout();
        let shape = layout.shape();
        let (start, strides) = (layout.start_offset(), layout.strides());
        let columns = *shape.last()?;
        let rows = shape.num_elements().checked_div(columns).unwrap_or(0);
        let stride = if layout.is_contiguous() {
            columns
        } else if D == 2 && strides[1] == 1 && strides[0] >= 0 {
            strides[0] as usize
        } else {
            return None;
        };
        Some(Self { memory, start, stride, rows, columns })
    }

    /// Every value, where the rows follow each other without gaps.
    pub fn dense(&self) -> Option<&[f32]> {
        (self.stride == self.columns).then(|| &self.values()[..self.rows * self.columns])
    }

    /// Row `i`.
    pub fn row(&self, i: usize) -> &[f32] {
        &self.values()[i * self.stride..][..self.columns]
    }

    /// The memory from the first value on.
    pub fn values(&self) -> &[f32] {
        &self.memory.storage::<f32>()[self.start..]
    }

    /// Distance between the starts of two rows.
    pub fn stride(&self) -> usize {
        self.stride
    }
}

/// Every value of a tensor in host memory that has no gaps, in row-major order.
pub struct Dense(Matrix);

impl Dense {
    /// Borrows the memory of `tensor`, as [`Matrix::of`].
    pub fn of<const D: usize>(tensor: &Tensor<D>) -> Option<Self> {
        let matrix = Matrix::of(tensor)?;
        matrix.dense()?;
        Some(Self(matrix))
    }
}

impl std::ops::Deref for Dense {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        &self.0.values()[..self.0.rows * self.0.columns]
    }
}

/// A CPU tensor that takes over `values`.
pub fn tensor<const D: usize>(values: Vec<f32>, shape: [usize; D]) -> Tensor<D> {
    debug_assert_eq!(values.len(), shape.iter().product::<usize>(), "values fill the shape");
    Tensor::from_primitive::<Flex>(FlexTensor::from_data(TensorData::new(values, shape)))
}

/// The memory of a CPU tensor, to be changed; in place when nobody else holds it.
pub struct Owned(FlexTensor);

impl Owned {
    /// Takes the memory out of a tensor, or leaves it as it is when it lives elsewhere.
    pub fn take<const D: usize>(tensor: &mut Tensor<D>) -> Option<Self> {
        Matrix::of(tensor)?.dense()?;
        let memory = tensor.extract().try_into_primitive::<Flex>().ok()?;
        let whole = memory.layout().start_offset() == 0
            && memory.storage::<f32>().len() == memory.layout().num_elements();
        Some(Self(if whole { memory } else { memory.to_contiguous() }))
    }

    /// The values in row-major order.
    pub fn values_mut(&mut self) -> &mut [f32] {
        self.0.storage_mut::<f32>()
    }

    /// Back to a tensor.
    pub fn tensor<const D: usize>(self) -> Tensor<D> {
        Tensor::from_primitive::<Flex>(self.0)
    }
}
