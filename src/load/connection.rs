//! One connection's life: connect, exchange requests and responses, connect again.
//!
//! What happens while it is open is in `exchange`.

mod exchange;

use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::time::{Duration, Instant};

use tokio::net::TcpStream;
use tokio::time::Sleep;

use super::request::Outbox;
use super::response::{Malformed, ResponseReader};
use super::schedule::{Pacer, TIMER_GRAIN};
use super::worker::Context;

/// Pause after an attempt that came to nothing; doubled each time.
const FIRST_PAUSE: Duration = Duration::from_millis(10);
const LONGEST_PAUSE: Duration = Duration::from_millis(500);
/// So many attempts in a row, where nobody has ever answered the door, and a connection gives up.
const ATTEMPTS_UNREACHED: u32 = 3;
/// The same, where the server was there once and the load is bounded by count alone: about 10 s.
const ATTEMPTS_LOST: u32 = 25;

/// A request that is under way.
#[derive(Debug, Clone, Copy)]
struct Sent {
    written: Instant,
    /// From when its latency counts.
    from: Instant,
}

/// One connection, over all the times that it is opened.
#[derive(Debug)]
pub(super) struct Connection {
    run: Rc<Context>,
    pacer: Option<Pacer>,
    /// Requests that may be under way.
    depth: usize,
    under_way: VecDeque<Sent>,
    /// When the client hangs up, unless the answer is there by then.
    hangs_up: Option<Instant>,
    outbox: Outbox,
    reader: ResponseReader,
    timer: Pin<Box<Sleep>>,
    /// What writing ended with: then there are only answers left to read.
    write_error: Option<io::Error>,
    /// Responses since the connection was opened.
    answered: u64,
}

/// Why a connection ended.
enum Ended {
    /// Nothing is left to send or to wait for.
    Done,
    /// The server said that it would close, or closed where it may.
    Closed,
    /// The client hung up on what was under way.
    HungUp,
    /// Requests were lost.
    Broken,
}

/// How requests were lost.
#[derive(Debug, thiserror::Error)]
enum Lost {
    #[error("connection lost: {0}")]
    Io(#[from] io::Error),
    #[error("connection closed in the middle of a response")]
    CutShort,
    #[error("connection closed with requests unanswered")]
    Unanswered,
    #[error(transparent)]
    Malformed(#[from] Malformed),
    #[error("a response that was not asked for")]
    Unasked,
    #[error("no response within {0:?}")]
    Timeout(Duration),
}

impl Connection {
    pub(super) fn new(run: Rc<Context>, index: usize) -> Self {
        let plan = &run.plan;
        Self {
            pacer: plan
                .rate
                .map(|rate| Pacer::new(run.start, rate, index, plan.connections)),
            depth: plan.pipelining,
            hangs_up: None,
            under_way: VecDeque::with_capacity(plan.pipelining),
            outbox: Outbox::new(plan.requests.clone()),
            reader: ResponseReader::new(plan.bodiless),
            timer: Box::pin(tokio::time::sleep_until(run.start.into())),
            write_error: None,
            answered: 0,
            run,
        }
    }

    /// Drives the connection until nothing is left to send.
    pub(super) async fn drive(mut self) {
        let (mut refused, mut fruitless) = (0, 0);
        while !self.run.budget.is_spent(Instant::now()) {
            match self.connect().await {
                Ok(stream) => {
                    refused = 0;
                    fruitless = match self.serve(stream).await {
                        Ended::Done => break,
                        Ended::HungUp => 0,
                        _ if self.answered > 0 => 0,
                        _ => fruitless + 1,
                    };
                }
                Err(error) => {
                    refused += 1;
                    let mut statistics = self.run.statistics.borrow_mut();
                    statistics.connects_failed += 1;
                    statistics.note(format_args!("cannot connect: {error}"));
                }
            }
            if self.gives_up(refused) {
                break;
            }
            self.pause(refused.max(fruitless)).await;
        }
        if let (Some(pacer), Some(deadline)) = (&self.pacer, self.run.budget.deadline()) {
            // What the timer alone has missed is not the server's doing.
            self.run.statistics.borrow_mut().unsent += pacer.overdue(deadline - TIMER_GRAIN);
        }
    }

    async fn connect(&self) -> io::Result<TcpStream> {
        let limit = self.before_deadline(Instant::now() + self.run.plan.timeout);
        let connecting = TcpStream::connect(self.run.addresses.as_slice());
        let stream = tokio::time::timeout_at(limit.into(), connecting)
            .await
            .map_err(|_| io::Error::new(io::ErrorKind::TimedOut, "no answer in time"))??;
        stream.set_nodelay(true)?;
        self.run.progress.add_connected();
        Ok(stream)
    }

    fn gives_up(&self, refused: u32) -> bool {
        if !self.run.progress.has_connected() {
            return refused >= ATTEMPTS_UNREACHED;
        }
        self.run.budget.deadline().is_none() && refused >= ATTEMPTS_LOST
    }

    async fn pause(&self, attempts: u32) {
        if attempts > 0 {
            let pause = FIRST_PAUSE
                .saturating_mul(1 << (attempts - 1).min(10))
                .min(LONGEST_PAUSE);
            tokio::time::sleep_until(self.before_deadline(Instant::now() + pause).into()).await;
        }
    }

    fn before_deadline(&self, time: Instant) -> Instant {
        self.run
            .budget
            .deadline()
            .map_or(time, |deadline| deadline.min(time))
    }

    /// Uses the connection for as long as it lasts.
    async fn serve(&mut self, mut stream: TcpStream) -> Ended {
        self.reader.reset();
        self.outbox.clear();
        self.write_error = None;
        self.hangs_up = None;
        self.answered = 0;
        match self.exchange(&mut stream).await {
            Ok(ended) => {
                // The server has said that it will not process these (RFC 9112, 9.6): they were
                // never sent, as far as anybody's counts go.
                self.take_back();
                ended
            }
            Err(lost) => {
                self.lose(&lost);
                Ended::Broken
            }
        }
    }

    /// Returns what the server did not process, and stops pipelining: it would do so again.
    fn take_back(&mut self) {
        let count = self.under_way.len();
        if count > 0 {
            self.run.budget.give_back(count);
            if let Some(pacer) = &mut self.pacer {
                pacer.give_back(count);
            }
            self.run.statistics.borrow_mut().sent -= count as u64;
            self.under_way.clear();
            self.depth = 1;
        }
    }

    /// Counts what is under way as cut.
    fn hang_up(&mut self) -> Ended {
        let count = self.under_way.len() as u64;
        self.run.statistics.borrow_mut().cut += count;
        self.run.progress.add_cut(count);
        self.under_way.clear();
        Ended::HungUp
    }

    /// Counts what is under way as lost.
    fn lose(&mut self, lost: &Lost) {
        let now = Instant::now();
        let timeout = self.run.plan.timeout;
        let late = match lost {
            Lost::Timeout(_) => self
                .under_way
                .iter()
                .filter(|sent| now >= sent.written + timeout)
                .count(),
            _ => 0,
        };
        let mut statistics = self.run.statistics.borrow_mut();
        statistics.timeouts += late as u64;
        statistics.failed += (self.under_way.len() - late) as u64;
        statistics.note(lost);
        self.under_way.clear();
    }
}

/// A run that is broken off drops its connections.
impl Drop for Connection {
    fn drop(&mut self) {
        self.run.statistics.borrow_mut().unanswered += self.under_way.len() as u64;
    }
}
