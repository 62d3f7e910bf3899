//! Growable arrays in pages of their own, straight from the kernel.
//!
//! The recorder's tables are changed inside of the allocator's hooks. In these arrays they grow without calling the
//! allocator: nothing recurses, nothing is sampled, and what the instrument takes is known to the byte
//! ([`own_bytes`]) and in none of the allocator's figures.

use std::{
    ops::{Deref, DerefMut},
    ptr::{self, NonNull},
    slice,
    sync::atomic::{AtomicU64, Ordering::Relaxed},
};

/// The unit of growth: the smallest page there is on the supported machines.
const PAGE: usize = 4096;

static OWN_BYTES: AtomicU64 = AtomicU64::new(0);

/// The most there were since [`forget_peak`].
static PEAK: AtomicU64 = AtomicU64::new(0);

/// Bytes that all arrays of this kind take together.
pub(crate) fn own_bytes() -> u64 {
    OWN_BYTES.load(Relaxed)
}

/// The most bytes that they took together since [`forget_peak`].
pub(crate) fn peak_bytes() -> u64 {
    PEAK.load(Relaxed)
}

/// Begins anew with what they take now.
pub(crate) fn forget_peak() {
    PEAK.store(own_bytes(), Relaxed);
}

/// A plain value: no references, no destructor.
///
/// # Safety
/// Bytes that are all zero must be a valid value.
pub(crate) unsafe trait Plain: Copy + Send + 'static {}

// SAFETY: zero is a value of each.
unsafe impl Plain for u32 {}
// SAFETY: see above.
unsafe impl Plain for u64 {}
// SAFETY: see above.
unsafe impl Plain for usize {}

/// A growable array of plain values, outside of the allocator.
pub(crate) struct Pages<T: Plain> {
    start: NonNull<T>,
    len: usize,
    /// Mapped bytes: a multiple of [`PAGE`], or 0 and `start` dangles.
    mapped: usize,
}

// SAFETY: it owns its pages, as a `Vec` does, and `T` is `Send`.
unsafe impl<T: Plain> Send for Pages<T> {}

impl<T: Plain> Pages<T> {
    pub(crate) const fn new() -> Self {
        Self {
            start: NonNull::dangling(),
            len: 0,
            mapped: 0,
        }
    }

    /// An array of that many zeros; nothing where the kernel has no memory.
    pub(crate) fn zeroed(len: usize) -> Option<Self> {
        let mut pages = Self::new();
        pages.reserve(len)?;
        // Fresh pages hold zeros, which are values (`Plain`).
        pages.len = len;
        Some(pages)
    }

    /// Appends; nothing happens where the kernel has no memory.
    pub(crate) fn push(&mut self, value: T) -> Option<()> {
        self.extend(&[value])
    }

    /// Appends all; nothing happens where the kernel has no memory.
    pub(crate) fn extend(&mut self, values: &[T]) -> Option<()> {
        let len = self.len.checked_add(values.len())?;
        if len > self.capacity() {
            self.reserve(len.max(self.capacity() * 2))?;
        }
        // SAFETY: there is room for `values` behind the first `len` (checked above), and the pages are
        // this array's alone, so that the two cannot overlap.
        unsafe { ptr::copy_nonoverlapping(values.as_ptr(), self.start.as_ptr().add(self.len), values.len()) };
        self.len = len;
        Some(())
    }

    /// Forgets all values, and keeps the pages.
    pub(crate) fn clear(&mut self) {
        self.len = 0;
    }

    /// Makes room for that many values in all.
    pub(crate) fn reserve(&mut self, capacity: usize) -> Option<()> {
        let bytes = capacity
            .checked_mul(size_of::<T>())?
            .checked_next_multiple_of(PAGE)?;
        if bytes <= self.mapped {
            return Some(());
        }
        let moved = if self.mapped == 0 {
            map(bytes)?
        } else {
            // SAFETY: `start` and `mapped` are those of a mapping that this array owns (mremap(2)); what was there is
            // moved along, and nothing else points into it: slices borrow the array.
            let moved = unsafe {
                libc::mremap(
                    self.start.as_ptr().cast(),
                    self.mapped,
                    bytes,
                    libc::MREMAP_MAYMOVE,
                )
            };
            some_address(moved)?
        };
        let more = (bytes - self.mapped) as u64;
        PEAK.fetch_max(OWN_BYTES.fetch_add(more, Relaxed) + more, Relaxed);
        (self.start, self.mapped) = (moved.cast(), bytes);
        Some(())
    }

    /// The addresses that it takes, from the first to the first behind it.
    pub(crate) fn span(&self) -> (usize, usize) {
        let start = self.start.as_ptr() as usize;
        (start, start + self.mapped)
    }

    fn capacity(&self) -> usize {
        self.mapped / size_of::<T>()
    }
}

fn map(bytes: usize) -> Option<NonNull<libc::c_void>> {
    let (protection, flags) = (
        libc::PROT_READ | libc::PROT_WRITE,
        libc::MAP_PRIVATE | libc::MAP_ANONYMOUS,
    );
    // SAFETY: a fresh anonymous mapping, wherever the kernel has room for it: it touches nothing that is in use.
    some_address(unsafe { libc::mmap(ptr::null_mut(), bytes, protection, flags, -1, 0) })
}

fn some_address(address: *mut libc::c_void) -> Option<NonNull<libc::c_void>> {
    (address != libc::MAP_FAILED)
        .then(|| NonNull::new(address))
        .flatten()
}

impl<T: Plain> Deref for Pages<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        // SAFETY: the first `len` values were written (`extend`) or are fresh zeros (`zeroed`); page alignment is
        // enough for each `T`; the borrow keeps the array from moving.
        unsafe { slice::from_raw_parts(self.start.as_ptr(), self.len) }
    }
}

impl<T: Plain> DerefMut for Pages<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        // SAFETY: as above, and the borrow is unique.
        unsafe { slice::from_raw_parts_mut(self.start.as_ptr(), self.len) }
    }
}

impl<T: Plain> Drop for Pages<T> {
    fn drop(&mut self) {
        if self.mapped > 0 {
            // SAFETY: the mapping is this array's own, and no slice of it can outlive the array.
            unsafe { libc::munmap(self.start.as_ptr().cast(), self.mapped) };
            OWN_BYTES.fetch_sub(self.mapped as u64, Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_appended_stays_while_the_array_grows_and_moves() {
        let mut pages = Pages::new();
        let chunk: Vec<usize> = (0..1000).collect();
        for _ in 0..200 {
            pages.extend(&chunk).expect("memory");
        }
        assert_eq!(pages.len(), 200_000);
        assert!(pages.iter().enumerate().all(|(at, value)| *value == at % 1000));
        assert!(own_bytes() >= 200_000 * 8);
    }

    #[test]
    fn zeros_are_zeros_and_too_much_is_nothing() {
        let pages = Pages::<u32>::zeroed(5000).expect("memory");
        assert!(pages.len() == 5000 && pages.iter().all(|value| *value == 0));
        assert!(Pages::<usize>::zeroed(usize::MAX / 2).is_none());
        assert!(Pages::<usize>::zeroed(1 << 58).is_none());
    }
}
