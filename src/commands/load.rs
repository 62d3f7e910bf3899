//! `leaklab load`: puts HTTP load on a problem, an operation or an address.

use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;
use clap::ValueEnum;
use indicatif::{ProgressBar, ProgressStyle};

use crate::cli::EXIT_ERROR;
use crate::env_vars;
use crate::load::table::{Tables, one_line};
use crate::load::{self, Bound, Ended, Operation, Plan, Progress, Report, Settings, Shape};

const DRAW_EVERY: Duration = Duration::from_millis(100);

const AFTER_HELP: &str = "\
Latency runs from the write of a request to the end of its response; with --rate from the
moment when the request was due, so that a server that stalls cannot hide it.
At the end of its time a load waits for the answers that are under way.

Some leaks show with other clients only:
  --shape connections   a new connection for each request, closed after its answer
  --shape hang-ups      clients that hang up on most requests: the server cancels these
  --shape stalled       -c subscriptions (--operation, over a WebSocket at /ws below the address) from
                        which no events are read; --trigger is POSTed meanwhile, over a few connections

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
    /// What the clients do
    #[arg(long, value_enum, default_value_t, value_name = "SHAPE")]
    shape: Shape,
    /// Longest wait before hanging up, in seconds, with --shape hang-ups; waits are drawn evenly up to it
    /// [default: the median latency of the one request in 8 that is waited for]
    #[arg(long, value_name = "SECONDS")]
    patience: Option<f64>,
    /// Connections that are open at a time
    #[arg(short, long, default_value_t = load::DEFAULT_CONNECTIONS, value_name = "N")]
    connections: usize,
    /// Seconds for which requests are sent
    #[arg(short, long, default_value_t = load::DEFAULT_DURATION.as_secs_f64(), value_name = "SECONDS")]
    duration: f64,
    /// Requests that may be under way on each connection
    #[arg(short, long, default_value_t = load::DEFAULT_PIPELINING, value_name = "N")]
    pipelining: usize,
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
    format: Format,
    /// Short for --format json
    #[arg(short, long, conflicts_with = "format")]
    json: bool,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    #[default]
    Table,
    Json,
}

/// Runs a load, and prints what came of it.
///
/// # Errors
/// Where a file cannot be read, or the result cannot be written.
pub fn run(args: Args) -> anyhow::Result<ExitCode> {
    let plan = match Plan::new(&args.settings()?) {
        Ok(plan) => plan,
        Err(error) => return Ok(fail(error, None)),
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let report = match runtime.block_on(drive(plan)) {
        Ok(report) => report,
        Err(error) => return Ok(fail(error, None)),
    };
    print(&report, if args.json { Format::Json } else { args.format })?;
    Ok(judge(&report))
}

/// What the figures come to: the exit code, and a word about what is wrong.
fn judge(report: &Report) -> ExitCode {
    if let Some(warning) = all_refused(report) {
        eprintln!("warning: {warning}");
    }
    let url = &report.url;
    let reason = |message: Option<&String>| {
        message.map_or_else(String::new, |reason| format!(": {}", one_line(reason)))
    };
    let (error, hint) = match report.ended {
        Ended::Interrupted => return ExitCode::SUCCESS,
        _ if !report.reached() => (
            format!(
                "nothing answered at {url}{}",
                reason(report.error_messages.first())
            ),
            "start a server first: leaklab serve",
        ),
        Ended::GaveUp => (
            format!(
                "the server went away: given up after {} of {} requests to {url}{}",
                report.requests.sent,
                report.amount.unwrap_or_default(),
                reason(
                    report
                        .error_messages
                        .iter()
                        .rfind(|message| message.starts_with("cannot connect"))
                ),
            ),
            "see what the server said last, and start it again",
        ),
        _ => return ExitCode::SUCCESS,
    };
    fail(anyhow::anyhow!(error), Some(hint))
}

/// The first answer, where there were answers and none was a success.
fn all_refused(report: &Report) -> Option<String> {
    let refusal = report.refusal.as_ref().filter(|_| report.statuses.success == 0)?;
    let body = match refusal.body.as_str() {
        "" => "an empty body".to_owned(),
        body => one_line(body),
    };
    Some(format!(
        "no answer was a success; the first, with status {}: {body}",
        refusal.status
    ))
}

impl Args {
    fn settings(&self) -> anyhow::Result<Settings> {
        Ok(Settings {
            subject: self.subject.clone(),
            target: self.target.clone(),
            shape: self.shape,
            trigger: operation(self.trigger.as_deref(), self.trigger_variables.as_deref())?,
            patience: self.patience.map(seconds),
            operation: operation(self.operation.as_deref(), self.variables.as_deref())?,
            method: self.method.clone(),
            headers: self.headers.clone(),
            body: self.body.clone().map(String::into_bytes),
            connections: self.connections,
            pipelining: self.pipelining,
            bound: self
                .amount
                .map_or_else(|| Bound::Time(seconds(self.duration)), Bound::Amount),
            rate: self.rate,
            timeout: seconds(self.timeout),
            allow_remote: self.allow_remote,
        })
    }
}

/// Reads an operation's document and variables, where there is one.
fn operation(document: Option<&Path>, variables: Option<&Path>) -> anyhow::Result<Option<Operation>> {
    let read = |path: &Path| {
        std::fs::read_to_string(path).with_context(|| format!("`{}` cannot be read", path.display()))
    };
    let json = |path: &Path| {
        serde_json::from_str(&read(path)?).with_context(|| format!("`{}` is no JSON", path.display()))
    };
    let Some(document) = document else {
        return Ok(None);
    };
    Ok(Some(Operation {
        document: read(document)?,
        variables: variables.map(json).transpose()?,
    }))
}

/// What is no time (negative, endless) becomes one that the plan refuses.
fn seconds(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds).unwrap_or(if seconds > 0.0 {
        Duration::MAX
    } else {
        Duration::ZERO
    })
}

/// Runs the load, ends it on Ctrl-C, and shows how far it is.
async fn drive(plan: Plan) -> Result<Report, load::Error> {
    let progress = Progress::new();
    let bar = Bar::new(plan.bound());
    let watch = async {
        loop {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => progress.stop(),
                () = tokio::time::sleep(DRAW_EVERY) => bar.draw(&progress),
            }
        }
    };
    let report = tokio::select! {
        report = load::run(plan, &progress) => report,
        () = watch => unreachable!("it watches for ever"),
    };
    bar.0.finish_and_clear();
    report
}

/// A bar on stderr, where that is a terminal.
struct Bar(ProgressBar, Bound);

impl Bar {
    fn new(bound: Bound) -> Self {
        if !std::io::stderr().is_terminal() {
            return Self(ProgressBar::hidden(), bound);
        }
        let (length, style) = match bound {
            Bound::Time(duration) => (
                duration.as_millis() as u64,
                "{elapsed_precise} {wide_bar} {msg} responses",
            ),
            Bound::Amount(amount) => (
                amount,
                "{elapsed_precise} {wide_bar} {human_pos}/{human_len} responses",
            ),
        };
        let bar = ProgressBar::new(length);
        bar.set_style(ProgressStyle::with_template(style).unwrap_or_else(|_| ProgressStyle::default_bar()));
        Self(bar, bound)
    }

    fn draw(&self, progress: &Progress) {
        let responses = progress.responses() + progress.cut();
        match self.1 {
            Bound::Time(duration) => {
                self.0.set_message(responses.to_string());
                self.0
                    .set_position(self.0.elapsed().min(duration).as_millis() as u64);
            }
            Bound::Amount(_) => self.0.set_position(responses),
        }
    }
}

fn print(report: &Report, format: Format) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    match format {
        Format::Table => writeln!(out, "{}", Tables(report))?,
        Format::Json => writeln!(out, "{}", serde_json::to_string_pretty(report)?)?,
    }
    Ok(out.flush()?)
}

/// Says what went wrong, and what to do about it.
fn fail(error: impl Into<anyhow::Error>, hint: Option<&str>) -> ExitCode {
    let error = error.into();
    let hint = hint.or_else(|| error.downcast_ref::<load::Error>().and_then(load::Error::hint));
    eprintln!("error: {error:#}");
    if let Some(hint) = hint {
        eprintln!("hint: {hint}");
    }
    ExitCode::from(EXIT_ERROR)
}
