//! What can be wrong with a snapshot, or with the binary that it was taken from.

use std::path::PathBuf;

use crate::hunt::Unit;

/// Everything that this crate refuses, with the value that was found and what was expected.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The bytes are something else than a profile.
    #[error("not a profile: {reason}")]
    NotAProfile {
        /// What gave it away.
        reason: String,
    },
    /// The profile's own account of the snapshot cannot be read.
    #[error("the snapshot's own account cannot be read: {reason}")]
    BadInfo {
        /// What is wrong with it.
        reason: String,
    },
    /// What a reference scan has found cannot be read.
    #[error("the reference graph cannot be read: {reason}")]
    BadGraph {
        /// What is wrong with it.
        reason: String,
    },
    /// The schema of the service cannot be read.
    #[error("the schema cannot be read: {reason}")]
    BadSchema {
        /// What is wrong with it.
        reason: String,
    },
    /// The file of known leaks cannot be read.
    #[error("the baseline cannot be read: {reason}")]
    BadBaseline {
        /// What is wrong with it, and what was expected.
        reason: String,
    },
    /// Fields were asked for, and there is nothing to check their names against.
    #[error("the snapshot has neither a schema nor labels with fields")]
    NoSchema,
    /// What was asked for can be told by the names of functions alone.
    #[error("the live heap by {key} needs the names of functions")]
    NeedsNames {
        /// What the live heap was asked for by.
        key: &'static str,
    },
    /// The bytes begin like a profile and end in the middle of it.
    #[error("the profile is cut short")]
    CutShort,
    /// Unpacked, the file is larger than this crate reads.
    #[error("the profile is too big: more than {limit} bytes unpacked")]
    TooBig {
        /// The most that is read, in bytes.
        limit: usize,
    },
    /// The file holds more parts than this crate reads.
    #[error("the profile is too big: more than {limit} {what}")]
    TooMany {
        /// What there is too much of.
        what: &'static str,
        /// The most that is read.
        limit: usize,
    },
    /// One part of a profile points at another that is not there.
    #[error("the profile is damaged: {what} {index} is out of range, it has {len}")]
    OutOfRange {
        /// What was looked up: a string, a mapping, a location, a function.
        what: &'static str,
        /// The index or id that was asked for.
        index: i128,
        /// How many there are.
        len: usize,
    },
    /// Two parts of a profile have the same id.
    #[error("the profile is damaged: there are two of {what} {id}")]
    Repeated {
        /// What is there twice.
        what: &'static str,
        /// The id that both have.
        id: u64,
    },
    /// A sample has more or fewer values than the profile has sample types.
    #[error("the profile is damaged: a sample has {found} values, expected {expected}")]
    Values {
        /// How many values the sample has.
        found: usize,
        /// How many sample types the profile has.
        expected: usize,
    },
    /// The profile does not tell what was asked for.
    #[error("the profile has no values of type {wanted}, only {found}")]
    NoSuchType {
        /// The sample type that is needed.
        wanted: &'static str,
        /// The sample types that the file has.
        found: String,
    },
    /// A comparison was asked for with fewer than two snapshots.
    #[error("a comparison needs two snapshots or more, got {found}")]
    TooFewSnapshots {
        /// How many there were.
        found: usize,
    },
    /// The snapshots to be compared were taken from different builds.
    #[error(
        "{first} and {other} were taken from different binaries: build id {first_id} and build id {other_id}"
    )]
    DifferentBinaries {
        /// The name of the first snapshot.
        first: String,
        /// The build id in it.
        first_id: String,
        /// The name of the snapshot that does not fit.
        other: String,
        /// The build id in that one.
        other_id: String,
    },
    /// A hunt needs snapshots that say how each object was sampled, and what the load did.
    #[error("{snapshot} was not taken by a recorder: it does not say how its objects were sampled")]
    NotRecorded {
        /// The snapshot's name.
        snapshot: String,
    },
    /// A hunt's snapshots are not of one process, or not in the order of their time.
    #[error("{snapshot} is not of the same process as the snapshot before it, or was not taken after it")]
    OutOfOrder {
        /// The name of the snapshot that does not fit.
        snapshot: String,
    },
    /// A hunt needs load to divide the growth by.
    #[error("the service counted no {unit} in the hunt's rungs")]
    NoLoad {
        /// What it should have counted.
        unit: &'static str,
    },
    /// A hunt needs some rungs.
    #[error("a verdict needs a snapshot after the warm-up and {expected} rungs or more, got {found}")]
    TooFewRungs {
        /// How many there must be.
        expected: usize,
        /// How many there were.
        found: usize,
    },
    /// The binary that took the snapshot cannot be opened.
    #[error("cannot read {}, the binary that took the snapshot (build id {build_id})", path.display())]
    BinaryUnreadable {
        /// Where the snapshot, or the caller, says that it is.
        path: PathBuf,
        /// The build id in the snapshot, or "unknown".
        build_id: String,
        /// What opening it said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The binary on disk is not the one that took the snapshot.
    #[error(
        "{} is not the binary that took the snapshot: its build id is {found}, the snapshot has {expected}",
        path.display()
    )]
    OtherBinary {
        /// The binary on disk.
        path: PathBuf,
        /// The build id in the snapshot.
        expected: String,
        /// The build id of the file, or "missing".
        found: String,
    },
}

impl Error {
    /// What to do about it, where there is something to do.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Error::BinaryUnreadable { .. } | Error::OtherBinary { .. } => {
                Some("--binary PATH names the binary that took the snapshot")
            }
            Error::DifferentBinaries { .. } => Some("take the snapshots to be compared from one build"),
            Error::NoSchema => Some("ask by operation, or by type: these need no schema"),
            Error::NotRecorded { .. } => Some("start the service's recorder: heap_admin::Recorder"),
            Error::OutOfOrder { .. } => Some("the service was restarted, most likely: hunt it anew"),
            Error::NoLoad { unit } if *unit == Unit::Event.names() => {
                Some("subscriptions need events: put on a load that makes some, too")
            }
            Error::NoLoad { .. } => {
                Some("is the admin door of the same service, and its schema wrapped in heap_admin::Recorded?")
            }
            Error::NotAProfile { .. } => {
                Some("a snapshot is a file named *.pb.gz, as takeSnapshot writes it")
            }
            Error::CutShort => Some("fetch or take the snapshot again"),
            _ => None,
        }
    }

    pub(crate) fn not_a_profile(reason: impl std::fmt::Display) -> Error {
        Error::NotAProfile {
            reason: reason.to_string(),
        }
    }

    pub(crate) fn bad_schema(reason: impl std::fmt::Display) -> Error {
        Error::BadSchema {
            reason: reason.to_string(),
        }
    }

    pub(crate) fn bad_graph(reason: impl std::fmt::Display) -> Error {
        Error::BadGraph {
            reason: reason.to_string(),
        }
    }

    pub(crate) fn bad_info(reason: impl std::fmt::Display) -> Error {
        Error::BadInfo {
            reason: reason.to_string(),
        }
    }
}
