//! The hunt: load and snapshots in turn, until it is decided whether an operation leaks.
//!
//! A hunt climbs a ladder. Warm up, so that what is made once is made; put load on the service in rungs, with a snapshot
//! after each; settle and stand idle, so that what drains has drained. Then the evidence is judged, and where it does not
//! suffice, the ladder goes on, each time with about twice the load.
//!
//! # Layout
//! - [`Settings`]: what is hunted, and how; [`run`] hunts it. `ladder` is its course: start reading there
//! - `plan`: how long the next rung is, in plain arithmetic
//! - `ladder::holders`: who holds what leaks, asked at the end
//! - `target`: a lab of its own, or a server that runs; `admin`: what is asked of its admin door
//! - `traffic`: one stretch of load, and whether it was any good
//! - `evidence`: the snapshots, judged; `folder`: where they are kept; [`Progress`]: what is said meanwhile
//! - `interrupt`: Ctrl-C
//!
//! What the snapshots say is judged by [`heap_profile::hunt`].

pub(crate) mod admin;
mod error;
mod evidence;
mod folder;
pub(crate) mod interrupt;
mod ladder;
mod plan;
mod progress;
mod settings;
mod target;
mod traffic;

pub use error::{Error, Stopped, with_causes};
pub use ladder::{Hunted, run};
pub use progress::Progress;
pub use settings::{
    DEFAULT_BUDGET, DEFAULT_CONNECTIONS, DEFAULT_CONTROL, DEFAULT_FOLDER, DEFAULT_HOLDERS,
    DEFAULT_PIPELINING, DEFAULT_RUNG, DEFAULT_SAMPLE_INTERVAL, Service, Settings,
};
