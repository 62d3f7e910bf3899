//! The store on real folders, and the admin door over real HTTP.

mod child;
mod http;
mod queue;
mod schema;
mod server;
mod store;
mod store_failures;

#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

heap_recorder::malloc_conf!("prof:true,prof_active:true,lg_prof_sample:14");
