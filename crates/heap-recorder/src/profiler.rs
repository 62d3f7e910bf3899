//! Whether jemalloc's heap profiler records, and what to do where it does not.

use crate::ctl;
use std::{fmt, hint::black_box, sync::OnceLock};

/// What the heap profiler is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProfilerState {
    /// It samples allocations.
    Active {
        /// Mean number of allocated bytes from one sample to the next.
        sample_interval: u64,
    },
    /// It is there and switched off: nothing that is allocated now will be in a dump.
    Inactive {
        /// Mean number of allocated bytes from one sample to the next, once it is switched on.
        sample_interval: u64,
    },
    /// It is not there, and cannot be switched on while the process runs.
    Absent {
        /// What is missing.
        missing: Missing,
    },
}

/// What is missing where the profiler is absent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Missing {
    /// The process allocates through something else than this jemalloc.
    Allocator,
    /// jemalloc was built without its profiler.
    Feature,
    /// jemalloc was started with `prof:false`, its default.
    Option,
}

/// Asks jemalloc what its heap profiler is doing.
pub fn profiler() -> ProfilerState {
    let absent = |missing| ProfilerState::Absent { missing };
    if !is_the_allocator() {
        return absent(Missing::Allocator);
    }
    if ctl::read_bool("config.prof\0") != Some(true) {
        return absent(Missing::Feature);
    }
    if ctl::read_bool("opt.prof\0") != Some(true) {
        return absent(Missing::Option);
    }
    let Ok(sample_interval) = ctl::sample_interval() else {
        return absent(Missing::Option);
    };
    match ctl::read_bool("prof.active\0") {
        Some(true) => ProfilerState::Active { sample_interval },
        _ => ProfilerState::Inactive { sample_interval },
    }
}

/// Whether Rust's allocations reach this jemalloc: linking it is not enough, a binary has to name
/// it in `#[global_allocator]`. Seen by allocating and looking whether jemalloc counted it.
fn is_the_allocator() -> bool {
    static SEEN: OnceLock<bool> = OnceLock::new();
    *SEEN.get_or_init(|| {
        let before = ctl::thread_allocated();
        drop(black_box(Vec::<u8>::with_capacity(4096)));
        // Without statistics there is no count to compare: give the allocator the benefit of the doubt.
        before.is_none() || ctl::thread_allocated() > before
    })
}

impl ProfilerState {
    /// Whether allocations are sampled now.
    pub fn is_active(&self) -> bool {
        matches!(self, Self::Active { .. })
    }

    /// The mean sampling interval in bytes, where there is a profiler.
    pub fn sample_interval(&self) -> Option<u64> {
        match self {
            Self::Active { sample_interval } | Self::Inactive { sample_interval } => Some(*sample_interval),
            Self::Absent { .. } => None,
        }
    }

    /// What the user can do to have the profiler record, where it does not.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Active { .. } => None,
            Self::Inactive { .. } => Some("start with _RJEM_MALLOC_CONF=prof:true,prof_active:true"),
            Self::Absent { missing } => Some(match missing {
                Missing::Allocator => "declare tikv_jemallocator::Jemalloc as #[global_allocator] in main.rs",
                Missing::Feature => "build tikv-jemallocator with its `profiling` feature",
                Missing::Option => {
                    "start with _RJEM_MALLOC_CONF=prof:true, or put heap_recorder::malloc_conf!(\"prof:true\") into main.rs"
                }
            }),
        }
    }
}

impl fmt::Display for ProfilerState {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Active { sample_interval } => {
                write!(
                    out,
                    "the heap profiler samples every {sample_interval} bytes on average"
                )
            }
            Self::Inactive { .. } => out.write_str("the heap profiler is switched off (prof_active:false)"),
            Self::Absent { missing } => write!(out, "there is no heap profiler: {missing}"),
        }
    }
}

impl fmt::Display for Missing {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Allocator => "the process does not allocate through jemalloc",
            Self::Feature => "jemalloc was built without it",
            Self::Option => "jemalloc was started without it (prof:false)",
        })
    }
}

#[cfg(test)]
mod tests {
    // The unit tests' binary declares no global allocator, which is the state to be seen here.
    #[test]
    fn a_process_that_allocates_elsewhere_is_told_so() {
        let state = super::profiler();
        assert_eq!(
            state,
            super::ProfilerState::Absent {
                missing: super::Missing::Allocator
            }
        );
        assert!(state.hint().is_some_and(|hint| hint.contains("global_allocator")));
    }
}
