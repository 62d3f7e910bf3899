//! What a process that allocates through jemalloc holds, and a dump of where it was allocated.
//!
//! This crate reads and asks; it never declares the global allocator (the binary does), never prints
//! and never decides what a figure means. All unsafe code of the workspace lives here.
//!
//! # Layout
//! - [`memory`]: the figures, split three ways; start reading here
//! - [`purge`]: gives back what can be given back
//! - [`profiler`]: whether the heap profiler records, and what to do where it does not
//! - [`dump`]: the sampled live heap as a gzip'd `profile.proto`
//! - [`malloc_conf!`]: the options that jemalloc starts with, set in a binary's `main.rs`
//!
//! # In a binary
//! ```
//! #[global_allocator]
//! static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;
//!
//! heap_recorder::malloc_conf!("prof:true,prof_active:true,lg_prof_sample:19");
//!
//! fn main() -> Result<(), heap_recorder::Error> {
//!     println!("{}", heap_recorder::profiler());
//!     println!("{} bytes live", heap_recorder::memory()?.live);
//!     Ok(())
//! }
//! ```
#![allow(
    unsafe_code,
    reason = "the one crate of the workspace that may talk to the allocator"
)]

mod conf;
mod ctl;
mod dump;
mod error;
mod memory;
mod process;
mod profiler;
mod purge;

pub use conf::MallocConf;
pub use dump::dump;
pub use error::Error;
pub use memory::{MemoryFigures, memory};
pub use profiler::{Missing, ProfilerState, profiler};
pub use purge::purge;
