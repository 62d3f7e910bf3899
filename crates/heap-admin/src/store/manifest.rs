//! The manifest: which files of the folder the store wrote, as JSON beside them.

use crate::{Error, snapshot::Snapshot, snapshot::fits_file_names};
use serde::{Deserialize, Serialize};
use std::{fs, io, path::Path};

/// The manifest's file name.
pub(super) const FILE: &str = "heap-snapshots.json";
/// Grows when an older program could no longer read the file.
const VERSION: u32 = 1;
/// An id is a moment, a name of up to 64 characters and a number.
const ID_LENGTH: usize = 128;

/// The snapshots of a folder, the oldest first.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Manifest {
    version: u32,
    pub(super) next_number: u64,
    pub(super) snapshots: Vec<Snapshot>,
}

pub(super) enum ReadError {
    /// It is there and is no manifest of this version: why.
    Damaged(String),
    /// It could not be read.
    Failed(Error),
}

impl Default for Manifest {
    fn default() -> Self {
        Self {
            version: VERSION,
            next_number: 1,
            snapshots: Vec::new(),
        }
    }
}

impl Manifest {
    /// Reads the manifest of a folder; an empty one where there is none yet.
    pub(super) fn read(folder: &Path) -> Result<Self, ReadError> {
        let path = folder.join(FILE);
        let text = match fs::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(error) => return Err(ReadError::Failed(Error::store("read", path)(error))),
        };
        Self::parse(&text).map_err(ReadError::Damaged)
    }

    fn parse(text: &[u8]) -> Result<Self, String> {
        let manifest: Self = serde_json::from_slice(text).map_err(|error| error.to_string())?;
        if manifest.version != VERSION {
            return Err(format!("version {} instead of {VERSION}", manifest.version));
        }
        // Ids become file names: one with a slash, or dots in front, was not written by the store.
        let stray = manifest
            .snapshots
            .iter()
            .find(|snapshot| !is_ours(snapshot.id.as_str()));
        match stray {
            Some(snapshot) => Err(format!("no snapshot has the id {:?}", snapshot.id.as_str())),
            None => Ok(manifest),
        }
    }

    pub(super) fn to_json(&self) -> Result<Vec<u8>, io::Error> {
        let mut text = serde_json::to_vec_pretty(self)?;
        text.push(b'\n');
        Ok(text)
    }
}

fn is_ours(id: &str) -> bool {
    id.len() <= ID_LENGTH && id.starts_with(|first: char| first.is_ascii_digit()) && fits_file_names(id)
}

#[cfg(test)]
mod tests {
    use super::Manifest;

    #[test]
    fn a_manifest_whose_ids_lead_elsewhere_is_damaged() {
        let text = |id: &str| {
            format!(
                r#"{{"version":1,"nextNumber":2,"snapshots":[{{"id":"{id}","name":null,"reason":"manual",
                "takenAt":"2026-11-22T13:25:34.123Z","bytes":1,"memory":null}}]}}"#
            )
        };
        assert!(Manifest::parse(text("20261122T132534.123Z-manual-0001").as_bytes()).is_ok());
        for id in ["../../etc/passwd", "..", "2/../../x", ".hidden", ""] {
            assert!(Manifest::parse(text(id).as_bytes()).is_err(), "{id}");
        }
    }
}
