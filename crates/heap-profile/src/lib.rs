//! Heap snapshots as data: read and write them, give them names, compare them, draw them.
//!
//! Pure: no runtime, no allocator, no hooks, nothing is printed. Taking a snapshot is the recorder's work. What needs the
//! names of functions is costly, and belongs outside of the process that is being measured; the rest may run inside.
//!
//! # Layout
//!
//! - [`Profile`] is the model of one snapshot, as the file has it: stacks of addresses, values, labels. Start here.
//! - `pprof` reads and writes it as `profile.proto` ([`Profile::decode`], [`Profile::encode`]).
//! - [`Symbolizer`] turns addresses into [`Frame`]s, from the line tables of the binary on disk.
//! - [`Fields`] reads the GraphQL field from a stack, checked against the [`Schema`]; [`element_type`] what was allocated.
//! - [`live_heap`] and [`live_heap_named`] add one snapshot up by operation, cohort, field, type or stack.
//! - [`hunt`] judges a series of snapshots, taken while load was put on a service: leak or no leak, and how large.
//! - [`holders`] says who keeps a site's objects alive, from what a reference scan found.
//! - [`compare`] weighs two or more symbolized snapshots against each other: by call site, and by field, operation, type,
//!   cohort and function ([`Comparison::view`]).
//! - [`render`] makes text of a comparison, and flame graphs of one snapshot or of the difference of two, and
//!   reports of a hunt.
//! - [`names`] reads the demangled names of Rust functions.

#![forbid(unsafe_code)]

mod compare;
mod error;
mod fields;
pub mod holders;
pub mod hunt;
mod info;
mod live;
mod model;
pub mod names;
mod pprof;
pub mod render;
mod schema;
mod symbolize;
mod types;

pub use compare::{
    Amount, COMPARISON_VERSION, Change, Column, Comparison, ComparisonKey, ComparisonReport,
    MAX_FRAMES_SHOWN, Row, Site, View, compare,
};
pub use error::Error;
pub use fields::Fields;
pub use info::{
    BORN, COHORT, CONTROL, Cohort, Dropped, FIELD, INSTRUMENT, INTERVAL, OBJECT_SIZE, OPERATION, OTHER,
    Requests, STACK, SnapshotInfo,
};
pub use live::{LiveHeap, LiveHeapKey, LiveHeapRow, MAX_LIVE_FRAMES, live_heap, live_heap_named};
pub use model::{
    ALLOC_OBJECTS, ALLOC_SPACE, Function, INUSE_OBJECTS, INUSE_SPACE, Label, LabelValue, Line, Location,
    Mapping, Period, Profile, Sample, SampleType,
};
pub use pprof::{MAX_DECODED_BYTES, MAX_RECORDS, MAX_VALUES};
pub use schema::{MAX_SCHEMA_BYTES, Schema};
pub use symbolize::{
    Frame, MAX_FRAMES, Origin, Program, Symbolized, SymbolizedSample, Symbolizer, build_id_of,
};
pub use types::element_type;
