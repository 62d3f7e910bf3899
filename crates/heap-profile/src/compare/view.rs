//! What changed, by a key: which fields, operations, types or cohorts have more than they had, and which have less.

use std::hash::Hash;

use rustc_hash::FxHashMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ancestors;
use super::change::{Change, Sums};
use super::fold::{Cell, Folded};
use crate::symbolize::Symbolized;
use crate::types::{Types, shorten};
use crate::{Fields, Schema};

/// What a comparison is told by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ComparisonKey {
    /// The call site.
    Site,
    /// The GraphQL field, as `Parent.field`.
    Field,
    /// The GraphQL operation.
    Operation,
    /// The type that was allocated.
    Type,
    /// The time between two snapshots in which it was allocated.
    Cohort,
    /// A function of the program's own, with all that it called.
    Ancestor,
}

/// What has one key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Row {
    /// The field, the operation, the type, the number of the cohort, the function; nothing for what belongs to none.
    pub key: Option<String>,
    /// Of a function: where it is.
    pub place: Option<String>,
    /// What changed.
    #[serde(flatten)]
    pub change: Change,
}

/// What changed, by one key.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct View {
    /// The first of what changed, what grew most first, what shrank most last. By all keys but the ancestor, all rows
    /// together and the instrument's own are the totals.
    pub rows: Vec<Row>,
    /// How many rows changed in all.
    pub rows_in_all: usize,
    /// Why there is less to see than there could be.
    pub note: Option<String>,
}

impl Row {
    pub(super) fn new(key: Option<String>, place: Option<String>, change: Change) -> Row {
        Row { key, place, change }
    }
}

impl View {
    fn of(rows: Vec<Row>, note: Option<String>) -> View {
        View {
            rows_in_all: rows.len(),
            rows,
            note,
        }
    }

    /// The same with no more rows than these.
    pub(super) fn first(&self, first: usize) -> View {
        View {
            rows: self.rows.iter().take(first).cloned().collect(),
            rows_in_all: self.rows_in_all,
            note: self.note.clone(),
        }
    }
}

/// By every key but the site.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Views {
    pub(super) field: View,
    pub(super) operation: View,
    pub(super) kind: View,
    pub(super) cohort: View,
    pub(super) ancestor: View,
}

impl Views {
    pub(super) fn of(folded: &mut Folded<'_>, snapshots: &[&Symbolized], counts_objects: bool) -> Views {
        let operation = added_up(folded, |cell| cell.operation);
        let operation = rows(operation, counts_objects, |text| folded.text(text).to_owned());
        let cohort = added_up(folded, |cell| cell.cohort);
        let cohort = rows(cohort, counts_objects, |number| number.to_string());
        Views {
            field: by_field(folded, snapshots, counts_objects),
            operation: View::of(operation, None),
            kind: View::of(by_type(folded, counts_objects), None),
            cohort: View::of(cohort, None),
            ancestor: View::of(ancestors::rows(folded, counts_objects), None),
        }
    }
}

/// By the field's label, or else as the stack tells.
fn by_field(folded: &Folded<'_>, snapshots: &[&Symbolized], counts_objects: bool) -> View {
    let (schema, note) = schema_of(snapshots);
    let stacks = || folded.stacks.iter().map(|stack| &stack.numbers[..]);
    let fields = Fields::of_numbered(folded.table.all(), stacks(), &schema);
    let mut sums = FxHashMap::default();
    let unlabelled = folded.changes_by_stack(|cell| cell.field.is_none());
    add_up(
        &mut sums,
        stacks()
            .map(|stack| fields.field_of_numbers(stack))
            .zip(unlabelled),
    );
    let labelled = || (0..).zip(&folded.cells).filter(|(_, cell)| cell.field.is_some());
    let text = |cell: &Cell| cell.field.map(|text| folded.text(text));
    add_up(
        &mut sums,
        labelled().map(|(at, cell)| (text(cell), folded.change(at))),
    );
    let is_labelled = labelled().next().is_some();
    let note = note.filter(|_| !is_labelled || snapshots.iter().any(|snapshot| !snapshot.sdl.is_empty()));
    View::of(rows(sums, counts_objects, str::to_owned), note)
}

/// The schema of the latest snapshot that has one. Without any, labels alone tell the field.
fn schema_of(snapshots: &[&Symbolized]) -> (Schema, Option<String>) {
    let Some(sdl) = snapshots.iter().rev().find_map(|snapshot| snapshot.schema()) else {
        let note = "no snapshot has a schema, so fields cannot be read from stacks";
        return (Schema::default(), Some(note.to_owned()));
    };
    match Schema::parse(sdl) {
        Ok(schema) => (schema, None),
        Err(error) => (
            Schema::default(),
            Some(format!("fields cannot be read from stacks: {error}")),
        ),
    }
}

fn by_type(folded: &Folded<'_>, counts_objects: bool) -> Vec<Row> {
    let types = Types::of(folded.table.all().count());
    let of_stack = folded
        .stacks
        .iter()
        .map(|stack| types.element_type(stack.frames, &stack.numbers));
    let mut sums = FxHashMap::default();
    add_up(&mut sums, of_stack.zip(folded.changes_by_stack(|_| true)));
    let mut rows = rows(sums, counts_objects, str::to_owned);
    shorten(rows.iter_mut().filter_map(|row| row.key.as_mut()).collect());
    ranked(rows)
}

/// All cells by a key of theirs.
fn added_up<K: Hash + Eq>(
    folded: &Folded<'_>,
    key: impl Fn(&Cell) -> Option<K>,
) -> FxHashMap<Option<K>, Sums> {
    let mut sums = FxHashMap::default();
    let changes = (0..).zip(&folded.cells);
    add_up(
        &mut sums,
        changes.map(|(at, cell)| (key(cell), folded.change(at))),
    );
    sums
}

fn add_up<K: Hash + Eq>(
    sums: &mut FxHashMap<Option<K>, Sums>,
    changes: impl Iterator<Item = (Option<K>, Sums)>,
) {
    for (key, change) in changes {
        sums.entry(key).or_default().add(change);
    }
}

fn rows<K>(sums: FxHashMap<Option<K>, Sums>, counts_objects: bool, name: impl Fn(K) -> String) -> Vec<Row> {
    let changed = sums.into_iter().filter(|(_, sums)| !sums.is_none());
    let rows = changed.map(|(key, sums)| Row::new(key.map(&name), None, sums.change(counts_objects)));
    ranked(rows.collect())
}

/// What grew most first; of what grew alike, what was made most.
pub(super) fn ranked(mut rows: Vec<Row>) -> Vec<Row> {
    rows.sort_by(|a, b| {
        let rank = |row: &Row| {
            (
                row.change.delta.bytes,
                row.change.delta.objects,
                row.change.new.bytes,
            )
        };
        rank(b)
            .cmp(&rank(a))
            .then_with(|| (&a.key, &a.place).cmp(&(&b.key, &b.place)))
    });
    rows
}
