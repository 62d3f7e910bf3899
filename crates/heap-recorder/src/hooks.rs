//! What jemalloc calls at each sampled allocation, and when a sampled object is freed.
//!
//! Both run outside of the profiler's locks, on the thread that allocates or frees, before it goes on. They take a lock
//! or two of the recorder's tables, for some tens of nanoseconds; they call nothing that allocates, frees or panics.
//! Only while the sampling interval is being changed do frees wait for it: see [`change_interval`]. In a fork of the process
//! they do nothing: see [`forks`].

use std::{
    cell::Cell,
    ffi::{c_int, c_uint, c_void},
    slice,
    sync::atomic::{
        AtomicBool, AtomicU8,
        Ordering::{Relaxed, SeqCst},
    },
    thread,
    time::Duration,
};

use crate::{
    Error, Label, clock, ctl, forks,
    holders::windows,
    load,
    table::{
        samples::{self, Sample},
        sites,
    },
    unwind,
};

/// The base-2 logarithm of the sampling interval, and [`CHANGING`] while another one is being set.
static LG_INTERVAL: AtomicU8 = AtomicU8::new(19);
/// A bit above any logarithm.
const CHANGING: u8 = 1 << 7;
/// What a free needs from the hook to its end, where its thread is not held up: well under a microsecond. For those that are:
/// more than several turns of the scheduler, and more than the 100 milliseconds of a period in which a cgroup has used up its
/// quota of processor time.
const GRACE: Duration = Duration::from_millis(200);
/// From one look to the next of who waits for a change to end.
const LOOK: Duration = Duration::from_micros(200);

/// Whether stacks are kept on the thread, and not in what jemalloc hands over.
static STACKS_ARE_KEPT: AtomicBool = AtomicBool::new(false);

thread_local! {
    /// The interval that this thread's next sample was drawn by, plus one; 0 before the first.
    static DRAWN_BY: Cell<u8> = const { Cell::new(0) };
}

/// Notes where stacks are.
pub(crate) fn note_kept_stacks(kept: bool) {
    STACKS_ARE_KEPT.store(kept, Relaxed);
}

/// Notes the interval that is in force from now on.
pub(crate) fn note_interval(exponent: u8) {
    LG_INTERVAL.store(exponent, Relaxed);
}

/// Has `set` change the interval, as `prof.reset` does.
///
/// jemalloc draws by the new one from somewhere in the middle of it on, and then goes through all threads, which takes it
/// long enough for thousands of samples: meanwhile the hooks ask jemalloc which it is.
///
/// And meanwhile no sampled object may be freed. jemalloc 5.3.1 destroys what it knows of a thread that has ended twice,
/// and the process crashes, where `prof.reset` finds it while the last sampled object of that thread is being freed:
/// `prof_tctx_destroy` decides on it under one lock and does it under another, `prof_tdata_expire` decides in between
/// (prof_data.c). So frees wait in the hook, and the change waits until those that were past it are through.
pub(crate) fn change_interval(exponent: u8, set: impl FnOnce() -> Result<(), Error>) -> Result<(), Error> {
    let mut changing = Changing(LG_INTERVAL.fetch_or(CHANGING, SeqCst));
    thread::sleep(GRACE);
    set()?;
    changing.0 = exponent;
    Ok(())
}

/// Ends a change when it is dropped, with the interval that is in force from then on.
struct Changing(u8);

impl Drop for Changing {
    fn drop(&mut self) {
        LG_INTERVAL.store(self.0, SeqCst);
    }
}

/// Waits while the interval is being changed. The thread that changes it frees nothing meanwhile, and holds no lock that
/// one that frees may need.
fn wait_for_change() {
    while LG_INTERVAL.load(SeqCst) & CHANGING != 0 {
        thread::sleep(LOOK);
    }
}

/// The base-2 logarithm of the interval in force; while it is being changed, the one before.
pub(crate) fn lg_interval() -> u8 {
    LG_INTERVAL.load(Relaxed) & !CHANGING
}

/// How many objects a sample of that size stands for: `1 / p`, where `p = 1 - exp(-size / interval)` is the probability
/// that it was sampled. The distances between samples are geometric (jemalloc's `prof_sample_new_event_wait`), so that
/// each byte is drawn by itself (Horvitz and Thompson, 1952).
pub(crate) fn weight(size: usize, lg_interval: u8) -> f64 {
    if lg_interval == 0 || size == 0 {
        return 1.0;
    }
    let interval = f64::from(lg_interval).exp2();
    -1.0 / (-(size as f64) / interval).exp_m1()
}

/// # Safety
/// As jemalloc calls its `prof_sample` hook: `stack` holds `len` addresses.
pub(crate) unsafe extern "C" fn sampled(
    address: *const c_void,
    _requested: usize,
    stack: *const *mut c_void,
    len: c_uint,
    size: usize,
) {
    if forks::is_one() {
        return;
    }
    let _errno = Errno::keep();
    let label = Label::current();
    let lg_interval = drawn_by();
    let objects = weight(size, lg_interval);
    let record = |frames: &[usize]| sites::record(frames, label, objects, objects * size as f64);
    let site = if STACKS_ARE_KEPT.load(Relaxed) {
        unwind::with_kept(record)
    } else if len == 0 {
        record(&[])
    } else {
        // SAFETY: `stack` holds `len` pointers, as large as numbers, and stays as it is: it belongs to jemalloc's
        // record of this stack, which counts this object.
        record(unsafe { slice::from_raw_parts(stack.cast::<usize>(), len as usize) })
    };
    windows::note(address as usize, size);
    let (cohort, born) = (load::cohort(), clock::ticks());
    samples::insert(Sample::new(
        address as usize,
        size,
        site,
        cohort,
        born,
        lg_interval,
    ));
}

/// # Safety
/// None: it looks the address up, and never follows it.
pub(crate) unsafe extern "C" fn freed(address: *const c_void, _size: usize) {
    if forks::is_one() {
        return;
    }
    let _errno = Errno::keep();
    wait_for_change();
    samples::remove(address as usize);
}

/// Puts the thread's error number back when it is dropped. A lock that is contended and a wait go through a system call, which
/// may set it; and what frees memory between a failure and reading its number relies on `free` to leave that alone
/// (POSIX.1-2024).
struct Errno {
    at: *mut c_int,
    was: c_int,
}

impl Errno {
    fn keep() -> Self {
        // SAFETY: it returns the address of the calling thread's own number, which is always there.
        let at = unsafe { libc::__errno_location() };
        // SAFETY: as above.
        let was = unsafe { *at };
        Self { at, was }
    }
}

impl Drop for Errno {
    fn drop(&mut self) {
        // SAFETY: as above; the value never leaves its thread, since the pointer is not `Send`.
        unsafe { *self.at = self.was };
    }
}

/// A thread waits out the distance that it drew at its last sample, whatever the interval has become since.
fn drawn_by() -> u8 {
    let now = match LG_INTERVAL.load(Relaxed) {
        noted if noted & CHANGING == 0 => noted,
        noted => ctl::lg_sample().map_or(noted & !CHANGING, |exponent| exponent as u8 & !CHANGING),
    };
    let drawn = DRAWN_BY.replace(now + 1);
    if drawn == 0 { now } else { drawn - 1 }
}

#[cfg(test)]
mod tests {
    use super::weight;

    #[test]
    fn a_sample_stands_for_as_many_objects_as_it_takes_to_be_drawn_once() {
        // Far below the interval: interval / size, and half an object.
        assert!((weight(64, 19) - (8192.0 + 0.5)).abs() < 1e-3);
        // Far above it: itself.
        assert!((weight(64 << 20, 19) - 1.0).abs() < 1e-12);
        assert!((weight(1 << 14, 14) - 1.0 / (1.0 - (-1.0_f64).exp())).abs() < 1e-12);
        assert_eq!((weight(8, 0), weight(0, 19)), (1.0, 1.0));
    }
}
