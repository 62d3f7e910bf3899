//! The memory figures: what the process holds, split three ways.

use crate::{
    Error,
    ctl::{self, ArenaFigure},
    process,
    table::samples,
};
use std::{
    collections::BTreeMap,
    sync::{Mutex, OnceLock, PoisonError},
};
use tikv_jemalloc_ctl::{self as jemalloc, epoch, stats};

/// What the process holds, in bytes.
///
/// `live + held_by_allocator + outside == rss`, as long as `live` fits into the resident memory. It
/// does not where the program holds memory that it never touched (an empty `Vec::with_capacity`), or
/// that was swapped out: those bytes are live and not resident, and the sum is then larger than `rss`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct MemoryFigures {
    /// What the program has allocated and not freed: `allocated - tcache`. As exact as [`allocated`](Self::allocated) is.
    pub live: u64,
    /// Resident memory that the allocator keeps: free regions, thread caches, unused pages and its
    /// own book-keeping: `min(resident, rss) - live`.
    pub held_by_allocator: u64,
    /// Resident memory that is not the allocator's: stacks, the binary, other mappings:
    /// `rss - resident`.
    pub outside: u64,

    /// Bytes in objects handed out, those in thread caches included: jemalloc's `stats.allocated`, and the
    /// sampled ones of the objects up to 12 KiB, which jemalloc 5.3.1 leaves out there.
    ///
    /// The [recorder](crate::Recorder)'s table knows those to the byte, as long as all fit into it. Those that were dropped
    /// at its [bound](crate::Bounds::samples) are missing, for as long as they live ([`Status::dropped`](crate::Status) counts
    /// them), and so are those from before the recorder was started. Without a recorder all are missing: at a
    /// sampling interval of `i` bytes each of `s` bytes with a probability of `1 - exp(-s / i)`, at the
    /// usual 512 KiB 1.4 % of what sits in objects of 7 KiB.
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
    figures.allocated = figures
        .allocated
        .saturating_add_signed(samples::totals().uncounted);
    figures.rss = process::rss()?;
    figures.machine_total = process::machine_total()?;
    (figures.cgroup_current, figures.cgroup_limit) = process::cgroup();
    Ok(figures.split())
}

impl MemoryFigures {
    /// All figures by the names that the admin schema has for them; those that are missing are left out.
    pub fn by_name(&self) -> BTreeMap<String, u64> {
        let always = [
            ("live", self.live),
            ("heldByAllocator", self.held_by_allocator),
            ("outside", self.outside),
            ("allocated", self.allocated),
            ("active", self.active),
            ("metadata", self.metadata),
            ("resident", self.resident),
            ("mapped", self.mapped),
            ("retained", self.retained),
            ("threadCaches", self.tcache),
            ("dirty", self.dirty),
            ("muzzy", self.muzzy),
            ("rss", self.rss),
            ("machineTotal", self.machine_total),
        ];
        let current = self.cgroup_current.map(|bytes| ("cgroupCurrent", bytes));
        let limit = self.cgroup_limit.map(|bytes| ("cgroupLimit", bytes));
        let all = always.into_iter().chain(current).chain(limit);
        all.map(|(name, bytes)| (name.to_owned(), bytes)).collect()
    }

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
