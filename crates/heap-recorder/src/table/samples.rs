//! The live samples, by address.
//!
//! Shards by address, each behind a lock of its own that is held for some tens of nanoseconds; open addressing with
//! linear probing, three quarters full at most, and removal by shifting back, so that nothing is left behind.
//!
//! There are many shards, so that each is small. A thread that is put to sleep while it holds a lock keeps out all that
//! come to the same shard, and a snapshot holds each lock for as long as it takes to copy the shard.

use std::sync::{
    Mutex, TryLockError,
    atomic::{AtomicUsize, Ordering::Relaxed},
};

use super::locked;
use crate::pages::{Pages, Plain};

/// A power of two. Of a hundred thousand samples, a shard holds some two hundred.
const SHARDS: usize = 1 << LG_SHARDS;
const LG_SHARDS: u32 = 9;
/// Slots of a shard at first: one page.
const LEAST_SLOTS: usize = 128;
/// Live samples that are kept unless told otherwise.
pub(crate) const DEFAULT_LIMIT: usize = 1 << 20;

/// An object that was sampled and is not freed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sample {
    /// Where it is, with all bits the other way round; 0 marks a free slot. So the table holds no pointers, and is in the
    /// way of nobody who looks for those.
    turned: usize,
    /// Its usable size.
    pub(crate) size: usize,
    /// The site that allocated it: see [`super::sites`].
    pub(crate) site: u32,
    /// The cohort that it was born in.
    pub(crate) cohort: u32,
    /// When it was born, by [`crate::clock`].
    pub(crate) born: u32,
    /// The base-2 logarithm of the sampling interval at its birth.
    pub(crate) lg_interval: u8,
    /// Frees to come that are not this object's: see [`insert`].
    pending: u8,
}

// SAFETY: all zero is a free slot.
unsafe impl Plain for Sample {}

impl Sample {
    pub(crate) fn new(
        address: usize,
        size: usize,
        site: u32,
        cohort: u32,
        born: u32,
        lg_interval: u8,
    ) -> Self {
        Self {
            turned: !address,
            size,
            site,
            cohort,
            born,
            lg_interval,
            pending: 0,
        }
    }

    /// Where it is.
    pub(crate) fn address(&self) -> usize {
        !self.turned
    }

    fn is_free(&self) -> bool {
        self.turned == 0
    }
}

struct Shard {
    slots: Pages<Sample>,
    len: usize,
    /// The sum of [`uncounted`] over all samples.
    uncounted: i64,
    dropped: u64,
}

static TABLE: [Mutex<Shard>; SHARDS] = [const { Mutex::new(Shard::new()) }; SHARDS];

/// Samples in all shards, and the most there may be.
static LIVE: AtomicUsize = AtomicUsize::new(0);
static LIMIT: AtomicUsize = AtomicUsize::new(DEFAULT_LIMIT);
/// The page size, and the smallest size that the allocator counts among its large ones.
static PAGE: AtomicUsize = AtomicUsize::new(1);
static SMALLEST_LARGE: AtomicUsize = AtomicUsize::new(0);

/// Sets the bound on live samples, and the two sizes that [`uncounted`] goes by.
pub(crate) fn configure(limit: usize, page: usize, smallest_large: usize) {
    LIMIT.store(limit, Relaxed);
    PAGE.store(page.max(1), Relaxed);
    SMALLEST_LARGE.store(smallest_large, Relaxed);
}

/// The bytes of a sampled object that `stats.allocated` leaves out in jemalloc 5.3.1.
///
/// A sampled small object gets pages of its own (`arena_prof_promote` in arena.c). It is then counted with the large
/// ones, by the size of its pages; but those lists begin at four pages, and smaller ones are counted nowhere.
fn uncounted(size: usize) -> i64 {
    if size >= SMALLEST_LARGE.load(Relaxed) {
        return 0;
    }
    let pages = size.next_multiple_of(PAGE.load(Relaxed));
    let counted = if pages >= SMALLEST_LARGE.load(Relaxed) {
        pages
    } else {
        0
    };
    size as i64 - counted as i64
}

/// Enters a sample. Where the table is full it is dropped, and counted as such.
///
/// An address that is there already gets the new sample, and one free is expected that is not its own. jemalloc's
/// `realloc` reports the new object first and the old one's end afterwards: in place at the same address; moved, at an
/// address that another thread may have got in the meantime (`prof_realloc` in jemalloc's prof_inlines.h).
pub(crate) fn insert(sample: Sample) {
    let (shard, hash) = place_of(sample.address());
    locked(shard).insert(hash, sample);
}

/// Removes the sample at an address. One that is not there was dropped, or older than the recorder.
pub(crate) fn remove(address: usize) {
    let (shard, hash) = place_of(address);
    locked(shard).remove(hash, address);
}

/// Looks at all live samples, a shard at a time, each as it is at one moment: copied under its lock, looked at without.
/// Nothing where there is no memory.
pub(crate) fn visit(mut look: impl FnMut(&[Sample])) -> Option<()> {
    let (mut slots, mut taken) = (Pages::new(), Pages::new());
    for shard in &TABLE {
        // Room is made before, as far as it is known how much: the kernel takes its time.
        let room = locked(shard).slots.len();
        slots.reserve(room)?;
        slots.clear();
        // All slots, the free ones too: one copy of memory is the shortest way through.
        slots.extend(&locked(shard).slots)?;
        taken.clear();
        for sample in slots.iter().filter(|slot| !slot.is_free()) {
            taken.push(*sample)?;
        }
        look(&taken);
    }
    Some(())
}

/// Whether a sample of this site is at an address. It waits for nobody, and so can be asked in a copy of the process, where
/// whoever held a lock is not there to give it back: what is behind such a lock is taken to be there.
pub(crate) fn may_be_there(address: usize, site: u32) -> bool {
    let (shard, hash) = place_of(address);
    let shard = match shard.try_lock() {
        Ok(shard) => shard,
        Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
        Err(TryLockError::WouldBlock) => return true,
    };
    match find(&shard.slots, hash, address) {
        Found::Here(at) => shard.slots.get(at).is_some_and(|slot| slot.site == site),
        Found::Free(_) | Found::NoSlots => false,
    }
}

/// Figures of the whole table.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Totals {
    pub(crate) live: u64,
    pub(crate) dropped: u64,
    /// Bytes of live objects that the allocator leaves out of its own figures. Where it counts more than there is,
    /// less than 0.
    pub(crate) uncounted: i64,
}

pub(crate) fn totals() -> Totals {
    TABLE.iter().fold(Totals::default(), |sum, shard| {
        let shard = locked(shard);
        Totals {
            live: sum.live + shard.len as u64,
            dropped: sum.dropped + shard.dropped,
            uncounted: sum.uncounted + shard.uncounted,
        }
    })
}

impl Shard {
    const fn new() -> Self {
        Self {
            slots: Pages::new(),
            len: 0,
            uncounted: 0,
            dropped: 0,
        }
    }

    fn insert(&mut self, hash: usize, sample: Sample) {
        match find(&self.slots, hash, sample.address()) {
            Found::Here(at) => {
                if let Some(slot) = self.slots.get_mut(at) {
                    self.uncounted += uncounted(sample.size) - uncounted(slot.size);
                    let pending = slot.pending.saturating_add(1);
                    *slot = Sample { pending, ..sample };
                }
            }
            Found::Free(_) | Found::NoSlots => match self.room_for(hash, sample.address()) {
                Some(slot) => {
                    *slot = sample;
                    self.len += 1;
                    LIVE.fetch_add(1, Relaxed);
                    self.uncounted += uncounted(sample.size);
                }
                None => self.dropped += 1,
            },
        }
    }

    fn remove(&mut self, hash: usize, address: usize) {
        let Found::Here(at) = find(&self.slots, hash, address) else {
            return;
        };
        let Some(slot) = self.slots.get_mut(at) else {
            return;
        };
        if slot.pending > 0 {
            slot.pending -= 1;
            return;
        }
        self.uncounted -= uncounted(slot.size);
        self.len -= 1;
        LIVE.fetch_sub(1, Relaxed);
        close_gap(&mut self.slots, at);
    }

    /// A free slot for that address, in a table that was made larger if need be; nothing where it is full.
    fn room_for(&mut self, hash: usize, address: usize) -> Option<&mut Sample> {
        if LIVE.load(Relaxed) >= LIMIT.load(Relaxed) {
            return None;
        }
        if (self.len + 1) * 4 > self.slots.len() * 3 {
            let mut grown = Pages::zeroed((self.slots.len() * 2).max(LEAST_SLOTS))?;
            for sample in self.slots.iter().filter(|slot| !slot.is_free()) {
                if let Found::Free(at) = find(&grown, place_of(sample.address()).1, sample.address()) {
                    *grown.get_mut(at)? = *sample;
                }
            }
            self.slots = grown;
        }
        match find(&self.slots, hash, address) {
            Found::Free(at) | Found::Here(at) => self.slots.get_mut(at),
            Found::NoSlots => None,
        }
    }
}

/// The shard of an address, and its hash within that. Sampled objects are aligned to pages (`PROF_SAMPLE_ALIGNMENT`).
fn place_of(address: usize) -> (&'static Mutex<Shard>, usize) {
    let hash = ((address >> 12) as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    // SHARDS is a power of two: the mask keeps the index within.
    let shard = (hash >> (64 - LG_SHARDS)) as usize & (SHARDS - 1);
    (&TABLE[shard], (hash >> 26) as usize)
}

enum Found {
    Here(usize),
    Free(usize),
    NoSlots,
}

fn find(slots: &[Sample], hash: usize, address: usize) -> Found {
    let Some(mask) = slots.len().checked_sub(1) else {
        return Found::NoSlots;
    };
    let mut at = hash & mask;
    // A quarter of the slots is free: this ends.
    while let Some(slot) = slots.get(at) {
        if slot.is_free() {
            return Found::Free(at);
        }
        if slot.address() == address {
            return Found::Here(at);
        }
        at = (at + 1) & mask;
    }
    Found::NoSlots
}

/// Frees a slot and moves back what was pushed past it (Knuth, TAOCP 3, 6.4, algorithm R).
fn close_gap(slots: &mut [Sample], mut gap: usize) {
    let mask = slots.len().wrapping_sub(1);
    let mut at = gap;
    loop {
        at = (at + 1) & mask;
        let Some(sample) = slots.get(at).copied().filter(|slot| !slot.is_free()) else {
            break;
        };
        let home = place_of(sample.address()).1 & mask;
        // It may move into the gap unless its home lies behind that.
        if (at.wrapping_sub(home) & mask) >= (at.wrapping_sub(gap) & mask) {
            if let Some(slot) = slots.get_mut(gap) {
                *slot = sample;
            }
            gap = at;
        }
    }
    if let Some(slot) = slots.get_mut(gap) {
        slot.turned = 0;
    }
}

#[cfg(test)]
mod tests;
