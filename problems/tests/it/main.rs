//! The bookshop from outside: its data, its schema, its problems.
//!
//! Nothing here measures memory: that takes a process of its own.
// The engine asks the merged root types one inside the other.
#![recursion_limit = "256"]
#![allow(clippy::unwrap_used)]

mod afterwards;
mod api;
mod bad_input;
mod catalogue;
mod database;
mod jokes;
mod lab;
mod seed;
mod support;
