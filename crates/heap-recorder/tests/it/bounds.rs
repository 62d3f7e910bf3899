//! Bounds: what does not fit is counted, the sums stay right, and the service lives on.

use crate::{
    child::alone,
    recorder::total,
    rows::{SURE, below, samples, sum, sure, sure_object, text},
};
use heap_profile::{ALLOC_SPACE, Dropped, INUSE_SPACE, OBJECT_SIZE, OPERATION, OTHER, Profile};
use heap_recorder::{Bounds, Field, Label, Recorder};
use std::collections::{BTreeSet, HashMap};

const MIB: u64 = 1 << 20;

fn start(bounds: Bounds) -> Recorder {
    Recorder::builder().bounds(bounds).start()
}

fn profile_of(recorder: Recorder) -> Profile {
    recorder.profile(None).expect("a profile")
}

fn dropped(profile: &Profile) -> Dropped {
    let info = profile.info().expect("this version").expect("an info");
    info.dropped
}

/// Bytes allocated since the start beyond those of `before`; the objects of interest are far larger than the rest.
fn allocated_since(before: &Profile, after: &Profile) -> i64 {
    total(after, ALLOC_SPACE) - total(before, ALLOC_SPACE)
}

/// Whether `bytes` are these objects of the size [`SURE`], and next to nothing besides.
fn are_sure_objects(bytes: i64, objects: usize) -> bool {
    let expected = (objects * SURE) as i64;
    (expected..expected + MIB as i64).contains(&bytes)
}

#[test]
fn samples_beyond_the_bound_are_counted_and_those_that_fit_are_kept() {
    let test = "bounds::samples_beyond_the_bound_are_counted_and_those_that_fit_are_kept";
    alone(test, "lg_prof_sample:10", || {
        let recorder = start(Bounds {
            samples: 640,
            ..Bounds::default()
        });
        let before = profile_of(recorder);
        let held: Vec<_> = (0..2000).map(|_| sure_object()).collect();
        let full = profile_of(recorder);
        let (status, in_file) = (recorder.status(), dropped(&full));
        println!("of 2000 samples {} are there, {in_file:?}", status.live_samples);
        assert!((500..=640).contains(&status.live_samples), "{status:?}");
        assert!(in_file.samples >= 2000 - 640, "{in_file:?}");
        assert!(sure(&full, |_| true) as u64 + in_file.samples >= 2000);
        assert_eq!((in_file.stacks, in_file.labels), (0, 0));
        // What was allocated is known all the same.
        let bytes = allocated_since(&before, &full);
        assert!(are_sure_objects(bytes, 2000), "{bytes}");
        drop(held);
        let empty = profile_of(recorder);
        assert_eq!(sure(&empty, |_| true), 0);
        let again: Vec<_> = (0..50).map(|_| sure_object()).collect();
        assert_eq!(sure(&profile_of(recorder), |_| true), 50, "there is room again");
        drop(again);
    });
}

#[test]
fn objects_whose_stack_does_not_fit_are_counted_under_a_stack_without_frames() {
    let test = "bounds::objects_whose_stack_does_not_fit_are_counted_under_a_stack_without_frames";
    alone(test, "lg_prof_sample:10", || {
        let recorder = start(Bounds {
            stacks: 64,
            ..Bounds::default()
        });
        let before = profile_of(recorder);
        let mut held = Vec::new();
        for path in 0..1000 {
            below(10, path, &mut || held.push(sure_object()));
        }
        let after = profile_of(recorder);
        let stackless = sure(&after, |row| row.stack.is_empty());
        let in_file = dropped(&after);
        println!("{stackless} of 1000 objects have no stack, {in_file:?}");
        assert_eq!(sure(&after, |_| true), 1000);
        assert!((900..1000).contains(&stackless));
        assert!(in_file.stacks >= stackless as u64, "{in_file:?}");
        assert_eq!(in_file.samples, 0);
        let bytes = allocated_since(&before, &after);
        assert!(are_sure_objects(bytes, 1000), "{bytes}");
        drop(held);
    });
}

#[test]
fn operations_beyond_the_bound_go_by_other() {
    let test = "bounds::operations_beyond_the_bound_go_by_other";
    alone(test, "lg_prof_sample:10", || {
        let recorder = start(Bounds {
            operations: 5,
            ..Bounds::default()
        });
        let mut held = Vec::new();
        for number in 0..100 {
            let operation = recorder.operation(&format!("Operation{number}"));
            operation.start().complete();
            operation.label().within(|| held.push(sure_object()));
        }
        let profile = profile_of(recorder);
        let by = |name: &str| sure(&profile, |row| text(row, OPERATION) == Some(name));
        assert_eq!((by("Operation0"), by("Operation4"), by("Operation5")), (1, 1, 0));
        assert_eq!(by(OTHER), 95);
        assert_eq!(dropped(&profile).labels, 95);
        let info = profile.info().expect("this version").expect("an info");
        assert_eq!(info.cohorts[0].operations[OTHER].completed, 95);
        drop(held);
    });
}

#[test]
fn operations_that_a_label_has_room_for_are_told_apart_and_no_more() {
    let test = "bounds::operations_that_a_label_has_room_for_are_told_apart_and_no_more";
    alone(test, "lg_prof_sample:10", || {
        let recorder = start(Bounds {
            samples: usize::MAX,
            stacks: usize::MAX,
            operations: usize::MAX,
        });
        let label = |number: usize| recorder.operation(&format!("Operation{number}")).label();
        let field = Field::of("Query", "last");
        let labels: Vec<Label> = (0..5000).map(label).collect();
        let distinct: BTreeSet<String> = labels.iter().map(|label| format!("{label:?}")).collect();
        assert_eq!(distinct.len(), 4092 + 1);
        assert!(labels[4092..].iter().all(|label| *label == Label::OTHER));
        let last = labels[4091].with_field(field);
        assert_eq!(last.operation(), labels[4091]);
        let held = last.within(sure_object);
        let profile = profile_of(recorder);
        let named = |row: &_| text(row, OPERATION) == Some("Operation4091");
        assert_eq!(sure(&profile, named), 1);
        assert_eq!(
            dropped(&profile),
            Dropped {
                labels: 5000 - 4092,
                ..Dropped::default()
            }
        );
        drop(held);
    });
}

#[test]
fn a_name_counts_by_its_first_128_characters_whatever_their_length_in_bytes() {
    let test = "bounds::a_name_counts_by_its_first_128_characters_whatever_their_length_in_bytes";
    alone(test, "lg_prof_sample:10", || {
        let recorder = start(Bounds::default());
        let long = "é本".repeat(100);
        let kept: String = long.chars().take(128).collect();
        let longer = format!("{kept}and more");
        let label = recorder.operation(&long).label();
        assert_eq!(label, recorder.operation(&longer).label());
        assert_eq!(label, recorder.operation(&kept).label());
        assert_ne!(
            label,
            recorder.operation(&kept[..kept.len() - "本".len()]).label()
        );
        let held = label.within(sure_object);
        assert_eq!(
            sure(&profile_of(recorder), |row| text(row, OPERATION) == Some(&kept)),
            1
        );
        assert_eq!(recorder.operation("").label(), Label::NONE);
        drop(held);
    });
}

#[test]
fn fields_that_do_not_fit_leave_the_operation_alone() {
    let test = "bounds::fields_that_do_not_fit_leave_the_operation_alone";
    alone(test, "", || {
        let recorder = start(Bounds::default());
        let fields: Vec<_> = (0..17_000)
            .map(|number| Field::of("Query", &format!("f{number}")))
            .collect();
        assert!(fields[..1 << 14].iter().all(|field| *field != Field::NONE));
        assert!(fields[1 << 14..].iter().all(|field| *field == Field::NONE));
        let label = recorder.operation("Books").label();
        assert_eq!(label.with_field(fields[16_999]), label);
        assert_eq!(recorder.status().dropped.labels, 17_000 - (1 << 14));
    });
}

#[test]
fn bounds_of_nothing_are_taken_for_one_and_the_service_lives_on() {
    let test = "bounds::bounds_of_nothing_are_taken_for_one_and_the_service_lives_on";
    alone(test, "lg_prof_sample:10", || {
        let recorder = start(Bounds {
            samples: 0,
            stacks: 0,
            operations: 0,
        });
        let before = profile_of(recorder);
        let mut held = Vec::new();
        for number in 0..300 {
            let label = recorder.operation(&format!("Operation{}", number % 7)).label();
            let label = label.with_field(Field::of("Query", &format!("f{number}")));
            below(9, number, &mut || held.push(label.within(sure_object)));
        }
        let after = profile_of(recorder);
        println!("{:?}", recorder.status());
        let bytes = allocated_since(&before, &after);
        assert!(are_sure_objects(bytes, 300), "{bytes}");
        let other = sum(&after, ALLOC_SPACE, |row| text(row, OPERATION) == Some(OTHER));
        assert!(other > (250 * SURE) as i64, "{other}");
        assert!(recorder.status().own_bytes < 2 * MIB);
        drop(held);
        assert!(recorder.snapshot(None).is_ok());
    });
}

#[test]
fn a_hundred_thousand_samples_take_as_much_memory_as_promised() {
    let test = "bounds::a_hundred_thousand_samples_take_as_much_memory_as_promised";
    alone(test, "lg_prof_sample:8", || {
        let recorder = start(Bounds::default());
        let mut held: Vec<Vec<u8>> = Vec::with_capacity(100_000);
        for number in 0..100_000 {
            // Eight intervals each: all but one in 3,000 are sampled.
            below(40, number % 400, &mut || held.push(Vec::with_capacity(2048)));
        }
        let (live, own) = (recorder.status().live_samples, recorder.status().own_bytes);
        let profile = profile_of(recorder);
        let stacks: HashMap<_, _> = profile
            .samples
            .iter()
            .map(|row| (&row.stack, row.stack.len()))
            .collect();
        let frames: usize = stacks.values().sum();
        let addresses = profile.locations.len();
        let (loose, strict) = (
            4 * MIB + 200 * live + 8 * frames as u64,
            4 * MIB + 200 * live + 8 * addresses as u64,
        );
        println!(
            "{live} live samples, {} stacks of {frames} frames, {addresses} distinct addresses:\n\
             own {own} bytes, {:.1} a sample; the bounds are {loose} by frames and {strict} by addresses",
            stacks.len(),
            own as f64 / live as f64,
        );
        assert!(live > 99_000 && stacks.len() >= 400 && frames > 400 * 80);
        assert!(own <= strict, "{own} > {strict}");
        let counted: u64 = profile.samples.iter().map(|row| samples(&profile, row)).sum();
        assert!(counted.abs_diff(live) < 2000, "{counted} {live}");
        let bytes = sum(&profile, INUSE_SPACE, |row| {
            crate::rows::number(row, OBJECT_SIZE) == Some(2048)
        });
        assert!((bytes - 204_800_000).abs() < 400_000, "{bytes}");
        drop(held);
    });
}
