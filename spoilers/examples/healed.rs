//! `leaklab` with every problem healed: the commands, the doors and the API are the same, and there is nothing to find.
//!
//! ```console
//! cargo run --release -p spoilers --example healed -- serve
//! ```
//!
//! For tools that look for leaks: whatever they say of it is a false alarm.

use std::process::ExitCode;

use spoilers::HealedSchema;
use tikv_jemallocator::Jemalloc;

#[global_allocator]
static ALLOCATOR: Jemalloc = Jemalloc;

heap_admin::malloc_conf!("prof:true,prof_active:true,lg_prof_sample:16");

fn main() -> ExitCode {
    leaklab::cli::main::<HealedSchema>()
}
