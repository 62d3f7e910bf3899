//! `leaklab load`: puts HTTP load on a problem, an operation or an address.

mod args;

use std::io::{IsTerminal, Write};
use std::pin::pin;
use std::process::ExitCode;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

pub use args::Args;
use args::Format;

use super::tell;
use crate::cli::EXIT_ERROR;
use crate::load::table::{Tables, one_line};
use crate::load::{self, Bound, Ended, Plan, Progress, Report};

const DRAW_EVERY: Duration = Duration::from_millis(100);

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

/// Runs the load, ends it on Ctrl-C, and shows how far it is.
async fn drive(plan: Plan) -> Result<Report, load::Error> {
    let progress = Progress::new();
    let bar = Bar::new(plan.bound());
    let watch = async {
        loop {
            // One listener for as long as it takes: what comes between two is heard by neither.
            let mut interrupted = pin!(tokio::signal::ctrl_c());
            loop {
                tokio::select! {
                    _ = &mut interrupted => break progress.stop(),
                    () = tokio::time::sleep(DRAW_EVERY) => bar.draw(&progress),
                }
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
    tell(format_args!("error: {error:#}"));
    if let Some(hint) = hint {
        tell(format_args!("hint: {hint}"));
    }
    ExitCode::from(EXIT_ERROR)
}
