//! What the admin side refuses or fails at, with the stable codes that GraphQL and HTTP answers carry.

use std::{io, path::PathBuf};

/// Why the admin side could not do what was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The name cannot be part of a file name everywhere.
    #[error("a snapshot's name has 1 to 64 of the characters A-Z a-z 0-9 . _ -, not {given:?}")]
    SnapshotName {
        /// The beginning of what was given.
        given: String,
    },
    /// The interval of a subscription is out of bounds.
    #[error("intervalMs is between {least} and {most}, not {given}")]
    Interval {
        /// The shortest allowed, in milliseconds.
        least: i32,
        /// The longest allowed, in milliseconds.
        most: i32,
        /// What was given.
        given: i32,
    },
    /// A store that may hold nothing was asked for.
    #[error("a snapshot store holds at least one file and one byte, not {count} files and {bytes} bytes")]
    Limits {
        /// The bound on files.
        count: usize,
        /// The bound on bytes.
        bytes: u64,
    },
    /// The folder of the snapshot store refused something.
    // The kind of the failure is for the user; its details (`source`) are for the log.
    #[error("cannot {action} {}: {}", path.display(), source.kind())]
    Store {
        /// What was being done, to be followed by the path.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the system answered.
        source: io::Error,
    },
    /// One snapshot alone is larger than all snapshots together may be.
    #[error("the snapshot has {bytes} bytes, and all snapshots together may have {limit}")]
    TooLarge {
        /// Its size.
        bytes: u64,
        /// The store's bound.
        limit: u64,
    },
    /// The figures or the dump could not be had.
    #[error(transparent)]
    Recorder(#[from] heap_recorder::Error),
    /// The number of rows is out of bounds.
    #[error("first is between 1 and {most}, not {given}")]
    Rows {
        /// The most allowed.
        most: i32,
        /// What was given.
        given: i32,
    },
    /// Too few snapshots for a comparison, or too many.
    #[error("a comparison takes 2 to {most} snapshots, not {given}")]
    Compared {
        /// The most allowed.
        most: usize,
        /// How many were given.
        given: usize,
    },
    /// Too few stacks for a reference scan, or too many.
    #[error("findHolders takes 1 to {most} stacks, not {given}")]
    Stacks {
        /// The most allowed.
        most: usize,
        /// How many were given.
        given: usize,
    },
    /// What was given for a stack is none.
    #[error("a stack is a whole number, the key of a row of liveHeap(by: STACK), not {given:?}")]
    Stack {
        /// The beginning of what was given.
        given: String,
    },
    /// What was given for a cohort is none.
    #[error("bornBefore is the number of a cohort, 0 or more, not {given}")]
    BornBefore {
        /// What was given.
        given: i32,
    },
    /// There is no stored snapshot of this id.
    #[error("there is no snapshot {given:?}")]
    UnknownSnapshot {
        /// The beginning of what was given.
        given: String,
    },
    /// The snapshots to be compared were taken from different builds.
    #[error("{reason}")]
    DifferentBuilds {
        /// Which ones.
        reason: String,
    },
    /// A sampling interval below zero.
    // The recorder refuses all others that cannot be set.
    #[error(
        "a sampling interval is a power of two from {} to {} bytes, not {given}",
        heap_recorder::LEAST_INTERVAL,
        heap_recorder::MOST_INTERVAL
    )]
    SampleInterval {
        /// What was given.
        given: i32,
    },
    /// What is to be planted for each request is out of bounds.
    #[error("bytesPerRequest is 0, or between {least} and {most}, not {given}")]
    Control {
        /// The fewest bytes allowed besides none.
        least: i32,
        /// The most bytes allowed.
        most: i32,
        /// What was given.
        given: i32,
    },
    /// There is no recorder to ask.
    #[error("this service started no recorder, so nothing is known of single allocations")]
    NoRecorder,
    /// Names are needed, and there is no helper to look them up.
    #[error("there is no {looked} to look names up: that is never done in this process")]
    NoSymbolizer {
        /// Where it was looked for.
        looked: String,
    },
    /// The helper that looks names up failed.
    #[error("names cannot be looked up: {reason}")]
    Symbolizer {
        /// What it said.
        reason: String,
    },
    /// Too many wait for their turn already. A snapshot waits all the same.
    #[error("{most} others wait for their turn already")]
    Busy {
        /// How many may wait.
        most: usize,
    },
    /// The service is shutting down.
    #[error("the service is shutting down and takes no more snapshots")]
    Closed,
    /// A task of the admin side ended in a panic.
    #[error("the task failed; the service's log says more")]
    Task,
}

impl Error {
    /// The stable code that answers carry in `extensions.code`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::SnapshotName { .. }
            | Self::Interval { .. }
            | Self::Rows { .. }
            | Self::Compared { .. }
            | Self::SampleInterval { .. }
            | Self::Control { .. }
            | Self::Stacks { .. }
            | Self::Stack { .. }
            | Self::BornBefore { .. }
            | Self::Recorder(heap_recorder::Error::Interval { .. }) => "BAD_USER_INPUT",
            Self::UnknownSnapshot { .. } => "NO_SUCH_SNAPSHOT",
            Self::DifferentBuilds { .. } => "DIFFERENT_BUILDS",
            Self::NoSymbolizer { .. } => "NO_SYMBOLIZER",
            Self::Symbolizer { .. } => "SYMBOLIZER",
            Self::Limits { .. }
            | Self::Store { .. }
            | Self::TooLarge { .. }
            | Self::Recorder(heap_recorder::Error::TemporaryFile { .. }) => "SNAPSHOT_STORE",
            Self::NoRecorder
            | Self::Recorder(
                heap_recorder::Error::NotProfiling(_)
                | heap_recorder::Error::Hooks { .. }
                | heap_recorder::Error::Forked
                | heap_recorder::Error::OutOfMemory
                | heap_recorder::Error::Dump { .. },
            ) => "PROFILER",
            Self::Recorder(heap_recorder::Error::NoSurvivors { .. }) => "NO_SURVIVORS",
            Self::Recorder(heap_recorder::Error::Scan { .. } | heap_recorder::Error::Regions { .. }) => {
                "REFERENCE_SCAN"
            }
            Self::Recorder(_) => "MEMORY_FIGURES",
            Self::Busy { .. } => "BUSY",
            Self::Closed => "SHUTTING_DOWN",
            Self::Task => "INTERNAL",
        }
    }

    /// What the user can do about it, where there is something.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Recorder(heap_recorder::Error::NoSurvivors { .. }) => Some(
                "take the stacks from liveHeap(by: STACK); where they are right, put on more load, or sample more \
                 finely (setSampleInterval)",
            ),
            Self::Recorder(heap_recorder::Error::Scan { .. }) => {
                Some("the service is as it was: ask again, when it has more memory to spare or is less busy")
            }
            Self::Recorder(error) => error.hint(),
            Self::Store { source, .. } => match source.kind() {
                io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
                    Some("make room, or lower the bounds of the snapshot store")
                }
                _ => Some("give the service another folder for snapshots, or the right to write to this one"),
            },
            Self::NoRecorder => {
                Some("start a heap_recorder::Recorder in main, and give it to HeapAdmin's builder")
            }
            Self::NoSymbolizer { .. } => Some(
                "install leaklab beside this program or in PATH, or name it to HeapAdmin's builder; \
                 liveHeap by OPERATION or COHORT needs no names, nor does findHolders { graph }",
            ),
            Self::Symbolizer { .. } => Some(
                "it needs this very binary with its debug information, at the path that it was started from",
            ),
            Self::UnknownSnapshot { .. } => {
                Some("snapshots { id } tells which there are: the oldest make room for new ones")
            }
            Self::DifferentBuilds { .. } => Some("take the snapshots to be compared from one build"),
            Self::TooLarge { .. } => Some("raise the bound on bytes, or the sampling interval"),
            Self::Busy { .. } => {
                Some("ask again when some of them are done: one at a time is served, in the order of asking")
            }
            _ => None,
        }
    }

    pub(crate) fn store(action: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Store {
            action,
            path: path.into(),
            source,
        }
    }

    /// As a GraphQL error: message, code and hint. The details go to the log.
    pub fn answer(self) -> async_graphql::Error {
        self.log();
        let answer = async_graphql::Error::new(self.to_string());
        async_graphql::ErrorExtensions::extend_with(answer, |_, extensions| {
            extensions.set("code", self.code());
            if let Some(hint) = self.hint() {
                extensions.set("hint", hint);
            }
        })
    }

    /// What a caller got wrong, or has to ask for again, is his to know; everything else is the operator's too.
    pub(crate) fn log(&self) {
        let callers = [
            "BAD_USER_INPUT",
            "BUSY",
            "NO_SUCH_SNAPSHOT",
            "DIFFERENT_BUILDS",
            "NO_SURVIVORS",
        ];
        if !callers.contains(&self.code()) {
            tracing::warn!(code = self.code(), error = ?self, "{self}");
        }
    }
}
