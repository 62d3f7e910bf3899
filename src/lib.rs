//! leaklab: a GraphQL bookshop that leaks on purpose, and the tools that find the leak.
//!
//! This library is the application. What other services can use lives in crates of its own:
//! `heap-admin` (the instrument), `heap-recorder` (the allocator's side), `heap-profile`
//! (snapshots read and compared).
//!
//! # Layout
//! - [`cli`]: what was typed; start reading here
//! - [`env_vars`]: every environment variable that is read
//! - [`commands`]: a file for each subcommand
//! - [`server`]: the two doors, shutdown, the memory watch
//! - [`load`]: the HTTP load driver
//! - [`hunt`]: load and snapshots in turn, until it is decided whether an operation leaks
//! - [`check`]: the judge of a change to a problem
//! - `own_lab`: a lab in a process of its own; `digest`: hashes as text
//! - [`variables`]: operation variables that are fresh for each call
//! - [`workshop`]: what a learner has found and fixed, hints, and answers
#![forbid(unsafe_code)]

pub mod check;
pub mod cli;
pub mod commands;
mod digest;
pub mod env_vars;
pub mod hunt;
pub mod load;
mod own_lab;
pub mod server;
pub mod variables;
pub mod workshop;
