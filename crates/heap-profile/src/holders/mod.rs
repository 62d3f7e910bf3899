//! Who holds what a site has leaked: the paths from drawn objects to a static, a thread, a task, named and counted.
//!
//! The measured process looks for references ([`ReferenceGraph`]: addresses and numbers). Naming that takes the
//! program's symbols, and belongs outside.

mod graph;
mod report;

pub use graph::{
    CodeAddress, Edge, Holder, MappedFile, Object, REFERENCE_GRAPH_VERSION, ReferenceGraph, Root,
    ScanFigures, Stopped, Task,
};
pub use report::{
    Confidence, Counts, HOLDERS_VERSION, HolderPath, HolderRoot, HolderStep, Holders, RootKind,
};
