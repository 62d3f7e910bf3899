//! A load of subscriptions whose clients read no events, and perhaps of requests meanwhile that bring the events about.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::{StreamExt as _, stream};

use super::report::{Ended, Report, SubscriptionFigures};
use super::statistics::Statistics;
use super::subscription::{First, Stalled, Subscriptions};
use super::worker::{self, Outcome};
use super::{Bound, Error, Plan, Progress, target};

/// So many are opened at a time.
const OPENED_AT_ONCE: usize = 64;

/// Opens the subscriptions, holds them while the load runs, and closes them.
pub(super) async fn run(
    plan: Arc<Plan>,
    subscriptions: &Subscriptions,
    progress: &Progress,
) -> Result<Report, Error> {
    let addresses = target::resolve(&plan.url, plan.allow_remote).await?;
    let mut failures = Statistics::new(Instant::now());
    let open = tokio::select! {
        open = open_all(subscriptions, &addresses, progress, &mut failures) => open,
        () = progress.stopped() => Vec::new(),
    };
    let mut outcome = match plan.bound {
        _ if progress.is_stopped() => Outcome::nothing(Ended::Interrupted),
        _ if open.is_empty() => Outcome::nothing(Ended::GaveUp),
        Bound::Time(duration) if !subscriptions.triggered => hold(duration, progress).await,
        _ => worker::run(plan.clone(), progress).await?,
    };
    outcome.statistics.merge(&failures);
    let figures = close_all(open, subscriptions.count, &mut outcome.statistics).await;
    let mut report = outcome.report(&plan);
    report.subscriptions = Some(figures);
    Ok(report)
}

async fn open_all(
    subscriptions: &Subscriptions,
    addresses: &[SocketAddr],
    progress: &Progress,
    failures: &mut Statistics,
) -> Vec<Stalled> {
    let opening = (0..subscriptions.count).map(|_| subscriptions.open(addresses));
    let mut opening = stream::iter(opening).buffer_unordered(OPENED_AT_ONCE);
    let mut open = Vec::new();
    while let Some(opened) = opening.next().await {
        match opened {
            Ok(stalled) => {
                progress.add_connected();
                open.push(stalled);
            }
            Err(error) => {
                failures.connects_failed += 1;
                failures.note(error);
            }
        }
    }
    open
}

/// Nothing happens for so long.
async fn hold(duration: Duration, progress: &Progress) -> Outcome {
    let start = Instant::now();
    let ended = tokio::select! {
        () = tokio::time::sleep(duration) => Ended::Complete,
        () = progress.stopped() => Ended::Interrupted,
    };
    Outcome {
        elapsed: start.elapsed(),
        ..Outcome::nothing(ended)
    }
}

/// All at once, since each may wait for a moment.
async fn close_all(open: Vec<Stalled>, asked: usize, counted: &mut Statistics) -> SubscriptionFigures {
    let mut figures = SubscriptionFigures {
        asked: asked as u64,
        opened: open.len() as u64,
        refused: 0,
    };
    let at_once = open.len().max(1);
    let mut closing = stream::iter(open.into_iter().map(Stalled::close)).buffer_unordered(at_once);
    while let Some(first) = closing.next().await {
        if let First::Errors(errors) = &first {
            counted.graphql.record(errors);
        }
        figures.refused += u64::from(!matches!(first, First::Event));
    }
    figures
}
