//! The way from drawn objects to one root: the one that most of them have, step by step.
//!
//! All ways are looked at that are as short as can be. Of each step the drawn objects vote on the next one: on the kind
//! of object that holds theirs, or on the root. The majority goes on. So a pointer that is left over in memory long freed,
//! which makes a way of its own for one object, is outvoted, and nothing depends on the order of the graph.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use rustc_hash::{FxHashMap, FxHashSet};

use super::kinds::Kinds;
use super::lists::Link;
use super::web::{FAR, Web};

/// The most stages of a way. One that has more is cut short.
const MOST_STAGES: usize = 24;

/// A set of drawn objects, a bit each.
type Set = Box<[u64]>;

/// A way to a root, or its beginning.
#[derive(Default)]
pub(super) struct Way {
    pub(super) stages: Vec<Stage>,
    /// Whether there is more of it.
    pub(super) is_cut: bool,
}

/// Objects of one kind on the way.
pub(super) struct Stage {
    pub(super) kind: u32,
    /// All of them.
    pub(super) objects: Vec<u32>,
    /// How many in a row hold each other.
    pub(super) times: u64,
}

pub(super) struct Walk<'a> {
    pub(super) web: &'a Web,
    pub(super) kinds: &'a Kinds,
    /// How far each object is from the root, as [`Web::distances`] has it.
    pub(super) distances: &'a [u32],
}

/// Who holds the last objects of a stage, and for whom.
#[derive(Default)]
struct Next {
    all: BTreeMap<u32, Set>,
    /// The same by exact links alone.
    exact: BTreeMap<u32, Set>,
}

/// A stage with who is on it for whom.
struct Draft {
    kind: u32,
    entries: BTreeMap<u32, Set>,
    /// From the farthest to the root to the nearest.
    objects: Vec<(u32, Set)>,
}

impl Walk<'_> {
    /// The way that most of these objects have; it has no stages where none of them has any.
    pub(super) fn way(&self, targets: &[u32]) -> Way {
        let words = targets.len().div_ceil(64);
        let mut next = Next {
            all: self.first(targets, words),
            ..Next::default()
        };
        let mut drafts = Vec::new();
        let mut there: Set = vec![0; words].into();
        let mut is_cut = false;
        while let Some(kind) = self.majority(&next, &there) {
            is_cut = drafts.len() == MOST_STAGES;
            if is_cut {
                break;
            }
            let entries = next
                .all
                .into_iter()
                .filter(|(object, _)| self.kinds.of_object(*object) == kind)
                .collect();
            let draft;
            (draft, next, there) = self.climb(kind, entries, words);
            drafts.push(draft);
        }
        if is_cut {
            next.all.values().for_each(|set| union(&mut there, set));
        } else {
            next.all.clear();
        }
        Way {
            stages: self.settle(drafts, &there, next.all.into_keys().collect()),
            is_cut,
        }
    }

    /// The objects themselves, each for itself, if they are held by the root.
    fn first(&self, targets: &[u32], words: usize) -> BTreeMap<u32, Set> {
        let mut first = BTreeMap::new();
        for (at, target) in targets.iter().enumerate() {
            if self.distances[*target as usize] != FAR {
                let set: &mut Set = first.entry(*target).or_insert_with(|| vec![0; words].into());
                set[at / 64] |= 1 << (at % 64);
            }
        }
        first
    }

    /// The kind that most go on with, of several the one that most have exact links to; nothing if no fewer are there.
    fn majority(&self, next: &Next, there: &Set) -> Option<u32> {
        let votes = |objects: &BTreeMap<u32, Set>| {
            let mut votes: BTreeMap<u32, Set> = BTreeMap::new();
            for (object, set) in objects {
                add(votes.entry(self.kinds.of_object(*object)), set);
            }
            votes
        };
        let exact = votes(&next.exact);
        let exact = |kind: &u32| exact.get(kind).map_or(0, |set| count(set));
        let most = votes(&next.all)
            .into_iter()
            .max_by_key(|(kind, set)| (count(set), exact(kind), Reverse(*kind)));
        let (kind, set) = most?;
        (count(&set) > count(there)).then_some(kind)
    }

    /// From where a stage is entered up to where it ends: who holds its last ones, and for whom that is the root.
    fn climb(&self, kind: u32, entries: BTreeMap<u32, Set>, words: usize) -> (Draft, Next, Set) {
        let place = |object: u32| (Reverse(self.distances[object as usize]), object);
        let mut queue: BTreeMap<(Reverse<u32>, u32), Set> = BTreeMap::new();
        for (object, set) in &entries {
            queue.insert(place(*object), set.clone());
        }
        let mut next = Next::default();
        let mut there: Set = vec![0; words].into();
        let mut objects = Vec::new();
        while let Some(((Reverse(distance), object), set)) = queue.pop_first() {
            if distance == 1 {
                union(&mut there, &set);
            }
            for link in self.nearer(object) {
                if self.is_same_stage(kind, link) {
                    add(queue.entry(place(link.object)), &set);
                    continue;
                }
                add(next.all.entry(link.object), &set);
                if link.is_exact {
                    add(next.exact.entry(link.object), &set);
                }
            }
            objects.push((object, set));
        }
        let draft = Draft {
            kind,
            entries,
            objects,
        };
        (draft, next, there)
    }

    /// Who holds an object and is nearer to the root.
    fn nearer(&self, object: u32) -> impl Iterator<Item = &Link> {
        let distance = self.distances[object as usize];
        let holders = self.web.holders.of_object(object).iter();
        holders.filter(move |link| self.distances[link.object as usize] < distance)
    }

    fn is_same_stage(&self, kind: u32, link: &Link) -> bool {
        link.chain > 0 || self.kinds.of_object(link.object) == kind
    }

    /// Leaves out of each stage what led nowhere, backwards from the root or from what comes after the last stage, and
    /// counts.
    fn settle(&self, drafts: Vec<Draft>, there: &Set, mut beyond: FxHashSet<u32>) -> Vec<Stage> {
        let mut stages = Vec::with_capacity(drafts.len());
        for draft in drafts.into_iter().rev() {
            let may_end = stages.is_empty();
            let runs = self.runs(&draft, there, may_end, &beyond);
            let entered = draft.entries.iter().filter_map(|(object, set)| {
                let run = *runs.get(object)?;
                Some((*object, run, shared(set, there)))
            });
            let entered: Vec<(u32, u64, u32)> = entered.collect();
            beyond = entered.iter().map(|(object, _, _)| *object).collect();
            let mut objects: Vec<u32> = runs.into_keys().collect();
            objects.sort_unstable();
            stages.push(Stage {
                kind: draft.kind,
                objects,
                times: times(&entered),
            });
        }
        stages.reverse();
        stages
    }

    /// Of each object of a stage from which the way goes on: how many in a row hold each other, from it on.
    ///
    /// A link that stands for a chain says how many there are in all of that, whatever part of it is in the graph.
    fn runs(
        &self,
        draft: &Draft,
        there: &Set,
        may_end: bool,
        beyond: &FxHashSet<u32>,
    ) -> FxHashMap<u32, u64> {
        let mut runs: FxHashMap<u32, Run> = FxHashMap::default();
        for (object, set) in draft.objects.iter().rev() {
            if shared(set, there) == 0 {
                continue;
            }
            let is_last = may_end && self.distances[*object as usize] == 1;
            let leaves = is_last || self.nearer(*object).any(|link| beyond.contains(&link.object));
            let within = self
                .nearer(*object)
                .filter(|link| self.is_same_stage(draft.kind, link));
            let goes_on = within.filter_map(|link| Some(runs.get(&link.object)?.after(link)));
            let alone = Run { seen: 1, chain: 0 };
            if let Some(run) = goes_on.chain(leaves.then_some(alone)).reduce(Run::longer) {
                runs.insert(*object, run);
            }
        }
        runs.into_iter()
            .map(|(object, run)| (object, run.length()))
            .collect()
    }
}

/// Objects in a row that hold each other.
#[derive(Clone, Copy)]
struct Run {
    /// How many the graph has.
    seen: u64,
    /// How many there are in the longest chain that one of its links stands for.
    chain: u64,
}

impl Run {
    fn after(self, link: &Link) -> Run {
        Run {
            seen: self.seen + 1,
            chain: self.chain.max(link.chain),
        }
    }

    fn longer(self, other: Run) -> Run {
        Run {
            seen: self.seen.max(other.seen),
            chain: self.chain.max(other.chain),
        }
    }

    fn length(self) -> u64 {
        self.seen.max(self.chain)
    }
}

/// The length of the longest row, if most have one at all.
fn times(entered: &[(u32, u64, u32)]) -> u64 {
    let all: u64 = entered.iter().map(|(_, _, times)| u64::from(*times)).sum();
    let in_rows = entered.iter().filter(|(_, run, _)| *run > 1);
    let of_rows: u64 = in_rows.map(|(_, _, times)| u64::from(*times)).sum();
    let longest = entered.iter().map(|(_, run, _)| *run).max();
    longest.filter(|_| of_rows * 2 >= all).unwrap_or(1)
}

fn add<K: Ord>(entry: std::collections::btree_map::Entry<'_, K, Set>, set: &Set) {
    entry
        .and_modify(|all| union(all, set))
        .or_insert_with(|| set.clone());
}

fn union(all: &mut Set, set: &Set) {
    for (word, more) in all.iter_mut().zip(set) {
        *word |= more;
    }
}

fn count(set: &[u64]) -> u32 {
    set.iter().map(|word| word.count_ones()).sum()
}

fn shared(set: &Set, other: &Set) -> u32 {
    set.iter().zip(other).map(|(a, b)| (a & b).count_ones()).sum()
}
