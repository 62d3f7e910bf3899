//! The rows of all snapshots, added up: the allocator's and the runtime's frames cut off, stacks merged by name.
//!
//! Rows of one stack, operation, field and cohort make a [`Cell`]. A cell is the finest that is told apart, and what
//! changed in it is taken for what it seems: it grew by what is new, or it shrank by what was freed. Where cohorts are
//! known that is exact, since one cohort only grows while it is the current one, and only shrinks from then on. Where they
//! are not, something that was freed and made anew on one stack is not seen.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHasher};

use super::change::Sums;
use super::frames::FrameTable;
use crate::model::{Label, LabelValue};
use crate::symbolize::{Frame, Symbolized};
use crate::{COHORT, Error, FIELD, INSTRUMENT, OPERATION, OTHER, STACK};

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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
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
    texts: Vec<&'a str>,
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
        self.texts[number as usize]
    }

    /// What is live of a cell, by snapshot.
    pub(super) fn values(&self, cell: usize) -> &[Value] {
        &self.values[cell * self.snapshots..][..self.snapshots]
    }

    /// What changed in a cell from the first snapshot to the last.
    pub(super) fn change(&self, cell: usize) -> Sums {
        let values = self.values(cell);
        Sums::of_cell(values[0], values[values.len() - 1])
    }
}

/// A stack as it is in the files.
struct Raw<'a> {
    whole: &'a [Arc<Frame>],
    /// Without what is cut off.
    frames: &'a [Arc<Frame>],
    /// The number of the merged one.
    merged: u32,
    growth: i64,
}

struct Folder<'a> {
    folded: Folded<'a>,
    raws: Vec<Raw<'a>>,
    raw_of: FxHashMap<ByPointer<'a>, u32>,
    /// By the number that the recorder gave it.
    raw_numbered: FxHashMap<i64, u32>,
    merged_of: FxHashMap<Vec<u32>, u32>,
    cell_of: FxHashMap<Cell, u32>,
    text_of: FxHashMap<&'a str, u32>,
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
                texts: Vec::new(),
                totals: vec![Default::default(); snapshots],
            },
            raws: Vec::new(),
            raw_of: FxHashMap::default(),
            raw_numbered: FxHashMap::default(),
            merged_of: FxHashMap::default(),
            cell_of: FxHashMap::default(),
            text_of: FxHashMap::default(),
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
            if labels.operation == Some(INSTRUMENT) {
                instrument.add(value);
                continue;
            }
            let raw = self.raw(&sample.stack, labels.stack);
            if !value.is_zero() {
                self.add_live(at, raw, &labels, value, by_cohort);
            }
        }
        Ok(())
    }

    fn add_live(&mut self, at: usize, raw: usize, labels: &Labels<'a>, value: Value, by_cohort: bool) {
        let stack = self.raws[raw].merged;
        let (is_first, is_last) = (at == 0, at + 1 == self.folded.snapshots);
        let merged = &mut self.folded.stacks[stack as usize];
        merged.is_live = true;
        let growth = &mut self.raws[raw].growth;
        if is_first {
            merged.first.add(value);
            *growth = growth.saturating_sub(value.bytes);
        }
        if is_last {
            merged.last.add(value);
            *growth = growth.saturating_add(value.bytes);
        }
        let cell = Cell {
            stack,
            operation: labels.operation.map(|text| self.text(text)),
            field: labels
                .field
                .filter(|field| *field != OTHER)
                .map(|text| self.text(text)),
            cohort: labels.cohort.filter(|_| by_cohort),
        };
        let cell = self.cell(cell);
        self.folded.values[cell * self.folded.snapshots + at].add(value);
    }

    /// The number of a stack as it is in the files. Most have been seen before, and the recorder has numbered them: then
    /// a look at the ends will do.
    fn raw(&mut self, stack: &'a [Arc<Frame>], number: Option<i64>) -> usize {
        let known = number.and_then(|number| self.raw_numbered.get(&number));
        if let Some(raw) = known.filter(|raw| same_ends(self.raws[**raw as usize].whole, stack)) {
            return *raw as usize;
        }
        let next = self.raws.len() as u32;
        let raw = *self.raw_of.entry(ByPointer::of(stack)).or_insert(next);
        if raw == next {
            let merged = self.merge(stack);
            self.raws.push(merged);
        }
        if let Some(number) = number {
            self.raw_numbered.insert(number, raw);
        }
        raw as usize
    }

    fn merge(&mut self, whole: &'a [Arc<Frame>]) -> Raw<'a> {
        let folded = &mut self.folded;
        let (frames, numbers) = folded.table.relevant(whole);
        let names = numbers
            .iter()
            .map(|frame| folded.table.facts(*frame).name)
            .collect();
        let merged = *self.merged_of.entry(names).or_insert_with(|| {
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
        }
    }

    fn cell(&mut self, cell: Cell) -> usize {
        let folded = &mut self.folded;
        let index = *self.cell_of.entry(cell).or_insert_with(|| {
            folded.cells.push(cell);
            folded
                .values
                .resize(folded.cells.len() * folded.snapshots, Value::default());
            folded.cells.len() as u32 - 1
        });
        index as usize
    }

    fn text(&mut self, text: &'a str) -> u32 {
        *self.text_of.entry(text).or_insert_with(|| {
            self.folded.texts.push(text);
            self.folded.texts.len() as u32 - 1
        })
    }

    /// What is shown of a merged stack is of the one that grew most, whatever the order in the files.
    fn finish(mut self) -> Folded<'a> {
        let mut best: Vec<Option<&Raw<'_>>> = vec![None; self.folded.stacks.len()];
        for raw in &self.raws {
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

impl Raw<'_> {
    fn is_before(&self, other: &Raw<'_>) -> bool {
        match self.growth.cmp(&other.growth) {
            std::cmp::Ordering::Equal => self.places().lt(other.places()),
            ordering => ordering.is_gt(),
        }
    }

    fn places(&self) -> impl Iterator<Item = (Option<&str>, Option<u32>)> {
        self.frames
            .iter()
            .map(|frame| (frame.file.as_deref(), frame.line))
    }
}

/// Whether two stacks of one number are the same as far as can be seen at once.
fn same_ends(a: &[Arc<Frame>], b: &[Arc<Frame>]) -> bool {
    let same = |(a, b): (&Arc<Frame>, &Arc<Frame>)| Arc::ptr_eq(a, b);
    a.len() == b.len() && a.first().zip(b.first()).is_none_or(same) && a.last().zip(b.last()).is_none_or(same)
}

/// What of a row's labels tells it apart.
#[derive(Default)]
struct Labels<'a> {
    operation: Option<&'a str>,
    field: Option<&'a str>,
    cohort: Option<i64>,
    stack: Option<i64>,
}

impl<'a> Labels<'a> {
    fn of(labels: &'a [Label]) -> Labels<'a> {
        let mut found = Labels::default();
        for label in labels {
            match (&*label.key, &label.value) {
                (OPERATION, LabelValue::Text(text)) => found.operation = found.operation.or(Some(text)),
                (FIELD, LabelValue::Text(text)) => found.field = found.field.or(Some(text)),
                (COHORT, LabelValue::Number(number, _)) => found.cohort = found.cohort.or(Some(*number)),
                (STACK, LabelValue::Number(number, _)) => found.stack = found.stack.or(Some(*number)),
                _ => {}
            }
        }
        found
    }
}

/// A stack by the identity of its frames: telling two of them apart reads no name.
struct ByPointer<'a> {
    hash: u64,
    stack: &'a [Arc<Frame>],
}

impl<'a> ByPointer<'a> {
    fn of(stack: &'a [Arc<Frame>]) -> ByPointer<'a> {
        let mut hasher = FxHasher::default();
        stack
            .iter()
            .for_each(|frame| Arc::as_ptr(frame).hash(&mut hasher));
        ByPointer {
            hash: hasher.finish(),
            stack,
        }
    }
}

impl PartialEq for ByPointer<'_> {
    fn eq(&self, other: &Self) -> bool {
        let same = |(a, b): (&Arc<Frame>, &Arc<Frame>)| Arc::ptr_eq(a, b);
        let (mine, others) = (self.stack, other.stack);
        self.hash == other.hash && mine.len() == others.len() && mine.iter().zip(others).all(same)
    }
}

impl Eq for ByPointer<'_> {}

impl Hash for ByPointer<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.hash);
    }
}
