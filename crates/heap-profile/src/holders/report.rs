//! Who holds a site's objects: the data behind each format that it is printed in.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::graph::ScanFigures;

/// The version of [`Holders`]. It grows when a reader of the older one would misread the newer.
pub const HOLDERS_VERSION: u32 = 1;

/// Who holds the objects of a site.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Holders {
    /// The version of this format.
    pub version: u32,
    /// How many objects were drawn, and followed.
    pub drawn: u64,
    /// How many survivors they were drawn from: samples of the site.
    pub survivors: u64,
    /// The paths: the one that holds most of the objects first. An object may be held by several.
    pub paths: Vec<HolderPath>,
    /// What else a reader should know: where the evidence is thin, and what the search could not see.
    pub notes: Vec<String>,
    /// How far the search went, and what it cost.
    pub scan: ScanFigures,
}

/// A way from objects to what keeps them alive.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct HolderPath {
    /// From the objects outwards: the first step is the objects themselves.
    pub steps: Vec<HolderStep>,
    /// What it ends at.
    pub root: HolderRoot,
    /// How many of the drawn objects it holds.
    pub objects: u64,
    /// How far that can be trusted.
    pub confidence: Confidence,
}

/// Objects of one kind on a path.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct HolderStep {
    /// Their type, where it is known: from the stacks of those that were sampled, or from a vtable.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// The usable size of one of them in bytes: the most usual one.
    pub bytes: u64,
    /// How many objects in a row hold each other, of this kind: 1, or the length of the chain.
    pub times: u64,
    /// How many different objects there are at this step, over all drawn objects of the path.
    pub distinct: u64,
    /// The counts of its block, the most usual ones, if its type is an `Arc` or `Rc`.
    pub counts: Option<Counts>,
    /// Whether `Weak` pointers alone keep the block, the value being gone.
    pub weak_only: bool,
}

/// The counts of an `Arc` or `Rc`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Counts {
    /// Strong pointers.
    pub strong: u64,
    /// `Weak` pointers.
    pub weak: u64,
}

/// What a path ends at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct HolderRoot {
    /// What kind of thing.
    pub kind: RootKind,
    /// Of a static or thread-local its name; of a task its future's type; of memory elsewhere its mapping.
    pub name: Option<String>,
    /// The name of the thread, of a thread-local or a stack.
    pub thread: Option<String>,
    /// How many bytes into the static or thread-local the pointer is.
    pub offset: Option<u64>,
}

/// The kinds of what a path ends at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum RootKind {
    /// A static variable.
    Static,
    /// A task of tokio.
    Task,
    /// A thread-local variable.
    ThreadLocal,
    /// A thread's stack.
    Stack,
    /// Memory that is not the allocator's: the C library's heap, say.
    Outside,
    /// Nothing: the objects hold each other in a circle.
    UnreachableCycle,
    /// Nothing: nobody points to them. `mem::forget`, `Box::leak`, `into_raw` do this.
    Unreachable,
    /// The search ended before it found out.
    Unknown,
}

/// How far a path can be trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Confidence {
    /// Most of the drawn objects agree.
    Good,
    /// A part of them, or few were drawn.
    Thin,
    /// Hardly any: a left-over pointer could look the same.
    Poor,
}
