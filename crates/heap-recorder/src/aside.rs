//! Work that gives way: folding and packing a snapshot takes some milliseconds of a core, which requests would
//! otherwise wait for.

use std::{
    sync::{Arc, mpsc},
    thread,
    time::Duration,
};

use crate::recorder::as_instrument;

/// How long a thread that gets only what the others leave may take.
const PATIENCE: Duration = Duration::from_millis(60);

/// Does work on a thread of its own that runs only where no other wants to (`SCHED_IDLE`), and waits for it. Where all
/// cores are busy it would take for ever, so that after a while it is done here as well: by whoever calls, in turn
/// with all others. It has to come to the same each time.
pub(crate) fn aside<T: Send + 'static>(work: impl Fn() -> T + Send + Sync + 'static) -> T {
    let work = Arc::new(work);
    let (done, outcome) = mpsc::sync_channel(1);
    let aside = {
        let work = Arc::clone(&work);
        move || {
            give_way();
            // Nobody waits for it any more: it was done elsewhere.
            let _ = done.send(as_instrument(|| work()));
        }
    };
    let started = thread::Builder::new()
        .name("heap-snapshot".to_owned())
        .spawn(aside);
    let outcome = started.ok().and_then(|_| outcome.recv_timeout(PATIENCE).ok());
    outcome.unwrap_or_else(|| as_instrument(|| work()))
}

/// It is no matter if the system refuses: the work is done all the same.
fn give_way() {
    let parameters = libc::sched_param { sched_priority: 0 };
    // SAFETY: it reads the parameters, and changes the policy of the calling thread, which 0 stands for
    // (sched_setscheduler(2)).
    unsafe { libc::sched_setscheduler(0, libc::SCHED_IDLE, &raw const parameters) };
}
