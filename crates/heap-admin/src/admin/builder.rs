//! What a service says of itself before it has a [`HeapAdmin`].

use super::{HeapAdmin, Inner, Quiesce, Turns};
use crate::{Error, Limits, store::SnapshotStore};
use heap_recorder::Recorder;
use std::{path::PathBuf, sync::Arc};

/// The folder of snapshots unless told otherwise.
pub const DEFAULT_FOLDER: &str = "snapshots";

/// Builds a [`HeapAdmin`].
pub struct HeapAdminBuilder {
    folder: PathBuf,
    limits: Limits,
    quiesce: Vec<Quiesce>,
    recorder: Option<Recorder>,
    schema: Option<String>,
    symbolizer: Option<PathBuf>,
}

impl HeapAdmin {
    /// A builder with the defaults: the folder [`DEFAULT_FOLDER`], [`Limits::default`], nothing to quiesce.
    pub fn builder() -> HeapAdminBuilder {
        HeapAdminBuilder {
            folder: DEFAULT_FOLDER.into(),
            limits: Limits::default(),
            quiesce: Vec::new(),
            recorder: None,
            schema: None,
            symbolizer: None,
        }
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

    /// Takes snapshots from this recorder: with operations, cohorts, and what was allocated over time. Without
    /// it, they are jemalloc's own account of what is live.
    pub fn recorder(mut self, recorder: Recorder) -> Self {
        self.recorder = Some(recorder);
        self
    }

    /// The schema of the service in the definition language ([`Schema::sdl`](async_graphql::Schema::sdl)): it travels in
    /// snapshots, so that the fields that are read from stacks can be checked.
    pub fn schema(mut self, sdl: impl Into<String>) -> Self {
        self.schema = Some(sdl.into());
        self
    }

    /// Where the program `leaklab` is, which looks names up. Unless told it is looked for beside the running binary, then
    /// in `PATH`.
    pub fn symbolizer(mut self, path: impl Into<PathBuf>) -> Self {
        self.symbolizer = Some(path.into());
        self
    }

    /// The handle. The folder is not touched before the first snapshot.
    pub fn build(self) -> Result<HeapAdmin, Error> {
        let store = SnapshotStore::new(self.folder, self.limits)?;
        let inner = Inner {
            store,
            quiesce: self.quiesce,
            recorder: self.recorder,
            schema: self.schema,
            symbolizer: self.symbolizer,
            turns: Turns::default(),
        };
        Ok(HeapAdmin {
            inner: Arc::new(inner),
        })
    }
}
