//! Forks of the process that go on with the program: in them nothing is recorded.
//!
//! A fork has one thread, and each lock as it was. jemalloc makes its own ones ready again (`jemalloc_postfork_child`), so
//! that the program may allocate there, as a `pre_exec` or a daemon does. The recorder's belong to threads that are not
//! there, and its samples to a process that it is not.

use std::{
    io,
    sync::atomic::{AtomicBool, Ordering::Relaxed},
};

use crate::Error;

static IS_FORK: AtomicBool = AtomicBool::new(false);

/// Has forks of this process know that they are some, from now on.
///
/// # Errors
/// Where the C library has no memory for that.
pub(crate) fn watch() -> Result<(), Error> {
    // SAFETY: the function is there as long as the program, and stores a value: it may run in a fork.
    match unsafe { libc::pthread_atfork(None, None, Some(note)) } {
        0 => Ok(()),
        code => Err(Error::Hooks {
            reason: format!("forks cannot be watched: {}", io::Error::from_raw_os_error(code)),
        }),
    }
}

/// Whether this process is a fork of one that recorded.
pub(crate) fn is_one() -> bool {
    IS_FORK.load(Relaxed)
}

/// # Safety
/// None: it stores a value.
unsafe extern "C" fn note() {
    IS_FORK.store(true, Relaxed);
}
