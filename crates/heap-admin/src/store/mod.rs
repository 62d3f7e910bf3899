//! The snapshot store: a folder of snapshot files, bounded by count and bytes.
//!
//! What the store wrote stands in a manifest beside the files (`manifest`), and only that is listed,
//! served or deleted: whatever else lies in the folder is somebody else's. Several processes may share
//! a folder: each change happens under a lock file (`folder`). Everything here blocks.

mod folder;
mod manifest;

use crate::{
    Error,
    memory_info::MemoryInfo,
    scalars::{Bytes, DateTime},
    snapshot::{Reason, Snapshot, SnapshotName},
};
use folder::Locked;
use manifest::Manifest;
use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
};

/// How snapshot files end: a profile.proto in gzip.
pub const ENDING: &str = ".pb.gz";

/// How much a store may hold. When more comes, the oldest go: when the new one is safely stored, so for
/// that moment the folder holds one snapshot more than this.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The largest number of snapshots.
    pub count: usize,
    /// The largest number of bytes in all snapshot files together.
    pub bytes: u64,
}

impl Limits {
    /// Snapshots kept unless told otherwise.
    pub const DEFAULT_COUNT: usize = 50;
    /// Bytes kept unless told otherwise: 1 GiB.
    pub const DEFAULT_BYTES: u64 = 1 << 30;
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            count: Self::DEFAULT_COUNT,
            bytes: Self::DEFAULT_BYTES,
        }
    }
}

/// What is known about a snapshot before it is written.
#[derive(Debug, Clone)]
pub struct Draft {
    /// The name that it was given.
    pub name: Option<SnapshotName>,
    /// Why it was taken.
    pub reason: Reason,
    /// What the process held at that moment.
    pub memory: Option<MemoryInfo>,
}

/// How the file of a snapshot is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Found {
    AsWritten,
    /// Of another size, or no regular file: somebody else's.
    Changed,
    Nothing,
}

/// A folder of snapshots.
#[derive(Debug)]
pub struct SnapshotStore {
    folder: PathBuf,
    limits: Limits,
}

impl SnapshotStore {
    /// A store in `folder`, which is made when the first snapshot is written.
    pub fn new(folder: impl Into<PathBuf>, limits: Limits) -> Result<Self, Error> {
        let Limits { count, bytes } = limits;
        if count == 0 || bytes == 0 {
            return Err(Error::Limits { count, bytes });
        }
        Ok(Self {
            folder: folder.into(),
            limits,
        })
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Stores a profile; then the oldest snapshots go, as far as the bounds ask for it.
    ///
    /// The steps are in this order so that a failure costs no stored snapshot, and a crash between any two
    /// leaves no file that is neither listed nor recognizable as a leftover: the file in full under a
    /// temporary name, the manifest, the final name, what has to go. After a crash before the last
    /// step the bounds are passed by this one snapshot until the next is written.
    pub fn write(&self, draft: Draft, profile: &[u8]) -> Result<Snapshot, Error> {
        let (bytes, limit) = (profile.len() as u64, self.limits.bytes);
        if bytes > limit {
            return Err(Error::TooLarge { bytes, limit });
        }
        let locked = Locked::create(&self.folder)?;
        locked.sweep();
        let mut manifest = locked.manifest()?;
        self.forget_what_changed(&mut manifest);
        let snapshot = next_snapshot(&mut manifest, draft, bytes);
        let file = locked.temporary(profile)?;
        manifest.snapshots.push(snapshot.clone());
        locked.save(&manifest)?;
        if let Err(error) = locked.keep(file, &self.path_of(&snapshot)) {
            manifest.snapshots.pop();
            locked.save(&manifest)?;
            return Err(error);
        }
        if let Err(error) = self.evict(&locked, &mut manifest) {
            // What cannot go must not be joined by ever more: the new one is taken back.
            manifest.snapshots.pop();
            remove(&self.path_of(&snapshot))?;
            locked.save(&manifest)?;
            return Err(error);
        }
        Ok(snapshot)
    }

    /// All snapshots, the oldest first.
    pub fn list(&self) -> Result<Vec<Snapshot>, Error> {
        let mut manifest = match Manifest::read(&self.folder) {
            Ok(manifest) => manifest,
            // Damaged: setting it aside is a change, which needs the lock.
            Err(manifest::ReadError::Damaged(_)) => Locked::create(&self.folder)?.manifest()?,
            Err(manifest::ReadError::Failed(error)) => return Err(error),
        };
        manifest.snapshots.retain(|snapshot| self.is_listed(snapshot));
        Ok(manifest.snapshots)
    }

    /// The snapshot of this id, looked up in the manifest: an id is never made into a path.
    pub fn find(&self, id: &str) -> Result<Option<Snapshot>, Error> {
        Ok(self
            .list()?
            .into_iter()
            .find(|snapshot| snapshot.id.as_str() == id))
    }

    /// A snapshot and its file, opened. Deleting it meanwhile does not disturb the reader.
    pub fn open(&self, id: &str) -> Result<Option<(Snapshot, File)>, Error> {
        let Some(snapshot) = self.find(id)? else {
            return Ok(None);
        };
        let path = self.path_of(&snapshot);
        match File::open(&path) {
            Ok(file) => Ok(Some((snapshot, file))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(Error::store("read", path)(error)),
        }
    }

    /// Deletes a snapshot; false where there is none of this id.
    pub fn delete(&self, id: &str) -> Result<bool, Error> {
        if self.find(id)?.is_none() {
            return Ok(false);
        }
        let locked = Locked::create(&self.folder)?;
        let mut manifest = locked.manifest()?;
        // Looked up again: another process may have been faster.
        let Some(index) = manifest
            .snapshots
            .iter()
            .position(|snapshot| snapshot.id.as_str() == id)
        else {
            return Ok(false);
        };
        let snapshot = manifest.snapshots.remove(index);
        let deleted = match self.look(&snapshot)? {
            Found::AsWritten => remove(&self.path_of(&snapshot))?,
            Found::Changed | Found::Nothing => false,
        };
        locked.save(&manifest)?;
        Ok(deleted)
    }

    /// The path of a snapshot's file. The manifest's reader has checked the id.
    pub fn path_of(&self, snapshot: &Snapshot) -> PathBuf {
        self.folder.join(format!("{}{ENDING}", snapshot.id.as_str()))
    }

    /// How the file of a snapshot is found.
    ///
    /// # Errors
    /// Where that cannot be told: nothing follows from it, and it may be there as it was.
    fn look(&self, snapshot: &Snapshot) -> Result<Found, Error> {
        let path = self.path_of(snapshot);
        match fs::symlink_metadata(&path) {
            Ok(found) if found.is_file() && found.len() == snapshot.bytes.0 => Ok(Found::AsWritten),
            Ok(_) => Ok(Found::Changed),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Found::Nothing),
            Err(error) => Err(Error::store("read", path)(error)),
        }
    }

    /// Whether a snapshot is listed. One whose file cannot be looked at is, and the log says why: who opens it is told.
    fn is_listed(&self, snapshot: &Snapshot) -> bool {
        match self.look(snapshot) {
            Ok(found) => found == Found::AsWritten,
            Err(error) => {
                tracing::warn!(
                    ?error,
                    "it is not known whether a snapshot is still there: {error}"
                );
                true
            }
        }
    }

    fn forget_what_changed(&self, manifest: &mut Manifest) {
        manifest.snapshots.retain(|snapshot| {
            if let Ok(Found::Changed) = self.look(snapshot) {
                let path = self.path_of(snapshot);
                tracing::warn!(path = %path.display(), "a snapshot file was changed; it stays, and is no longer listed");
            }
            self.is_listed(snapshot)
        });
    }

    /// Deletes the oldest snapshots until the rest is within the bounds, never the newest: that one alone
    /// fits. Files first, the manifest later: a crash in between leaves entries without files, which
    /// nobody minds, and a manifest that cannot be written now is no worse.
    fn evict(&self, locked: &Locked, manifest: &mut Manifest) -> Result<(), Error> {
        let mut held: u64 = manifest.snapshots.iter().map(|snapshot| snapshot.bytes.0).sum();
        let all = manifest.snapshots.len();
        while manifest.snapshots.len() > self.limits.count || held > self.limits.bytes {
            let Some(oldest) = manifest.snapshots.first() else {
                break;
            };
            remove(&self.path_of(oldest))?;
            held -= oldest.bytes.0;
            tracing::info!(
                id = oldest.id.as_str(),
                "the oldest snapshot made room for a new one"
            );
            manifest.snapshots.remove(0);
        }
        if manifest.snapshots.len() < all
            && let Err(error) = locked.save(manifest)
        {
            tracing::warn!(%error, "the manifest still names snapshots that are gone");
        }
        Ok(())
    }
}

/// Its id says when and why, and is unique through a number that only grows.
fn next_snapshot(manifest: &mut Manifest, draft: Draft, bytes: u64) -> Snapshot {
    let taken_at = DateTime::now();
    let why = draft
        .name
        .as_ref()
        .map_or(draft.reason.to_string(), |name| name.as_str().to_owned());
    let id = format!("{}-{why}-{:04}", taken_at.in_file_names(), manifest.next_number);
    manifest.next_number += 1;
    Snapshot {
        id: id.into(),
        name: draft.name.map(|name| name.as_str().to_owned()),
        reason: draft.reason,
        taken_at,
        bytes: Bytes(bytes),
        memory: draft.memory,
    }
}

/// Removes a file; false where there was none.
fn remove(path: &Path) -> Result<bool, Error> {
    match fs::remove_file(path) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(Error::store("delete", path)(error)),
    }
}
