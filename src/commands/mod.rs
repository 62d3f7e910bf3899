//! A file for each subcommand: its flags, and the few lines that hand over to the libraries.

pub mod check;
pub mod compare;
mod files;
pub mod flame;
pub mod hunt;
pub mod load;
pub mod serve;
mod snapshot_file;
pub mod symbolize;
