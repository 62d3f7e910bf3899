//! Labels on one thread, and on samples: what is allocated under one is in the profile under its names.

use crate::{
    child::alone,
    recorder::start,
    rows::{self, SURE, sure, sure_object, text},
};
use heap_profile::{FIELD, INSTRUMENT, INUSE_SPACE, OPERATION, Profile};
use heap_recorder::{Field, Label, Recorder};
use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    pin::{Pin, pin},
    task::{Context, Poll, Waker},
    thread,
};

/// How many of the sure objects are live under these names.
fn under(profile: &Profile, operation: Option<&str>, field: Option<&str>) -> i64 {
    sure(profile, |row| {
        text(row, OPERATION) == operation && text(row, FIELD) == field
    })
}

fn profile_of(recorder: Recorder) -> Profile {
    recorder.profile(None).expect("a profile")
}

#[test]
fn objects_are_told_apart_by_the_operation_and_field_that_they_were_allocated_under() {
    let test = "labels::objects_are_told_apart_by_the_operation_and_field_that_they_were_allocated_under";
    alone(test, "lg_prof_sample:10", || {
        let recorder = start();
        let books = recorder.operation("Books").label();
        let title = Field::of("Book", "title");
        let mut held = vec![sure_object()];
        books.within(|| {
            held.push(sure_object());
            books.with_field(title).within(|| {
                held.extend((0..3).map(|_| sure_object()));
                let authors = recorder.operation("Authors").label();
                authors
                    .with_field(title)
                    .within(|| held.extend((0..5).map(|_| sure_object())));
            });
            held.push(sure_object());
        });
        let profile = profile_of(recorder);
        assert_eq!(under(&profile, None, None), 1);
        assert_eq!(under(&profile, Some("Books"), None), 2);
        assert_eq!(under(&profile, Some("Books"), Some("Book.title")), 3);
        assert_eq!(under(&profile, Some("Authors"), Some("Book.title")), 5);
        let bytes = rows::sum(&profile, INUSE_SPACE, |row| {
            text(row, OPERATION) == Some("Books") && rows::number(row, "bytes") == Some(SURE as i64)
        });
        assert_eq!(bytes, 5 * SURE as i64);
        drop(held);
        assert_eq!(sure(&profile_of(recorder), |_| true), 0);
    });
}

#[test]
fn fields_that_fail_and_panic_leave_the_outer_ones_label() {
    let outer = Label::OTHER.with_field(Field::of("Query", "outer"));
    let inner = outer.with_field(Field::of("Query", "inner"));
    outer.within(|| {
        let failed: Result<(), &str> = inner.within(|| Err("it cannot be resolved"));
        assert!(failed.is_err());
        assert_eq!(Label::current(), outer);
        let panicked = catch_unwind(|| {
            inner.within(|| {
                Label::INSTRUMENT.within(|| assert!(Label::current() == Label::NONE, "on purpose"));
            });
        });
        assert!(panicked.is_err());
        assert_eq!(Label::current(), outer);
    });
    assert_eq!(Label::current(), Label::NONE);
}

/// A future that is pending at first and panics or ends then, and notes its label at each step.
struct Steps {
    seen: Vec<Label>,
    pending: usize,
    panics: bool,
}

impl Steps {
    fn new(pending: usize, panics: bool) -> Self {
        Self {
            seen: Vec::new(),
            pending,
            panics,
        }
    }
}

impl Future for Steps {
    type Output = Vec<Label>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Vec<Label>> {
        self.seen.push(Label::current());
        if self.pending > 0 {
            self.pending -= 1;
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        assert!(!self.panics, "on purpose");
        Poll::Ready(std::mem::take(&mut self.seen))
    }
}

#[test]
fn two_futures_that_are_polled_in_turn_each_see_their_own_label() {
    let (a, b) = (
        Label::OTHER,
        Label::INSTRUMENT.with_field(Field::of("Query", "b")),
    );
    let (mut first, mut second) = (
        pin!(a.wrap(Steps::new(3, false))),
        pin!(b.wrap(Steps::new(3, false))),
    );
    let mut context = Context::from_waker(Waker::noop());
    for _ in 0..3 {
        assert!(first.as_mut().poll(&mut context).is_pending());
        assert_eq!(Label::current(), Label::NONE);
        assert!(second.as_mut().poll(&mut context).is_pending());
        assert_eq!(Label::current(), Label::NONE);
    }
    assert_eq!(first.poll(&mut context), Poll::Ready(vec![a; 4]));
    assert_eq!(second.poll(&mut context), Poll::Ready(vec![b; 4]));
}

#[test]
fn a_future_that_panics_or_is_dropped_in_the_middle_leaves_no_label() {
    let mut context = Context::from_waker(Waker::noop());
    let mut panics = Box::pin(Label::OTHER.wrap(Steps::new(1, true)));
    assert!(panics.as_mut().poll(&mut context).is_pending());
    let panicked = catch_unwind(AssertUnwindSafe(|| panics.as_mut().poll(&mut context).is_ready()));
    assert!(panicked.is_err());
    assert_eq!(Label::current(), Label::NONE);
    let mut dropped = Box::pin(Label::OTHER.wrap(Steps::new(9, false)));
    assert!(dropped.as_mut().poll(&mut context).is_pending());
    drop(dropped);
    assert_eq!(Label::current(), Label::NONE);
}

/// A stream of the labels that it is polled under.
struct Labels(usize);

impl futures_core::Stream for Labels {
    type Item = Label;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Label>> {
        self.0 = self.0.saturating_sub(1);
        Poll::Ready((self.0 > 0).then(Label::current))
    }
}

#[test]
fn a_stream_is_polled_under_its_label_for_each_event() {
    let mut stream = pin!(Label::OTHER.wrap(Labels(4)));
    let mut context = Context::from_waker(Waker::noop());
    let mut next = || futures_core::Stream::poll_next(stream.as_mut(), &mut context);
    for _ in 0..3 {
        assert_eq!(next(), Poll::Ready(Some(Label::OTHER)));
        assert_eq!(Label::current(), Label::NONE);
    }
    assert_eq!(next(), Poll::Ready(None));
}

#[test]
fn a_job_carries_its_label_to_another_thread_and_leaves_none_there() {
    let test = "labels::a_job_carries_its_label_to_another_thread_and_leaves_none_there";
    alone(test, "lg_prof_sample:10", || {
        let recorder = start();
        let label = recorder
            .operation("Reviews")
            .label()
            .with_field(Field::of("Book", "reviews"));
        let job = label.carry(|| (Label::current(), sure_object()));
        let panics = label.carry(|| panic!("on purpose"));
        let thread = thread::spawn(move || {
            let before = Label::current();
            let (during, object) = job();
            assert!(catch_unwind(AssertUnwindSafe(panics)).is_err());
            (before, during, Label::current(), object)
        });
        let (before, during, after, object) = thread.join().expect("no panic");
        assert_eq!((before, during, after), (Label::NONE, label, Label::NONE));
        let profile = profile_of(recorder);
        assert_eq!(under(&profile, Some("Reviews"), Some("Book.reviews")), 1);
        drop(object);
    });
}

#[test]
fn the_instruments_own_objects_have_their_label_before_any_operation_was_named() {
    let test = "labels::the_instruments_own_objects_have_their_label_before_any_operation_was_named";
    alone(test, "lg_prof_sample:10", || {
        let recorder = start();
        let held = Label::INSTRUMENT.within(sure_object);
        let profile = profile_of(recorder);
        let bytes = rows::sum(&profile, INUSE_SPACE, |row| {
            text(row, OPERATION) == Some(INSTRUMENT) && rows::number(row, "bytes") == Some(SURE as i64)
        });
        assert_eq!(bytes, SURE as i64);
        drop(held);
    });
}
