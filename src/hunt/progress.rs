//! What is said on stderr while a hunt runs: a line for each phase; on a terminal what is being done as well, and the live
//! heap drawn as it grows.

use std::cell::RefCell;
use std::io::{IsTerminal as _, Write as _};
use std::time::Duration;

use heap_profile::hunt::Phase;
use heap_profile::render::{bytes, growth};
use indicatif::{HumanCount, ProgressBar, ProgressStyle};

use super::traffic::Stretch;

const DRAW_EVERY: Duration = Duration::from_millis(100);
/// Heights of the drawing, the lowest first.
const HEIGHTS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// The full height is this part of the most at least.
const LEAST_SPAN: u64 = 8;

/// Tells how far a hunt is.
#[derive(Debug)]
pub struct Progress {
    /// Where stderr is a terminal.
    bar: Option<ProgressBar>,
    live: RefCell<Vec<u64>>,
}

impl Default for Progress {
    fn default() -> Self {
        Self::new()
    }
}

impl Progress {
    /// Tells it on stderr.
    pub fn new() -> Self {
        let bar = std::io::stderr().is_terminal().then(|| {
            let bar = ProgressBar::new_spinner();
            let style = ProgressStyle::with_template("{spinner} {elapsed} {prefix} {wide_msg}");
            bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
            bar.enable_steady_tick(DRAW_EVERY);
            bar
        });
        Self {
            bar,
            live: RefCell::default(),
        }
    }

    /// A line that stays.
    pub(crate) fn say(&self, line: &str) {
        // Nobody may be reading stderr any more; the hunt goes on.
        let say = || drop(writeln!(std::io::stderr(), "{line}"));
        match &self.bar {
            Some(bar) => bar.suspend(say),
            None => say(),
        }
    }

    /// Whether what is being done now is shown.
    pub(super) fn is_watched(&self) -> bool {
        self.bar.is_some()
    }

    /// What is being done now.
    pub(super) fn begin(&self, what: &str) {
        if let Some(bar) = &self.bar {
            bar.set_message(what.to_owned());
        }
    }

    /// A phase is over.
    pub(super) fn end(&self, phase: Phase, load: Stretch, live: u64) {
        let phase = match phase {
            Phase::WarmUp => "warm-up",
            Phase::Rung => "rung",
            Phase::Settle => "settled",
            Phase::Idle => "idle",
        };
        let grown = self
            .live
            .borrow()
            .last()
            .map(|last| growth(live as i64 - *last as i64));
        self.live.borrow_mut().push(live);
        let requests = match load.requests {
            0 => "no load".to_owned(),
            requests => format!(
                "{} requests in {:.1} s",
                HumanCount(requests),
                load.time.as_secs_f64()
            ),
        };
        let line = format!(
            "{phase:<10} {requests:<28} live {:>10} {:>11}",
            bytes(live as i64),
            grown.unwrap_or_default()
        );
        self.say(line.trim_end());
        if let Some(bar) = &self.bar {
            bar.set_prefix(draw(&self.live.borrow()));
        }
    }

    /// Nothing more is to come.
    pub(crate) fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

/// The figures from their least to their most, one character each. What differs by little is drawn so.
fn draw(figures: &[u64]) -> String {
    let least = figures.iter().min().copied().unwrap_or_default();
    let most = figures.iter().max().copied().unwrap_or_default();
    let span = (most - least).max(most / LEAST_SPAN).max(1);
    let top = (HEIGHTS.len() - 1) as f64;
    let height = |figure: &u64| ((figure - least) as f64 / span as f64 * top) as usize;
    figures.iter().map(|figure| HEIGHTS[height(figure)]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_drawing_spans_the_least_and_the_most() {
        assert_eq!(draw(&[10, 20, 30, 80]), "▁▂▃█");
        assert_eq!(draw(&[100, 101, 102, 103]), "▁▁▂▂");
        assert_eq!(draw(&[0, u64::MAX]), "▁█");
        assert_eq!(draw(&[]), "");
    }
}
