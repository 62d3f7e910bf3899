//! `leaklab check`: whether a changed problem is fixed.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use heap_admin::DateTime;
use problems::Problem;

use super::progress_file::{ProgressFile, find};
use super::serve::check_environment;
use super::snapshot_file::symbolizer;
use super::{say, tell};
use crate::check::{self, Error, Settings, Sound};
use crate::cli::EXIT_ERROR;
use crate::hunt::{self, Progress};
use crate::load::table::one_line;
use crate::workshop::{Answer, Answers, Judgement, can_be_kept, update, workspace_root};

const EXIT_REFUSED: u8 = 1;
/// As a shell has it: 128, and the number of SIGINT.
const EXIT_INTERRUPTED: u8 = 130;

const AFTER_HELP: &str = "\
Builds the server with your change to the Rust files in problems/pNN_name, and
starts it. Sees that its API and its answers are those of the shop, and that it
keeps what the shop needs and no more; hunts in it; and looks whether it still
does all that. To judge a further change run it again: it builds anew.

Exit codes: 0 fixed, 1 not fixed, 2 an error, 130 interrupted";

/// Flags of `leaklab check`.
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub struct Args {
    /// The problem (`00hello`, `hello`, `00`)
    #[arg(value_name = "PROBLEM")]
    problem: String,
    /// Judge this program, which serves as `leaklab serve` does, and not what stands in the folder; it is not kept as a fix
    #[arg(long, value_name = "PROGRAM")]
    server: Option<PathBuf>,
    /// Seconds that the hunt may take in all
    #[arg(long, default_value_t = hunt::DEFAULT_BUDGET.as_secs(), value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=86_400))]
    budget: u64,
    /// Folder for the evidence [default: ./hunts/WHEN-check-PROBLEM]
    #[arg(short, long, value_name = "DIR")]
    output: Option<PathBuf>,
    #[command(flatten)]
    file: ProgressFile,
}

/// Judges, and says on stdout what came of it.
///
/// # Errors
/// Where there is no such problem, no workspace, or progress cannot be kept.
pub fn run(args: Args) -> anyhow::Result<ExitCode> {
    let problem = find(&args.problem)?;
    let progress_file = args.file.path()?;
    check_environment()?;
    let own = args.server.is_none();
    if own {
        // Better said now than after all the work.
        can_be_kept(&progress_file)?;
    }
    let settings = Settings {
        problem: problem.id.clone(),
        root: workspace_root()?,
        server: args.server,
        budget: Duration::from_secs(args.budget),
        folder: args.output.unwrap_or_else(|| default_folder(&problem)),
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()?;
    let judged = runtime.block_on(check::run(&settings, symbolizer(None), &Progress::new()));
    runtime.shutdown_background();
    let innocent = is_innocent(&problem);
    let counts = own && matches!(judged, Ok(_) | Err(Error::Refused(_)));
    // Before anything is said of it: whoever was to read that may have left.
    let kept = counts.then(|| {
        update(&progress_file, |progress| {
            progress.check_made(&problem.name);
            if judged.is_ok() && !innocent {
                progress.mark_fixed(&problem.name);
            }
        })
    });
    let code = match &judged {
        Ok(sound) => {
            say(praise(&problem, sound, innocent));
            ExitCode::SUCCESS
        }
        Err(error) => fail(error),
    };
    if own && matches!(judged, Err(Error::Refused(_))) {
        say(format_args!(
            "hint: after the next change run `leaklab check {}` again: it builds anew",
            problem.id
        ));
    }
    kept.transpose()?;
    Ok(code)
}

/// `./hunts/WHEN-check-PROBLEM`.
fn default_folder(problem: &Problem) -> PathBuf {
    let when = DateTime::now().timestamp().strftime("%Y%m%dT%H%M%S%.3fZ");
    PathBuf::from(hunt::DEFAULT_FOLDER).join(format!("{when}-check-{}", problem.id))
}

fn is_innocent(problem: &Problem) -> bool {
    let judged = Answers::embedded().judge(&problem.name, &Answer::Innocent);
    judged.is_ok_and(|(judgement, _)| judgement == Judgement::Right)
}

fn praise(problem: &Problem, sound: &Sound, innocent: bool) -> String {
    let report = &sound.hunted.report;
    let seen = report
        .smallest_leak
        .per_unit
        .map_or_else(String::new, |smallest| {
            format!(
                "; growth of {smallest:.0} bytes with each {} would have been seen",
                report.unit.name()
            )
        });
    let verdict = format!("{:?}", report.verdict).to_lowercase();
    let said = format!("{} does what the shop needs, and is {verdict}{seen}", problem.id);
    if innocent {
        format!(
            "{said}\nhint: leaklab answer {} takes what you make of it",
            problem.id
        )
    } else {
        format!("fixed: {said}")
    }
}

fn fail(error: &Error) -> ExitCode {
    let hint = error.hint();
    match error {
        Error::Refused(refusal) | Error::NotJudged(refusal) => {
            say(format_args!("not fixed: {}", one_line(&refusal.why)));
            say(format_args!("hint: {}", one_line(&refusal.next)));
            if let Some(report) = &refusal.report {
                tell(format_args!("report: {}", report.display()));
            }
            return ExitCode::from(EXIT_REFUSED);
        }
        other => tell(format_args!("error: {}", hunt::with_causes(other))),
    }
    if let Some(hint) = hint {
        tell(format_args!("hint: {}", one_line(&hint)));
    }
    ExitCode::from(match error {
        Error::Interrupted => EXIT_INTERRUPTED,
        _ => EXIT_ERROR,
    })
}
