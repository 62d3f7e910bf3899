//! The live heap of one snapshot by key: which fields, operations, types, stacks or cohorts keep how much.
//!
//! By operation and by cohort, the labels of the file are enough ([`live_heap`]): a running service can do that itself.
//! The rest needs the names of functions, and so the binary's line tables ([`live_heap_named`]): that is work for
//! another process. Either way the answer is one and the same [`LiveHeap`], which crosses between the two as JSON.
//!
//! `group` adds the rows of the file up, `estimate` says how far off the sum may be.

mod estimate;
mod group;

pub(crate) use estimate::Variance;

use serde::{Deserialize, Serialize};

use crate::compare::{OwnCrates, relevant, shown};
use crate::model::Period;
use crate::{
    COHORT, Error, FIELD, Fields, OPERATION, Profile, STACK, Schema, Symbolized, SymbolizedSample,
    element_type, names, types,
};
use group::{Groups, Row, columns};

/// The most frames that are given of each stack.
pub const MAX_LIVE_FRAMES: usize = 8;

/// What the live heap is told by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LiveHeapKey {
    /// The GraphQL field, as `Parent.field`.
    Field,
    /// The GraphQL operation.
    Operation,
    /// The type that was allocated.
    Type,
    /// The stack.
    Stack,
    /// The time between two snapshots in which it was allocated.
    Cohort,
}

/// The live heap by a key.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LiveHeap {
    /// What it is told by.
    pub key: LiveHeapKey,
    /// The first rows, the largest first.
    pub rows: Vec<LiveHeapRow>,
    /// How many rows there are in all.
    pub rows_in_all: usize,
    /// All live bytes: of all rows, unattributed, and the instrument's.
    pub bytes: i64,
    /// The standard error of `bytes`, where the file has what it takes.
    pub standard_error_bytes: Option<f64>,
    /// Bytes of which the key cannot be told. They are in no row.
    pub unattributed_bytes: i64,
    /// Bytes that the instrument itself has allocated. They are in no row.
    pub instrument_bytes: i64,
}

/// All live objects with one key.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LiveHeapRow {
    /// The field, the operation, the type, or the number of the stack or of the cohort.
    pub key: String,
    /// How many objects, as estimated from samples; 0 where the file has bytes alone.
    pub objects: i64,
    /// How many bytes, as estimated from samples.
    pub bytes: i64,
    /// The standard error of `bytes`, where the file has what it takes: sizes of objects and the sampling interval.
    pub standard_error_bytes: Option<f64>,
    /// Of a stack: what allocated, then its callers in the program's own code, each with its place.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub frames: Vec<String>,
}

impl LiveHeapKey {
    /// True where the names of functions are needed: [`live_heap_named`].
    pub fn needs_names(self) -> bool {
        !matches!(self, LiveHeapKey::Operation | LiveHeapKey::Cohort)
    }

    /// As it is written in JSON, and on a command line.
    pub fn as_str(self) -> &'static str {
        match self {
            LiveHeapKey::Field => "field",
            LiveHeapKey::Operation => "operation",
            LiveHeapKey::Type => "type",
            LiveHeapKey::Stack => "stack",
            LiveHeapKey::Cohort => "cohort",
        }
    }
}

/// The live heap by operation or by cohort, from the labels alone: cheap, and fit for the measured process itself.
///
/// # Errors
/// For a key that needs names, and where the file has no live bytes.
pub fn live_heap(profile: &Profile, key: LiveHeapKey, first: usize) -> Result<LiveHeap, Error> {
    if key.needs_names() {
        return Err(Error::NeedsNames { key: key.as_str() });
    }
    let columns = columns(&profile.sample_types, interval(profile.period.as_ref()))?;
    let mut groups = Groups::default();
    for (at, sample) in profile.samples.iter().enumerate() {
        let row = Row::new(&columns, &sample.values, &sample.labels, at);
        groups.add(row, || label_of(&sample.labels, key));
    }
    Ok(groups.finish(key, first, |_, _| Vec::new()))
}

/// The live heap by any key.
///
/// # Errors
/// Where the file has no live bytes; by field, where its schema is malformed, or where it has neither a schema nor
/// labels with fields.
pub fn live_heap_named(snapshot: &Symbolized, key: LiveHeapKey, first: usize) -> Result<LiveHeap, Error> {
    let schema = if key == LiveHeapKey::Field {
        schema_of(snapshot)?
    } else {
        Schema::default()
    };
    let fields = (key == LiveHeapKey::Field).then(|| Fields::of(snapshot, &schema));
    let key_of = |sample: &SymbolizedSample| match &fields {
        Some(fields) => fields.field(sample),
        None if key == LiveHeapKey::Type => element_type(&sample.stack),
        None => label_of(&sample.labels, key),
    };
    let columns = columns(&snapshot.sample_types, interval(snapshot.period.as_ref()))?;
    let mut groups = Groups::default();
    for (at, sample) in snapshot.samples.iter().enumerate() {
        let row = Row::new(&columns, &sample.values, &sample.labels, at);
        groups.add(row, || key_of(sample));
    }
    let own = (key == LiveHeapKey::Stack).then(|| OwnCrates::of(std::iter::once(snapshot)));
    let frames = |_: &str, sample: usize| match &own {
        Some(own) => frames_of(&snapshot.samples[sample], own),
        None => Vec::new(),
    };
    let mut heap = groups.finish(key, first, frames);
    if key == LiveHeapKey::Type {
        types::shorten(heap.rows.iter_mut().map(|row| &mut row.key).collect());
    }
    Ok(heap)
}

/// Operations, cohorts and stacks are labels: a text or a number.
fn label_of(labels: &[crate::Label], key: LiveHeapKey) -> Option<String> {
    let label = match key {
        LiveHeapKey::Operation => return crate::model::text(labels, OPERATION).map(str::to_owned),
        LiveHeapKey::Cohort => COHORT,
        LiveHeapKey::Stack => STACK,
        LiveHeapKey::Field | LiveHeapKey::Type => return None,
    };
    crate::model::number(labels, label).map(|number| number.to_string())
}

fn schema_of(snapshot: &Symbolized) -> Result<Schema, Error> {
    match snapshot.schema() {
        Some(sdl) => Schema::parse(sdl),
        None if snapshot.samples.iter().any(|sample| sample.text(FIELD).is_some()) => Ok(Schema::default()),
        None => Err(Error::NoSchema),
    }
}

/// The mean number of bytes from one sample to the next. A period of objects, or of time, is none.
fn interval(period: Option<&Period>) -> Option<i64> {
    let period = period.filter(|period| &*period.kind.unit == "bytes")?;
    Some(period.value).filter(|value| *value > 0)
}

fn frames_of(sample: &SymbolizedSample, own: &OwnCrates) -> Vec<String> {
    let frames = relevant(&sample.stack);
    let from = own.name(frames).unwrap_or(0);
    let shown = shown(&frames[from..], MAX_LIVE_FRAMES);
    let line = |frame: &crate::Frame| {
        let function = names::short(names::without_closures(&frame.function));
        match frame.place() {
            Some(place) => format!("{function} ({place})"),
            None => function,
        }
    };
    shown.iter().map(line).collect()
}
