//! Memory of large tensors, kept for the next of about the same size.
//!
//! A training step of convolutions makes some ten tensors of several megabytes and drops them again. The system takes
//! such memory back and clears it, page by page, when it is asked for it once more: a third of the time of a step.

use std::sync::Mutex;

use burn::backend::Flex;
use burn::tensor::{DType, Tensor};

/// Values from which on memory is kept.
const LARGE: usize = 1 << 16;
/// Values that are kept at most: 1 GiB, of what a step has held before.
const MOST: usize = 1 << 28;

static SPARE: Mutex<Vec<Vec<f32>>> = Mutex::new(Vec::new());

/// Room for `n` values, whatever they are: all of them are to be written.
pub fn room(n: usize) -> Vec<f32> {
    match take(n) {
        Some(mut values) => {
            values.resize(n, 0.0);
            values
        }
        None => vec![0.0; n],
    }
}

/// The smallest spare memory that is large enough, unless it is more than twice as large.
fn take(n: usize) -> Option<Vec<f32>> {
    if n < LARGE {
        return None;
    }
    let mut spare = SPARE.lock().ok()?;
    let fits = |values: &Vec<f32>| values.capacity() >= n && values.capacity() / 2 <= n;
    let fitting = spare.iter().enumerate().filter(|(_, values)| fits(values));
    let (at, _) = fitting.min_by_key(|(_, values)| values.capacity())?;
    Some(spare.swap_remove(at))
}

/// Keeps the memory of a tensor that nobody else holds; drops any other.
pub fn give<const D: usize>(tensor: Tensor<D>) {
    if tensor.dtype() != DType::F32 || tensor.dims().iter().product::<usize>() < LARGE {
        return;
    }
    let Ok(memory) = tensor.try_into_primitive::<Flex>() else { return };
    if !memory.is_unique() || !memory.is_contiguous() || memory.layout().start_offset() != 0 {
        return;
    }
    if let Ok(values) = memory.into_data().try_into_vec::<f32>() {
        keep(values);
    }
}

/// Keeps memory that is not needed any more.
pub fn keep(values: Vec<f32>) {
    if values.capacity() < LARGE {
        return;
    }
    if let Ok(mut spare) = SPARE.lock() {
        let kept: usize = spare.iter().map(Vec::capacity).sum();
        if kept + values.capacity() <= MOST {
            spare.push(values);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::host;

    #[test]
    fn memory_comes_back_unless_it_is_held_or_of_another_size() {
        // A size that no other test asks for.
        let n = LARGE + 12_345;
        let values = vec![7.0; n];
        let place = values.as_ptr();
        let tensor = host::tensor(values, [n]);
        let other = tensor.clone();
        give(other);
        let elsewhere = room(n);
        assert!(elsewhere.as_ptr() != place, "a tensor that is held keeps its memory");
        give(tensor);
        assert_eq!(room(3 * n).len(), 3 * n);
        let again = room(n - 5);
        assert!(again.as_ptr() == place && again.len() == n - 5);
    }
}
