//! From a graph and its names to who holds the drawn objects: which roots, of how many, and by which way.
//!
//! `web` is the graph as it is walked, with its roots by name in `groups`, and without what `exact` says does not count;
//! `kinds` is what its objects are, `reach` who holds which at all. `walk` finds the way to one root, `lost` looks after
//! objects that no root holds, `rank` puts what was found in order and says how far it can be trusted.

use std::collections::BTreeMap;

use super::graph::ReferenceGraph;
use super::kinds::Kinds;
use super::lost;
use super::names::Names;
use super::rank::{self, Found};
use super::reach::{Components, Reach};
use super::report::{Confidence, Counts, HolderPath, HolderRoot, HolderStep, Holders};
use super::tasks::futures;
use super::walk::{Stage, Walk, Way};
use super::web::Web;
use crate::render::holders::short_type;

/// So many roots, those that hold most objects, are looked at more closely.
const MOST_ROOTS: usize = 32;
/// The weak count of a block is less than this. What has more is no block, whatever its type.
const MOST_WEAK: u64 = 1 << 31;

/// Says who holds the drawn objects of a graph, given what its addresses are called.
pub fn holders(graph: &ReferenceGraph, names: &Names) -> Holders {
    let futures = futures(graph, names);
    let web = Web::of(graph, names, &futures);
    let analysis = Analysis {
        graph,
        components: Components::of(&web.holders),
        web,
        kinds: Kinds::of(graph, names, &futures),
    };
    let mut found = analysis.roots();
    found.extend(lost::of(&analysis));
    rank::report(graph, names, found)
}

/// A graph with all that is known of it.
pub(super) struct Analysis<'a> {
    pub(super) graph: &'a ReferenceGraph,
    pub(super) web: Web,
    pub(super) components: Components,
    pub(super) kinds: Kinds,
}

impl Analysis<'_> {
    /// What holds some of the drawn objects, with the way to it.
    fn roots(&self) -> Vec<Found> {
        let reach = Reach::of(&self.web.holders, &self.components, &self.graph.targets);
        let exact = Components::of(&self.web.exact_holders);
        let exact = Reach::of(&self.web.exact_holders, &exact, &self.graph.targets);
        let groups = self.web.groups.iter().enumerate();
        let counted = groups.map(|(at, group)| (reach.count(&group.held), at));
        let mut counted: Vec<(u64, usize)> = counted.filter(|(objects, _)| *objects > 0).collect();
        counted.sort_by_key(|(objects, at)| (std::cmp::Reverse(*objects), *at));
        let way = |(place, (objects, at)): (usize, (u64, usize))| {
            let group = &self.web.groups[at];
            let way = if place < MOST_ROOTS {
                self.way(&self.graph.targets, group.held.iter().copied())
            } else {
                Way::default()
            };
            let mut found = self.found(&way, group.root(), objects);
            found.may_be_left_over = group.may_be_left_over();
            found.is_exact = exact.count(&group.held_exactly) * 2 >= objects;
            found
        };
        counted.into_iter().enumerate().map(way).collect()
    }

    /// The way from these objects to what the last ones are held by.
    pub(super) fn way(&self, targets: &[u32], last: impl Iterator<Item = u32>) -> Way {
        let walk = Walk {
            web: &self.web,
            kinds: &self.kinds,
            distances: &self.web.distances(last),
        };
        walk.way(targets)
    }

    /// A root with the way to it.
    pub(super) fn found(&self, way: &Way, root: HolderRoot, objects: u64) -> Found {
        let stages = way.stages.iter();
        let mut notes: Vec<String> = stages
            .clone()
            .filter_map(|stage| self.weak_pointers(stage))
            .collect();
        if way.is_cut {
            let shown = way.stages.len();
            notes.push(format!("a way has more steps than the {shown} that are shown"));
        }
        Found {
            path: HolderPath {
                steps: stages.map(|stage| self.step(stage)).collect(),
                root,
                objects,
                // It has its place among the others yet to find.
                confidence: Confidence::Poor,
            },
            may_be_left_over: false,
            is_exact: false,
            notes,
        }
    }

    fn step(&self, stage: &Stage) -> HolderStep {
        let objects = || stage.objects.iter().map(|at| &self.graph.objects[*at as usize]);
        let blocks = || {
            objects()
                .filter(|_| self.kinds.is_counted(stage.kind))
                .map(|object| object.words)
        };
        let weak_alone = blocks().filter(|[strong, weak]| *strong == 0 && (1..MOST_WEAK).contains(weak));
        HolderStep {
            kind: self.kinds.type_of(stage.kind).map(str::to_owned),
            bytes: most_usual(objects().map(|object| object.bytes)).unwrap_or(0),
            times: stage.times,
            distinct: stage.objects.len() as u64,
            weak_only: weak_alone.count() * 2 > stage.objects.len(),
            counts: most_usual(blocks()).map(counts),
        }
    }

    /// What has more pointers to it than strong ones: the others are `Weak`.
    fn weak_pointers(&self, stage: &Stage) -> Option<String> {
        let of = self
            .kinds
            .type_of(stage.kind)
            .filter(|_| self.kinds.is_counted(stage.kind))?;
        let more = stage.objects.iter().filter_map(|at| {
            let [strong, weak] = self.graph.objects[*at as usize].words;
            let pointers = self.web.pointers[*at as usize];
            (strong > 0 && pointers > strong && (2..MOST_WEAK).contains(&weak)).then_some((pointers, strong))
        });
        let more: Vec<(u64, u64)> = more.collect();
        let (pointers, strong) =
            most_usual(more.iter().copied()).filter(|_| more.len() * 2 > stage.objects.len())?;
        Some(format!(
            "of the {pointers} pointers to an {} no more than {strong} can be strong: the others are Weak",
            short_type(of)
        ))
    }
}

/// All strong pointers have one weak count together.
fn counts([strong, weak]: [u64; 2]) -> Counts {
    let of_strong = u64::from(strong > 0);
    Counts {
        strong,
        weak: weak.saturating_sub(of_strong),
    }
}

/// The value that is there most often; of several the least.
pub(super) fn most_usual<T: Ord>(values: impl Iterator<Item = T>) -> Option<T> {
    let mut times: BTreeMap<T, u64> = BTreeMap::new();
    for value in values {
        *times.entry(value).or_default() += 1;
    }
    let most = times.into_iter().rev().max_by_key(|(_, times)| *times);
    most.map(|(value, _)| value)
}
