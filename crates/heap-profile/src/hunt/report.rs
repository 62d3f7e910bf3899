//! What a hunt found: the data behind the report in each of its formats, and behind its published JSON schema.
//!
//! Bytes are estimates from samples, unless they are said to be counted. Rates are in bytes per unit of the load.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::holders::Holders;

/// The version of [`Report`]. It grows when a reader of the older one would misread the newer.
pub const REPORT_VERSION: u32 = 1;

/// What a hunt found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(title = "leaklab hunt report")]
pub struct Report {
    /// The version of this format.
    pub version: u32,
    /// What was hunted: a problem's id, or the operation's file.
    pub subject: String,
    /// When the warm-up began, in milliseconds since 1970.
    pub started: i64,
    /// From the first snapshot to the last, in seconds.
    pub seconds: f64,
    /// A leak if any site is, else inconclusive if any is, or if a check has failed.
    pub verdict: Verdict,
    /// What the load is counted in.
    pub unit: Unit,
    /// Growth below this is none.
    pub threshold: Threshold,
    /// How often the evidence was looked at before it was decided, or the time was up.
    pub looks: u32,
    /// What the process holds grew by over the rungs, after settling, per unit of the load: counted, not sampled.
    pub live: LiveGrowth,
    /// The fields whose sites leak, what leaks most first.
    pub fields: Vec<FieldGrowth>,
    /// The sites that were judged: leaks first, then by growth. Sites that are steady are counted in `steadySites`.
    pub sites: Vec<JudgedSite>,
    /// How many sites are steady.
    pub steady_sites: usize,
    /// The parts of the hunt, in their order.
    pub phases: Vec<PhaseFigures>,
    /// The smallest leak that this hunt would have seen.
    pub smallest_leak: SmallestLeak,
    /// About how many more units of the load would decide what is inconclusive; nothing where all is decided.
    pub units_needed: Option<u64>,
    /// Whether the method itself held up.
    pub checks: Vec<Check>,
    /// What else a reader should know: samples that were dropped, say.
    pub notes: Vec<String>,
    /// The cohort that the last rung's snapshot opened: what the rungs have left behind was born in one before it. Nothing in
    /// reports of before it was told.
    #[serde(default)]
    pub born_before: Option<u32>,
}

/// What a site does, or the whole program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Verdict {
    /// Grows with every unit of the load, or with time, and keeps it.
    Leak,
    /// Not enough evidence.
    Inconclusive,
    /// Grew, then turned over: what is old dies out.
    Plateau,
    /// One jump, in one rung.
    Step,
    /// Drained when the load stopped.
    Backlog,
    /// Nothing grew.
    Steady,
}

/// What growth is divided by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Unit {
    /// A request that was answered.
    Request,
    /// A request whose client hung up before the answer.
    CancelledRequest,
    /// An event of a subscription.
    Event,
    /// A connection that was accepted.
    Connection,
    /// A second: growth that goes on without load.
    Second,
}

/// Growth below this is none.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Threshold {
    /// Bytes per unit of the load.
    pub per_unit: f64,
    /// Bytes per second, for growth that goes on without load.
    pub per_second: f64,
}

/// Bytes per unit, and how far off that may be.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Rate {
    /// The estimate.
    pub bytes: f64,
    /// The lower end of its 95 % interval, which is valid whenever the hunt stopped.
    pub low: f64,
    /// The upper end.
    pub high: f64,
    /// Per what.
    pub unit: Unit,
}

impl Rate {
    /// To thousandths of a byte: what is beyond is noise, and is read back from a file a little otherwise.
    #[must_use]
    pub fn rounded(self) -> Rate {
        let round = |bytes: f64| (bytes * 1000.0).round() / 1000.0;
        Rate {
            bytes: round(self.bytes),
            low: round(self.low),
            high: round(self.high),
            unit: self.unit,
        }
    }
}

/// Counted growth of the live heap, by jemalloc's own figures.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LiveGrowth {
    /// From the end of the warm-up to the end of the hunt, in bytes; nothing where a snapshot has no figures.
    pub bytes: Option<i64>,
    /// The same by the samples, without what the instrument itself holds.
    pub sampled_bytes: i64,
    /// What the instrument itself grew by, by the samples.
    pub instrument_bytes: i64,
    /// `sampledBytes` per unit of the load.
    pub per_unit: Rate,
}

/// Growth of all leaking sites that one GraphQL field allocates at.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FieldGrowth {
    /// As `Parent.field`; nothing for what belongs to no field.
    pub field: Option<String>,
    /// How fast they grow together.
    pub rate: Rate,
    /// Indices into `sites`.
    pub sites: Vec<usize>,
}

/// A place that allocates, and what became of what it allocated.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct JudgedSite {
    /// Names the site in a baseline, on any machine: the whole name of the function.
    pub key: String,
    /// The function, without the bodies of closures and `async fn`s.
    pub function: String,
    /// The source file and line.
    pub place: Option<String>,
    /// Whether the function is the program's own.
    pub own: bool,
    /// Whether the growth is spread over many sites below this function, none of which leaks for itself.
    pub spread: bool,
    /// What the function called in order to allocate.
    pub through: Option<String>,
    /// The function, then its callers among the program's own code: `name (place)`, innermost first.
    pub frames: Vec<String>,
    /// The GraphQL field that most of the growth belongs to, as `Parent.field`.
    pub field: Option<String>,
    /// The type that most of the growth was allocated for.
    pub kind: Option<String>,
    /// The operations under which it was allocated, those with most growth first.
    pub operations: Vec<String>,
    /// What it does.
    pub verdict: Verdict,
    /// Why, in a few words.
    pub why: String,
    /// How fast it grows.
    pub rate: Rate,
    /// Objects per unit of the load, or per second.
    pub objects_per_unit: f64,
    /// When the oldest object was allocated that it holds and the hunt saw grow, in milliseconds since 1970.
    pub since: Option<i64>,
    /// Live bytes at each snapshot, as many as there are phases.
    pub live: Vec<i64>,
    /// Live objects at each snapshot.
    pub live_objects: Vec<i64>,
    /// For each phase, what was born in it and is still alive at the end of each phase from it on: bytes. The first
    /// row is what is older than the first snapshot.
    pub survival: Vec<Vec<i64>>,
    /// What was born in a rung and is still alive at the end, per unit; one for each rung that a later one followed.
    pub rungs: Vec<Rate>,
    /// About how many more units of the load would decide it, where it is inconclusive.
    pub units_needed: Option<u64>,
    /// Whether the baseline has it: then it does not fail the hunt.
    pub known: bool,
    /// The stacks that allocated what it holds at the last snapshot, by their ids in the recorder's table: the same in all
    /// snapshots of one process. In their order; of many, the 1,000 that hold most.
    #[serde(default)]
    pub stacks: Vec<u32>,
    /// Who holds its objects; nothing where nobody looked.
    #[serde(default)]
    pub holders: Option<Holders>,
}

/// A part of a hunt: it ends with a snapshot.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PhaseFigures {
    /// The snapshot at its end.
    pub snapshot: String,
    /// What was done.
    pub phase: Phase,
    /// How long, in seconds.
    pub seconds: f64,
    /// Units of the load, as the server counted them.
    pub units: u64,
    /// Requests that began, as the server counted them.
    pub started: u64,
    /// Requests that were answered.
    pub completed: u64,
    /// Requests whose client hung up.
    pub cancelled: u64,
    /// Events of subscriptions.
    pub events: u64,
    /// Connections that were accepted.
    pub connections: u64,
    /// What the process held at its end, in bytes; nothing where the snapshot has no figures.
    pub memory: Option<MemorySplit>,
}

/// What is done between two snapshots.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Phase {
    /// Load that is not judged: what is made once is made now.
    WarmUp,
    /// Load that is judged.
    Rung,
    /// No load: what is under way ends, what is put off is done.
    Settle,
    /// No load: what grows now grows by time.
    Idle,
}

/// The resident memory, three ways. All counted, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MemorySplit {
    /// Allocated and not freed.
    pub live: u64,
    /// Kept by the allocator, for reuse or for itself.
    pub held_by_allocator: u64,
    /// Not the allocator's.
    pub outside: u64,
}

/// The smallest leak that would have been seen with a probability of 95 %.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SmallestLeak {
    /// Bytes per unit of the load; nothing before there is enough load to see any.
    pub per_unit: Option<f64>,
    /// Bytes per second, without load; nothing before there was any time without load.
    pub per_second: Option<f64>,
}

/// A check of the method itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Check {
    /// Which one.
    pub name: CheckName,
    /// Whether it held.
    pub passed: bool,
    /// What was expected, and what was found.
    pub message: String,
}

/// The checks there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum CheckName {
    /// Without load there were no requests, and nothing grew per unit of a load that was not there.
    IdleRound,
    /// The growth that was planted in the server was found, and its rate is right.
    PlantedControl,
    /// What the samples say grew is what the allocator counted.
    Accounted,
}
