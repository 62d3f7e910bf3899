//! A file for each subcommand: its flags, and the few lines that hand over to the libraries.

use std::fmt::Display;
use std::io::Write as _;

pub mod answer;
pub mod check;
pub mod compare;
mod files;
pub mod flame;
pub mod hint;
pub mod hunt;
pub mod list;
pub mod load;
mod progress_file;
pub mod serve;
mod snapshot_file;
pub mod symbolize;

/// A line on stderr. Whether anybody still reads it decides nothing.
pub(crate) fn tell(line: impl Display) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// A line on stdout, in the same way: for a command whose exit code says the same.
fn say(line: impl Display) {
    let _ = writeln!(std::io::stdout(), "{line}");
}
