//! The profile as it is written: rows with their labels, and the locations and mappings that they need.

use std::{
    collections::HashMap,
    sync::{Arc, LazyLock},
};

use heap_profile::{
    ALLOC_OBJECTS, ALLOC_SPACE, BORN, COHORT, FIELD, INTERVAL, INUSE_OBJECTS, INUSE_SPACE, Label as Tag,
    LabelValue, Location, Mapping, OBJECT_SIZE, OPERATION, Profile, STACK, Sample as Row, SampleType,
};
use mappings::MAPPINGS;

use super::{Alike, Group};
use crate::{
    Label, clock, hooks, load,
    table::sites::{Site, Sites},
};

/// Names the values of each row, and the labels, once for all rows.
pub(super) static WORDS: LazyLock<Words> = LazyLock::new(Words::default);

/// Builds the profile: rows, and the locations and mappings that they need.
pub(super) struct Writer<'a> {
    pub(super) profile: Profile,
    table: &'a Sites,
    /// That of the profile's period.
    lg_interval: u8,
    stacks: HashMap<u32, Vec<usize>>,
    locations: HashMap<usize, usize>,
    names: HashMap<Label, Vec<Tag>>,
    segments: Vec<Segment>,
}

/// A part of a file in memory.
struct Segment {
    start: usize,
    end: usize,
    /// What to take from an address to have that of the file's own tables.
    base: usize,
    mapping: usize,
}

impl<'a> Writer<'a> {
    pub(super) fn new(table: &'a Sites, lg_interval: u8) -> Self {
        let (mappings, segments) = mapped_files();
        let profile = Profile {
            sample_types: WORDS.values.to_vec(),
            mappings,
            default_sample_type: INUSE_SPACE.into(),
            ..Profile::default()
        };
        Self {
            profile,
            table,
            lg_interval,
            stacks: HashMap::new(),
            locations: HashMap::new(),
            names: HashMap::new(),
            segments,
        }
    }

    /// A row of samples that are alike but for their addresses and births.
    pub(super) fn live(&mut self, site: &Site, sample: Alike, group: Group) {
        let objects = group.count as f64 * hooks::weight(sample.size, sample.lg_interval);
        let bytes = objects * sample.size as f64;
        let mut labels = self.labels(site);
        labels.push(number(&WORDS.cohort, i64::from(sample.cohort), &WORDS.none));
        labels.push(number(&WORDS.size, sample.size as i64, &WORDS.bytes));
        labels.push(number(
            &WORDS.born,
            clock::in_millis(group.born),
            &WORDS.milliseconds,
        ));
        if sample.lg_interval != self.lg_interval {
            labels.push(number(&WORDS.interval, 1 << sample.lg_interval, &WORDS.bytes));
        }
        let values = vec![0, 0, objects.round() as i64, bytes.round() as i64];
        self.row(site, values, labels);
    }

    pub(super) fn allocated(&mut self, site: &Site) {
        let values = vec![site.objects.round() as i64, site.bytes.round() as i64, 0, 0];
        let labels = self.labels(site);
        self.row(site, values, labels);
    }

    fn row(&mut self, site: &Site, values: Vec<i64>, labels: Vec<Tag>) {
        let stack = self.stack(site.stack);
        self.profile.samples.push(Row {
            stack,
            values,
            labels,
        });
    }

    /// Operation, field and stack: what is the same for all rows of a site.
    fn labels(&mut self, site: &Site) -> Vec<Tag> {
        let names = self
            .names
            .entry(site.label)
            .or_insert_with(|| names_of(site.label));
        let mut labels = Vec::with_capacity(names.len() + 5);
        labels.extend_from_slice(names);
        labels.push(number(&WORDS.stack, i64::from(site.stack), &WORDS.none));
        labels
    }

    fn stack(&mut self, id: u32) -> Vec<usize> {
        if let Some(stack) = self.stacks.get(&id) {
            return stack.clone();
        }
        let stack: Vec<usize> = self
            .table
            .frames(id)
            .iter()
            .map(|returns_to| self.location(*returns_to))
            .collect();
        self.stacks.insert(id, stack.clone());
        stack
    }
}

impl Writer<'_> {
    /// The location of a call, given the address that it returns to: one before that lies within it.
    fn location(&mut self, returns_to: usize) -> usize {
        if let Some(index) = self.locations.get(&returns_to) {
            return *index;
        }
        let address = returns_to.wrapping_sub(1);
        let holds = |segment: &&Segment| (segment.start..segment.end).contains(&address);
        let segment = self.segments.iter().find(holds);
        let index = self.profile.locations.len();
        self.profile.locations.push(Location {
            address: address.wrapping_sub(segment.map_or(0, |segment| segment.base)) as u64,
            mapping: segment.map(|segment| segment.mapping),
            lines: Vec::new(),
        });
        self.locations.insert(returns_to, index);
        index
    }
}

fn names_of(label: Label) -> Vec<Tag> {
    let text = |key: &Arc<str>, text: &str| Tag {
        key: key.clone(),
        value: LabelValue::Text(text.into()),
    };
    let operation = load::name_of(label).map(|name| text(&WORDS.operation, name));
    let field = label.field_name().map(|name| text(&WORDS.field, &name));
    operation.into_iter().chain(field).collect()
}

fn number(key: &Arc<str>, number: i64, unit: &Arc<str>) -> Tag {
    Tag {
        key: key.clone(),
        value: LabelValue::Number(number, unit.clone()),
    }
}

/// The files that are mapped, the program first, and where each of their segments lies. A file is one token mapping:
/// addresses are those of the file itself.
fn mapped_files() -> (Vec<Mapping>, Vec<Segment>) {
    let (mut mappings, mut segments) = (Vec::<Mapping>::new(), Vec::new());
    for found in MAPPINGS.as_deref().unwrap_or_default() {
        let file: Arc<str> = found.pathname.to_string_lossy().into();
        let known = mappings.iter().position(|mapping| mapping.file == file);
        let mapping = known.unwrap_or_else(|| {
            let build_id = found.build_id.as_ref().map(ToString::to_string);
            mappings.push(Mapping {
                limit: u64::MAX,
                file,
                build_id: build_id.unwrap_or_default().into(),
                ..Mapping::default()
            });
            mappings.len() - 1
        });
        segments.push(Segment {
            start: found.memory_start,
            end: found.memory_end,
            base: found.memory_start.wrapping_sub(found.memory_offset),
            mapping,
        });
    }
    (mappings, segments)
}

/// The words of a profile, shared by all rows of all profiles.
pub(super) struct Words {
    values: [SampleType; 4],
    pub(super) space: SampleType,
    operation: Arc<str>,
    field: Arc<str>,
    cohort: Arc<str>,
    stack: Arc<str>,
    size: Arc<str>,
    interval: Arc<str>,
    born: Arc<str>,
    bytes: Arc<str>,
    milliseconds: Arc<str>,
    none: Arc<str>,
}

impl Default for Words {
    fn default() -> Self {
        let kind = |kind: &str, unit: &str| SampleType {
            kind: kind.into(),
            unit: unit.into(),
        };
        Self {
            values: [
                kind(ALLOC_OBJECTS, "count"),
                kind(ALLOC_SPACE, "bytes"),
                kind(INUSE_OBJECTS, "count"),
                kind(INUSE_SPACE, "bytes"),
            ],
            space: kind("space", "bytes"),
            operation: OPERATION.into(),
            field: FIELD.into(),
            cohort: COHORT.into(),
            stack: STACK.into(),
            size: OBJECT_SIZE.into(),
            interval: INTERVAL.into(),
            born: BORN.into(),
            bytes: "bytes".into(),
            milliseconds: "milliseconds".into(),
            none: "".into(),
        }
    }
}
