//! The flags of `leaklab load`, and what they mean.

use std::path::PathBuf;
use std::time::Duration;

use clap::ValueEnum;
use problems::{LoadRecipe, Problem};

use super::super::files;
use crate::env_vars;
use crate::load::{self, Bound, Operation, Settings, Shape, recipe};

const AFTER_HELP: &str = "\
Latency runs from the write of a request to the end of its response; with --rate
from the moment when the request was due, so that a server that stalls cannot
hide it. At the end of its time a load waits for the answers under way.

Some leaks show with other clients only. A problem says which it needs; --shape
and --trigger say otherwise:
  --shape connections   a new connection for each request
  --shape hang-ups      clients that hang up on most requests: the server
                        cancels these
  --shape stalled       -c subscriptions (--operation, over a WebSocket at /ws
                        below the address) from which no events are read;
                        --trigger is POSTed meanwhile, over a few connections

Examples:
  leaklab load                                  problem 00hello, as in the workshop
  leaklab load 02 -a 10000                      exactly 10,000 requests
  leaklab load http://127.0.0.1:8080/ -r 500    500 requests a second
  leaklab load --operation search.graphql --variables search.json
  leaklab load --operation news.graphql --shape stalled --trigger write.graphql -a 1000

Exit codes: 0 done, whatever the answers were, or stopped with Ctrl-C; 2 nothing answered,
the server went away before the amount was sent, or the load could not be started";

/// Flags of `leaklab load`.
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub struct Args {
    /// A problem (`00hello`, `hello`, `00`) or an address (`http://...`) [default: 00hello]
    #[arg(value_name = "PROBLEM | URL")]
    subject: Option<String>,
    /// What the clients do [default: what the problem says; requests for an operation or an address]
    #[arg(long, visible_alias = "load-shape", value_enum, value_name = "SHAPE")]
    shape: Option<Shape>,
    /// Longest wait before hanging up, in seconds, with --shape hang-ups; waits are drawn evenly up to it
    /// [default: the median latency of the one request in 8 that is waited for]
    #[arg(long, value_name = "SECONDS")]
    patience: Option<f64>,
    /// Connections that are open at a time [default: what the problem says, else 100]
    #[arg(short, long, value_name = "N")]
    connections: Option<usize>,
    /// Seconds for which requests are sent
    #[arg(short, long, default_value_t = load::DEFAULT_DURATION.as_secs_f64(), value_name = "SECONDS")]
    duration: f64,
    /// Requests that may be under way on each connection [default: what the problem says, else 10]
    #[arg(short, long, value_name = "N")]
    pipelining: Option<usize>,
    /// Send exactly so many requests in all, however long it takes (instead of --duration)
    #[arg(short, long, value_name = "N")]
    amount: Option<u64>,
    /// Requests per second over all connections [default: as many as are answered]
    #[arg(
        short = 'r',
        long,
        visible_alias = "overallRate",
        short_alias = 'R',
        value_name = "N"
    )]
    rate: Option<f64>,
    /// Method [default: GET; POST with a body or an operation]
    #[arg(short, long)]
    method: Option<String>,
    /// Header, as `name: value` or name=value; may be repeated
    #[arg(
        short = 'H',
        long = "header",
        visible_alias = "headers",
        value_name = "HEADER"
    )]
    headers: Vec<String>,
    /// Body of each request
    #[arg(short, long)]
    body: Option<String>,
    /// Seconds that a request may take; its connection is opened anew after that
    #[arg(short, long, default_value_t = load::DEFAULT_TIMEOUT.as_secs_f64(), value_name = "SECONDS")]
    timeout: f64,
    /// GraphQL document to POST, to /graphql of the target or to the address
    #[arg(long, value_name = "FILE")]
    operation: Option<PathBuf>,
    /// JSON with the operation's variables; {"$int": [1, 9]}, {"$counter": 0}, {"$word": 8} and
    /// {"$pick": [...]} in it are drawn anew for each request
    #[arg(long, value_name = "FILE", requires = "operation")]
    variables: Option<PathBuf>,
    /// GraphQL document to POST meanwhile, with --shape stalled: what brings the events about
    /// [default: what the problem says]
    #[arg(long, value_name = "FILE")]
    trigger: Option<PathBuf>,
    /// JSON with the trigger's variables, as in --variables
    #[arg(long, value_name = "FILE", requires = "trigger")]
    trigger_variables: Option<PathBuf>,
    /// Base address of the server, for problems and operations
    #[arg(long, env = env_vars::TARGET, default_value = load::DEFAULT_TARGET, value_name = "URL")]
    target: String,
    /// Put load on a host other than this machine
    #[arg(long)]
    allow_remote: bool,
    /// How to print the result
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    pub(super) format: Format,
    /// Short for --format json
    #[arg(short, long, conflicts_with = "format")]
    pub(super) json: bool,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    #[default]
    Table,
    Json,
}

impl Args {
    pub(super) fn settings(&self) -> anyhow::Result<Settings> {
        let problem = self.problem();
        let load = problem.as_ref().map(|problem| &problem.load);
        let shape = recipe::shape(self.shape, load);
        let of_load = |typed: Option<usize>, said: fn(&LoadRecipe) -> usize, other| {
            typed.or(load.map(said)).unwrap_or(other)
        };
        let mut subject = self.subject.clone();
        let mut sent = operation(&self.operation, &self.variables)?;
        // The address of a problem answers requests; a subscription is followed where operations go.
        let followed = problem
            .as_ref()
            .filter(|_| shape == Shape::Stalled && sent.is_none());
        if let Some(problem) = followed {
            (subject, sent) = (None, Some(recipe::operation(problem)));
        }
        Ok(Settings {
            subject,
            target: self.target.clone(),
            shape,
            trigger: recipe::trigger(operation(&self.trigger, &self.trigger_variables)?, shape, load),
            patience: self.patience.map(seconds),
            operation: sent,
            method: self.method.clone(),
            headers: self.headers.clone(),
            body: self.body.clone().map(String::into_bytes),
            connections: of_load(
                self.connections,
                |load| load.connections,
                load::DEFAULT_CONNECTIONS,
            ),
            pipelining: of_load(self.pipelining, |load| load.pipelining, load::DEFAULT_PIPELINING),
            bound: self
                .amount
                .map_or_else(|| Bound::Time(seconds(self.duration)), Bound::Amount),
            rate: self.rate,
            timeout: seconds(self.timeout),
            allow_remote: self.allow_remote,
        })
    }

    /// The problem that is named. The server may know others than this program: what is none is left to it.
    fn problem(&self) -> Option<Problem> {
        problems::find_problem(self.subject.as_deref()?).ok()
    }
}

fn operation(document: &Option<PathBuf>, variables: &Option<PathBuf>) -> anyhow::Result<Option<Operation>> {
    let read = |document: &PathBuf| files::read_operation(document, variables.as_deref());
    document.as_ref().map(read).transpose()
}

/// What is no time (negative, endless) becomes one that the plan refuses.
fn seconds(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds).unwrap_or(if seconds > 0.0 {
        Duration::MAX
    } else {
        Duration::ZERO
    })
}
