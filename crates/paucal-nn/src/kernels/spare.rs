//! Memory of large tensors, kept for the next of about the same size.
//!
//! A training step of convolutions makes some ten tensors of several megabytes and drops them again. The system takes
//! such memory back and clears it, page by page, when it is asked for it once more: a third of the time of a step.

use std::collections::VecDeque;
use std::sync::Mutex;

use burn::backend::Flex;
use burn::tensor::{DType, Tensor};

/// Values from which on memory is kept.
const LARGE: usize = 1 << 16;
/// Values that are kept at most: 1 GiB.
const MOST: usize = 1 << 28;

static SPARE: Mutex<Spare> = Mutex::new(Spare::new());

/// What is kept, the longest kept first.
struct Spare {
    kept: VecDeque<Vec<f32>>,
    /// Values of all of it.
    values: usize,
    /// Values that were asked for and not found. No more is kept: what is given but never asked for goes when its turn
    /// comes, and what a step asks for is there as soon as as much is kept as a step gives.
    missed: usize,
}

impl Spare {
    const fn new() -> Self {
        Self { kept: VecDeque::new(), values: 0, missed: 0 }
    }

    /// The smallest memory that is large enough, unless it is more than twice as large.
    fn take(&mut self, n: usize) -> Option<Vec<f32>> {
        let fits = |values: &Vec<f32>| values.capacity() >= n && values.capacity() / 2 <= n;
        let fitting = self.kept.iter().enumerate().filter(|(_, values)| fits(values));
        let Some((at, _)) = fitting.min_by_key(|(_, values)| values.capacity()) else {
            self.missed = (self.missed + n).min(MOST);
            return None;
        };
        let found = self.kept.remove(at)?;
        self.values -= found.capacity();
        Some(found)
    }

    /// Keeps memory; what it has to let go for that.
    fn keep(&mut self, values: Vec<f32>) -> Vec<Vec<f32>> {
        self.values += values.capacity();
        self.kept.push_back(values);
        let mut gone = Vec::new();
        while self.values > self.missed
            && let Some(oldest) = self.kept.pop_front()
        {
            self.values -= oldest.capacity();
            gone.push(oldest);
        }
        gone
    }
}

/// Room for `n` values, whatever they are: all of them are to be written.
pub fn room(n: usize) -> Vec<f32> {
    let found = if n < LARGE { None } else { SPARE.lock().ok().and_then(|mut spare| spare.take(n)) };
    match found {
        Some(mut values) => {
            values.resize(n, 0.0);
            values
        }
        None => vec![0.0; n],
    }
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
    // What is let go is given back to the system when the others can go on.
    let _gone = SPARE.lock().map(|mut spare| spare.keep(values));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::host;

    #[test]
    fn memory_comes_back_unless_it_is_of_another_size() {
        let mut spare = Spare::new();
        assert!(spare.take(100).is_none());
        let values = vec![7.0; 100];
        let place = values.as_ptr();
        assert!(spare.keep(values).is_empty());
        assert!(spare.take(300).is_none() && spare.take(40).is_none());
        let again = spare.take(95).unwrap();
        assert!(again.as_ptr() == place && spare.values == 0);
    }

    #[test]
    fn what_nobody_asks_for_does_not_pile_up() {
        let mut spare = Spare::new();
        for _ in 0..1000 {
            let asked = spare.take(100).unwrap_or_else(|| vec![0.0; 100]);
            spare.keep(vec![0.0; 1000]);
            spare.keep(asked);
        }
        assert!(spare.values <= spare.missed && spare.missed <= 2500, "{} {}", spare.values, spare.missed);
        assert!(spare.take(100).is_some());
    }

    #[test]
    fn a_tensor_that_is_held_keeps_its_memory() {
        let n = LARGE + 12_345;
        let tensor = host::tensor(vec![7.0; n], [n]);
        let held = tensor.clone();
        give(tensor);
        room(n).fill(1.0);
        let values = host::Dense::of(&held).unwrap();
        assert!(values.iter().all(|&v| v == 7.0));
    }
}
