//! What can go wrong while the allocator is asked.

use crate::{Incomplete, LEAST_INTERVAL, MOST_INTERVAL, ProfilerState};
use std::{io, path::PathBuf};

/// Why a figure, a purge or a dump could not be had.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// jemalloc was built without statistics.
    #[error("jemalloc was built without statistics, so it has no memory figures")]
    NoStatistics,
    /// jemalloc refused one of its control names.
    #[error("jemalloc refused `{name}`: {source}")]
    Allocator {
        /// The control name, as in jemalloc's manual.
        name: &'static str,
        /// What it answered.
        source: tikv_jemalloc_ctl::Error,
    },
    /// jemalloc could not give back what it keeps.
    #[error("jemalloc refused `{name}`: {source}")]
    Purge {
        /// The control name, as in jemalloc's manual.
        name: &'static str,
        /// What it answered.
        source: io::Error,
    },
    /// A file of `/proc` could not be read.
    #[error("cannot read {}: {source}", path.display())]
    Process {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file of `/proc` does not hold what was expected.
    #[error("{} should hold {expected}, found {found:?}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What was looked for.
        expected: &'static str,
        /// The beginning of what is there.
        found: String,
    },
    /// The profiler does not record, so there is nothing to dump.
    #[error("no heap dump: {0}")]
    NotProfiling(ProfilerState),
    /// jemalloc has a profiler, and refused the recorder's hooks.
    #[error("nothing is recorded: {reason}")]
    Hooks {
        /// What jemalloc said.
        reason: String,
    },
    /// This process is a fork of one that recorded.
    #[error("nothing is recorded in this process: it was forked after the recorder had been started")]
    Forked,
    /// The sampling interval is none that can be set.
    #[error(
        "a sampling interval is a power of two from {LEAST_INTERVAL} to {MOST_INTERVAL} bytes, not {given}"
    )]
    Interval {
        /// What was given.
        given: u64,
    },
    /// Stacks cannot be taken by frame pointers in this program.
    #[error("stacks cannot be taken by frame pointers: {0}")]
    FramePointers(Incomplete),
    /// The kernel has no memory for a copy of the tables.
    #[error("there is no memory for a copy of the live samples")]
    OutOfMemory,
    /// No live sample is what a reference scan was asked for.
    #[error("no live sample fits: {reason}")]
    NoSurvivors {
        /// What was looked for.
        reason: String,
    },
    /// The reference scan failed: the service itself is as it was.
    #[error("the reference scan failed: {reason}")]
    Scan {
        /// What became of the copy of the process.
        reason: String,
    },
    /// A reference scan cannot follow all parts of memory that there are, and looks at none instead of some.
    #[error(
        "the reference scan failed: the process has {} parts of memory that can be written, and {most} of them can be \
         followed",
        number_or_many(*found)
    )]
    Regions {
        /// How many there are, where that is known.
        found: Option<u64>,
        /// How many can be followed.
        most: usize,
    },
    /// A dump passes through a temporary file, which could not be written.
    #[error("cannot write the heap dump's temporary file in {}: {reason}", folder.display())]
    TemporaryFile {
        /// The folder for temporary files.
        folder: PathBuf,
        /// Why, as far as it is known.
        reason: String,
    },
    /// The dump was begun and failed.
    #[error("the heap dump failed: {reason}")]
    Dump {
        /// What the dump reported.
        reason: String,
    },
}

impl Error {
    /// What the user can do about it, where there is something.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::NoStatistics => Some("build tikv-jemallocator with its `stats` feature"),
            Self::NotProfiling(state) => state.hint(),
            Self::TemporaryFile { .. } => {
                Some("make room there, or name another folder in the environment variable TMPDIR")
            }
            Self::Hooks { .. } => Some("use tikv-jemallocator 0.7, which has jemalloc 5.3.1"),
            Self::Forked => Some("start the recorder after the fork"),
            Self::Regions { .. } => Some("see in /proc/PID/maps who maps memory in so many parts"),
            Self::Allocator { .. }
            | Self::Interval { .. }
            | Self::FramePointers(_)
            | Self::OutOfMemory
            | Self::NoSurvivors { .. }
            | Self::Scan { .. }
            | Self::Purge { .. }
            | Self::Process { .. }
            | Self::Unreadable { .. }
            | Self::Dump { .. } => None,
        }
    }
}

fn number_or_many(number: Option<u64>) -> String {
    number.map_or_else(|| "too many".to_owned(), |number| number.to_string())
}
