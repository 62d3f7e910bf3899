//! Heap snapshots as data: read and write them, give them names, compare them, draw them.
//!
//! Pure: no runtime, no allocator, no hooks, nothing is printed. Taking a snapshot is the recorder's work;
//! this crate begins where there is a file, and so it never runs inside the process that is being measured.
//!
//! # Layout
//!
//! - [`Profile`] is the model of one snapshot, as the file has it: stacks of addresses, values, labels. Start here.
//! - `pprof` reads and writes it as `profile.proto` ([`Profile::decode`], [`Profile::encode`]).
//! - [`Symbolizer`] turns addresses into [`Frame`]s, from the line tables of the binary on disk.
//! - [`compare`] weighs two or more symbolized snapshots against each other, call site by call site.
//! - [`render`] makes text of a comparison, and a flame graph of one snapshot.
//! - [`names`] reads the demangled names of Rust functions.

#![forbid(unsafe_code)]

mod compare;
mod error;
mod info;
mod model;
pub mod names;
mod pprof;
pub mod render;
mod symbolize;

pub use compare::{Column, Comparison, MAX_FRAMES_SHOWN, Site, compare};
pub use error::Error;
pub use info::{
    BORN, COHORT, Cohort, Dropped, FIELD, INFO_COMMENT, INSTRUMENT, INTERVAL, OBJECT_SIZE, OPERATION, OTHER,
    Requests, SCHEMA_COMMENT, STACK, SnapshotInfo,
};
pub use model::{
    ALLOC_OBJECTS, ALLOC_SPACE, Function, INUSE_OBJECTS, INUSE_SPACE, Label, LabelValue, Line, Location,
    Mapping, Period, Profile, Sample, SampleType,
};
pub use pprof::{MAX_DECODED_BYTES, MAX_RECORDS, MAX_VALUES};
pub use symbolize::{
    Frame, MAX_FRAMES, Origin, Program, Symbolized, SymbolizedSample, Symbolizer, build_id_of,
};
