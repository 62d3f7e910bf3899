//! Many scans under load, which leave nothing behind.
//!
//! A hundred of them as a test like any other; as many as one likes by a command of its own:
//!
//! ```console
//! SCANS=10000 cargo test --release -p heap-recorder --test it holders::soak -- --nocapture
//! ```

use super::{
    Case, a_static_holds, program,
    trouble::{children, open_files, under_load},
};
use heap_recorder::memory;
use std::{env, hint::black_box, sync::Mutex};

const SCANS: usize = 100;
/// Threads that allocate and free all the while.
const THREADS: u64 = 2;
/// Scans after which nothing is made for the first time any more.
const FIRST: usize = 5;
/// What is live may differ by this much, in bytes: threads allocate and free all the while, a few megabytes each.
const LIVE: u64 = 4 << 20;

static LIST: Mutex<Vec<Box<[u8]>>> = Mutex::new(Vec::new());
static BULK: Mutex<Vec<Box<[u8]>>> = Mutex::new(Vec::new());

/// What may stay behind, and must not.
#[derive(Debug)]
struct Left {
    live: u64,
    own: u64,
    files: usize,
    children: usize,
}

impl Left {
    fn now(case: Case) -> Left {
        Left {
            live: memory().expect("figures").live,
            own: case.recorder.status().own_bytes,
            files: open_files(),
            children: children().len(),
        }
    }
}

/// The pauses of the scans, in milliseconds per resident GiB.
fn scan(case: Case, scans: usize) -> Vec<f64> {
    let query = case.query();
    let once = |number| {
        let graph = case.recorder.find_holders(&query);
        let graph = graph.unwrap_or_else(|error| panic!("scan {number}: {error}"));
        assert!(a_static_holds(&graph), "scan {number}");
        let figures = graph.figures;
        figures.pause_seconds * 1e3 / (figures.resident_bytes as f64 / f64::from(1 << 30))
    };
    let mut pauses: Vec<f64> = (0..scans).map(once).collect();
    pauses.sort_by(f64::total_cmp);
    pauses
}

fn soak(case: Case, scans: usize) {
    scan(case, FIRST);
    let before = Left::now(case);
    let pauses = scan(case, scans);
    let after = Left::now(case);
    println!(
        "{scans} scans; the pause in ms per resident GiB: {:.1} at least, {:.1} the median, {:.1} at most\n\
         before {before:?}\n after {after:?}",
        pauses[0],
        pauses[scans / 2],
        pauses[scans - 1]
    );
    assert_eq!((after.files, after.children), (before.files, before.children));
    assert_eq!(after.own, before.own);
    assert!(after.live.abs_diff(before.live) < LIVE);
}

#[test]
fn a_hundred_scans_under_load_leave_nothing_behind() {
    program(|case| {
        let scans = env::var("SCANS").map_or(SCANS, |scans| scans.parse().expect("a number of scans"));
        LIST.lock().expect("no panic").extend(case.bodies());
        let bulk = (0..64).map(|_| black_box(vec![1_u8; 1 << 20].into_boxed_slice()));
        BULK.lock().expect("no panic").extend(bulk);
        under_load(THREADS, || soak(case, scans.max(1)));
    });
}
