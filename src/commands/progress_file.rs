//! The flag that names the learner's progress file, and how what was typed becomes a problem.

use std::path::PathBuf;

use anyhow::anyhow;
use problems::Problem;

use crate::env_vars;
use crate::workshop::default_path;

/// Flags of all commands that read or keep progress.
#[derive(Debug, clap::Args)]
pub(super) struct ProgressFile {
    /// File in which your progress is kept [default: leaklab/progress.toml in $XDG_STATE_HOME or ~/.local/state]
    #[arg(long, env = env_vars::PROGRESS, value_name = "FILE")]
    progress: Option<PathBuf>,
}

impl ProgressFile {
    /// Where it is.
    ///
    /// # Errors
    /// Where none was named, and the user has no home.
    pub(super) fn path(&self) -> anyhow::Result<PathBuf> {
        match &self.progress {
            Some(path) => Ok(path.clone()),
            None => Ok(default_path()?),
        }
    }
}

/// The problem that was typed; else an error with a hint.
pub(super) fn find(given: &str) -> anyhow::Result<Problem> {
    problems::find_problem(given).map_err(|error| anyhow!("{error}\nhint: {}", error.hint()))
}
