//! Rows of a snapshot added up by key.

use std::collections::HashMap;

use super::estimate::Variance;
use super::{LiveHeap, LiveHeapKey, LiveHeapRow};
use crate::model::{Label, SampleType, number, text};
use crate::{Error, INSTRUMENT, INTERVAL, INUSE_OBJECTS, INUSE_SPACE, OBJECT_SIZE, OPERATION};

/// Where the live values stand among a file's, and the sampling interval of the file.
pub(super) struct Columns {
    bytes: usize,
    objects: Option<usize>,
    interval: Option<i64>,
}

pub(super) fn columns(types: &[SampleType], interval: Option<i64>) -> Result<Columns, Error> {
    let find = |wanted: &str| types.iter().position(|each| &*each.kind == wanted);
    let found = || {
        types
            .iter()
            .map(|each| &*each.kind)
            .collect::<Vec<_>>()
            .join(", ")
    };
    Ok(Columns {
        bytes: find(INUSE_SPACE).ok_or_else(|| Error::NoSuchType {
            wanted: INUSE_SPACE,
            found: found(),
        })?,
        objects: find(INUSE_OBJECTS),
        interval,
    })
}

/// What is live of one sample.
pub(super) struct Row {
    sample: usize,
    objects: i64,
    bytes: i64,
    variance: Variance,
    is_instrument: bool,
}

impl Row {
    pub(super) fn new(columns: &Columns, values: &[i64], labels: &[Label], sample: usize) -> Row {
        let value = |index: usize| values.get(index).copied().unwrap_or(0);
        let (bytes, objects) = (value(columns.bytes), columns.objects.map(value));
        let size = number(labels, OBJECT_SIZE);
        let interval = number(labels, INTERVAL).or(columns.interval);
        let counted = objects.map(|objects| objects as f64);
        let counted = counted.or_else(|| Some(bytes as f64 / size.filter(|size| *size > 0)? as f64));
        Row {
            sample,
            objects: objects.unwrap_or(0),
            bytes,
            variance: Variance::of(counted.unwrap_or(0.0), size, interval),
            is_instrument: text(labels, OPERATION) == Some(INSTRUMENT),
        }
    }
}

/// What has one key.
#[derive(Default)]
struct Group {
    objects: i64,
    bytes: i64,
    variance: Variance,
    /// The sample that it began with.
    sample: usize,
}

/// All groups, and what is in none of them.
#[derive(Default)]
pub(super) struct Groups {
    by_key: HashMap<String, Group>,
    bytes: i64,
    variance: Variance,
    unattributed: i64,
    instrument: i64,
}

impl Groups {
    /// Adds a row. One that is not live, such as cumulative values, has nothing to add.
    pub(super) fn add(&mut self, row: Row, key: impl FnOnce() -> Option<String>) {
        if row.bytes == 0 && row.objects == 0 {
            return;
        }
        self.bytes = self.bytes.saturating_add(row.bytes);
        self.variance.add(row.variance);
        if row.is_instrument {
            self.instrument = self.instrument.saturating_add(row.bytes);
            return;
        }
        let Some(key) = key() else {
            self.unattributed = self.unattributed.saturating_add(row.bytes);
            return;
        };
        let group = self.by_key.entry(key).or_insert_with(|| Group {
            sample: row.sample,
            ..Group::default()
        });
        group.bytes = group.bytes.saturating_add(row.bytes);
        group.objects = group.objects.saturating_add(row.objects);
        group.variance.add(row.variance);
    }

    /// The largest groups, by bytes and then by key. Frames are asked for by key and sample, of these alone.
    pub(super) fn finish(
        self,
        key: LiveHeapKey,
        first: usize,
        frames: impl Fn(&str, usize) -> Vec<String>,
    ) -> LiveHeap {
        let mut groups: Vec<(String, Group)> = self.by_key.into_iter().collect();
        groups.sort_by(|(key, group), (other_key, other)| {
            other.bytes.cmp(&group.bytes).then_with(|| key.cmp(other_key))
        });
        let rows_in_all = groups.len();
        let row = |(key, group): (String, Group)| LiveHeapRow {
            frames: frames(&key, group.sample),
            key,
            objects: group.objects,
            bytes: group.bytes,
            standard_error_bytes: group.variance.standard_error(),
        };
        LiveHeap {
            key,
            rows: groups.into_iter().take(first).map(row).collect(),
            rows_in_all,
            bytes: self.bytes,
            standard_error_bytes: self.variance.standard_error(),
            unattributed_bytes: self.unattributed,
            instrument_bytes: self.instrument,
        }
    }
}
