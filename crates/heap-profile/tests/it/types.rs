//! What piles up, read from a dump of a process that really holds it.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::hint::black_box;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use heap_profile::{Profile, Symbolizer, element_type, names};

const DUMP_TO: &str = "HEAP_PROFILE_TEST_TYPES_TO";
const THIS_TEST: &str = "types::a_dump_tells_what_piles_up";
const MANY: u64 = 20_000;

#[derive(Clone)]
#[allow(dead_code, reason = "it is there for its size")]
struct Item([u64; 16]);

#[allow(dead_code, reason = "it is there for its size")]
struct Parcel([u64; 24]);

/// Each of these is a function of its own, so that its name leads to its type in the dump.
mod pile {
    use super::*;

    #[inline(never)]
    pub(super) fn numbers() -> Vec<u64> {
        let mut numbers = Vec::new();
        (0..MANY * 8).for_each(|n| numbers.push(black_box(n)));
        numbers
    }

    #[inline(never)]
    pub(super) fn items() -> Vec<Item> {
        let items = (0..MANY).map(|n| Item([black_box(n); 16]));
        items.collect::<Vec<_>>().clone()
    }

    #[inline(never)]
    pub(super) fn texts() -> Vec<String> {
        let text = |n: u64| black_box("x").repeat(200) + &n.to_string();
        (0..MANY).map(text).collect()
    }

    #[inline(never)]
    pub(super) fn one_text() -> String {
        let mut text = String::with_capacity(black_box(4_000_000));
        text.push('x');
        text
    }

    #[inline(never)]
    pub(super) fn map() -> HashMap<u32, Item> {
        let mut map = HashMap::new();
        (0..MANY).for_each(|n| assert!(map.insert(n as u32, Item([n; 16])).is_none()));
        map
    }

    #[inline(never)]
    pub(super) fn set() -> HashSet<u128> {
        (0..MANY * 4).map(|n| black_box(u128::from(n))).collect()
    }

    #[inline(never)]
    pub(super) fn tree() -> BTreeMap<u64, Item> {
        let mut tree = BTreeMap::new();
        (0..MANY).for_each(|n| assert!(tree.insert(black_box(n), Item([n; 16])).is_none()));
        tree
    }

    #[inline(never)]
    pub(super) fn queue() -> VecDeque<Item> {
        let mut queue = VecDeque::new();
        (0..MANY).for_each(|n| queue.push_back(Item([black_box(n); 16])));
        queue
    }

    #[inline(never)]
    #[allow(clippy::vec_box, reason = "the boxes are what is looked for")]
    pub(super) fn boxes() -> Vec<Box<Parcel>> {
        (0..MANY).map(|n| Box::new(Parcel([black_box(n); 24]))).collect()
    }

    #[inline(never)]
    pub(super) fn shared() -> Vec<Arc<Parcel>> {
        (0..MANY).map(|n| Arc::new(Parcel([black_box(n); 24]))).collect()
    }

    #[inline(never)]
    pub(super) fn shared_texts() -> Vec<Arc<str>> {
        let text = black_box("x").repeat(500);
        (0..MANY).map(|_| Arc::from(&*text)).collect()
    }
}

/// The type that each function makes most of.
const EXPECTED: [(&str, &str); 11] = [
    ("numbers", "Vec<u64>"),
    ("items", "Vec<Item>"),
    ("texts", "String"),
    ("one_text", "String"),
    ("map", "HashMap<u32, Item>"),
    ("set", "HashSet<u128>"),
    ("tree", "BTreeMap<u64, Item>"),
    ("queue", "VecDeque<Item>"),
    ("boxes", "Box<Parcel>"),
    ("shared", "Arc<Parcel>"),
    ("shared_texts", "Arc<str>"),
];

fn pile_up_and_dump(path: &Path) {
    let first = (
        pile::numbers(),
        pile::items(),
        pile::texts(),
        pile::one_text(),
        pile::map(),
        pile::set(),
    );
    let second = (
        pile::tree(),
        pile::queue(),
        pile::boxes(),
        pile::shared(),
        pile::shared_texts(),
    );
    let control = jemalloc_pprof::PROF_CTL.as_ref().expect("the options ask for it");
    let dump = control.blocking_lock().dump_pprof().expect("the profiler is on");
    std::fs::write(path, dump).expect("room for a file");
    drop(black_box((first, second)));
}

/// Live bytes by the function of [`pile`] and the type, shortened.
fn by_function(profile: &Profile) -> HashMap<String, HashMap<String, i64>> {
    let symbolized = Symbolizer::new()
        .symbolize(profile)
        .expect("the binary is this one");
    let mut found: HashMap<String, HashMap<String, i64>> = HashMap::new();
    for sample in &symbolized.samples {
        let functions = sample
            .stack
            .iter()
            .map(|frame| names::without_closures(&frame.function));
        let Some(function) = functions
            .filter_map(|name| name.strip_prefix("it::types::pile::"))
            .next()
        else {
            continue;
        };
        let told =
            element_type(&sample.stack).map_or_else(|| "unknown".to_owned(), |told| names::short(&told));
        *found
            .entry(function.to_owned())
            .or_default()
            .entry(told)
            .or_default() += sample.values[0];
    }
    found
}

#[test]
fn a_dump_tells_what_piles_up() {
    if let Some(path) = std::env::var_os(DUMP_TO) {
        return pile_up_and_dump(Path::new(&path));
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("dump");
    let output = Command::new(std::env::current_exe().expect("Linux knows"))
        .args([THIS_TEST, "--exact", "--nocapture"])
        .env(DUMP_TO, &path)
        .env(
            "_RJEM_MALLOC_CONF",
            "prof:true,prof_active:true,lg_prof_sample:12",
        )
        .output()
        .expect("this very program");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stdout)
    );
    let bytes = std::fs::read(&path).expect("the child wrote it");
    let found = by_function(&Profile::decode(&bytes).expect("jemalloc_pprof wrote it"));
    for (function, expected) in EXPECTED {
        let told = &found[function];
        let most = told
            .iter()
            .max_by_key(|(_, bytes)| **bytes)
            .map(|(told, _)| told.as_str());
        assert_eq!(most, Some(expected), "{function}: {told:?}");
        assert!(!told.contains_key("unknown"), "{function}: {told:?}");
    }
}
