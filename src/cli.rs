//! What was typed: the subcommands and the flags that all of them share.

use std::io::IsTerminal;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Parser, Subcommand};
use tracing_subscriber::EnvFilter;

use crate::commands::{compare, flame, load, serve};
use crate::env_vars;

/// Exit code of whatever could not be done.
pub const EXIT_ERROR: u8 = 2;

const AFTER_HELP: &str = "\
Exit codes: 0 done, 2 an error
This service leaks memory on purpose. Run it where that does no harm";

/// A GraphQL bookshop that leaks on purpose, and the tools that find the leak
#[derive(Debug, Parser)]
#[command(name = "leaklab", version, after_help = AFTER_HELP, args_conflicts_with_subcommands = true)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    serve: serve::Args,
    /// What to log on stderr, such as `debug` or `leaklab=debug,info`
    #[arg(long, global = true, env = env_vars::LOG, default_value = "info", value_name = "FILTER")]
    log: String,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Start the bookshop and its admin door (what plain `leaklab` does)
    Serve(Box<serve::Args>),
    /// Put HTTP load on a problem, an operation or an address
    Load(Box<load::Args>),
    /// Compare two snapshots or more: what grew, and where it was allocated
    Compare(compare::Args),
    /// Draw a snapshot as a flame graph (SVG)
    Flame(flame::Args),
}

/// Runs the command line and says how it ended.
pub fn main() -> ExitCode {
    run(Cli::parse()).unwrap_or_else(|error| {
        if is_broken_pipe(&error) {
            return ExitCode::SUCCESS;
        }
        eprintln!("error: {error:#}");
        ExitCode::from(EXIT_ERROR)
    })
}

fn run(cli: Cli) -> anyhow::Result<ExitCode> {
    start_log(&cli.log)?;
    match cli.command {
        None => serve::run(cli.serve),
        Some(Command::Serve(args)) => serve::run(*args),
        Some(Command::Load(args)) => load::run(*args),
        Some(Command::Compare(args)) => compare::run(args),
        Some(Command::Flame(args)) => flame::run(args),
    }
}

fn start_log(filter: &str) -> anyhow::Result<()> {
    let filter = EnvFilter::try_new(filter).with_context(|| format!("`{filter}` is no log filter"))?;
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none())
        .init();
    Ok(())
}

/// A reader that has seen enough (`leaklab compare A B | head`) is no failure.
fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error
        .chain()
        .filter_map(|cause| cause.downcast_ref::<std::io::Error>())
        .any(|io| io.kind() == std::io::ErrorKind::BrokenPipe)
}
