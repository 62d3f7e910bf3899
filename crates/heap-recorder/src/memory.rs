//! The memory figures: what the process holds, split three ways.

use crate::{
    Error,
    ctl::{self, ArenaFigure},
    process,
};
use std::sync::{Mutex, OnceLock, PoisonError};
use tikv_jemalloc_ctl::{self as jemalloc, epoch, stats};

/// What the process holds, in bytes.
///
/// `live + held_by_allocator + outside == rss`, as long as `live` fits into the resident memory. It
/// does not where the program holds memory that it never touched (an empty `Vec::with_capacity`), or
/// that was swapped out: those bytes are live and not resident, and the sum is then larger than `rss`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct MemoryFigures {
    /// What the program has allocated and not freed: `allocated - tcache`.
    ///
    /// In jemalloc 5.3.1 `allocated`, and with it this, leaves out the sampled ones of the objects below
    /// 16 KiB. At a sampling interval of `i` bytes an object of `s` bytes is left out with a
    /// probability of `1 - exp(-s / i)`. At the usual interval of 512 KiB that is 0.2 % of what sits in
    /// objects of 1 KiB, 1.4 % in those of 7 KiB and 3 % just below 16 KiB; at finer intervals it
    /// is more.
    pub live: u64,
    /// Resident memory that the allocator keeps: free regions, thread caches, unused pages and its
    /// own book-keeping: `min(resident, rss) - live`.
    pub held_by_allocator: u64,
    /// Resident memory that is not the allocator's: stacks, the binary, other mappings:
    /// `rss - resident`.
    pub outside: u64,

    /// jemalloc's `stats.allocated`: bytes in objects handed out, those in thread caches included.
    pub allocated: u64,
    /// jemalloc's `stats.active`: bytes in pages that hold at least one object.
    pub active: u64,
    /// jemalloc's `stats.metadata`: its own book-keeping.
    pub metadata: u64,
    /// jemalloc's `stats.resident`: bytes in its pages that may be resident. An upper bound: pages
    /// that were never touched are counted.
    pub resident: u64,
    /// jemalloc's `stats.mapped`: bytes in its active extents.
    pub mapped: u64,
    /// jemalloc's `stats.retained`: address space kept for reuse. It costs no memory.
    pub retained: u64,
    /// Freed objects that wait in thread caches.
    pub tcache: u64,
    /// Unused pages that were not given back yet.
    pub dirty: u64,
    /// Unused pages that the kernel may take when it needs them.
    pub muzzy: u64,

    /// The process's resident set, from `/proc/self/status`.
    pub rss: u64,
    /// What the process's cgroup is charged with, page cache included; none outside a cgroup.
    pub cgroup_current: Option<u64>,
    /// The smallest memory limit of the cgroup and those above it; none where there is none.
    pub cgroup_limit: Option<u64>,
    /// The machine's memory.
    pub machine_total: u64,
}

/// Reads all figures, after telling jemalloc to bring its statistics up to date (the `epoch`).
///
/// Cheap enough to be called several times a second: the names are looked up once.
pub fn memory() -> Result<MemoryFigures, Error> {
    // One reader at a time: the epoch of another in the middle would mix figures of two moments.
    static TURN: Mutex<()> = Mutex::new(());
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let mut figures = statistics()?.read()?;
    figures.rss = process::rss()?;
    figures.machine_total = process::machine_total()?;
    (figures.cgroup_current, figures.cgroup_limit) = process::cgroup();
    Ok(figures.split())
}

impl MemoryFigures {
    /// Fills in the three-way split from the other figures. The figures are read one after the
    /// other while the program runs, so each difference stops at zero.
    fn split(mut self) -> Self {
        self.live = self.allocated.saturating_sub(self.tcache);
        self.held_by_allocator = self.resident.min(self.rss).saturating_sub(self.live);
        self.outside = self.rss.saturating_sub(self.resident);
        self
    }
}

/// jemalloc's names, looked up.
struct Statistics {
    epoch: jemalloc::epoch_mib,
    allocated: stats::allocated_mib,
    active: stats::active_mib,
    metadata: stats::metadata_mib,
    resident: stats::resident_mib,
    mapped: stats::mapped_mib,
    retained: stats::retained_mib,
    tcache: ArenaFigure,
    dirty: ArenaFigure,
    muzzy: ArenaFigure,
    page: u64,
}

fn statistics() -> Result<&'static Statistics, Error> {
    static FOUND: OnceLock<Statistics> = OnceLock::new();
    if let Some(found) = FOUND.get() {
        return Ok(found);
    }
    if ctl::read_bool("config.stats\0") != Some(true) {
        return Err(Error::NoStatistics);
    }
    let found = Statistics::find()?;
    Ok(FOUND.get_or_init(|| found))
}

/// One of jemalloc's figures as `u64`, its refusal with the name that was refused.
macro_rules! asked {
    ($name:literal, $answer:expr) => {
        $answer.map_err(|source| ctl::refused($name, source))?
    };
}

impl Statistics {
    fn find() -> Result<Self, Error> {
        Ok(Self {
            epoch: asked!("epoch", epoch::mib()),
            allocated: asked!("stats.allocated", stats::allocated::mib()),
            active: asked!("stats.active", stats::active::mib()),
            metadata: asked!("stats.metadata", stats::metadata::mib()),
            resident: asked!("stats.resident", stats::resident::mib()),
            mapped: asked!("stats.mapped", stats::mapped::mib()),
            retained: asked!("stats.retained", stats::retained::mib()),
            tcache: ArenaFigure::find(ctl::ARENA_TCACHE_BYTES)?,
            dirty: ArenaFigure::find(ctl::ARENA_DIRTY_PAGES)?,
            muzzy: ArenaFigure::find(ctl::ARENA_MUZZY_PAGES)?,
            page: ctl::page_size()?,
        })
    }

    fn read(&self) -> Result<MemoryFigures, Error> {
        asked!("epoch", self.epoch.advance());
        Ok(MemoryFigures {
            allocated: asked!("stats.allocated", self.allocated.read()) as u64,
            active: asked!("stats.active", self.active.read()) as u64,
            metadata: asked!("stats.metadata", self.metadata.read()) as u64,
            resident: asked!("stats.resident", self.resident.read()) as u64,
            mapped: asked!("stats.mapped", self.mapped.read()) as u64,
            retained: asked!("stats.retained", self.retained.read()) as u64,
            tcache: self.tcache.read()?,
            dirty: self.dirty.read()? * self.page,
            muzzy: self.muzzy.read()? * self.page,
            ..MemoryFigures::default()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::MemoryFigures;

    #[test]
    fn memory_that_was_never_touched_does_not_make_a_difference_negative() {
        let figures = MemoryFigures {
            allocated: 900,
            tcache: 100,
            resident: 1000,
            rss: 300,
            ..Default::default()
        };
        let split = figures.split();
        assert_eq!((split.live, split.held_by_allocator, split.outside), (800, 0, 0));
    }
}
