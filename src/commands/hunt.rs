//! `leaklab hunt`: whether an operation leaks, where, and how much with each request.

mod args;

use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;

use anyhow::Context as _;
use heap_profile::hunt::{Baseline, Outcome, RateComparison, Report, compare_rates};
use heap_profile::render;

pub use args::Args;
use args::Format;

use super::serve::check_environment;
use super::snapshot_file::symbolizer;
use super::tell;
use crate::check::newer_than_program;
use crate::cli::{EXIT_ERROR, is_broken_pipe};
use crate::hunt::{self, Error, Hunted, Progress, Service, Settings, Stopped, with_causes};
use crate::load::table::one_line;
use crate::workshop::workspace_root;

const EXIT_LEAK: u8 = 1;
const EXIT_INCONCLUSIVE: u8 = 3;
/// As a shell has it: 128, and the number of SIGINT.
const EXIT_INTERRUPTED: u8 = 130;

/// Hunts, and prints the report on stdout.
///
/// # Errors
/// Where a file cannot be read or written, or an argument means nothing.
pub fn run(args: Args) -> anyhow::Result<ExitCode> {
    let settings = args.settings()?;
    if let Service::OwnLab { .. } = settings.service {
        check_environment()?;
    }
    tell_of_changes(&settings);
    let before = args.before()?;
    if let Some(path) = &args.write_baseline {
        can_be_written(path)?;
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let progress = Progress::new();
    let hunted = runtime.block_on(hunt::run(
        &settings,
        symbolizer(args.binary.as_deref()),
        &progress,
    ));
    // An answer that is still out is waited for by nobody.
    runtime.shutdown_background();
    let hunted = match hunted {
        Ok(hunted) => hunted,
        Err(stopped) => return Ok(fail(&stopped)),
    };
    tell(format_args!(
        "report: {}",
        hunted.folder.join("report.html").display()
    ));
    // Files first, and what went wrong with them last: whoever was to read the rest may have left.
    let change = before.map(|before| compare_rates(&before, &hunted.report));
    let written = write_files(&hunted, change.as_ref(), args.write_baseline.as_deref());
    match print(&hunted, change.as_ref(), args.format) {
        // Whoever has read enough gets to know how it ended all the same.
        Err(error) if is_broken_pipe(&error) => {}
        printed => printed?,
    }
    written?;
    Ok(exit_code(&hunted.report))
}

/// A hunt in a lab of its own is one in this program, as it was built.
fn tell_of_changes(settings: &Settings) {
    let Service::OwnLab { .. } = settings.service else {
        return;
    };
    let (Ok(problem), Ok(root)) = (problems::find_problem(&settings.subject), workspace_root()) else {
        return;
    };
    if let Some(file) = newer_than_program(&root, &problem) {
        let file = file.strip_prefix(&root).unwrap_or(&file).display();
        tell(format_args!(
            "warning: {file} was changed after this program was built, which hunts in what it was built of"
        ));
        tell(format_args!(
            "hint: cargo build --release, and hunt again; or leaklab check {}",
            problem.id
        ));
    }
}

fn exit_code(report: &Report) -> ExitCode {
    match Outcome::of(report) {
        Outcome::NoLeak => ExitCode::SUCCESS,
        Outcome::Leak => ExitCode::from(EXIT_LEAK),
        Outcome::Inconclusive => ExitCode::from(EXIT_INCONCLUSIVE),
    }
}

/// What has changed, in the hunt's folder, and the baseline.
fn write_files(
    hunted: &Hunted,
    change: Option<&RateComparison>,
    baseline: Option<&Path>,
) -> anyhow::Result<()> {
    if let Some(change) = change {
        let path = hunted.folder.join("change.json");
        write(&path, &serde_json::to_string_pretty(change)?)?;
    }
    baseline.map_or(Ok(()), |path| {
        write(path, &Baseline::of(&hunted.report).to_json())
    })
}

/// The report on stdout. What has changed follows it where it can; after JSON or a page it goes to stderr.
fn print(hunted: &Hunted, change: Option<&RateComparison>, format: Format) -> anyhow::Result<()> {
    let report = &hunted.report;
    let text = match format {
        Format::Table => render::hunt::table(report),
        Format::Json => render::hunt::json(report),
        Format::Markdown => render::hunt::markdown(report),
        Format::Html => hunted.html.clone(),
    };
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes())?;
    if let Some(change) = change {
        let text = render::hunt::change(change);
        match format {
            Format::Table | Format::Markdown => write!(out, "\n{text}")?,
            Format::Json | Format::Html => tell(text.trim_end()),
        }
    }
    Ok(out.flush()?)
}

/// Says why the hunt stopped, what to do about it, and what is left.
fn fail(stopped: &Stopped) -> ExitCode {
    tell(format_args!("error: {}", with_causes(stopped)));
    let hints = stopped.error.hint().map(str::to_owned);
    for hint in hints.into_iter().chain(stopped.evidence()) {
        tell(format_args!("hint: {}", one_line(&hint)));
    }
    ExitCode::from(match stopped.error {
        Error::Interrupted => EXIT_INTERRUPTED,
        _ => EXIT_ERROR,
    })
}

/// Better said now than after the hunt. What is not there is not made yet.
fn can_be_written(path: &Path) -> anyhow::Result<()> {
    let is_new = path.symlink_metadata().is_err();
    File::options()
        .append(true)
        .create(true)
        .open(path)
        .with_context(|| format!("`{}` cannot be written", path.display()))?;
    if is_new {
        std::fs::remove_file(path).with_context(|| format!("`{}` cannot be removed", path.display()))?;
    }
    Ok(())
}

fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    let text = format!("{}\n", text.trim_end());
    std::fs::write(path, text).with_context(|| format!("`{}` cannot be written", path.display()))
}
