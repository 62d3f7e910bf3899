//! The changed server, built by cargo as the README's first command builds it.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use rustix::process::{Pid, Signal, kill_process_group};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

use super::{Error, Refusal};

/// Builds the workspace's server and says where it is. What the compiler says goes to stderr.
///
/// # Errors
/// [`Refusal`] where it does not compile.
pub(super) async fn server(root: &Path) -> Result<PathBuf, Error> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(&cargo);
    command
        .args([
            "build",
            "--release",
            "--locked",
            "--package",
            "leaklab",
            "--bin",
            "leaklab",
        ])
        .arg("--message-format=json-render-diagnostics")
        .current_dir(root)
        // They would replace the flags of .cargo/config.toml.
        .env_remove("RUSTFLAGS")
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        // With the compilers that it starts: all of them end with the build.
        .process_group(0);
    let mut build = Build(command.spawn().map_err(|source| Error::Program {
        program: cargo.to_string_lossy().into_owned(),
        source,
    })?);
    let mut program = None;
    if let Some(stdout) = build.0.stdout.take() {
        let mut lines = BufReader::new(stdout).lines();
        while let Ok(Some(line)) = lines.next_line().await {
            program = executable(&line).or(program);
        }
    }
    let status = build
        .0
        .wait()
        .await
        .map_err(Error::file("wait for cargo in", root))?;
    match program {
        Some(program) if status.success() => Ok(program),
        _ => Err(Refusal::new(
            "the changed server does not compile, or cargo cannot build it: see above",
            "mend what the compiler or cargo says, then run check again",
        )
        .into()),
    }
}

/// The path of the program, in the message that tells of it.
fn executable(message: &str) -> Option<PathBuf> {
    let message: Value = serde_json::from_str(message).ok()?;
    if message["target"]["name"] != "leaklab" {
        return None;
    }
    Some(message["executable"].as_str()?.into())
}

/// Cargo, and the compilers that it has started, in a group of their own: ended when dropped.
struct Build(Child);

impl Drop for Build {
    fn drop(&mut self) {
        let group = self.0.id().and_then(|id| Pid::from_raw(id.cast_signed()));
        if let Some(group) = group {
            // It may have ended in this moment.
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}
