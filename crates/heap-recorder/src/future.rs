//! A label that goes along with work: set at each poll, and taken back after it.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use futures_core::Stream;
use pin_project_lite::pin_project;

use crate::Label;

pin_project! {
    /// A future or a stream that is polled under a label. See [`Label::wrap`].
    ///
    /// Between two polls nothing of it is on the thread: a poll that panics, and a future that is dropped in the
    /// middle, leave no label behind.
    #[derive(Debug, Clone)]
    #[must_use = "it does nothing unless polled"]
    pub struct Labelled<W> {
        label: Label,
        #[pin]
        work: W,
    }
}

impl Label {
    /// Has a future, or a stream, polled under this label.
    pub fn wrap<W>(self, work: W) -> Labelled<W> {
        Labelled { label: self, work }
    }

    /// Has a closure called under this label, on whichever thread: for jobs that are sent elsewhere.
    pub fn carry<T>(self, work: impl FnOnce() -> T) -> impl FnOnce() -> T {
        move || self.within(work)
    }
}

impl<F: Future> Future for Labelled<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        this.label.within(|| this.work.poll(context))
    }
}

impl<S: Stream> Stream for Labelled<S> {
    type Item = S::Item;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<S::Item>> {
        let this = self.project();
        this.label.within(|| this.work.poll_next(context))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.work.size_hint()
    }
}
