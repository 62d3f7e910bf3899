//! Pages that are made one after the other, each with the number of the one before it.
//!
//! ```console
//! cargo run --release --example context
//! ```
//!
//! Only the latest page is wanted, and only the latest is in a variable. What to look at: how
//! much is live after each round, where it was allocated, and then, in the code, what exactly
//! the small closure holds. The profile says where memory was *allocated*; who still holds it
//! you have to find yourself.

use std::path::Path;
use std::sync::Arc;

use tikv_jemallocator::Jemalloc;

#[global_allocator]
static ALLOCATOR: Jemalloc = Jemalloc;

heap_recorder::malloc_conf!("prof:true,prof_active:true,lg_prof_sample:19");

const ROUNDS: usize = 10;
const PAGES_PER_ROUND: usize = 50;

struct Page {
    number: usize,
    text: String,
    /// The number of the page before this one: "a detail, and surely a small one".
    previous_number: Box<dyn Fn() -> Option<usize> + Send + Sync>,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut recent: Option<Arc<Page>> = None;
    for round in 1..=ROUNDS {
        for _ in 0..PAGES_PER_ROUND {
            recent = Some(Arc::new(next_page(recent)));
        }
        if let Some(page) = &recent {
            println!(
                "round {round:2}: page {} ({} KiB) comes after page {:?}; {} MiB live",
                page.number,
                page.text.len() >> 10,
                (page.previous_number)(),
                live_mib()?,
            );
        }
        if round == 1 {
            write_profile("snapshots/context-before.pb.gz")?;
        }
    }
    write_profile("snapshots/context-after.pb.gz")?;
    println!("\nnow compare the two:");
    println!("  cargo run --release -- compare snapshots/context-before.pb.gz snapshots/context-after.pb.gz");
    Ok(())
}

fn next_page(previous: Option<Arc<Page>>) -> Page {
    Page {
        number: previous.as_ref().map_or(0, |page| page.number) + 1,
        text: "LOL ".repeat(32 * 1024),
        previous_number: Box::new(move || previous.as_ref().map(|page| page.number)),
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
