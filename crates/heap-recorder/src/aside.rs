//! Work that gives way: folding and packing a snapshot is some tens of milliseconds of one core, which requests would
//! otherwise wait for.

use std::{io, panic::resume_unwind, thread};

use crate::recorder::as_instrument;

/// How far the thread steps back, from 0 to 19: at 10 it gets a tenth of a core that somebody else wants, and all of
/// one that nobody does.
const NICENESS: libc::c_int = 10;

/// Does work on a thread of its own, at a lower priority than all others, and waits for it. The thread ends with it: what
/// steps back may not come forward again without privileges.
///
/// # Errors
/// Where the system has no thread to give.
pub(crate) fn aside<T: Send>(work: impl FnOnce() -> T + Send) -> io::Result<T> {
    thread::scope(|scope| {
        let run = move || {
            step_back();
            as_instrument(work)
        };
        let thread = thread::Builder::new().name("heap-snapshot".to_owned());
        let running = thread.spawn_scoped(scope, run)?;
        Ok(running.join().unwrap_or_else(|panic| resume_unwind(panic)))
    })
}

/// It is no matter if the system refuses: the work is done all the same.
fn step_back() {
    // SAFETY: it changes a number of the calling thread's, which on Linux 0 stands for (setpriority(2), "C library/kernel
    // differences").
    unsafe { libc::setpriority(libc::PRIO_PROCESS, 0, NICENESS) };
}
