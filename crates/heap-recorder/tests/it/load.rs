//! What the load did: requests, events and connections by operation and cohort.

use crate::{child::alone, recorder::start};
use heap_profile::{Cohort, Requests, SnapshotInfo};
use heap_recorder::Recorder;
use std::thread;

fn info(recorder: Recorder) -> SnapshotInfo {
    let profile = recorder.profile(None).expect("a profile");
    profile.info().expect("this version").expect("an info")
}

fn requests(cohort: &Cohort, name: &str) -> Requests {
    cohort.operations.get(name).copied().unwrap_or_default()
}

#[test]
fn each_cohort_has_what_was_counted_in_it_and_a_dropped_execution_is_cancelled() {
    let test = "load::each_cohort_has_what_was_counted_in_it_and_a_dropped_execution_is_cancelled";
    alone(test, "", || {
        let recorder = start();
        let (books, authors) = (recorder.operation("Books"), recorder.operation("Authors"));
        (0..5).for_each(|_| books.start().complete());
        drop(books.start());
        (0..3).for_each(|_| recorder.count_connection());
        let across = authors.start();
        recorder.snapshot(None).expect("a snapshot");
        across.complete();
        (0..7).for_each(|_| authors.count_event());
        let info = info(recorder);
        let [first, second] = &info.cohorts[..] else {
            panic!("{:?}", info.cohorts)
        };
        assert_eq!((first.number, second.number), (0, 1));
        assert_eq!((first.connections, second.connections), (3, 0));
        let counted = |started, completed, cancelled, events| Requests {
            started,
            completed,
            cancelled,
            events,
        };
        assert_eq!(requests(first, "Books"), counted(6, 5, 1, 0));
        assert_eq!(requests(first, "Authors"), counted(1, 0, 0, 0));
        assert_eq!(requests(second, "Authors"), counted(0, 1, 0, 7));
        assert!(
            !second.operations.contains_key("Books"),
            "it did nothing: {second:?}"
        );
        assert!(first.opened_nanos <= second.opened_nanos && first.duration_nanos > 0);
    });
}

#[test]
fn nothing_is_counted_twice_or_lost_while_cohorts_change() {
    const THREADS: u64 = 4;
    const EACH: u64 = 20_000;
    let test = "load::nothing_is_counted_twice_or_lost_while_cohorts_change";
    alone(test, "", || {
        let recorder = start();
        thread::scope(|scope| {
            for number in 0..THREADS {
                scope.spawn(move || {
                    for step in 0..EACH {
                        let operation = recorder.operation(&format!("Operation{}", (number + step) % 10));
                        recorder.count_connection();
                        operation.count_event();
                        let execution = operation.start();
                        if step % 4 != 0 {
                            execution.complete();
                        }
                    }
                });
            }
            (0..50).for_each(|_| drop(recorder.snapshot(None).expect("a snapshot")));
        });
        let cohorts = info(recorder).cohorts;
        assert_eq!(cohorts.len(), 51);
        let all = || cohorts.iter().flat_map(|cohort| cohort.operations.values());
        let sum = |of: fn(&Requests) -> u64| all().map(of).sum::<u64>();
        let made = THREADS * EACH;
        assert_eq!(cohorts.iter().map(|cohort| cohort.connections).sum::<u64>(), made);
        assert_eq!(sum(|requests| requests.started), made);
        assert_eq!(sum(|requests| requests.events), made);
        assert_eq!(sum(|requests| requests.completed), made / 4 * 3);
        assert_eq!(sum(|requests| requests.cancelled), made / 4);
    });
}

#[test]
fn the_last_256_cohorts_are_remembered() {
    let test = "load::the_last_256_cohorts_are_remembered";
    alone(test, "", || {
        let recorder = start();
        (0..300).for_each(|_| drop(recorder.snapshot(None).expect("a snapshot")));
        let numbers: Vec<u32> = info(recorder)
            .cohorts
            .iter()
            .map(|cohort| cohort.number)
            .collect();
        assert_eq!(numbers, (44..=300).collect::<Vec<_>>());
        assert_eq!(recorder.status().cohort, 300);
    });
}
