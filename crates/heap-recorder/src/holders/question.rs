//! What the frozen copy is asked, in memory that it can read without an allocator.

use std::time::Duration;

use crate::pages::{Pages, Plain};

/// Everything that the copy needs to know. Made before the process is frozen.
pub(super) struct Question {
    /// All live samples, by their addresses.
    pub(super) samples: Pages<Known>,
    /// The objects to begin with: positions in `samples`.
    pub(super) targets: Pages<u32>,
    /// Parts of memory of which it is known what they are, in the order of their addresses.
    pub(super) known: Pages<Region>,
    /// What the files have in memory: code, and data that may hold vtables.
    pub(super) files: Pages<Range>,
    /// The threads.
    pub(super) threads: Pages<Thread>,
    /// Where jemalloc tells about extents: see [`crate::ctl::ExtentQuery`].
    pub(super) extents: crate::ctl::ExtentQuery,
    /// The base-2 logarithm of the allocator's pages, and of the system's.
    pub(super) lg_heap_page: u32,
    pub(super) lg_page: u32,
    /// From this size on objects are the allocator's large ones.
    pub(super) smallest_large: usize,
    /// How long it may take.
    pub(super) time: Duration,
    /// Where it tells how far it is.
    pub(super) progress: &'static super::progress::Progress,
}

/// A live sample.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Known {
    pub(super) address: usize,
    pub(super) size: usize,
    /// Its site: see [`crate::table::sites`].
    pub(super) site: u32,
}

// SAFETY: all zero is an object of no size at no address.
unsafe impl Plain for Known {}

/// A part of memory, from its first address to the first behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Region {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) kind: Kind,
    /// Which file or thread, by its position; of [`Kind::Outside`] one of the numbers below.
    pub(super) owner: u32,
}

/// What a part of memory is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Kind {
    /// Nothing that is looked at.
    Ignored = 0,
    /// Anonymous: the allocator's, or somebody else's.
    Anonymous,
    /// Anonymous, and only what the allocator has there is looked at.
    Heap,
    /// Variables of a file.
    Static,
    /// A thread's own variables of a file.
    ThreadLocal,
    /// A thread's stack.
    Stack,
    /// Neither of these.
    Outside,
}

/// Whose [`Kind::Outside`] is: nobody's that is known, the C library's heap, a mapped file.
pub(super) const ANONYMOUS: u32 = 0;
pub(super) const C_HEAP: u32 = 1;
pub(super) const MAPPED_FILE: u32 = 2;

// SAFETY: all zero is an ignored part of no size.
unsafe impl Plain for Region {}

impl Region {
    pub(super) fn len(&self) -> usize {
        self.end.saturating_sub(self.start)
    }
}

/// A part of a file in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Range {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) is_code: bool,
}

// SAFETY: all zero is a range of no size.
unsafe impl Plain for Range {}

/// A thread, before the process was frozen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Thread {
    /// An address in the thread's own data, which lies above its stack; 0 where it is not known.
    pub(super) anchor: usize,
    /// Where its stack ends, if it was waiting; 0 if not.
    pub(super) stack_pointer: usize,
    /// Whether it is the one that the process began with.
    pub(super) is_main: bool,
    /// Whether it is the one that looks.
    pub(super) is_own: bool,
}

// SAFETY: all zero is a thread of which nothing is known.
unsafe impl Plain for Thread {}

impl Question {
    /// Where its own arrays are: what is in them holds nothing.
    pub(super) fn own(&self) -> [(usize, usize); 5] {
        [
            self.samples.span(),
            self.targets.span(),
            self.known.span(),
            self.files.span(),
            self.threads.span(),
        ]
    }

    /// Whether there is code at an address.
    pub(super) fn is_code(&self, address: usize) -> bool {
        self.range(address).is_some_and(|range| range.is_code)
    }

    /// Whether so many bytes at an address are a file's data: there may be a vtable.
    pub(super) fn is_data(&self, address: usize, len: usize) -> bool {
        address.is_multiple_of(size_of::<usize>())
            && self
                .range(address)
                .is_some_and(|range| !range.is_code && range.end - address >= len)
    }

    fn range(&self, address: usize) -> Option<&Range> {
        let at = self.files.partition_point(|range| range.start <= address);
        self.files
            .get(at.checked_sub(1)?)
            .filter(|range| address < range.end)
    }
}
