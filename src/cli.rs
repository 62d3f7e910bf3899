//! What was typed: the subcommands and the flags that all of them share.

use std::ffi::OsString;
use std::io::IsTerminal;
use std::process::ExitCode;

use anyhow::anyhow;
use clap::{CommandFactory as _, Parser, Subcommand};
use tracing_subscriber::EnvFilter;

use crate::commands::{answer, check, compare, flame, hint, hunt, list, load, serve, symbolize, tell};
use crate::env_vars;
use crate::server::PublicSchema;

/// Exit code of whatever could not be done.
pub const EXIT_ERROR: u8 = 2;

const AFTER_HELP: &str = "\
Exit codes: 0 done, 2 an error
This service leaks memory on purpose. Run it where that does no harm";

/// A GraphQL bookshop that leaks on purpose, and the tools that find the leak
#[derive(Debug, Parser)]
#[command(name = "leaklab", version, after_help = AFTER_HELP)]
struct Cli {
    #[command(subcommand)]
    command: Command,
    /// What to log on stderr, such as `debug` or `leaklab=debug,info`
    #[arg(long, global = true, env = env_vars::LOG, default_value = "info", value_name = "FILTER")]
    log: String,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Start the bookshop and its admin door (what plain `leaklab` does)
    Serve(Box<serve::Args>),
    /// Show the board: the problems, and what you have found and fixed; or one problem's story
    List(list::Args),
    /// Show the next hint for a problem; it is counted
    Hint(hint::Args),
    /// Say what is wrong with a problem: what piles up, who holds it, and what kind of mistake it is
    Answer(answer::Args),
    /// Put HTTP load on a problem, an operation or an address
    Load(Box<load::Args>),
    /// Decide whether an operation leaks, where and how much: load and snapshots in turn
    Hunt(Box<hunt::Args>),
    /// Judge your fix of a problem: build it, see that it still does its work, and hunt in it
    Check(check::Args),
    /// Compare two snapshots or more: what grew, and where it was allocated, or whose it is
    Compare(compare::Args),
    /// Draw a snapshot, or what changed from one to another, as a flame graph (SVG)
    Flame(flame::Args),
    /// Give a snapshot on stdin its names, or tell its live heap by a key, or who holds memory: for programs
    Symbolize(symbolize::Args),
}

/// Runs the command line and says how it ended. `serve` serves `S`: the lab's own schema, or one with the same API.
pub fn main<S: PublicSchema>() -> ExitCode {
    let cli = Cli::parse_from(with_default_command(std::env::args_os().collect()));
    run::<S>(cli).unwrap_or_else(|error| {
        if is_broken_pipe(&error) {
            return ExitCode::SUCCESS;
        }
        tell(format_args!("error: {error:#}"));
        ExitCode::from(EXIT_ERROR)
    })
}

/// Plain `leaklab`, with flags or without, means `leaklab serve`.
///
/// Not by flattening the flags of `serve` into [`Cli`]: their variables would then be read, and
/// could be wrong, for every command.
fn with_default_command(mut args: Vec<OsString>) -> Vec<OsString> {
    let command = Cli::command();
    let is_command = |arg: &OsString| {
        arg.to_str()
            .is_some_and(|arg| arg == "help" || command.find_subcommand(arg).is_some())
    };
    let asks_for_help = |arg: &OsString| ["-h", "--help", "-V", "--version"].iter().any(|flag| arg == flag);
    let given = args.get(1..).unwrap_or_default();
    let is_flag = |arg: &OsString| arg.as_encoded_bytes().starts_with(b"-");
    let plain = given
        .first()
        .is_none_or(|first| is_flag(first) && !asks_for_help(first));
    if plain && !given.iter().any(is_command) {
        args.insert(1.min(args.len()), "serve".into());
    }
    args
}

fn run<S: PublicSchema>(cli: Cli) -> anyhow::Result<ExitCode> {
    start_log(&cli.log)?;
    match cli.command {
        Command::Serve(args) => serve::run::<S>(*args),
        Command::List(args) => list::run(args),
        Command::Hint(args) => hint::run(args),
        Command::Answer(args) => answer::run(args),
        Command::Load(args) => load::run(*args),
        Command::Hunt(args) => hunt::run(*args),
        Command::Check(args) => check::run(args),
        Command::Compare(args) => compare::run(args),
        Command::Flame(args) => flame::run(args),
        Command::Symbolize(args) => symbolize::run(args),
    }
}

fn start_log(filter: &str) -> anyhow::Result<()> {
    let filter = EnvFilter::try_new(filter).map_err(|error| {
        anyhow!("`{filter}` is no log filter: {error}\nhint: such as `debug`, or `leaklab=debug,info`")
    })?;
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        // A line that nobody reads any more is lost; told on stderr too, that would end whoever has logged it.
        .log_internal_errors(false)
        .with_ansi(std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none())
        .init();
    Ok(())
}

/// A reader that has seen enough (`leaklab compare A B | head`) is no failure.
pub(crate) fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error
        .chain()
        .filter_map(|cause| cause.downcast_ref::<std::io::Error>())
        .any(|io| io.kind() == std::io::ErrorKind::BrokenPipe)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn becomes(typed: &str) -> String {
        let args = typed.split_whitespace().map(OsString::from).collect();
        let args = with_default_command(args)
            .into_iter()
            .map(|arg| arg.into_string().expect("text"));
        args.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn plain_leaklab_serves_with_flags_or_without() {
        assert_eq!(becomes("leaklab"), "leaklab serve");
        assert_eq!(becomes("leaklab --memory-bar"), "leaklab serve --memory-bar");
        for whole in [
            "leaklab load 02",
            "leaklab --log debug load",
            "leaklab --help",
            "leaklab nonsense",
        ] {
            assert_eq!(becomes(whole), whole);
        }
    }

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }
}
