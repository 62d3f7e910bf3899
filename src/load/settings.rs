//! What was typed, as it was typed: [`Plan`](super::Plan) checks it.

use std::time::Duration;

use super::Shape;

/// Base address of the server, where none is given.
pub const DEFAULT_TARGET: &str = "http://127.0.0.1:3000";
/// The problem that is meant where none is named.
pub const DEFAULT_PROBLEM: &str = "00hello";
/// Connections, as in the workshop.
pub const DEFAULT_CONNECTIONS: usize = 100;
/// Requests under way on each connection, as in the workshop.
pub const DEFAULT_PIPELINING: usize = 10;
/// How long a load runs, as in the workshop.
pub const DEFAULT_DURATION: Duration = Duration::from_secs(3);
/// How long a request may take, as in autocannon.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);

/// What was typed.
#[derive(Debug, Clone)]
pub struct Settings {
    /// A problem (`00hello`, or a unique prefix of its number or name) or an address (`http://...`).
    /// `None`: the operation if there is one, else the problem `00hello`.
    pub subject: Option<String>,
    /// Base address that problems and operations are below.
    pub target: String,
    /// What the clients do.
    pub shape: Shape,
    /// A GraphQL operation to POST; with [`Shape::Stalled`] the subscription, whose socket is at `/ws` below the address.
    pub operation: Option<Operation>,
    /// With [`Shape::Stalled`]: an operation to POST meanwhile, so that there are events.
    pub trigger: Option<Operation>,
    /// With [`Shape::HangUps`]: the longest wait for an answer. `None`: the median latency of those that are waited for.
    pub patience: Option<Duration>,
    /// The method; `None`: POST where there is an operation or a body, else GET.
    pub method: Option<String>,
    /// Headers, each `name: value` or `name=value`.
    pub headers: Vec<String>,
    /// The body, as it is sent.
    pub body: Option<Vec<u8>>,
    /// Connections that are open at a time; with [`Shape::Stalled`] the subscriptions.
    pub connections: usize,
    /// Requests that may be under way on a connection; one, where the shape closes it after each.
    pub pipelining: usize,
    /// When to stop.
    pub bound: Bound,
    /// Requests per second over all connections; `None`: as many as can be answered.
    pub rate: Option<f64>,
    /// How long a request may take.
    pub timeout: Duration,
    /// Whether hosts other than this machine are fine.
    pub allow_remote: bool,
}

/// A GraphQL operation to put under load.
#[derive(Debug, Clone)]
pub struct Operation {
    /// The document.
    pub document: String,
    /// Template of its variables, expanded for each request (see [`crate::variables`]).
    pub variables: Option<serde_json::Value>,
}

/// When a load stops.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bound {
    /// No request is sent after this time; those that are under way are waited for.
    Time(Duration),
    /// Exactly this many requests are sent, over all connections together.
    Amount(u64),
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            subject: None,
            target: DEFAULT_TARGET.to_owned(),
            shape: Shape::Requests,
            operation: None,
            trigger: None,
            patience: None,
            method: None,
            headers: Vec::new(),
            body: None,
            connections: DEFAULT_CONNECTIONS,
            pipelining: DEFAULT_PIPELINING,
            bound: Bound::Time(DEFAULT_DURATION),
            rate: None,
            timeout: DEFAULT_TIMEOUT,
            allow_remote: false,
        }
    }
}
