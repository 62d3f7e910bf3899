//! `Recorded`: requests are counted by operation and cohort, and what they keep goes by their operation.

use crate::held::{assert_covers, counted, info, record, requests, until};
use crate::{child, public, shop};
use async_graphql::{BatchRequest, Executor as _, Request};
use heap_admin::Recorded;
use heap_profile::Profile;
use heap_recorder::Label;
use serde_json::json;
use std::sync::mpsc;

#[test]
fn requests_are_counted_by_operation_in_the_cohort_that_they_were_made_in() {
    let test = "requests::requests_are_counted_by_operation_in_the_cohort_that_they_were_made_in";
    child::alone(test, || {
        let (recorder, public) = (record(), public::start());
        for _ in 0..3 {
            public.ask("query Letters { a }");
        }
        recorder.snapshot(None).expect("a snapshot");
        public.ask("query Letters { a }");
        public.ask("mutation Add { add(covers: 0) }");
        let snapshot = recorder.snapshot(None).expect("a snapshot");
        let snapshot = Profile::decode(&snapshot).expect("a profile");
        let info = snapshot.info().expect("this version").expect("an info");
        let in_cohort = |number: usize, operation: &str| {
            let cohort = &info.cohorts[number];
            assert_eq!(cohort.number as usize, number);
            cohort.operations.get(operation).copied()
        };
        assert_eq!(in_cohort(0, "Letters"), Some(counted(3, 3, 0, 0)));
        assert_eq!(in_cohort(0, "Add"), None);
        assert_eq!(in_cohort(1, "Letters"), Some(counted(1, 1, 0, 0)));
        assert_eq!(in_cohort(1, "Add"), Some(counted(1, 1, 0, 0)));
        assert_eq!(info.cohorts.len(), 3);
        assert!(info.cohorts[2].operations.is_empty(), "{info:?}");
    });
}

#[test]
fn an_operation_goes_by_its_name_or_its_root_fields_or_as_invalid() {
    let test = "requests::an_operation_goes_by_its_name_or_its_root_fields_or_as_invalid";
    child::alone(test, || {
        let (recorder, public) = (record(), public::start());
        public.ask("{ a b again: a }");
        public.ask("query($first: Int! = 0) { books(first: $first) { id } a }");
        let two = "query First { a } query Second { b }";
        for name in ["First", "Second", "Second", "Third"] {
            public.post(json!({ "query": two, "operationName": name }));
        }
        public.post(json!({ "query": two }));
        public.post(json!({ "query": "{ a }", "operationName": "Third" }));
        // Not valid for the schema: it has a name all the same, and is answered with an error.
        public.post(json!({ "query": "query Missing { missing }" }));
        let info = info(recorder);
        for (operation, times) in [
            ("{ a b }", 1),
            ("{ books a }", 1),
            ("First", 1),
            ("Second", 2),
            ("(invalid)", 3),
            ("Missing", 1),
        ] {
            assert_eq!(
                requests(&info, operation),
                counted(times, times, 0, 0),
                "{operation}"
            );
        }
        assert_eq!(info.cohorts[0].operations.len(), 6, "{info:?}");
    });
}

#[test]
fn each_request_of_a_batch_is_counted_and_labelled_by_itself() {
    let test = "requests::each_request_of_a_batch_is_counted_and_labelled_by_itself";
    child::alone(test, || {
        let (recorder, public) = (record(), public::start());
        let answers = public.post(json!([
            { "query": "query Left { keep(covers: 3) }" },
            { "query": "query Right { keep(covers: 5) }" },
            { "query": "query Left { keep(covers: 1) }" },
        ]));
        assert_eq!(answers[1]["data"]["keep"], 5, "{answers}");
        let (began, _begins) = mpsc::channel();
        let recorded = Recorded::new(shop::builder(began).finish());
        let documents = [
            "query Left { keep(covers: 2) }",
            "query Right { keep(covers: 2) }",
        ];
        let batch = BatchRequest::Batch(documents.map(Request::new).into());
        let answers = public.runtime.block_on(recorded.execute_batch(batch));
        assert!(answers.is_ok());
        let single = BatchRequest::Single(Request::new("query Left { keep(covers: 1) }"));
        assert!(public.runtime.block_on(recorded.execute_batch(single)).is_ok());

        let info = info(recorder);
        assert_eq!(requests(&info, "Left"), counted(4, 4, 0, 0));
        assert_eq!(requests(&info, "Right"), counted(2, 2, 0, 0));
        // Each `keep` keeps twice: before and after it was put aside.
        let profile = recorder.profile(None).expect("a profile");
        assert_covers(&profile, &[("Left", "", 2 * 7), ("Right", "", 2 * 7)]);
    });
}

#[test]
fn a_subscription_counts_its_events_and_keeps_under_its_own_label() {
    let test = "requests::a_subscription_counts_its_events_and_keeps_under_its_own_label";
    child::alone(test, || {
        let (recorder, public) = (record(), public::start());
        let mut socket = public.socket();
        let answers = socket.answers("subscription Arrivals { arrivals(to: 3) { id } }");
        assert_eq!(answers[2]["data"]["arrivals"]["id"], 2, "{answers:?}");
        let answers = socket.answers("subscription { arrivals(to: 2) { cover } }");
        assert_eq!(answers.len(), 2, "{answers:?}");
        // Other operations come through the socket as well.
        assert_eq!(
            socket.answers("query Kept { keep(covers: 4) }")[0]["data"]["keep"],
            4
        );
        let info = info(recorder);
        assert_eq!(requests(&info, "Arrivals"), counted(1, 1, 0, 3));
        assert_eq!(requests(&info, "{ arrivals }"), counted(1, 1, 0, 2));
        assert_eq!(requests(&info, "Kept"), counted(1, 1, 0, 0));
        let profile = recorder.profile(None).expect("a profile");
        let expected = [
            ("Arrivals", "", 3 * 8),
            ("{ arrivals }", "", 2 * (8 + 8)),
            ("Kept", "", 2 * 4),
        ];
        assert_covers(&profile, &expected);
        assert_eq!(public.labels_on_workers(), [Label::NONE; 2]);
    });
}

#[test]
fn a_subscription_that_the_client_ends_or_leaves_counts_as_cancelled() {
    let test = "requests::a_subscription_that_the_client_ends_or_leaves_counts_as_cancelled";
    child::alone(test, || {
        let (recorder, public) = (record(), public::start());
        let document = "subscription Endless { endless }";
        for leaves in [false, true] {
            let mut socket = public.socket();
            socket.subscribe(document);
            for event in 1..=2 {
                assert_eq!(socket.hear()["payload"]["data"]["endless"], event);
            }
            if leaves {
                drop(socket);
            } else {
                socket.say(json!({ "type": "complete", "id": "1" }));
            }
            let cancelled = 1 + u64::from(leaves);
            until("it is cancelled", || {
                requests(&info(recorder), "Endless").cancelled == cancelled
            });
        }
        assert_eq!(requests(&info(recorder), "Endless"), counted(2, 0, 2, 4));
    });
}

#[test]
fn a_client_that_hangs_up_in_the_middle_counts_as_cancelled() {
    let test = "requests::a_client_that_hangs_up_in_the_middle_counts_as_cancelled";
    child::alone(test, || {
        let (recorder, public) = (record(), public::start());
        let clients: Vec<_> = (0..3)
            .map(|_| public.send("query Slow { slow(covers: 2) }"))
            .collect();
        for _ in &clients {
            public.begins.recv().expect("a request begins");
        }
        assert_eq!(requests(&info(recorder), "Slow"), counted(3, 0, 0, 0));
        drop(clients);
        until("all are cancelled", || {
            requests(&info(recorder), "Slow").cancelled == 3
        });
        assert_eq!(requests(&info(recorder), "Slow"), counted(3, 0, 3, 0));
        let profile = recorder.profile(None).expect("a profile");
        assert_covers(&profile, &[("Slow", "", 3 * 2)]);
        assert_eq!(public.labels_on_workers(), [Label::NONE; 2]);
    });
}

#[test]
fn a_resolver_that_fails_completes_and_one_that_panics_does_not() {
    let test = "requests::a_resolver_that_fails_completes_and_one_that_panics_does_not";
    child::alone(test, || {
        let (recorder, public) = (record(), public::start());
        let answer = public.post(json!({ "query": "query Broken { broken(covers: 3) }" }));
        assert_eq!(answer["errors"][0]["message"], "it is broken");
        let (began, _begins) = mpsc::channel();
        let recorded = Recorded::new(shop::builder(began).finish());
        let panicking = Request::new("query Panicking { panicking(covers: 4) }");
        let task = public
            .runtime
            .spawn(async move { recorded.execute(panicking).await });
        let outcome = public.runtime.block_on(task);
        assert!(outcome.is_err_and(|error| error.is_panic()));
        let info = info(recorder);
        assert_eq!(requests(&info, "Broken"), counted(1, 1, 0, 0));
        assert_eq!(requests(&info, "Panicking"), counted(1, 0, 1, 0));
        let profile = recorder.profile(None).expect("a profile");
        assert_covers(&profile, &[("Broken", "", 3), ("Panicking", "", 4)]);
        assert_eq!(public.labels_on_workers(), [Label::NONE; 2]);
    });
}

#[test]
fn a_schema_that_nobody_records_answers_as_before() {
    let public = public::start();
    assert!(heap_admin::Recorder::running().is_none());
    assert_eq!(public.ask("{ a books(first: 1) { id author { name } } }")["a"], 1);
    assert_eq!(public.labels_on_workers(), [Label::NONE; 2]);
}
