//! The store's folder under its lock: temporary files, the manifest, what a crash left.

use super::manifest::{self, Manifest, ReadError};
use crate::{Error, scalars::DateTime};
use std::{
    ffi::OsStr,
    fs::{self, File},
    io::Write,
    path::{Path, PathBuf},
    process,
    time::Duration,
};
use tempfile::NamedTempFile;

const LOCK: &str = ".heap-snapshots.lock";
const TEMPORARY: (&str, &str) = (".heap-snapshot-", ".partial");
/// Nobody else writes while the lock is held, so a temporary file of any age is a leftover. The age
/// is for file systems whose locks do not reach other machines.
const LEFTOVER_AGE: Duration = Duration::from_secs(600);

/// The folder, as long as this process alone may change it.
pub(super) struct Locked<'a> {
    folder: &'a Path,
    /// Unlocked when it is closed.
    _lock: File,
}

impl<'a> Locked<'a> {
    /// Makes the folder where there is none, and waits for its lock.
    pub(super) fn create(folder: &'a Path) -> Result<Self, Error> {
        fs::create_dir_all(folder).map_err(Error::store("create the snapshot folder", folder))?;
        let path = folder.join(LOCK);
        let opened = File::options()
            .create(true)
            .write(true)
            .truncate(false)
            .open(&path);
        let lock = opened.map_err(Error::store("write", &path))?;
        lock.lock().map_err(Error::store("lock", &path))?;
        Ok(Self { folder, _lock: lock })
    }

    /// The manifest. A damaged one is set aside under another name, and an empty one begun: what it
    /// listed stays in the folder, and is no longer the store's to delete.
    pub(super) fn manifest(&self) -> Result<Manifest, Error> {
        let reason = match Manifest::read(self.folder) {
            Ok(manifest) => return Ok(manifest),
            Err(ReadError::Failed(error)) => return Err(error),
            Err(ReadError::Damaged(reason)) => reason,
        };
        let path = self.folder.join(manifest::FILE);
        let aside = self.unused(&format!(
            "{}.damaged-{}",
            manifest::FILE,
            DateTime::now().in_file_names()
        ));
        fs::rename(&path, &aside).map_err(Error::store("set aside the damaged manifest", &path))?;
        tracing::warn!(
            manifest = %path.display(), set_aside = %aside.display(), reason,
            "the manifest of the snapshot folder is damaged: it was set aside, and the snapshots that it listed are no longer shown or deleted"
        );
        Ok(Manifest::default())
    }

    /// Replaces the manifest at once: a reader sees the old or the new one.
    pub(super) fn save(&self, manifest: &Manifest) -> Result<(), Error> {
        let path = self.folder.join(manifest::FILE);
        let text = manifest.to_json().map_err(Error::store("write", &path))?;
        let file = self.temporary(&text)?;
        file.persist(&path)
            .map_err(|error| Error::store("write", &path)(error.error))?;
        self.sync();
        Ok(())
    }

    /// A file with this content on the disk, under a temporary name; removed when dropped. Only the
    /// service's own user may read it: it tells much about the service.
    pub(super) fn temporary(&self, content: &[u8]) -> Result<NamedTempFile, Error> {
        let prefix = format!("{}{}-", TEMPORARY.0, process::id());
        let mut builder = tempfile::Builder::new();
        let made = builder
            .prefix(&prefix)
            .suffix(TEMPORARY.1)
            .tempfile_in(self.folder);
        let mut file = made.map_err(Error::store("write a file in", self.folder))?;
        let written = file.write_all(content).and_then(|()| file.as_file().sync_all());
        written.map_err(Error::store("write a file in", self.folder))?;
        Ok(file)
    }

    /// Gives a temporary file its final name, and never that of a file that is there already.
    pub(super) fn keep(&self, file: NamedTempFile, path: &Path) -> Result<(), Error> {
        file.persist_noclobber(path)
            .map_err(|error| Error::store("write", path)(error.error))?;
        self.sync();
        Ok(())
    }

    /// Removes the temporary files that a process left when it was killed.
    pub(super) fn sweep(&self) {
        let Ok(entries) = fs::read_dir(self.folder) else {
            return;
        };
        for entry in entries.flatten().filter(|entry| is_temporary(&entry.file_name())) {
            let age = entry
                .metadata()
                .and_then(|found| found.modified())
                .ok()
                .and_then(|then| then.elapsed().ok());
            if age.is_some_and(|age| age >= LEFTOVER_AGE) {
                let removed = fs::remove_file(entry.path());
                tracing::info!(path = %entry.path().display(), ?removed, "a leftover of a killed process");
            }
        }
    }

    /// Writes the folder's own entries to the disk. The file is complete without it; after a power cut
    /// its name may be missing, which is worth a line and no failure.
    fn sync(&self) {
        if let Err(error) = File::open(self.folder).and_then(|folder| folder.sync_all()) {
            tracing::warn!(folder = %self.folder.display(), %error, "the folder was not written to the disk");
        }
    }

    fn unused(&self, name: &str) -> PathBuf {
        let first = self.folder.join(name);
        let more = (2..).map(|number| self.folder.join(format!("{name}-{number}")));
        let mut all = std::iter::once(first.clone()).chain(more);
        all.find(|path| fs::symlink_metadata(path).is_err())
            .unwrap_or(first)
    }
}

/// Whether a file name is one that `temporary` makes: prefix, process id, dash, random letters, suffix.
fn is_temporary(name: &OsStr) -> bool {
    let middle = name
        .to_str()
        .and_then(|name| name.strip_prefix(TEMPORARY.0)?.strip_suffix(TEMPORARY.1));
    middle
        .and_then(|middle| middle.split_once('-'))
        .is_some_and(|(process, random)| {
            let digits = !process.is_empty() && process.bytes().all(|byte| byte.is_ascii_digit());
            digits && !random.is_empty() && random.bytes().all(|byte| byte.is_ascii_alphanumeric())
        })
}
