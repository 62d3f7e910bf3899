//! The tree behind a flame graph: stacks from the root, merged by name. What came of it, `svg` draws.
//!
//! As in a comparison, the allocator is left out at one end, and at the other whatever polls the task: a third of the
//! height that says nothing, and that would part one task's memory by the thread that it happened to run on.
//!
//! Nodes live in one vector and nothing here recurses: a stack can be as deep as a file makes it.

use std::collections::HashMap;
use std::sync::Arc;

use crate::compare::relevant;
use crate::symbolize::{Origin, Symbolized};
use crate::{Error, Frame, names};

/// Frames deeper than this are cut off: what is left of them is in the bar above.
const DEEPEST: usize = 256;

/// A bar: where it begins and how wide it is, in bytes, and how far from the root.
#[derive(Debug)]
pub(super) struct Bar {
    pub(super) name: String,
    pub(super) place: Option<String>,
    pub(super) origin: Origin,
    pub(super) start: u64,
    pub(super) bytes: u64,
    pub(super) depth: usize,
}

struct Node {
    frame: Option<Arc<Frame>>,
    bytes: u64,
    children: Vec<usize>,
}

/// The bars, root first, of at least a given share of the whole.
pub(super) fn bars(snapshot: &Symbolized, least_share: f64) -> Result<Vec<Bar>, Error> {
    let nodes = tree(snapshot)?;
    let least = (nodes[0].bytes as f64 * least_share) as u64;
    let mut bars = Vec::new();
    let mut waiting = vec![(0, 0u64, 0)];
    while let Some((index, start, depth)) = waiting.pop() {
        let node = &nodes[index];
        if node.bytes == 0 || node.bytes < least {
            continue;
        }
        let mut at = start;
        for child in sorted(&node.children, &nodes) {
            waiting.push((child, at, depth + 1));
            at = at.saturating_add(nodes[child].bytes);
        }
        bars.push(bar(node, start, depth));
    }
    bars.sort_by_key(|bar| (bar.depth, bar.start));
    Ok(bars)
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
        bytes: node.bytes,
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

fn tree(snapshot: &Symbolized) -> Result<Vec<Node>, Error> {
    let bytes_index = snapshot.live_bytes_index()?;
    let mut nodes = vec![Node {
        frame: None,
        bytes: 0,
        children: Vec::new(),
    }];
    let mut by_name: HashMap<(usize, &str), usize> = HashMap::new();
    for sample in &snapshot.samples {
        let value = sample
            .values
            .get(bytes_index)
            .and_then(|value| u64::try_from(*value).ok())
            .unwrap_or(0);
        let mut at = 0;
        nodes[at].bytes = nodes[at].bytes.saturating_add(value);
        for frame in relevant(&sample.stack).iter().rev().take(DEEPEST) {
            at = *by_name.entry((at, &frame.function)).or_insert_with(|| {
                nodes.push(Node {
                    frame: Some(frame.clone()),
                    bytes: 0,
                    children: Vec::new(),
                });
                let index = nodes.len() - 1;
                nodes[at].children.push(index);
                index
            });
            nodes[at].bytes = nodes[at].bytes.saturating_add(value);
        }
    }
    Ok(nodes)
}
