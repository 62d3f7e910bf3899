//! The memory figures as GraphQL shows them and the manifest keeps them.

use crate::scalars::Bytes;
use async_graphql::SimpleObject;
use heap_recorder::MemoryFigures;
use serde::{Deserialize, Serialize};

/// What the process holds. live + heldByAllocator + outside is rss, unless memory is live that was
/// never touched or was swapped out
#[derive(Debug, Clone, PartialEq, Eq, SimpleObject, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MemoryInfo {
    /// What the program has allocated and not freed: allocated - threadCaches
    pub live: Bytes,
    /// Resident memory that the allocator keeps for reuse or for itself: the smaller of resident and rss, less live
    pub held_by_allocator: Bytes,
    /// Resident memory that is not the allocator's, as stacks and the binary: rss - resident
    pub outside: Bytes,
    /// Bytes in objects, those in thread caches included: jemalloc's stats.allocated, and the sampled objects of up to
    /// 12 KiB, which it leaves out and the recorder knows. Without a recorder it is a little low: at a sampling interval
    /// of 512 KiB by 1.4 % of what sits in objects of 7 KiB
    pub allocated: Bytes,
    /// jemalloc's stats.active: bytes in pages that hold an object. A fine sampling interval inflates
    /// this, resident and rss: a sampled small object takes a page of its own
    pub active: Bytes,
    /// jemalloc's stats.metadata: its own book-keeping
    pub metadata: Bytes,
    /// jemalloc's stats.resident: its pages that may be resident, those never touched included
    pub resident: Bytes,
    /// jemalloc's stats.mapped: bytes in its active extents
    pub mapped: Bytes,
    /// jemalloc's stats.retained: address space kept for reuse, which costs no memory
    pub retained: Bytes,
    /// Freed objects that wait in thread caches
    pub thread_caches: Bytes,
    /// Unused pages that were not given back yet
    pub dirty: Bytes,
    /// Unused pages that the kernel may take when it needs them
    pub muzzy: Bytes,
    /// The process's resident set
    pub rss: Bytes,
    /// What the process's cgroup is charged with, page cache included
    pub cgroup_current: Option<Bytes>,
    /// The smallest memory limit of the cgroup and those above it; null where there is none
    pub cgroup_limit: Option<Bytes>,
    /// The machine's memory
    pub machine_total: Bytes,
}

impl From<MemoryFigures> for MemoryInfo {
    fn from(figures: MemoryFigures) -> Self {
        Self {
            live: Bytes(figures.live),
            held_by_allocator: Bytes(figures.held_by_allocator),
            outside: Bytes(figures.outside),
            allocated: Bytes(figures.allocated),
            active: Bytes(figures.active),
            metadata: Bytes(figures.metadata),
            resident: Bytes(figures.resident),
            mapped: Bytes(figures.mapped),
            retained: Bytes(figures.retained),
            thread_caches: Bytes(figures.tcache),
            dirty: Bytes(figures.dirty),
            muzzy: Bytes(figures.muzzy),
            rss: Bytes(figures.rss),
            cgroup_current: figures.cgroup_current.map(Bytes),
            cgroup_limit: figures.cgroup_limit.map(Bytes),
            machine_total: Bytes(figures.machine_total),
        }
    }
}
