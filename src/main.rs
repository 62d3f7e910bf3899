//! The `leaklab` program: declares the allocator and its options, and hands over to the library.

use std::process::ExitCode;

use tikv_jemallocator::Jemalloc;

#[global_allocator]
static ALLOCATOR: Jemalloc = Jemalloc;

// A mean of 512 KiB between samples. A finer interval would make `stats.allocated` leave out
// a visible part of the small objects: jemalloc 5.3.1 does not count those that it samples.
heap_recorder::malloc_conf!("prof:true,prof_active:true,lg_prof_sample:19");

fn main() -> ExitCode {
    leaklab::cli::main()
}
