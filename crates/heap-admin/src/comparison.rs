//! A comparison of stored snapshots as GraphQL shows it: what is new, what was freed, by each key.

use async_graphql::SimpleObject;
use heap_profile::{Change, Frame, names};

use crate::scalars::{ByteDifference, Bytes, DateTime};

/// The most snapshots that can be compared at once.
pub const MOST_COMPARED: usize = 10;

/// Stored snapshots, weighed against each other: what changed from the first to the last
#[derive(Debug, Clone, PartialEq, SimpleObject)]
pub struct Comparison {
    /// The snapshots, in the order asked for
    pub snapshots: Vec<ComparedSnapshot>,
    /// Live in the last less live in the first, in all
    pub growth: HeapDifference,
    /// Whether new and freed are exact, by the cohorts that objects were born in; if not, they are net figures, stack by stack
    pub exact: bool,
    /// What else to know
    pub notes: Vec<String>,
    /// By call site
    pub sites: ComparedSites,
    /// By GraphQL field
    pub fields: ComparisonView,
    /// By GraphQL operation
    pub operations: ComparisonView,
    /// By the type that was allocated
    pub types: ComparisonView,
    /// By the cohort that it was born in
    pub cohorts: ComparisonView,
    /// By the program's own functions, each with all that it called: these overlap. Left out is what says no more than one
    /// of its callees
    pub ancestors: ComparisonView,
}

/// One of the snapshots that are compared
#[derive(Debug, Clone, PartialEq, SimpleObject)]
pub struct ComparedSnapshot {
    /// Its id
    pub id: String,
    /// When it was taken
    pub taken_at: Option<DateTime>,
    /// Live bytes, by the samples
    pub bytes: Bytes,
    /// Live objects, where the snapshot counts them
    pub objects: Option<i64>,
    /// What of the bytes the instrument itself holds: it is in no row
    pub instrument: Bytes,
}

/// So much memory, estimated from samples
#[derive(Debug, Clone, Copy, PartialEq, SimpleObject)]
pub struct HeapAmount {
    /// In bytes
    pub bytes: Bytes,
    /// In objects, where the snapshots count them
    pub objects: Option<i64>,
}

/// So much more memory, or less, estimated from samples
#[derive(Debug, Clone, Copy, PartialEq, SimpleObject)]
pub struct HeapDifference {
    /// In bytes
    pub bytes: ByteDifference,
    /// In objects, where the snapshots count them
    pub objects: Option<i64>,
}

/// What changed, by one key
#[derive(Debug, Clone, PartialEq, SimpleObject)]
pub struct ComparisonView {
    /// How many rows changed in all
    pub row_count: i32,
    /// The first of them, what grew most first, what shrank most last
    pub rows: Vec<ComparisonRow>,
    /// Why there is less to see than there could be
    pub note: Option<String>,
}

/// What changed of one key
#[derive(Debug, Clone, PartialEq, SimpleObject)]
pub struct ComparisonRow {
    /// The field, operation, type, cohort or function; null for what belongs to none
    pub key: Option<String>,
    /// For a function its source file
    pub place: Option<String>,
    /// Live in the last snapshot, and not yet there in the first
    pub new: HeapAmount,
    /// Live in the first snapshot, and no longer there in the last
    pub freed: HeapAmount,
    /// Live in the last snapshot
    pub live: HeapAmount,
    /// New less freed
    pub delta: HeapDifference,
}

/// What changed, by call site
#[derive(Debug, Clone, PartialEq, SimpleObject)]
pub struct ComparedSites {
    /// How many call sites changed in all
    pub row_count: i32,
    /// The first of them, what grew most first, what shrank most last
    pub rows: Vec<ComparedSite>,
}

/// What changed of one call site
#[derive(Debug, Clone, PartialEq, SimpleObject)]
pub struct ComparedSite {
    /// The function that allocated
    pub function: String,
    /// Its source file and line
    pub place: Option<String>,
    /// What it called in order to allocate
    pub through: Option<String>,
    /// The function, then its callers in the program's own code, the innermost first
    pub frames: Vec<String>,
    /// Live bytes in each snapshot
    pub bytes: Vec<Bytes>,
    /// Live in the last snapshot, and not yet there in the first
    pub new: HeapAmount,
    /// Live in the first snapshot, and no longer there in the last
    pub freed: HeapAmount,
    /// Live in the last snapshot
    pub live: HeapAmount,
    /// New less freed
    pub delta: HeapDifference,
}

impl From<heap_profile::ComparisonReport> for Comparison {
    fn from(report: heap_profile::ComparisonReport) -> Self {
        Self {
            snapshots: report.snapshots.into_iter().map(ComparedSnapshot::from).collect(),
            growth: report.growth.into(),
            exact: report.exact,
            notes: report.notes,
            sites: ComparedSites {
                row_count: count(report.sites_in_all),
                rows: report.sites.into_iter().map(ComparedSite::from).collect(),
            },
            fields: report.fields.into(),
            operations: report.operations.into(),
            types: report.types.into(),
            cohorts: report.cohorts.into(),
            ancestors: report.ancestors.into(),
        }
    }
}

impl From<heap_profile::Column> for ComparedSnapshot {
    fn from(column: heap_profile::Column) -> Self {
        Self {
            id: column.name,
            taken_at: column.time.and_then(DateTime::of_millis),
            bytes: bytes(column.bytes),
            objects: column.objects,
            instrument: bytes(column.instrument_bytes),
        }
    }
}

impl From<heap_profile::Amount> for HeapAmount {
    fn from(amount: heap_profile::Amount) -> Self {
        Self {
            bytes: bytes(amount.bytes),
            objects: amount.objects,
        }
    }
}

impl From<heap_profile::Amount> for HeapDifference {
    fn from(amount: heap_profile::Amount) -> Self {
        Self {
            bytes: ByteDifference(amount.bytes),
            objects: amount.objects,
        }
    }
}

impl From<heap_profile::View> for ComparisonView {
    fn from(view: heap_profile::View) -> Self {
        Self {
            row_count: count(view.rows_in_all),
            rows: view.rows.into_iter().map(ComparisonRow::from).collect(),
            note: view.note,
        }
    }
}

impl From<heap_profile::Row> for ComparisonRow {
    fn from(row: heap_profile::Row) -> Self {
        let Change {
            new,
            freed,
            live,
            delta,
        } = row.change;
        Self {
            key: row.key,
            place: row.place,
            new: new.into(),
            freed: freed.into(),
            live: live.into(),
            delta: delta.into(),
        }
    }
}

impl From<heap_profile::Site> for ComparedSite {
    fn from(site: heap_profile::Site) -> Self {
        let Change {
            new,
            freed,
            live,
            delta,
        } = site.change;
        Self {
            place: site.frames.first().and_then(Frame::place),
            frames: site.frames.iter().map(line).collect(),
            function: site.function,
            through: site.through,
            bytes: site.bytes.into_iter().map(bytes).collect(),
            new: new.into(),
            freed: freed.into(),
            live: live.into(),
            delta: delta.into(),
        }
    }
}

fn line(frame: &Frame) -> String {
    let function = names::short(names::without_closures(&frame.function));
    match frame.place() {
        Some(place) => format!("{function} ({place})"),
        None => function,
    }
}

/// What is live is not negative.
fn bytes(estimate: i64) -> Bytes {
    Bytes(u64::try_from(estimate).unwrap_or_default())
}

fn count(rows: usize) -> i32 {
    i32::try_from(rows).unwrap_or(i32::MAX)
}
