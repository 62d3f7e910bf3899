//! Snapshots leave nothing behind, tell apart what was born before and after one, and carry their own account.

use crate::{
    child::alone,
    recorder::start,
    rows::{SURE, number, sum, sure, sure_object, text},
};
use heap_profile::{
    ALLOC_OBJECTS, ALLOC_SPACE, BORN, COHORT, INUSE_OBJECTS, INUSE_SPACE, OPERATION, Profile, STACK,
    SnapshotInfo,
};
use heap_recorder::{Recorder, memory};
use std::hint::black_box;

fn snapshot(recorder: Recorder) -> Profile {
    let file = recorder.snapshot(None).expect("a snapshot");
    Profile::decode(&file).expect("a profile")
}

fn info(profile: &Profile) -> SnapshotInfo {
    profile.info().expect("this version").expect("an info")
}

fn live() -> u64 {
    memory().expect("figures").live
}

#[test]
fn a_hundred_snapshots_leave_nothing_in_the_process() {
    let test = "snapshots::a_hundred_snapshots_leave_nothing_in_the_process";
    alone(test, "lg_prof_sample:10", || {
        let recorder = start();
        let held: Vec<_> = (0..20_000).map(|_| black_box(vec![1_u8; 4096])).collect();
        let take = |count| (0..count).for_each(|_| drop(recorder.snapshot(Some("type Query { a: Int }"))));
        take(5);
        let (samples, own) = (recorder.status().live_samples, recorder.status().own_bytes);
        let before = live();
        take(100);
        let after = live();
        println!(
            "{samples} live samples; live {before} -> {after}: {:+}",
            after as i64 - before as i64
        );
        // The last 256 cohorts are remembered, in a list that grows now and then.
        assert!(after.saturating_sub(before) < 64 << 10, "{before} {after}");
        assert!(samples > 19_000);
        let status = recorder.status();
        assert!(status.live_samples.abs_diff(samples) < 100, "{status:?}");
        assert!(status.own_bytes < own + (64 << 10), "{status:?}");
        drop(held);
    });
}

#[test]
fn a_cohort_tells_what_was_born_before_a_snapshot_from_what_was_born_after() {
    let test = "snapshots::a_cohort_tells_what_was_born_before_a_snapshot_from_what_was_born_after";
    alone(test, "lg_prof_sample:10", || {
        let recorder = start();
        let batch = |count| (0..count).map(|_| sure_object()).collect::<Vec<_>>();
        let mut batches = vec![batch(10)];
        for cohort in 1..=5_u32 {
            let profile = snapshot(recorder);
            assert_eq!(recorder.status().cohort, cohort);
            let info = info(&profile);
            let numbers: Vec<u32> = info.cohorts.iter().map(|each| each.number).collect();
            assert_eq!(numbers, (0..=cohort).collect::<Vec<_>>());
            batches.push(Vec::new());
            for (number_of, born) in (0..).zip(&batches) {
                let found = sure(&profile, |row| number(row, COHORT) == Some(number_of));
                assert_eq!(found, born.len() as i64, "{number_of} at {cohort}");
            }
            // Some of each age go, and more come than before.
            batches.iter_mut().for_each(|born| drop(born.pop()));
            batches[cohort as usize] = batch(10 + cohort);
        }
    });
}

#[test]
fn what_was_freed_is_what_was_allocated_less_what_is_live() {
    let test = "snapshots::what_was_freed_is_what_was_allocated_less_what_is_live";
    alone(test, "lg_prof_sample:10", || {
        let recorder = start();
        let mut held: Vec<_> = (0..100).map(|_| sure_object()).collect();
        held.truncate(50);
        let profile = snapshot(recorder);
        let is_it = |row: &&heap_profile::Sample| number(row, "bytes") == Some(SURE as i64);
        let row = profile.samples.iter().find(is_it).expect("the objects' row");
        let stack = number(row, STACK);
        let of = |kind| sum(&profile, kind, |row| number(row, STACK) == stack);
        assert_eq!((of(ALLOC_OBJECTS), of(INUSE_OBJECTS)), (100, 50));
        assert_eq!(of(ALLOC_SPACE) - of(INUSE_SPACE), 50 * SURE as i64);
        assert!(number(row, BORN).is_some_and(|born| born > 0 && born <= profile.time_nanos / 1_000_000));
        // Cumulative rows have no cohort, no size and no birth.
        let cumulative = profile.samples.iter().filter(|row| row.values[0] > 0);
        assert!(cumulative.clone().count() > 0);
        let of_one_cohort = |row: &heap_profile::Sample| number(row, COHORT).is_some() || row.values[2] != 0;
        assert!(!cumulative.into_iter().any(of_one_cohort));
        drop(held);
    });
}

#[test]
fn a_snapshot_carries_its_own_account() {
    let test = "snapshots::a_snapshot_carries_its_own_account";
    alone(test, "lg_prof_sample:12", || {
        let recorder = start();
        let held = recorder
            .operation("Books")
            .label()
            .within(|| vec![sure_object(); 1]);
        let file = recorder
            .snapshot(Some("type Query { books: Int }"))
            .expect("a snapshot");
        let profile = Profile::decode(&file).expect("a profile");
        let (info, figures) = (info(&profile), memory().expect("figures"));
        assert_eq!(profile.schema(), Some("type Query { books: Int }"));
        assert_eq!(info.sample_interval, 4096);
        assert_eq!(profile.period.as_ref().expect("a period").value, 4096);
        assert!(
            info.process.starts_with(&format!("{}@", std::process::id())),
            "{info:?}"
        );
        assert!(info.own_bytes > 0 && info.live_samples > 0, "{info:?}");
        assert!(info.memory["live"].abs_diff(figures.live) < 1 << 20, "{info:?}");
        assert_eq!(info.memory.len(), figures.by_name().len());
        assert!(
            profile
                .samples
                .iter()
                .any(|row| text(row, OPERATION) == Some("Books"))
        );
        let program = profile.program().expect("the program itself");
        assert!(!program.build_id.is_empty() && program.is_token());
        drop(held);
    });
}
