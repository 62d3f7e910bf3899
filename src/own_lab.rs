//! A lab in a process of its own, for a command that needs one: it ends with whoever started it.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

use crate::env_vars;

/// Settings of a lab that somebody serves beside it.
const OF_ANOTHER_LAB: [&str; 5] = [
    env_vars::ADMIN_TOKEN,
    env_vars::DATABASE,
    env_vars::MEMORY_BAR,
    env_vars::SNAPSHOT_COUNT,
    env_vars::SNAPSHOT_BYTES,
];
/// How long a lab may take to open its doors.
const START_TIMEOUT: Duration = Duration::from_secs(30);
/// How often it is looked whether it has ended, and how long after one another.
const ENDING_LOOKS: u32 = 10;
const ENDING_LOOK: Duration = Duration::from_millis(50);

/// A child process that serves the bookshop; killed when dropped.
#[derive(Debug)]
pub(crate) struct OwnLab {
    child: Child,
    log: PathBuf,
    /// Its copies of the snapshots.
    _snapshots: TempDir,
}

/// Why there is no lab.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotStarted {
    /// A file or folder that it needs could not be made.
    #[error("{}: {source}", path.display())]
    File { path: PathBuf, source: io::Error },
    /// The program could not be started.
    #[error("{}: {source}", program.display())]
    Program { program: PathBuf, source: io::Error },
    /// It ended, or opened no doors: what it said.
    #[error("the last that it said: {0}")]
    Ended(String),
}

/// The addresses of its doors.
#[derive(Debug, Clone)]
pub(crate) struct Doors {
    pub(crate) public: String,
    pub(crate) admin: String,
}

impl OwnLab {
    /// Starts `program serve` on free ports. Its log goes to the file `log`.
    ///
    /// # Errors
    /// Where it does not come up: what the system says, or the last that it said itself.
    pub(crate) async fn start(
        program: &Path,
        sample_interval: u64,
        log: &Path,
    ) -> Result<(Self, Doors), NotStarted> {
        let no_file = |path: &Path| {
            let path = path.to_owned();
            move |source| NotStarted::File { path, source }
        };
        let snapshots = tempfile::tempdir().map_err(no_file(&std::env::temp_dir()))?;
        let stderr = File::create(log).map_err(no_file(log))?;
        let mut command = Command::new(program);
        for name in OF_ANOTHER_LAB {
            command.env_remove(name);
        }
        let mut child = command
            .args(["serve", "--addr", "127.0.0.1:0", "--admin-addr", "127.0.0.1:0"])
            .args([
                "--field-labels",
                // Its end of the pipe is closed with this process, however that ends.
                "--until-stdin-ends",
                "--sample-interval",
                &sample_interval.to_string(),
                "--snapshots",
            ])
            .arg(snapshots.path())
            .env("NO_COLOR", "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(stderr)
            .kill_on_drop(true)
            // Ctrl-C is for whoever started it, and ends the lab when it has what it needs.
            .process_group(0)
            .spawn()
            .map_err(|source| NotStarted::Program {
                program: program.to_owned(),
                source,
            })?;
        let stdout = child.stdout.take();
        let lab = Self {
            child,
            log: log.to_owned(),
            _snapshots: snapshots,
        };
        let doors = tokio::time::timeout(START_TIMEOUT, doors(stdout)).await;
        match doors.ok().flatten() {
            Some(doors) => Ok((lab, doors)),
            None => Err(NotStarted::Ended(lab.last_words())),
        }
    }

    /// The process id, until it is known to have ended.
    pub(crate) fn id(&self) -> Option<u32> {
        self.child.id()
    }

    /// How it ended, where it has.
    pub(crate) fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok()?
    }

    /// How it ended, where it has or is about to: its doors are closed a moment before it has ended.
    pub(crate) async fn ended_soon(&mut self) -> Option<ExitStatus> {
        for _ in 0..ENDING_LOOKS {
            if let Some(status) = self.ended() {
                return Some(status);
            }
            tokio::time::sleep(ENDING_LOOK).await;
        }
        None
    }

    /// The line of its log that says why it has ended, or else the last.
    pub(crate) fn last_words(&self) -> String {
        last_words(&std::fs::read_to_string(&self.log).unwrap_or_default())
    }

    /// Ends it. Not politely: it has nothing to bring into order, its snapshots were fetched and its shop is in memory.
    pub(crate) async fn end(mut self) {
        if let Err(error) = self.child.kill().await {
            tracing::warn!("the lab could not be ended: {error}");
        }
    }
}

/// Errors are told on a line of their own, and hints behind them.
fn last_words(log: &str) -> String {
    const ADVICE: [&str; 2] = ["For more information, try", "note: run with `RUST_BACKTRACE"];
    let lines = || log.lines().map(str::trim);
    let is_said = |line: &&str| !line.is_empty() && !ADVICE.iter().any(|advice| line.starts_with(advice));
    let error = lines().rfind(|line| line.starts_with("error:"));
    let line = error.or_else(|| lines().rfind(is_said));
    line.unwrap_or("nothing").to_owned()
}

/// Whatever else it prints, before or behind, is read too, and goes nowhere: a lab that nobody listens to would fail where it prints.
async fn doors(stdout: Option<ChildStdout>) -> Option<Doors> {
    let mut lines = BufReader::new(stdout?).lines();
    let doors = Doors {
        public: door(&mut lines, "public ").await?,
        admin: door(&mut lines, "admin ").await?,
    };
    let mut rest = lines.into_inner();
    tokio::spawn(async move { tokio::io::copy(&mut rest, &mut tokio::io::sink()).await });
    Some(doors)
}

async fn door(lines: &mut Lines<BufReader<ChildStdout>>, name: &str) -> Option<String> {
    loop {
        let line = lines.next_line().await.ok()??;
        if let Some(address) = line.strip_prefix(name) {
            return Some(address.trim().to_owned());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::last_words;

    #[test]
    fn what_a_lab_says_last_is_why_it_has_ended() {
        let clap = "\nerror: invalid value '512' for '--memory-limit <SIZE>': too little\n\nFor more information, try '--help'.\n";
        assert_eq!(
            last_words(clap),
            "error: invalid value '512' for '--memory-limit <SIZE>': too little"
        );
        assert_eq!(
            last_words("INFO started\nerror: the address is taken\nhint: name another\n"),
            "error: the address is taken"
        );
        let panic =
            "thread 'a' panicked at a.rs:1:\nthat is too much\nnote: run with `RUST_BACKTRACE=1` ...\n";
        assert_eq!(last_words(panic), "that is too much");
        assert_eq!(last_words("\n\n"), "nothing");
    }
}
