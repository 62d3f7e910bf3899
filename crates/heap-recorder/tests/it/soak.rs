//! Ten million objects over threads that come and go, while profiles are taken and settings change; nothing stays.

use crate::{child::alone, recorder::start, rows};
use heap_profile::{ALLOC_OBJECTS, INSTRUMENT, OPERATION, Profile};
use heap_recorder::{Field, Label, Recorder, memory};
use std::{
    collections::BTreeMap,
    hint::black_box,
    mem,
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
    thread,
    time::{Duration, Instant},
};

const THREADS: usize = 16;
const GENERATIONS: usize = 4;
const OBJECTS: usize = 10_000_000;
/// Steps between two changes of a thread's label.
const STINT: usize = 100;
/// Objects that a thread holds.
const MINE: usize = 1000;
/// Objects that all threads share: put there by one and freed by another.
const SHARED: usize = 16_000;
/// Rounds of disturbances from one change of the interval to the next: it takes a fifth of a second, in which most threads wait.
const ROUNDS_A_CHANGE: u64 = 10;

/// Objects as a service has them. Aligned ones take another way through the allocator.
enum Object {
    Bytes(Vec<u8>),
    Line(#[expect(dead_code, reason = "held")] Box<Line>),
    Page(#[expect(dead_code, reason = "held")] Box<Page>),
}

#[repr(align(64))]
struct Line(#[expect(dead_code, reason = "held")] [u8; 192]);
#[repr(align(8192))]
struct Page(#[expect(dead_code, reason = "held")] [u8; 8192]);

struct Worker<'a> {
    random: fastrand::Rng,
    mine: Vec<Object>,
    shared: &'a [Mutex<Option<Object>>],
    labels: &'a [Label],
    made: u64,
}

impl Worker<'_> {
    fn work(mut self, steps: usize) -> u64 {
        for _ in 0..steps / STINT {
            let label = self.labels[self.random.usize(..self.labels.len())];
            label.within(|| (0..STINT).for_each(|_| self.step()));
        }
        self.made
    }

    fn step(&mut self) {
        let object = match self.random.u8(..100) {
            0..80 => Object::Bytes(vec![1; self.random.usize(1..160)]),
            80..88 => Object::Bytes(Vec::with_capacity(self.random.usize(160..6000))),
            88 => Object::Bytes(Vec::with_capacity(self.random.usize(12_000..200_000))),
            89..92 => Object::Line(Box::new(Line([1; 192]))),
            92 => Object::Page(Box::new(Page([1; 8192]))),
            _ => return self.resize(),
        };
        self.made += 1;
        let at = self.random.usize(..MINE);
        let old = match self.mine.get_mut(at) {
            Some(old) => mem::replace(old, object),
            None => return self.mine.push(object),
        };
        if self.random.bool() {
            let slot = &self.shared[self.random.usize(..SHARED)];
            let another = slot.lock().expect("no panic").replace(old);
            drop(black_box(another));
        }
    }

    /// Has a vector grow or shrink: in place, where there is room for it, or moved.
    fn resize(&mut self) {
        let at = self.random.usize(..MINE);
        let Some(Object::Bytes(bytes)) = self.mine.get_mut(at) else {
            return;
        };
        let before = bytes.capacity();
        if before > 1 << 18 || self.random.u8(..4) == 0 {
            bytes.truncate(1);
            bytes.shrink_to(before / 3 + 1);
        } else {
            bytes.reserve_exact(before + before / self.random.usize(1..8) - bytes.len());
        }
        self.made += u64::from(bytes.capacity() != before);
    }
}

/// Generation after generation, each on new threads; the objects are handed on. Gives the number of objects.
fn soak(labels: &[Label], objects: usize) -> u64 {
    let shared: Vec<_> = (0..SHARED).map(|_| Mutex::new(None)).collect();
    let made = AtomicU64::new(0);
    for generation in 0..GENERATIONS {
        thread::scope(|scope| {
            for number in 0..THREADS {
                let (shared, made) = (&shared, &made);
                scope.spawn(move || {
                    let worker = Worker {
                        random: fastrand::Rng::with_seed((generation * THREADS + number) as u64),
                        mine: Vec::with_capacity(MINE),
                        shared,
                        labels,
                        made: 0,
                    };
                    let steps = objects / (THREADS * GENERATIONS);
                    made.fetch_add(worker.work(steps), Relaxed);
                });
            }
        });
    }
    made.into_inner()
}

/// Looks at everything and changes what can be changed, until it is told to stop. Gives the number of rounds, and the
/// most live samples that it saw.
fn disturb(recorder: Recorder, done: &AtomicBool) -> (u64, u64) {
    let (mut rounds, mut most) = (0_u64, 0);
    while !done.load(Relaxed) {
        if rounds.is_multiple_of(ROUNDS_A_CHANGE) {
            let interval = [1 << 10, 1 << 11, 1 << 10, 1 << 9][(rounds / ROUNDS_A_CHANGE) as usize % 4];
            recorder.set_sample_interval(interval).expect("a power of two");
        }
        match rounds % 3 {
            0 => drop(recorder.snapshot(None).expect("a snapshot")),
            _ => drop(recorder.profile(None).expect("a profile")),
        }
        memory().expect("figures");
        most = most.max(recorder.status().live_samples);
        rounds += 1;
        thread::sleep(Duration::from_millis(20));
    }
    recorder.set_sample_interval(1 << 10).expect("a power of two");
    (rounds, most)
}

/// Makes labels, as many as there is room for, and looks them up again.
fn name(recorder: Recorder, done: &AtomicBool) {
    for number in (0..1000).cycle() {
        let operation = recorder.operation(&format!("operation {number}"));
        let field = Field::of("Query", &format!("field{number}"));
        operation
            .label()
            .with_field(field)
            .within(|| drop(black_box(vec![1; 300])));
        operation.start().complete();
        if done.load(Relaxed) {
            break;
        }
        thread::sleep(Duration::from_millis(1));
    }
}

/// The samples of live objects by operation; those without one go by "".
fn live_by_operation(profile: &Profile) -> BTreeMap<String, u64> {
    let mut samples = BTreeMap::new();
    for row in &profile.samples {
        let name = rows::text(row, OPERATION).unwrap_or_default();
        *samples.entry(name.to_owned()).or_default() += rows::samples(profile, row);
    }
    samples.retain(|_, samples| *samples > 0);
    samples
}

fn one_round(recorder: Recorder, objects: usize) -> (u64, u64, u64) {
    let fields = ["books", "authors", "reviews"].map(|name| Field::of("Query", name));
    let operation = |name: &str| recorder.operation(name).label();
    let plain = ["soak a", "soak b"].map(operation);
    let with_fields = fields.map(|field| plain[1].with_field(field));
    let labels = [&plain[..], &with_fields].concat();
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let disturbed = scope.spawn(|| disturb(recorder, &done));
        scope.spawn(|| name(recorder, &done));
        let made = soak(&labels, objects);
        done.store(true, Relaxed);
        let (rounds, most) = disturbed.join().expect("no panic");
        (made, rounds, most)
    })
}

#[test]
fn nothing_of_ten_million_objects_stays_in_the_table() {
    let test = "soak::nothing_of_ten_million_objects_stays_in_the_table";
    alone(test, "lg_prof_sample:10", || {
        let recorder = start();
        // What is made once, such as the list of mappings, is made now.
        one_round(recorder, OBJECTS / 100);
        let before = recorder.profile(None).expect("a profile");
        let (figures, status) = (memory().expect("figures"), recorder.status());
        let began = Instant::now();
        let (made, rounds, most) = one_round(recorder, OBJECTS);
        let seconds = began.elapsed().as_secs_f64();
        let after = recorder.profile(None).expect("a profile");
        let (figures_then, then) = (memory().expect("figures"), recorder.status());
        println!(
            "{made} objects, at most {most} live samples, {rounds} disturbances, {seconds:.1} s;\n\
             live samples {} -> {}, live {} -> {} bytes, own {} -> {} bytes",
            status.live_samples,
            then.live_samples,
            figures.live,
            figures_then.live,
            status.own_bytes,
            then.own_bytes,
        );
        nothing_stays(&before, &after);
        assert_eq!(then.dropped, status.dropped);
        assert_eq!(then.dropped, Default::default());
        // The instrument's own names and cohorts: it prints them above.
        assert!(figures_then.live.saturating_sub(figures.live) < 2 << 20);
        assert!(then.own_bytes < 64 << 20, "{} bytes", then.own_bytes);
        objects_are_counted_right(&before, &after, made);
    });
}

/// What stays is the instrument's own, by its label: names of operations and fields, and what each cohort did. They are
/// made while the soak goes on, and kept on purpose.
fn nothing_stays(before: &Profile, after: &Profile) {
    let (mut before, mut after) = (live_by_operation(before), live_by_operation(after));
    println!("samples by operation: {before:?} -> {after:?}");
    before.remove(INSTRUMENT);
    after.remove(INSTRUMENT);
    assert_eq!(before, after);
}

/// Estimates stay true whatever the interval was. One standard deviation is some 0.15 %: of the smallest objects one in
/// a hundred is sampled.
fn objects_are_counted_right(before: &Profile, after: &Profile, made: u64) {
    let soaked = |profile| {
        rows::sum(profile, ALLOC_OBJECTS, |row| {
            rows::text(row, OPERATION).is_some_and(|name| name.starts_with("soak"))
        })
    };
    let counted = (soaked(after) - soaked(before)) as f64 / made as f64;
    println!("{:+.3} % of the objects were counted", (counted - 1.0) * 100.0);
    assert!((counted - 1.0).abs() < 0.01, "{counted}");
}
