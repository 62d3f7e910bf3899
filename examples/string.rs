//! Documents of a quarter of a megabyte, and their titles, of twenty bytes.
//!
//! ```console
//! cargo run --release --example string
//! ```
//!
//! Each document is read whole, and its title alone is kept. What to look at: the bytes that
//! the program thinks it keeps against the bytes that are live, and which call site the
//! comparison puts first. Is that where the mistake is?

use std::path::Path;

use bytes::Bytes;
use tikv_jemallocator::Jemalloc;

#[global_allocator]
static ALLOCATOR: Jemalloc = Jemalloc;

heap_recorder::malloc_conf!("prof:true,prof_active:true,lg_prof_sample:19");

const ROUNDS: usize = 10;
const DOCUMENTS_PER_ROUND: usize = 20;
const TITLE: usize = 20;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut titles = Vec::new();
    for round in 1..=ROUNDS {
        for _ in 0..DOCUMENTS_PER_ROUND {
            titles.push(title_of(read_document()));
        }
        let kept: usize = titles.iter().map(Bytes::len).sum();
        println!(
            "round {round:2}: {} titles of {kept} bytes in all; {} bytes live",
            titles.len(),
            heap_recorder::memory()?.live,
        );
        if round == 1 {
            write_profile("snapshots/string-before.pb.gz")?;
        }
    }
    write_profile("snapshots/string-after.pb.gz")?;
    println!("\nnow compare the two:");
    println!("  cargo run --release -- compare snapshots/string-before.pb.gz snapshots/string-after.pb.gz");
    Ok(())
}

fn read_document() -> Bytes {
    Bytes::from("LOL ".repeat(64 * 1024))
}

fn title_of(document: Bytes) -> Bytes {
    document.slice(..TITLE)
}

fn write_profile(path: &str) -> Result<(), Box<dyn std::error::Error>> {
    let path = Path::new(path);
    std::fs::create_dir_all(path.parent().unwrap_or(Path::new(".")))?;
    std::fs::write(path, heap_recorder::dump()?)?;
    println!("wrote {}", path.display());
    Ok(())
}
