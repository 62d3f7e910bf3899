//! What goes wrong while a scan is under way costs an error, and nothing else.

use super::{Case, a_static_holds, first, program};
use heap_profile::holders::{RootKind::Static, Stopped};
use heap_recorder::Error;
use std::{
    fs,
    hint::black_box,
    io::Read,
    os::fd::AsRawFd,
    process,
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicI32, Ordering::Relaxed},
    },
    thread,
    time::Duration,
};

static LIST: Mutex<Vec<Box<[u8]>>> = Mutex::new(Vec::new());
static BULK: Mutex<Vec<Box<[u8]>>> = Mutex::new(Vec::new());

const NOBODY: [i32; 0] = [];

/// Something to find, and so much to go through that a scan is under way for a while.
fn fill(case: Case) {
    LIST.lock().expect("no panic").extend(case.bodies());
    let bulk = (0..256).map(|_| black_box(vec![1_u8; 1 << 20].into_boxed_slice()));
    BULK.lock().expect("no panic").extend(bulk);
}

/// The processes that this one has started, those that ended and were not reaped among them.
pub(super) fn children() -> Vec<i32> {
    let own = process::id().to_string();
    let numbers = fs::read_dir("/proc").expect("/proc").flatten();
    let numbers = numbers.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    let is_ours = |number: &i32| {
        let stat = fs::read_to_string(format!("/proc/{number}/stat")).unwrap_or_default();
        // After the name, which is in brackets: the state, and the parent.
        let rest = stat.rsplit(") ").next().unwrap_or_default();
        rest.split(' ').nth(1) == Some(&own)
    };
    numbers.filter(is_ours).collect()
}

pub(super) fn open_files() -> usize {
    fs::read_dir("/proc/self/fd").expect("the open files").count()
}

/// Sends a signal to the first child that there is, once there is one.
fn strike(signal: i32, done: &AtomicBool) -> bool {
    while !done.load(Relaxed) {
        if let Some(child) = children().first() {
            // SAFETY: the process is this one's child, and not reaped yet or its number not given to another in so short a time.
            return unsafe { libc::kill(*child, signal) } == 0;
        }
    }
    false
}

/// A scan whose copy of the process gets a signal, which has to be an error; then one that nothing happens to.
fn a_scan_is_struck(case: Case, signal: i32) {
    fill(case);
    // What is made once is made now.
    first(&case.holders(), Static, "trouble::LIST");
    let files = open_files();
    let mut query = case.query();
    query.time = Duration::from_secs(2);
    let done = AtomicBool::new(false);
    let found = thread::scope(|scope| {
        let _ends = Ends(&done);
        scope.spawn(|| assert!(strike(signal, &done), "there was no child"));
        case.recorder.find_holders(&query)
    });
    let Err(error @ Error::Scan { .. }) = &found else {
        panic!("{found:?}")
    };
    println!("{error}");
    assert_eq!(children(), NOBODY, "it was not reaped");
    assert_eq!(open_files(), files);
    assert_eq!(case.recorder.scan_progress(), None);
    first(&case.holders(), Static, "trouble::LIST");
}

#[test]
fn a_copy_that_is_killed_costs_an_error() {
    program(|case| a_scan_is_struck(case, libc::SIGKILL));
}

#[test]
fn a_copy_that_hangs_is_ended_and_costs_an_error() {
    program(|case| a_scan_is_struck(case, libc::SIGSTOP));
}

static HANDLED: AtomicI32 = AtomicI32::new(-1);

/// What a service does as it crashes: here it says that it was called, wherever it was.
extern "C" fn handle(_: i32) {
    let byte = [1_u8];
    // SAFETY: it writes one byte that is there, to a pipe that stays open; `write` may be called in a handler.
    unsafe { libc::write(HANDLED.load(Relaxed), byte.as_ptr().cast(), 1) };
}

#[test]
fn a_copy_that_crashes_does_not_run_the_services_handlers() {
    program(|case| {
        let (mut reader, writer) = std::io::pipe().expect("a pipe");
        HANDLED.store(writer.as_raw_fd(), Relaxed);
        for signal in [libc::SIGSEGV, libc::SIGBUS] {
            // SAFETY: the handler is a function of the right kind, which does what a handler may.
            unsafe { libc::signal(signal, handle as extern "C" fn(i32) as libc::sighandler_t) };
        }
        a_scan_is_struck(case, libc::SIGSEGV);
        drop(writer);
        let mut written = Vec::new();
        reader.read_to_end(&mut written).expect("the pipe's end");
        assert!(written.is_empty(), "the service's handler ran in its copy");
    });
}

#[test]
fn a_service_that_ignores_what_becomes_of_its_children_can_scan() {
    program(|case| {
        fill(case);
        // SAFETY: ignoring this signal has the kernel reap children, and does nothing else.
        unsafe { libc::signal(libc::SIGCHLD, libc::SIG_IGN) };
        assert!(a_static_holds(&case.find().expect("a graph")));
        first(&case.holders(), Static, "trouble::LIST");
        assert_eq!(children(), NOBODY);
    });
}

#[test]
fn without_time_a_scan_stops_at_once_and_says_so() {
    program(|case| {
        fill(case);
        let mut query = case.query();
        query.time = Duration::ZERO;
        match case.recorder.find_holders(&query) {
            Ok(graph) => assert_eq!(graph.figures.stopped, Some(Stopped::Time)),
            Err(error) => assert!(matches!(error, Error::Scan { .. }), "{error}"),
        }
        assert_eq!(children(), NOBODY);
        first(&case.holders(), Static, "trouble::LIST");
    });
}

/// Says that it is over, when it is dropped: after a failure too.
struct Ends<'a>(&'a AtomicBool);

impl Drop for Ends<'_> {
    fn drop(&mut self) {
        self.0.store(true, Relaxed);
    }
}

/// Does something while so many threads allocate and free, all sizes, as fast as they can.
pub(super) fn under_load<T>(threads: u64, work: impl FnOnce() -> T) -> T {
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let _ends = Ends(&done);
        for seed in 0..threads {
            let done = &done;
            scope.spawn(move || allocate_and_free(seed, done));
        }
        work()
    })
}

fn allocate_and_free(seed: u64, done: &AtomicBool) {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut held: Vec<Vec<u8>> = (0..2000).map(|_| Vec::new()).collect();
    while !done.load(Relaxed) {
        let size = match random.u8(..100) {
            0..90 => random.usize(1..300),
            90..99 => random.usize(300..10_000),
            _ => random.usize(10_000..200_000),
        };
        let at = random.usize(..held.len());
        held[at] = black_box(Vec::with_capacity(size));
    }
}

#[test]
fn twenty_scans_find_the_holder_while_four_threads_allocate_and_free() {
    program(|case| {
        fill(case);
        under_load(4, || {
            for _ in 0..20 {
                assert!(a_static_holds(&case.find().expect("a graph")));
            }
            // Naming takes longer than looking.
            first(&case.holders(), Static, "trouble::LIST");
        });
        assert_eq!(children(), NOBODY);
    });
}

#[test]
fn scans_that_are_asked_for_at_once_are_all_answered() {
    program(|case| {
        fill(case);
        let query = case.query();
        thread::scope(|scope| {
            let scans = [(); 3].map(|()| scope.spawn(|| case.recorder.find_holders(&query)));
            for scan in scans {
                match scan.join().expect("no panic") {
                    Ok(graph) => assert!(!graph.edges.is_empty()),
                    Err(error) => assert!(matches!(error, Error::Scan { .. }), "{error}"),
                }
            }
        });
        assert_eq!(children(), NOBODY);
        first(&case.holders(), Static, "trouble::LIST");
    });
}
