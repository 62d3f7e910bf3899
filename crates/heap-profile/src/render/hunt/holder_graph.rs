//! Who holds a site's objects, arranged as a picture: a tree that grows from the objects downwards, to a root for each path.
//!
//! Paths share the boxes that they begin with alike. Where things stand is found here, in pixels; `html::holders` draws it.
//! Downwards, since a page may be narrow, and names are wide.

use crate::holders::{HolderPath, HolderRoot, HolderStep, Holders};
use crate::render::holders::share;
use crate::render::layout::folded;

pub(super) const BOX: (f64, f64) = (290.0, 46.0);
/// Between one box and the next, to the right and downwards.
const GAP: (f64, f64) = (24.0, 38.0);
const MARGIN: f64 = 14.0;
/// Of a path with more steps, the first and the last are drawn.
const FIRST_STEPS: usize = 6;
const LAST_STEPS: usize = 2;

pub(super) struct Graph<'a> {
    /// Each box with its upper left corner.
    pub(super) boxes: Vec<((f64, f64), What<'a>)>,
    pub(super) arrows: Vec<Arrow>,
    pub(super) size: (f64, f64),
}

/// What stands in a box.
#[derive(Clone, Copy)]
pub(super) enum What<'a> {
    /// Objects on a path.
    Step(&'a HolderStep),
    /// So many steps that are not drawn.
    Folded(usize),
    /// What a path ends at.
    Root(&'a HolderRoot),
}

/// From the upper edge of what holds to the lower edge of what it holds.
pub(super) struct Arrow {
    pub(super) from: (f64, f64),
    pub(super) to: (f64, f64),
    /// How many of the objects go this way: where a path parts from the others.
    pub(super) label: Option<String>,
}

impl<'a> Graph<'a> {
    /// Of the first paths.
    pub(super) fn of(holders: &'a Holders, most_paths: usize) -> Graph<'a> {
        let mut tree = Tree::default();
        for path in holders.paths.iter().take(most_paths) {
            tree.add(path);
        }
        let columns = tree.arrange();
        let rows = tree.nodes.iter().map(|node| node.row + 1).max().unwrap_or(0);
        Graph {
            arrows: tree.arrows(holders),
            boxes: tree.nodes.iter().map(|node| (node.corner(), node.what)).collect(),
            size: (
                2.0 * MARGIN + columns * (BOX.0 + GAP.0) - GAP.0,
                2.0 * MARGIN + rows as f64 * (BOX.1 + GAP.1) - GAP.1,
            ),
        }
    }
}

/// Boxes in the order in which they were added: what holds comes after what it holds.
#[derive(Default)]
struct Tree<'a> {
    nodes: Vec<Node<'a>>,
}

struct Node<'a> {
    what: What<'a>,
    parent: Option<usize>,
    row: usize,
    /// A middle one of several columns has a half.
    column: f64,
    /// The first path that goes this way, and how many do.
    path: &'a HolderPath,
    paths: usize,
}

impl<'a> Tree<'a> {
    fn add(&mut self, path: &'a HolderPath) {
        let mut parent = None;
        for what in boxes_of(path) {
            let known = self
                .nodes
                .iter()
                .position(|node| node.parent == parent && is_same(node.what, what));
            let at = known.unwrap_or_else(|| {
                self.nodes.push(Node {
                    what,
                    parent,
                    row: parent.map_or(0, |at: usize| self.nodes[at].row + 1),
                    column: 0.0,
                    path,
                    paths: 0,
                });
                self.nodes.len() - 1
            });
            self.nodes[at].paths += 1;
            parent = Some(at);
        }
    }

    /// Gives each node its column: roots side by side, what they hold above the middle of them. How many columns there are.
    fn arrange(&mut self) -> f64 {
        let mut next = 0.0;
        // Those without a parent, the last one on top.
        let mut open: Vec<usize> = self.held_by(None);
        while let Some(at) = open.pop() {
            let children = self.held_by(Some(at));
            if children.is_empty() {
                self.nodes[at].column = next;
                next += 1.0;
            }
            open.extend(children);
        }
        for at in (0..self.nodes.len()).rev() {
            let children = self.held_by(Some(at));
            if let (Some(last), Some(first)) = (children.first(), children.last()) {
                self.nodes[at].column = f64::midpoint(self.nodes[*first].column, self.nodes[*last].column);
            }
        }
        next.max(1.0)
    }

    /// The nodes below one, the last one first.
    fn held_by(&self, parent: Option<usize>) -> Vec<usize> {
        let all = (0..self.nodes.len()).rev();
        all.filter(|at| self.nodes[*at].parent == parent).collect()
    }

    fn arrows(&self, holders: &Holders) -> Vec<Arrow> {
        let arrow = |node: &Node<'a>| {
            let held = &self.nodes[node.parent?];
            let parts = node.paths == 1 && (held.paths > 1 || held.parent.is_none());
            let middle = |(x, y): (f64, f64)| (x + BOX.0 / 2.0, y);
            let (x, y) = middle(held.corner());
            Some(Arrow {
                from: middle(node.corner()),
                to: (x, y + BOX.1),
                label: parts.then(|| share(node.path, holders)),
            })
        };
        self.nodes.iter().filter_map(arrow).collect()
    }
}

impl Node<'_> {
    fn corner(&self) -> (f64, f64) {
        (
            MARGIN + self.column * (BOX.0 + GAP.0),
            MARGIN + self.row as f64 * (BOX.1 + GAP.1),
        )
    }
}

fn boxes_of(path: &HolderPath) -> Vec<What<'_>> {
    let steps = || path.steps.iter().map(What::Step);
    let mut boxes: Vec<What<'_>> = match folded(path.steps.len(), FIRST_STEPS, LAST_STEPS) {
        0 => steps().collect(),
        folded => {
            let last = steps().skip(FIRST_STEPS + folded);
            let between = What::Folded(folded);
            steps().take(FIRST_STEPS).chain([between]).chain(last).collect()
        }
    };
    boxes.push(What::Root(&path.root));
    boxes
}

/// Whether two paths have this box in common. Each has a root of its own, for its share of the objects.
fn is_same(a: What<'_>, b: What<'_>) -> bool {
    match (a, b) {
        (What::Step(a), What::Step(b)) => {
            let size = |step: &HolderStep| step.kind.is_none().then_some(step.bytes);
            let all = |step: &HolderStep| (step.times, step.weak_only, size(step));
            a.kind == b.kind && all(a) == all(b)
        }
        (What::Folded(a), What::Folded(b)) => a == b,
        _ => false,
    }
}
