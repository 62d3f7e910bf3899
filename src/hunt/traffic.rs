//! One stretch of load, and whether it was any good.

use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};
use url::Url;

use super::Error;
use super::settings::Settings;
use crate::load::table::one_line;
use crate::load::{self, Bound, Plan, Progress, Report, Shape};

/// The code that a lab answers with when it holds too much.
const MEMORY_LIMIT: &str = "MEMORY_LIMIT";

/// How long who follows stays: past the end of any hunt.
const STAY: Duration = Duration::from_secs(2 * 24 * 3600);
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// The load of a hunt: the same in each rung, but for its length.
#[derive(Debug)]
pub(super) struct Traffic {
    load: load::Settings,
    followers: Option<Followers>,
}

/// Clients who subscribe and read nothing, while others bring the events about. They stay until the hunt has ended: what is
/// kept for them is given back when they go.
#[derive(Debug)]
struct Followers {
    _stop: StopOnDrop,
    following: JoinHandle<Result<Report, load::Error>>,
}

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
        Ok(Self {
            load,
            followers: None,
        })
    }

    /// Puts load on the service for that long; what was not as it should be, and yet no failure, comes back in words.
    pub(super) async fn run(&mut self, time: Duration) -> Result<(Stretch, Option<String>), Error> {
        let plan = Plan::new(&load::Settings {
            bound: Bound::Time(time),
            ..self.beside_followers()
        })?;
        let progress = StopOnDrop(Progress::new());
        let report = load::run(plan, &progress.0).await?;
        let warning = assess(&report)?;
        let stretch = Stretch {
            time: Duration::try_from_secs_f64(report.duration).unwrap_or(time),
            requests: report.requests.sent,
            failed: failed(&report) + lost(&report),
        };
        if self.load.trigger.is_some() && self.followers.is_none() {
            // The first stretch has shown that the service lets them follow.
            self.followers = Some(Followers::gather(&self.load).await?);
        }
        Ok((stretch, warning))
    }

    /// All of the load, until there are clients who follow; then what brings the events about.
    fn beside_followers(&self) -> load::Settings {
        let load = self.load.clone();
        match &self.followers {
            None => load,
            Some(_) => load::Settings {
                operation: load.trigger.clone(),
                trigger: None,
                shape: Shape::Requests,
                ..load
            },
        }
    }
}

impl Followers {
    /// As many as there are connections; fewer where the service takes no more.
    async fn gather(load: &load::Settings) -> Result<Self, Error> {
        let plan = Plan::new(&load::Settings {
            trigger: None,
            bound: Bound::Time(STAY),
            ..load.clone()
        })?;
        let progress = Progress::new();
        let watched = progress.clone();
        let followers = Self {
            _stop: StopOnDrop(progress.clone()),
            following: tokio::spawn(async move { load::run(plan, &progress).await }),
        };
        let all_follow = async {
            while watched.connected() < load.connections as u64 && !followers.following.is_finished() {
                sleep(LOOK_EVERY).await;
            }
        };
        // Who has not come by then, does not.
        let _ = timeout(load.timeout, all_follow).await;
        Ok(followers)
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
#[derive(Debug)]
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
