//! Roots by what they are called: those of one name are one.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use super::graph::{CodeAddress, ReferenceGraph, Root};
use super::names::{Names, Variable};
use super::report::{HolderRoot, RootKind};
use super::tidy;

/// The thread that looks for holders, and has come across all of them.
const RECORDERS_THREAD: &str = "heap-recorder";

/// Roots of one name.
#[derive(Debug, Default)]
pub(super) struct Group {
    pub(super) key: Key,
    /// The objects that they point to.
    pub(super) held: Vec<u32>,
    /// Those of them to which exact pointers point.
    pub(super) held_exactly: Vec<u32>,
    offsets: BTreeMap<u64, u64>,
    threads: BTreeSet<String>,
    /// How many of their words are on stacks that are known to be in use there, and how many may be left over.
    exact: u64,
    inexact: u64,
}

/// What makes roots one root.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    pub(super) kind: RootKind,
    pub(super) name: Option<String>,
    /// Of a stack: there, the thread is the name.
    stack_of: Option<String>,
}

impl Default for Key {
    fn default() -> Key {
        Key::of(RootKind::Unknown, None)
    }
}

impl Key {
    pub(super) fn of(kind: RootKind, name: Option<String>) -> Key {
        Key {
            kind,
            name,
            stack_of: None,
        }
    }

    /// What a root is called; nothing for those of the allocator and the recorder, its thread's among them.
    pub(super) fn of_root(graph: &ReferenceGraph, names: &Names, root: usize) -> Option<Key> {
        let variable = |kind, at: &CodeAddress| {
            let known = names.variables.get(root).and_then(Option::as_ref);
            let name = known.map_or_else(|| nameless(graph, at), |variable| variable.name.clone());
            let is_left_out =
                known.is_some_and(|variable| variable.is_allocators) || tidy::is_instruments(&name);
            (!is_left_out).then(|| Key::of(kind, Some(name)))
        };
        match &graph.roots[root] {
            Root::ThreadLocal { thread, .. } | Root::Stack { thread, .. } if thread == RECORDERS_THREAD => {
                None
            }
            Root::Static { at } => variable(RootKind::Static, at),
            Root::ThreadLocal { at, .. } => variable(RootKind::ThreadLocal, at),
            Root::Stack { thread, .. } => Some(Key {
                stack_of: Some(thread.clone()),
                ..Key::of(RootKind::Stack, None)
            }),
            Root::Outside { mapping } => Some(Key::of(RootKind::Outside, Some(mapping.clone()))),
        }
    }
}

impl Group {
    /// Whether most of its words may be left over from a call that is long done.
    pub(super) fn may_be_left_over(&self) -> bool {
        self.key.kind == RootKind::Stack && self.inexact > self.exact
    }

    pub(super) fn root(&self) -> HolderRoot {
        let usual = self
            .offsets
            .iter()
            .max_by_key(|(offset, times)| (**times, Reverse(**offset)));
        let one_thread = match &self.threads.iter().collect::<Vec<_>>()[..] {
            [thread] => Some((*thread).clone()),
            _ => None,
        };
        HolderRoot {
            kind: self.key.kind,
            name: self.key.name.clone(),
            thread: self.key.stack_of.clone().or(one_thread),
            offset: usual.map(|(offset, _)| *offset),
        }
    }
}

impl Group {
    pub(super) fn add(&mut self, root: &Root, variable: Option<&Variable>) {
        *self
            .offsets
            .entry(variable.map_or(0, |variable| variable.offset))
            .or_default() += 1;
        match root {
            Root::ThreadLocal { thread, .. } => drop(self.threads.insert(thread.clone())),
            Root::Stack { exact: true, .. } => self.exact += 1,
            Root::Stack { exact: false, .. } => self.inexact += 1,
            Root::Static { .. } | Root::Outside { .. } => {}
        }
    }

    pub(super) fn hold(&mut self, object: u32, is_exact: bool) {
        self.held.push(object);
        self.held_exactly.extend(is_exact.then_some(object));
    }

    pub(super) fn with_key((key, mut group): (Key, Group)) -> Group {
        if !matches!(key.kind, RootKind::Static | RootKind::ThreadLocal) {
            group.offsets.clear();
        }
        for held in [&mut group.held, &mut group.held_exactly] {
            held.sort_unstable();
            held.dedup();
        }
        Group { key, ..group }
    }
}

fn nameless(graph: &ReferenceGraph, at: &CodeAddress) -> String {
    let path = graph.files.get(at.file as usize).map_or("", |file| &file.path);
    let name = path.rsplit('/').next().unwrap_or(path);
    format!("{name}+{:#x}", at.address)
}
