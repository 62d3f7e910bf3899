//! The figures, purges and dumps of real processes.
//!
//! Whatever measures a heap runs in a child process, alone: see `child`.

mod child;
mod dump;
mod memory;
mod options;
mod recorder;

#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

// 2^18 instead of the usual 2^19, so that a test sees that the macro took effect.
heap_recorder::malloc_conf!("prof:true,prof_active:true,lg_prof_sample:18");
