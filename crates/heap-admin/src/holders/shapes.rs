//! The parts of what a reference scan found, as GraphQL shows them.

use async_graphql::{Enum, SimpleObject};
use heap_profile::holders::{
    Confidence, Counts, HolderPath as Path, HolderRoot as Root, HolderStep as Step, RootKind,
    ScanFigures as Figures, Stopped,
};
use heap_recorder::ScanProgress;

use crate::scalars::Bytes;

/// A way from objects to what keeps them alive
#[derive(Debug, Clone, PartialEq, SimpleObject)]
pub struct HolderPath {
    /// From the objects outwards: the first step is the objects themselves
    pub steps: Vec<HolderStep>,
    /// What it ends at
    pub root: HolderRoot,
    /// How many of the drawn objects it holds
    pub objects: u64,
    /// How far that can be trusted
    pub confidence: HolderConfidence,
}

/// Objects of one kind on a path
#[derive(Debug, Clone, PartialEq, SimpleObject)]
pub struct HolderStep {
    /// Their type, where it is known
    #[graphql(name = "type")]
    pub kind: Option<String>,
    /// The usable size of one of them: the most usual one
    pub bytes: Bytes,
    /// How many objects in a row hold each other, of this kind: 1, or the length of the chain
    pub times: u64,
    /// How many different objects there are at this step, over all drawn objects of the path
    pub distinct: u64,
    /// The counts of its block, the most usual ones, if its type is an Arc or Rc
    pub counts: Option<HolderCounts>,
    /// Whether Weak pointers alone keep the block, the value being gone
    pub weak_only: bool,
}

/// The counts of an Arc or Rc
#[derive(Debug, Clone, Copy, PartialEq, Eq, SimpleObject)]
pub struct HolderCounts {
    /// Strong pointers
    pub strong: u64,
    /// Weak pointers
    pub weak: u64,
}

/// What a path ends at
#[derive(Debug, Clone, PartialEq, Eq, SimpleObject)]
pub struct HolderRoot {
    /// What kind of thing
    pub kind: HolderRootKind,
    /// Of a static or thread-local its name; of a task its future's type; of memory elsewhere its mapping
    pub name: Option<String>,
    /// The name of the thread, of a thread-local or a stack
    pub thread: Option<String>,
    /// How far into the static or thread-local the pointer is
    pub offset: Option<Bytes>,
}

/// The kinds of what a path ends at
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "RootKind")]
pub enum HolderRootKind {
    /// A static variable
    Static,
    /// A task of tokio
    Task,
    /// A thread-local variable
    ThreadLocal,
    /// A thread's stack
    Stack,
    /// Memory that is not the allocator's: the C library's heap, say
    Outside,
    /// Nothing: the objects hold each other in a circle
    UnreachableCycle,
    /// Nothing: nobody points to them, as after mem::forget, Box::leak and into_raw
    Unreachable,
    /// The scan ended before it found out
    Unknown,
}

/// How far a path can be trusted
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "Confidence")]
pub enum HolderConfidence {
    /// Most of the drawn objects agree
    Good,
    /// A part of them, or few were drawn
    Thin,
    /// Hardly any: a left-over pointer could look the same
    Poor,
}

/// How far a reference scan went, and what it cost
#[derive(Debug, Clone, Copy, PartialEq, SimpleObject)]
pub struct ScanFigures {
    /// How long the process stood still, in seconds
    pub pause_seconds: f64,
    /// From the beginning to the end, in seconds
    pub seconds: f64,
    /// What was resident
    pub resident_bytes: Bytes,
    /// What was read; what was read twice counts twice
    pub read_bytes: Bytes,
    /// How often memory was gone through
    pub passes: u32,
    /// What the scan took for itself
    pub buffer_bytes: Bytes,
    /// What was copied since the process went on to write to it meanwhile; null where the kernel does not say
    pub copied_bytes: Option<Bytes>,
    /// Why the scan ended before all was found, if it did
    pub stopped: Option<ScanStopped>,
}

/// Why a reference scan ended early
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "Stopped")]
pub enum ScanStopped {
    /// It went as far from the objects as it may
    Levels,
    /// It took as long as it may
    Time,
    /// It found as many objects as it may
    Objects,
}

/// How far a reference scan is
#[derive(Debug, Clone, Copy, PartialEq, Eq, SimpleObject)]
pub struct HolderScanProgress {
    /// How often memory has been gone through, the pass that is under way included
    pub pass: u32,
    /// What was read of it in this pass
    pub read_bytes: Bytes,
    /// What is resident
    pub resident_bytes: Bytes,
}

impl From<Path> for HolderPath {
    fn from(path: Path) -> Self {
        Self {
            steps: path.steps.into_iter().map(HolderStep::from).collect(),
            root: path.root.into(),
            objects: path.objects,
            confidence: path.confidence.into(),
        }
    }
}

impl From<Step> for HolderStep {
    fn from(step: Step) -> Self {
        let counts = |Counts { strong, weak }| HolderCounts { strong, weak };
        Self {
            kind: step.kind,
            bytes: Bytes(step.bytes),
            times: step.times,
            distinct: step.distinct,
            counts: step.counts.map(counts),
            weak_only: step.weak_only,
        }
    }
}

impl From<Root> for HolderRoot {
    fn from(root: Root) -> Self {
        Self {
            kind: root.kind.into(),
            name: root.name,
            thread: root.thread,
            offset: root.offset.map(Bytes),
        }
    }
}

impl From<Figures> for ScanFigures {
    fn from(figures: Figures) -> Self {
        Self {
            pause_seconds: figures.pause_seconds,
            seconds: figures.seconds,
            resident_bytes: Bytes(figures.resident_bytes),
            read_bytes: Bytes(figures.read_bytes),
            passes: figures.passes,
            buffer_bytes: Bytes(figures.buffer_bytes),
            copied_bytes: figures.copied_bytes.map(Bytes),
            stopped: figures.stopped.map(ScanStopped::from),
        }
    }
}

impl From<ScanProgress> for HolderScanProgress {
    fn from(progress: ScanProgress) -> Self {
        Self {
            pass: progress.pass,
            read_bytes: Bytes(progress.read_bytes),
            resident_bytes: Bytes(progress.resident_bytes),
        }
    }
}
