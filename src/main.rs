//! The `leaklab` program: declares the allocator and its options, and hands over to the library.

use std::process::ExitCode;

use tikv_jemallocator::Jemalloc;

#[global_allocator]
static ALLOCATOR: Jemalloc = Jemalloc;

// A mean of 64 KiB between samples: the coarser of the two intervals that show a problem of this lab after some
// hundred requests. At 16 KiB each sampled object's page of its own begins to show in the resident set, and requests that
// allocate much take a fifth longer (`cargo bench --bench recorder`).
heap_recorder::malloc_conf!("prof:true,prof_active:true,lg_prof_sample:16");

fn main() -> ExitCode {
    leaklab::cli::main::<problems::LabSchema>()
}
