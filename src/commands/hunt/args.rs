//! The flags of `leaklab hunt`, and what they mean.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, anyhow};
use bytesize::ByteSize;
use clap::ArgGroup;
use heap_admin::DateTime;
use heap_profile::hunt::{Baseline, Report, Threshold};
use problems::LoadRecipe;

use super::super::files;
use super::super::serve::sample_interval;
use super::super::snapshot_file::explain;
use crate::env_vars;
use crate::hunt::{self, Service, Settings};
use crate::load::{Operation, Shape, recipe};
use crate::variables::Template;

const AFTER_HELP: &str = "\
Warms up, puts load on the service in rungs with a snapshot after each, lets it
settle and stand idle, and judges what was born under load and is still alive.
Where it cannot tell yet whether there is a leak, or could see only large ones,
it puts on more load, until --budget is spent. Of what leaks it asks the service
in the end who holds it: the way to a static, a thread or a task.

A problem brings its operation and says what its clients do; --load-shape and
--trigger say otherwise. Without --target it starts a lab of its own, and ends
it. With --target it hunts any service that carries heap-admin, your own too.

Examples:
  leaklab hunt 00                                    a problem, in a lab of its own
  leaklab hunt 02 --format markdown > report.md
  leaklab hunt --operation search.graphql --variables search.json \\
      --target http://127.0.0.1:8080 --admin http://127.0.0.1:8081
  leaklab hunt 00 --before hunts/.../report.json     is it better than it was?

Exit codes: 0 no leak (or only those of --baseline), 1 a leak, 2 an error, 3 inconclusive (or a check failed),
130 interrupted";

/// Flags of `leaklab hunt`.
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP, group = ArgGroup::new("hunted").required(true))]
pub struct Args {
    /// A problem (`00hello`, `hello`, `00`)
    #[arg(value_name = "PROBLEM", group = "hunted")]
    problem: Option<String>,
    /// GraphQL document to hunt
    #[arg(long, value_name = "FILE", group = "hunted")]
    operation: Option<PathBuf>,
    /// JSON with the operation's variables, as `leaklab load` takes it
    #[arg(long, value_name = "FILE", requires = "operation", conflicts_with = "problem")]
    variables: Option<PathBuf>,
    /// A service that runs: its GraphQL endpoint, or the address that /graphql is below
    #[arg(long, value_name = "URL", requires = "admin")]
    target: Option<String>,
    /// Its admin door
    #[arg(long, value_name = "URL", requires = "target")]
    admin: Option<String>,
    /// Bearer token of its admin door
    #[arg(long, env = env_vars::ADMIN_TOKEN, hide_env_values = true, value_name = "TOKEN")]
    admin_token: Option<String>,
    /// Hunt on a host other than this machine
    #[arg(long)]
    allow_remote: bool,
    /// Leave the snapshots in the service too
    #[arg(long, requires = "target")]
    keep_snapshots: bool,
    /// Sampling interval of the lab that is started, a power of two
    #[arg(long, default_value = hunt::DEFAULT_SAMPLE_INTERVAL, value_name = "SIZE", value_parser = sample_interval, conflicts_with = "target")]
    sample_interval: ByteSize,
    /// The binary of the service, if it is not where the snapshots say
    #[arg(long, value_name = "PATH")]
    pub(super) binary: Option<PathBuf>,
    /// What the clients do [default: what the problem says; requests for an operation]
    #[arg(long, visible_alias = "shape", value_enum, value_name = "SHAPE")]
    load_shape: Option<Shape>,
    /// With --load-shape stalled: GraphQL document to POST meanwhile, so that there are events
    /// [default: what the problem says]
    #[arg(long, value_name = "FILE")]
    trigger: Option<PathBuf>,
    /// JSON with the trigger's variables
    #[arg(long, value_name = "FILE", requires = "trigger")]
    trigger_variables: Option<PathBuf>,
    /// Connections that are open at a time
    #[arg(short, long, default_value_t = hunt::DEFAULT_CONNECTIONS, value_name = "N")]
    connections: usize,
    /// Requests that may be under way on each connection
    #[arg(short, long, default_value_t = hunt::DEFAULT_PIPELINING, value_name = "N")]
    pipelining: usize,
    /// Requests per second over all connections [default: as many as are answered]
    #[arg(short, long, value_name = "N")]
    rate: Option<f64>,
    /// Seconds that each of the first rungs lasts
    #[arg(long, default_value_t = hunt::DEFAULT_RUNG.as_secs_f64(), value_name = "SECONDS", value_parser = seconds)]
    rung: f64,
    /// Seconds that the hunt may take in all; one look is taken in any case
    #[arg(long, default_value_t = hunt::DEFAULT_BUDGET.as_secs_f64(), value_name = "SECONDS", value_parser = seconds)]
    budget: f64,
    /// Growth per request, or whatever the load is counted in, below which there is none
    #[arg(long, default_value_t = Threshold::default().per_unit, value_name = "BYTES", value_parser = amount)]
    threshold: f64,
    /// Growth per second without load below which there is none
    #[arg(long, default_value_t = Threshold::default().per_second, value_name = "BYTES", value_parser = amount)]
    time_threshold: f64,
    /// Have the service leak so many bytes with each request, 16 to 4096, and 256 unless told, to see that they are found
    #[arg(long, value_name = "BYTES", num_args = 0..=1, default_missing_value = hunt::DEFAULT_CONTROL, value_parser = clap::value_parser!(u64).range(16..=4096))]
    control: Option<u64>,
    /// Ask who holds what leaks, for so many sites: about a second for each, after --budget; 0 asks for none
    #[arg(long, env = env_vars::HOLDERS, default_value_t = hunt::DEFAULT_HOLDERS, value_name = "N")]
    holders: usize,
    /// Known leaks, which do not fail the hunt
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,
    /// Write what leaks, or may leak, as a baseline
    #[arg(long, value_name = "FILE")]
    pub(super) write_baseline: Option<PathBuf>,
    /// The report.json of an earlier hunt: says what has changed since, after the report; with json and html on stderr.
    /// change.json in the hunt's folder has it as data
    #[arg(long, value_name = "FILE")]
    before: Option<PathBuf>,
    /// Folder for snapshots and report [default: ./hunts/WHEN-SUBJECT]
    #[arg(short, long, value_name = "DIR")]
    output: Option<PathBuf>,
    /// How to print the report
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    pub(super) format: Format,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Format {
    #[default]
    Table,
    Json,
    Markdown,
    Html,
}

impl Args {
    /// What they mean.
    pub(super) fn settings(&self) -> anyhow::Result<Settings> {
        let (subject, operation, load) = self.subject()?;
        let shape = recipe::shape(self.load_shape, load.as_ref());
        let baseline = self.baseline.as_deref().map(read_baseline).transpose()?;
        let folder = match &self.output {
            Some(folder) => folder.clone(),
            None => default_folder(&subject),
        };
        Ok(Settings {
            subject,
            operation,
            service: self.service(),
            allow_remote: self.allow_remote,
            shape,
            trigger: recipe::trigger(self.typed_trigger()?, shape, load.as_ref()),
            connections: self.connections,
            pipelining: self.pipelining,
            rate: self.rate,
            rung: Duration::from_secs_f64(self.rung),
            budget: Duration::from_secs_f64(self.budget),
            threshold: Threshold {
                per_unit: self.threshold,
                per_second: self.time_threshold,
            },
            control: self.control,
            holders: self.holders,
            baseline,
            folder,
            keep_snapshots: self.keep_snapshots,
        })
    }

    /// The report of the hunt before, where one was named.
    pub(super) fn before(&self) -> anyhow::Result<Option<Report>> {
        self.before.as_deref().map(read_report).transpose()
    }

    fn typed_trigger(&self) -> anyhow::Result<Option<Operation>> {
        let path = self.trigger.as_deref();
        path.map(|path| read_operation(path, self.trigger_variables.as_deref()))
            .transpose()
    }

    /// What the report calls it, what is sent, and what a problem says of its load.
    fn subject(&self) -> anyhow::Result<(String, Operation, Option<LoadRecipe>)> {
        if let Some(path) = &self.operation {
            let operation = read_operation(path, self.variables.as_deref())?;
            let name = path.file_name().unwrap_or(path.as_os_str());
            return Ok((name.to_string_lossy().into_owned(), operation, None));
        }
        let given = self.problem.as_deref().unwrap_or_default();
        let problem =
            problems::find_problem(given).map_err(|error| anyhow!("{error}\nhint: {}", error.hint()))?;
        let operation = recipe::operation(&problem);
        Ok((problem.id, operation, Some(problem.load)))
    }

    fn service(&self) -> Service {
        match (&self.target, &self.admin) {
            (Some(target), Some(admin)) => Service::Running {
                target: target.clone(),
                admin: admin.clone(),
                token: self.admin_token.clone(),
            },
            _ => Service::OwnLab {
                sample_interval: self.sample_interval.as_u64(),
            },
        }
    }
}

/// `./hunts/WHEN-SUBJECT`: sorts by time, needs no quoting.
fn default_folder(subject: &str) -> PathBuf {
    let when = DateTime::now().timestamp().strftime("%Y%m%dT%H%M%S%.3fZ");
    let fits = |c: char| {
        if c.is_ascii_alphanumeric() || c == '-' || c == '_' {
            c
        } else {
            '-'
        }
    };
    let subject: String = subject.chars().map(fits).collect();
    Path::new(hunt::DEFAULT_FOLDER).join(format!("{when}-{subject}"))
}

/// With variables that mean something: better said now than in the middle of the hunt.
fn read_operation(document: &Path, variables: Option<&Path>) -> anyhow::Result<Operation> {
    let operation = files::read_operation(document, variables)?;
    Template::parse(operation.variables.as_ref().unwrap_or(&serde_json::Value::Null))?;
    Ok(operation)
}

fn read_report(path: &Path) -> anyhow::Result<Report> {
    let report = serde_json::from_str(&files::read(path)?);
    report.with_context(|| format!("`{}` is no report of a hunt", path.display()))
}

fn read_baseline(path: &Path) -> anyhow::Result<Baseline> {
    Baseline::parse(&files::read(path)?).map_err(|error| explain(&path.display().to_string(), &error))
}

/// A day is past any sensible hunt.
const MOST_SECONDS: f64 = 24.0 * 3600.0;

fn seconds(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(seconds) if seconds > 0.0 && seconds <= MOST_SECONDS => Ok(seconds),
        _ => Err("not a number of seconds, more than 0 and at most a day".to_owned()),
    }
}

fn amount(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(bytes) if bytes > 0.0 && bytes.is_finite() => Ok(bytes),
        _ => Err("not a number of bytes, more than 0: growth of none at all cannot be told".to_owned()),
    }
}
