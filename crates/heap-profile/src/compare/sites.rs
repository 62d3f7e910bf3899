//! Call sites: stacks of one name added up, and what is shown of each.

use rustc_hash::FxHashMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::change::{Change, Sums};
use super::fold::{Folded, Stack};
use super::frames::FrameTable;
use super::site::{OwnCrates, shown_given};
use super::view::Row;
use super::{Column, MAX_FRAMES_SHOWN};
use crate::names;
use crate::symbolize::{Frame, Origin};

/// A place that allocates.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Site {
    /// The function, without the bodies of closures and `async fn`s.
    pub function: String,
    /// The source file.
    pub file: Option<String>,
    /// The line; of several, the one whose stack grew most.
    pub line: Option<u32>,
    /// Whose code the function is.
    pub origin: Origin,
    /// What changed.
    #[serde(flatten)]
    pub change: Change,
    /// Live bytes in each snapshot.
    pub bytes: Vec<i64>,
    /// Live objects in each snapshot whose file has them.
    pub objects: Vec<Option<i64>>,
    /// How many different stacks were merged.
    pub stacks: usize,
    /// What the function called in order to allocate, outside of the program's own code. In the stack that grew most.
    pub through: Option<String>,
    /// The function's own frame, then its callers among the program's own code, up to the boundary of the task. In the
    /// stack that grew most, at most [`MAX_FRAMES_SHOWN`].
    pub frames: Vec<Frame>,
}

impl Site {
    /// As a row among others.
    pub(super) fn row(&self) -> Row {
        let place = self.frames.first().and_then(Frame::place);
        Row::new(Some(self.function.clone()), place, self.change)
    }
}

/// A site while it is being added up.
struct Group {
    /// The stack that grew most, and which of its frames names the site.
    best: usize,
    named: Option<usize>,
    stacks: usize,
    sums: Sums,
    bytes: Vec<i64>,
    objects: Vec<i64>,
}

/// All sites, what grew most first, what shrank most last.
pub(super) fn sites(
    folded: &mut Folded<'_>,
    own: &OwnCrates,
    columns: &[Column],
    counts_objects: bool,
) -> Vec<Site> {
    let (mut groups, of_stack) = groups(folded, own, columns.len());
    for (at, cell) in folded.cells.iter().enumerate() {
        groups[of_stack[cell.stack as usize]].add(folded, at);
    }
    let Folded { table, stacks, .. } = folded;
    let mut sites: Vec<Site> = groups
        .iter()
        .map(|group| site(group, &stacks[group.best], table, columns, counts_objects))
        .collect();
    sites.sort_by(|a, b| {
        let rank = |site: &Site| {
            let delta = site.change.delta;
            (delta.bytes, delta.objects, site.bytes.last().copied())
        };
        rank(b)
            .cmp(&rank(a))
            .then_with(|| (&a.function, &a.file).cmp(&(&b.function, &b.file)))
    });
    sites
}

/// The sites, and which of them each stack belongs to.
fn groups(folded: &mut Folded<'_>, own: &OwnCrates, columns: usize) -> (Vec<Group>, Vec<usize>) {
    let mut groups: Vec<Group> = Vec::new();
    let mut by_function: FxHashMap<Option<u32>, usize> = FxHashMap::default();
    let mut of_stack = Vec::with_capacity(folded.stacks.len());
    let Folded { table, stacks, .. } = folded;
    for (at, stack) in stacks.iter().enumerate() {
        if !stack.is_live {
            // No cell asks for it.
            of_stack.push(usize::MAX);
            continue;
        }
        let first_own = stack.numbers.iter().position(|frame| table.facts(*frame).is_own);
        let named = first_own
            .or_else(|| own.name_given(stack.frames, |at| table.is_library_for(stack.numbers[at], own)));
        let function = named.map(|at| table.function(stack.numbers[at]));
        let group = *by_function.entry(function).or_insert_with(|| {
            groups.push(Group {
                best: at,
                named,
                stacks: 0,
                sums: Sums::default(),
                bytes: vec![0; columns],
                objects: vec![0; columns],
            });
            groups.len() - 1
        });
        of_stack.push(group);
        let group = &mut groups[group];
        group.stacks += 1;
        if is_before(stack, &stacks[group.best]) {
            (group.best, group.named) = (at, named);
        }
    }
    (groups, of_stack)
}

/// What is shown of a site should not depend on the order in the files.
fn is_before(stack: &Stack<'_>, other: &Stack<'_>) -> bool {
    match stack.growth().cmp(&other.growth()) {
        std::cmp::Ordering::Equal => {
            let (mine, others) = (stack.frames.iter(), other.frames.iter());
            mine.map(|frame| &*frame.function)
                .lt(others.map(|frame| &*frame.function))
        }
        ordering => ordering.is_gt(),
    }
}

impl Group {
    fn add(&mut self, folded: &Folded<'_>, cell: usize) {
        let values = folded.values(cell);
        self.sums.add(folded.change(cell));
        for (at, value) in values.iter().enumerate() {
            self.bytes[at] = self.bytes[at].saturating_add(value.bytes);
            self.objects[at] = self.objects[at].saturating_add(value.objects);
        }
    }
}

fn site(
    group: &Group,
    stack: &Stack<'_>,
    table: &mut FrameTable<'_>,
    columns: &[Column],
    counts_objects: bool,
) -> Site {
    let frame = group.named.map(|at| &stack.frames[at]);
    let counted = columns.iter().zip(&group.objects);
    Site {
        function: frame
            .map_or("unknown", |frame| names::without_closures(&frame.function))
            .to_owned(),
        file: frame.and_then(|frame| frame.file.clone()),
        line: frame.and_then(|frame| frame.line),
        origin: frame.map_or(Origin::Unknown, |frame| frame.origin.clone()),
        change: group.sums.change(counts_objects),
        bytes: group.bytes.clone(),
        objects: counted
            .map(|(column, objects)| column.objects.map(|_| *objects))
            .collect(),
        stacks: group.stacks,
        through: group
            .named
            .and_then(|at| at.checked_sub(1))
            .map(|below| stack.frames[below].function.clone()),
        frames: group.named.map_or_else(Vec::new, |named| {
            let function = |at| table.function_name(stack.numbers[named + at]);
            shown_given(&stack.frames[named..], MAX_FRAMES_SHOWN, function)
        }),
    }
}
