//! Small programs with known holders: who holds what they keep is found by a scan, named, and has to be right.
//!
//! Each runs alone (`child`), keeps objects that go by an operation of their own, looks for who holds them, and names what
//! was found with its own symbols. `HOLDERS_DUMP=FOLDER` writes each graph to a file there, as the scan gave it.

#![allow(unsafe_code, reason = "signals, a handler and a shared library of its own")]

mod caches;
mod chains;
mod library;
mod soak;
mod statics;
mod tasks;
mod threads;
mod trouble;
mod unheld;

use crate::{child::alone, recorder::start};
use heap_profile::{
    OBJECT_SIZE, OPERATION, STACK, Symbolizer,
    holders::{Confidence, Holder, HolderPath, Holders, ReferenceGraph, Root, RootKind},
};
use heap_recorder::{Error, HolderQuery, Label, Recorder};
use std::{any::type_name, collections::BTreeSet, env, fs, hint::black_box, path::Path};

/// The operation of what a program keeps.
const KEPT: &str = "kept";
/// Objects that a program keeps, where there is no reason for another number.
pub(super) const OBJECTS: usize = 2000;
/// Their size: with a sample in 256 bytes one in three thousand of them is not sampled.
pub(super) const BODY: usize = 2048;

/// A program that keeps something.
#[derive(Clone, Copy)]
pub(super) struct Case {
    pub(super) recorder: Recorder,
    label: Label,
}

/// Runs a program alone, with a sample in 256 bytes. `program` is a closure in the body of the test.
pub(super) fn program<F: FnOnce(Case)>(program: F) {
    // A closure goes by the function that it is in.
    let name = type_name::<F>();
    let test = name
        .strip_prefix("it::")
        .and_then(|name| name.strip_suffix("::{{closure}}"))
        .expect("a closure in a test of this crate");
    alone(test, "lg_prof_sample:8", || {
        let recorder = start();
        let label = recorder.operation(KEPT).label();
        program(Case { recorder, label });
    });
}

impl Case {
    /// What is allocated here is what is asked for later.
    pub(super) fn keep<T>(self, make: impl FnOnce() -> T) -> T {
        self.label.within(make)
    }

    /// An object that is asked for later.
    #[inline(never)]
    pub(super) fn body(self) -> Box<[u8]> {
        self.keep(|| black_box(vec![7; BODY].into_boxed_slice()))
    }

    /// [`OBJECTS`] of them.
    pub(super) fn bodies(self) -> impl Iterator<Item = Box<[u8]>> {
        (0..OBJECTS).map(move |_| self.body())
    }

    /// The stacks that allocated what the program keeps.
    pub(super) fn stacks(self) -> Vec<u32> {
        let profile = self.recorder.profile(None).expect("a profile");
        let kept = profile
            .samples
            .iter()
            .filter(|row| row.text(OPERATION) == Some(KEPT) && row.number(OBJECT_SIZE).is_some());
        let stacks = kept.map(|row| row.number(STACK).expect("a stack's id") as u32);
        stacks.collect::<BTreeSet<_>>().into_iter().collect()
    }

    /// What to ask for: all that the program keeps.
    pub(super) fn query(self) -> HolderQuery {
        let stacks = self.stacks();
        assert!(!stacks.is_empty(), "nothing was sampled");
        HolderQuery::of_stacks(stacks)
    }

    pub(super) fn find(self) -> Result<ReferenceGraph, Error> {
        let graph = self.recorder.find_holders(&self.query())?;
        if let Some(folder) = env::var_os("HOLDERS_DUMP") {
            let thread = std::thread::current();
            let name = format!(
                "holders-{}.json",
                thread.name().unwrap_or("case").replace(':', "_")
            );
            fs::write(Path::new(&folder).join(name), graph.to_json()).expect("the graph is written");
        }
        println!("{:?}", graph.figures);
        Ok(graph)
    }

    /// Who holds what the program keeps.
    pub(super) fn holders(self) -> Holders {
        let graph = self.find().expect("a graph");
        // As it comes out of another process.
        let graph = ReferenceGraph::from_json(&graph.to_json()).expect("a sound graph");
        let holders = Symbolizer::new().holders(&graph).expect("names");
        println!("{holders:#?}");
        holders
    }
}

/// The first path; it has to end at this, and hold nearly all.
#[track_caller]
pub(super) fn first(holders: &Holders, kind: RootKind, name: &str) -> HolderPath {
    let path = holders.paths.first().expect("a path");
    assert!(leads_to(path, kind, name), "{kind:?} {name}: {path:#?}");
    holds_nearly_all(holders, path);
    path.clone()
}

/// The path that ends at this; it has to hold nearly all.
#[track_caller]
pub(super) fn any(holders: &Holders, kind: RootKind, name: &str) -> HolderPath {
    let mut paths = holders.paths.iter();
    let path = paths.find(|path| leads_to(path, kind, name));
    let path = path.unwrap_or_else(|| panic!("no {kind:?} {name}: {holders:#?}"));
    holds_nearly_all(holders, path);
    path.clone()
}

fn leads_to(path: &HolderPath, kind: RootKind, name: &str) -> bool {
    let by = match kind {
        RootKind::Stack => &path.root.thread,
        _ => &path.root.name,
    };
    path.root.kind == kind && by.as_deref().unwrap_or_default().contains(name)
}

#[track_caller]
fn holds_nearly_all(holders: &Holders, path: &HolderPath) {
    assert!(holders.drawn > 0, "{holders:#?}");
    assert!(
        path.objects * 10 >= holders.drawn * 9,
        "{} of {}: {holders:#?}",
        path.objects,
        holders.drawn
    );
    assert_eq!(path.confidence, Confidence::Good, "{holders:#?}");
}

/// Whether a static variable holds an object that was looked at.
pub(super) fn a_static_holds(graph: &ReferenceGraph) -> bool {
    graph.edges.iter().any(|edge| match edge.holder {
        Holder::Root(root) => matches!(graph.roots[root as usize], Root::Static { .. }),
        Holder::Object(_) => false,
    })
}

/// The types on a path, from the objects outwards.
pub(super) fn types(path: &HolderPath) -> Vec<&str> {
    path.steps
        .iter()
        .map(|step| step.kind.as_deref().unwrap_or_default())
        .collect()
}
