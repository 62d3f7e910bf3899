//! Why a hunt could not be held, or not to its end.

use std::path::PathBuf;
use std::process::ExitStatus;

use heap_admin::MOST_PLANTED;
use heap_profile::render::bytes;

use crate::load;
use crate::load::table::one_line;

/// What can go wrong.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The load cannot be put on the service.
    #[error(transparent)]
    Load(#[from] load::Error),
    /// Nobody is at the admin door.
    #[error("the admin door does not answer at {url}: {reason}")]
    Unreachable {
        /// Its address.
        url: String,
        /// What the attempt said.
        reason: String,
    },
    /// Somebody else is there.
    #[error("{url} is no admin door of heap-admin: {found}")]
    NoAdminDoor {
        /// The address.
        url: String,
        /// What it answered.
        found: String,
    },
    /// The admin door said no.
    #[error("the admin door would not {action}: {message}")]
    Refused {
        /// What it was asked to do.
        action: &'static str,
        /// What it said.
        message: String,
        /// What it said to do about it.
        hint: Option<String>,
    },
    /// The service has no recorder.
    #[error("the service records no allocations: {message}")]
    NotRecording {
        /// The profiler's state in words.
        message: String,
        /// What the service says to do about it.
        hint: Option<String>,
    },
    /// The service has nothing to plant a control with.
    #[error("the service has no `setControl`, so that no control can be planted")]
    NoControl,
    /// The lab did not come up.
    #[error("the lab could not be started: {reason}")]
    LabStart {
        /// The last that it said.
        reason: String,
    },
    /// The lab went away during the hunt.
    #[error("the lab ended by itself ({status}), its log ends with: {log}")]
    LabEnded {
        /// How it ended.
        status: ExitStatus,
        /// Its last line.
        log: String,
    },
    /// The service does not answer, or not any more.
    #[error("nothing answers at {url}: {reason}")]
    Silent {
        /// Its address.
        url: String,
        /// What the attempts said.
        reason: String,
    },
    /// The service takes no more requests, since it holds too much.
    #[error("the service has reached its memory limit: {message}")]
    MemoryLimit {
        /// What it said.
        message: String,
    },
    /// So much is live that no load has room.
    #[error("{} are live, which leaves no room for a load below half of the memory limit of {}: that of its guard, or half of the memory there is", bytes(*live as i64), bytes(*limit as i64))]
    NoRoom {
        /// What is live, in bytes.
        live: u64,
        /// The limit, in bytes.
        limit: u64,
    },
    /// What was planted fills all the room that there is for it.
    #[error("{} were planted, which leaves no room for a load: {} can be planted in all", bytes(*planted as i64), bytes(MOST_PLANTED as i64))]
    ControlFull {
        /// What was planted, in bytes.
        planted: u64,
    },
    /// The operation does not work.
    #[error("{failed} of {all} requests were answered with errors: {message}")]
    Failing {
        /// Answers with errors.
        failed: u64,
        /// All answers.
        all: u64,
        /// The first error.
        message: String,
    },
    /// The folder for the evidence has some already.
    #[error("{} holds a hunt already", _0.display())]
    FolderTaken(PathBuf),
    /// The evidence cannot be kept.
    #[error("cannot {action} {}", path.display())]
    File {
        /// What was being done.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the system answered.
        source: std::io::Error,
    },
    /// A snapshot cannot be read, or the program that took it cannot.
    #[error("the snapshot {name} is of no use")]
    Snapshot {
        /// Its name.
        name: String,
        /// What is wrong with it.
        source: heap_profile::Error,
    },
    /// The snapshots cannot be judged.
    #[error("the snapshots cannot be judged")]
    Judge(#[source] heap_profile::Error),
    /// What a reference scan has found cannot be read, or not be named.
    #[error("what the service found cannot be named")]
    Holders(#[source] heap_profile::Error),
    /// The signals cannot be listened to.
    #[error("the signals cannot be listened to")]
    Signals(#[source] std::io::Error),
    /// The user ended it.
    #[error("interrupted")]
    Interrupted,
}

impl Error {
    /// What to do about it, where there is something to say.
    pub fn hint(&self) -> Option<&str> {
        match self {
            Self::Load(error) => error.hint(),
            Self::Unreachable { .. } => Some("start the service, or see which address its admin door has"),
            Self::NoAdminDoor { .. } => {
                Some("--admin is the address that heap_admin::router is served at, not that of the service")
            }
            Self::Refused { hint, .. } | Self::NotRecording { hint, .. } => hint.as_deref(),
            Self::NoControl => Some("leave --control out"),
            Self::ControlFull { .. } => {
                Some("--control BYTES with fewer bytes, or --rate N, leaves more room")
            }
            Self::Silent { .. } => Some("start the service, or see which address it has"),
            Self::MemoryLimit { .. } | Self::NoRoom { .. } => Some(
                "restart the service, reset the problem (resetProblem at the admin door), or raise the limit; \
                 --rate N makes it grow more slowly",
            ),
            Self::Failing { .. } => {
                Some("see that the operation and its variables work: a hunt of what fails proves nothing")
            }
            Self::FolderTaken(_) => Some("--output DIR names another folder"),
            Self::Snapshot { source, .. } | Self::Judge(source) | Self::Holders(source) => source.hint(),
            Self::LabStart { .. }
            | Self::LabEnded { .. }
            | Self::File { .. }
            | Self::Signals(_)
            | Self::Interrupted => None,
        }
    }

    /// For `map_err`: what was being done with which file.
    pub(super) fn file(
        action: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(std::io::Error) -> Self {
        move |source| Self::File {
            action,
            path: path.into(),
            source,
        }
    }
}

/// An error, and all that led to it, in a line.
pub fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(&format!(": {error}"));
        cause = error.source();
    }
    one_line(&text)
}

/// A hunt that did not come to its end: why, and what is left of it.
#[derive(Debug, thiserror::Error)]
#[error("the hunt stopped {during}")]
pub struct Stopped {
    /// What went wrong.
    #[source]
    pub error: Error,
    /// When it did: `in rung 2`.
    pub during: String,
    /// The snapshots that were taken before.
    pub snapshots: Vec<PathBuf>,
    /// The report on those, where they were enough for one.
    pub report: Option<PathBuf>,
}

impl Stopped {
    /// Nothing was done yet.
    pub(super) fn before_it_began(error: Error) -> Self {
        Self {
            error,
            during: "before it began".to_owned(),
            snapshots: Vec::new(),
            report: None,
        }
    }

    /// What can be done with what is left.
    pub fn evidence(&self) -> Option<String> {
        if let Some(report) = &self.report {
            return Some(format!("what was found until then is in {}", report.display()));
        }
        match &self.snapshots[..] {
            [] => None,
            [only] => Some(format!("one snapshot is left: {}", only.display())),
            [first, .., last] => Some(format!(
                "{} snapshots are left: leaklab compare {} {}",
                self.snapshots.len(),
                first.display(),
                last.display()
            )),
        }
    }
}
