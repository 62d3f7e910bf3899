//! The recorder where there is no profiler, where it is switched off, and while its interval changes.

use crate::{
    child::alone,
    recorder::start,
    rows::{SURE, number, sum, sure, sure_object, text},
};
use heap_profile::{ALLOC_OBJECTS, ALLOC_SPACE, INTERVAL, INUSE_SPACE, OBJECT_SIZE, OPERATION, Profile};
use heap_recorder::{
    Bounds, Error, Field, Incomplete, LEAST_INTERVAL, Label, MOST_INTERVAL, ProfilerState, Recorder,
    Recording, Unwinder,
};
use std::{hint::black_box, thread, time::Duration};

fn profile_of(recorder: Recorder) -> Profile {
    recorder.profile(None).expect("a profile")
}

#[test]
fn without_a_profiler_there_are_no_samples_and_everything_else_works() {
    let test = "states::without_a_profiler_there_are_no_samples_and_everything_else_works";
    alone(test, "prof:false", || {
        let recorder = start();
        let status = recorder.status();
        assert_eq!(status.recording, Recording::Absent);
        assert!(
            status.hint().is_some_and(|hint| hint.contains("prof:true")),
            "{status}"
        );
        for error in [
            recorder.snapshot(None).expect_err("nothing is recorded"),
            recorder.profile(None).expect_err("nothing is recorded"),
            recorder
                .set_sample_interval(1 << 12)
                .expect_err("nothing is recorded"),
            recorder.set_active(true).expect_err("nothing is recorded"),
            recorder
                .use_stock_unwinder(true)
                .expect_err("nothing is recorded"),
        ] {
            assert!(
                matches!(error, Error::NotProfiling(ProfilerState::Absent { .. })),
                "{error:?}"
            );
            assert!(error.hint().is_some_and(|hint| hint.contains("prof:true")));
        }
        let operation = recorder.operation("Books");
        let label = operation.label().with_field(Field::of("Query", "books"));
        assert_eq!(label.within(Label::current), label);
        operation.start().complete();
        recorder.count_connection();
        assert_eq!((status.live_samples, status.cohort), (0, 0));
    });
}

#[test]
fn a_profiler_that_is_switched_off_is_recorded_from_once_it_is_switched_on() {
    let test = "states::a_profiler_that_is_switched_off_is_recorded_from_once_it_is_switched_on";
    alone(test, "prof_active:false,lg_prof_sample:10", || {
        let recorder = start();
        let status = recorder.status();
        assert!(
            matches!(status.profiler, ProfilerState::Inactive { .. }),
            "{status}"
        );
        let expected = Recording::On(Unwinder::Incomplete(Incomplete::NoSample));
        assert_eq!(status.recording, expected);
        let before = sure_object();
        assert_eq!(sure(&profile_of(recorder), |_| true), 0);
        recorder.set_active(true).expect("there is a profiler");
        let after = [sure_object(), sure_object()];
        assert!(recorder.status().profiler.is_active());
        let profile = profile_of(recorder);
        assert_eq!(sure(&profile, |row| !row.stack.is_empty()), 2);
        recorder.set_active(false).expect("there is a profiler");
        let unseen = sure_object();
        drop(after);
        assert_eq!(sure(&profile_of(recorder), |_| true), 0);
        drop((before, unseen));
    });
}

#[test]
fn an_interval_is_a_power_of_two_within_its_range_and_nothing_else() {
    let test = "states::an_interval_is_a_power_of_two_within_its_range_and_nothing_else";
    alone(test, "lg_prof_sample:12", || {
        let recorder = start();
        for given in [0, 3, 128, 1000, 1 << 31, u64::MAX] {
            let error = recorder.set_sample_interval(given).expect_err("no interval");
            assert!(matches!(error, Error::Interval { .. }));
            let expected =
                format!("a sampling interval is a power of two from 256 to 1073741824 bytes, not {given}");
            assert_eq!(error.to_string(), expected);
        }
        let interval = || recorder.status().profiler.sample_interval();
        assert_eq!(interval(), Some(1 << 12), "as it was");
        for given in [LEAST_INTERVAL, 1 << 20, MOST_INTERVAL, 1 << 12] {
            recorder.set_sample_interval(given).expect("a power of two");
            assert_eq!(interval(), Some(given));
            assert_eq!(profile_of(recorder).period.expect("a period").value, given as i64);
        }
    });
}

#[inline(never)]
fn kilobytes(count: usize) -> Vec<Vec<u8>> {
    black_box((0..count).map(|_| Vec::with_capacity(1024)).collect())
}

#[test]
fn samples_keep_the_interval_of_their_birth_and_the_sums_stay_unbiased() {
    const COUNT: usize = 50_000;
    let test = "states::samples_keep_the_interval_of_their_birth_and_the_sums_stay_unbiased";
    alone(test, "lg_prof_sample:13", || {
        let recorder = start();
        let (mut held, mut variance) = (Vec::new(), 0.0);
        for lg_interval in [13, 16, 11, 15] {
            recorder
                .set_sample_interval(1 << lg_interval)
                .expect("a power of two");
            held.extend(kilobytes(COUNT));
            let p = -(-1024.0 / f64::from(1 << lg_interval)).exp_m1();
            variance += COUNT as f64 * 1024.0 * 1024.0 * (1.0 - p) / p;
        }
        let profile = profile_of(recorder);
        let of = |row: &heap_profile::Sample| number(row, OBJECT_SIZE) == Some(1024);
        let (expected, found) = ((held.len() * 1024) as f64, sum(&profile, INUSE_SPACE, of) as f64);
        let deviations = (found - expected) / f64::sqrt(variance);
        println!("{found} of {expected} bytes: {deviations:+.2} standard deviations");
        assert!(deviations.abs() < 6.0, "{deviations}");
        for interval in [13, 16, 11].map(|lg| 1_i64 << lg) {
            let live = sum(&profile, INUSE_SPACE, |row| {
                of(row) && number(row, INTERVAL) == Some(interval)
            });
            let share = live as f64 / (COUNT * 1024) as f64;
            assert!((share - 1.0).abs() < 0.25, "{interval}: {share}");
        }
        // Those of the interval in force need no label.
        assert_eq!(
            sum(&profile, INUSE_SPACE, |row| number(row, INTERVAL)
                == Some(1 << 15)),
            0
        );
        assert!(
            sum(&profile, INUSE_SPACE, |row| of(row)
                && number(row, INTERVAL).is_none())
                > 0
        );
        drop(held);
    });
}

#[test]
fn a_second_start_is_the_same_recorder_and_changes_nothing() {
    let test = "states::a_second_start_is_the_same_recorder_and_changes_nothing";
    alone(test, "lg_prof_sample:10", || {
        assert!(Recorder::running().is_none());
        let first = start();
        let held = [sure_object(), sure_object()];
        let second = Recorder::builder()
            .bounds(Bounds {
                samples: 1,
                stacks: 1,
                operations: 1,
            })
            .stock_unwinder()
            .start();
        assert_eq!(first.status().recording, second.status().recording);
        assert_eq!(sure(&profile_of(second), |_| true), 2);
        (0..10).for_each(|number| _ = second.operation(&format!("Operation{number}")));
        assert_eq!(second.status().dropped.labels, 0);
        let process = |recorder| {
            profile_of(recorder)
                .info()
                .expect("this version")
                .expect("an info")
                .process
        };
        assert_eq!(process(first), process(second));
        assert!(Recorder::running().is_some());
        // Each object was counted once, at a stack of its own.
        let bytes = sum(&profile_of(first), ALLOC_SPACE, |row| {
            text(row, OPERATION).is_none() && row.values[0] == 1 && row.values[1] == SURE as i64
        });
        assert_eq!(bytes, 2 * SURE as i64);
        drop(held);
    });
}

/// Allocates and frees that many small objects.
fn churn(objects: usize) {
    for _ in 0..objects {
        drop(black_box(Vec::<u8>::with_capacity(64)));
    }
}

#[test]
fn objects_that_come_while_the_interval_changes_are_weighed_by_the_one_that_drew_them() {
    const COUNT: usize = 400_000;
    let test = "states::objects_that_come_while_the_interval_changes_are_weighed_by_the_one_that_drew_them";
    alone(test, "lg_prof_sample:10", || {
        let recorder = start();
        let label = recorder.operation("Churn").label();
        let mut changes = 0;
        thread::scope(|scope| {
            let churning = [0, 1].map(|_| scope.spawn(|| label.within(|| churn(COUNT))));
            while !churning.iter().all(|thread| thread.is_finished()) {
                let interval = [1 << 16, 1 << 10][changes % 2];
                recorder.set_sample_interval(interval).expect("a power of two");
                changes += 1;
                // While it changes, whoever frees a sampled object waits.
                thread::sleep(Duration::from_millis(1));
            }
        });
        let objects = sum(&profile_of(recorder), ALLOC_OBJECTS, |row| {
            text(row, OPERATION) == Some("Churn")
        });
        let share = objects as f64 / (2 * COUNT) as f64;
        println!(
            "{:+.2} % of the objects over {changes} changes",
            (share - 1.0) * 100.0
        );
        // One standard deviation is some 3 %, and at each change a thread may be caught between a sample and its draw.
        assert!((share - 1.0).abs() < 0.15, "{share}");
    });
}

/// Has threads end whose objects live on, and frees those.
fn leave_and_free(rounds: usize) {
    for _ in 0..rounds {
        let threads: Vec<_> = (0..8).map(|_| thread::spawn(sure_object)).collect();
        let left: Vec<_> = threads
            .into_iter()
            .map(|thread| thread.join().expect("no panic"))
            .collect();
        drop(left);
    }
}

#[test]
fn the_interval_changes_while_the_last_objects_of_threads_that_ended_are_freed() {
    // jemalloc 5.3.1 destroys its record of such a thread twice, unless it is kept from it: see `hooks`.
    let test = "states::the_interval_changes_while_the_last_objects_of_threads_that_ended_are_freed";
    alone(test, "lg_prof_sample:10", || {
        let recorder = start();
        thread::scope(|scope| {
            let leaving = [0, 1].map(|_| scope.spawn(|| leave_and_free(50)));
            for changes in (0..).take_while(|_| !leaving.iter().all(|thread| thread.is_finished())) {
                let interval = [1 << 11, 1 << 10][changes % 2];
                recorder.set_sample_interval(interval).expect("a power of two");
                thread::sleep(Duration::from_millis(2));
            }
        });
        assert_eq!(sure(&profile_of(recorder), |_| true), 0);
    });
}
