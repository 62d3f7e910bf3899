//! `leaklab hint NN`: a problem's hints, one level at a time, counted.

use std::fmt::Write as _;
use std::io::Write as _;
use std::ops::Range;
use std::path::Path;
use std::process::ExitCode;

use problems::Problem;

use super::progress_file::{ProgressFile, find};
use crate::workshop::{Progress, ProgressError, hints, update, workspace_root};

const AFTER_HELP: &str = "\
The first hint says where to look, the second what to see there, the third nearly says it.
They are read from the workspace: run it in the folder that you cloned leaklab to, or below it.

Exit codes: 0 done, 2 an error";

/// Flags of `leaklab hint`.
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub struct Args {
    /// The problem (`02search`, `search`, `02`)
    #[arg(value_name = "PROBLEM")]
    problem: String,
    /// Show those again that you have seen; that is not counted
    #[arg(long)]
    again: bool,
    #[command(flatten)]
    file: ProgressFile,
}

/// Prints the next hint on stdout.
///
/// # Errors
/// Where there is no such problem, the hints are not there, or progress cannot be kept.
pub fn run(args: Args) -> anyhow::Result<ExitCode> {
    let problem = find(&args.problem)?;
    let levels = hints::read(&workspace_root()?, &problem)?;
    let path = args.file.path()?;
    let shown = if args.again {
        0..seen(&Progress::load(&path)?, &problem.name, &levels)
    } else {
        next(&path, &problem.name, &levels)?
    };
    std::io::stdout().write_all(text(&levels, shown.clone())?.as_bytes())?;
    if shown.is_empty() {
        say_none(&problem, args.again);
    }
    Ok(ExitCode::SUCCESS)
}

/// The level that comes next, which is counted; none where all were seen.
fn next(path: &Path, name: &str, levels: &[String]) -> Result<Range<usize>, ProgressError> {
    let before = seen(&Progress::load(path)?, name, levels);
    if before == levels.len() {
        return Ok(before..before);
    }
    update(path, |progress| {
        let from = seen(progress, name, levels);
        if from < levels.len() {
            progress.hint_shown(name);
        }
        from..seen(progress, name, levels)
    })
}

fn say_none(problem: &Problem, again: bool) {
    let id = &problem.id;
    if again {
        eprintln!("you have seen no hint for {id} yet");
        eprintln!("hint: leaklab hint {id}");
    } else {
        let solution = hints::folder(Path::new(""), problem).join("solution.md");
        eprintln!("you have seen all hints for {id}");
        eprintln!(
            "hint: leaklab hint {id} --again; after that only {} is left",
            solution.display()
        );
    }
}

/// How many of the hints that there are were shown.
fn seen(progress: &Progress, name: &str, levels: &[String]) -> usize {
    let shown = progress.entry(name).hints;
    levels.len().min(shown.try_into().unwrap_or(usize::MAX))
}

fn text(levels: &[String], which: Range<usize>) -> Result<String, std::fmt::Error> {
    let mut text = String::new();
    for index in which {
        if !text.is_empty() {
            text.push('\n');
        }
        writeln!(
            text,
            "hint {} of {}\n\n{}",
            index + 1,
            levels.len(),
            levels[index]
        )?;
    }
    Ok(text)
}
