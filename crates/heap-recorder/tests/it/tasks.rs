//! Labels on a runtime: tasks that interleave, fail, panic, are aborted and lose a race leave no label on any thread.

use crate::{
    child::alone,
    recorder::start,
    rows::{SURE, sure, sure_object, text},
};
use heap_profile::{FIELD, OPERATION};
use heap_recorder::{Field, Label, Recorder};
use std::{
    future::pending,
    sync::{Arc, Barrier},
    time::Duration,
};
use tokio::{
    runtime::{Builder, Runtime},
    select,
    task::{JoinSet, spawn_blocking, yield_now},
    time::sleep,
};

const WORKERS: usize = 4;
const OPERATIONS: usize = 6;
/// Objects of each task that ends well.
const OBJECTS: usize = 8;
/// Tasks of each operation that end well.
const TASKS: usize = 25;

fn label(recorder: Recorder, number: usize) -> Label {
    let operation = recorder.operation(&format!("Operation{number}")).label();
    operation.with_field(Field::of("Query", &format!("field{number}")))
}

/// Allocates step by step, and sees its own label at each.
async fn resolve(label: Label) -> Vec<Vec<u8>> {
    let mut held = Vec::new();
    for step in 0..OBJECTS {
        assert_eq!(Label::current(), label);
        held.push(sure_object());
        // Another label in the middle: that of a loader, say.
        let other = Label::OTHER.wrap(async {
            yield_now().await;
            Label::current()
        });
        assert_eq!(other.await, Label::OTHER);
        assert_eq!(Label::current(), label);
        match step % 3 {
            0 => sleep(Duration::from_micros(50)).await,
            _ => yield_now().await,
        }
    }
    held
}

async fn fail(label: Label) {
    yield_now().await;
    assert_eq!(Label::current(), label);
    label.with_field(Field::NONE).within(|| panic!("on purpose"));
}

/// Waits for ever with a label set, and another within it.
async fn hang() {
    yield_now().await;
    Label::INSTRUMENT.wrap(pending::<()>()).await;
}

/// Loses against a future that is ready later.
async fn lose(label: Label) {
    select! {
        biased;
        () = Label::OTHER.wrap(hang()) => unreachable!("it never ends"),
        () = sleep(Duration::from_micros(200)) => {}
    }
    assert_eq!(Label::current(), label);
}

/// Everything at once; gives what the tasks that end well hold.
async fn mix(recorder: Recorder) -> Vec<Vec<u8>> {
    let (mut good, mut bad) = (JoinSet::new(), JoinSet::new());
    for number in 0..OPERATIONS * TASKS {
        let label = label(recorder, number % OPERATIONS);
        good.spawn(label.wrap(resolve(label)));
        bad.spawn(label.wrap(fail(label)));
        good.spawn(label.wrap(async move {
            lose(label).await;
            Vec::new()
        }));
        let hanging = tokio::spawn(label.wrap(hang()));
        good.spawn(async move {
            yield_now().await;
            hanging.abort();
            assert!(hanging.await.is_err_and(|error| error.is_cancelled()));
            Vec::new()
        });
        good.spawn(async move {
            let there = spawn_blocking(label.carry(Label::current)).await;
            assert_eq!(there.expect("no panic"), label);
            Vec::new()
        });
    }
    let held = good.join_all().await;
    while let Some(ended) = bad.join_next().await {
        assert!(ended.is_err_and(|error| error.is_panic()));
    }
    held.into_iter().flatten().collect()
}

/// The labels that are left on the runtime's threads: one task on each, which wait for one another.
fn left_on(runtime: &Runtime, workers: usize) -> Vec<Label> {
    let barrier = Arc::new(Barrier::new(workers));
    let mut looks = JoinSet::new();
    for _ in 0..workers {
        let barrier = barrier.clone();
        let look = move || {
            barrier.wait();
            Label::current()
        };
        looks.spawn_on(async move { look() }, runtime.handle());
    }
    runtime.block_on(looks.join_all())
}

fn no_label_sticks(recorder: Recorder, runtime: &Runtime, workers: usize) {
    let spawned = runtime.spawn(mix(recorder));
    let held = runtime.block_on(spawned).expect("no panic");
    assert_eq!(held.len(), OPERATIONS * TASKS * OBJECTS);
    assert_eq!(left_on(runtime, workers), vec![Label::NONE; workers]);
    assert_eq!(Label::current(), Label::NONE);
    let profile = recorder.profile(None).expect("a profile");
    for number in 0..OPERATIONS {
        let (operation, field) = (format!("Operation{number}"), format!("Query.field{number}"));
        let objects = sure(&profile, |row| {
            text(row, OPERATION) == Some(&operation) && text(row, FIELD) == Some(&field)
        });
        assert_eq!(objects, (TASKS * OBJECTS) as i64, "{operation} {SURE}");
    }
    assert_eq!(sure(&profile, |_| true), held.len() as i64);
    drop(held);
}

#[test]
fn no_label_sticks_to_the_thread_of_a_runtime_of_one() {
    let test = "tasks::no_label_sticks_to_the_thread_of_a_runtime_of_one";
    alone(test, "lg_prof_sample:10", || {
        let runtime = Builder::new_current_thread().enable_time().build();
        no_label_sticks(start(), &runtime.expect("a runtime"), 1);
    });
}

#[test]
fn no_label_sticks_to_any_thread_of_a_runtime_of_many() {
    let test = "tasks::no_label_sticks_to_any_thread_of_a_runtime_of_many";
    alone(test, "lg_prof_sample:10", || {
        let mut builder = Builder::new_multi_thread();
        let runtime = builder.worker_threads(WORKERS).enable_time().build();
        no_label_sticks(start(), &runtime.expect("a runtime"), WORKERS);
    });
}
