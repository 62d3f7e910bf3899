//! The learner's file: what they have answered, found and fixed, and the hints that they took.
//!
//! One TOML file, keyed by the names of problems. What this program does not know in it, be it a problem of another
//! catalogue or a key, is kept as it is. A file that cannot be understood is never written over.

use std::collections::BTreeMap;
use std::fs::{self, File, Permissions};
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use heap_admin::DateTime;
use serde::{Deserialize, Serialize};

/// The version of the file that is written. A file of a higher one is refused.
const VERSION: u32 = 1;

const HEADER: &str = "# What you have found and fixed in leaklab. `leaklab list` shows it.\n\n";

/// Why progress cannot be read or kept.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProgressError {
    /// The file, its folder or its lock cannot be read or written.
    #[error("progress cannot be kept in `{}`: {reason}\nhint: LEAKLAB_PROGRESS=FILE names another file", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why not.
        reason: std::io::Error,
    },
    /// It is no progress file.
    #[error("`{}` is not a progress file: {reason}\nhint: mend it, move it away, or name another with LEAKLAB_PROGRESS=FILE", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong with it, in a line.
        reason: String,
    },
    /// A newer leaklab has written it.
    #[error("`{}` is of version {version}, and this leaklab knows version {VERSION} and older\nhint: use the newer leaklab, or name another file with LEAKLAB_PROGRESS=FILE", path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// The version that it says.
        version: u32,
    },
    /// There is no home folder to keep it in.
    #[error(
        "there is no folder for the progress: neither XDG_STATE_HOME nor HOME is an absolute path\nhint: LEAKLAB_PROGRESS=FILE names a file"
    )]
    NoHome,
}

/// What a learner has done so far.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Progress {
    version: u32,
    #[serde(default)]
    problems: BTreeMap<String, Entry>,
    #[serde(flatten)]
    other: toml::Table,
}

/// What a learner has done about one problem. Times are in UTC.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// When it was answered rightly for the first time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub found: Option<String>,
    /// When it was seen to be fixed for the first time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fixed: Option<String>,
    /// Answers given.
    #[serde(default)]
    pub attempts: u32,
    /// Hints shown.
    #[serde(default)]
    pub hints: u32,
    /// Checks made of a fix.
    #[serde(default)]
    pub checks: u32,
    /// The latest answer; once it was found, the right one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answered: Option<Answered>,
    #[serde(flatten)]
    other: toml::Table,
}

/// How an answer was judged: which parts of it were right.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answered {
    /// What piles up.
    #[serde(default, rename = "type")]
    pub type_: bool,
    /// Who holds it.
    #[serde(default)]
    pub holder: bool,
    /// What kind of mistake it is.
    #[serde(default)]
    pub kind: bool,
    /// That it is none.
    #[serde(default)]
    pub innocent: bool,
}

impl Progress {
    /// What the file says; a file that is not there says nothing yet.
    ///
    /// # Errors
    /// Where it cannot be read or understood.
    pub fn load(path: &Path) -> Result<Self, ProgressError> {
        let text = match fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Self::default()),
            Err(error) => return Err(io(path)(error)),
        };
        // Made by `touch`, or so.
        if text.trim().is_empty() {
            return Ok(Self::default());
        }
        let malformed = |error: toml::de::Error| ProgressError::Malformed {
            path: path.to_owned(),
            reason: told(&text, &error),
        };
        // The version alone, first: the rest of a newer file may have any shape.
        #[derive(Deserialize)]
        struct Versioned {
            version: u32,
        }
        let Versioned { version } = toml::from_str(&text).map_err(malformed)?;
        if version > VERSION {
            let path = path.to_owned();
            return Err(ProgressError::Newer { path, version });
        }
        toml::from_str(&text).map_err(malformed)
    }

    /// What was done about the problem with that name.
    pub fn entry(&self, name: &str) -> Entry {
        self.problems.get(name).cloned().unwrap_or_default()
    }

    /// Counts an answer, and keeps how it was judged unless a right one is kept already.
    pub fn answered(&mut self, name: &str, answered: Answered) {
        let entry = self.of(name);
        entry.attempts += 1;
        if entry.found.is_none() {
            entry.answered = Some(answered);
        }
    }

    /// The problem was answered rightly: now, unless it was before.
    pub fn mark_found(&mut self, name: &str) {
        self.of(name).found.get_or_insert_with(now);
    }

    /// The problem was seen to be fixed: now, unless it was before.
    pub fn mark_fixed(&mut self, name: &str) {
        self.of(name).fixed.get_or_insert_with(now);
    }

    /// A fix of the problem was checked, whatever came of it.
    pub fn check_made(&mut self, name: &str) {
        self.of(name).checks += 1;
    }

    /// One more hint for the problem was shown.
    pub fn hint_shown(&mut self, name: &str) {
        self.of(name).hints += 1;
    }

    /// Nothing was done about the problem.
    pub fn reset(&mut self, name: &str) {
        self.problems.remove(name);
    }

    fn of(&mut self, name: &str) -> &mut Entry {
        self.problems.entry(name.to_owned()).or_default()
    }
}

fn now() -> String {
    DateTime::now().to_string()
}

/// Changes what the file says, and gives what the change gives. Two programs that do so at once take turns.
///
/// # Errors
/// Where the file cannot be read, understood or written: then it is left as it was.
pub fn update<T>(path: &Path, change: impl FnOnce(&mut Progress) -> T) -> Result<T, ProgressError> {
    let path = &followed(path)?;
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    fs::create_dir_all(folder).map_err(io(path))?;
    // Beside the file, since the file itself is replaced. It stays: one that is removed could be locked twice.
    let mut lock_path = path.as_os_str().to_owned();
    lock_path.push(".lock");
    let lock = File::create(lock_path).map_err(io(path))?;
    lock.lock().map_err(io(path))?;
    let mut progress = Progress::load(path)?;
    let outcome = change(&mut progress);
    progress.version = VERSION;
    write(&progress, path, folder).map_err(io(path))?;
    Ok(outcome)
}

/// Whether progress could be kept in the file, as far as can be told without writing.
///
/// # Errors
/// Where the file cannot be read or understood, or nothing can be made in its folder.
pub fn can_be_kept(path: &Path) -> Result<(), ProgressError> {
    let path = followed(path)?;
    Progress::load(&path)?;
    let folder = path.ancestors().skip(1).find(|folder| folder.is_dir());
    // A file without a name, which goes with its handle.
    let made = tempfile::tempfile_in(folder.unwrap_or(Path::new(".")));
    made.map(drop).map_err(io(&path))
}

/// The file that is meant: a link is followed, and not replaced, even to where nothing is yet. What is no file, such as
/// `/dev/null`, is none to keep progress in.
fn followed(path: &Path) -> Result<PathBuf, ProgressError> {
    match path.canonicalize() {
        Ok(file) if file.is_file() => Ok(file),
        Ok(_) => Err(io(path)(std::io::Error::other("it is no regular file"))),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => match path.read_link() {
            Ok(target) => followed(&path.parent().unwrap_or(Path::new("")).join(target)),
            Err(_) => Ok(path.to_owned()),
        },
        Err(error) => Err(io(path)(error)),
    }
}

/// What is wrong, and in which line.
fn told(text: &str, error: &toml::de::Error) -> String {
    let before = error.span().and_then(|span| text.get(..span.start));
    let line = before.map(|before| format!("line {}: ", before.split('\n').count()));
    line.unwrap_or_default() + error.message()
}

/// The whole file or none of it.
fn write(progress: &Progress, path: &Path, folder: &Path) -> std::io::Result<()> {
    let text = toml::to_string(progress).map_err(std::io::Error::other)?;
    let mut file = tempfile::Builder::new()
        // Less what the user's umask takes away: whoever teaches may read it.
        .permissions(Permissions::from_mode(0o666))
        .tempfile_in(folder)?;
    file.write_all(HEADER.as_bytes())?;
    file.write_all(text.as_bytes())?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    Ok(())
}

fn io(path: &Path) -> impl Fn(std::io::Error) -> ProgressError {
    move |reason| ProgressError::Io {
        path: path.to_owned(),
        reason,
    }
}

/// Where progress is kept unless told: `leaklab/progress.toml` in the user's folder for state.
///
/// # Errors
/// Where the user has none.
pub fn default_path() -> Result<PathBuf, ProgressError> {
    let absolute = |name| {
        let folder = std::env::var_os(name).map(PathBuf::from);
        folder.filter(|folder| folder.is_absolute())
    };
    let state = absolute("XDG_STATE_HOME").or_else(|| Some(absolute("HOME")?.join(".local/state")));
    Ok(state.ok_or(ProgressError::NoHome)?.join("leaklab/progress.toml"))
}

#[cfg(test)]
#[path = "progress_tests.rs"]
mod tests;
