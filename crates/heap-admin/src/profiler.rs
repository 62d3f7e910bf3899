//! The state of profiler and recorder as GraphQL shows it.

use async_graphql::{Enum, SimpleObject};
use heap_recorder::{Recording, Status};

use crate::{HeapAdmin, scalars::Bytes};

/// What jemalloc's heap profiler and the recorder are doing
#[derive(Debug, Clone, PartialEq, Eq, SimpleObject)]
pub struct Profiler {
    /// Whether allocations are sampled: without that there are no snapshots
    active: bool,
    /// Whether samples are recorded: without that snapshots know neither operations nor cohorts
    recording: bool,
    /// The mean number of allocated bytes from one sample to the next; null where there is no profiler
    sample_interval: Option<Bytes>,
    /// How stacks are taken; null where nothing is recorded
    unwinder: Option<Unwinder>,
    /// Recorded samples of live objects
    live_samples: u64,
    /// What the recorder's tables take: outside of the allocator
    own_bytes: Bytes,
    /// What did not fit into the recorder's bounds since its start
    dropped: Dropped,
    /// The current cohort: each snapshot opens a new one
    cohort: u32,
    /// The state in words
    message: String,
    /// What to do to have more recorded, where there is something
    hint: Option<String>,
}

/// What did not fit into the recorder's bounds since its start
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, SimpleObject)]
#[graphql(name = "DroppedSamples")]
pub struct Dropped {
    /// Samples that are missing
    samples: u64,
    /// Samples without their stack
    stacks: u64,
    /// Requests, fields and samples that go by the operation (other)
    labels: u64,
}

/// How stacks are taken
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
pub enum Unwinder {
    /// By frame pointers, at a small fraction of the other's price
    FramePointers,
    /// By jemalloc's own unwinder
    Stock,
}

impl Profiler {
    pub(crate) fn of(admin: &HeapAdmin) -> Self {
        let state = admin.profiler();
        match admin.recorder() {
            Some(status) => Self::recorded(&status),
            None => Self {
                active: state.is_active(),
                recording: false,
                sample_interval: state.sample_interval().map(Bytes),
                unwinder: None,
                live_samples: 0,
                own_bytes: Bytes(0),
                dropped: Dropped::default(),
                cohort: 0,
                message: state.to_string(),
                hint: state.hint().map(str::to_owned),
            },
        }
    }

    fn recorded(status: &Status) -> Self {
        let unwinder = match &status.recording {
            Recording::On(heap_recorder::Unwinder::FramePointers) => Some(Unwinder::FramePointers),
            Recording::On(_) => Some(Unwinder::Stock),
            Recording::Absent | Recording::Refused { .. } | Recording::Forked => None,
        };
        Self {
            active: status.profiler.is_active(),
            recording: unwinder.is_some(),
            sample_interval: status.profiler.sample_interval().map(Bytes),
            unwinder,
            live_samples: status.live_samples,
            own_bytes: Bytes(status.own_bytes),
            dropped: Dropped {
                samples: status.dropped.samples,
                stacks: status.dropped.stacks,
                labels: status.dropped.labels,
            },
            cohort: status.cohort,
            message: status.to_string(),
            hint: status.hint().map(str::to_owned),
        }
    }
}
