//! Who holds what a site has leaked: the paths from drawn objects to a static, a thread, a task, named and counted.
//!
//! The measured process looks for references ([`ReferenceGraph`]: addresses and numbers). Naming that takes the
//! program's symbols, and belongs outside: [`Symbolizer::holders`](crate::Symbolizer::holders) does both halves of it,
//! `naming` (from addresses to [`Names`]) and `paths` ([`holders`]: who holds the objects, and by which way).

mod exact;
mod graph;
mod groups;
mod kinds;
mod lists;
mod lost;
mod names;
mod naming;
mod paths;
mod rank;
mod reach;
mod report;
mod tasks;
mod tidy;
mod walk;
mod web;

pub use exact::is_table;
pub use graph::{
    CodeAddress, Edge, Holder, MOST_TARGETS, MappedFile, Object, REFERENCE_GRAPH_VERSION, ReferenceGraph,
    Root, ScanFigures, Stopped, Task,
};
pub use names::{Names, Variable};
pub use paths::holders;
pub use report::{
    Confidence, Counts, HOLDERS_VERSION, HolderPath, HolderRoot, HolderStep, Holders, RootKind,
};
