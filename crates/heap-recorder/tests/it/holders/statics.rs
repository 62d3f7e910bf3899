//! What static variables hold.

use super::{OBJECTS, any, first, program};
use heap_profile::holders::RootKind::Static;
use std::{
    collections::{BTreeMap, HashMap},
    hash::{BuildHasherDefault, Hasher},
    hint::black_box,
    sync::{Arc, LazyLock, Mutex, OnceLock},
};

type Bodies = Vec<Box<[u8]>>;

static LIST: Mutex<Bodies> = Mutex::new(Vec::new());
static TABLE: LazyLock<Mutex<HashMap<u64, String>>> = LazyLock::new(Default::default);
static MAP: Mutex<Option<Box<Map>>> = Mutex::new(None);
static ONCE: OnceLock<Bodies> = OnceLock::new();
static LARGE: Mutex<Bodies> = Mutex::new(Vec::new());
static WIDE: Mutex<Bodies> = Mutex::new(Vec::new());
static LEFT: Mutex<Vec<Arc<[u8; 2048]>>> = Mutex::new(Vec::new());
static RIGHT: Mutex<Vec<Arc<[u8; 2048]>>> = Mutex::new(Vec::new());
static OLD: Mutex<Bodies> = Mutex::new(Vec::new());
static SCATTERED: Mutex<Bodies> = Mutex::new(Vec::new());
static NEW: Mutex<BTreeMap<usize, Box<[u8]>>> = Mutex::new(BTreeMap::new());

#[test]
fn a_mutex_with_a_list_holds_what_is_in_it() {
    program(|case| {
        LIST.lock().expect("no panic").extend(case.bodies());
        let path = first(&case.holders(), Static, "statics::LIST");
        assert_eq!(path.steps.len(), 2, "the body, the list's buffer");
        assert_eq!(path.steps[0].bytes, 2048);
        assert_eq!(path.steps[1].distinct, 1);
        assert_eq!(path.root.thread, None);
    });
}

#[test]
fn a_lazy_map_of_texts_holds_them() {
    program(|case| {
        let text = |_| case.keep(|| black_box("x".repeat(2000)));
        let texts = (0..OBJECTS as u64).map(|number| (number, text(number)));
        TABLE.lock().expect("no panic").extend(texts);
        let path = first(&case.holders(), Static, "statics::TABLE");
        assert_eq!(path.steps.len(), 2, "the text, the map's buffer");
    });
}

/// A key's place is the key.
#[derive(Default)]
struct Place(u64);

impl Hasher for Place {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, _: &[u8]) {}

    fn write_usize(&mut self, key: usize) {
        self.0 = key as u64;
    }
}

type Map = HashMap<usize, Box<[usize; 256]>, BuildHasherDefault<Place>>;

#[test]
fn a_word_that_points_to_where_a_table_begins_does_not_hide_its_owner() {
    program(|case| {
        let mut map = Map::default();
        map.reserve(2 * OBJECTS);
        let places = (map.capacity() + 1).next_power_of_two();
        // The first entry of all is that of the last place.
        map.insert(places - 1, Box::new([0; 256]));
        let (key, value) = map.get_key_value(&(places - 1)).expect("it is there");
        let begins = (&raw const *key).addr().min((&raw const *value).addr());
        let body = |_| case.keep(|| black_box(Box::new([0; 256])));
        map.extend((0..OBJECTS).map(|key| (key, body(key))));
        map.values_mut().for_each(|body| body[100] = begins);
        *MAP.lock().expect("no panic") = Some(Box::new(map));
        first(&case.holders(), Static, "statics::MAP");
    });
}

#[test]
fn a_once_lock_holds_what_it_was_set_to() {
    program(|case| {
        ONCE.set(case.bodies().collect()).expect("it is not set yet");
        first(&case.holders(), Static, "statics::ONCE");
    });
}

#[test]
fn large_objects_are_held_as_small_ones_are() {
    program(|case| {
        let bodies = (0..64).map(|_| case.keep(|| black_box(vec![7_u8; 1 << 20].into_boxed_slice())));
        LARGE.lock().expect("no panic").extend(bodies);
        let holders = case.holders();
        assert_eq!(holders.survivors, 64);
        let path = first(&holders, Static, "statics::LARGE");
        assert_eq!(path.steps[0].bytes, 1 << 20);
    });
}

#[test]
fn a_buffer_of_many_pages_is_found_from_its_middle() {
    program(|case| {
        let mut wide = WIDE.lock().expect("no panic");
        wide.reserve_exact(1 << 20);
        // Empty boxes have no address: the others begin eight megabytes into the buffer.
        wide.extend((0..1 << 19).map(|_| Box::default()));
        wide.extend(case.bodies());
        drop(wide);
        let path = first(&case.holders(), Static, "statics::WIDE");
        assert_eq!(path.steps.len(), 2);
        assert!(path.steps[1].bytes >= 16 << 20, "{path:#?}");
    });
}

#[test]
fn one_object_that_two_statics_hold_is_held_by_both() {
    program(|case| {
        let (mut left, mut right) = (LEFT.lock().expect("no panic"), RIGHT.lock().expect("no panic"));
        for _ in 0..OBJECTS {
            let body = case.keep(|| black_box(Arc::new([7; 2048])));
            left.push(Arc::clone(&body));
            right.push(body);
        }
        drop((left, right));
        let holders = case.holders();
        for name in ["statics::LEFT", "statics::RIGHT"] {
            let path = any(&holders, Static, name);
            let counts = path.steps[0].counts.expect("the counts of an Arc");
            assert_eq!((counts.strong, counts.weak), (2, 0), "{name}");
            assert!(!path.steps[0].weak_only, "{name}");
        }
    });
}

#[test]
fn a_list_that_is_gone_is_not_the_holder_and_the_one_that_has_its_objects_is() {
    program(|case| {
        OLD.lock().expect("no panic").extend(case.bodies());
        let moved = std::mem::take(&mut *OLD.lock().expect("no panic"));
        // Its buffer is freed then, and what was in it is still there to be read.
        NEW.lock()
            .expect("no panic")
            .extend(moved.into_iter().enumerate());
        let holders = case.holders();
        first(&holders, Static, "statics::NEW");
        let old = |name: &String| name.contains("statics::OLD");
        assert!(
            !holders
                .paths
                .iter()
                .any(|path| path.root.name.as_ref().is_some_and(old))
        );
    });
}

#[test]
fn what_lies_next_to_memory_in_which_nothing_was_sampled_is_found() {
    program(|case| {
        let mut gaps = Vec::new();
        for _ in 0..24 {
            // Most of it is in windows of addresses that nothing is known of.
            case.recorder.set_active(false).expect("it records");
            gaps.push(black_box(Vec::<u8>::with_capacity(96 << 20)));
            case.recorder.set_active(true).expect("it records");
            let mut scattered = SCATTERED.lock().expect("no panic");
            scattered.extend((0..100).map(|_| case.body()));
        }
        let holders = case.holders();
        first(&holders, Static, "statics::SCATTERED");
        assert_eq!(holders.drawn, 256, "all that were drawn are there");
    });
}
