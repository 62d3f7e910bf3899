//! Stacks for the recorder alone: kept on the thread, while jemalloc gets one word instead.
//!
//! jemalloc hashes each stack, looks it up for the thread and for the process, and makes and drops records as objects
//! come and go: in sum more than all the rest of a sample costs. The recorder has a table of its own, so jemalloc need
//! not know stacks. From the taking of a stack to the report of its sample a thread does nothing else (`prof_alloc_prep`
//! and `prof_malloc` in one call of jemalloc.c), so that one place for each thread will do.

use std::{
    cell::UnsafeCell,
    ffi::{c_uint, c_void},
    slice,
};

use super::{Backtrace, by_frame_pointers, stock};

/// The most frames of a stack: jemalloc's own default, `prof_bt_max`.
const MOST: usize = 128;

struct Kept {
    frames: [usize; MOST],
    len: c_uint,
}

thread_local! {
    static KEPT: UnsafeCell<Kept> = const { UnsafeCell::new(Kept { frames: [0; MOST], len: 0 }) };
}

/// The hook: frame pointers, for the recorder alone.
///
/// # Safety
/// As jemalloc calls it.
pub(crate) unsafe extern "C" fn keep_by_frame_pointers(vec: *mut *mut c_void, len: *mut c_uint, max: c_uint) {
    // SAFETY: as this function's.
    unsafe { keep(by_frame_pointers, vec, len, max) }
}

/// The hook: jemalloc's own unwinder, for the recorder alone.
///
/// # Safety
/// As jemalloc calls it.
pub(crate) unsafe extern "C" fn keep_stock(vec: *mut *mut c_void, len: *mut c_uint, max: c_uint) {
    // SAFETY: as this function's.
    unsafe { keep(stock, vec, len, max) }
}

/// # Safety
/// As a hook's.
#[inline(always)]
unsafe fn keep(take: Backtrace, vec: *mut *mut c_void, len: *mut c_uint, max: c_uint) {
    KEPT.with(|kept| {
        let kept = kept.get();
        // SAFETY: the place is this thread's, and nothing else looks at it while a stack is taken: what is called here
        // neither allocates nor calls back. It has room for `MOST` pointers, which are as large as numbers.
        unsafe {
            (*kept).len = 0;
            take(
                (&raw mut (*kept).frames).cast(),
                &raw mut (*kept).len,
                MOST as c_uint,
            );
        }
    });
    if max > 0 {
        // SAFETY: there is room for `max` pointers, and for a number. The word is an address as good as any.
        unsafe {
            *vec = keep_by_frame_pointers as *mut c_void;
            *len = 1;
        }
    }
}

/// Looks at the stack that this thread has kept last.
pub(crate) fn with_kept<T>(look: impl FnOnce(&[usize]) -> T) -> T {
    KEPT.with(|kept| {
        let kept = kept.get();
        // SAFETY: the place is this thread's, and `look` takes no stack: it is called in the hook for samples, in which
        // nothing is sampled. The first `len` frames were written.
        let frames = unsafe {
            let len = ((*kept).len as usize).min(MOST);
            slice::from_raw_parts((&raw const (*kept).frames).cast(), len)
        };
        look(frames)
    })
}
