//! Four objects in a chain, and the question who holds the last one.
//!
//! ```console
//! cargo run --release --example track_retaining
//! ```
//!
//! What `%DebugTrackRetainingPath(object)` is in Node.js: the fourth object is tracked, by the operation that it is made under, and
//! the program asks who holds it. What to look at: the path, read from the object outwards; which of its steps the program
//! would have to let go of, so that the object goes too; and what is left of the path when it has done so. The question is
//! asked of a frozen copy of the process, which reads all of its memory: no object knows of it, or was made for it.

use std::hint::black_box;

use heap_profile::{OPERATION, Profile, STACK, Symbolizer, render};
use heap_recorder::{Error, HolderQuery, Recorder};
use tikv_jemallocator::Jemalloc;

#[global_allocator]
static ALLOCATOR: Jemalloc = Jemalloc;

// A sample in 256 bytes: objects of some kilobytes are sampled for certain, and so are known by their types.
heap_recorder::malloc_conf!("prof:true,prof_active:true,lg_prof_sample:8");

const TRACKED: &str = "tracked";

struct First {
    second: Box<Second>,
    _text: [u8; 4000],
}

struct Second {
    third: Option<Box<Third>>,
    _text: [u8; 5000],
}

struct Third {
    _fourth: Box<Fourth>,
    _text: [u8; 6000],
}

struct Fourth {
    _text: [u8; 7000],
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let recorder = Recorder::builder().start();
    let mut first = chain(recorder);
    let tracked = tracked(&recorder.profile(None)?);
    println!("who holds the fourth object?");
    ask(recorder, &tracked)?;

    black_box(&mut first).second.third = None;
    println!("\nthe second has let go of the third; who holds the fourth now?");
    ask(recorder, &tracked)?;
    black_box(&first);
    Ok(())
}

#[inline(never)]
fn chain(recorder: Recorder) -> Box<First> {
    let tracked = recorder.operation(TRACKED).label();
    let fourth = Fourth { _text: [4; _] };
    let fourth = tracked.within(|| black_box(Box::new(fourth)));
    let third = black_box(Box::new(Third {
        _fourth: fourth,
        _text: [3; _],
    }));
    let second = black_box(Box::new(Second {
        third: Some(third),
        _text: [2; _],
    }));
    black_box(Box::new(First {
        second,
        _text: [1; _],
    }))
}

/// The stacks that have allocated what is tracked, by their numbers.
fn tracked(profile: &Profile) -> HolderQuery {
    let rows = profile.samples.iter();
    let rows = rows.filter(|row| row.text(OPERATION) == Some(TRACKED));
    HolderQuery::of_stacks(rows.filter_map(|row| u32::try_from(row.number(STACK)?).ok()))
}

fn ask(recorder: Recorder, tracked: &HolderQuery) -> Result<(), Box<dyn std::error::Error>> {
    let graph = match recorder.find_holders(tracked) {
        Ok(graph) => graph,
        Err(Error::NoSurvivors { .. }) => {
            println!("  nobody: it is gone");
            return Ok(());
        }
        Err(error) => return Err(error.into()),
    };
    // A service leaves the names to a process of its own: they take memory, which would be in its figures.
    let holders = Symbolizer::new().holders(&graph)?;
    for path in &holders.paths {
        let (line, share) = (
            render::holders::line(path),
            render::holders::share(path, &holders),
        );
        println!("  {line} {share}");
    }
    let scan = &holders.scan;
    println!(
        "  (looked through {} MiB in {} passes; the program stood still for {:.1} ms)",
        scan.resident_bytes >> 20,
        scan.passes,
        scan.pause_seconds * 1e3
    );
    Ok(())
}
