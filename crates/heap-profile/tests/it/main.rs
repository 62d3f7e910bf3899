//! Tests of the library from outside. `jemalloc` needs the allocator whose dumps it reads.

mod builder;
mod compare;
mod fields;
mod golang;
mod holders;
mod hostile;
mod hunt;
mod hunt_baseline;
mod hunt_change;
mod hunt_holders;
mod hunt_report;
mod hunt_support;
mod jemalloc;
mod live;
mod pprof;
mod render;
mod support;
mod symbolize;
mod types;
mod views;

#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;
