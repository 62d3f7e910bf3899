//! `leaklab check`: whether a changed problem is fixed.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use heap_admin::DateTime;

use super::snapshot_file::symbolizer;
use crate::check::{self, Error, Settings};
use crate::cli::EXIT_ERROR;
use crate::hunt::{self, Progress};
use crate::load::table::one_line;

const EXIT_REFUSED: u8 = 1;
/// As a shell has it: 128, and the number of SIGINT.
const EXIT_INTERRUPTED: u8 = 130;

const AFTER_HELP: &str = "\
Builds the server with your change to the Rust files in problems/pNN_name, starts it, sees that its API
and its answers are those of the shop, that it keeps what the shop needs and no more, and then hunts
in it. To judge a further change run it again: it builds anew.

Exit codes: 0 fixed, 1 not fixed, 2 an error, 130 interrupted";

/// Flags of `leaklab check`.
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub struct Args {
    /// The problem (`00hello`, `hello`, `00`)
    #[arg(value_name = "PROBLEM")]
    problem: String,
    /// Judge this program, which serves as `leaklab serve` does, and not what stands in the folder
    #[arg(long, value_name = "PROGRAM")]
    server: Option<PathBuf>,
    /// Seconds that the hunt may take in all
    #[arg(long, default_value_t = hunt::DEFAULT_BUDGET.as_secs(), value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=86_400))]
    budget: u64,
    /// Folder for the evidence [default: ./hunts/WHEN-check-PROBLEM]
    #[arg(short, long, value_name = "DIR")]
    output: Option<PathBuf>,
}

/// Judges, and says on stdout what came of it.
///
/// # Errors
/// Where stdout cannot be written.
pub fn run(args: Args) -> anyhow::Result<ExitCode> {
    let folder = args.output.unwrap_or_else(|| {
        let when = DateTime::now().timestamp().strftime("%Y%m%dT%H%M%S%.3fZ");
        PathBuf::from(hunt::DEFAULT_FOLDER).join(format!("{when}-check"))
    });
    let settings = Settings {
        problem: args.problem,
        root: std::env::current_dir()?,
        server: args.server,
        budget: Duration::from_secs(args.budget),
        folder,
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()?;
    let progress = Progress::new();
    let judged = runtime.block_on(check::run(&settings, symbolizer(None), &progress));
    runtime.shutdown_background();
    match judged {
        Ok(sound) => {
            println!("{}", sound.problem);
            Ok(ExitCode::SUCCESS)
        }
        Err(error) => Ok(fail(&error)),
    }
}

fn fail(error: &Error) -> ExitCode {
    let hint = error.hint();
    match error {
        Error::Refused(refusal) => {
            println!("not fixed: {}", one_line(&refusal.why));
            println!("hint: {}", one_line(&refusal.next));
            if let Some(report) = &refusal.report {
                eprintln!("report: {}", report.display());
            }
            return ExitCode::from(EXIT_REFUSED);
        }
        other => eprintln!("error: {}", hunt::with_causes(other)),
    }
    if let Some(hint) = hint {
        eprintln!("hint: {}", one_line(&hint));
    }
    ExitCode::from(match error {
        Error::Interrupted => EXIT_INTERRUPTED,
        _ => EXIT_ERROR,
    })
}
