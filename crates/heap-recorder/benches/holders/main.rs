//! What it costs a process to have its holders looked for: how long it stands still, and what a whole scan takes.
//!
//! `cargo bench -p heap-recorder --bench holders [-- --gib N --scans N --threads N --nodes N]`. Fills memory with objects as a
//! service has them, has threads replace them and write to them all the while, and scans: for a table's values, and for the
//! nodes of a long list. Figures are for each resident GiB; what a processor spent stands beside what it took, since waiting
//! for one is not the scan's doing. What stands in brackets is what is aimed at. Nothing here is a test.

mod clock;
mod fill;

use std::{
    process::ExitCode,
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    thread,
    time::{Duration, Instant},
};

use fill::{Books, Node, Stock};
use heap_profile::{OPERATION, Profile, STACK, holders::ScanFigures};
use heap_recorder::{HolderQuery, Recorder, memory};

#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

heap_recorder::malloc_conf!("prof:true,prof_active:true,lg_prof_sample:16");

const GIB: f64 = (1_u64 << 30) as f64;
const MIB: f64 = (1_u64 << 20) as f64;
const PAUSE_BOUND_MS: f64 = 50.0;
const SCAN_BOUND_S: f64 = 1.0;
const BUFFER_BOUND_MIB: f64 = 64.0;
/// What a node of a folded chain may take on top of that, in bytes.
const NODE_BOUND: u64 = 32;

static BOOKS: Mutex<Books> = Mutex::new(Books::new());
static LIST: Mutex<Option<Box<Node>>> = Mutex::new(None);

type Failure = Box<dyn std::error::Error>;

struct Options {
    gib: f64,
    scans: usize,
    threads: u64,
    nodes: u64,
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(2)
        }
    }
}

fn options() -> Result<Options, Failure> {
    let mut options = Options {
        gib: 1.0,
        scans: 20,
        threads: 1,
        nodes: 1_000_000,
    };
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        let mut value = || args.next().ok_or_else(|| format!("{arg} takes a number"));
        match arg.as_str() {
            "--gib" => options.gib = value()?.parse()?,
            "--scans" => options.scans = value()?.parse::<usize>()?.max(1),
            "--threads" => options.threads = value()?.parse()?,
            "--nodes" => options.nodes = value()?.parse()?,
            // Cargo's own.
            "--bench" => {}
            _ => return Err(format!("there is no option {arg}").into()),
        }
    }
    Ok(options)
}

fn run() -> Result<(), Failure> {
    let options = options()?;
    let recorder = Recorder::builder().start();
    let stock = Stock::of((options.gib * GIB) as usize);
    let books = recorder.operation("books").label();
    BOOKS.lock().expect("no panic").fill(books);
    let nodes = recorder.operation("nodes").label();
    nodes.within(|| *LIST.lock().expect("no panic") = fill::list(options.nodes));
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        for seed in 0..options.threads {
            let (stock, done) = (&stock, &done);
            scope.spawn(move || stock.use_it(seed, done));
        }
        let clock = scope.spawn(|| longest_gap(&done));
        let measured = measure(recorder, "books", &options, 0)
            .and_then(|()| measure(recorder, "nodes", &options, options.nodes));
        done.store(true, Relaxed);
        let gap = clock.join().expect("no panic");
        println!(
            "a thread that reads the clock stood still for {:.1} ms at most",
            gap.as_secs_f64() * 1e3
        );
        measured
    })
}

/// How long this thread did not run, at most.
fn longest_gap(done: &AtomicBool) -> Duration {
    let (mut before, mut longest) = (Instant::now(), Duration::ZERO);
    while !done.load(Relaxed) {
        // Most of the time it sleeps: it is to feel the load, and not to be a part of it.
        thread::sleep(Duration::from_millis(1));
        let now = Instant::now();
        longest = longest.max(now - before);
        before = now;
    }
    longest
}

/// What a scan cost.
struct Figures {
    scan: ScanFigures,
    /// What a processor spent on it, without the pause.
    spent: Duration,
    /// Of another copy, right after it: how long that took, and what a processor spent on it.
    copy: (Duration, Duration),
}

/// Who holds what this operation has allocated, and what finding out costs.
fn measure(recorder: Recorder, operation: &str, options: &Options, nodes: u64) -> Result<(), Failure> {
    let query = query(&recorder.profile(None)?, operation);
    // What is made once is made now.
    recorder.find_holders(&query)?;
    let (live, own) = (memory()?.live, recorder.status().own_bytes);
    let mut figures = Vec::new();
    for _ in 0..options.scans {
        let spent = clock::of_copies()?;
        let scan = recorder.find_holders(&query)?.figures;
        let spent = clock::of_copies()?.saturating_sub(spent);
        figures.push(Figures {
            scan,
            spent,
            copy: clock::copy()?,
        });
        // The load goes on undisturbed for as long.
        thread::sleep(Duration::from_secs_f64(
            figures.last().map_or(0.0, |last| last.scan.seconds),
        ));
    }
    print(operation, &figures, nodes);
    println!(
        "  live heap {:+.2} MiB, the recorder's own memory {:+} bytes after {} scans",
        (memory()?.live as f64 - live as f64) / MIB,
        recorder.status().own_bytes as i64 - own as i64,
        options.scans
    );
    Ok(())
}

fn query(profile: &Profile, operation: &str) -> HolderQuery {
    let rows = profile.samples.iter();
    let rows = rows.filter(|row| row.text(OPERATION) == Some(operation));
    HolderQuery::of_stacks(rows.filter_map(|row| u32::try_from(row.number(STACK)?).ok()))
}

fn print(operation: &str, figures: &[Figures], nodes: u64) {
    let gib = |each: &Figures| each.scan.resident_bytes as f64 / GIB;
    let first = figures[0].scan;
    println!(
        "{operation}: {:.2} GiB resident, {} scans of {} passes",
        gib(&figures[0]),
        figures.len(),
        first.passes
    );
    let per_gib = |what, of: fn(&Figures) -> f64, bound| {
        spread(what, figures, |each| of(each) / gib(each), bound);
    };
    per_gib(
        "pause, ms per GiB",
        |each| each.scan.pause_seconds * 1e3,
        PAUSE_BOUND_MS,
    );
    per_gib(
        "another copy, ms per GiB",
        |each| each.copy.0.as_secs_f64() * 1e3,
        PAUSE_BOUND_MS,
    );
    per_gib(
        "  of a processor's time",
        |each| each.copy.1.as_secs_f64() * 1e3,
        f64::NAN,
    );
    per_gib("whole scan, s per GiB", |each| each.scan.seconds, SCAN_BOUND_S);
    per_gib(
        "  of a processor's time",
        |each| each.spent.as_secs_f64(),
        f64::NAN,
    );
    per_gib(
        "read, GiB per GiB",
        |each| each.scan.read_bytes as f64 / GIB,
        f64::NAN,
    );
    let buffers = BUFFER_BOUND_MIB + (NODE_BOUND * nodes) as f64 / MIB;
    let its_own = |each: &Figures| each.scan.buffer_bytes as f64 / MIB;
    spread("its own buffers, MiB", figures, its_own, buffers);
    match first.copied_bytes {
        Some(_) => {
            let copied = |each: &Figures| each.scan.copied_bytes.unwrap_or_default() as f64 / MIB;
            spread("copied on write, MiB", figures, copied, f64::NAN);
        }
        None => println!("  copied on write: the kernel does not say"),
    }
    for stopped in figures.iter().filter_map(|each| each.scan.stopped) {
        println!("  a scan stopped early: {stopped:?}");
    }
}

fn spread(what: &str, figures: &[Figures], of: impl Fn(&Figures) -> f64, bound: f64) {
    let mut values: Vec<f64> = figures.iter().map(of).collect();
    values.sort_by(f64::total_cmp);
    let bound = if bound.is_nan() {
        String::new()
    } else {
        format!(" ({bound:.0})")
    };
    println!(
        "  {what}{bound}: median {:.2}, from {:.2} to {:.2}",
        values[values.len() / 2],
        values[0],
        values[values.len() - 1]
    );
}
