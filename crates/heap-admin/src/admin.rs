//! [`HeapAdmin`]: the handle that schema, routes, signals and the application share.

use crate::{
    Error, Limits, MemoryInfo, Reason, Snapshot, SnapshotName,
    store::{Draft, SnapshotStore},
};
use heap_recorder::MemoryFigures;
use std::{fs::File, path::PathBuf, sync::Arc};
use tokio::{
    sync::Mutex,
    task::{JoinError, spawn_blocking},
};

/// The folder of snapshots unless told otherwise.
pub const DEFAULT_FOLDER: &str = "snapshots";

/// Memory figures and heap snapshots of this process. Cheap to clone; all clones are one.
///
/// What blocks (dumps, purges, files) runs on tokio's blocking threads: the runtime that calls keeps
/// answering. All `async` functions need a tokio runtime.
#[derive(Clone)]
pub struct HeapAdmin {
    inner: Arc<Inner>,
}

type Quiesce = Box<dyn Fn() + Send + Sync>;

struct Inner {
    store: SnapshotStore,
    quiesce: Vec<Quiesce>,
    /// Who takes a snapshot or a profile holds this. Tokio's mutex serves in the order of asking.
    queue: Mutex<Queue>,
}

#[derive(Default)]
struct Queue {
    closed: bool,
}

/// Builds a [`HeapAdmin`].
pub struct HeapAdminBuilder {
    folder: PathBuf,
    limits: Limits,
    quiesce: Vec<Quiesce>,
}

impl HeapAdmin {
    /// A builder with the defaults: the folder [`DEFAULT_FOLDER`], [`Limits::default`], nothing to quiesce.
    pub fn builder() -> HeapAdminBuilder {
        HeapAdminBuilder {
            folder: DEFAULT_FOLDER.into(),
            limits: Limits::default(),
            quiesce: Vec::new(),
        }
    }

    /// The memory figures as they are.
    pub async fn memory(&self) -> Result<MemoryFigures, Error> {
        self.blocking(|_| Ok(heap_recorder::memory()?)).await
    }

    /// Runs the quiesce hooks, purges, then reads: the counterpart of forcing a garbage collection.
    pub async fn memory_after_purge(&self) -> Result<MemoryFigures, Error> {
        self.blocking(|inner| {
            inner.purge()?;
            Ok(heap_recorder::memory()?)
        })
        .await
    }

    /// Takes a snapshot and stores it. One at a time: a second call waits its turn.
    ///
    /// Once begun it goes on, also when the caller stops waiting: a client that hangs up loses the
    /// answer and not the snapshot.
    pub async fn take_snapshot(
        &self,
        name: Option<SnapshotName>,
        reason: Reason,
        purge: bool,
    ) -> Result<Snapshot, Error> {
        self.in_turn(move |inner| inner.snapshot(name, reason, purge))
            .await
    }

    /// A fresh profile that is not stored: gzip'd profile.proto. It waits for its turn as snapshots do,
    /// and purges as they do unless told otherwise: the two can be compared.
    pub async fn profile(&self) -> Result<Vec<u8>, Error> {
        self.in_turn(|inner| {
            inner.purge()?;
            Ok(heap_recorder::dump()?)
        })
        .await
    }

    /// The stored snapshots, the oldest first.
    pub async fn snapshots(&self) -> Result<Vec<Snapshot>, Error> {
        self.blocking(|inner| inner.store.list()).await
    }

    /// The stored snapshot of this id.
    pub async fn snapshot(&self, id: &str) -> Result<Option<Snapshot>, Error> {
        let id = id.to_owned();
        self.blocking(move |inner| inner.store.find(&id)).await
    }

    /// The stored snapshot of this id, and its file, opened.
    pub async fn open(&self, id: &str) -> Result<Option<(Snapshot, File)>, Error> {
        let id = id.to_owned();
        self.blocking(move |inner| inner.store.open(&id)).await
    }

    /// Deletes a stored snapshot; false where there is none of this id.
    pub async fn delete(&self, id: &str) -> Result<bool, Error> {
        let id = id.to_owned();
        self.blocking(move |inner| inner.store.delete(&id)).await
    }

    /// The path of a stored snapshot's file.
    pub fn path_of(&self, snapshot: &Snapshot) -> PathBuf {
        self.inner.store.path_of(snapshot)
    }

    /// Takes no more snapshots and profiles, and returns when those that were asked for before are done.
    /// For shutting down: call it before the runtime ends.
    pub async fn finish(&self) {
        // The queue is fair: this lock comes after theirs.
        self.inner.queue.lock().await.closed = true;
    }

    /// Does the work when what was asked for before is done. A task of its own: the turn lasts as long as the
    /// work, whether or not somebody still waits for the outcome.
    async fn in_turn<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Inner) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let admin = self.clone();
        let task = tokio::spawn(async move {
            let queue = admin.inner.queue.lock().await;
            if queue.closed {
                return Err(Error::Closed);
            }
            admin.blocking(work).await
        });
        task.await.map_err(task_failed)?
    }

    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Inner) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let inner = Arc::clone(&self.inner);
        spawn_blocking(move || work(&inner)).await.map_err(task_failed)?
    }
}

impl Inner {
    fn purge(&self) -> Result<(), Error> {
        for quiesce in &self.quiesce {
            quiesce();
        }
        Ok(heap_recorder::purge()?)
    }

    fn snapshot(&self, name: Option<SnapshotName>, reason: Reason, purge: bool) -> Result<Snapshot, Error> {
        if purge {
            self.purge()?;
        }
        // Before the dump, which allocates. A snapshot without figures is better than none.
        let memory = heap_recorder::memory();
        if let Err(error) = &memory {
            tracing::warn!(%error, "the snapshot has no memory figures");
        }
        let profile = heap_recorder::dump()?;
        let memory = memory.ok().map(MemoryInfo::from);
        let snapshot = self.store.write(Draft { name, reason, memory }, &profile)?;
        tracing::info!(path = %self.store.path_of(&snapshot).display(), "snapshot");
        Ok(snapshot)
    }
}

impl HeapAdminBuilder {
    /// Where snapshots go, and how much may lie there.
    pub fn snapshots(mut self, folder: impl Into<PathBuf>, limits: Limits) -> Self {
        (self.folder, self.limits) = (folder.into(), limits);
        self
    }

    /// Runs `hook` before each purge, on a blocking thread: the pending maintenance of a cache, say.
    /// May be called several times.
    pub fn quiesce(mut self, hook: impl Fn() + Send + Sync + 'static) -> Self {
        self.quiesce.push(Box::new(hook));
        self
    }

    /// The handle. The folder is not touched before the first snapshot.
    pub fn build(self) -> Result<HeapAdmin, Error> {
        let store = SnapshotStore::new(self.folder, self.limits)?;
        let inner = Inner {
            store,
            quiesce: self.quiesce,
            queue: Mutex::default(),
        };
        Ok(HeapAdmin {
            inner: Arc::new(inner),
        })
    }
}

/// A task that was cancelled ended with its runtime; one that panicked has told the log why.
fn task_failed(error: JoinError) -> Error {
    if error.is_cancelled() {
        Error::Closed
    } else {
        Error::Task
    }
}
