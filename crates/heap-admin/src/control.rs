//! A positive control: bytes that the instrument keeps on purpose, a known number for each request.
//!
//! A method that does not find them would not find a leak of that size either. They are allocated under a label of their
//! own (operation [`INSTRUMENT`](heap_profile::INSTRUMENT), field [`CONTROL`]), so that nobody takes them for the
//! service's. There is one control in a process, since the requests of all its schemas are recorded together.

use std::mem;
use std::ops::AddAssign;
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
/// What is planted in all takes no more than this, the list of it included, which has [`LISTED`] bytes for each.
pub const MOST_PLANTED: usize = 256 << 20;
/// What the list of what is planted takes for each object, in bytes.
pub const LISTED: usize = size_of::<Box<[u8]>>();
/// Objects in each part of the list. Parts never move: a list that grows as one would free and allocate megabytes.
const PART: usize = 4096;

/// What the instrument keeps on purpose, so that a hunt can be checked for whether it finds that
#[derive(Debug, Clone, Copy, PartialEq, Eq, SimpleObject)]
pub struct Control {
    /// What each request leaves behind; 0 while nothing is planted
    pub bytes_per_request: Bytes,
    /// Objects that are planted: one for each request. Those that are being freed are among them until they are
    pub planted: u64,
    /// What they take
    pub planted_bytes: Bytes,
    /// Whether the bound of 256 MiB is reached: later requests leave nothing behind
    pub full: bool,
}

/// Bytes for each request; 0: none. Read without the lock by every request.
static BYTES: AtomicUsize = AtomicUsize::new(0);
static PLANTED: Mutex<Planted> = Mutex::new(Planted::none(MOST_PLANTED));

#[derive(Debug)]
struct Planted {
    bytes_per_request: usize,
    /// The bound on all bytes, the list included.
    most: usize,
    parts: Parts,
    held: Held,
    /// What was planted before, and is not freed yet.
    leaving: Held,
    full: bool,
}

type Parts = Vec<Vec<Box<[u8]>>>;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Held {
    objects: usize,
    bytes: usize,
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
    let parts = {
        let mut planted = lock();
        BYTES.store(bytes, Relaxed);
        planted.begin(bytes)
    };
    // Not under the lock, which requests wait for.
    for part in parts {
        let freed = Held::by(&part);
        drop(part);
        lock().freed(freed);
    }
    Ok(control())
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
            held: Held::NOTHING,
            leaving: Held::NOTHING,
            full: false,
        }
    }

    /// Plants so many bytes for each from now on; gives what is to be freed.
    fn begin(&mut self, bytes_per_request: usize) -> Parts {
        self.bytes_per_request = bytes_per_request;
        self.full = false;
        self.leaving += mem::replace(&mut self.held, Held::NOTHING);
        mem::take(&mut self.parts)
    }

    fn freed(&mut self, freed: Held) {
        self.leaving.objects -= freed.objects;
        self.leaving.bytes -= freed.bytes;
    }

    /// Asks again under the lock: a request that read the figure just before it was changed plants nothing by it.
    fn plant(&mut self) {
        let bytes = self.bytes_per_request;
        if bytes == 0 || self.full {
            return;
        }
        self.full = (self.held.objects + 1) * (bytes + LISTED) > self.most;
        if self.full {
            return;
        }
        if self.held.objects.is_multiple_of(PART) {
            // The list is the instrument's own, and no part of the control.
            Label::INSTRUMENT.within(|| self.parts.push(Vec::with_capacity(PART)));
        }
        let label = Label::INSTRUMENT.with_field(Field::of("", CONTROL));
        let object = label.within(|| vec![1; bytes].into_boxed_slice());
        if let Some(part) = self.parts.last_mut() {
            part.push(object);
            self.held += Held { objects: 1, bytes };
        }
    }

    fn state(&self) -> Control {
        let mut held = self.held;
        held += self.leaving;
        Control {
            bytes_per_request: Bytes(self.bytes_per_request as u64),
            planted: held.objects as u64,
            planted_bytes: Bytes(held.bytes as u64),
            full: self.full,
        }
    }
}

impl Held {
    const NOTHING: Self = Self { objects: 0, bytes: 0 };

    fn by(part: &[Box<[u8]>]) -> Self {
        Self {
            objects: part.len(),
            bytes: part.iter().map(|object| object.len()).sum(),
        }
    }
}

impl AddAssign for Held {
    fn add_assign(&mut self, other: Self) {
        self.objects += other.objects;
        self.bytes += other.bytes;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn planting_ends_at_the_bound_with_the_list_counted_in() {
        let mut planted = Planted::none(1 << 20);
        planted.plant();
        assert_eq!(
            planted.held.objects, 0,
            "nothing is planted unless it is switched on"
        );
        planted.bytes_per_request = 112;
        for _ in 0..2 * (1 << 20) / 112 {
            planted.plant();
        }
        assert_eq!(planted.held.objects, (1 << 20) / (112 + 16));
        assert_eq!(
            planted.parts.iter().map(Vec::len).sum::<usize>(),
            planted.held.objects
        );
        assert!(planted.parts.iter().all(|part| part.capacity() == PART));
        let state = planted.state();
        assert!(
            state.full && state.planted_bytes.0 == state.planted * 112,
            "{state:?}"
        );
    }

    #[test]
    fn what_is_being_freed_counts_until_it_is() {
        let mut planted = Planted::none(1 << 20);
        let figures = |planted: &Planted| (planted.state().planted, planted.state().planted_bytes.0);
        planted.bytes_per_request = 112;
        for _ in 0..=PART {
            planted.plant();
        }
        let parts = planted.begin(16);
        assert_eq!(figures(&planted), (PART as u64 + 1, (PART as u64 + 1) * 112));
        planted.plant();
        planted.freed(Held::by(&parts[0]));
        assert_eq!(figures(&planted), (2, 112 + 16));
        planted.freed(Held::by(&parts[1]));
        assert_eq!(figures(&planted), (1, 16));
        assert!(planted.begin(0).len() == 1 && parts.len() == 2);
    }
}
