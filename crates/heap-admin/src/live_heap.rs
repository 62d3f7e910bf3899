//! The live heap as GraphQL shows it: by field, operation, type, stack or cohort.

use async_graphql::{Enum, SimpleObject};

use crate::scalars::Bytes;

/// The most rows that can be asked for.
pub const MOST_ROWS: i32 = 1000;

/// What the live heap is told apart by
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
pub enum LiveHeapKey {
    /// The GraphQL field, as Parent.field: from its label, or from the resolver's frames on the stack
    Field,
    /// The GraphQL operation: its name, or its root fields
    Operation,
    /// The type that the memory was allocated for, read from the stack
    Type,
    /// The stack that allocated it
    Stack,
    /// The cohort that it was born in: each snapshot opens a new one
    Cohort,
}

/// The live heap, estimated from the recorded samples
#[derive(Debug, Clone, PartialEq, SimpleObject)]
pub struct LiveHeap {
    /// All of it: the rows, what belongs to none, and the instrument's own
    pub bytes: Bytes,
    /// What belongs to no row: nothing is guessed
    pub unattributed: Bytes,
    /// What the instrument itself holds
    pub instrument: Bytes,
    /// How many rows there are in all
    pub row_count: i32,
    /// The rows, the largest first
    pub rows: Vec<LiveHeapRow>,
}

/// A part of the live heap
#[derive(Debug, Clone, PartialEq, SimpleObject)]
pub struct LiveHeapRow {
    /// The field, operation, type or cohort; for a stack its number, the same in all snapshots
    pub key: String,
    /// Live objects
    pub objects: u64,
    /// Live bytes
    pub bytes: Bytes,
    /// The standard error of bytes, from sampling: in two cases of three the true figure is no further away
    pub standard_error: Option<Bytes>,
    /// For a stack its frames, the innermost first
    pub frames: Vec<String>,
}

impl From<LiveHeapKey> for heap_profile::LiveHeapKey {
    fn from(key: LiveHeapKey) -> Self {
        match key {
            LiveHeapKey::Field => Self::Field,
            LiveHeapKey::Operation => Self::Operation,
            LiveHeapKey::Type => Self::Type,
            LiveHeapKey::Stack => Self::Stack,
            LiveHeapKey::Cohort => Self::Cohort,
        }
    }
}

impl From<heap_profile::LiveHeap> for LiveHeap {
    fn from(heap: heap_profile::LiveHeap) -> Self {
        Self {
            bytes: bytes(heap.bytes),
            unattributed: bytes(heap.unattributed_bytes),
            instrument: bytes(heap.instrument_bytes),
            row_count: i32::try_from(heap.rows_in_all).unwrap_or(i32::MAX),
            rows: heap.rows.into_iter().map(LiveHeapRow::from).collect(),
        }
    }
}

impl From<heap_profile::LiveHeapRow> for LiveHeapRow {
    fn from(row: heap_profile::LiveHeapRow) -> Self {
        Self {
            key: row.key,
            objects: u64::try_from(row.objects).unwrap_or_default(),
            bytes: bytes(row.bytes),
            standard_error: row.standard_error_bytes.map(|error| bytes(error.round() as i64)),
            frames: row.frames,
        }
    }
}

/// Estimates are sums of what is not negative.
fn bytes(estimate: i64) -> Bytes {
    Bytes(u64::try_from(estimate).unwrap_or_default())
}
