//! A stored heap snapshot: what is known about it besides its file.

use crate::{
    Error,
    memory_info::MemoryInfo,
    scalars::{Bytes, DateTime},
};
use async_graphql::{ComplexObject, Enum, ID, SimpleObject};
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// A stored heap snapshot: a gzip'd profile.proto, as `go tool pprof`, Pyroscope and Parca read it
#[derive(Debug, Clone, PartialEq, SimpleObject, Serialize, Deserialize)]
#[graphql(complex)]
#[serde(rename_all = "camelCase")]
pub struct Snapshot {
    /// The file's name without its ending: when, why or under which name, and a number
    pub id: ID,
    /// The name that it was given
    pub name: Option<String>,
    /// Why it was taken
    pub reason: Reason,
    /// When it was taken
    pub taken_at: DateTime,
    /// The size of its file
    pub bytes: Bytes,
    /// What the process held at that moment
    pub memory: Option<MemoryInfo>,
}

#[ComplexObject]
impl Snapshot {
    /// Where this service serves the file
    async fn url(&self) -> String {
        format!("/snapshots/{}", self.id.as_str())
    }
}

/// Why a snapshot was taken
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum, Serialize, Deserialize)]
#[graphql(name = "SnapshotReason")]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Reason {
    /// Asked for by a mutation
    Manual,
    /// Asked for by a signal to the process
    Signal,
}

impl fmt::Display for Reason {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Manual => "manual",
            Self::Signal => "signal",
        })
    }
}

/// The longest name that a snapshot may be given.
pub const NAME_LENGTH: usize = 64;

/// A name that can be part of a file name: 1 to 64 of `[A-Za-z0-9._-]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SnapshotName(String);

impl SnapshotName {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for SnapshotName {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        if (1..=NAME_LENGTH).contains(&text.len()) && fits_file_names(text) {
            return Ok(Self(text.to_owned()));
        }
        // What was given is repeated in the answer and the log: not at any length.
        Err(Error::SnapshotName {
            given: text.chars().take(NAME_LENGTH + 1).collect(),
        })
    }
}

/// Whether a text has only characters that file names, URLs and shells leave alone.
pub(crate) fn fits_file_names(text: &str) -> bool {
    text.bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
}
