//! `leaklab list`: the board with what a learner has found and fixed, or one problem's story.

mod board;
mod story;

use std::io::Write as _;
use std::process::ExitCode;

use super::progress_file::{ProgressFile, find};
use crate::workshop::{Progress, update};

/// What is typed to reset all problems.
const ALL: &str = "all";

const AFTER_HELP: &str = "\
Examples:
  leaklab list                          the board
  leaklab list 02                       what the shop wants, what is seen, and how to run it
  leaklab list --format json            for programs: marks, a class
  leaklab list --reset 02               forget what was found, fixed and hinted there

Exit codes: 0 done, 2 an error";

/// Flags of `leaklab list`.
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub struct Args {
    /// A problem to tell about (`02search`, `search`, `02`); all of them unless told
    #[arg(value_name = "PROBLEM")]
    problem: Option<String>,
    /// Forget your progress on a problem, or on `all`; the code stays as it is
    #[arg(long, value_name = "PROBLEM", conflicts_with = "problem")]
    reset: Option<String>,
    /// How to show it
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: Format,
    #[command(flatten)]
    file: ProgressFile,
}

#[derive(Debug, Clone, Copy, Default, clap::ValueEnum)]
enum Format {
    #[default]
    Table,
    Json,
}

/// Prints the board, or a problem, on stdout.
///
/// # Errors
/// Where there is no such problem, or progress cannot be read or kept.
pub fn run(args: Args) -> anyhow::Result<ExitCode> {
    let path = args.file.path()?;
    if let Some(given) = &args.reset {
        return reset(given, &path);
    }
    let progress = Progress::load(&path)?;
    let text = match (&args.problem, args.format) {
        (None, Format::Table) => board::table(&problems::problems(), &progress),
        (None, Format::Json) => json(&board::json(&problems::problems(), &progress))?,
        (Some(given), Format::Table) => story::text(&find(given)?, &progress),
        (Some(given), Format::Json) => json(&story::json(&find(given)?, &progress))?,
    };
    std::io::stdout().write_all(text.as_bytes())?;
    Ok(ExitCode::SUCCESS)
}

fn json(value: &serde_json::Value) -> anyhow::Result<String> {
    Ok(serde_json::to_string_pretty(value)? + "\n")
}

fn reset(given: &str, path: &std::path::Path) -> anyhow::Result<ExitCode> {
    let forgotten = if given == ALL {
        problems::problems()
    } else {
        vec![find(given)?]
    };
    update(path, |progress| {
        for problem in &forgotten {
            progress.reset(&problem.name);
        }
    })?;
    for problem in &forgotten {
        eprintln!("{}: forgotten what was found, fixed and hinted", problem.id);
    }
    Ok(ExitCode::SUCCESS)
}
