//! Requests and responses on an open connection.
//!
//! A turn writes what may be sent as one batch, reads what has come into one buffer, and tops
//! up by as many requests as were answered. Nothing is allocated for a request.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use super::{Connection, Ended, Lost, Sent};
use crate::load::Shape;

/// After so long a request that was not written whole is looked at again.
const LOOK_AGAIN: Duration = Duration::from_millis(1);

enum Event {
    Read(usize),
    End,
    Timer,
}

impl Connection {
    /// Uses an open connection for as long as it lasts.
    pub(super) async fn exchange(&mut self, stream: &mut TcpStream) -> Result<Ended, Lost> {
        loop {
            let now = Instant::now();
            self.issue(now);
            if self.under_way.is_empty() {
                if self.run.budget.is_spent(now) {
                    return Ok(Ended::Done);
                }
                if self.write_error.is_some() {
                    return Ok(Ended::Closed);
                }
                if self.pacer.is_none() {
                    // Another connection has just given back what was spent a moment ago.
                    continue;
                }
            }
            self.arm(now);
            let event = std::future::poll_fn(|cx| self.poll_event(stream, cx)).await?;
            let now = Instant::now();
            match event {
                Event::Read(count) => {
                    if self.receive(now, count)? {
                        return Ok(Ended::Closed);
                    }
                }
                Event::End => return self.finish_stream(now),
                Event::Timer => {}
            }
            if self.hangs_up_by(now) {
                return Ok(self.hang_up());
            }
            if self
                .under_way
                .front()
                .is_some_and(|sent| now >= sent.written + self.run.plan.timeout)
            {
                return Err(Lost::Timeout(self.run.plan.timeout));
            }
        }
    }

    /// Sends as many requests as are due and may be under way.
    fn issue(&mut self, now: Instant) {
        let room = self.depth - self.under_way.len().min(self.depth);
        let wanted = match &self.pacer {
            _ if self.write_error.is_some() => 0,
            Some(pacer) => room.min(usize::try_from(pacer.overdue(now)).unwrap_or(room)),
            None => room,
        };
        if wanted == 0 {
            return;
        }
        let count = self.run.budget.claim(now, wanted);
        for _ in 0..count {
            let from = self.pacer.as_mut().map_or(now, |pacer| pacer.take(now));
            self.under_way.push_back(Sent { written: now, from });
        }
        self.outbox.push(count);
        self.run.statistics.borrow_mut().sent += count as u64;
        if let Some(patience) = &self.run.patience {
            let wait = patience.borrow_mut().draw();
            self.hangs_up = wait.map(|wait| now + wait);
        }
    }

    /// Whether the client has waited long enough for an answer. It hangs up on whole requests only.
    fn hangs_up_by(&mut self, now: Instant) -> bool {
        let over = self.hangs_up.is_some_and(|hangs_up| now >= hangs_up) && !self.under_way.is_empty();
        if over && !self.outbox.is_empty() {
            self.hangs_up = Some(now + LOOK_AGAIN);
            return false;
        }
        over
    }

    /// Sets the timer for what comes next without the server: a timeout, or a request that is
    /// due. A timer that is set too early is left alone, since it costs less to look twice.
    fn arm(&mut self, now: Instant) {
        let timeout = self
            .under_way
            .front()
            .map(|sent| sent.written + self.run.plan.timeout);
        let has_room = self.under_way.len() < self.depth;
        let due = self
            .pacer
            .as_ref()
            .filter(|_| has_room)
            .map(|pacer| self.before_deadline(pacer.next_due()));
        let hangs_up = self.hangs_up.filter(|_| !self.under_way.is_empty());
        let Some(next) = timeout.into_iter().chain(due).chain(hangs_up).min() else {
            return;
        };
        let armed = self.timer.deadline().into_std();
        if self.timer.is_elapsed() || armed <= now || armed > next {
            self.timer.as_mut().reset(next.max(now).into());
        }
    }

    /// Writes while it can, then reads; else waits for either, or for the timer.
    fn poll_event(&mut self, stream: &mut TcpStream, cx: &mut Context<'_>) -> Poll<io::Result<Event>> {
        while !self.outbox.is_empty() {
            match Pin::new(&mut *stream).poll_write(cx, self.outbox.bytes()) {
                Poll::Ready(Ok(count)) => {
                    self.outbox.advance(count);
                    self.run.statistics.borrow_mut().bytes_written += count as u64;
                }
                Poll::Ready(Err(error)) => {
                    // Answers may have come before the connection broke: they are read first.
                    self.outbox.clear();
                    self.write_error = Some(error);
                }
                Poll::Pending => break,
            }
        }
        let mut room = ReadBuf::new(self.reader.room());
        if let Poll::Ready(read) = Pin::new(stream).poll_read(cx, &mut room) {
            let count = room.filled().len();
            return Poll::Ready(read.map(|()| {
                if count == 0 {
                    Event::End
                } else {
                    Event::Read(count)
                }
            }));
        }
        ready!(self.timer.as_mut().poll(cx));
        Poll::Ready(Ok(Event::Timer))
    }

    /// Takes in what was read, and says whether the connection is done with it.
    fn receive(&mut self, now: Instant, count: usize) -> Result<bool, Lost> {
        self.reader.filled(count);
        let before = self.answered;
        let closes = self.take_responses(now);
        let responses = self.answered - before;
        self.run
            .statistics
            .borrow_mut()
            .record_read(now, count, responses);
        self.run.progress.add_responses(responses);
        closes
    }

    fn take_responses(&mut self, now: Instant) -> Result<bool, Lost> {
        let mut statistics = self.run.statistics.borrow_mut();
        while let Some(response) = self.reader.next()? {
            let sent = self.under_way.pop_front().ok_or(Lost::Unasked)?;
            statistics.record_response(response.status, response.interim, now - sent.from);
            if let (Some(patience), None) = (&self.run.patience, self.hangs_up) {
                patience.borrow_mut().learn(now - sent.written);
            }
            if let Some(body) = response.refusal {
                statistics.quote(response.status, body);
            }
            if let Some(errors) = response.json.and_then(|json| self.run.detector.errors(json)) {
                statistics.graphql.record(&errors);
            }
            self.answered += 1;
            if response.close || self.run.plan.shape == Shape::Connections {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The server has closed the connection.
    fn finish_stream(&mut self, now: Instant) -> Result<Ended, Lost> {
        if let Some(response) = self.reader.end_of_stream() {
            let sent = self.under_way.pop_front().ok_or(Lost::Unasked)?;
            let mut statistics = self.run.statistics.borrow_mut();
            statistics.record_response(response.status, response.interim, now - sent.from);
            if let Some(body) = response.refusal {
                statistics.quote(response.status, body);
            }
            statistics.record_read(now, 0, 1);
            self.run.progress.add_responses(1);
            self.answered += 1;
            return Ok(Ended::Closed);
        }
        match self.write_error.take() {
            _ if !self.reader.is_between_responses() => Err(Lost::CutShort),
            _ if self.under_way.is_empty() => Ok(Ended::Closed),
            Some(error) => Err(Lost::Io(error)),
            None => Err(Lost::Unanswered),
        }
    }
}
