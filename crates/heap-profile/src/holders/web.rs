//! A graph as it is walked: who holds an object, whom it holds, and roots of one name as one.
//!
//! Left out is what says nothing: words of an object to itself, roots of the allocator and the recorder, and whatever
//! holds a task that is not complete, which is a root.

use std::collections::{BTreeMap, BTreeSet};

use rustc_hash::FxHashMap;

use super::graph::{CodeAddress, Edge, Holder, Object, ReferenceGraph, Root};
use super::names::Names;
use super::report::{HolderRoot, RootKind};
use super::tidy;

pub(super) struct Web {
    /// Of each object, who holds it: not the roots.
    pub(super) holders: Lists,
    /// Of each object, whom it holds.
    pub(super) held: Lists,
    /// Objects that point to their own beginning.
    pub(super) hold_themselves: Vec<bool>,
    /// How many words point to each object's beginning.
    pub(super) pointers: Vec<u64>,
    /// The roots, in the order of their names.
    pub(super) groups: Vec<Group>,
}

/// A link between two objects.
#[derive(Debug, Clone, Copy)]
pub(super) struct Link {
    /// The other object.
    pub(super) object: u32,
    /// See [`Edge::chain`](super::Edge::chain).
    pub(super) chain: u64,
}

/// Roots of one name.
#[derive(Debug, Default)]
pub(super) struct Group {
    pub(super) key: Key,
    /// The objects that they point to.
    pub(super) held: Vec<u32>,
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
    fn of(kind: RootKind, name: Option<String>) -> Key {
        Key {
            kind,
            name,
            stack_of: None,
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
            .max_by_key(|(offset, times)| (**times, std::cmp::Reverse(**offset)));
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

impl Web {
    /// The futures are those of [`tasks`](super::tasks).
    pub(super) fn of(graph: &ReferenceGraph, names: &Names, futures: &FxHashMap<u32, String>) -> Web {
        let task = |object: u32| Key::of(RootKind::Task, futures.get(&object).cloned());
        let mut links = BTreeMap::new();
        let mut pointers = vec![0; graph.objects.len()];
        let mut hold_themselves = vec![false; graph.objects.len()];
        let mut groups: BTreeMap<Key, Group> = BTreeMap::new();
        for edge in &graph.edges {
            let held = edge.held as usize;
            pointers[held] += u64::from(edge.into == 0 && !is_left_out(graph, names, edge));
            match edge.holder {
                Holder::Object(holder) if holder == edge.held => hold_themselves[held] |= edge.into == 0,
                // Its holder is the runtime.
                _ if is_running(&graph.objects[held]) => {}
                Holder::Object(holder) if is_running(&graph.objects[holder as usize]) => {
                    let key = task(holder);
                    groups.entry(key).or_default().held.push(edge.held);
                }
                Holder::Object(holder) => {
                    let chain: &mut u64 = links.entry((edge.held, holder)).or_default();
                    *chain = edge.chain.max(*chain);
                }
                Holder::Root(root) => {
                    let root = root as usize;
                    if let Some(key) = key(graph, names, root) {
                        let group = groups.entry(key).or_default();
                        group.add(
                            &graph.roots[root],
                            names.variables.get(root).and_then(Option::as_ref),
                        );
                        group.held.push(edge.held);
                    }
                }
            }
        }
        for target in &graph.targets {
            if is_running(&graph.objects[*target as usize]) {
                let key = task(*target);
                groups.entry(key).or_default().held.push(*target);
            }
        }
        let up = links
            .iter()
            .map(|((held, holder), chain)| (*held, *holder, *chain));
        let down = links
            .iter()
            .map(|((held, holder), chain)| (*holder, *held, *chain));
        Web {
            holders: Lists::of(graph.objects.len(), up),
            held: Lists::of(graph.objects.len(), down),
            hold_themselves,
            pointers,
            groups: groups.into_iter().map(Group::with_key).collect(),
        }
    }

    /// How far each object is from the nearest of these, which have 1, by who holds it; [`FAR`] where it is not held by
    /// any of them.
    pub(super) fn distances(&self, from: impl Iterator<Item = u32>) -> Vec<u32> {
        let mut distances = vec![FAR; self.hold_themselves.len()];
        let mut queue = Vec::new();
        let mut next: Vec<u32> = from.collect();
        let mut distance = 0;
        while !next.is_empty() {
            distance += 1;
            std::mem::swap(&mut queue, &mut next);
            for object in queue.drain(..) {
                if distances[object as usize] == FAR {
                    distances[object as usize] = distance;
                    next.extend(self.held.of_object(object).iter().map(|link| link.object));
                }
            }
        }
        distances
    }
}

/// Of an object that a root does not hold.
pub(super) const FAR: u32 = u32::MAX;

impl Group {
    fn add(&mut self, root: &Root, variable: Option<&super::Variable>) {
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

    fn with_key((key, mut group): (Key, Group)) -> Group {
        if !matches!(key.kind, RootKind::Static | RootKind::ThreadLocal) {
            group.offsets.clear();
        }
        group.held.sort_unstable();
        group.held.dedup();
        Group { key, ..group }
    }
}

/// What a root is called; nothing for those of the allocator and the recorder.
fn key(graph: &ReferenceGraph, names: &Names, root: usize) -> Option<Key> {
    let variable = |kind, at: &CodeAddress| {
        let name = match names.variables.get(root).and_then(Option::as_ref) {
            Some(variable) => variable.name.clone(),
            None => nameless(graph, at),
        };
        (!tidy::is_instruments(&name)).then(|| Key::of(kind, Some(name)))
    };
    match &graph.roots[root] {
        Root::Static { at } => variable(RootKind::Static, at),
        Root::ThreadLocal { at, .. } => variable(RootKind::ThreadLocal, at),
        Root::Stack { thread, .. } => Some(Key {
            stack_of: Some(thread.clone()),
            ..Key::of(RootKind::Stack, None)
        }),
        Root::Outside { mapping } => Some(Key::of(RootKind::Outside, Some(mapping.clone()))),
    }
}

fn is_left_out(graph: &ReferenceGraph, names: &Names, edge: &Edge) -> bool {
    matches!(edge.holder, Holder::Root(root) if key(graph, names, root as usize).is_none())
}

fn nameless(graph: &ReferenceGraph, at: &CodeAddress) -> String {
    let path = graph.files.get(at.file as usize).map_or("", |file| &file.path);
    let name = path.rsplit('/').next().unwrap_or(path);
    format!("{name}+{:#x}", at.address)
}

fn is_running(object: &Object) -> bool {
    object.task.is_some_and(|task| !task.complete)
}

/// A list of links for each object.
pub(super) struct Lists {
    starts: Vec<usize>,
    links: Vec<Link>,
}

impl Lists {
    fn of(objects: usize, links: impl Iterator<Item = (u32, u32, u64)>) -> Lists {
        let mut links: Vec<(u32, u32, u64)> = links.collect();
        links.sort_unstable();
        let mut starts = vec![0; objects + 1];
        for (from, _, _) in &links {
            starts[*from as usize + 1] += 1;
        }
        for at in 1..starts.len() {
            starts[at] += starts[at - 1];
        }
        let link = |(_, object, chain)| Link { object, chain };
        Lists {
            starts,
            links: links.into_iter().map(link).collect(),
        }
    }

    pub(super) fn of_object(&self, object: u32) -> &[Link] {
        let at = object as usize;
        &self.links[self.starts[at]..self.starts[at + 1]]
    }
}
