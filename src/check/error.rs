//! Why a change is not right, and why it could not be judged.

use std::path::PathBuf;
use std::process::ExitStatus;

use problems::FindError;

use crate::hunt;

/// A change that is not right: what was seen, and what to try next.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{why}")]
pub struct Refusal {
    /// What was seen, in plain words.
    pub why: String,
    /// What to try next.
    pub next: String,
    /// The report of the hunt, where there was one.
    pub report: Option<PathBuf>,
}

impl Refusal {
    pub(super) fn new(why: impl Into<String>, next: impl Into<String>) -> Self {
        Self {
            why: why.into(),
            next: next.into(),
            report: None,
        }
    }

    /// The server went away.
    pub(super) fn ended(status: ExitStatus, log: &str) -> Self {
        Self::new(
            format!("the server ended by itself ({status}), its log ends with: {log}"),
            "keep it alive: a shop that closes keeps nothing, and sells nothing",
        )
    }
}

/// Why there is no ruling that the change is right.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The change is not right.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// It is not judged: what was changed, if anything, is not what a fix changes.
    #[error(transparent)]
    NotJudged(Refusal),
    /// There is no such problem.
    #[error(transparent)]
    NoProblem(#[from] FindError),
    /// The hunt could not be held, for a reason that is not the change's.
    #[error(transparent)]
    Hunt(Box<hunt::Error>),
    /// The programs that build it cannot be run.
    #[error("`{program}` cannot be run")]
    Program {
        /// Which.
        program: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// Git gives no answer.
    #[error("git does not tell what was changed: {0}")]
    Git(String),
    /// The server cannot be asked.
    #[error("the server at {url} cannot be asked: {reason}")]
    Door {
        /// The address.
        url: String,
        /// What came instead.
        reason: String,
    },
    /// The looks at the server's memory broke off.
    #[error("the looks at the server's memory broke off: {0}")]
    Lost(String),
    /// A file cannot be read or written.
    #[error("cannot {action} {}", path.display())]
    File {
        /// What was being done.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A file of the workspace is not what it should be.
    #[error("`{}` cannot be used: {reason}", path.display())]
    Workspace {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The user ended it.
    #[error("interrupted")]
    Interrupted,
}

impl Error {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Refused(refusal) | Self::NotJudged(refusal) => Some(refusal.next.clone()),
            Self::NoProblem(error) => Some(error.hint()),
            Self::Hunt(error) => error.hint().map(str::to_owned),
            Self::Git(_) => Some(
                "check asks git what was changed since the last commit: see that there is one, and `git status`".to_owned(),
            ),
            Self::Program { program, .. } if program == "git" => {
                Some("install git: check asks it what was changed".to_owned())
            }
            Self::Program { program, .. } if program.ends_with("cargo") => {
                Some("install Rust from https://rustup.rs, or add it to PATH".to_owned())
            }
            Self::Program { .. } => {
                Some("--server takes a program that serves as `leaklab serve` does".to_owned())
            }
            Self::File { action: "make", .. } => Some("--output DIR names another folder".to_owned()),
            Self::Workspace { .. } => {
                Some("take it back from the repository: git checkout -- FILE".to_owned())
            }
            Self::Door { .. } | Self::Lost(_) | Self::File { .. } | Self::Interrupted => None,
        }
    }

    /// For `map_err`: the change is not looked at.
    pub(super) fn not_judged(self) -> Self {
        match self {
            Self::Refused(refusal) => Self::NotJudged(refusal),
            other => other,
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

    /// What a hunt that did not come to its end says of the change.
    pub(super) fn of_hunt(stopped: Box<hunt::Stopped>) -> Self {
        let during = stopped.during.clone();
        match stopped.error {
            hunt::Error::Interrupted => Self::Interrupted,
            hunt::Error::MemoryLimit { message } => Refusal::new(
                format!("it still grows, and reached the memory limit {during}: {message}"),
                "look again at who holds what each request leaves behind: leaklab hunt",
            )
            .into(),
            hunt::Error::Failing { failed, all, message } => Refusal::new(
                format!("{failed} of {all} requests were answered with errors {during}: {message}"),
                "answer each request as before: refusing work is no fix",
            )
            .into(),
            hunt::Error::Silent { reason, .. } => Refusal::new(
                format!("the server does not answer any more {during}: {reason}"),
                "keep it alive under load",
            )
            .into(),
            hunt::Error::NotRecording { message, .. } => Refusal::new(
                format!("the server records no allocations any more: {message}"),
                "leave the instrument as it is: what is not measured is not fixed",
            )
            .into(),
            other => Self::Hunt(Box::new(other)),
        }
    }
}

impl From<hunt::Error> for Error {
    fn from(error: hunt::Error) -> Self {
        match error {
            hunt::Error::Interrupted => Self::Interrupted,
            other => Self::Hunt(Box::new(other)),
        }
    }
}
