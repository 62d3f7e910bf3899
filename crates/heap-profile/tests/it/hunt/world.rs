//! A service that exists in numbers alone: what it allocates, keeps and frees is known exactly, and sampled as jemalloc
//! would have sampled it, from a seeded generator. Its snapshots are those of a recorder.

use std::collections::BTreeMap;
use std::sync::Arc;

use fastrand::Rng;
use heap_profile::hunt::{self, Phase, Reading, Report, Settings, Threshold, Unit};
use heap_profile::{
    COHORT, Cohort, FIELD, Frame, Label, OBJECT_SIZE, OPERATION, Period, Requests, STACK, SnapshotInfo,
    Symbolized, SymbolizedSample,
};

use crate::support::{OWN, STD, frame, kind, number_label, text_label};

/// A place of the service that allocates.
pub(crate) struct Place {
    stack: Arc<[Arc<Frame>]>,
    operation: Option<&'static str>,
    field: Option<&'static str>,
}

/// Objects of one place, size and cohort, as far as they were sampled.
#[derive(Clone, Copy)]
struct Batch {
    place: usize,
    size: f64,
    cohort: u32,
    /// How many there are.
    objects: f64,
    /// How many of them are sampled.
    samples: u64,
}

pub(crate) struct World {
    pub(crate) random: Rng,
    pub(crate) interval: f64,
    places: Vec<Place>,
    batches: Vec<Batch>,
    cohorts: Vec<Cohort>,
    pub(crate) live: f64,
    pub(crate) process: String,
    readings: Vec<(String, Phase, Symbolized)>,
}

impl World {
    pub(crate) fn new(seed: u64, interval: f64) -> World {
        World {
            random: Rng::with_seed(seed),
            interval,
            places: Vec::new(),
            batches: Vec::new(),
            cohorts: vec![cohort(1)],
            live: 0.0,
            process: "1@2".to_owned(),
            readings: Vec::new(),
        }
    }

    /// A place in a function of the service, under an operation and a field.
    pub(crate) fn place(&mut self, function: &str, field: Option<&'static str>) -> usize {
        self.place_in_line(function, 7, field)
    }

    pub(crate) fn place_in_line(&mut self, function: &str, line: u32, field: Option<&'static str>) -> usize {
        let stack = vec![
            frame("<alloc::vec::Vec<u8>>::with_capacity", STD, 1),
            frame(function, OWN, line),
            frame("shop::serve", OWN, 9),
        ];
        self.add_place(stack, Some("Load"), field)
    }

    pub(crate) fn add_place(
        &mut self,
        stack: Vec<Arc<Frame>>,
        operation: Option<&'static str>,
        field: Option<&'static str>,
    ) -> usize {
        self.places.push(Place {
            stack: stack.into(),
            operation,
            field,
        });
        self.places.len() - 1
    }

    /// Allocates so many objects of this size.
    pub(crate) fn allocate(&mut self, place: usize, objects: u64, size: f64) {
        let samples = self.sampled(objects, size);
        self.live += objects as f64 * size;
        let cohort = self.cohorts.last().expect("one is open").number;
        let same = |batch: &&mut Batch| (batch.place, batch.size, batch.cohort) == (place, size, cohort);
        match self.batches.iter_mut().find(same) {
            Some(batch) => {
                batch.objects += objects as f64;
                batch.samples += samples;
            }
            None => self.batches.push(Batch {
                place,
                size,
                cohort,
                objects: objects as f64,
                samples,
            }),
        }
    }

    /// How many of so many objects are sampled: the distance from one to the next is drawn, as in jemalloc.
    fn sampled(&mut self, objects: u64, size: f64) -> u64 {
        let missed = -size / self.interval;
        let (mut at, mut samples) = (0.0, 0);
        loop {
            at += (self.random.f64().max(1e-300).ln() / missed).floor() + 1.0;
            if at > objects as f64 {
                return samples;
            }
            samples += 1;
        }
    }

    /// Frees a share of what this place holds of all cohorts up to one.
    pub(crate) fn free(&mut self, place: usize, share: f64, up_to: u32) {
        for at in 0..self.batches.len() {
            let batch = self.batches[at];
            if batch.place == place && batch.cohort <= up_to {
                let gone = (0..batch.samples).filter(|_| self.random.f64() < share).count() as u64;
                self.batches[at].samples -= gone;
                self.batches[at].objects -= batch.objects * share;
                self.live -= batch.objects * share * batch.size;
            }
        }
    }

    /// Frees all that this place holds of one size.
    pub(crate) fn free_size(&mut self, place: usize, size: f64) {
        let gone = |batch: &Batch| (batch.place, batch.size) == (place, size);
        let freed = self.batches.iter().filter(|batch| gone(batch));
        self.live -= freed.map(|batch| batch.objects * batch.size).sum::<f64>();
        self.batches.retain(|batch| !gone(batch));
    }

    /// The number of the cohort that is open.
    pub(crate) fn cohort(&self) -> u32 {
        self.cohorts.last().expect("one is open").number
    }

    /// Answers so many requests, in so many seconds.
    pub(crate) fn serve(&mut self, requests: u64, seconds: f64) {
        let cohort = self.cohorts.last_mut().expect("one is open");
        cohort.duration_nanos += (seconds * 1e9) as u64;
        if requests > 0 {
            let load = cohort.operations.entry("Load".to_owned()).or_default();
            load.started += requests;
            load.completed += requests;
        }
    }

    /// Another snapshot was taken, by whomever: it opens a cohort.
    pub(crate) fn open_cohort(&mut self) {
        let number = self.cohort() + 1;
        self.cohorts.push(cohort(number));
    }

    /// Ends a phase with a snapshot.
    pub(crate) fn snapshot(&mut self, phase: Phase) {
        self.open_cohort();
        let mut info = SnapshotInfo::new();
        info.process = self.process.clone();
        info.sample_interval = self.interval as u64;
        info.cohorts = self.cohorts.clone();
        info.memory = BTreeMap::from([
            ("live".to_owned(), self.live as u64),
            ("heldByAllocator".to_owned(), 1 << 20),
            ("outside".to_owned(), 2 << 20),
        ]);
        let mut profile = heap_profile::Profile::default();
        profile.set_info(&info);
        let snapshot = Symbolized {
            sample_types: vec![kind("inuse_objects", "count"), kind("inuse_space", "bytes")],
            samples: self
                .batches
                .iter()
                .filter(|batch| batch.samples > 0)
                .map(|batch| self.row(batch))
                .collect(),
            period: Some(Period {
                kind: kind("space", "bytes"),
                value: self.interval as i64,
            }),
            account: profile.account,
            ..Symbolized::default()
        };
        let name = format!("{:02}", self.readings.len());
        self.readings.push((name, phase, snapshot));
    }

    fn row(&self, batch: &Batch) -> SymbolizedSample {
        let place = &self.places[batch.place];
        let sampled = -(-batch.size / self.interval).exp_m1();
        let objects = batch.samples as f64 / sampled;
        let texts = [(OPERATION, place.operation), (FIELD, place.field)];
        let mut labels: Vec<Label> = texts
            .iter()
            .filter_map(|(key, value)| Some(text_label(key, (*value)?)))
            .collect();
        labels.push(number_label(COHORT, i64::from(batch.cohort)));
        labels.push(number_label(OBJECT_SIZE, batch.size as i64));
        labels.push(number_label(STACK, batch.place as i64));
        SymbolizedSample {
            stack: place.stack.clone(),
            values: vec![objects.round() as i64, (objects * batch.size).round() as i64],
            labels,
        }
    }

    pub(crate) fn readings(&self) -> Vec<Reading<'_>> {
        self.readings
            .iter()
            .map(|(name, phase, snapshot)| Reading {
                name,
                phase: *phase,
                snapshot,
            })
            .collect()
    }

    pub(crate) fn judge(&self, look: u32) -> Report {
        hunt::judge(&self.readings(), &settings(look)).expect("snapshots of one recorder")
    }
}

pub(crate) fn settings(look: u32) -> Settings {
    Settings {
        subject: "Load".to_owned(),
        unit: Unit::Request,
        threshold: Threshold::default(),
        look,
        control: None,
    }
}

fn cohort(number: u32) -> Cohort {
    Cohort {
        number,
        opened_nanos: i64::from(number) * 1_000_000_000,
        operations: BTreeMap::<String, Requests>::new(),
        ..Cohort::default()
    }
}
