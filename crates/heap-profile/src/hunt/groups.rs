//! Lines of evidence added up to sites, and to the functions above them.
//!
//! A site is named as in a comparison. Growth that is spread over many sites, none of which grows enough by itself (a
//! schema that is rebuilt at each reload), is found by the program's own functions that all of them were called by.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use super::evidence::{Evidence, Line, Survival};
use crate::compare::{MAX_FRAMES_SHOWN, OwnCrates, shown};
use crate::{Frame, element_type, names};

/// The most stacks that are told of a group.
const MOST_STACKS: usize = 1000;

/// Lines that belong together.
#[derive(Debug, Clone)]
pub(super) struct Group {
    /// Function and source file.
    pub(super) key: String,
    pub(super) function: String,
    /// The lines, by their place in the evidence.
    pub(super) lines: Vec<usize>,
    /// Whether it is a function above several sites, and no site itself.
    pub(super) spread: bool,
    /// Where the frame that names the group stands in the stack of each line; nothing where there is no frame.
    named: Vec<Option<usize>>,
}

/// What is shown of a group.
#[derive(Debug, Clone, Default)]
pub(super) struct Face {
    pub(super) place: Option<String>,
    pub(super) own: bool,
    pub(super) through: Option<String>,
    pub(super) frames: Vec<String>,
    pub(super) field: Option<String>,
    pub(super) kind: Option<String>,
    pub(super) operations: Vec<String>,
    pub(super) since: Option<i64>,
}

/// The sites of these lines, by their keys.
pub(super) fn sites(evidence: &Evidence<'_>, lines: &[usize], own: &OwnCrates) -> Vec<Group> {
    let mut groups = Groups::default();
    for &at in lines {
        let frames = evidence.lines[at].frames;
        groups.add(at, frames, own.name(frames), false);
    }
    groups.finish()
}

/// The program's own functions that the stacks of these lines have in common: each function once per line.
pub(super) fn callers(evidence: &Evidence<'_>, lines: &[usize]) -> Vec<Group> {
    let mut groups = Groups::default();
    for &at in lines {
        let frames = evidence.lines[at].frames;
        let mut seen = HashSet::new();
        for (place, frame) in frames.iter().enumerate() {
            if frame.is_own() && seen.insert(names::without_closures(&frame.function)) {
                groups.add(at, frames, Some(place), true);
            }
        }
    }
    groups.finish()
}

#[derive(Default)]
struct Groups(BTreeMap<String, Group>);

impl Groups {
    fn add(&mut self, line: usize, frames: &[Arc<Frame>], named: Option<usize>, spread: bool) {
        let frame = named.map(|at| &frames[at]);
        let function = frame.map_or("unknown", |frame| names::without_closures(&frame.function));
        let file = frame.and_then(|frame| frame.file.as_deref()).unwrap_or_default();
        let key = format!("{function} {file}").trim_end().to_owned();
        let group = self.0.entry(key.clone()).or_insert_with(|| Group {
            key,
            function: function.to_owned(),
            lines: Vec::new(),
            spread,
            named: Vec::new(),
        });
        group.lines.push(line);
        group.named.push(named);
    }

    fn finish(self) -> Vec<Group> {
        self.0.into_values().collect()
    }
}

impl Group {
    /// What to show of it: of each line what grew most, from the first snapshot to the last.
    pub(super) fn face(&self, evidence: &Evidence<'_>) -> Face {
        let last = evidence.parts.len() - 1;
        let growth = |line: &Line<'_>| Survival::of(last + 1, [line]).net(0, last, last).bytes();
        let mut order: Vec<(f64, usize)> = (0..self.lines.len())
            .map(|at| (growth(&evidence.lines[self.lines[at]]), at))
            .collect();
        order.sort_by(|(a, _), (b, _)| b.total_cmp(a));
        let lines = || {
            order
                .iter()
                .map(|(growth, at)| (*growth, &evidence.lines[self.lines[*at]]))
        };
        let field = |line: &Line<'_>| line.field.clone();
        let kind = |line: &Line<'_>| element_type(line.frames).map(|name| names::short(&name));
        let operation = |line: &Line<'_>| line.operation.map(str::to_owned);
        Face {
            field: most(lines().map(|(growth, line)| (growth, field(line))))
                .into_iter()
                .next()
                .flatten(),
            kind: most(lines().map(|(growth, line)| (growth, kind(line))))
                .into_iter()
                .next()
                .flatten(),
            operations: most(lines().map(|(growth, line)| (growth, operation(line))))
                .into_iter()
                .flatten()
                .collect(),
            since: lines().filter_map(|(_, line)| line.since).min(),
            ..order
                .first()
                .map_or_else(Face::default, |(_, at)| self.stack(evidence, *at))
        }
    }

    /// The stacks that allocated what it holds at the last snapshot: in their order, of many those that hold most.
    pub(super) fn stacks(&self, evidence: &Evidence<'_>) -> Vec<u32> {
        let mut held: BTreeMap<u32, f64> = BTreeMap::new();
        for (stack, bytes) in self.lines.iter().flat_map(|at| &evidence.lines[*at].stacks) {
            *held.entry(*stack).or_default() += bytes;
        }
        let mut held: Vec<(u32, f64)> = held.into_iter().collect();
        held.sort_by(|(_, a), (_, b)| b.total_cmp(a));
        held.truncate(MOST_STACKS);
        let mut stacks: Vec<u32> = held.into_iter().map(|(stack, _)| stack).collect();
        stacks.sort_unstable();
        stacks
    }

    fn stack(&self, evidence: &Evidence<'_>, at: usize) -> Face {
        let frames = evidence.lines[self.lines[at]].frames;
        let Some(named) = self.named[at] else {
            return Face::default();
        };
        let line = |frame: &Frame| {
            let function = names::short(names::without_closures(&frame.function));
            frame
                .place()
                .map_or_else(|| function.clone(), |place| format!("{function} ({place})"))
        };
        Face {
            place: frames[named].place(),
            own: frames[named].is_own(),
            through: named
                .checked_sub(1)
                .map(|below| names::short(&frames[below].function)),
            frames: shown(&frames[named..], MAX_FRAMES_SHOWN)
                .iter()
                .map(line)
                .collect(),
            ..Face::default()
        }
    }
}

/// The values with the most growth first; ties in the order of their first growth.
fn most<T: std::hash::Hash + Eq + Clone>(values: impl Iterator<Item = (f64, T)>) -> Vec<T> {
    let mut sums: HashMap<T, (f64, usize)> = HashMap::new();
    for (order, (growth, value)) in values.enumerate() {
        sums.entry(value).or_insert((0.0, order)).0 += growth.max(0.0);
    }
    let mut sums: Vec<(T, (f64, usize))> = sums.into_iter().collect();
    sums.sort_by(|(_, (a, first)), (_, (b, second))| b.total_cmp(a).then(first.cmp(second)));
    sums.into_iter().map(|(value, _)| value).collect()
}
