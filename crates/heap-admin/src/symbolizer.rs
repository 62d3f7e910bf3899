//! Names for addresses, from a helper process that ends when it has answered.
//!
//! Reading debug information takes hundreds of megabytes. In this process that would be part of what is being measured,
//! so `leaklab symbolize` does it: it gets a profile, or what a reference scan found, on stdin, and answers in JSON on stdout.
//! `leaklab compare` reads stored snapshots itself.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use heap_profile::holders::{HOLDERS_VERSION, Holders};
use heap_profile::{COMPARISON_VERSION, ComparisonReport, LiveHeap, LiveHeapKey};
use serde::de::DeserializeOwned;
use tokio::io::{self, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{Child, ChildStderr, ChildStdout, Command};
use tokio::time::timeout;

use crate::Error;

/// The helper's name, and what it is to do.
const PROGRAM: &str = "leaklab";
const COMMAND: &str = "symbolize";
/// How it says that snapshots of two builds were to be compared.
const DIFFERENT_BUILDS: &str = "were taken from different binaries";
/// How long it may take: large binaries on a slow disk take some seconds.
const TIME_LIMIT: Duration = Duration::from_secs(60);
/// What is read of its answer.
const ANSWER_LIMIT: u64 = 64 << 20;
/// What is repeated of its complaint.
const COMPLAINT_LIMIT: u64 = 2048;

/// Looks for the helper: where the builder says, beside the running binary, in `PATH`.
pub(crate) fn find(configured: Option<&Path>) -> Result<PathBuf, Error> {
    if let Some(path) = configured {
        return if path.is_file() {
            Ok(path.to_owned())
        } else {
            Err(Error::NoSymbolizer {
                looked: path.display().to_string(),
            })
        };
    }
    let beside = env::current_exe()
        .ok()
        .and_then(|binary| Some(binary.parent()?.join(PROGRAM)));
    let path = env::var_os("PATH").unwrap_or_default();
    let candidates = beside
        .into_iter()
        .chain(env::split_paths(&path).map(|folder| folder.join(PROGRAM)));
    candidates
        .into_iter()
        .find(|candidate| candidate.is_file())
        .ok_or_else(|| Error::NoSymbolizer {
            looked: format!("`{PROGRAM}` beside this program or in PATH"),
        })
}

/// Has the helper read a profile, and tell the live heap by a key that needs names.
pub(crate) async fn live_heap(
    helper: &Path,
    profile: Vec<u8>,
    by: LiveHeapKey,
    first: usize,
) -> Result<LiveHeap, Error> {
    let args = [COMMAND, "--by", by.as_str(), "--first", &first.to_string()].map(OsString::from);
    ask(helper, &args, profile).await
}

/// Has the helper compare the snapshots in these files, oldest first.
pub(crate) async fn compare(
    helper: &Path,
    files: &[PathBuf],
    first: usize,
) -> Result<ComparisonReport, Error> {
    let first = first.to_string();
    let flags = ["compare", "--format", "json", "--first", &first, "--"].map(OsString::from);
    let files = files.iter().map(|file| file.as_os_str().to_owned());
    let args: Vec<OsString> = flags.into_iter().chain(files).collect();
    let report: ComparisonReport = ask(helper, &args, Vec::new())
        .await
        .map_err(|error| match error {
            Error::Symbolizer { reason } if reason.contains(DIFFERENT_BUILDS) => Error::DifferentBuilds {
                reason: reason.lines().next().unwrap_or_default().to_owned(),
            },
            error => error,
        })?;
    check(report.version, COMPARISON_VERSION)?;
    Ok(report)
}

/// Has the helper name what a reference scan found, given as JSON.
pub(crate) async fn holders(helper: &Path, graph: Vec<u8>) -> Result<Holders, Error> {
    let args = [COMMAND, "--holders"].map(OsString::from);
    let holders: Holders = ask(helper, &args, graph).await?;
    check(holders.version, HOLDERS_VERSION)?;
    Ok(holders)
}

/// A helper of another version may mean something else by its words.
fn check(version: u32, expected: u32) -> Result<(), Error> {
    if version == expected {
        return Ok(());
    }
    Err(failed(&format!(
        "its answer is of version {version} instead of {expected}"
    )))
}

/// Starts the helper, gives it what to read on stdin, and reads its answer.
async fn ask<T: DeserializeOwned>(helper: &Path, args: &[OsString], input: Vec<u8>) -> Result<T, Error> {
    let child = Command::new(helper)
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| failed(&error.to_string()))?;
    let answer = timeout(TIME_LIMIT, talk(child, input));
    let answer = answer
        .await
        .map_err(|_| failed(&format!("it took longer than {} seconds", TIME_LIMIT.as_secs())))??;
    serde_json::from_slice(&answer).map_err(|error| failed(&format!("its answer cannot be read: {error}")))
}

/// Writes what it is to read, and reads the answer, at the same time: each waits for the other when a pipe is full.
async fn talk(mut child: Child, given: Vec<u8>) -> Result<Vec<u8>, Error> {
    let lost = || failed("its pipes are missing");
    let mut input = child.stdin.take().ok_or_else(lost)?;
    let output = child.stdout.take().ok_or_else(lost)?;
    let complaints = child.stderr.take().ok_or_else(lost)?;
    let writing = async move {
        // It may have ended before it read all of it: what it complains about tells more than this error.
        let _ = input.write_all(&given).await;
    };
    let (_, answer, complaint) = tokio::join!(writing, answer(output), complaint(complaints));
    let answer = answer?;
    let status = child.wait().await.map_err(|error| failed(&error.to_string()))?;
    match complaint.trim() {
        _ if status.success() => Ok(answer),
        "" => Err(failed(&format!(
            "the helper ended with {status} and said nothing"
        ))),
        complaint => Err(failed(complaint.trim_start_matches("error: "))),
    }
}

/// All of the answer. Where it is too long, the pipe is closed, which ends the helper.
async fn answer(output: ChildStdout) -> Result<Vec<u8>, Error> {
    let mut answer = Vec::new();
    let read = output.take(ANSWER_LIMIT + 1).read_to_end(&mut answer).await;
    match read.map_err(|error| failed(&error.to_string()))? as u64 {
        0..=ANSWER_LIMIT => Ok(answer),
        _ => Err(failed(&format!("its answer has more than {ANSWER_LIMIT} bytes"))),
    }
}

/// The beginning of the complaint. The rest is thrown away, and read before: the helper would wait for it.
async fn complaint(mut complaints: ChildStderr) -> String {
    let mut complaint = Vec::new();
    let mut beginning = (&mut complaints).take(COMPLAINT_LIMIT);
    // What cannot be read is not told.
    let _ = beginning.read_to_end(&mut complaint).await;
    let _ = io::copy(&mut complaints, &mut io::sink()).await;
    String::from_utf8_lossy(&complaint).into_owned()
}

fn failed(reason: &str) -> Error {
    Error::Symbolizer {
        reason: reason.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_helper_says_different_builds_as_it_is_understood_here() {
        let text = || String::from("a");
        let error = heap_profile::Error::DifferentBinaries {
            first: text(),
            first_id: text(),
            other: text(),
            other_id: text(),
        };
        assert!(error.to_string().contains(DIFFERENT_BUILDS));
    }
}
