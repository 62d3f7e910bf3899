//! Gives back to the system what the allocator keeps for reuse.

use crate::{Error, ctl};
use std::io;

const FLUSH: &str = "thread.tcache.flush\0";
const PURGE: &str = "arena.4096.purge\0";
/// jemalloc's answer to a flush on a thread that has no cache: nothing to do, so no failure.
const NO_CACHE: i32 = 14; // EFAULT

/// Empties this thread's cache and purges the unused pages of all arenas.
///
/// The counterpart of forcing a garbage collection: what is left in [`memory`](crate::memory) afterwards is
/// live, or pinned by something live. Caches of other threads cannot be reached from here; their
/// bytes are counted in [`MemoryFigures::tcache`](crate::MemoryFigures::tcache), never in `live`.
///
/// It gives pages back to the kernel one range at a time: some milliseconds on a large heap. Call
/// it where blocking is allowed.
pub fn purge() -> Result<(), Error> {
    match ctl::act(FLUSH) {
        Ok(()) | Err(NO_CACHE) => {}
        Err(code) => return Err(failed(FLUSH, code)),
    }
    ctl::act(PURGE).map_err(|code| failed(PURGE, code))
}

fn failed(name: &'static str, code: i32) -> Error {
    Error::Purge {
        name: name.trim_end_matches('\0'),
        source: io::Error::from_raw_os_error(code),
    }
}
