//! The recorder's figures against what is known: an allocation pattern, and jemalloc's own account.

use crate::{child::alone, rows::number};
use heap_profile::{INUSE_OBJECTS, INUSE_SPACE, OBJECT_SIZE, Profile, STACK};
use heap_recorder::{Recorder, Recording, Unwinder, dump, memory};
use std::{collections::BTreeMap, hint::black_box};

const MIB: usize = 1 << 20;

pub(crate) fn start() -> Recorder {
    Recorder::builder().start()
}

/// The sum of one kind of value over a profile's rows.
pub(crate) fn total(profile: &Profile, kind: &str) -> i64 {
    let index = profile.sample_types.iter().position(|each| &*each.kind == kind);
    let index = index.unwrap_or_else(|| panic!("no {kind} in {:?}", profile.sample_types));
    profile.samples.iter().map(|row| row.values[index]).sum()
}

/// Objects of many sizes, small and large, as a service has them; and how many bytes they take.
fn shelves(bytes: usize) -> (Vec<Vec<u8>>, usize) {
    let sizes = [
        16, 48, 112, 320, 1024, 2048, 6144, 7168, 12_288, 14_336, 20_480, 81_920,
    ];
    let mut held = Vec::new();
    let mut sum = 0;
    // As many bytes in each size.
    for size in sizes {
        for _ in 0..bytes / sizes.len() / size {
            held.push(vec![1; size]);
            sum += size;
        }
    }
    sum += held.capacity() * size_of::<Vec<u8>>();
    (black_box(held), sum)
}

fn figures_are_true_at(lg_interval: u8) {
    let test = format!("recorder::figures_are_true_at_{lg_interval}");
    alone(&test, &format!("lg_prof_sample:{lg_interval}"), || {
        start();
        // Threads' caches and the vector's own growth are over before.
        drop(shelves(16 * MIB));
        let before = memory().expect("figures");
        let (held, bytes) = shelves(256 * MIB);
        let after = memory().expect("figures");
        for (name, grown) in [
            ("allocated", after.allocated - before.allocated),
            ("live", after.live - before.live),
        ] {
            let error = grown as f64 / bytes as f64 - 1.0;
            println!("{name}: {grown} of {bytes}: {:+.3} %", error * 100.0);
            assert!(error.abs() < 0.01, "{name}: {grown} of {bytes}");
        }
        drop(held);
        let left = memory().expect("figures").allocated.abs_diff(before.allocated);
        assert!(left < (2 * MIB) as u64, "{left} bytes are left");
    });
}

macro_rules! figures {
    ($($test:ident: $lg:literal,)*) => { $(#[test] fn $test() { figures_are_true_at($lg); })* };
}

figures! {
    figures_are_true_at_12: 12,
    figures_are_true_at_13: 13,
    figures_are_true_at_14: 14,
    figures_are_true_at_15: 15,
    figures_are_true_at_16: 16,
    figures_are_true_at_17: 17,
    figures_are_true_at_18: 18,
    figures_are_true_at_19: 19,
}

// All sizes here, those of the lists too, are size classes: for others jemalloc's own account is up to a
// quarter high, since it weighs by the class, where large objects are only rounded up to pages.
#[inline(never)]
fn novels() -> Vec<Box<[u8]>> {
    black_box((0..64 * 1024).map(|_| vec![1; 1024].into()).collect())
}

#[inline(never)]
fn atlases() -> Vec<Box<[u8]>> {
    black_box((0..256).map(|_| vec![1; 65_536].into()).collect())
}

/// Live bytes by stack, as a list of addresses within the files.
fn by_stack(profile: &Profile) -> BTreeMap<Vec<u64>, i64> {
    let index = profile
        .sample_types
        .iter()
        .position(|each| &*each.kind == INUSE_SPACE);
    let index = index.expect("live bytes");
    let mut stacks = BTreeMap::new();
    for row in &profile.samples {
        let stack = row
            .stack
            .iter()
            .map(|at| profile.locations[*at].address)
            .collect();
        *stacks.entry(stack).or_insert(0) += row.values[index];
    }
    stacks.retain(|_, bytes| *bytes != 0);
    stacks
}

#[test]
fn every_stack_has_as_many_live_bytes_as_in_jemallocs_own_account() {
    let test = "recorder::every_stack_has_as_many_live_bytes_as_in_jemallocs_own_account";
    alone(test, "lg_prof_sample:13", || {
        let recorder = Recorder::builder().share_stacks().start();
        let held = (novels(), atlases());
        drop(novels());
        // Both before either is looked at: reading them allocates.
        let theirs = dump().expect("jemalloc's account");
        let ours = recorder.profile(None).expect("a profile");
        let theirs = Profile::decode(&theirs).expect("a profile");
        let (ours_total, theirs_total) = (total(&ours, INUSE_SPACE), total(&theirs, INUSE_SPACE));
        let difference = ours_total as f64 / theirs_total as f64 - 1.0;
        println!(
            "ours {ours_total}, jemalloc's {theirs_total}: {:+.4} %",
            difference * 100.0
        );
        assert!(difference.abs() < 0.005, "{ours_total} {theirs_total}");
        let (ours, theirs) = (by_stack(&ours), by_stack(&theirs));
        let mut seen = 0;
        for (stack, bytes) in theirs.iter().filter(|(_, bytes)| **bytes > MIB as i64) {
            let mine = ours.get(stack).copied().unwrap_or(0);
            // Both see the same samples, and round on their own.
            assert!(
                (mine - bytes).abs() <= bytes / 1000 + 1024,
                "{mine} instead of {bytes}: {stack:x?}"
            );
            seen += 1;
        }
        assert!(seen >= 2, "{theirs:?}");
        drop(held);
    });
}

#[test]
fn stacks_are_taken_by_frame_pointers_in_this_build_and_can_be_switched() {
    let test = "recorder::stacks_are_taken_by_frame_pointers_in_this_build_and_can_be_switched";
    alone(test, "lg_prof_sample:12", || {
        let recorder = start();
        assert_eq!(
            recorder.status().recording,
            Recording::On(Unwinder::FramePointers),
            "{}",
            recorder.status()
        );
        let walked = novels();
        recorder.use_stock_unwinder(true).expect("it is there");
        assert_eq!(recorder.status().recording, Recording::On(Unwinder::Stock));
        let unwound = novels();
        recorder.use_stock_unwinder(false).expect("it was checked");
        let profile = recorder.profile(None).expect("a profile");
        // The two stacks of the same call differ by the profiler's own frames at the leaf, and by nothing else.
        let stacks: Vec<Vec<u64>> = by_stack(&profile)
            .into_iter()
            .filter(|(_, bytes)| *bytes > 50 * MIB as i64)
            .map(|(stack, _)| stack)
            .collect();
        assert_eq!(stacks.len(), 2, "{stacks:x?}");
        let (walked_stack, unwound_stack) = match &stacks[..] {
            [a, b] if a.len() < b.len() => (a, b),
            [a, b] => (b, a),
            other => panic!("{} stacks", other.len()),
        };
        // Each begins with frames of its own, the hook's and the profiler's; jemalloc's ends with one more of the C library.
        let common = walked_stack.iter().enumerate().find_map(|(at, frame)| {
            let there = unwound_stack.iter().position(|other| other == frame)?;
            Some((at, there))
        });
        let (own, others) = common.expect("a common frame");
        let (walked_stack, unwound_stack) = (&walked_stack[own..], &unwound_stack[others..]);
        assert!(own <= 2 && others <= 3, "{stacks:x?}");
        assert!(unwound_stack.len() - walked_stack.len() <= 2, "{stacks:x?}");
        let differing = walked_stack
            .iter()
            .zip(unwound_stack)
            .filter(|(a, b)| a != b)
            .count();
        assert_eq!(
            differing, 1,
            "the two lines that they were called from: {stacks:x?}"
        );
        drop((walked, unwound));
    });
}

#[test]
fn a_row_tells_the_size_of_its_objects_and_their_stack() {
    let test = "recorder::a_row_tells_the_size_of_its_objects_and_their_stack";
    // 64 intervals to an object, so that each is sampled.
    alone(test, "lg_prof_sample:10", || {
        let recorder = start();
        let held = atlases();
        let profile = recorder.profile(None).expect("a profile");
        let rows: Vec<_> = profile
            .samples
            .iter()
            .filter(|row| number(row, OBJECT_SIZE) == Some(65_536))
            .collect();
        let objects: i64 = rows.iter().map(|row| row.values[2]).sum();
        assert_eq!(objects, 256, "{rows:?}");
        assert!(
            rows.iter()
                .all(|row| number(row, STACK).is_some() && !row.stack.is_empty())
        );
        assert!(total(&profile, INUSE_OBJECTS) >= 256);
        drop(held);
    });
}
