//! `spawn`, `spawn_blocking` and `carry`: work that is handed on takes the label along.

use crate::held::{assert_covers, record};
use crate::{child, public, shop::COVER};
use heap_recorder::Label;

#[test]
fn work_that_is_handed_on_keeps_under_the_operation_that_handed_it_on() {
    let test = "work::work_that_is_handed_on_keeps_under_the_operation_that_handed_it_on";
    child::alone(test, || {
        let (recorder, public) = (record(), public::start());
        public.ask("query Spawned { spawned(covers: 2) }");
        public.ask("query Blocking { blocking(covers: 3) }");
        public.ask("query Carried { carried(covers: 4) }");
        // By tokio's own: what it keeps is known to nobody.
        public.ask("query Forgotten { forgotten(covers: 5) }");
        let profile = recorder.profile(None).expect("a profile");
        let expected = [
            ("Spawned", "", 2),
            ("Blocking", "", 3),
            ("Carried", "", 4),
            ("", "", 5),
        ];
        assert_covers(&profile, &expected);
        assert_eq!(public.labels_on_workers(), [Label::NONE; 2]);
    });
}

#[test]
fn a_loader_keeps_under_the_operation_that_asked_for_it() {
    let test = "work::a_loader_keeps_under_the_operation_that_asked_for_it";
    child::alone(test, || {
        let (recorder, public) = (record(), public::start());
        let answer = public.ask("query Authors { books(first: 3) { author { name } } }");
        assert_eq!(answer["books"][2]["author"]["name"], "the author of 2");
        let profile = recorder.profile(None).expect("a profile");
        assert_covers(&profile, &[("Authors", "", 3 * 8)]);
    });
}

#[test]
fn a_closure_that_the_compiler_sees_through_keeps_under_its_label() {
    let test = "work::a_closure_that_the_compiler_sees_through_keeps_under_its_label";
    child::alone(test, || {
        let recorder = record();
        let labels = ["Left", "Right"].map(|name| heap_recorder::Operation::named(name).label());
        let kept: Vec<_> = (0..8)
            .map(|number| labels[number % 2].within(|| vec![1_u8; COVER].into_boxed_slice()))
            .collect();
        let profile = recorder.profile(None).expect("a profile");
        assert_covers(&profile, &[("Left", "", 4), ("Right", "", 4)]);
        drop(kept);
        assert_covers(&recorder.profile(None).expect("a profile"), &[]);
    });
}

#[test]
fn a_label_goes_along_with_all_three_and_stays_nowhere() {
    let label = heap_recorder::Operation::named("a label that goes along").label();
    let runtime = public::runtime();
    runtime.block_on(async {
        let (task, job, work) = label.within(|| {
            let task = heap_admin::spawn(async {
                let before = Label::current();
                tokio::task::yield_now().await;
                (before, Label::current())
            });
            let job = heap_admin::spawn_blocking(Label::current);
            (task, job, heap_admin::carry(Label::current))
        });
        assert_eq!(Label::current(), Label::NONE);
        assert_eq!(task.await.expect("no panic"), (label, label));
        assert_eq!(job.await.expect("no panic"), label);
        let thread = std::thread::spawn(move || (work(), Label::current()));
        assert_eq!(thread.join().expect("no panic"), (label, Label::NONE));
        // Whichever thread it is: the job before ran there, or nothing did.
        let after = tokio::task::spawn_blocking(Label::current).await;
        assert_eq!(after.expect("no panic"), Label::NONE);
    });
}

#[test]
fn a_task_that_panics_and_one_that_is_aborted_leave_no_label() {
    let label = heap_recorder::Operation::named("a label of what ends early").label();
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    runtime.expect("a runtime").block_on(async {
        let (panics, never) = label.within(|| {
            let panics = heap_admin::spawn(async { panic!("on purpose") });
            (panics, heap_admin::spawn(std::future::pending::<()>()))
        });
        assert!(
            panics
                .await
                .is_err_and(|error: tokio::task::JoinError| error.is_panic())
        );
        never.abort();
        assert!(never.await.is_err_and(|error| error.is_cancelled()));
        // The only thread that there is.
        assert_eq!(Label::current(), Label::NONE);
        assert_eq!(
            tokio::spawn(async { Label::current() }).await.ok(),
            Some(Label::NONE)
        );
    });
}
