//! The store on real folders, the admin door over real HTTP, and a real service whose requests are recorded.
//!
//! Whatever measures a heap runs in a child process, alone: see `child`.

mod child;
mod comparison;
mod control;
mod fields;
mod held;
mod holders;
mod http;
mod instrument;
mod live_heap;
mod minimal;
mod public;
mod queue;
mod recorded;
mod requests;
mod schema;
mod server;
mod shop;
mod store;
mod store_failures;
mod symbolizer;
mod work;

#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

heap_recorder::malloc_conf!("prof:true,prof_active:true,lg_prof_sample:14");
