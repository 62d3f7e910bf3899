//! Gets the package archives with `npm pack`: no dependency tree, no install scripts.
//!
//! Says only whether the archives are there; `archive` says whether they are the right ones.

use std::fmt;
use std::fs::{self, File};
use std::io;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::archive;
use crate::manifest::Manifest;

const POLL: Duration = Duration::from_millis(50);

#[derive(Debug)]
pub(crate) enum NpmError {
    Missing(io::Error),
    Failed(String),
    TimedOut(Duration),
    Io(io::Error),
}

impl fmt::Display for NpmError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing(error) => write!(f, "npm could not be started ({error})"),
            Self::Failed(said) => write!(f, "npm could not fetch the packages ({said})"),
            Self::TimedOut(limit) => write!(f, "npm gave no packages within {} s", limit.as_secs()),
            Self::Io(error) => write!(f, "the folder for npm's archives is unusable ({error})"),
        }
    }
}

impl From<io::Error> for NpmError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// Leaves every archive of the manifest in `store`. What an earlier build left there is
/// kept if its hash is right, so that switching back to npm needs no network.
pub(crate) fn fetch(npm: &str, manifest: &Manifest, store: &Path, limit: Duration) -> Result<(), NpmError> {
    let have = |package| archive::read_checked(package, store).is_ok();
    if manifest.packages.iter().all(have) {
        return Ok(());
    }
    if store.exists() {
        fs::remove_dir_all(store)?;
    }
    fs::create_dir_all(store)?;
    // A file, not a pipe: nothing reads along, and a full pipe would stop npm.
    let log = store.join("npm.log");
    let child = start(npm, manifest, store, &log)?;
    match wait(child, limit)? {
        None => Err(NpmError::TimedOut(limit)),
        Some(status) if status.success() => Ok(()),
        Some(status) => Err(NpmError::Failed(last_words(&log).unwrap_or(status.to_string()))),
    }
}

fn start(npm: &str, manifest: &Manifest, store: &Path, log: &Path) -> Result<Child, NpmError> {
    Command::new(npm)
        .arg("pack")
        .args(manifest.packages.iter().map(|package| package.spec()))
        .arg("--pack-destination")
        .arg(store)
        .args([
            "--ignore-scripts",
            "--prefer-offline",
            "--no-update-notifier",
            "--loglevel=error",
        ])
        .args(["--fetch-retries=0", "--fetch-timeout=15000"])
        // Away from any project's own .npmrc and package.json.
        .current_dir(store)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(File::create(log)?)
        // npm is a script that starts others: the group is what has to end with it.
        .process_group(0)
        .spawn()
        .map_err(NpmError::Missing)
}

/// The exit status, or `None` when the time was up and the whole group was ended.
fn wait(mut child: Child, limit: Duration) -> io::Result<Option<ExitStatus>> {
    let deadline = Instant::now() + limit;
    while Instant::now() < deadline {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        thread::sleep(POLL);
    }
    // The shell's own kill: the standard library ends one process, not a group.
    let group = format!("kill -s KILL -- -{}", child.id());
    let _ = Command::new("sh")
        .args(["-c", &group])
        .stderr(Stdio::null())
        .status();
    let _ = child.kill();
    child.wait()?;
    Ok(None)
}

fn last_words(log: &Path) -> Option<String> {
    let said = fs::read_to_string(log).ok()?;
    let telling = |line: &&str| line.contains("error") && !line.contains("A complete log");
    said.lines().find(telling).map(|line| line.trim().to_owned())
}
