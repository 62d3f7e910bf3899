//! A graph as it is walked: who holds an object, whom it holds, and roots of one name as one.
//!
//! Left out is what says nothing: words of an object to itself, roots of the allocator and the recorder, words of the
//! instrument's own tasks, whatever holds a task that is not complete, which is a root, and pointers that do not count
//! beside exact ones.

use std::collections::BTreeMap;

use rustc_hash::FxHashMap;

use super::exact::{By, held_exactly, is_exact_edge};
use super::graph::{Edge, Holder, Object, ReferenceGraph};
use super::groups::{Group, Key};
use super::lists::{Link, Lists};
use super::names::Names;
use super::report::RootKind;
use crate::names::is_instrument;

pub(super) struct Web {
    /// Of each object, who holds it: not the roots.
    pub(super) holders: Lists,
    /// Of each object, who holds it by an exact pointer.
    pub(super) exact_holders: Lists,
    /// Of each object, whom it holds.
    pub(super) held: Lists,
    /// Objects that point to their own beginning.
    pub(super) hold_themselves: Vec<bool>,
    /// How many words point to each object's beginning.
    pub(super) pointers: Vec<u64>,
    /// Objects that a task holds which is left out: they are not beyond reach, whoever else has them.
    pub(super) held_by_left_out: Vec<bool>,
    /// The roots, in the order of their names.
    pub(super) groups: Vec<Group>,
}

impl Web {
    /// The futures are those of [`tasks`](super::tasks).
    pub(super) fn of(graph: &ReferenceGraph, names: &Names, futures: &FxHashMap<u32, String>) -> Web {
        let roots = 0..graph.roots.len();
        let mut draft = Draft {
            graph,
            names,
            futures,
            keys: roots.map(|root| Key::of_root(graph, names, root)).collect(),
            links: BTreeMap::new(),
            pointers: vec![0; graph.objects.len()],
            hold_themselves: vec![false; graph.objects.len()],
            held_by_left_out: vec![false; graph.objects.len()],
            groups: BTreeMap::new(),
        };
        let held_exactly = held_exactly(graph, |edge| draft.by(edge));
        let counts = |edge: &&Edge| !held_exactly[edge.held as usize] || is_exact_edge(graph, edge);
        for edge in graph.edges.iter().filter(counts) {
            draft.add(edge);
        }
        for target in &graph.targets {
            if is_running(&graph.objects[*target as usize]) {
                draft.group_of_task(*target).hold(*target, true);
            }
        }
        draft.finish()
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

/// A web to which words are added.
struct Draft<'a> {
    graph: &'a ReferenceGraph,
    names: &'a Names,
    futures: &'a FxHashMap<u32, String>,
    /// Of each root what it is called; nothing for those that are left out.
    keys: Vec<Option<Key>>,
    /// The chain of each link, and whether it is exact, by who is held and who holds.
    links: BTreeMap<(u32, u32), (u64, bool)>,
    pointers: Vec<u64>,
    hold_themselves: Vec<bool>,
    held_by_left_out: Vec<bool>,
    groups: BTreeMap<Key, Group>,
}

impl Draft<'_> {
    fn add(&mut self, edge: &Edge) {
        let (held, is_beginning) = (edge.held as usize, edge.into == 0);
        let is_exact = is_exact_edge(self.graph, edge);
        self.pointers[held] += u64::from(is_beginning && !self.is_left_out(edge.holder));
        match (self.by(edge), edge.holder) {
            (By::Nobody, Holder::Object(holder)) => {
                self.hold_themselves[held] |= is_beginning && holder == edge.held;
                self.held_by_left_out[held] |= self.is_left_out(edge.holder) && self.is_running(holder);
            }
            (By::Nobody, Holder::Root(_)) => {}
            (By::Object(holder), _) => {
                let (chain, exact) = self.links.entry((edge.held, holder)).or_default();
                *chain = edge.chain.max(*chain);
                *exact |= is_exact;
            }
            (By::Root, Holder::Object(task)) => self.group_of_task(task).hold(edge.held, is_exact),
            (By::Root, Holder::Root(root)) => self.add_of_root(root as usize, edge.held, is_exact),
        }
    }

    /// Who has the word.
    fn by(&self, edge: &Edge) -> By {
        match edge.holder {
            _ if self.is_left_out(edge.holder) => By::Nobody,
            Holder::Object(holder) if holder == edge.held || self.is_text(holder) => By::Nobody,
            // Its holder is the runtime.
            _ if self.is_running(edge.held) => By::Nobody,
            Holder::Object(holder) if !self.is_running(holder) => By::Object(holder),
            Holder::Object(_) | Holder::Root(_) => By::Root,
        }
    }

    /// Text and bytes hold nothing: a pointer among them was left over where they have room for more.
    fn is_text(&self, object: u32) -> bool {
        const TEXTS: [&str; 5] = ["String", "Vec<u8>", "Box<[u8]>", "Box<str>", "Arc<str>"];
        let stack = self.graph.objects[object as usize].stack;
        let kind = stack.and_then(|stack| self.names.types.get(stack as usize)?.as_deref());
        kind.is_some_and(|kind| TEXTS.contains(&kind))
    }

    fn is_left_out(&self, holder: Holder) -> bool {
        match holder {
            Holder::Root(root) => self.keys[root as usize].is_none(),
            Holder::Object(task) => {
                let future = self.futures.get(&task);
                future.is_some_and(|future| is_instrument(future))
            }
        }
    }

    fn is_running(&self, object: u32) -> bool {
        is_running(&self.graph.objects[object as usize])
    }

    fn group_of_task(&mut self, task: u32) -> &mut Group {
        let key = Key::of(RootKind::Task, self.futures.get(&task).cloned());
        self.groups.entry(key).or_default()
    }

    fn add_of_root(&mut self, root: usize, held: u32, is_exact: bool) {
        let Some(key) = self.keys[root].clone() else {
            return;
        };
        let variable = self.names.variables.get(root).and_then(Option::as_ref);
        let group = self.groups.entry(key).or_default();
        group.add(&self.graph.roots[root], variable);
        group.hold(held, is_exact);
    }

    fn finish(self) -> Web {
        let objects = self.graph.objects.len();
        let link = |object, (chain, is_exact)| Link {
            object,
            chain,
            is_exact,
        };
        let links = || self.links.iter().map(|(ends, about)| (*ends, *about));
        let up = || links().map(|((held, holder), about)| (held, link(holder, about)));
        let down = links().map(|((held, holder), about)| (holder, link(held, about)));
        Web {
            exact_holders: Lists::of(objects, up().filter(|(_, link)| link.is_exact)),
            holders: Lists::of(objects, up()),
            held: Lists::of(objects, down),
            hold_themselves: self.hold_themselves,
            pointers: self.pointers,
            held_by_left_out: self.held_by_left_out,
            groups: self.groups.into_iter().map(Group::with_key).collect(),
        }
    }
}

fn is_running(object: &Object) -> bool {
    object.task.is_some_and(|task| !task.complete)
}
