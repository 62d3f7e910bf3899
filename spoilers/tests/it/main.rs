//! The healed fields are those of the problems, and do not leak; the problems do. What is told of them stays here.
//!
//! What measures a heap runs in a process of its own.
#![allow(clippy::unwrap_used)]

mod answers;
mod api;
mod cheats;
mod child;
mod folders;
mod guides;
mod proof;
mod words;

use problems::{
    Lab, MemoryGuard,
    shop::{Bookshop, Location},
};
use tikv_jemallocator::Jemalloc;

#[global_allocator]
static ALLOCATOR: Jemalloc = Jemalloc;

/// A lab over a shop in memory, without a memory limit.
fn lab() -> Lab {
    let shop = Bookshop::open(Location::Memory).expect("a shop in memory opens");
    Lab::new(shop, MemoryGuard::new(u64::MAX))
}
