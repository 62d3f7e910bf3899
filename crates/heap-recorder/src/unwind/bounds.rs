//! Where a thread's stack ends: looked up once for each thread, without the allocator and without locks.
//!
//! Not by `pthread_getattr_np`: it allocates under a lock of its own, so that a sample taken in the middle of it would wait
//! for itself. `/proc/self/maps` is read through a buffer on the stack instead.

use std::{cell::Cell, mem, ops::ControlFlow};

use crate::proc_file::{File, range};

/// How far the main thread's stack may grow below where it was first seen: more than most limits allow.
const GROWTH: usize = 1 << 30;

/// The stack of a thread: from the lowest address that frames may have to the first that they may not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Bounds {
    low: usize,
    high: usize,
}

thread_local! {
    static BOUNDS: Cell<Option<Bounds>> = const { Cell::new(None) };
}

impl Bounds {
    const NONE: Self = Self { low: 0, high: 0 };

    /// Whether there can be a frame: two words, aligned, within the stack.
    pub(super) fn holds(self, frame: usize) -> bool {
        let last = self.high.saturating_sub(2 * mem::size_of::<usize>());
        frame.is_multiple_of(mem::align_of::<usize>()) && (self.low..=last).contains(&frame)
    }
}

/// The bounds of the calling thread's stack, given an address on it. They hold nothing where they cannot be found.
pub(super) fn of_this_thread(address: usize) -> Bounds {
    BOUNDS.get().unwrap_or_else(|| {
        let found = look_up(address).unwrap_or(Bounds::NONE);
        BOUNDS.set(Some(found));
        found
    })
}

fn look_up(address: usize) -> Option<Bounds> {
    let (low, high) = mapping_of(address)?;
    // SAFETY: both ask the kernel for a number.
    let is_main = unsafe { libc::gettid() == libc::getpid() };
    if is_main {
        // Some random bytes that the kernel leaves at the top of the stack (getauxval(3)): they tell it from one of a
        // coroutine's, which may go at any time.
        // SAFETY: it reads from what the process was started with.
        let own = unsafe { libc::getauxval(libc::AT_RANDOM) } as usize;
        if !(low..high).contains(&own) {
            return None;
        }
        // The kernel maps more of it as it grows.
        let low = low.saturating_sub(GROWTH);
        return Some(Bounds { low, high });
    }
    // glibc and musl keep a thread's own data at the top of its stack. What lies above may be another mapping that
    // the kernel has joined to this one, and may go at any time.
    // SAFETY: it returns the calling thread's handle, which is the address of that data.
    let own = unsafe { libc::pthread_self() } as usize;
    (low..high).contains(&own).then_some(Bounds { low, high: own })
}

/// The mapping that an address lies in, from `/proc/self/maps`.
fn mapping_of(address: usize) -> Option<(usize, usize)> {
    let mut found = None;
    File::open(c"/proc/self/maps")?.for_each_line(|line| {
        let holds = range(line).filter(|(low, high, _)| (*low..*high).contains(&address));
        found = holds.map(|(low, high, _)| (low, high));
        if found.is_some() {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    });
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_threads_own_variable_lies_within_its_bounds_and_the_heap_does_not() {
        let look = || {
            let here = 0_usize;
            let address = &raw const here as usize;
            let bounds = of_this_thread(address);
            let there = Box::new(0_usize);
            (
                bounds.holds(address),
                bounds.holds(&raw const *there as usize),
                bounds,
            )
        };
        let elsewhere = std::thread::spawn(look).join().expect("no panic");
        let (mine, heap, bounds) = look();
        assert!(mine && !heap && elsewhere.0 && !elsewhere.1);
        assert_ne!(bounds, elsewhere.2);
    }

    #[test]
    fn a_frame_is_aligned_and_fits_below_the_end() {
        let bounds = Bounds {
            low: 0x1000,
            high: 0x2000,
        };
        for (frame, holds) in [
            (0x1000, true),
            (0xff8, false),
            (0x1004, false),
            (0x1ff0, true),
            (0x1ff8, false),
        ] {
            assert_eq!(bounds.holds(frame), holds, "{frame:#x}");
        }
    }
}
