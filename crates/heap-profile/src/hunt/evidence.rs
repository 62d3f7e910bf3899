//! What the snapshots of a hunt say, line by line: where, under which operation and field, how much was born in which
//! phase, and how much of that was still alive at the end of which later one.
//!
//! A line is never judged by itself; `judge` adds lines up to sites. `interval` has the arithmetic of amounts.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::interval::{Amount, Grain, Net};
use super::phases::{Part, parts};
use super::{Phase, Reading};
use crate::compare::relevant;
use crate::live::Variance;
use crate::model::{number, text};
use crate::symbolize::{Frame, SymbolizedSample};
use crate::{
    BORN, COHORT, Error, FIELD, Fields, INSTRUMENT, INTERVAL, OBJECT_SIZE, OPERATION, STACK, Schema,
    Symbolized,
};

/// All snapshots of a hunt, added up.
pub(super) struct Evidence<'a> {
    /// One for each snapshot: what was done before it.
    pub(super) parts: Vec<Part>,
    pub(super) lines: Vec<Line<'a>>,
    /// The number of the cohort that each snapshot opened.
    pub(super) opened: Vec<u32>,
    /// The mean number of bytes from one sample to the next, at the last snapshot.
    pub(super) interval: f64,
}

/// What was allocated by one stack, under one operation and field.
pub(super) struct Line<'a> {
    /// The stack, the leaf first, without the allocator, up to where its task was polled.
    pub(super) frames: &'a [Arc<Frame>],
    pub(super) operation: Option<&'a str>,
    pub(super) field: Option<String>,
    /// When the oldest object was born that is alive at the last snapshot, in milliseconds since 1970.
    pub(super) since: Option<i64>,
    /// Bytes at the last snapshot, by the stack's id in the recorder's table: stacks that read the same are one line.
    pub(super) stacks: BTreeMap<u32, f64>,
    grain: Grain,
    /// By the phase that it was born in, and the phase at whose end it was alive.
    cells: BTreeMap<(usize, usize), Amount>,
}

/// What became of what was born in each phase, of one line or of several: `born` and `alive` count phases from 0. Born in
/// the first phase is whatever is older than the first snapshot.
#[derive(Debug, Clone, Default)]
pub(super) struct Survival {
    phases: usize,
    cells: Vec<Amount>,
    grain: Grain,
}

impl Line<'_> {
    /// Whether the instrument allocated it for itself, or to be found.
    pub(super) fn is_instrument(&self) -> bool {
        self.operation == Some(INSTRUMENT)
    }

    /// What the last snapshot alone says.
    fn add_last(&mut self, sample: &SymbolizedSample, bytes: f64) {
        let since = number(&sample.labels, BORN);
        self.since = [self.since, since].into_iter().flatten().min();
        let stack = number(&sample.labels, STACK).and_then(|id| u32::try_from(id).ok());
        if let Some(stack) = stack {
            *self.stacks.entry(stack).or_default() += bytes;
        }
    }
}

impl Survival {
    pub(super) fn of<'l, 'a: 'l>(phases: usize, lines: impl IntoIterator<Item = &'l Line<'a>>) -> Survival {
        let mut survival = Survival {
            phases,
            cells: vec![Amount::default(); phases * phases],
            grain: Grain::default(),
        };
        for line in lines {
            survival.grain = survival.grain.max(line.grain);
            for (&(born, alive), amount) in &line.cells {
                survival.cells[born * phases + alive] += *amount;
            }
        }
        survival
    }

    /// What was born in one phase and was alive at the end of another.
    pub(super) fn at(&self, born: usize, alive: usize) -> Amount {
        self.cells[born * self.phases + alive]
    }

    /// What was born in any of these phases and was alive at the end of another.
    pub(super) fn born_in(&self, born: std::ops::RangeInclusive<usize>, alive: usize) -> Amount {
        born.map(|born| self.at(born, alive)).sum()
    }

    /// All that was alive at the end of a phase.
    pub(super) fn live(&self, alive: usize) -> Amount {
        self.born_in(0..=alive, alive)
    }

    /// From the end of one phase to the end of another: what is new, less what is gone of what was old. What was born
    /// after `last_born` is left out.
    pub(super) fn net(&self, from: usize, last_born: usize, to: usize) -> Net {
        Net {
            new: self.born_in(from + 1..=last_born, to),
            freed: self.live(from) - self.born_in(0..=from, to),
            grain: self.grain,
        }
    }

    /// What one more sample would add.
    pub(super) fn grain(&self) -> Grain {
        self.grain
    }
}

impl<'a> Evidence<'a> {
    /// # Errors
    /// Where a snapshot is not from a recorder, or the snapshots are not of one process in the order of their time.
    pub(super) fn of(readings: &[Reading<'a>]) -> Result<Evidence<'a>, Error> {
        let (parts, opened) = parts(readings)?;
        let mut gathering = Gathering::default();
        for (alive, reading) in readings.iter().enumerate() {
            gathering.add(reading, alive, &opened, alive + 1 == readings.len())?;
        }
        let interval = parts.last().map_or(0.0, |part| part.interval);
        Ok(Evidence {
            parts,
            lines: gathering.lines,
            opened,
            interval,
        })
    }

    /// The phases of one kind.
    pub(super) fn phases(&self, phase: Phase) -> Vec<usize> {
        let of_kind = |(at, part): (usize, &Part)| (part.phase == phase).then_some(at);
        self.parts.iter().enumerate().filter_map(of_kind).collect()
    }
}

/// Lines by stack, operation and field.
#[derive(Default)]
struct Gathering<'a> {
    lines: Vec<Line<'a>>,
    by_key: HashMap<(u32, Option<&'a str>, Option<String>), usize>,
    stacks: HashMap<Vec<u32>, u32>,
    calls: HashMap<(&'a str, Option<u32>), u32>,
}

impl<'a> Gathering<'a> {
    fn add(
        &mut self,
        reading: &Reading<'a>,
        alive: usize,
        opened: &[u32],
        is_last: bool,
    ) -> Result<(), Error> {
        let snapshot = reading.snapshot;
        let schema = snapshot
            .schema()
            .map_or_else(|| Ok(Schema::default()), Schema::parse)?;
        let fields = Fields::of(snapshot, &schema);
        let columns = Columns::of(snapshot)?;
        for sample in &snapshot.samples {
            let Some(cohort) = number(&sample.labels, COHORT) else {
                continue;
            };
            let Some(row) = columns.row(sample) else {
                return Err(Error::NotRecorded {
                    snapshot: reading.name.to_owned(),
                });
            };
            let born = opened
                .iter()
                .filter(|opened| i64::from(**opened) <= cohort)
                .count();
            // What was born while the snapshot was taken belongs to the next phase.
            if born > alive {
                continue;
            }
            let line = self.line(sample, &fields);
            line.grain = line.grain.max(row.grain);
            *line.cells.entry((born, alive)).or_default() += row.amount;
            if is_last {
                line.add_last(sample, row.amount.bytes);
            }
        }
        Ok(())
    }

    fn line(&mut self, sample: &'a SymbolizedSample, fields: &Fields<'_>) -> &mut Line<'a> {
        let frames = relevant(&sample.stack);
        let stack = self.stack(frames);
        let operation = text(&sample.labels, OPERATION);
        // The control's field is no field of the service, and must be told from the instrument's other memory.
        let field = if operation == Some(INSTRUMENT) {
            text(&sample.labels, FIELD).map(str::to_owned)
        } else {
            fields.field(sample)
        };
        let key = (stack, operation, field.clone());
        let at = *self.by_key.entry(key).or_insert_with(|| {
            self.lines.push(Line {
                frames,
                operation,
                field,
                since: None,
                stacks: BTreeMap::new(),
                grain: Grain::default(),
                cells: BTreeMap::new(),
            });
            self.lines.len() - 1
        });
        &mut self.lines[at]
    }

    fn stack(&mut self, frames: &'a [Arc<Frame>]) -> u32 {
        // A function may call another in two lines, of which one leaks.
        let mut id = |frame: &'a Arc<Frame>| {
            let next = self.calls.len() as u32;
            *self.calls.entry((&frame.function, frame.line)).or_insert(next)
        };
        let calls: Vec<u32> = frames.iter().map(&mut id).collect();
        let next = self.stacks.len() as u32;
        *self.stacks.entry(calls).or_insert(next)
    }
}

/// Where the values stand in a snapshot's rows.
struct Columns {
    bytes: usize,
    objects: usize,
    interval: Option<i64>,
}

struct Row {
    amount: Amount,
    grain: Grain,
}

impl Columns {
    fn of(snapshot: &Symbolized) -> Result<Columns, Error> {
        let bytes = snapshot.live_bytes_index()?;
        let objects = snapshot.live_objects_index().ok_or_else(|| Error::NoSuchType {
            wanted: crate::INUSE_OBJECTS,
            found: crate::INUSE_SPACE.to_owned(),
        })?;
        Ok(Columns {
            bytes,
            objects,
            interval: snapshot.period.as_ref().map(|period| period.value),
        })
    }

    /// Nothing where the row does not say how its objects were sampled.
    fn row(&self, sample: &SymbolizedSample) -> Option<Row> {
        let value = |index: usize| sample.values.get(index).copied().unwrap_or(0) as f64;
        let (bytes, objects) = (value(self.bytes), value(self.objects));
        let size = number(&sample.labels, OBJECT_SIZE);
        let interval = number(&sample.labels, INTERVAL).or(self.interval);
        let variance = Variance::of(objects, size, interval).bytes_squared()?;
        Some(Row {
            amount: Amount {
                bytes,
                objects,
                variance,
            },
            grain: Grain::of(size? as f64, interval? as f64),
        })
    }
}
