//! What one thread counts. Threads share nothing while they run; their counts are merged at the end.

use std::time::{Duration, Instant};

use hdrhistogram::Histogram;

use super::graphql::GraphQlErrors;
use super::report::Refusal;

/// The shortest latency that is told apart, in microseconds.
const MIN_LATENCY: u64 = 1;
/// The longest one: anything above counts as this.
const MAX_LATENCY: u64 = 60_000_000;
/// Decimal digits that latencies keep.
const DIGITS: u8 = 3;
/// So many different messages about connections are kept.
const KEPT_MESSAGES: usize = 3;
/// So much of a refusal's body is quoted.
const QUOTED_CHARS: usize = 300;

/// Counts, all of which only grow; but `sent` shrinks by requests that were not processed.
#[derive(Debug)]
pub(super) struct Statistics {
    start: Instant,
    /// Latencies in microseconds.
    pub(super) latency: Histogram<u64>,
    /// What came in each second of the run.
    pub(super) seconds: Vec<Second>,
    pub(super) sent: u64,
    /// Final responses by the first digit of their status; interim ones at 1.
    pub(super) statuses: [u64; 6],
    pub(super) graphql: GraphQlErrors,
    /// The first answer of another status than 2xx.
    pub(super) refusal: Option<Refusal>,
    /// Requests on which the client hung up before the answer.
    pub(super) cut: u64,
    pub(super) timeouts: u64,
    /// Requests that were lost with their connection.
    pub(super) failed: u64,
    /// Requests that were under way when the run was broken off.
    pub(super) unanswered: u64,
    /// Requests that were due by the rate, and never sent.
    pub(super) unsent: u64,
    pub(super) connects_failed: u64,
    pub(super) bytes_read: u64,
    pub(super) bytes_written: u64,
    /// The first few things that went wrong with connections.
    pub(super) messages: Vec<String>,
}

/// What came in one second.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Second {
    pub(super) responses: u64,
    pub(super) bytes: u64,
}

impl Statistics {
    pub(super) fn new(start: Instant) -> Self {
        Self {
            start,
            latency: Histogram::new_with_bounds(MIN_LATENCY, MAX_LATENCY, DIGITS)
                .expect("constant bounds that fit"),
            seconds: Vec::new(),
            sent: 0,
            statuses: [0; 6],
            graphql: GraphQlErrors::default(),
            refusal: None,
            cut: 0,
            timeouts: 0,
            failed: 0,
            unanswered: 0,
            unsent: 0,
            connects_failed: 0,
            bytes_read: 0,
            bytes_written: 0,
            messages: Vec::new(),
        }
    }

    /// Counts one final response.
    pub(super) fn record_response(&mut self, status: u16, interim: u64, latency: Duration) {
        let micros = u64::try_from(latency.as_micros()).unwrap_or(u64::MAX);
        self.latency.saturating_record(micros.max(MIN_LATENCY));
        // httparse gives three digits; a status of 600 and above is the server's invention.
        self.statuses[usize::from(status / 100).min(5)] += 1;
        self.statuses[1] += interim;
    }

    /// Counts what one read brought.
    pub(super) fn record_read(&mut self, now: Instant, bytes: usize, responses: u64) {
        self.bytes_read += bytes as u64;
        let index = now.saturating_duration_since(self.start).as_secs() as usize;
        if index >= self.seconds.len() {
            self.seconds.resize(index + 1, Second::default());
        }
        self.seconds[index].responses += responses;
        self.seconds[index].bytes += bytes as u64;
    }

    /// Final responses.
    pub(super) fn responses(&self) -> u64 {
        self.latency.len()
    }

    /// Keeps an answer that was no success, if it is the first: its body in one line, cut short.
    pub(super) fn quote(&mut self, status: u16, body: &[u8]) {
        self.refusal.get_or_insert_with(|| {
            let text = String::from_utf8_lossy(body);
            let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
            let mut body: String = text.chars().take(QUOTED_CHARS).collect();
            if body.len() < text.len() {
                body.push_str("...");
            }
            Refusal { status, body }
        });
    }

    /// Keeps a message, if it is one of the first few.
    pub(super) fn note(&mut self, message: impl std::fmt::Display) {
        if self.messages.len() < KEPT_MESSAGES {
            let message = message.to_string();
            if !self.messages.contains(&message) {
                self.messages.push(message);
            }
        }
    }

    pub(super) fn merge(&mut self, other: &Self) {
        self.latency.add(&other.latency).expect("the same bounds");
        if self.seconds.len() < other.seconds.len() {
            self.seconds.resize(other.seconds.len(), Second::default());
        }
        for (mine, other) in self.seconds.iter_mut().zip(&other.seconds) {
            mine.responses += other.responses;
            mine.bytes += other.bytes;
        }
        for (mine, other) in self.statuses.iter_mut().zip(&other.statuses) {
            *mine += other;
        }
        self.graphql.merge(&other.graphql);
        self.refusal = self.refusal.take().or_else(|| other.refusal.clone());
        self.sent += other.sent;
        self.cut += other.cut;
        self.timeouts += other.timeouts;
        self.failed += other.failed;
        self.unanswered += other.unanswered;
        self.unsent += other.unsent;
        self.connects_failed += other.connects_failed;
        self.bytes_read += other.bytes_read;
        self.bytes_written += other.bytes_written;
        other.messages.iter().for_each(|message| self.note(message));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn merging_adds_everything_and_keeps_seconds_apart() {
        let start = Instant::now();
        let mut one = Statistics::new(start);
        one.record_response(200, 0, Duration::from_micros(10));
        one.record_read(start, 100, 1);
        let mut two = Statistics::new(start);
        two.record_response(404, 2, Duration::from_secs(3600));
        two.record_read(start + Duration::from_secs(2), 50, 1);
        two.note("oh");
        one.merge(&two);
        assert_eq!(one.statuses, [0, 2, 1, 0, 1, 0]);
        let seconds: Vec<_> = one
            .seconds
            .iter()
            .map(|second| (second.responses, second.bytes))
            .collect();
        assert_eq!(seconds, [(1, 100), (0, 0), (1, 50)]);
        assert_eq!((one.responses(), one.bytes_read, one.messages.len()), (2, 150, 1));
        assert!(
            one.latency.max() >= MAX_LATENCY,
            "longer latencies count as the longest"
        );
    }
}
