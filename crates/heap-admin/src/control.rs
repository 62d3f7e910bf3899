//! A positive control: bytes that the instrument keeps on purpose, a known number for each request.
//!
//! A method that does not find them would not find a leak of that size either. They are allocated under a label of their
//! own (operation [`INSTRUMENT`](heap_profile::INSTRUMENT), field [`CONTROL`]), so that nobody takes them for the
//! service's. There is one control in a process, since the requests of all its schemas are recorded together.

use std::mem;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_graphql::SimpleObject;
use heap_profile::CONTROL;
use heap_recorder::{Field, Label};

use crate::{Bytes, Error};

/// The fewest bytes that can be planted for each request.
pub const LEAST_CONTROL: i32 = 16;
/// The most bytes that can be planted for each request.
pub const MOST_CONTROL: i32 = 4096;
/// What is planted in all takes no more than this, the list of it included.
const MOST_BYTES: usize = 256 << 20;
/// Objects in each part of the list. Parts never move: a list that grows as one would free and allocate megabytes.
const PART: usize = 4096;

/// What the instrument keeps on purpose, so that a hunt can be checked for whether it finds that
#[derive(Debug, Clone, Copy, PartialEq, Eq, SimpleObject)]
pub struct Control {
    /// What each request leaves behind; 0 while nothing is planted
    pub bytes_per_request: Bytes,
    /// Objects that are planted: one for each request
    pub planted: u64,
    /// What they take
    pub planted_bytes: Bytes,
    /// Whether the bound of 256 MiB is reached: later requests leave nothing behind
    pub full: bool,
}

/// Bytes for each request; 0: none. Read without the lock by every request.
static BYTES: AtomicUsize = AtomicUsize::new(0);
static PLANTED: Mutex<Planted> = Mutex::new(Planted::none(MOST_BYTES));

#[derive(Debug)]
struct Planted {
    bytes_per_request: usize,
    /// The bound on all bytes, the list included.
    most: usize,
    parts: Vec<Vec<Box<[u8]>>>,
    objects: usize,
    full: bool,
}

/// Plants for a request that starts, where that is switched on.
pub(crate) fn plant() {
    if BYTES.load(Relaxed) != 0 {
        lock().plant();
    }
}

/// The state.
pub(crate) fn control() -> Control {
    lock().state()
}

/// Plants so many bytes for each request from now on, rounded up to a size class of the allocator; 0: none. What was
/// planted before is freed, which may take a moment.
///
/// # Errors
/// Where it is neither 0 nor between [`LEAST_CONTROL`] and [`MOST_CONTROL`].
pub(crate) fn set_control(bytes_per_request: i32) -> Result<Control, Error> {
    let (least, most) = (LEAST_CONTROL, MOST_CONTROL);
    let bytes = match usize::try_from(bytes_per_request) {
        Ok(0) => 0,
        Ok(bytes) if (least..=most).contains(&bytes_per_request) => heap_recorder::size_class(bytes),
        _ => {
            return Err(Error::Control {
                least,
                most,
                given: bytes_per_request,
            });
        }
    };
    let mut planted = lock();
    BYTES.store(bytes, Relaxed);
    let before = mem::replace(&mut *planted, Planted::none(MOST_BYTES));
    planted.bytes_per_request = bytes;
    let state = planted.state();
    // Requests wait for the lock.
    drop(planted);
    drop(before);
    Ok(state)
}

fn lock() -> MutexGuard<'static, Planted> {
    PLANTED.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Planted {
    const fn none(most: usize) -> Self {
        Self {
            bytes_per_request: 0,
            most,
            parts: Vec::new(),
            objects: 0,
            full: false,
        }
    }

    /// Asks again under the lock: a request that read the figure just before it was changed plants nothing by it.
    fn plant(&mut self) {
        let bytes = self.bytes_per_request;
        if bytes == 0 || self.full {
            return;
        }
        self.full = (self.objects + 1) * (bytes + size_of::<Box<[u8]>>()) > self.most;
        if self.full {
            return;
        }
        if self.objects.is_multiple_of(PART) {
            // The list is the instrument's own, and no part of the control.
            Label::INSTRUMENT.within(|| self.parts.push(Vec::with_capacity(PART)));
        }
        let label = Label::INSTRUMENT.with_field(Field::of("", CONTROL));
        let object = label.within(|| vec![1; bytes].into_boxed_slice());
        if let Some(part) = self.parts.last_mut() {
            part.push(object);
            self.objects += 1;
        }
    }

    fn state(&self) -> Control {
        Control {
            bytes_per_request: Bytes(self.bytes_per_request as u64),
            planted: self.objects as u64,
            planted_bytes: Bytes((self.objects * self.bytes_per_request) as u64),
            full: self.full,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn planting_ends_at_the_bound_with_the_list_counted_in() {
        let mut planted = Planted::none(1 << 20);
        planted.plant();
        assert_eq!(planted.objects, 0, "nothing is planted unless it is switched on");
        planted.bytes_per_request = 112;
        for _ in 0..2 * (1 << 20) / 112 {
            planted.plant();
        }
        assert_eq!(planted.objects, (1 << 20) / (112 + 16));
        assert_eq!(planted.parts.iter().map(Vec::len).sum::<usize>(), planted.objects);
        assert!(planted.parts.iter().all(|part| part.capacity() == PART));
        let state = planted.state();
        assert!(
            state.full && state.planted_bytes.0 == state.planted * 112,
            "{state:?}"
        );
    }
}
