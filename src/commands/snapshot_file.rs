//! What `compare` and `flame` are given: snapshot files, or ids of snapshots in the folder, and the binary they came from.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow, bail};
use heap_profile::{MAX_DECODED_BYTES, Profile, Symbolizer};

use super::serve::DEFAULT_SNAPSHOTS;
use crate::env_vars;

const SUFFIX: &str = ".pb.gz";
/// How many snapshots are named to whoever asked for one that is not there.
const LISTED: usize = 10;

/// Flags of the commands that are given snapshots by name.
#[derive(Debug, clap::Args)]
pub(super) struct Source {
    /// Folder in which snapshot ids are looked up
    #[arg(long, env = env_vars::SNAPSHOTS, default_value = DEFAULT_SNAPSHOTS, value_name = "DIR")]
    snapshots: PathBuf,
    /// The binary that took the snapshots, if it is not where they say
    #[arg(long, value_name = "PATH")]
    binary: Option<PathBuf>,
}

impl Source {
    /// Reads one snapshot, given as a file or as an id, and says what to call it.
    pub(super) fn read(&self, file_or_id: &str) -> anyhow::Result<(String, Profile)> {
        let path = self.find(file_or_id)?;
        let bytes = read_bounded(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let profile =
            Profile::decode(&bytes).map_err(|error| explain(&path.display().to_string(), &error))?;
        let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy();
        Ok((name.strip_suffix(SUFFIX).unwrap_or(&name).to_owned(), profile))
    }

    /// See [`symbolizer`].
    pub(super) fn symbolizer(&self) -> Symbolizer {
        symbolizer(self.binary.as_deref())
    }

    /// An id never becomes part of a path: the folder is listed, and what is in it is compared with the id.
    ///
    /// The id's unique beginning will do, and so will the name that the snapshot was given.
    fn find(&self, file_or_id: &str) -> anyhow::Result<PathBuf> {
        if Path::new(file_or_id).exists() {
            return Ok(PathBuf::from(file_or_id));
        }
        let ids = list(&self.snapshots)?;
        let given = file_or_id.strip_suffix(SUFFIX).unwrap_or(file_or_id);
        if let Some((_, path)) = ids.iter().find(|(id, _)| id == given) {
            return Ok(path.clone());
        }
        let fits = |id: &str| !given.is_empty() && (id.starts_with(given) || name_of(id) == Some(given));
        let candidates: Vec<&(String, PathBuf)> = ids.iter().filter(|(id, _)| fits(id)).collect();
        let folder = self.snapshots.display();
        match candidates[..] {
            [(_, path)] => Ok(path.clone()),
            [] => bail!(
                "`{file_or_id}` is neither a file nor a snapshot in {folder}\nhint: {}",
                latest(&ids)
            ),
            _ => bail!(
                "`{file_or_id}` could be any of several in {folder}\nhint: {}",
                latest(candidates)
            ),
        }
    }
}

/// Looks names up where the snapshots say, and in this very program, which is usually the one that took them; or in
/// `binary` alone.
pub(super) fn symbolizer(binary: Option<&Path>) -> Symbolizer {
    let symbolizer = match binary {
        Some(binary) => Symbolizer::new().with_binary(binary),
        None => Symbolizer::new(),
    };
    std::env::current_exe()
        .into_iter()
        .fold(symbolizer, Symbolizer::with_candidate)
}

/// The name in an id of the form `WHEN-NAME-NUMBER`.
fn name_of(id: &str) -> Option<&str> {
    let (_, rest) = id.split_once('-')?;
    rest.rsplit_once('-').map(|(name, _)| name)
}

fn latest<'a>(ids: impl IntoIterator<Item = &'a (String, PathBuf), IntoIter: DoubleEndedIterator>) -> String {
    let ids = ids
        .into_iter()
        .rev()
        .take(LISTED)
        .map(|(id, _)| format!("\n  {id}"));
    match ids.collect::<String>() {
        none if none.is_empty() => "it has no snapshots; --snapshots DIR names another folder".to_owned(),
        listed => format!("the latest there are{listed}"),
    }
}

/// The ids of the snapshots in a folder, in order, with their files. A folder that is not there has none.
fn list(folder: &Path) -> anyhow::Result<Vec<(String, PathBuf)>> {
    let entries = match folder.read_dir() {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error).with_context(|| format!("cannot list {}", folder.display())),
    };
    let mut ids = Vec::new();
    for entry in entries {
        let entry = entry.with_context(|| format!("cannot list {}", folder.display()))?;
        if let Some(id) = entry
            .file_name()
            .to_str()
            .and_then(|name| name.strip_suffix(SUFFIX))
        {
            ids.push((id.to_owned(), entry.path()));
        }
    }
    ids.sort();
    Ok(ids)
}

fn read_bounded(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    // One more than the library takes, so that it is the library that refuses.
    File::open(path)?
        .take(MAX_DECODED_BYTES as u64 + 1)
        .read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// An error of the library for the terminal: what it is about, all causes, and the hint in a line of its own.
pub(super) fn explain(subject: &str, error: &heap_profile::Error) -> anyhow::Error {
    let mut text = format!("{subject}: {error}");
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        text.push_str(&format!(": {error}"));
        cause = error.source();
    }
    match error.hint() {
        Some(hint) => anyhow!("{text}\nhint: {hint}"),
        None => anyhow!(text),
    }
}
