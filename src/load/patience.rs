//! How long a client waits before it hangs up.

use std::time::Duration;

/// So many latencies make up the median, the latest ones.
const WINDOW: usize = 32;
/// So many have to be known.
const LEAST: usize = 5;
/// Of so many requests one is waited for, so that the median keeps up with the server.
const PATIENT_ONE_OF: usize = 8;
/// The step of tokio's timer, up to which it rounds.
const TIMER_STEP: Duration = Duration::from_millis(1);

/// Draws waits evenly between nothing and the patience: one that was given, or the median latency of the requests
/// that were waited for. The latencies of all that were answered would not do: the fast ones are among them more often.
#[derive(Debug)]
pub(super) struct Patience {
    given: Option<Duration>,
    /// The latest latencies, a ring.
    seen: Vec<Duration>,
    oldest: usize,
    turn: usize,
}

impl Patience {
    pub(super) fn new(given: Option<Duration>) -> Self {
        Self {
            given,
            seen: Vec::with_capacity(WINDOW),
            oldest: 0,
            turn: 0,
        }
    }

    /// How long to wait for the next answer; `None`: until it comes.
    pub(super) fn draw(&mut self) -> Option<Duration> {
        let longest = match self.given {
            Some(given) => given,
            None => self.learned()?,
        };
        let wait = longest.mul_f64(fastrand::f64());
        // Half of the waits that are shorter than the timer's step would never end before the answer otherwise.
        Some(wait.saturating_sub(TIMER_STEP.mul_f64(fastrand::f64())))
    }

    fn learned(&mut self) -> Option<Duration> {
        self.turn += 1;
        if self.seen.len() < LEAST || self.turn.is_multiple_of(PATIENT_ONE_OF) {
            return None;
        }
        let mut sorted = self.seen.clone();
        sorted.sort_unstable();
        Some(sorted[sorted.len() / 2])
    }

    /// Takes in the latency of a request that was waited for.
    pub(super) fn learn(&mut self, latency: Duration) {
        if self.seen.len() < WINDOW {
            self.seen.push(latency);
        } else {
            self.seen[self.oldest] = latency;
            self.oldest = (self.oldest + 1) % WINDOW;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_of_the_latest_answers_is_the_longest_wait_and_some_are_waited_for() {
        let mut patience = Patience::new(None);
        assert_eq!(patience.draw(), None, "nothing is known yet");
        for millis in [900, 900, 900, 900, 900] {
            patience.learn(Duration::from_millis(millis));
        }
        for _ in 0..WINDOW {
            patience.learn(Duration::from_millis(100));
        }
        let waits: Vec<_> = (0..800).map(|_| patience.draw()).collect();
        assert_eq!(waits.iter().filter(|wait| wait.is_none()).count(), 100);
        let longest = waits.iter().flatten().max().expect("most are drawn");
        assert!((80..=100).contains(&longest.as_millis()), "{longest:?}");
        let shortest = waits.iter().flatten().min().expect("most are drawn");
        assert!(shortest.as_millis() < 20, "{shortest:?}");
    }

    #[test]
    fn a_patience_that_was_given_is_the_longest_wait_of_all() {
        let given = Duration::from_millis(10);
        let mut patience = Patience::new(Some(given));
        assert!((0..100).all(|_| patience.draw().is_some_and(|wait| wait <= given)));
    }
}
