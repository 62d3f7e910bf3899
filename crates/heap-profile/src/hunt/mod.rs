//! Hunting: what a series of snapshots, taken while load was put on a service, says about a leak, with its error.
//!
//! [`judge`] makes a [`Report`] of them: start there. Taking the snapshots is the caller's work.
//!
//! # Layout
//! - `phases` reads what was done before each snapshot, `evidence` what was born in each phase and what became of it
//! - `groups` adds that up to sites; `course` judges one of them, `judge` all
//! - `interval` says how far off an amount may be, `budget` how much chance of an error there is to spend, `power` what a
//!   hunt of this size can see
//! - `checks` turns the method on itself
//! - [`Baseline`] has the leaks that are known already, [`Outcome`] what is left without them
//! - [`compare_rates`] sets the rates of two hunts side by side, before and after a fix
//!
//! # The method
//! A hunt warms the service up, puts load on it in *rungs*, lets it settle, and leaves it idle. A snapshot ends each of these
//! phases. What was born in one rung and is still alive after later ones is the first evidence: samples are kept from birth
//! to death, so that it is exact but for the sampling. *Net growth* is the second, for containers whose buffer is born anew
//! when it grows, and against what only replaces something older. Each is divided by the load, as the service counted it.
//!
//! Of each site, with t the threshold per unit and all bounds of 95 % intervals, the first that matches:
//!
//! | verdict | if |
//! | --- | --- |
//! | leak, per second | it grows in each idle phase, by more than the threshold per second, and the rungs grew no faster |
//! | steady | nothing was sampled there during the hunt; or, after settling, the upper bound of net growth is below t |
//! | backlog | the latter, and at the end of the last rung the lower bound was above t |
//! | plateau | in the later half of the rungs net growth is not above t (its lower bound; the estimate itself, where each stretch keeps more than t), no table that doubles is at work, and in the rungs after the first at least three quarters as much died of what was older as was born |
//! | step | one rung grew, the lower bound above t, and two rungs or more after it have the upper bound below t |
//! | leak | net growth after settling is above t, no more than a tenth is freed in the idle phases, and one of these: each stretch keeps more than t of what was born in it; each rung has net growth above t; its objects grew by two fifths or more in size, in two rungs or more (a plateau, where the next time is overdue) |
//! | inconclusive | else |
//!
//! A rung is matured when a later one follows it, and settling after that. Where a check of the method fails, a hunt that
//! found no leak is inconclusive. A *stretch* is one or more matured rungs in a row
//! with at least a quarter of the load of all of these, if there are two such: a short rung of the first look proves nothing by
//! itself, however long the hunt goes on.
//!
//! # Errors of the method
//! A site is called a leak only if the chance to see such growth without one is small enough for the whole hunt to be
//! wrong in one case of 10,000 at most: over all sites by Holm's procedure (1979), over all looks at the data by spending the
//! chance, a part at each look. Printed intervals are spent in the same way, out of 5 %, and therefore hold whenever the
//! hunt stops (repeated confidence intervals, Jennison and Turnbull 1989). Both are about sampling: they speak of what was
//! kept in this hunt. Objects far larger than the sampling interval are known exactly: a few that are kept are a leak.

mod baseline;
mod budget;
mod change;
mod checks;
mod course;
mod evidence;
mod groups;
mod interval;
mod judge;
mod outcome;
mod phases;
mod power;
mod report;

use crate::Symbolized;
pub use baseline::{BASELINE_VERSION, Baseline, KnownSite};
pub use change::{Change, FieldChange, Hunted, RateComparison, Rates, compare_rates};
pub use judge::judge;
pub use outcome::Outcome;
pub use report::{
    Check, CheckName, FieldGrowth, JudgedSite, LiveGrowth, MemorySplit, Phase, PhaseFigures, REPORT_VERSION,
    Rate, Report, SmallestLeak, Threshold, Unit, Verdict,
};

/// The fewest rungs that a verdict takes.
pub const LEAST_RUNGS: usize = 3;

/// A snapshot, and the phase that it ended.
#[derive(Debug, Clone, Copy)]
pub struct Reading<'a> {
    /// What to call it.
    pub name: &'a str,
    /// What was done before it.
    pub phase: Phase,
    /// The snapshot.
    pub snapshot: &'a Symbolized,
}

/// What the verdict depends on besides the snapshots.
#[derive(Debug, Clone)]
pub struct Settings {
    /// What is hunted.
    pub subject: String,
    /// What the load is counted in.
    pub unit: Unit,
    /// Growth below this is none.
    pub threshold: Threshold,
    /// Which look at the evidence this is, from 1: each costs a part of the error that may be made.
    pub look: u32,
    /// How many bytes the instrument was told to keep of each execution that starts, if it was.
    pub control: Option<u64>,
}

impl Default for Threshold {
    /// 4 bytes per unit, 1 KiB per second.
    fn default() -> Threshold {
        Threshold {
            per_unit: 4.0,
            per_second: 1024.0,
        }
    }
}

impl Unit {
    /// Of one: `request`.
    pub fn name(self) -> &'static str {
        match self {
            Unit::Request => "request",
            Unit::CancelledRequest => "cancelled request",
            Unit::Event => "event",
            Unit::Connection => "connection",
            Unit::Second => "second",
        }
    }

    /// Of several: `requests`.
    pub fn names(self) -> &'static str {
        match self {
            Unit::Request => "requests",
            Unit::CancelledRequest => "cancelled requests",
            Unit::Event => "events",
            Unit::Connection => "connections",
            Unit::Second => "seconds",
        }
    }
}
