//! `FieldLabels`: what is allocated for a field carries `Parent.field`, also where a task allocates it.

use crate::held::{assert_covers, record};
use crate::public::Public;
use crate::{child, public, shop};
use async_graphql::{Executor as _, Request, Schema};
use futures_util::{FutureExt as _, StreamExt as _};
use heap_admin::{FieldLabels, Recorded};
use heap_recorder::Label;
use serde_json::json;
use std::{panic::AssertUnwindSafe, sync::mpsc};

type Labelled = Recorded<shop::Shop>;

/// A shop with the extension, whose requests are executed without a server.
fn labelled() -> (Labelled, mpsc::Receiver<()>) {
    let (began, begins) = mpsc::channel();
    let schema: Schema<_, _, _> = shop::builder(began).extension(FieldLabels::default()).finish();
    (Recorded::new(schema), begins)
}

/// The labelled shop behind a door.
fn start() -> Public {
    public::serve(|_| labelled().0)
}

#[test]
fn nested_fields_and_the_items_of_lists_keep_under_their_own_field() {
    let test = "fields::nested_fields_and_the_items_of_lists_keep_under_their_own_field";
    child::alone(test, || {
        let (recorder, public) = (record(), start());
        let document = "query Shelf { books(first: 3) { id front: cover } again: books(first: 1) { cover } \
            left: keep(covers: 2) }";
        let answer = public.ask(document);
        assert_eq!(answer["books"][2]["front"], true, "{answer}");
        public.ask("mutation Add { add(covers: 5) }");
        let profile = recorder.profile(None).expect("a profile");
        let expected = [
            ("Shelf", "Book.cover", 4 * 8),
            ("Shelf", "Query.keep", 2 * 2),
            ("Add", "Mutation.add", 5),
        ];
        assert_covers(&profile, &expected);
        assert_eq!(public.labels_on_workers(), [Label::NONE; 2]);
    });
}

#[test]
fn the_task_of_a_loader_keeps_under_the_field_that_asked_for_it() {
    let test = "fields::the_task_of_a_loader_keeps_under_the_field_that_asked_for_it";
    child::alone(test, || {
        let (recorder, public) = (record(), start());
        let answer = public.ask("query Authors { books(first: 3) { author { name } } }");
        assert_eq!(answer["books"][1]["author"]["name"], "the author of 1");
        public.ask("query Handed { spawned(covers: 2) blocking(covers: 3) carried(covers: 4) }");
        let profile = recorder.profile(None).expect("a profile");
        let expected = [
            ("Authors", "Book.author", 3 * 8),
            ("Handed", "Query.spawned", 2),
            ("Handed", "Query.blocking", 3),
            ("Handed", "Query.carried", 4),
        ];
        assert_covers(&profile, &expected);
        assert_eq!(public.labels_on_workers(), [Label::NONE; 2]);
    });
}

#[test]
fn without_a_recorded_schema_the_field_is_known_and_the_operation_is_not() {
    let test = "fields::without_a_recorded_schema_the_field_is_known_and_the_operation_is_not";
    child::alone(test, || {
        let recorder = record();
        let (began, _begins) = mpsc::channel();
        let schema = shop::builder(began).extension(FieldLabels::default()).finish();
        let answer = public::runtime().block_on(schema.execute("query Kept { keep(covers: 3) }"));
        assert!(answer.is_ok(), "{answer:?}");
        let profile = recorder.profile(None).expect("a profile");
        assert_covers(&profile, &[("", "Query.keep", 2 * 3)]);
    });
}

#[test]
fn a_resolver_that_fails_takes_its_field_off_the_thread() {
    let test = "fields::a_resolver_that_fails_takes_its_field_off_the_thread";
    child::alone(test, || {
        let (recorder, public) = (record(), start());
        let answer = public.post(json!({ "query": "query Broken { broken(covers: 3) keep(covers: 1) }" }));
        assert_eq!(answer["errors"][0]["message"], "it is broken");
        let profile = recorder.profile(None).expect("a profile");
        let expected = [("Broken", "Query.broken", 3), ("Broken", "Query.keep", 2)];
        assert_covers(&profile, &expected);
        assert_eq!(public.labels_on_workers(), [Label::NONE; 2]);
    });
}

#[test]
fn a_resolver_that_panics_takes_its_field_off_the_thread() {
    let test = "fields::a_resolver_that_panics_takes_its_field_off_the_thread";
    child::alone(test, || {
        let (recorder, (shop, _begins)) = (record(), labelled());
        public::runtime().block_on(async {
            // On this very thread: the panic goes through all that was set on it.
            let request = shop.execute(Request::new("query Panicking { panicking(covers: 4) }"));
            assert!(AssertUnwindSafe(request).catch_unwind().await.is_err());
            assert_eq!(Label::current(), Label::NONE);
            shop::keep(1);
        });
        let profile = recorder.profile(None).expect("a profile");
        assert_covers(&profile, &[("Panicking", "Query.panicking", 4), ("", "", 1)]);
    });
}

#[test]
fn a_resolver_that_is_dropped_in_the_middle_takes_its_field_off_the_thread() {
    let test = "fields::a_resolver_that_is_dropped_in_the_middle_takes_its_field_off_the_thread";
    child::alone(test, || {
        let (recorder, (shop, begins)) = (record(), labelled());
        public::runtime().block_on(async {
            let request = shop.execute(Request::new("query Slow { slow(covers: 3) }"));
            let mut request = Box::pin(request);
            assert!(request.as_mut().now_or_never().is_none());
            begins.try_recv().expect("it began");
            // Between two polls, and after it was dropped.
            assert_eq!(Label::current(), Label::NONE);
            shop::keep(1);
            drop(request);
            assert_eq!(Label::current(), Label::NONE);
            shop::keep(1);
        });
        let profile = recorder.profile(None).expect("a profile");
        assert_covers(&profile, &[("Slow", "Query.slow", 3), ("", "", 2)]);
    });
}

#[test]
fn fields_of_a_subscriptions_events_keep_under_their_own_field() {
    let test = "fields::fields_of_a_subscriptions_events_keep_under_their_own_field";
    child::alone(test, || {
        let (recorder, (shop, _begins)) = (record(), labelled());
        let request = Request::new("subscription Arrivals { arrivals(to: 2) { cover } }");
        let answers = shop.execute_stream(request, None).collect::<Vec<_>>();
        let answers = public::runtime().block_on(answers);
        assert!(answers.iter().all(|answer| answer.is_ok()), "{answers:?}");
        let profile = recorder.profile(None).expect("a profile");
        // The stream itself is polled beside the extension: it has the operation, and no field.
        let expected = [("Arrivals", "Book.cover", 2 * 8), ("Arrivals", "", 2 * 8)];
        assert_covers(&profile, &expected);
    });
}
