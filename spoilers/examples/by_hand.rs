//! jemalloc by hand: memory figures, a purge and a dump, without the lab (see `docs/jemalloc.md`).
//!
//! ```console
//! cargo run --release -p spoilers --example by_hand
//! ```

use std::error::Error;

use tikv_jemalloc_ctl::{epoch, raw, stats};
use tikv_jemallocator::Jemalloc;

#[global_allocator]
static ALLOCATOR: Jemalloc = Jemalloc;

heap_recorder::malloc_conf!("prof:true,prof_active:true,lg_prof_sample:19");

const DUMP: &[u8] = b"snapshots/by-hand.heap\0";

fn main() -> Result<(), Box<dyn Error>> {
    print_figures("at start")?;
    let kept: Vec<String> = (0..5_000).map(|_| "LOL LOL".repeat(1000)).collect();
    let dropped = kept.clone();
    print_figures("two collections")?;
    drop(dropped);
    print_figures("one of them dropped")?;
    // `arena.4096.purge` is a control without a value, which the safe crate has no function for.
    heap_recorder::purge()?;
    print_figures("purged")?;

    std::fs::create_dir_all("snapshots")?;
    raw::write_str(b"prof.dump\0", DUMP)?;
    println!("{} strings kept; wrote snapshots/by-hand.heap", kept.len());
    Ok(())
}

fn print_figures(when: &str) -> Result<(), Box<dyn Error>> {
    // Statistics are a copy, made when the epoch advances.
    epoch::advance()?;
    let mib = |bytes: usize| bytes >> 20;
    println!(
        "{when}: allocated {} MiB, active {} MiB, resident {} MiB, retained {} MiB, metadata {} MiB",
        mib(stats::allocated::read()?),
        mib(stats::active::read()?),
        mib(stats::resident::read()?),
        mib(stats::retained::read()?),
        mib(stats::metadata::read()?),
    );
    Ok(())
}
