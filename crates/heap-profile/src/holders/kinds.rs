//! What kind of object each one is: by its type where that is known, else by its size.
//!
//! Sampled objects have the type that their stack tells, and tasks tell theirs. Of all others it is found out, by the
//! first of these that says something:
//!
//! 1. a chain is made of like objects: the type of those of this size in chains
//! 2. where it has its pointers: a sampled object of the same size that has one to the same size at the same place
//! 3. the vtable beside a pointer to it: the type of a sampled object with that vtable, or else the type that it drops

use std::collections::BTreeMap;

use rustc_hash::FxHashMap;

use super::graph::{Edge, Holder, ReferenceGraph};
use super::names::Names;

/// The kinds of a graph's objects, by number. Kinds with a type come first, in the order of the alphabet.
pub(super) struct Kinds {
    of: Vec<u32>,
    all: Vec<Kind>,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Type(String),
    Size(u64),
}

impl Kinds {
    /// The futures are those of [`tasks`](super::tasks).
    pub(super) fn of(graph: &ReferenceGraph, names: &Names, futures: &FxHashMap<u32, String>) -> Kinds {
        let told = told(graph, names, futures);
        let chains = Chains::of(graph, &told);
        let by_shape = by_shape(graph, &told);
        let by_vtable = by_vtable(graph, names, &told);
        let kind = |(object, told): (u32, &Option<String>)| {
            let of = told
                .as_deref()
                .or_else(|| chains.of_object(graph, object))
                .or_else(|| by_shape.first(&object))
                .or_else(|| by_vtable.first(&object));
            let size = graph.objects[object as usize].bytes;
            of.map_or(Kind::Size(size), |of| Kind::Type(of.to_owned()))
        };
        Kinds::numbered((0..).zip(&told).map(kind).collect())
    }

    fn numbered(kinds: Vec<Kind>) -> Kinds {
        let mut all = kinds.clone();
        all.sort_unstable();
        all.dedup();
        let number = |kind: &Kind| {
            let at = all.binary_search(kind).expect("all are there");
            u32::try_from(at).expect("no more than there are objects")
        };
        Kinds {
            of: kinds.iter().map(number).collect(),
            all,
        }
    }

    pub(super) fn of_object(&self, object: u32) -> u32 {
        self.of[object as usize]
    }

    /// The type of a kind; nothing where no more than its size is known.
    pub(super) fn type_of(&self, kind: u32) -> Option<&str> {
        match &self.all[kind as usize] {
            Kind::Type(of) => Some(of),
            Kind::Size(_) => None,
        }
    }

    /// Whether objects of a kind have the two counts of an `Arc` or `Rc`.
    pub(super) fn is_counted(&self, kind: u32) -> bool {
        self.type_of(kind)
            .is_some_and(|of| of.starts_with("Arc<") || of.starts_with("Rc<"))
    }
}

/// The types that tasks and the stacks of sampled objects tell.
fn told(graph: &ReferenceGraph, names: &Names, futures: &FxHashMap<u32, String>) -> Vec<Option<String>> {
    let told = |(at, object): (u32, &super::Object)| match object.task {
        Some(task) => {
            let word = if task.complete { "finished task" } else { "task" };
            let future = futures.get(&at);
            Some(future.map_or_else(|| word.to_owned(), |future| format!("{word} {future}")))
        }
        None => names.types.get(object.stack? as usize)?.clone(),
    };
    (0..).zip(&graph.objects).map(told).collect()
}

/// What objects are by where they have which pointers.
fn by_shape<'a>(graph: &ReferenceGraph, told: &'a [Option<String>]) -> Votes<'a, u32> {
    let held = || graph.edges.iter().filter_map(|edge| Some((held_by(edge)?, edge)));
    let mut shapes = Votes::default();
    for (holder, edge) in held() {
        if let Some(of) = told[holder as usize].as_deref() {
            shapes.add(shape(graph, holder, edge), of);
        }
    }
    let mut types = Votes::default();
    for (holder, edge) in held() {
        if let Some(of) = shapes.first(&shape(graph, holder, edge)) {
            types.add(holder, of);
        }
    }
    types
}

/// What objects are by the vtables beside the pointers to them.
fn by_vtable<'a>(graph: &ReferenceGraph, names: &'a Names, told: &'a [Option<String>]) -> Votes<'a, u32> {
    let dropped = || {
        graph
            .edges
            .iter()
            .filter_map(|edge| Some((edge.held, dropped(edge, names)?)))
    };
    let mut vtables = Votes::default();
    for (held, vtable) in dropped() {
        if let Some(of) = told[held as usize].as_deref() {
            vtables.add(vtable, of);
        }
    }
    let mut types = Votes::default();
    for (held, vtable) in dropped() {
        types.add(held, vtables.first(&vtable).unwrap_or(vtable));
    }
    types
}

fn held_by(edge: &Edge) -> Option<u32> {
    match edge.holder {
        Holder::Object(holder) if holder != edge.held => Some(holder),
        _ => None,
    }
}

/// Where an object of which size has a pointer to an object of which size.
fn shape(graph: &ReferenceGraph, holder: u32, edge: &Edge) -> (u64, u64, u64) {
    let size = |object: u32| graph.objects[object as usize].bytes;
    (size(holder), edge.offset, size(edge.held))
}

/// The type that the vtable beside a pointer to an object's beginning drops.
fn dropped<'a>(edge: &Edge, names: &'a Names) -> Option<&'a str> {
    let vtable = edge.vtable.filter(|_| edge.into == 0)?;
    names.dropped.get(&vtable).map(String::as_str)
}

/// Which types were told of something, and how often.
struct Votes<'a, K>(FxHashMap<K, BTreeMap<&'a str, u64>>);

impl<K> Default for Votes<'_, K> {
    fn default() -> Self {
        Votes(FxHashMap::default())
    }
}

impl<'a, K: std::hash::Hash + Eq> Votes<'a, K> {
    fn add(&mut self, of: K, told: &'a str) {
        *self.0.entry(of).or_default().entry(told).or_default() += 1;
    }

    /// What was told most often; of several the first of the alphabet.
    fn first(&self, of: &K) -> Option<&'a str> {
        let told = self.0.get(of)?.iter();
        told.rev().max_by_key(|(_, times)| **times).map(|(told, _)| *told)
    }
}

/// What chains are made of, by the size of their objects.
struct Chains<'a> {
    in_chains: Vec<bool>,
    types: Votes<'a, u64>,
}

impl<'a> Chains<'a> {
    fn of(graph: &ReferenceGraph, told: &'a [Option<String>]) -> Chains<'a> {
        let mut in_chains = vec![false; graph.objects.len()];
        for edge in graph.edges.iter().filter(|edge| edge.chain > 0) {
            in_chains[edge.held as usize] = true;
            if let Holder::Object(holder) = edge.holder {
                in_chains[holder as usize] = true;
            }
        }
        let mut types = Votes::default();
        for (at, object) in graph.objects.iter().enumerate() {
            if let Some(of) = told[at].as_deref().filter(|_| in_chains[at]) {
                types.add(object.bytes, of);
            }
        }
        Chains { in_chains, types }
    }

    fn of_object(&self, graph: &ReferenceGraph, object: u32) -> Option<&'a str> {
        let at = object as usize;
        self.in_chains[at]
            .then(|| self.types.first(&graph.objects[at].bytes))
            .flatten()
    }
}
