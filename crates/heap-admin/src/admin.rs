//! [`HeapAdmin`]: the handle that schema, routes, signals and the application share.

mod builder;
mod holders;
mod turns;

pub use builder::{DEFAULT_FOLDER, HeapAdminBuilder};

use crate::{
    Error, MOST_COMPARED, MemoryInfo, Reason, Snapshot, SnapshotName,
    store::{Draft, SnapshotStore},
    symbolizer,
};
use heap_profile::{ComparisonReport, LiveHeap, LiveHeapKey};
use heap_recorder::{Label, MemoryFigures, ProfilerState, Recorder, Status};
use std::{fs::File, path::PathBuf, sync::Arc};
use tokio::task::{JoinError, spawn_blocking};
use turns::Turns;

/// Memory figures and heap snapshots of this process. Cheap to clone; all clones are one.
///
/// What blocks (dumps, purges, files) runs on tokio's blocking threads: the runtime that calls keeps
/// answering. All `async` functions need a tokio runtime.
#[derive(Clone)]
pub struct HeapAdmin {
    inner: Arc<Inner>,
}

/// Which values of a profile viewers show first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shown {
    /// What is live.
    Live,
    /// What was allocated since the start, freed or not.
    Allocated,
}

/// What is repeated of an id that is not there.
const MOST_QUOTED: usize = 120;

type Quiesce = Box<dyn Fn() + Send + Sync>;

struct Inner {
    store: SnapshotStore,
    quiesce: Vec<Quiesce>,
    recorder: Option<Recorder>,
    schema: Option<String>,
    symbolizer: Option<PathBuf>,
    turns: Turns,
}

impl HeapAdmin {
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

    /// A fresh profile that is not stored: gzip'd profile.proto, whose viewers show `shown` first. It waits for its
    /// turn as snapshots do, and purges as they do unless told otherwise: the two can be compared. It opens no new
    /// cohort. A caller who leaves before its turn has it not taken.
    ///
    /// # Errors
    /// For what was allocated without a recorder, where it cannot be taken, and where too many others wait already.
    pub async fn profile(&self, shown: Shown) -> Result<Vec<u8>, Error> {
        // jemalloc's own account knows what is live, and nothing of what was allocated over time.
        if self.inner.recorder.is_none() && shown == Shown::Allocated {
            return Err(Error::NoRecorder);
        }
        self.in_turn_while_awaited(move |inner| {
            inner.purge()?;
            match inner.recorder {
                Some(recorder) => inner.encoded(recorder, shown),
                None => Ok(heap_recorder::dump()?),
            }
        })
        .await
    }

    /// The live heap as the recorder has it, by a key; at most `first` rows. It waits for its turn as snapshots do, for as
    /// long as its caller does.
    ///
    /// By field, type and stack it takes names, which a helper process looks up.
    ///
    /// # Errors
    /// Without a recorder, where names are needed and there is no helper, or it fails, and where too many others wait already.
    pub async fn live_heap(&self, by: LiveHeapKey, first: usize) -> Result<LiveHeap, Error> {
        let recorder = self.inner.recorder.ok_or(Error::NoRecorder)?;
        if !by.needs_names() {
            let fold = move |_: &Inner| {
                let profile = recorder.profile(None)?;
                heap_profile::live_heap(&profile, by, first).map_err(cannot_fold)
            };
            return self.in_turn_while_awaited(fold).await;
        }
        // Looked for first: there is no need to fold the heap for nothing.
        let helper = self.helper()?;
        let _turn = self.inner.turns.helper().await?;
        let profile = self
            .in_turn_while_awaited(move |inner| inner.encoded(recorder, Shown::Live))
            .await?;
        Label::INSTRUMENT
            .wrap(symbolizer::live_heap(&helper, profile, by, first))
            .await
    }

    /// Compares stored snapshots, oldest first; at most `first` rows by each key. A helper process does it, and ends.
    ///
    /// # Errors
    /// For fewer than two ids or more than [`MOST_COMPARED`], an id that is not there, snapshots of different builds, and
    /// where there is no helper, or it fails, or too many others wait for it already.
    pub async fn compare_snapshots(&self, ids: Vec<String>, first: usize) -> Result<ComparisonReport, Error> {
        if !(2..=MOST_COMPARED).contains(&ids.len()) {
            return Err(Error::Compared {
                most: MOST_COMPARED,
                given: ids.len(),
            });
        }
        let files = self.blocking(move |inner| inner.files(&ids)).await?;
        let helper = self.helper()?;
        let _turn = self.inner.turns.helper().await?;
        Label::INSTRUMENT
            .wrap(symbolizer::compare(&helper, &files, first))
            .await
    }

    /// What the recorder is doing; nothing where the service started none.
    pub fn recorder(&self) -> Option<Status> {
        self.inner.recorder.map(Recorder::status)
    }

    /// What jemalloc's heap profiler is doing.
    pub fn profiler(&self) -> ProfilerState {
        heap_recorder::profiler()
    }

    /// Sets the mean number of allocated bytes from one sample to the next: a power of two. It waits for its turn as snapshots
    /// do, for as long as its caller does; then it takes a fifth of a second, in which threads that free a sampled object wait
    /// ([`Recorder::set_sample_interval`] says why).
    ///
    /// # Errors
    /// Without a recorder, for an interval that cannot be set, and where too many others wait already.
    pub async fn set_sample_interval(&self, bytes: u64) -> Result<(), Error> {
        let recorder = self.inner.recorder.ok_or(Error::NoRecorder)?;
        self.in_turn_while_awaited(move |_| Ok(recorder.set_sample_interval(bytes)?))
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
        self.inner.turns.close().await;
    }

    /// The program that looks names up.
    pub(crate) fn helper(&self) -> Result<PathBuf, Error> {
        symbolizer::find(self.inner.symbolizer.as_deref())
    }

    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Inner) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let inner = Arc::clone(&self.inner);
        // What the instrument allocates is told apart, and kept out of verdicts.
        let work = move || Label::INSTRUMENT.within(|| work(&inner));
        spawn_blocking(work).await.map_err(task_failed)?
    }
}

impl Inner {
    /// The files of stored snapshots: an id is looked up, never made into a path.
    fn files(&self, ids: &[String]) -> Result<Vec<PathBuf>, Error> {
        let stored = self.store.list()?;
        let file = |id: &String| {
            let found = stored.iter().find(|snapshot| snapshot.id.as_str() == id);
            let file = found.map(|snapshot| self.store.path_of(snapshot));
            file.ok_or_else(|| Error::UnknownSnapshot {
                given: id.chars().take(MOST_QUOTED).collect(),
            })
        };
        ids.iter().map(file).collect()
    }

    fn purge(&self) -> Result<(), Error> {
        // What a cache allocates in its maintenance is the service's own, and no operation's.
        Label::NONE.within(|| self.quiesce.iter().for_each(|quiesce| quiesce()));
        Ok(heap_recorder::purge()?)
    }

    fn encoded(&self, recorder: Recorder, shown: Shown) -> Result<Vec<u8>, Error> {
        let mut profile = recorder.profile(self.schema.as_deref())?;
        profile.default_sample_type = match shown {
            Shown::Live => heap_profile::INUSE_SPACE,
            Shown::Allocated => heap_profile::ALLOC_SPACE,
        }
        .into();
        profile.encode().map_err(cannot_fold)
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
        let profile = match self.recorder {
            Some(recorder) => recorder.snapshot(self.schema.as_deref())?,
            None => heap_recorder::dump()?,
        };
        let memory = memory.ok().map(MemoryInfo::from);
        let snapshot = self.store.write(Draft { name, reason, memory }, &profile)?;
        tracing::info!(path = %self.store.path_of(&snapshot).display(), "snapshot");
        Ok(snapshot)
    }
}

/// What the recorder folded itself can be read and written; if not, that is its failure.
fn cannot_fold(error: heap_profile::Error) -> Error {
    Error::Recorder(heap_recorder::Error::Dump {
        reason: error.to_string(),
    })
}

/// A task that was cancelled ended with its runtime; one that panicked has told the log why.
fn task_failed(error: JoinError) -> Error {
    if error.is_cancelled() {
        Error::Closed
    } else {
        Error::Task
    }
}
