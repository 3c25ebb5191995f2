//! Independent pieces of work side by side.
//!
//! Work such as a fit uses rayon inside. When several fits run at once in one pool, their threads take small pieces of
//! each other's work and wait for one another; on two cores that costs a fifth of the time. So each piece gets a pool
//! of its own here. What comes out does not depend on the number of threads as long as the pieces themselves do not.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use rayon::{ThreadPool, ThreadPoolBuilder};

/// What `work` gives for 0, 1, …, `count` − 1, in that order. At most as many pieces run at once as the current pool
/// has threads, and those that do share the threads evenly.
pub fn apart<R: Send>(count: usize, work: impl Fn(usize) -> R + Sync) -> Vec<R> {
    let threads = rayon::current_num_threads();
    let at_once = threads.min(count);
    let pools: Vec<ThreadPool> = (0..at_once).map_while(|_| pool(threads / at_once)).collect();
    if at_once < 2 || pools.len() < at_once {
        return (0..count).map(work).collect();
    }
    let next = AtomicUsize::new(0);
    let done = Mutex::new(Vec::with_capacity(count));
    std::thread::scope(|scope| {
        for pool in &pools {
            scope.spawn(|| {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    if index >= count {
                        break;
                    }
                    let result = pool.install(|| work(index));
                    done.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push((index, result));
                }
            });
        }
    });
    let mut done = done.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    done.sort_by_key(|(index, _)| *index);
    done.into_iter().map(|(_, result)| result).collect()
}

/// `None` where the system gives no more threads; the work is then done one piece after the other.
fn pool(threads: usize) -> Option<ThreadPool> {
    ThreadPoolBuilder::new().num_threads(threads.max(1)).build().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(threads: usize, work: impl FnOnce() + Send) {
        ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(work);
    }

    #[test]
    fn every_piece_is_done_once_and_in_its_place() {
        for threads in [1, 2, 5] {
            with(threads, || {
                for count in [0, 1, 2, 3, 17] {
                    let squares: Vec<usize> = (0..count).map(|i| i * i).collect();
                    assert_eq!(apart(count, |i| i * i), squares);
                }
            });
        }
    }

    #[test]
    fn the_threads_are_shared_evenly() {
        with(4, || {
            assert_eq!(apart(2, |_| rayon::current_num_threads()), [2, 2]);
            assert_eq!(apart(9, |_| rayon::current_num_threads()), [1; 9]);
            assert_eq!(apart(1, |_| rayon::current_num_threads()), [4]);
        });
    }
}
