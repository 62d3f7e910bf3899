//! Stacks by frame pointers, instead of by unwinding tables.
//!
//! Each function that keeps its frame pointer leaves two words at it: its caller's frame pointer, and the address that it
//! returns to (System V ABI for x86-64, 3.2.2; AAPCS64, 6.4.6). Following them is a load or two for each
//! frame, where jemalloc's own unwinder interprets tables. A function without one breaks the chain or leads it
//! astray, so each step is checked: within the thread's stack ([`bounds`]), and growing.
//!
//! [`check`] compares both unwinders on a real sample before this one is used; `kept` keeps a stack for the recorder
//! alone.

mod bounds;
pub(crate) mod check;
mod kept;

use std::{
    arch::asm,
    ffi::{c_uint, c_void},
    mem, ptr,
    sync::atomic::{AtomicPtr, Ordering::Relaxed},
};

pub(crate) use kept::{keep_by_frame_pointers, keep_stock, with_kept};

/// jemalloc's `prof_backtrace_hook_t`: fills `vec` with at most `max` return addresses, and `len` with their number.
pub(crate) type Backtrace = unsafe extern "C" fn(vec: *mut *mut c_void, len: *mut c_uint, max: c_uint);

/// Two words: the caller's frame pointer and the return address.
const FRAME: usize = 2 * size_of::<usize>();
/// Bits of an address in user space; arm64 may keep a signature of the return address above them.
const ADDRESS: usize = (1 << 48) - 1;

/// jemalloc's own unwinder, as it was found: for threads whose stack is not to be walked.
static STOCK: AtomicPtr<c_void> = AtomicPtr::new(ptr::null_mut());

/// The hook: walks the calling thread's frame pointers.
///
/// # Safety
/// As jemalloc calls it: `vec` has room for `max` pointers, `len` for a number.
pub(crate) unsafe extern "C" fn by_frame_pointers(vec: *mut *mut c_void, len: *mut c_uint, max: c_uint) {
    let start = frame_pointer();
    let bounds = bounds::of_this_thread(start);
    // Below this variable nothing is in use, and on the main thread's stack nothing need be mapped there.
    let here = 0_u8;
    if !bounds.holds(start) || start < &raw const here as usize {
        // A stack of its own, as of a coroutine or a signal handler: its bounds are not known. Or no frame pointer:
        // this program was built without them.
        // SAFETY: as this function's.
        return unsafe { stock(vec, len, max) };
    }
    let mut found = 0;
    let mut frame = start;
    while found < max && bounds.holds(frame) {
        // SAFETY: `frame` is aligned, and both words lie within this thread's stack (`holds`), which is mapped and
        // readable from the current frame up to its end.
        let (caller, returns_to) =
            unsafe { (*(frame as *const usize), *((frame + FRAME / 2) as *const usize)) };
        let returns_to = returns_to & ADDRESS;
        if returns_to == 0 {
            break;
        }
        // SAFETY: `found` is below `max`, for which there is room.
        unsafe { *vec.add(found as usize) = returns_to as *mut c_void };
        found += 1;
        // Stacks grow downwards: a caller's frame lies above.
        if caller <= frame {
            break;
        }
        frame = caller;
    }
    // SAFETY: there is room for a number.
    unsafe { *len = found };
}

/// Calls jemalloc's own unwinder.
///
/// # Safety
/// As [`by_frame_pointers`].
unsafe extern "C" fn stock(vec: *mut *mut c_void, len: *mut c_uint, max: c_uint) {
    if let Some(hook) = stock_hook() {
        // SAFETY: as this function's.
        unsafe { hook(vec, len, max) }
    }
}

/// jemalloc's own unwinder, once it is noted.
pub(crate) fn stock_hook() -> Option<Backtrace> {
    let stock = STOCK.load(Relaxed);
    // SAFETY: what is not null is what `note_stock` stored: a function of this type.
    (!stock.is_null()).then(|| unsafe { mem::transmute::<*mut c_void, Backtrace>(stock) })
}

/// Notes jemalloc's own unwinder.
pub(crate) fn note_stock(found: Backtrace) {
    STOCK.store(found as *mut c_void, Relaxed);
}

/// The frame pointer of the function that this is inlined into.
#[inline(always)]
fn frame_pointer() -> usize {
    let frame: usize;
    // SAFETY: reads a register.
    #[cfg(target_arch = "x86_64")]
    unsafe {
        asm!("mov {}, rbp", out(reg) frame, options(nomem, nostack, preserves_flags));
    }
    // SAFETY: reads a register.
    #[cfg(target_arch = "aarch64")]
    unsafe {
        asm!("mov {}, x29", out(reg) frame, options(nomem, nostack, preserves_flags));
    }
    frame
}
