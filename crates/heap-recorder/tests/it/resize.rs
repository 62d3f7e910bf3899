//! `realloc`: the allocator reports the new object first and the old one's end afterwards, at one address or at two, and
//! the old address may be another thread's by then.

use crate::{child::alone, recorder::start, rows::number};
use heap_profile::{OBJECT_SIZE, OPERATION, Profile};
use heap_recorder::Recorder;
use std::{
    collections::BTreeMap,
    hint::black_box,
    sync::atomic::{AtomicBool, Ordering::Relaxed},
    thread,
};

/// Sizes are multiples of this, and large enough to be sampled for certain at an interval of 1 KiB.
const UNIT: usize = 16 << 10;
const THREADS: usize = 12;
/// Objects of each thread, and how often it resizes one of them or makes it anew.
const EACH: usize = 24;
const STEPS: usize = 20_000;

/// Live objects by their size, without those of the instrument.
fn by_size(profile: &Profile) -> BTreeMap<i64, i64> {
    let mut sizes = BTreeMap::new();
    for row in &profile.samples {
        let size = number(row, OBJECT_SIZE).filter(|size| *size >= 4 * UNIT as i64);
        if let Some(size) = size.filter(|_| crate::rows::text(row, OPERATION).is_none()) {
            *sizes.entry(size).or_insert(0) += row.values[2];
        }
    }
    sizes
}

fn sizes_of<'a>(objects: impl IntoIterator<Item = &'a Vec<u8>>) -> BTreeMap<i64, i64> {
    let mut sizes = BTreeMap::new();
    for object in objects {
        *sizes.entry(object.capacity() as i64).or_insert(0) += 1;
    }
    sizes
}

/// Sets a vector's capacity; whether it stayed in place.
fn resize(object: &mut Vec<u8>, capacity: usize) -> bool {
    let before = object.as_ptr();
    if capacity < object.capacity() {
        object.shrink_to(capacity);
    } else {
        object.reserve_exact(capacity);
    }
    before == black_box(&mut *object).as_ptr()
}

#[test]
fn an_object_that_was_resized_is_there_once_with_its_new_size() {
    let test = "resize::an_object_that_was_resized_is_there_once_with_its_new_size";
    alone(test, "lg_prof_sample:10", || {
        let recorder = start();
        let profile = || by_size(&recorder.profile(None).expect("a profile"));
        let before = profile();
        let mut held: Vec<Vec<u8>> = (0..200).map(|_| Vec::with_capacity(4 * UNIT)).collect();
        let (mut stayed, mut moved) = (0, 0);
        for units in [5, 7, 64, 63, 9, 4, 40] {
            for object in &mut held {
                match resize(object, units * UNIT) {
                    true => stayed += 1,
                    false => moved += 1,
                }
            }
            assert_eq!(profile(), sizes_of(&held));
        }
        println!("{stayed} stayed in place and {moved} moved");
        assert!(stayed > 50 && moved > 50, "{stayed} {moved}");
        drop(held);
        assert_eq!(profile(), before);
    });
}

/// Resizes, frees and makes objects; gives those that are left.
fn stir(seed: usize) -> Vec<Vec<u8>> {
    let mut random = fastrand::Rng::with_seed(seed as u64);
    let mut held: Vec<Vec<u8>> = (0..EACH).map(|_| Vec::with_capacity(4 * UNIT)).collect();
    for _ in 0..STEPS {
        let (at, capacity) = (random.usize(..EACH), random.usize(4..7) * UNIT);
        if random.u8(..4) == 0 {
            held[at] = Vec::with_capacity(capacity);
        } else {
            resize(&mut held[at], capacity);
        }
    }
    held
}

fn stir_on_all_threads(recorder: Recorder) -> Vec<Vec<u8>> {
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS).map(|seed| scope.spawn(move || stir(seed))).collect();
        scope.spawn(|| {
            while !done.load(Relaxed) {
                drop(recorder.profile(None).expect("a profile"));
            }
        });
        let joined = threads
            .into_iter()
            .flat_map(|thread| thread.join().expect("no panic"));
        let held = joined.collect();
        done.store(true, Relaxed);
        held
    })
}

#[test]
fn the_table_has_exactly_what_is_live_after_threads_resized_at_each_others_addresses() {
    let test = "resize::the_table_has_exactly_what_is_live_after_threads_resized_at_each_others_addresses";
    // One arena: what a thread gives back the next one gets.
    alone(test, "lg_prof_sample:10,narenas:1", || {
        let recorder = start();
        let before = by_size(&recorder.profile(None).expect("a profile"));
        for _ in 0..5 {
            let held = stir_on_all_threads(recorder);
            let after = by_size(&recorder.profile(None).expect("a profile"));
            assert_eq!(after, sizes_of(&held));
            drop(held);
            assert_eq!(by_size(&recorder.profile(None).expect("a profile")), before);
        }
    });
}
