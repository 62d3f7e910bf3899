//! Memory as a service has it: records that point to texts and lists, in use by threads.

use std::{
    collections::HashMap,
    hint::black_box,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
};

use heap_recorder::Label;

/// What a record takes, with its text and its list, in bytes: an average.
const RECORD: usize = 860;
const SHARDS: usize = 256;
/// Entries of the table whose values' holder is looked for.
const BOOKS: u64 = 20_000;

struct Record {
    title: String,
    related: Vec<u64>,
    cover: Option<Box<[u8]>>,
    shelf: Arc<str>,
}

fn record(random: &mut fastrand::Rng, shelf: &Arc<str>) -> Record {
    let cover = (random.u8(..8) == 0).then(|| vec![random.u8(..); random.usize(1000..6000)].into());
    Record {
        title: "x".repeat(random.usize(8..400)),
        related: (0..random.u64(..60)).collect(),
        cover,
        shelf: Arc::clone(shelf),
    }
}

/// Records in shards, each behind a lock.
#[expect(clippy::vec_box, reason = "an object for each, as where they are shared")]
pub(crate) struct Stock(Vec<Mutex<Vec<Box<Record>>>>);

impl Stock {
    /// As many records as take this much memory.
    pub(crate) fn of(bytes: usize) -> Stock {
        let mut random = fastrand::Rng::with_seed(1);
        let shelf: Arc<str> = "fiction".into();
        let records = bytes / RECORD / SHARDS;
        let mut shard = || {
            (0..records)
                .map(|_| Box::new(record(&mut random, &shelf)))
                .collect()
        };
        Stock((0..SHARDS).map(|_| Mutex::new(shard())).collect())
    }

    /// Replaces records and writes to others, until it is told to stop.
    pub(crate) fn use_it(&self, seed: u64, done: &AtomicBool) {
        let mut random = fastrand::Rng::with_seed(seed);
        while !done.load(Relaxed) {
            let mut shard = self.0[random.usize(..SHARDS)].lock().expect("no panic");
            if shard.is_empty() {
                return;
            }
            let at = random.usize(..shard.len());
            let shelf = Arc::clone(&shard[at].shelf);
            *shard[at] = record(&mut random, &shelf);
            for _ in 0..8 {
                let at = random.usize(..shard.len());
                let record = &mut shard[at];
                record.related.iter_mut().for_each(|number| *number += 1);
                black_box((&record.title, &record.cover));
            }
        }
    }
}

/// A table of shared values.
pub(crate) struct Books(Option<HashMap<u64, Arc<[u8; 1000]>>>);

impl Books {
    pub(crate) const fn new() -> Books {
        Books(None)
    }

    /// The values go by this label, and the table does not.
    pub(crate) fn fill(&mut self, label: Label) {
        let book = || label.within(|| black_box(Arc::new([7; 1000])));
        self.0 = Some((0..BOOKS).map(|number| (number, book())).collect());
    }
}

/// A node of a list.
pub(crate) struct Node {
    _next: Option<Box<Node>>,
    _number: u64,
}

/// A list of so many nodes.
pub(crate) fn list(nodes: u64) -> Option<Box<Node>> {
    (0..nodes).fold(None, |next, number| {
        Some(black_box(Box::new(Node {
            _next: next,
            _number: number,
        })))
    })
}
