//! The memory figures of a process that does nothing else.

use crate::child::alone;
use heap_recorder::{MemoryFigures, memory, purge};
use std::{hint::black_box, thread};

const MIB: u64 = 1 << 20;

fn figures() -> MemoryFigures {
    memory().expect("jemalloc has statistics")
}

/// Small objects, written to, so that they are resident.
fn objects(count: usize, size: usize) -> Vec<Vec<u8>> {
    black_box((0..count).map(|_| vec![1; size]).collect())
}

#[test]
fn live_grows_by_what_is_allocated_and_falls_when_it_is_freed() {
    alone(
        "memory::live_grows_by_what_is_allocated_and_falls_when_it_is_freed",
        "",
        || {
            let before = figures();
            let held = objects(64 * 1024, 1024);
            let full = figures();
            drop(held);
            let after = figures();
            let grown = full.live - before.live;
            // 64 MiB and a vector of 64 Ki headers; some 250 sampled objects are not in `allocated`.
            assert!((64 * MIB..69 * MIB).contains(&grown), "grew by {grown}");
            assert!(after.live.abs_diff(before.live) < MIB, "{before:?} {after:?}");
        },
    );
}

#[test]
fn live_leaves_out_as_many_small_objects_as_its_description_says() {
    let test = "memory::live_leaves_out_as_many_small_objects_as_its_description_says";
    alone(test, "lg_prof_sample:14", || {
        let (count, size, interval) = (4096, 7168, 16384);
        let before = figures();
        let held = objects(count, size);
        let grown = (figures().live - before.live) as f64;
        let counted = grown / (count * size) as f64;
        // Six standard deviations of 0.75 %.
        let expected = (-(size as f64) / f64::from(interval)).exp();
        assert!((counted - expected).abs() < 0.045, "{counted}, not {expected}");
        drop(held);
    });
}

#[test]
fn the_three_parts_add_up_to_the_resident_set() {
    alone("memory::the_three_parts_add_up_to_the_resident_set", "", || {
        let held = objects(32 * 1024, 1024);
        let found = figures();
        assert_eq!(
            found.live + found.held_by_allocator + found.outside,
            found.rss,
            "{found:?}"
        );
        // `outside` may be 0: jemalloc counts pages as resident that were never touched.
        assert!(found.live > 32 * MIB, "{found:?}");
        assert!(found.rss < found.machine_total, "{found:?}");
        assert!(
            found.allocated <= found.active && found.active <= found.resident,
            "{found:?}"
        );
        drop(held);
    });
}

#[test]
fn memory_that_was_never_touched_is_live_but_not_resident() {
    alone(
        "memory::memory_that_was_never_touched_is_live_but_not_resident",
        "",
        || {
            let before = figures();
            let held = black_box(Vec::<u8>::with_capacity(256 << 20));
            let found = figures();
            assert!(found.live - before.live >= 256 * MIB, "{found:?}");
            assert!(found.rss - before.rss < 32 * MIB, "{found:?}");
            assert_eq!(found.held_by_allocator, 0, "{found:?}");
            drop(held);
        },
    );
}

#[test]
fn a_purge_gives_back_what_the_allocator_keeps() {
    // No decay: freed pages stay until they are purged.
    let options = "dirty_decay_ms:-1,muzzy_decay_ms:-1";
    alone(
        "memory::a_purge_gives_back_what_the_allocator_keeps",
        options,
        || {
            drop(objects(64 * 1024, 1024));
            let before = figures();
            purge().expect("jemalloc purges");
            let after = figures();
            assert!(
                before.held_by_allocator > 60 * MIB && before.dirty > 60 * MIB,
                "{before:?}"
            );
            assert!(
                before.held_by_allocator - after.held_by_allocator > 50 * MIB,
                "{before:?} {after:?}"
            );
            assert!(before.rss - after.rss > 50 * MIB, "{before:?} {after:?}");
            assert!(after.dirty < MIB, "{after:?}");
        },
    );
}

#[test]
fn what_sits_in_the_caches_of_other_threads_is_not_live() {
    alone(
        "memory::what_sits_in_the_caches_of_other_threads_is_not_live",
        "",
        || {
            let before = figures();
            let barrier = std::sync::Barrier::new(9);
            thread::scope(|scope| {
                for _ in 0..8 {
                    scope.spawn(|| {
                        for size in [16, 64, 256, 1024, 4096, 16384] {
                            drop(objects(400, size));
                        }
                        barrier.wait();
                        barrier.wait();
                    });
                }
                barrier.wait();
                let idle = figures();
                barrier.wait();
                assert!(
                    idle.tcache - before.tcache > 2 * MIB,
                    "the caches hold something: {idle:?}"
                );
                // Each thread itself costs some 32 KiB.
                assert!(
                    idle.live.saturating_sub(before.live) < MIB / 2,
                    "{before:?} {idle:?}"
                );
            });
        },
    );
}
