//! [`Recorder`]: starts the recording, says what it does, and takes snapshots.
//!
//! jemalloc and its hooks are one for the whole process, and so is the recorder: all handles are the same one.

use std::{
    sync::{
        Mutex, OnceLock, PoisonError,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::SystemTime,
};

use heap_profile::Dropped;

use crate::{
    Error, Label, Operation, ProfilerState, Recording, Status, Unwinder, clock, ctl, forks, hooks, label,
    load, pages, profiler,
    table::{
        samples::{self, Totals},
        sites,
    },
    unwind::{self, Backtrace, check},
};

/// The finest interval that can be set: finer, each sampled object's page of its own would be the whole heap.
pub const LEAST_INTERVAL: u64 = 256;
/// The coarsest interval that can be set: 1 GiB.
pub const MOST_INTERVAL: u64 = 1 << 30;

/// The recorder of this process. Cheap to copy; all copies are the same one.
///
/// ```
/// # #[global_allocator]
/// # static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;
/// heap_recorder::malloc_conf!("prof:true,prof_active:true,lg_prof_sample:16");
///
/// # fn main() -> Result<(), heap_recorder::Error> {
/// let recorder = heap_recorder::Recorder::builder().start();
/// println!("{}", recorder.status());
/// let books = recorder.operation("Books").label().within(|| vec![0_u8; 1 << 20]);
/// let snapshot = recorder.snapshot(None)?;
/// # drop((books, snapshot));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Recorder {
    state: &'static State,
}

/// How much the recorder may keep. What does not fit is counted, and told in each snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Live samples, at some 60 bytes each: 1,048,576 unless told otherwise.
    pub samples: usize,
    /// Distinct stacks, at some 300 bytes each, at most 16,777,216: 65,536 unless told otherwise.
    pub stacks: usize,
    /// Operations that are told apart, at most 4,092: 1,024 unless told otherwise.
    pub operations: usize,
}

/// Starts the [`Recorder`].
#[derive(Debug, Clone, Default)]
pub struct RecorderBuilder {
    bounds: Bounds,
    stock: bool,
    shared: bool,
}

#[derive(Debug)]
struct State {
    recording: Recording,
    process: String,
    /// Whether jemalloc gets to know stacks.
    shared: bool,
    /// Whether stacks are taken by jemalloc's own unwinder for the time being.
    stock: AtomicBool,
}

static STATE: OnceLock<State> = OnceLock::new();
/// One change of jemalloc's settings at a time.
static SETTINGS: Mutex<()> = Mutex::new(());

impl Default for Bounds {
    fn default() -> Self {
        Self {
            samples: samples::DEFAULT_LIMIT,
            stacks: sites::DEFAULT_LIMIT,
            operations: load::DEFAULT_LIMIT,
        }
    }
}

impl RecorderBuilder {
    /// How much the recorder may keep. Bounds of 0 are taken for 1.
    #[must_use]
    pub fn bounds(mut self, bounds: Bounds) -> Self {
        self.bounds = bounds;
        self
    }

    /// Has jemalloc's own unwinder take the stacks, also where frame pointers would do.
    #[must_use]
    pub fn stock_unwinder(mut self) -> Self {
        self.stock = true;
        self
    }

    /// Lets jemalloc keep each stack too, for its own dumps ([`dump`](crate::dump), `prof.dump`). Otherwise those have no
    /// stacks while the recorder runs, and a sample costs half as much.
    #[must_use]
    pub fn share_stacks(mut self) -> Self {
        self.shared = true;
        self
    }

    /// Starts to record, and returns when it does. To be called first thing in `main`: what was sampled before is not
    /// in the table.
    ///
    /// It never fails: where there is nothing to record from, [`Recorder::status`] says so, and everything else
    /// that needs no samples works. A second start changes nothing.
    pub fn start(self) -> Recorder {
        let state = STATE.get_or_init(|| self.begin());
        Recorder { state }
    }

    fn begin(self) -> State {
        clock::start();
        load::configure(self.bounds.operations.max(1));
        let recording = match profiler() {
            ProfilerState::Absent { .. } => Recording::Absent,
            ProfilerState::Active { sample_interval } | ProfilerState::Inactive { sample_interval } => {
                match self.install(sample_interval) {
                    Ok(unwinder) => Recording::On(unwinder),
                    Err(error) => Recording::Refused {
                        reason: error.to_string(),
                    },
                }
            }
        };
        let started = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
        State {
            recording,
            process: format!("{}@{}", std::process::id(), started.as_nanos()),
            shared: self.shared,
            stock: AtomicBool::new(self.stock),
        }
    }

    /// All of it or nothing: where jemalloc refuses something in the middle, it goes on to call what it called before.
    fn install(&self, interval: u64) -> Result<Unwinder, Error> {
        samples::configure(
            self.bounds.samples.max(1),
            ctl::page_size()? as usize,
            ctl::smallest_large()?,
        );
        sites::configure(self.bounds.stacks.max(1));
        hooks::note_interval(interval.ilog2() as u8);
        forks::watch()?;
        let before = ctl::Hooks::now()?;
        let hooked = self.hook_up(interval, before.backtrace);
        if hooked.is_err() {
            before.put_back();
            hooks::note_kept_stacks(false);
        }
        hooked
    }

    /// Has jemalloc call the recorder; `stock` is its own unwinder.
    fn hook_up(&self, interval: u64, stock: Backtrace) -> Result<Unwinder, Error> {
        unwind::note_stock(stock);
        let checked = check::compare(interval, |both, sample| {
            ctl::set_backtrace_hook(both)?;
            sample();
            ctl::set_backtrace_hook(stock)
        })?;
        let unwinder = match checked {
            Ok(()) => Unwinder::FramePointers,
            Err(incomplete) => Unwinder::Incomplete(incomplete),
        };
        let by_stock = self.stock || unwinder != Unwinder::FramePointers;
        ctl::set_backtrace_hook(backtrace(by_stock, self.shared, stock))?;
        hooks::note_kept_stacks(!self.shared);
        // The other way round, an object could come and go between the two, and stay in the table.
        ctl::set_sample_free_hook(hooks::freed)?;
        ctl::set_sample_hook(hooks::sampled)?;
        Ok(unwinder)
    }
}

impl Recorder {
    /// A builder with the defaults.
    pub fn builder() -> RecorderBuilder {
        RecorderBuilder::default()
    }

    /// The recorder, where it was started.
    pub fn running() -> Option<Self> {
        STATE.get().map(|state| Self { state })
    }

    /// What it is doing. Waits for nobody in a fork, where the tables are not looked at.
    pub fn status(self) -> Status {
        let recording = match self.state.recording() {
            Recording::On(Unwinder::FramePointers) if self.state.stock.load(Relaxed) => {
                Recording::On(Unwinder::Stock)
            }
            recording => recording.clone(),
        };
        let (totals, dropped) = match recording {
            Recording::Forked => Default::default(),
            _ => {
                let totals = samples::totals();
                (totals, dropped(&totals))
            }
        };
        Status {
            profiler: profiler(),
            recording,
            live_samples: totals.live,
            own_bytes: pages::own_bytes(),
            dropped,
            cohort: load::cohort(),
        }
    }

    /// An operation by its name, to count requests under and to label them with.
    pub fn operation(self, name: &str) -> Operation {
        Operation::named(name)
    }

    /// Counts an accepted connection.
    pub fn count_connection(self) {
        load::count_connection();
    }

    /// Sets the mean number of allocated bytes from one sample to the next. Samples that are there keep the weight that
    /// they were drawn with; each thread's next one still comes by the old interval.
    ///
    /// Blocks for some 200 milliseconds, and threads that free a sampled object meanwhile wait as long. jemalloc 5.3.1 would
    /// crash the process where the interval changes in the middle of such a free. So new ones wait, and those that are under
    /// way get the time to end: as much as a thread may be held up for where processors are short, as under a quota of the
    /// cgroup, whose periods take 100 milliseconds.
    ///
    /// # Errors
    /// Where `bytes` is no power of two from [`LEAST_INTERVAL`] to [`MOST_INTERVAL`], or nothing is recorded.
    pub fn set_sample_interval(self, bytes: u64) -> Result<(), Error> {
        if !bytes.is_power_of_two() || !(LEAST_INTERVAL..=MOST_INTERVAL).contains(&bytes) {
            return Err(Error::Interval { given: bytes });
        }
        self.must_record()?;
        let _turn = SETTINGS.lock().unwrap_or_else(PoisonError::into_inner);
        let exponent = bytes.ilog2() as u8;
        hooks::change_interval(exponent, || ctl::set_sample_interval(exponent))
    }

    /// Switches sampling on or off. What is in the table stays there until it is freed.
    ///
    /// # Errors
    /// Where nothing is recorded.
    pub fn set_active(self, active: bool) -> Result<(), Error> {
        self.must_record()?;
        ctl::set_active(active)
    }

    /// Takes stacks by jemalloc's own unwinder from now on, or by frame pointers again where they were found to do.
    ///
    /// # Errors
    /// Where nothing is recorded, or frame pointers do not lead through this program.
    pub fn use_stock_unwinder(self, stock: bool) -> Result<(), Error> {
        self.must_record()?;
        if let (false, Recording::On(Unwinder::Incomplete(why))) = (stock, self.state.recording()) {
            return Err(Error::FramePointers(why.clone()));
        }
        let _turn = SETTINGS.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(jemalloc) = unwind::stock_hook() {
            ctl::set_backtrace_hook(backtrace(stock, self.state.shared, jemalloc))?;
        }
        self.state.stock.store(stock, Relaxed);
        Ok(())
    }

    /// Which process this is: its id and when the recorder was started.
    pub(crate) fn process(self) -> &'static str {
        &self.state.process
    }

    /// Fails unless allocations are recorded.
    pub(crate) fn must_record(self) -> Result<(), Error> {
        match self.state.recording() {
            Recording::On(_) => Ok(()),
            Recording::Absent => Err(Error::NotProfiling(profiler())),
            Recording::Forked => Err(Error::Forked),
            Recording::Refused { reason } => Err(Error::Hooks {
                reason: reason.clone(),
            }),
        }
    }
}

impl State {
    fn recording(&self) -> &Recording {
        if forks::is_one() && matches!(self.recording, Recording::On(_)) {
            return &Recording::Forked;
        }
        &self.recording
    }
}

/// The hook that takes stacks: by which unwinder, and whether jemalloc gets to know them.
fn backtrace(by_stock: bool, shared: bool, jemalloc: Backtrace) -> Backtrace {
    match (by_stock, shared) {
        (true, true) => jemalloc,
        (true, false) => unwind::keep_stock,
        (false, true) => unwind::by_frame_pointers,
        (false, false) => unwind::keep_by_frame_pointers,
    }
}

/// What did not fit, of all kinds; `totals` are those of the samples.
pub(crate) fn dropped(totals: &Totals) -> Dropped {
    let (stackless, unlabelled) = sites::dropped();
    Dropped {
        samples: totals.dropped,
        stacks: stackless,
        labels: unlabelled + load::overflow() + label::overflow(),
    }
}

/// What the recorder itself allocates goes by its own label.
pub(crate) fn as_instrument<T>(work: impl FnOnce() -> T) -> T {
    Label::INSTRUMENT.within(work)
}
