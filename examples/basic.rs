//! A collection that only grows: the plainest leak there is.
//!
//! ```console
//! cargo run --release --example basic
//! ```
//!
//! What to look at: the live heap at each step (it grows by about the same, but now and then by
//! a leap: what is allocated then?), and the call site that the comparison puts first.

use std::path::Path;

use tikv_jemallocator::Jemalloc;

#[global_allocator]
static ALLOCATOR: Jemalloc = Jemalloc;

heap_recorder::malloc_conf!("prof:true,prof_active:true,lg_prof_sample:19");

const ROUNDS: usize = 10;
const PER_ROUND: usize = 20_000;

#[allow(dead_code, reason = "it is kept, never read: that is the point")]
struct Entry {
    some: String,
    silly: String,
    object: String,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut obvious = Vec::new();
    for round in 1..=ROUNDS {
        add_entries(&mut obvious);
        println!(
            "round {round:2}: {} entries, {} MiB live",
            obvious.len(),
            live_mib()?
        );
        if round == 1 {
            write_profile("snapshots/basic-before.pb.gz")?;
        }
    }
    write_profile("snapshots/basic-after.pb.gz")?;
    println!("\nnow compare the two:");
    println!("  cargo run --release -- compare snapshots/basic-before.pb.gz snapshots/basic-after.pb.gz");
    Ok(())
}

fn add_entries(entries: &mut Vec<Entry>) {
    for _ in 0..PER_ROUND {
        entries.push(Entry {
            some: "long".repeat(16),
            silly: "text".repeat(16),
            object: "that nobody reads".repeat(4),
        });
    }
}

fn live_mib() -> Result<u64, heap_recorder::Error> {
    Ok(heap_recorder::memory()?.live >> 20)
}

fn write_profile(path: &str) -> Result<(), Box<dyn std::error::Error>> {
    let path = Path::new(path);
    std::fs::create_dir_all(path.parent().unwrap_or(Path::new(".")))?;
    std::fs::write(path, heap_recorder::dump()?)?;
    println!("wrote {}", path.display());
    Ok(())
}
