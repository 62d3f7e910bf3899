//! Who may send how many requests, and when.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::Bound;

/// A request that is sent no later than this after it was due counts from its sending: that is
/// the grain of the driver's own timer, and none of the server's doing.
pub(super) const TIMER_GRAIN: Duration = Duration::from_millis(2);

/// What all connections together may still send.
#[derive(Debug)]
pub(super) enum Budget {
    Until(Instant),
    Left(AtomicU64),
}

impl Budget {
    pub(super) fn new(bound: Bound, start: Instant) -> Self {
        match bound {
            Bound::Time(duration) => Self::Until(start + duration),
            Bound::Amount(amount) => Self::Left(AtomicU64::new(amount)),
        }
    }

    /// Takes the right to send up to `wanted` requests.
    pub(super) fn claim(&self, now: Instant, wanted: usize) -> usize {
        match self {
            Self::Until(deadline) => wanted * usize::from(now < *deadline),
            Self::Left(left) => {
                let taken = |left: u64| left.min(wanted as u64);
                let before = left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
                    Some(left - taken(left))
                });
                // Never an error, since the closure always gives a value.
                before.map_or(0, taken) as usize
            }
        }
    }

    /// Returns the right to send `count` requests, which were not processed.
    pub(super) fn give_back(&self, count: usize) {
        if let Self::Left(left) = self {
            left.fetch_add(count as u64, Ordering::Relaxed);
        }
    }

    pub(super) fn is_spent(&self, now: Instant) -> bool {
        match self {
            Self::Until(deadline) => now >= *deadline,
            Self::Left(left) => left.load(Ordering::Relaxed) == 0,
        }
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        match self {
            Self::Until(deadline) => Some(*deadline),
            Self::Left(_) => None,
        }
    }
}

/// The times at which one connection's requests are due, where there is a rate. Connection `i`
/// of `n` sends requests `i`, `i + n`, `i + 2n`, ... of all: no connection has to ask another.
#[derive(Debug, Clone)]
pub(super) struct Pacer {
    start: Instant,
    interval: Duration,
    /// Requests taken so far.
    taken: u64,
}

impl Pacer {
    pub(super) fn new(start: Instant, rate: f64, index: usize, connections: usize) -> Self {
        Self {
            start: start + Duration::from_secs_f64(index as f64 / rate),
            interval: Duration::from_secs_f64(connections as f64 / rate),
            taken: 0,
        }
    }

    /// When the next request is due.
    pub(super) fn next_due(&self) -> Instant {
        self.due(self.taken)
    }

    fn due(&self, index: u64) -> Instant {
        // Nanoseconds as integers: sums of rounded intervals would drift.
        let nanos = self.interval.as_nanos().saturating_mul(u128::from(index));
        self.start + Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }

    /// How many requests are due by `now` and were not taken.
    pub(super) fn overdue(&self, now: Instant) -> u64 {
        let Some(since) = now.checked_duration_since(self.start) else {
            return 0;
        };
        let due = since.as_nanos() / self.interval.as_nanos().max(1) + 1;
        u64::try_from(due).unwrap_or(u64::MAX).saturating_sub(self.taken)
    }

    /// Takes the next request, and says from when its latency counts.
    pub(super) fn take(&mut self, now: Instant) -> Instant {
        let due = self.next_due();
        self.taken += 1;
        if now.saturating_duration_since(due) <= TIMER_GRAIN {
            now
        } else {
            due
        }
    }

    /// Returns the latest `count` requests.
    pub(super) fn give_back(&mut self, count: usize) {
        self.taken = self.taken.saturating_sub(count as u64);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_is_spent_exactly_by_all_claims_together() {
        let now = Instant::now();
        let budget = Budget::new(Bound::Amount(25), now);
        assert_eq!(
            [
                budget.claim(now, 10),
                budget.claim(now, 10),
                budget.claim(now, 10)
            ],
            [10, 10, 5]
        );
        assert!(budget.is_spent(now));
        budget.give_back(2);
        assert_eq!((budget.claim(now, 9), budget.claim(now, 9)), (2, 0));
    }

    #[test]
    fn a_time_is_spent_at_its_end() {
        let now = Instant::now();
        let budget = Budget::new(Bound::Time(Duration::from_secs(1)), now);
        assert_eq!(budget.claim(now, 3), 3);
        assert_eq!(budget.claim(now + Duration::from_secs(1), 3), 0);
    }

    #[test]
    fn connections_share_a_rate_evenly() {
        let start = Instant::now();
        let second = start + Duration::from_secs(1);
        let due: u64 = (0..4)
            .map(|i| Pacer::new(start, 1000.0, i, 4).overdue(second - Duration::from_nanos(1)))
            .sum();
        assert_eq!(due, 1000);
    }

    #[test]
    fn a_late_request_counts_from_when_it_was_due() {
        let start = Instant::now();
        let mut pacer = Pacer::new(start, 10.0, 0, 1);
        let on_time = start + Duration::from_millis(1);
        assert_eq!(pacer.take(on_time), on_time);
        assert_eq!(
            pacer.take(start + Duration::from_millis(500)),
            start + Duration::from_millis(100)
        );
        assert_eq!(pacer.overdue(start + Duration::from_millis(500)), 4);
        pacer.give_back(1);
        assert_eq!(pacer.next_due(), start + Duration::from_millis(100));
    }
}
