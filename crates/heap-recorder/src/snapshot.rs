//! Snapshots: the tables folded into a profile, with all that a comparison needs.
//!
//! A row is what one site has live of one size, born in one cohort. Each sample stands for `1 / p` objects of its
//! size (`hooks::weight`), so that the values are unbiased estimates, as `go tool pprof` takes them. What was
//! allocated since the start is known for each site as a whole, and stands in a row without a cohort.

use std::{
    collections::HashMap,
    sync::{Arc, LazyLock},
    time::SystemTime,
};

use heap_profile::{
    ALLOC_OBJECTS, ALLOC_SPACE, BORN, COHORT, FIELD, INTERVAL, INUSE_OBJECTS, INUSE_SPACE, Label as Tag,
    LabelValue, Location, Mapping, OBJECT_SIZE, OPERATION, Period, Profile, STACK, Sample as Row, SampleType,
    SnapshotInfo,
};
use mappings::MAPPINGS;
use rustc_hash::FxBuildHasher;

use crate::{
    Error, Label, Recorder,
    aside::aside,
    clock, hooks, load, memory, pages,
    recorder::{as_instrument, dropped},
    table::{
        samples::{self, Sample},
        sites::{self, Site, Sites},
    },
};

/// Names the values of each row, and the labels, once for all rows.
static WORDS: LazyLock<Words> = LazyLock::new(Words::default);

impl Recorder {
    /// Takes a snapshot: opens a new cohort, then writes what is live as a gzip'd `profile.proto`, with `schema`, the
    /// service's schema in the definition language.
    ///
    /// The rows have the values [`ALLOC_OBJECTS`], [`ALLOC_SPACE`], [`INUSE_OBJECTS`], [`INUSE_SPACE`], and the labels of
    /// [`heap_profile`]; addresses and build ids, no names. Blocks for some milliseconds: a tenth of a
    /// second for a hundred thousand live samples.
    ///
    /// # Errors
    /// Where nothing is recorded, or there is no memory for a copy of the tables.
    pub fn snapshot(self, schema: Option<&str>) -> Result<Vec<u8>, Error> {
        self.must_record()?;
        as_instrument(|| {
            load::open_cohort();
            encode(self.profile(schema)?)
        })
    }

    /// What is live now, as [`snapshot`](Self::snapshot) has it, in memory. No new cohort is opened.
    ///
    /// # Errors
    /// As [`snapshot`](Self::snapshot).
    pub fn profile(self, schema: Option<&str>) -> Result<Profile, Error> {
        self.must_record()?;
        as_instrument(|| {
            // Read once: another thread may set another one meanwhile, and the rows are told against this one.
            let lg_interval = hooks::lg_interval();
            // Before the samples are copied, which takes memory.
            let info = self.info(lg_interval);
            let mut profile = aside(move || fold(lg_interval))?;
            profile.period = Some(Period {
                kind: WORDS.space.clone(),
                value: 1 << lg_interval,
            });
            profile.time_nanos = now_nanos();
            let first = info
                .cohorts
                .first()
                .map_or(profile.time_nanos, |first| first.opened_nanos);
            profile.duration_nanos = profile.time_nanos.saturating_sub(first);
            profile.set_info(&info);
            if let Some(schema) = schema {
                profile.set_schema(schema);
            }
            Ok(profile)
        })
    }

    fn info(self, lg_interval: u8) -> SnapshotInfo {
        let mut info = SnapshotInfo::new();
        info.process = self.process().to_owned();
        info.sample_interval = 1 << lg_interval;
        info.live_samples = samples::totals().live;
        info.own_bytes = pages::own_bytes();
        info.dropped = dropped();
        info.cohorts = load::cohorts();
        // A snapshot without figures is better than none; whoever asks for them alone is told why there are none.
        if let Ok(figures) = memory() {
            info.memory = figures.by_name();
        }
        info
    }
}

/// Packs a profile as a gzip'd `profile.proto`, where there is a core to spare.
///
/// # Errors
/// Where an index of the profile leads nowhere.
pub fn encode(profile: Profile) -> Result<Vec<u8>, Error> {
    aside(move || profile.encode()).map_err(|error| Error::Dump {
        reason: error.to_string(),
    })
}

fn now_nanos() -> i64 {
    let since = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
    i64::try_from(since.as_nanos()).unwrap_or(i64::MAX)
}

/// Samples that make one row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Alike {
    site: u32,
    cohort: u32,
    size: usize,
    lg_interval: u8,
}

#[derive(Debug, Clone, Copy)]
struct Group {
    count: u64,
    /// When the oldest was born.
    born: u32,
}

fn fold(lg_interval: u8) -> Result<Profile, Error> {
    let mut groups: HashMap<Alike, Group, FxBuildHasher> = HashMap::default();
    let visited = samples::visit(|samples| {
        for sample in samples {
            let born = sample.born;
            let group = groups.entry(alike(sample)).or_insert(Group { count: 0, born });
            group.count += 1;
            group.born = group.born.min(born);
        }
    });
    visited.ok_or(Error::OutOfMemory)?;
    // After the samples: the site of each is in the table by then.
    let table = sites::copy().ok_or(Error::OutOfMemory)?;
    let mut groups: Vec<(Alike, Group)> = groups.into_iter().collect();
    groups.sort_unstable_by_key(|(alike, _)| *alike);
    let mut writer = Writer::new(&table, lg_interval);
    let by_id: HashMap<u32, &Site> = table.sites.iter().map(|site| (site.id, site)).collect();
    for (alike, group) in groups {
        if let Some(site) = by_id.get(&alike.site) {
            writer.live(site, alike, group);
        }
    }
    for site in table.sites.iter().filter(|site| site.objects > 0.0) {
        writer.allocated(site);
    }
    Ok(writer.profile)
}

fn alike(sample: &Sample) -> Alike {
    Alike {
        site: sample.site,
        cohort: sample.cohort,
        size: sample.size,
        lg_interval: sample.lg_interval,
    }
}

/// Builds the profile: rows, and the locations and mappings that they need.
struct Writer<'a> {
    profile: Profile,
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
    fn new(table: &'a Sites, lg_interval: u8) -> Self {
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
    fn live(&mut self, site: &Site, sample: Alike, group: Group) {
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

    fn allocated(&mut self, site: &Site) {
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
struct Words {
    values: [SampleType; 4],
    space: SampleType,
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
