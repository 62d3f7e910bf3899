//! What comes of a load. As JSON it has the names that autocannon gives the same things.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::figures::{Distribution, Figures, LatencyFigures, RequestFigures};
use super::statistics::Statistics;
use super::{Bound, Plan, Shape};

/// The result of a load.
///
/// Every request has one end: `requests.sent` is the sum of `requests.total` (responses),
/// `cut`, `timeouts`, `failed` and `unanswered`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Report {
    /// The address.
    pub url: String,
    /// What the clients did.
    #[serde(default)]
    pub shape: Shape,
    /// Connections that were open at a time.
    pub connections: usize,
    /// Requests that could be under way on each.
    pub pipelining: usize,
    /// How many requests were to be sent, where the load was bounded by count.
    pub amount: Option<u64>,
    /// Requests per second that were asked for, over all connections.
    pub rate: Option<f64>,
    /// How long it took, in seconds, until the last answer.
    pub duration: f64,
    /// How it ended.
    pub ended: Ended,
    /// How long responses took, in milliseconds.
    pub latency: LatencyFigures,
    /// Responses in each second, and requests in all.
    pub requests: RequestFigures,
    /// Bytes read in each second.
    pub throughput: Distribution,
    /// The subscriptions whose clients read no events, where the load had any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subscriptions: Option<SubscriptionFigures>,
    /// Responses by status.
    #[serde(flatten)]
    pub statuses: Statuses,
    /// Responses of status 2xx whose JSON has top-level `errors`, and subscriptions that began with errors.
    pub graphql_errors: GraphQlFigures,
    /// The first answer of another status than 2xx.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refusal: Option<Refusal>,
    /// Requests on which the client hung up before the answer.
    #[serde(default)]
    pub cut: u64,
    /// Requests that were not answered in time.
    pub timeouts: u64,
    /// Requests that were lost because their connection broke, or because what came was no HTTP.
    pub failed: u64,
    /// Requests that were under way when the load was broken off.
    pub unanswered: u64,
    /// Requests that were due by the rate, and never sent, since the server was too slow for it.
    pub unsent: u64,
    /// Attempts to connect that failed.
    pub connect_errors: u64,
    /// All that went wrong below HTTP: `timeouts`, `failed` and `connectErrors`.
    pub errors: u64,
    /// The first few different messages about these.
    pub error_messages: Vec<String>,
    /// Bytes that were read.
    pub bytes_read: u64,
    /// Bytes that were written.
    pub bytes_written: u64,
}

/// How a load ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum Ended {
    /// Everything was sent.
    Complete,
    /// It was stopped from outside.
    Interrupted,
    /// The server could not be reached, or not any more.
    GaveUp,
}

/// What became of subscriptions whose clients read no events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubscriptionFigures {
    /// How many there were to be.
    pub asked: u64,
    /// How many were taken in by the server.
    pub opened: u64,
    /// How many of these the server ended, or sent an error instead of the first event.
    pub refused: u64,
}

/// Responses by the first digit of their status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Statuses {
    /// Interim responses, which are no answers.
    #[serde(rename = "1xx")]
    pub interim: u64,
    /// Status 200 to 299.
    #[serde(rename = "2xx")]
    pub success: u64,
    /// Status 300 to 399.
    #[serde(rename = "3xx")]
    pub redirection: u64,
    /// Status 400 to 499.
    #[serde(rename = "4xx")]
    pub client_error: u64,
    /// Status 500 and above.
    #[serde(rename = "5xx")]
    pub server_error: u64,
    /// Answers of any status but 2xx.
    #[serde(rename = "non2xx")]
    pub non_success: u64,
}

/// An answer that was no success.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// Its status.
    pub status: u16,
    /// How its body begins, in one line.
    pub body: String,
}

/// Responses with GraphQL errors.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GraphQlFigures {
    /// How many.
    pub total: u64,
    /// How many by the code of their first error (`no code` where it has none).
    pub codes: BTreeMap<String, u64>,
    /// The first few different messages.
    pub messages: Vec<String>,
}

impl Report {
    /// Whether anything was answered at all.
    pub fn reached(&self) -> bool {
        let opened = self.subscriptions.map_or(0, |subscriptions| subscriptions.opened);
        self.requests.total > 0 || opened > 0
    }

    pub(super) fn new(plan: &Plan, counted: &Statistics, elapsed: Duration, ended: Ended) -> Self {
        let seconds = elapsed.as_secs_f64();
        let samples = |value: fn(&super::statistics::Second) -> u64, total| {
            Figures::new(counted.seconds.iter().map(value), total, elapsed)
        };
        Self {
            url: plan.url.to_string(),
            shape: plan.shape,
            connections: plan.connections,
            pipelining: plan.pipelining,
            amount: match plan.bound {
                Bound::Amount(amount) => Some(amount),
                Bound::Time(_) => None,
            },
            rate: plan.rate,
            duration: seconds,
            ended,
            latency: LatencyFigures::new(counted),
            requests: RequestFigures {
                sent: counted.sent,
                total: counted.responses(),
                each_second: samples(|second| second.responses, counted.responses()),
            },
            throughput: Distribution {
                total: counted.bytes_read,
                each_second: samples(|second| second.bytes, counted.bytes_read),
            },
            subscriptions: None,
            statuses: Statuses::new(counted),
            graphql_errors: GraphQlFigures {
                total: counted.graphql.responses,
                codes: counted.graphql.codes.clone(),
                messages: counted.graphql.messages.clone(),
            },
            refusal: counted.refusal.clone(),
            cut: counted.cut,
            timeouts: counted.timeouts,
            failed: counted.failed,
            unanswered: counted.unanswered,
            unsent: counted.unsent,
            connect_errors: counted.connects_failed,
            errors: counted.timeouts + counted.failed + counted.connects_failed,
            error_messages: counted.messages.clone(),
            bytes_read: counted.bytes_read,
            bytes_written: counted.bytes_written,
        }
    }
}

impl Statuses {
    fn new(counted: &Statistics) -> Self {
        let [_, interim, success, redirection, client_error, server_error] = counted.statuses;
        let non_success = counted.responses() - success;
        Self {
            interim,
            success,
            redirection,
            client_error,
            server_error,
            non_success,
        }
    }
}
