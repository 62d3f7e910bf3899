//! The door as a client meets it: a real server, real sockets, forged headers.

// A test that cannot be set up has failed.
#![allow(clippy::unwrap_used)]

// The build script's own modules: what they refuse is tested here.
#[allow(dead_code, reason = "the build script uses what the tests do not")]
#[path = "../../build/archive.rs"]
mod archive;
#[allow(dead_code, reason = "the build script uses what the tests do not")]
#[path = "../../build/manifest.rs"]
mod manifest;
#[allow(dead_code, reason = "the build script uses what the tests do not")]
#[path = "../../build/npm.rs"]
mod npm;

mod building;
mod client;
mod guarding;
mod page;
mod requests;
mod served;
mod sockets;
