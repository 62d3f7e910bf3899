//! One snapshot of a heap, as a pprof file has it: stacks of addresses with values, and where the addresses belong.
//!
//! All references between the parts are indices into the vectors of [`Profile`], from 0; decoding has checked them.
//! Strings are shared, because a file of a thousand labels usually has a dozen different ones.

use std::sync::Arc;

use crate::Error;

/// Sample type: bytes that are allocated and not yet freed.
pub const INUSE_SPACE: &str = "inuse_space";
/// Sample type: objects that are allocated and not yet freed.
pub const INUSE_OBJECTS: &str = "inuse_objects";
/// Sample type: bytes allocated since the start, freed ones too.
pub const ALLOC_SPACE: &str = "alloc_space";
/// Sample type: objects allocated since the start, freed ones too.
pub const ALLOC_OBJECTS: &str = "alloc_objects";

/// A snapshot of a heap.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Profile {
    /// What each sample's values mean, in their order.
    pub sample_types: Vec<SampleType>,
    /// The stacks and their values.
    pub samples: Vec<Sample>,
    /// The files that the addresses belong to. The first is the program itself, by the format's convention.
    pub mappings: Vec<Mapping>,
    /// The addresses that stacks are made of.
    pub locations: Vec<Location>,
    /// The functions that locations name, where the file is symbolized already.
    pub functions: Vec<Function>,
    /// When it was taken, in nanoseconds since 1970; 0 where the file does not say.
    pub time_nanos: i64,
    /// How long it covers, in nanoseconds; 0 where the file does not say.
    pub duration_nanos: i64,
    /// The mean distance between samples.
    pub period: Option<Period>,
    /// Free text.
    pub comments: Vec<Arc<str>>,
    /// The sample type that viewers should show first; empty where the file does not say.
    pub default_sample_type: Arc<str>,
    /// What the snapshot says besides its samples, as JSON; empty where another program wrote the file. See
    /// [`Profile::info`].
    pub account: Arc<str>,
    /// The service's GraphQL schema in the definition language; empty where the file has none. See [`Profile::schema`].
    pub sdl: Arc<str>,
}

/// The meaning of one value of each sample.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SampleType {
    /// Such as [`INUSE_SPACE`].
    pub kind: Arc<str>,
    /// `bytes` or `count`.
    pub unit: Arc<str>,
}

/// The mean distance between samples.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Period {
    /// What it is measured in, such as `space` in `bytes`.
    pub kind: SampleType,
    /// How many of them; 0 where the file does not say.
    pub value: i64,
}

/// A stack, and what was allocated there.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sample {
    /// Indices into [`Profile::locations`], the leaf (where the allocator was called) first.
    pub stack: Vec<usize>,
    /// One value for each of [`Profile::sample_types`].
    pub values: Vec<i64>,
    /// What else is known of these allocations.
    pub labels: Vec<Label>,
}

impl Sample {
    /// The text of a label, such as the operation; nothing where it has none, or a number.
    pub fn text(&self, label: &str) -> Option<&str> {
        text(&self.labels, label)
    }

    /// The number of a label, such as the stack's; nothing where it has none, or a text.
    pub fn number(&self, label: &str) -> Option<i64> {
        number(&self.labels, label)
    }
}

/// A key and its value: the operation, the cohort, the field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    /// Such as `operation`.
    pub key: Arc<str>,
    /// What the key is set to.
    pub value: LabelValue,
}

/// The value of a label. The format cannot tell an empty text from the number 0: it is read as the number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LabelValue {
    /// A text that is not empty.
    Text(Arc<str>),
    /// A number and its unit, which may be empty.
    Number(i64, Arc<str>),
}

/// A part of a file that was mapped into the process.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Mapping {
    /// The first address. With 0, and a limit of 0 or the highest address, the mapping is a token one:
    /// addresses are then those of the file itself (its virtual addresses), wherever it was loaded.
    pub start: u64,
    /// The address after the last.
    pub limit: u64,
    /// Where in the file the first address lies.
    pub offset: u64,
    /// The file.
    pub file: Arc<str>,
    /// Names the build of the file, in hexadecimal; may be empty.
    pub build_id: Arc<str>,
}

/// An address on a stack.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Location {
    /// An address *within the call* (the return address less one), so that it is looked up as it is.
    /// Both jemalloc_pprof and Go write it so.
    pub address: u64,
    /// An index into [`Profile::mappings`].
    pub mapping: Option<usize>,
    /// What is there, where the file is symbolized already: inlined functions first, the one they are inlined into last.
    pub lines: Vec<Line>,
}

/// A line of a function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// An index into [`Profile::functions`].
    pub function: usize,
    /// The line; 0 where it is not known.
    pub line: i64,
}

/// A function by name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Function {
    /// As people read it.
    pub name: Arc<str>,
    /// As the linker has it.
    pub system_name: Arc<str>,
    /// The source file; may be empty.
    pub file: Arc<str>,
    /// The line that it starts at; 0 where it is not known.
    pub start_line: i64,
}

impl Profile {
    /// The program that was measured: the first mapping.
    pub fn program(&self) -> Option<&Mapping> {
        self.mappings.first()
    }

    /// Says whether all of these were taken from the same build, as far as the files tell. Cheap: nothing is symbolized.
    pub fn same_binary<'a>(snapshots: impl IntoIterator<Item = (&'a str, &'a Profile)>) -> Result<(), Error> {
        same_build(
            snapshots
                .into_iter()
                .filter_map(|(name, profile)| Some((name, &*profile.program()?.build_id))),
        )
    }
}

/// Compares the build ids of named snapshots; an empty one is unknown, and fits all.
pub(crate) fn same_build<'a>(snapshots: impl Iterator<Item = (&'a str, &'a str)>) -> Result<(), Error> {
    let mut known = snapshots.filter(|(_, build_id)| !build_id.is_empty());
    let Some((first, first_id)) = known.next() else {
        return Ok(());
    };
    known
        .find(|(_, id)| *id != first_id)
        .map_or(Ok(()), |(other, other_id)| {
            Err(Error::DifferentBinaries {
                first: first.to_owned(),
                first_id: first_id.to_owned(),
                other: other.to_owned(),
                other_id: other_id.to_owned(),
            })
        })
}

/// The text of a label, if there is such a label and it is a text.
pub(crate) fn text<'a>(labels: &'a [Label], key: &str) -> Option<&'a str> {
    match &labels.iter().find(|label| &*label.key == key)?.value {
        LabelValue::Text(text) => Some(text),
        LabelValue::Number(..) => None,
    }
}

/// The number of a label, if there is such a label and it is a number.
pub(crate) fn number(labels: &[Label], key: &str) -> Option<i64> {
    match labels.iter().find(|label| &*label.key == key)?.value {
        LabelValue::Number(number, _) => Some(number),
        LabelValue::Text(_) => None,
    }
}

impl Mapping {
    /// True where addresses are those of the file itself, not those of the process. See [`Mapping::start`].
    pub fn is_token(&self) -> bool {
        self.start == 0 && self.offset == 0 && (self.limit == 0 || self.limit == u64::MAX)
    }
}
