//! The load driver: HTTP/1.1 keep-alive connections with pipelining, as autocannon drives them.
//!
//! # Layout
//! - [`Settings`]: what was typed; [`Plan`]: what that means, checked before anything runs
//! - [`Shape`]: what the clients do
//! - `patience`: how long a client waits before it hangs up
//! - `target`: which address is meant, and which addresses are refused
//! - `request`: the bytes that are sent
//! - `response`: the bytes that come back, in whatever pieces
//! - `schedule`: who may send how many requests, and when
//! - `connection`: one connection's life; `worker`: the connections of one thread
//! - `subscription`: one that nobody reads from; `stalled`: many of them
//! - `statistics`, `graphql`: what is counted; [`Report`], `figures`: what comes of it; [`table`]: how it reads
//!
//! # What is measured
//! Latency runs from the write of a request to the last byte of its response. With a rate it
//! runs from the moment when the request was *due*: a server that stalls delays the requests
//! behind it too, and a driver that waits for it would leave them out of the figures
//! ("coordinated omission").
//!
//! Every request that was sent has one end:
//! `sent = responses + cut + timeouts + failed + unanswered`. At the end of its time a run waits for
//! the answers that are still out, so `unanswered` is zero unless the run was broken off.

mod connection;
mod error;
mod figures;
mod graphql;
mod patience;
mod plan;
mod progress;
pub(crate) mod recipe;
mod report;
mod request;
mod response;
mod schedule;
mod settings;
mod shape;
mod stalled;
mod statistics;
mod subscription;
pub mod table;
mod target;
mod worker;

pub use error::Error;
pub use figures::{Distribution, Figures, LatencyFigures, RequestFigures};
pub use plan::Plan;
pub use progress::Progress;
pub use report::{Ended, GraphQlFigures, Refusal, Report, Statuses, SubscriptionFigures};
pub use settings::{
    Bound, DEFAULT_CONNECTIONS, DEFAULT_DURATION, DEFAULT_PIPELINING, DEFAULT_PROBLEM, DEFAULT_TARGET,
    DEFAULT_TIMEOUT, Operation, Settings,
};
pub use shape::Shape;

use std::sync::Arc;

/// Runs a load to its end.
///
/// A server that does not answer is no error: the report says so (see [`Report::reached`]).
///
/// # Errors
/// Where the host has no address, or the threads cannot be started.
pub async fn run(plan: Plan, progress: &Progress) -> Result<Report, Error> {
    let plan = Arc::new(plan);
    match &plan.subscriptions {
        Some(subscriptions) => stalled::run(plan.clone(), subscriptions, progress).await,
        None => Ok(worker::run(plan.clone(), progress).await?.report(&plan)),
    }
}
