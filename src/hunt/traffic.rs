//! One stretch of load, and whether it was any good.

use std::time::Duration;

use url::Url;

use super::Error;
use super::settings::Settings;
use crate::load::table::one_line;
use crate::load::{self, Bound, Plan, Progress, Report};

/// The code that a lab answers with when it holds too much.
const MEMORY_LIMIT: &str = "MEMORY_LIMIT";

/// The load of a hunt: the same in each rung, but for its length.
#[derive(Debug)]
pub(super) struct Traffic(load::Settings);

/// What came of a stretch of load.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Stretch {
    /// How long it took.
    pub(super) time: Duration,
    /// Requests that were sent.
    pub(super) requests: u64,
    /// Requests that were answered with an error, or not at all.
    pub(super) failed: u64,
}

impl Traffic {
    /// The load, once it is seen that such a load can be put on the service.
    pub(super) fn new(url: &Url, settings: &Settings) -> Result<Self, Error> {
        let load = load::Settings {
            subject: Some(url.to_string()),
            operation: Some(settings.operation.clone()),
            shape: settings.shape,
            trigger: settings.trigger.clone(),
            connections: settings.connections,
            pipelining: settings.pipelining,
            rate: settings.rate,
            allow_remote: settings.allow_remote,
            ..load::Settings::default()
        };
        Plan::new(&load)?;
        Ok(Self(load))
    }

    /// Puts load on the service for that long; what was not as it should be, and yet no failure, comes back in words.
    pub(super) async fn run(&self, time: Duration) -> Result<(Stretch, Option<String>), Error> {
        let plan = Plan::new(&load::Settings {
            bound: Bound::Time(time),
            ..self.0.clone()
        })?;
        let progress = StopOnDrop(Progress::new());
        let report = load::run(plan, &progress.0).await?;
        let warning = assess(&report)?;
        let stretch = Stretch {
            time: Duration::try_from_secs_f64(report.duration).unwrap_or(time),
            requests: report.requests.sent,
            failed: failed(&report) + lost(&report),
        };
        Ok((stretch, warning))
    }
}

impl std::ops::AddAssign for Stretch {
    fn add_assign(&mut self, more: Self) {
        self.time += more.time;
        self.requests += more.requests;
        self.failed += more.failed;
    }
}

/// A load has threads of its own, which a hunt that is broken off must not leave behind.
struct StopOnDrop(Progress);

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        self.0.stop();
    }
}

/// A load of which most failed proves nothing; a few failures are worth a word.
fn assess(report: &Report) -> Result<Option<String>, Error> {
    let answers = report.requests.total;
    if report.ended == load::Ended::GaveUp || answers == 0 && report.errors > 0 {
        return Err(Error::Silent {
            url: report.url.clone(),
            reason: report.error_messages.first().cloned().unwrap_or_default(),
        });
    }
    let message = first_message(report);
    if report.graphql_errors.codes.contains_key(MEMORY_LIMIT) {
        // What the service says to do about it is for its clients; the error has a hint of its own.
        let message = message.split("; hint:").next().unwrap_or_default().to_owned();
        return Err(Error::MemoryLimit { message });
    }
    let failed = failed(report);
    if failed * 2 > answers {
        return Err(Error::Failing {
            failed,
            all: answers,
            message,
        });
    }
    Ok(match (failed, lost(report)) {
        (0, 0) => None,
        (0, lost) => Some(format!("{lost} requests were not answered")),
        (failed, _) => Some(format!("{failed} of {answers} answers were errors: {message}")),
    })
}

fn failed(report: &Report) -> u64 {
    report.graphql_errors.total + report.statuses.non_success
}

fn lost(report: &Report) -> u64 {
    report.timeouts + report.failed
}

fn first_message(report: &Report) -> String {
    let refusal = report.refusal.as_ref();
    let refusal = refusal.map(|refusal| format!("status {}, {}", refusal.status, refusal.body));
    let graphql = report.graphql_errors.messages.first().cloned();
    one_line(&graphql.or(refusal).unwrap_or_default())
}
