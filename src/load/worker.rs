//! The threads of a load: each has a runtime and connections of its own, and shares with the
//! others only what is left to send.

use std::cell::RefCell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::oneshot;
use tokio::task::{JoinSet, LocalSet};

use super::connection::Connection;
use super::graphql::Detector;
use super::patience::Patience;
use super::report::{Ended, Report};
use super::schedule::Budget;
use super::statistics::Statistics;
use super::{Error, Plan, Progress, Shape, target};

/// What the connections of one thread have in common.
#[derive(Debug)]
pub(super) struct Context {
    pub(super) plan: Arc<Plan>,
    pub(super) addresses: Arc<Vec<SocketAddr>>,
    pub(super) budget: Arc<Budget>,
    pub(super) progress: Progress,
    pub(super) start: Instant,
    pub(super) detector: Detector,
    /// Where clients hang up: when.
    pub(super) patience: Option<RefCell<Patience>>,
    pub(super) statistics: RefCell<Statistics>,
}

/// What comes of the requests of a load.
#[derive(Debug)]
pub(super) struct Outcome {
    pub(super) statistics: Statistics,
    pub(super) elapsed: Duration,
    pub(super) ended: Ended,
}

impl Outcome {
    /// Of a load that sent no requests.
    pub(super) fn nothing(ended: Ended) -> Self {
        Self {
            statistics: Statistics::new(Instant::now()),
            elapsed: Duration::ZERO,
            ended,
        }
    }

    pub(super) fn report(&self, plan: &Plan) -> Report {
        Report::new(plan, &self.statistics, self.elapsed, self.ended)
    }
}

/// Sends a load's requests, on at most as many threads as there are cores.
pub(super) async fn run(plan: Arc<Plan>, progress: &Progress) -> Result<Outcome, Error> {
    let addresses = Arc::new(target::resolve(&plan.url, plan.allow_remote).await?);
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let threads = cores.min(plan.connections);
    let start = Instant::now();
    let budget = Arc::new(Budget::new(plan.bound, start));
    let started: Result<Vec<_>, _> = (0..threads)
        .map(|thread| {
            let (plan, addresses, budget) = (plan.clone(), addresses.clone(), budget.clone());
            let progress = progress.clone();
            let patience = (plan.shape == Shape::HangUps).then(|| Patience::new(plan.patience));
            start_thread(thread, threads, move || Context {
                plan,
                addresses,
                budget,
                progress,
                start,
                detector: Detector::new(),
                patience: patience.map(RefCell::new),
                statistics: RefCell::new(Statistics::new(start)),
            })
        })
        .collect();
    let mut statistics = Statistics::new(start);
    for thread in started? {
        let died = |_| Error::Thread(std::io::Error::other("it ended early"));
        statistics.merge(&thread.await.map_err(died)?.map_err(Error::Thread)?);
    }
    let elapsed = start.elapsed();
    let ended = match (progress.is_stopped(), budget.is_spent(Instant::now())) {
        (true, _) => Ended::Interrupted,
        (false, true) => Ended::Complete,
        (false, false) => Ended::GaveUp,
    };
    Ok(Outcome {
        statistics,
        elapsed,
        ended,
    })
}

type Counted = oneshot::Receiver<std::io::Result<Statistics>>;

/// Starts a thread for every `threads`-th connection.
fn start_thread(
    thread: usize,
    threads: usize,
    context: impl FnOnce() -> Context + Send + 'static,
) -> Result<Counted, Error> {
    let (sender, receiver) = oneshot::channel();
    std::thread::Builder::new()
        .name(format!("load-{thread}"))
        .spawn(move || {
            // Nobody listens any more: then the load itself was dropped.
            let _ = sender.send(drive(context(), thread, threads));
        })
        .map_err(Error::Thread)?;
    Ok(receiver)
}

fn drive(context: Context, thread: usize, threads: usize) -> std::io::Result<Statistics> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let context = Rc::new(context);
    let local = LocalSet::new();
    runtime.block_on(local.run_until(async {
        let mut connections = JoinSet::new();
        for index in (thread..context.plan.connections).step_by(threads) {
            connections.spawn_local(Connection::new(context.clone(), index).drive());
        }
        tokio::select! {
            () = context.progress.stopped() => {}
            () = async { while connections.join_next().await.is_some() {} } => {}
        }
    }));
    // Connections that were broken off are dropped with it, and count what they leave.
    drop(local);
    let context =
        Rc::try_unwrap(context).map_err(|_| std::io::Error::other("a connection is still there"))?;
    Ok(context.statistics.into_inner())
}
