//! What a process that allocates through jemalloc holds: figures, live samples by label and age, and snapshots.
//!
//! This crate reads, asks and records; it never declares the global allocator (the binary does), never prints
//! and never decides what a figure means. All unsafe code of the workspace lives here.
//!
//! # Layout
//! - [`Recorder`]: records each sample that jemalloc takes; start reading here
//! - [`Label`], [`Field`], [`Operation`]: under what a thread allocates, and what the load did
//! - `snapshot`: the recorded samples as a gzip'd `profile.proto`
//! - [`memory`]: the figures, split three ways
//! - [`size_class`]: what the allocator hands out for a request of so many bytes
//! - [`purge`]: gives back what can be given back
//! - [`profiler`]: whether the heap profiler records, and what to do where it does not
//! - [`dump`]: jemalloc's own account of the sampled live heap, which needs no recorder
//! - [`malloc_conf!`]: the options that jemalloc starts with, set in a binary's `main.rs`
//!
//! Inside: `hooks` is what jemalloc calls, `unwind` walks stacks, `table` keeps samples and sites in `pages` of its own,
//! `ctl` is every control name of jemalloc, `clock` gives birth times.
//!
//! # In a binary
//! ```
//! #[global_allocator]
//! static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;
//!
//! heap_recorder::malloc_conf!("prof:true,prof_active:true,lg_prof_sample:19");
//!
//! fn main() -> Result<(), heap_recorder::Error> {
//!     let recorder = heap_recorder::Recorder::builder().start();
//!     println!("{}", recorder.status());
//!     println!("{} bytes live", heap_recorder::memory()?.live);
//!     Ok(())
//! }
//! ```
#![allow(
    unsafe_code,
    reason = "the one crate of the workspace that may talk to the allocator"
)]

mod clock;
mod conf;
mod ctl;
mod dump;
mod error;
mod forks;
mod future;
mod holders;
mod hooks;
mod label;
mod load;
mod memory;
mod pages;
mod proc_file;
mod process;
mod profiler;
mod purge;
mod recorder;
mod size;
mod snapshot;
mod status;
mod table;
mod unwind;

pub use conf::MallocConf;
pub use dump::dump;
pub use error::Error;
pub use future::Labelled;
pub use holders::{HolderQuery, ScanProgress};
pub use label::{Field, Label};
pub use load::{Execution, Operation};
pub use memory::{MemoryFigures, memory};
pub use profiler::{Missing, ProfilerState, profiler};
pub use purge::purge;
pub use recorder::{Bounds, LEAST_INTERVAL, MOST_INTERVAL, Recorder, RecorderBuilder};
pub use size::size_class;
pub use status::{Recording, Status, Unwinder};
pub use unwind::check::Incomplete;
