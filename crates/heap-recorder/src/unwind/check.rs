//! Whether walking frame pointers finds what jemalloc's own unwinder finds, in this very program.
//!
//! Both are asked at one moment: inside of jemalloc, for a sample of this thread, below functions of this module. That
//! takes in the frames of jemalloc's C code, which has frame pointers only where it was built with them.

use std::{
    alloc::Layout,
    cell::Cell,
    ffi::{c_uint, c_void},
    fmt,
    hint::black_box,
    sync::{Mutex, PoisonError},
};

use super::{Backtrace, by_frame_pointers, stock};

/// Frames that are compared.
const MOST: usize = 128;
/// Frames at the inner end that may be the walker's own.
const OWN: usize = 3;
/// Frames at the outer end that may be missing: those of the C library, which start a thread and have no frame pointers.
const OUTER: usize = 4;
/// Allocations that are made to be sampled.
const TRIES: usize = 8;
/// So many intervals in one allocation: it is sampled with a probability of `1 - exp(-16)`.
const INTERVALS: u64 = 16;
/// The largest of these allocations, in bytes. It is never touched, and so takes no memory.
const LARGEST: u64 = 64 << 20;

thread_local! {
    static CHECKING: Cell<bool> = const { Cell::new(false) };
}

static SEEN: Mutex<Option<Seen>> = Mutex::new(None);

/// Why the frame-pointer unwinder is not used.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Incomplete {
    /// It found fewer frames, or others.
    Frames {
        /// Frames that both found, from the leaf on.
        found: usize,
        /// Frames that jemalloc's own unwinder found.
        expected: usize,
    },
    /// No sample came to compare the two on: the profiler is switched off, or its interval is very long.
    NoSample,
}

impl fmt::Display for Incomplete {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Frames { found, expected } => write!(
                out,
                "frame pointers lead to {found} of {expected} frames; \
                 hint: build with -Cforce-frame-pointers=yes and with debug information"
            ),
            Self::NoSample => out.write_str("no sample came to check frame pointers on"),
        }
    }
}

struct Seen {
    stock: [usize; MOST],
    stock_len: usize,
    walked: [usize; MOST],
    walked_len: usize,
}

/// The hook while the check goes on: jemalloc's own unwinder, and for the checking thread both.
///
/// # Safety
/// As jemalloc calls it.
pub(crate) unsafe extern "C" fn both(vec: *mut *mut c_void, len: *mut c_uint, max: c_uint) {
    // SAFETY: the arguments are this function's.
    unsafe { stock(vec, len, max) };
    if !CHECKING.get() {
        return;
    }
    let mut seen = Seen {
        stock: [0; MOST],
        stock_len: 0,
        walked: [0; MOST],
        walked_len: 0,
    };
    // SAFETY: `len` frames were written to `vec`.
    let frames = unsafe { std::slice::from_raw_parts(vec.cast::<usize>(), *len as usize) };
    seen.stock_len = copy(frames, &mut seen.stock);
    let mut walked = 0;
    // SAFETY: there is room for `MOST` pointers, which are as large as numbers, and for a number.
    unsafe { by_frame_pointers(seen.walked.as_mut_ptr().cast(), &raw mut walked, MOST as c_uint) };
    seen.walked_len = walked as usize;
    *SEEN.lock().unwrap_or_else(PoisonError::into_inner) = Some(seen);
}

fn copy(from: &[usize], to: &mut [usize]) -> usize {
    let len = from.len().min(to.len());
    to[..len].copy_from_slice(&from[..len]);
    len
}

/// Compares the two unwinders. `with` puts a hook in place and must have put back the old one when it returns;
/// `interval` is the mean sampling interval in bytes.
pub(crate) fn compare<E>(
    interval: u64,
    with: impl FnOnce(Backtrace, &mut dyn FnMut()) -> Result<(), E>,
) -> Result<Result<(), Incomplete>, E> {
    *SEEN.lock().unwrap_or_else(PoisonError::into_inner) = None;
    with(both, &mut || {
        CHECKING.set(true);
        outer(interval);
        CHECKING.set(false);
    })?;
    let seen = SEEN.lock().unwrap_or_else(PoisonError::into_inner).take();
    Ok(seen.map_or(Err(Incomplete::NoSample), |seen| seen.judge()))
}

#[inline(never)]
fn outer(interval: u64) {
    middle(interval);
    black_box(());
}

#[inline(never)]
fn middle(interval: u64) {
    for _ in 0..TRIES {
        inner(interval);
        if SEEN.lock().unwrap_or_else(PoisonError::into_inner).is_some() {
            break;
        }
    }
    black_box(());
}

/// Allocates, and touches nothing.
#[inline(never)]
fn inner(interval: u64) {
    let size = interval.saturating_mul(INTERVALS).clamp(4096, LARGEST);
    let Ok(layout) = Layout::from_size_align(size as usize, 8) else {
        return;
    };
    // SAFETY: the size is not zero.
    let start = black_box(unsafe { std::alloc::alloc(layout) });
    if !start.is_null() {
        // SAFETY: it was allocated with this layout, just now.
        unsafe { std::alloc::dealloc(start, layout) };
    }
}

impl Seen {
    /// Each list begins with frames of its own: of the two unwinders, and of the hook that called them. From the first
    /// frame on that both have they must agree, but for the outermost frames.
    fn judge(&self) -> Result<(), Incomplete> {
        let (stock, walked) = (&self.stock[..self.stock_len], &self.walked[..self.walked_len]);
        let start = walked.iter().take(OWN).enumerate().find_map(|(at, frame)| {
            let there = stock.iter().position(|other| other == frame)?;
            Some((&walked[at..], &stock[there..]))
        });
        let (walked, expected) = start.unwrap_or((&[], stock));
        let both = expected.iter().zip(walked);
        let found = both.take_while(|(expected, walked)| expected == walked).count();
        if found > 0 && found + OUTER >= expected.len() {
            Ok(())
        } else {
            let expected = expected.len();
            Err(Incomplete::Frames { found, expected })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(stock: &[usize], walked: &[usize]) -> Result<(), Incomplete> {
        let mut seen = Seen {
            stock: [0; MOST],
            stock_len: 0,
            walked: [0; MOST],
            walked_len: 0,
        };
        seen.stock_len = copy(stock, &mut seen.stock);
        seen.walked_len = copy(walked, &mut seen.walked);
        seen.judge()
    }

    #[test]
    fn frames_of_the_profiler_and_of_the_c_library_may_be_missing_and_no_others() {
        let stock: Vec<usize> = (1..=20).collect();
        assert_eq!(judged(&stock, &stock[2..]), Ok(()));
        assert_eq!(judged(&stock, &[&[98], &stock[2..]].concat()), Ok(()));
        assert_eq!(judged(&stock, &stock[2..16]), Ok(()));
        let incomplete = |found| Err(Incomplete::Frames { found, expected: 18 });
        assert_eq!(judged(&stock, &stock[2..15]), incomplete(13));
        assert_eq!(judged(&stock, &[3, 4, 99, 6, 7]), incomplete(2));
        assert_eq!(
            judged(&stock, &[99]),
            Err(Incomplete::Frames {
                found: 0,
                expected: 20
            })
        );
        assert!(judged(&stock, &[]).is_err());
    }
}
