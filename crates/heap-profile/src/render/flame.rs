//! The tree behind a flame graph: stacks from the root, merged by name. What came of it, `svg` draws.
//!
//! As in a comparison, the allocator is left out at one end, and at the other whatever polls the task: a third of the
//! height that says nothing, and that would part one task's memory by the thread that it happened to run on.
//!
//! Each stack weighs what is live of it, or what changed of it. What grew and what shrank are kept apart up to the root, so
//! that neither hides the other.
//!
//! Nodes live in one vector and nothing here recurses: a stack can be as deep as a file makes it.

use std::collections::HashMap;
use std::sync::Arc;

use crate::compare::{Folded, relevant};
use crate::model::same_build;
use crate::symbolize::{Origin, Symbolized};
use crate::{Error, Frame, names};

/// Frames deeper than this are cut off: what is left of them is in the bar above.
const DEEPEST: usize = 256;

/// Bytes that came, and bytes that went.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Weight {
    pub(super) grown: u64,
    pub(super) shrunk: u64,
}

impl Weight {
    /// How wide a bar is: nothing that changed makes it narrower.
    pub(super) fn width(self) -> u64 {
        self.grown.saturating_add(self.shrunk)
    }

    pub(super) fn net(self) -> i64 {
        let net = i128::from(self.grown) - i128::from(self.shrunk);
        i64::try_from(net).unwrap_or(if net > 0 { i64::MAX } else { i64::MIN })
    }

    fn add(&mut self, change: i64) {
        let side = if change > 0 {
            &mut self.grown
        } else {
            &mut self.shrunk
        };
        *side = side.saturating_add(change.unsigned_abs());
    }
}

/// A bar: where it begins and how wide it is, in bytes, and how far from the root.
#[derive(Debug)]
pub(super) struct Bar {
    pub(super) name: String,
    pub(super) place: Option<String>,
    pub(super) origin: Origin,
    pub(super) start: u64,
    pub(super) weight: Weight,
    pub(super) depth: usize,
}

struct Node {
    frame: Option<Arc<Frame>>,
    weight: Weight,
    children: Vec<usize>,
}

/// A stack and what it weighs.
type Weighed<'a> = (&'a [Arc<Frame>], i64);

/// What is live.
pub(super) fn live(snapshot: &Symbolized) -> Result<Vec<Weighed<'_>>, Error> {
    let index = snapshot.live_bytes_index()?;
    let weighed = snapshot.samples.iter().map(|sample| {
        let value = sample.values.get(index).copied().unwrap_or(0);
        (relevant(&sample.stack), value.max(0))
    });
    Ok(weighed.collect())
}

/// What changed, the instrument's own left out.
pub(super) fn changed<'a>(first: &'a Symbolized, last: &'a Symbolized) -> Result<Vec<Weighed<'a>>, Error> {
    let programs = [("the first", first), ("the second", last)];
    let builds = programs.map(|(name, snapshot)| Some((name, &*snapshot.program.as_ref()?.build_id)));
    same_build(builds.into_iter().flatten())?;
    let folded = Folded::of(&[first, last], false)?;
    let weighed = folded.stacks.iter().map(|stack| (stack.frames, stack.growth()));
    Ok(weighed.collect())
}

/// The bars, root first, of at least a given share of the whole.
pub(super) fn bars(stacks: &[Weighed<'_>], least_share: f64) -> Vec<Bar> {
    let nodes = tree(stacks);
    let least = (nodes[0].weight.width() as f64 * least_share) as u64;
    let mut bars = Vec::new();
    let mut waiting = vec![(0, 0u64, 0)];
    while let Some((index, start, depth)) = waiting.pop() {
        let node = &nodes[index];
        let width = node.weight.width();
        if width == 0 || width < least {
            continue;
        }
        let mut at = start;
        for child in sorted(&node.children, &nodes) {
            waiting.push((child, at, depth + 1));
            at = at.saturating_add(nodes[child].weight.width());
        }
        bars.push(bar(node, start, depth));
    }
    bars.sort_by_key(|bar| (bar.depth, bar.start));
    bars
}

fn bar(node: &Node, start: u64, depth: usize) -> Bar {
    let (name, place, origin) = match &node.frame {
        Some(frame) => (names::short(&frame.function), frame.place(), frame.origin.clone()),
        None => ("all".to_owned(), None, Origin::Unknown),
    };
    Bar {
        name,
        place,
        origin,
        start,
        weight: node.weight,
        depth,
    }
}

/// By name, so that two graphs of one program look alike.
fn sorted(children: &[usize], nodes: &[Node]) -> Vec<usize> {
    let name = |index: &usize| nodes[*index].frame.as_ref().map(|frame| frame.function.clone());
    let mut sorted = children.to_vec();
    sorted.sort_by_cached_key(name);
    sorted
}

fn tree(stacks: &[Weighed<'_>]) -> Vec<Node> {
    let node = |frame| Node {
        frame,
        weight: Weight::default(),
        children: Vec::new(),
    };
    let mut nodes = vec![node(None)];
    let mut by_name: HashMap<(usize, &str), usize> = HashMap::new();
    for (frames, weight) in stacks.iter().filter(|(_, weight)| *weight != 0) {
        let mut at = 0;
        nodes[at].weight.add(*weight);
        for frame in frames.iter().rev().take(DEEPEST) {
            at = *by_name.entry((at, &frame.function)).or_insert_with(|| {
                nodes.push(node(Some(frame.clone())));
                let index = nodes.len() - 1;
                nodes[at].children.push(index);
                index
            });
            nodes[at].weight.add(*weight);
        }
    }
    nodes
}
