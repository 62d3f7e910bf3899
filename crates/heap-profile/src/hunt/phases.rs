//! What was done between the snapshots of a hunt, as the service itself counted it.

use std::collections::BTreeMap;

use super::{MemorySplit, Phase, PhaseFigures, Reading, Unit};
use crate::{Cohort, Dropped, Error, Requests, SnapshotInfo};

/// What was done before one snapshot, since the one before it.
#[derive(Debug, Clone)]
pub(super) struct Part {
    pub(super) snapshot: String,
    pub(super) phase: Phase,
    pub(super) seconds: f64,
    opened_nanos: i64,
    connections: u64,
    operations: BTreeMap<String, Requests>,
    /// What was live at its end, as the allocator counted it.
    pub(super) live: Option<u64>,
    memory: Option<MemorySplit>,
    pub(super) dropped: Dropped,
    /// The mean number of bytes from one sample to the next, at its end.
    pub(super) interval: f64,
    /// Of the first part, which reaches back to the start of the process: its latest cohort, which is the warm-up.
    warm_up: Option<Box<Part>>,
}

/// The parts, and the number of the cohort that each snapshot opened.
///
/// # Errors
/// Where a snapshot has no account of the load, or is not of the same process and later than the one before it.
pub(super) fn parts(readings: &[Reading<'_>]) -> Result<(Vec<Part>, Vec<u32>), Error> {
    let mut parts = Vec::with_capacity(readings.len());
    let mut opened: Vec<u32> = Vec::with_capacity(readings.len());
    let mut process: Option<String> = None;
    for reading in readings {
        let not_recorded = || Error::NotRecorded {
            snapshot: reading.name.to_owned(),
        };
        let info = reading.snapshot.info()?.ok_or_else(not_recorded)?;
        let now = info.cohorts.last().ok_or_else(not_recorded)?.number;
        let is_other = process.as_ref().is_some_and(|known| *known != info.process);
        if is_other || opened.last().is_some_and(|before| *before >= now) {
            return Err(Error::OutOfOrder {
                snapshot: reading.name.to_owned(),
            });
        }
        let since = opened.last().copied();
        let is_of_part =
            |cohort: &&Cohort| since.is_none_or(|since| cohort.number >= since) && cohort.number < now;
        let cohorts: Vec<&Cohort> = info.cohorts.iter().filter(is_of_part).collect();
        let mut part = Part::of(reading, &info, &cohorts);
        if since.is_none() {
            let latest = cohorts.last().map(std::slice::from_ref).unwrap_or_default();
            part.warm_up = Some(Box::new(Part::of(reading, &info, latest)));
        }
        parts.push(part);
        opened.push(now);
        process = Some(info.process);
    }
    Ok((parts, opened))
}

impl Part {
    fn of(reading: &Reading<'_>, info: &SnapshotInfo, cohorts: &[&Cohort]) -> Part {
        let mut operations: BTreeMap<String, Requests> = BTreeMap::new();
        for (name, more) in cohorts.iter().flat_map(|cohort| &cohort.operations) {
            let sum = operations.entry(name.clone()).or_default();
            sum.started += more.started;
            sum.completed += more.completed;
            sum.cancelled += more.cancelled;
            sum.events += more.events;
        }
        let nanos: u64 = cohorts.iter().map(|cohort| cohort.duration_nanos).sum();
        Part {
            snapshot: reading.name.to_owned(),
            phase: reading.phase,
            seconds: nanos as f64 / 1e9,
            opened_nanos: cohorts.first().map_or(0, |cohort| cohort.opened_nanos),
            connections: cohorts.iter().map(|cohort| cohort.connections).sum(),
            operations,
            live: info.memory.get("live").copied(),
            memory: memory(info),
            dropped: info.dropped,
            interval: info.sample_interval as f64,
            warm_up: None,
        }
    }

    /// How much load there was: of these operations if they are all known, else of all.
    pub(super) fn units<'o>(&self, unit: Unit, operations: impl IntoIterator<Item = Option<&'o str>>) -> f64 {
        let mut of_these = 0.0;
        for operation in operations {
            match operation.and_then(|name| self.operations.get(name)) {
                Some(requests) => of_these += count(requests, unit),
                // An operation that did nothing in this phase is missing from it; what belongs to none is of them all.
                None if operation.is_some_and(|name| name != crate::OTHER) => {}
                None => return self.all_units(unit),
            }
        }
        match unit {
            Unit::Second | Unit::Connection => self.all_units(unit),
            _ => of_these,
        }
    }

    /// How much load there was in all.
    pub(super) fn all_units(&self, unit: Unit) -> f64 {
        match unit {
            Unit::Second => self.seconds,
            Unit::Connection => self.connections as f64,
            _ => self
                .operations
                .values()
                .map(|requests| count(requests, unit))
                .sum(),
        }
    }

    /// Executions that began.
    pub(super) fn started(&self) -> u64 {
        self.operations.values().map(|requests| requests.started).sum()
    }

    /// When it began, in nanoseconds since 1970.
    pub(super) fn begun_nanos(&self) -> i64 {
        self.warm_up.as_deref().unwrap_or(self).opened_nanos
    }

    pub(super) fn figures(&self, unit: Unit) -> PhaseFigures {
        if let Some(warm_up) = &self.warm_up {
            return warm_up.figures(unit);
        }
        let sum = |part: fn(&Requests) -> u64| self.operations.values().map(part).sum();
        PhaseFigures {
            snapshot: self.snapshot.clone(),
            phase: self.phase,
            seconds: self.seconds,
            units: self.all_units(unit) as u64,
            started: self.started(),
            completed: sum(|requests| requests.completed),
            cancelled: sum(|requests| requests.cancelled),
            events: sum(|requests| requests.events),
            connections: self.connections,
            memory: self.memory,
        }
    }
}

fn count(requests: &Requests, unit: Unit) -> f64 {
    (match unit {
        Unit::Request => requests.completed,
        Unit::CancelledRequest => requests.cancelled,
        Unit::Event => requests.events,
        Unit::Connection | Unit::Second => 0,
    }) as f64
}

fn memory(info: &SnapshotInfo) -> Option<MemorySplit> {
    let figure = |name: &str| info.memory.get(name).copied();
    Some(MemorySplit {
        live: figure("live")?,
        held_by_allocator: figure("heldByAllocator")?,
        outside: figure("outside")?,
    })
}
