//! A file for each subcommand: its flags, and the few lines that hand over to the libraries.

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
