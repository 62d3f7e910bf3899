//! What the load did: requests, events and connections, by operation and cohort.
//!
//! A cohort is the time between two snapshots. Counters run for the current one; opening the next takes them as they
//! are, and sets them back, so that nothing is counted twice or lost.

use std::{
    cell::Cell,
    collections::{HashMap, VecDeque},
    hash::Hasher as _,
    sync::{
        Mutex, MutexGuard, PoisonError, RwLock,
        atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering::Relaxed},
    },
    time::Instant,
};

use rustc_hash::FxHasher;

use heap_profile::{Cohort, INSTRUMENT, OTHER, Requests};

use crate::{Label, clock};

/// Operations that are told apart unless told otherwise.
pub(crate) const DEFAULT_LIMIT: usize = 1024;
/// The most operations that a label has room for.
const MOST: usize = 4095;
/// Characters of a name that are kept: names come from clients.
const NAME_LENGTH: usize = 128;
/// Slots of each thread's cache of operations.
const CACHE: usize = 64;
/// Cohorts that are remembered.
const COHORTS_KEPT: usize = 256;
/// Operations before the first named one: none, other, instrument.
const RESERVED: [&str; 3] = ["", OTHER, INSTRUMENT];

static LIMIT: AtomicUsize = AtomicUsize::new(DEFAULT_LIMIT);
static COHORT: AtomicU32 = AtomicU32::new(0);
static CONNECTIONS: AtomicU64 = AtomicU64::new(0);
static OVERFLOW: AtomicU64 = AtomicU64::new(0);
static OPERATIONS: RwLock<Option<Operations>> = RwLock::new(None);
static HISTORY: Mutex<Option<History>> = Mutex::new(None);

/// A GraphQL operation by its name: what requests are counted under, and labelled with.
#[derive(Debug, Clone, Copy)]
pub struct Operation(&'static Entry);

#[derive(Debug)]
struct Entry {
    name: Box<str>,
    label: Label,
    started: AtomicU64,
    completed: AtomicU64,
    cancelled: AtomicU64,
    events: AtomicU64,
}

struct Operations {
    entries: Vec<&'static Entry>,
    by_name: HashMap<&'static str, &'static Entry>,
}

struct History {
    closed: VecDeque<Cohort>,
    opened: Instant,
    opened_nanos: i64,
}

/// Sets the bound on operations.
pub(crate) fn configure(operations: usize) {
    LIMIT.store(operations.min(MOST - RESERVED.len()) + RESERVED.len(), Relaxed);
    drop(history());
}

/// Counts an accepted connection.
pub(crate) fn count_connection() {
    CONNECTIONS.fetch_add(1, Relaxed);
}

/// Requests that go by the operation [`OTHER`].
pub(crate) fn overflow() -> u64 {
    OVERFLOW.load(Relaxed)
}

thread_local! {
    /// The operations that this thread has seen, each in a place by its name: most requests ask for few.
    static SEEN: [Cell<Option<&'static Entry>>; CACHE] = const { [const { Cell::new(None) }; CACHE] };
}

impl Operation {
    /// An operation by its name, of which the first 128 characters count. Where the table is full it is the one that
    /// goes by `(other)`.
    pub fn named(name: &str) -> Self {
        let name = shortened(name);
        let mut hasher = FxHasher::default();
        hasher.write(name.as_bytes());
        let slot = hasher.finish() as usize % CACHE;
        SEEN.with(|seen| {
            if let Some(entry) = seen[slot].get().filter(|entry| *entry.name == *name) {
                return Self(entry);
            }
            let entry = Label::INSTRUMENT.within(|| enter(name));
            if *entry.name == *name {
                seen[slot].set(Some(entry));
            } else {
                OVERFLOW.fetch_add(1, Relaxed);
            }
            Self(entry)
        })
    }

    /// What to allocate under.
    pub fn label(self) -> Label {
        self.0.label
    }

    /// Counts an execution that begins.
    pub fn start(self) -> Execution {
        self.0.started.fetch_add(1, Relaxed);
        Execution(Some(self))
    }

    /// Counts an event of a subscription.
    pub fn count_event(self) {
        self.0.events.fetch_add(1, Relaxed);
    }
}

/// An execution under way. Dropped before it was completed, it counts as cancelled.
#[derive(Debug)]
#[must_use = "dropped, it counts as cancelled"]
pub struct Execution(Option<Operation>);

impl Execution {
    /// Counts the execution as completed.
    pub fn complete(mut self) {
        if let Some(operation) = self.0.take() {
            operation.0.completed.fetch_add(1, Relaxed);
        }
    }
}

impl Drop for Execution {
    fn drop(&mut self) {
        if let Some(operation) = self.0.take() {
            operation.0.cancelled.fetch_add(1, Relaxed);
        }
    }
}

/// The number of the current cohort.
pub(crate) fn cohort() -> u32 {
    COHORT.load(Relaxed)
}

/// Closes the current cohort and opens the next.
pub(crate) fn open_cohort() -> u32 {
    let mut history = history();
    let history = history.get_or_insert_with(History::begin);
    let closed = history.current(|counter| counter.swap(0, Relaxed));
    history.closed.push_back(closed);
    if history.closed.len() > COHORTS_KEPT {
        history.closed.pop_front();
    }
    (history.opened, history.opened_nanos) = (Instant::now(), clock::now_nanos());
    COHORT.fetch_add(1, Relaxed) + 1
}

/// All cohorts that are remembered, the oldest first, the current one last and as it is so far.
pub(crate) fn cohorts() -> Vec<Cohort> {
    let mut history = history();
    let history = history.get_or_insert_with(History::begin);
    let current = history.current(|counter| counter.load(Relaxed));
    history.closed.iter().cloned().chain([current]).collect()
}

/// The name of a label's operation; nothing for [`Label::NONE`].
pub(crate) fn name_of(label: Label) -> Option<&'static str> {
    let position = label.operation_position();
    // Known before anybody has named an operation.
    if let Some(name) = RESERVED.get(position) {
        return Some(*name).filter(|name| !name.is_empty());
    }
    let operations = OPERATIONS.read().unwrap_or_else(PoisonError::into_inner);
    operations
        .as_ref()?
        .entries
        .get(position)
        .map(|entry| &*entry.name)
}

impl History {
    fn begin() -> Self {
        Self {
            closed: VecDeque::new(),
            opened: Instant::now(),
            opened_nanos: clock::now_nanos(),
        }
    }

    fn current(&self, take: impl Fn(&AtomicU64) -> u64) -> Cohort {
        let operations = OPERATIONS.read().unwrap_or_else(PoisonError::into_inner);
        let entries = operations.as_ref().map_or(&[][..], |all| &all.entries);
        let counted = entries.iter().map(|entry| {
            let requests = Requests {
                started: take(&entry.started),
                completed: take(&entry.completed),
                cancelled: take(&entry.cancelled),
                events: take(&entry.events),
            };
            (entry.name.to_string(), requests)
        });
        Cohort {
            number: cohort(),
            opened_nanos: self.opened_nanos,
            duration_nanos: u64::try_from(self.opened.elapsed().as_nanos()).unwrap_or(u64::MAX),
            connections: take(&CONNECTIONS),
            operations: counted
                .filter(|(_, requests)| *requests != Requests::default())
                .collect(),
        }
    }
}

/// Locks the history, begun if need be.
fn history() -> MutexGuard<'static, Option<History>> {
    let mut history = HISTORY.lock().unwrap_or_else(PoisonError::into_inner);
    history.get_or_insert_with(History::begin);
    history
}

fn shortened(name: &str) -> &str {
    if name.len() <= NAME_LENGTH {
        return name;
    }
    let end = name.char_indices().nth(NAME_LENGTH);
    end.map_or(name, |(end, _)| &name[..end])
}

/// Finds a name, or enters it; the entry of [`Label::OTHER`] where the table is full. Entries live as long as the process,
/// and are bounded.
fn enter(name: &str) -> &'static Entry {
    let operations = OPERATIONS.read().unwrap_or_else(PoisonError::into_inner);
    if let Some(entry) = operations.as_ref().and_then(|all| all.find(name)) {
        return entry;
    }
    drop(operations);
    let mut operations = OPERATIONS.write().unwrap_or_else(PoisonError::into_inner);
    let operations = operations.get_or_insert_with(Operations::begin);
    operations.find(name).unwrap_or_else(|| operations.push(name))
}

impl Operations {
    fn begin() -> Self {
        let mut begun = Self {
            entries: Vec::new(),
            by_name: HashMap::new(),
        };
        for name in RESERVED {
            begun.push(name);
        }
        begun
    }

    /// The entry that a name goes by; nothing where it is new and there is room.
    fn find(&self, name: &str) -> Option<&'static Entry> {
        let other = || {
            let is_full = self.entries.len() >= LIMIT.load(Relaxed);
            is_full.then(|| self.entries[Label::OTHER.operation_position()])
        };
        self.by_name.get(name).copied().or_else(other)
    }

    fn push(&mut self, name: &str) -> &'static Entry {
        let entry: &'static Entry = Box::leak(Box::new(Entry {
            name: name.into(),
            label: Label::of_operation(self.entries.len()),
            started: AtomicU64::new(0),
            completed: AtomicU64::new(0),
            cancelled: AtomicU64::new(0),
            events: AtomicU64::new(0),
        }));
        self.entries.push(entry);
        self.by_name.insert(&entry.name, entry);
        entry
    }
}
