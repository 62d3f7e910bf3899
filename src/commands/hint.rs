//! `leaklab hint NN`: a problem's hints, one level at a time, counted.

use std::fmt::Write as _;
use std::io::Write as _;
use std::process::ExitCode;

use super::progress_file::{ProgressFile, find};
use crate::workshop::{Progress, hints, update, workspace_root};

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
    let root = workspace_root()?;
    let levels = hints::read(&root, &problem)?;
    let path = args.file.path()?;
    let id = &problem.id;
    let seen_before = seen(&Progress::load(&path)?, &problem.name, &levels);
    let mut text = String::new();
    if args.again {
        show(&mut text, &levels, 0..seen_before)?;
    } else if seen_before < levels.len() {
        let (from, to) = update(&path, |progress| {
            let from = seen(progress, &problem.name, &levels);
            if from < levels.len() {
                progress.hint_shown(&problem.name);
            }
            (from, seen(progress, &problem.name, &levels))
        })?;
        show(&mut text, &levels, from..to)?;
    }
    std::io::stdout().write_all(text.as_bytes())?;
    if args.again && seen_before == 0 {
        eprintln!("you have seen no hint for {id} yet");
        eprintln!("hint: leaklab hint {id}");
    } else if text.is_empty() {
        eprintln!("you have seen all hints for {id}");
        eprintln!(
            "hint: leaklab hint {id} --again; after that only {} is left",
            solution(&problem)
        );
    }
    Ok(ExitCode::SUCCESS)
}

fn solution(problem: &problems::Problem) -> String {
    let folder = hints::folder(std::path::Path::new(""), problem);
    folder.join("solution.md").display().to_string()
}

/// How many of the hints that there are were shown.
fn seen(progress: &Progress, name: &str, levels: &[String]) -> usize {
    let shown = progress.entry(name).hints;
    levels.len().min(shown.try_into().unwrap_or(usize::MAX))
}

fn show(text: &mut String, levels: &[String], which: std::ops::Range<usize>) -> std::fmt::Result {
    for (index, level) in levels.iter().enumerate().take(which.end).skip(which.start) {
        if index > which.start {
            text.push('\n');
        }
        writeln!(text, "hint {} of {}\n\n{level}", index + 1, levels.len())?;
    }
    Ok(())
}
