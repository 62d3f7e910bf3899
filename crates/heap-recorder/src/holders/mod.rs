//! Who holds the survivors of a site: a reference scan over a frozen copy of the process.
//!
//! The process is copied, as by `fork`, which takes it some tens of milliseconds for each GiB. The copy looks through all
//! memory that can be written for words that point to a drawn set of survivors, then for those that point to whatever has
//! such words, and so on, up to statics, threads and tasks. What it finds goes through a pipe, as numbers; it is named
//! elsewhere.
//!
//! - `draw` chooses the objects to begin with; `places` tells what memory is known beforehand; `windows` where jemalloc may
//!   be asked
//! - `frozen` makes the copy and reaps it; `child` is what the copy does; `outcome` reads its answer
//!
//! # What it does not see
//! - Pointers that are kept in registers or by the kernel alone (what `epoll` hands back), that are not aligned, or that are
//!   changed in their high bits.
//! - What lies in memory that is shared with other processes, that cannot be written, or that `fork` does not hand on.
//! - Stacks of coroutines and of signal handlers that have a guard page below them; those of threads that began while the
//!   scan did; of a thread that went on meanwhile, what its stack got since.
//! - What the C library keeps for a thread beside its variables (`pthread_setspecific`).
//! - Thread-local variables of libraries that were loaded later than the program, and threads' data where the C library
//!   keeps no list of robust mutexes (musl).
//! - Objects in 64 MiB of addresses in which nothing was ever sampled, and whatever they hold.

mod child;
mod draw;
mod frozen;
mod outcome;
mod places;
mod progress;
mod question;
pub(crate) mod windows;

use std::{
    sync::{Mutex, PoisonError},
    thread,
    time::{Duration, Instant},
};

use heap_profile::holders::ReferenceGraph;

use crate::{Error, Label, Recorder, ctl, process, recorder::as_instrument, table::sites};
use outcome::Context;
use places::Threads;
use progress::Progress;
use question::Question;

/// Whose holders to look for, and how far.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HolderQuery {
    /// The stacks that allocated them, by their ids in the recorder's table, as the label `stack` of a snapshot has them.
    pub stacks: Vec<u32>,
    /// The operation under which they were allocated; nothing: any.
    pub operation: Option<String>,
    /// Only what was born in a cohort before this one; nothing: all.
    pub born_before: Option<u32>,
    /// How many of them to follow at most: no more than [`HolderQuery::MOST_TARGETS`] are.
    pub targets: usize,
    /// How long to look at most: no longer than [`HolderQuery::MOST_TIME`].
    pub time: Duration,
}

/// How far a reference scan is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ScanProgress {
    /// How often memory has been gone through, the pass that is under way included.
    pub pass: u32,
    /// What was read of it in this pass, in bytes.
    pub read_bytes: u64,
    /// What is resident, in bytes.
    pub resident_bytes: u64,
}

impl HolderQuery {
    /// Objects that are followed unless told otherwise.
    pub const DEFAULT_TARGETS: usize = 256;
    /// Objects that can be followed at once.
    pub const MOST_TARGETS: usize = heap_profile::holders::MOST_TARGETS;
    /// How long is looked unless told otherwise.
    pub const DEFAULT_TIME: Duration = Duration::from_secs(20);
    /// How long can be looked.
    pub const MOST_TIME: Duration = Duration::from_secs(600);

    /// All that these stacks have allocated.
    pub fn of_stacks(stacks: impl IntoIterator<Item = u32>) -> Self {
        Self {
            stacks: stacks.into_iter().collect(),
            operation: None,
            born_before: None,
            targets: Self::DEFAULT_TARGETS,
            time: Self::DEFAULT_TIME,
        }
    }
}

/// One scan at a time.
static TURN: Mutex<()> = Mutex::new(());

impl Recorder {
    /// Looks who holds what these stacks have allocated and is still alive: a bounded, evenly drawn set of it.
    ///
    /// Blocks for about a second for each resident GiB. The process itself stands still for as long as `fork` takes, and
    /// then pays for the pages that it writes to meanwhile: each is copied once. Call [`purge`](crate::purge) before:
    /// freed pages hold left-over pointers.
    ///
    /// # Errors
    /// Where nothing is recorded, no live sample fits, the process has more parts of memory than can be followed (65,536), or
    /// the copy of the process cannot be made, or does not come to its end: then nothing else has happened.
    pub fn find_holders(self, query: &HolderQuery) -> Result<ReferenceGraph, Error> {
        self.must_record()?;
        let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        // On a thread of its own: its stack, which has all the addresses, is then known not to count, and the caller's,
        // which waits, is known to.
        thread::scope(|scope| {
            // SAFETY: it asks the kernel for a number.
            let caller = unsafe { libc::gettid() };
            let look = move || Label::INSTRUMENT.within(|| look(query, caller));
            let looking = as_instrument(|| {
                thread::Builder::new()
                    .name("heap-recorder".to_owned())
                    .spawn_scoped(scope, look)
            });
            let looking = looking.map_err(|error| Error::Scan {
                reason: format!("no thread: {error}"),
            })?;
            looking.join().unwrap_or_else(|_| {
                Err(Error::Scan {
                    reason: "the thread that looks has panicked".to_owned(),
                })
            })
        })
    }

    /// How far the reference scan is that is under way; nothing where there is none.
    pub fn scan_progress(self) -> Option<ScanProgress> {
        Progress::shared()?.now()
    }
}

fn look(query: &HolderQuery, caller: libc::pid_t) -> Result<ReferenceGraph, Error> {
    let begun = Instant::now();
    let resident = process::rss()?;
    let progress = Progress::shared().ok_or(Error::OutOfMemory)?;
    progress.begin(resident);
    let _end = EndOfProgress(progress);
    let table = sites::copy().ok_or(Error::OutOfMemory)?;
    let files = places::files();
    let drawn = draw::draw(query, &table)?;
    let threads = Threads::find(caller)?;
    let survivors = drawn.survivors;
    let question = Question {
        samples: drawn.samples,
        targets: drawn.targets,
        known: places::known(&files, &threads).ok_or(Error::OutOfMemory)?,
        files: places::ranges(&files).ok_or(Error::OutOfMemory)?,
        threads: threads.threads,
        extents: ctl::ExtentQuery::find()?,
        lg_heap_page: ctl::page_size()?.ilog2(),
        lg_page: process::page_size().ilog2(),
        smallest_large: ctl::smallest_large()?,
        time: query.time.min(HolderQuery::MOST_TIME),
        progress,
    };
    let answer = frozen::ask(&question)?;
    let context = Context {
        files: &files,
        threads: &threads.names,
        waiting: &places::still_waiting(&threads.ids, &threads.waits, &question.threads),
        table: &table,
    };
    let own = crate::pages::own_bytes();
    drop(question);
    let mut graph = outcome::read(&answer.bytes, &context)?;
    graph.survivors = survivors;
    graph.figures.pause_seconds = answer.pause.as_secs_f64();
    graph.figures.resident_bytes = resident;
    graph.figures.buffer_bytes = graph.figures.buffer_bytes.saturating_sub(own);
    graph.figures.seconds = begun.elapsed().as_secs_f64();
    Ok(graph)
}

struct EndOfProgress(&'static Progress);

impl Drop for EndOfProgress {
    fn drop(&mut self) {
        self.0.end();
    }
}
