//! The rows of all snapshots, added up: the allocator's and the runtime's frames cut off, stacks merged by name.
//!
//! Rows of one stack, operation, field and cohort make a [`Cell`]. A cell is the finest that is told apart, and what
//! changed in it is taken for what it seems: it grew by what is new, or it shrank by what was freed. Where cohorts are
//! known that is exact, since one cohort only grows while it is the current one, and only shrinks from then on. Where they
//! are not, something that was freed and made anew on one stack is not seen.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::change::Sums;
use super::frames::FrameTable;
use super::labels::{Labels, Texts};
use super::raw::{Raw, Raws};
use crate::symbolize::{Frame, Symbolized};
use crate::{Error, INSTRUMENT, OTHER};

/// What is live.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Value {
    pub(crate) bytes: i64,
    pub(crate) objects: i64,
}

impl Value {
    pub(super) fn add(&mut self, more: Value) {
        self.bytes = self.bytes.saturating_add(more.bytes);
        self.objects = self.objects.saturating_add(more.objects);
    }

    pub(super) fn is_zero(self) -> bool {
        self == Value::default()
    }
}

/// All stacks with the same functions, in the same order, up to the boundary of the task.
pub(crate) struct Stack<'a> {
    /// Without the allocator, and up to the boundary of the task. Of those that were merged, the one that grew most.
    pub(crate) frames: &'a [Arc<Frame>],
    /// The numbers of these frames.
    pub(super) numbers: Vec<u32>,
    pub(super) first: Value,
    pub(super) last: Value,
    /// Something is live of it in one of the snapshots.
    pub(super) is_live: bool,
}

impl Stack<'_> {
    /// Live bytes in the last snapshot less those in the first.
    pub(crate) fn growth(&self) -> i64 {
        self.last.bytes.saturating_sub(self.first.bytes)
    }
}

/// What is told apart: the rest is the same.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cell {
    pub(super) stack: u32,
    /// Numbers of texts: see [`Folded::text`].
    pub(super) operation: Option<u32>,
    pub(super) field: Option<u32>,
    pub(super) cohort: Option<i64>,
}

/// The rows of all snapshots, added up.
pub(crate) struct Folded<'a> {
    pub(super) table: FrameTable<'a>,
    pub(crate) stacks: Vec<Stack<'a>>,
    pub(super) cells: Vec<Cell>,
    /// For each cell, as many as there are snapshots.
    values: Vec<Value>,
    snapshots: usize,
    texts: Texts<'a>,
    /// All there is, and what of it is the instrument's own, by snapshot.
    pub(super) totals: Vec<(Value, Value)>,
}

impl<'a> Folded<'a> {
    /// Adds all rows up. Cohorts are told apart where they mean the same in all snapshots.
    pub(crate) fn of(snapshots: &[&'a Symbolized], by_cohort: bool) -> Result<Folded<'a>, Error> {
        let mut folder = Folder::new(snapshots.len());
        for (at, snapshot) in snapshots.iter().enumerate() {
            folder.add(at, snapshot, by_cohort)?;
        }
        Ok(folder.finish())
    }

    pub(super) fn text(&self, number: u32) -> &'a str {
        self.texts.get(number)
    }

    /// What is live of a cell, by snapshot.
    pub(super) fn values(&self, cell: usize) -> &[Value] {
        &self.values[cell * self.snapshots..][..self.snapshots]
    }

    /// What changed in the cells of each stack that are of this kind.
    pub(super) fn changes_by_stack(&self, is_meant: impl Fn(&Cell) -> bool) -> Vec<Sums> {
        let mut sums = vec![Sums::default(); self.stacks.len()];
        for (at, cell) in self.cells.iter().enumerate() {
            if is_meant(cell) {
                sums[cell.stack as usize].add(self.change(at));
            }
        }
        sums
    }

    /// What changed in a cell from the first snapshot to the last.
    pub(super) fn change(&self, cell: usize) -> Sums {
        let values = self.values(cell);
        Sums::of_cell(values[0], values[values.len() - 1])
    }
}

/// The operation, the field and the cohort of a cell.
type Kind = (Option<u32>, Option<u32>, Option<i64>);

struct Folder<'a> {
    folded: Folded<'a>,
    raws: Raws<'a>,
    merged_of: FxHashMap<Vec<u32>, u32>,
    /// Numbers what a cell has besides its stack: there are few of these, and they keep the next map small.
    kind_of: FxHashMap<Kind, u32>,
    /// By stack and kind.
    cell_of: FxHashMap<(u32, u32), u32>,
}

impl<'a> Folder<'a> {
    fn new(snapshots: usize) -> Folder<'a> {
        Folder {
            folded: Folded {
                table: FrameTable::default(),
                stacks: Vec::new(),
                cells: Vec::new(),
                values: Vec::new(),
                snapshots,
                texts: Texts::default(),
                totals: vec![Default::default(); snapshots],
            },
            raws: Raws::default(),
            merged_of: FxHashMap::default(),
            kind_of: FxHashMap::default(),
            cell_of: FxHashMap::default(),
        }
    }

    fn add(&mut self, at: usize, snapshot: &'a Symbolized, by_cohort: bool) -> Result<(), Error> {
        let (bytes, objects) = (snapshot.live_bytes_index()?, snapshot.live_objects_index());
        for sample in &snapshot.samples {
            let of = |index: usize| sample.values.get(index).copied().unwrap_or(0);
            let value = Value {
                bytes: of(bytes),
                objects: objects.map_or(0, of),
            };
            let labels = Labels::of(&sample.labels);
            let (total, instrument) = &mut self.folded.totals[at];
            total.add(value);
            if labels
                .operation
                .is_some_and(|operation| **operation == *INSTRUMENT)
            {
                instrument.add(value);
                continue;
            }
            let merge = || merge(&mut self.folded, &mut self.merged_of, &sample.stack);
            let raw = self.raws.index(&sample.stack, merge);
            if !value.is_zero() {
                self.add_live(at, raw, &labels, value, by_cohort);
            }
        }
        Ok(())
    }

    fn add_live(&mut self, at: usize, raw: usize, labels: &Labels<'a>, value: Value, by_cohort: bool) {
        let of_raw = &mut self.raws.all[raw];
        let stack = of_raw.merged;
        let (is_first, is_last) = (at == 0, at + 1 == self.folded.snapshots);
        let merged = &mut self.folded.stacks[stack as usize];
        merged.is_live = true;
        if is_first {
            merged.first.add(value);
            of_raw.growth = of_raw.growth.saturating_sub(value.bytes);
        }
        if is_last {
            merged.last.add(value);
            of_raw.growth = of_raw.growth.saturating_add(value.bytes);
        }
        let field = labels.field.filter(|field| ***field != *OTHER);
        let texts = &mut self.folded.texts;
        let cell = Cell {
            stack,
            operation: labels.operation.map(|text| texts.number(text)),
            field: field.map(|text| texts.number(text)),
            cohort: labels.cohort.filter(|_| by_cohort),
        };
        let cell = self.cell(cell, raw);
        self.folded.values[cell * self.folded.snapshots + at].add(value);
    }

    fn cell(&mut self, cell: Cell, raw: usize) -> usize {
        let next = self.kind_of.len() as u32;
        let kind = (cell.operation, cell.field, cell.cohort);
        let kind = *self.kind_of.entry(kind).or_insert(next);
        let latest = &mut self.raws.all[raw].latest;
        if let Some((_, index)) = latest.filter(|(latest, _)| *latest == kind) {
            return index as usize;
        }
        let folded = &mut self.folded;
        let index = *self.cell_of.entry((cell.stack, kind)).or_insert_with(|| {
            folded.cells.push(cell);
            folded
                .values
                .resize(folded.cells.len() * folded.snapshots, Value::default());
            folded.cells.len() as u32 - 1
        });
        *latest = Some((kind, index));
        index as usize
    }

    /// What is shown of a merged stack is of the one that grew most, whatever the order in the files.
    fn finish(mut self) -> Folded<'a> {
        let mut best: Vec<Option<&Raw<'_>>> = vec![None; self.folded.stacks.len()];
        for raw in &self.raws.all {
            let best = &mut best[raw.merged as usize];
            if best.is_none_or(|best| raw.is_before(best)) {
                *best = Some(raw);
            }
        }
        for (stack, raw) in self.folded.stacks.iter_mut().zip(best) {
            if let Some(raw) = raw.filter(|raw| !std::ptr::eq(raw.frames, stack.frames)) {
                (stack.frames, stack.numbers) = self.folded.table.relevant(raw.whole);
            }
        }
        self.folded
    }
}

/// Finds the merged stack of one that was not seen before, or makes it.
fn merge<'a>(
    folded: &mut Folded<'a>,
    merged_of: &mut FxHashMap<Vec<u32>, u32>,
    whole: &'a [Arc<Frame>],
) -> Raw<'a> {
    let (frames, numbers) = folded.table.relevant(whole);
    let names = numbers
        .iter()
        .map(|frame| folded.table.facts(*frame).name)
        .collect();
    let merged = *merged_of.entry(names).or_insert_with(|| {
        folded.stacks.push(Stack {
            frames,
            numbers,
            first: Value::default(),
            last: Value::default(),
            is_live: false,
        });
        folded.stacks.len() as u32 - 1
    });
    Raw {
        whole,
        frames,
        merged,
        growth: 0,
        latest: None,
    }
}
