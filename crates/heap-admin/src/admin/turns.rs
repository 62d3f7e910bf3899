//! Whose turn it is: one snapshot, profile or scan at a time, and one helper that looks names up.
//!
//! A snapshot is taken for whoever reads the folder later, so that a request for one waits for as long as it takes, and is not
//! lost when its caller leaves. Everything else is for its caller alone: it is let go with him, and how many may wait is
//! bounded.

use super::{HeapAdmin, Inner, task_failed};
use crate::Error;
use heap_recorder::Label;
use std::{future::pending, sync::Arc};
use tokio::sync::{Mutex, MutexGuard, OwnedSemaphorePermit, Semaphore, oneshot};

/// So many may wait for their turn besides the snapshots, and so many for a helper.
const MOST_WAITING: usize = 16;

pub(super) struct Turns {
    /// Who takes a snapshot or a profile holds this. Tokio's mutex serves in the order of asking.
    queue: Mutex<Queue>,
    /// A place for each that waits for that, but for the snapshots.
    places: Arc<Semaphore>,
    /// Who has a helper look names up holds this: each takes hundreds of megabytes beside the measured process.
    helpers: Mutex<()>,
    helpers_places: Semaphore,
}

#[derive(Default)]
struct Queue {
    closed: bool,
}

impl Default for Turns {
    fn default() -> Self {
        Self {
            queue: Mutex::default(),
            places: Arc::new(Semaphore::new(MOST_WAITING)),
            helpers: Mutex::default(),
            helpers_places: Semaphore::new(MOST_WAITING),
        }
    }
}

impl Turns {
    /// Gives no turn any more, once those that were asked for before are done.
    pub(super) async fn close(&self) {
        // The queue is fair: this lock comes after theirs.
        self.queue.lock().await.closed = true;
    }

    /// The turn of who has a helper look names up, for as long as this is held.
    ///
    /// # Errors
    /// Where too many wait already.
    pub(super) async fn helper(&self) -> Result<MutexGuard<'_, ()>, Error> {
        let _place = self.helpers_places.try_acquire().map_err(|_| busy())?;
        Ok(self.helpers.lock().await)
    }
}

impl HeapAdmin {
    /// Does the work when what was asked for before is done, whether or not somebody still waits for the outcome.
    pub(super) async fn in_turn<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Inner) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        self.queued(pending(), None, work).await
    }

    /// The same, unless the caller has left by then. Once begun it goes on.
    ///
    /// # Errors
    /// Where too many wait already.
    pub(super) async fn in_turn_while_awaited<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Inner) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let places = Arc::clone(&self.inner.turns.places);
        let place = places.try_acquire_owned().map_err(|_| busy())?;
        // Dropped with this future: that is how the task gets to know that nobody waits for it.
        let (_caller, left) = oneshot::channel::<()>();
        let left = async move {
            let _ = left.await;
        };
        self.queued(left, Some(place), work).await
    }

    /// A task of its own: the turn lasts as long as the work, and goes to the next one also where a caller who is still there
    /// does not look. `place` is given up when the turn comes, or the caller has `left`.
    async fn queued<T: Send + 'static>(
        &self,
        left: impl Future<Output = ()> + Send + 'static,
        place: Option<OwnedSemaphorePermit>,
        work: impl FnOnce(&Inner) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let admin = self.clone();
        let task = Label::INSTRUMENT.wrap(async move {
            let queue = tokio::select! {
                biased;
                // Nobody gets to see it.
                () = left => return Err(Error::Closed),
                queue = admin.inner.turns.queue.lock() => queue,
            };
            drop(place);
            if queue.closed {
                return Err(Error::Closed);
            }
            admin.blocking(work).await
        });
        tokio::spawn(task).await.map_err(task_failed)?
    }
}

fn busy() -> Error {
    Error::Busy { most: MOST_WAITING }
}
