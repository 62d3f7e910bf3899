//! The figures, purges and dumps of real processes.
//!
//! Whatever measures a heap runs in a child process, alone: see `child`.

mod bounds;
mod child;
mod dump;
mod forks;
mod holders;
mod labels;
mod load;
mod memory;
mod options;
mod recorder;
mod resize;
mod rows;
mod snapshots;
mod soak;
mod states;
mod tasks;

#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

// 2^18 instead of the usual 2^19, so that a test sees that the macro took effect.
heap_recorder::malloc_conf!("prof:true,prof_active:true,lg_prof_sample:18");
