//! What the recorder knows: each live sample, and each place that allocates.
//!
//! - [`samples`]: the live samples by address; a sample points to its site
//! - [`sites`]: the sites, each a stack and a label, with what was allocated there since the start
//! - `index`: the hash index that sites and stacks are found by
//!
//! Everything here is called inside of the allocator's hooks, and so never calls the allocator: the arrays are
//! [`Pages`](crate::pages::Pages). Nothing here panics, which would end the process there.

mod index;
pub(crate) mod samples;
pub(crate) mod sites;

pub(crate) use index::Index;

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Locks; there is nothing that could panic while it is held.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
