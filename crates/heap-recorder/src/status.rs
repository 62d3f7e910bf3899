//! What the recorder is doing, and how to say it.

use std::fmt;

use heap_profile::Dropped;

use crate::{Error, Incomplete, ProfilerState};

/// How stacks are taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unwinder {
    /// By frame pointers: a small fraction of the other's price.
    FramePointers,
    /// By jemalloc's own unwinder, as was asked for.
    Stock,
    /// By jemalloc's own unwinder, since frame pointers did not lead through this program.
    Incomplete(Incomplete),
}

/// Whether allocations are recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recording {
    /// Each sample is recorded, its stack taken so.
    On(Unwinder),
    /// There is no profiler to record from: see [`Status::profiler`].
    Absent,
    /// jemalloc has a profiler, and refused the recorder's hooks: it is older than 5.3.1, or built otherwise.
    Refused {
        /// What it said.
        reason: String,
    },
    /// This process is a fork of one that recorded: whatever it allocates itself is not recorded.
    Forked,
}

/// What the recorder is doing.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Status {
    /// What jemalloc's profiler is doing.
    pub profiler: ProfilerState,
    /// Whether its samples are recorded.
    pub recording: Recording,
    /// Live samples in the table.
    pub live_samples: u64,
    /// What the tables take, in bytes: outside of the allocator, and part of what the process has beside it.
    pub own_bytes: u64,
    /// What did not fit into the bounds.
    pub dropped: Dropped,
    /// The number of the current cohort: each snapshot opens a new one.
    pub cohort: u32,
}

impl Status {
    /// What the user can do to have more recorded, where there is something.
    pub fn hint(&self) -> Option<&'static str> {
        match &self.recording {
            Recording::Refused { reason } => Error::Hooks {
                reason: reason.clone(),
            }
            .hint(),
            Recording::Forked => Error::Forked.hint(),
            _ => self.profiler.hint(),
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}", self.profiler)?;
        match &self.recording {
            Recording::On(unwinder) => write!(out, "; {unwinder}"),
            Recording::Absent => Ok(()),
            Recording::Refused { reason } => write!(out, "; it cannot be recorded: {reason}"),
            Recording::Forked => write!(out, "; {}", Error::Forked),
        }
    }
}

impl fmt::Display for Unwinder {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::FramePointers => out.write_str("stacks are taken by frame pointers"),
            Self::Stock => out.write_str("stacks are taken by jemalloc's own unwinder"),
            Self::Incomplete(why) => {
                write!(out, "stacks are taken by jemalloc's own, slower unwinder: {why}")
            }
        }
    }
}
