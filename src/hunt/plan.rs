//! How long the next rung is: plain arithmetic over what is known so far.

use std::time::Duration;

use heap_profile::hunt::{self, Report};

use super::Error;

/// The shortest rung that time is a reason for.
const LEAST_RUNG: Duration = Duration::from_millis(300);
/// The shortest rung where there is no room for more: what grows so fast shows in that time.
const LEAST_CUT: Duration = Duration::from_millis(50);
/// How long the warm-up lasts at least.
pub(super) const WARM_UP: Duration = Duration::from_millis(1500);
/// Requests that the warm-up takes at least, unless it takes too long.
pub(super) const WARM_UP_REQUESTS: u64 = 300;
const WARM_UP_PIECES: u32 = 10;
const FIRST_PIECE: Duration = Duration::from_millis(100);
const LONGEST_PIECE: Duration = Duration::from_secs(1);
/// Between the end of a load and the snapshot: what is under way ends.
pub(super) const PAUSE: Duration = Duration::from_millis(200);
/// How long nothing is done before it counts as settled.
pub(super) const SETTLE: Duration = Duration::from_secs(1);
/// How long each idle phase lasts.
pub(super) const IDLE: Duration = Duration::from_millis(1500);
/// Idle phases of a look.
pub(super) const IDLE_PHASES: u32 = 2;
/// Rungs of the first look.
pub(super) const FIRST_RUNGS: u32 = hunt::LEAST_RUNGS as u32;
/// Rungs of each later look.
pub(super) const LATER_RUNGS: u32 = 2;

/// A hunt that finds no leak goes on until it would have seen one of so many times the threshold, or the time is up.
const SEEN: f64 = 4.0;

/// Whether a hunt that found no leak has looked closely enough.
pub(super) fn sees_enough(report: &Report) -> bool {
    let smallest = report.smallest_leak.per_unit;
    smallest.is_some_and(|smallest| smallest <= SEEN * report.threshold.per_unit)
}

/// About what a snapshot takes, until it is here and has its names.
const SNAPSHOT: Duration = Duration::from_millis(250);

/// About what a look of so many rungs takes besides the load.
fn besides(rungs: u32) -> Duration {
    (PAUSE + SNAPSHOT) * rungs + SETTLE + SNAPSHOT + (IDLE + SNAPSHOT) * IDLE_PHASES
}

/// How long each of the first rungs is, so that the first look fits into the budget. The first look is taken in any case,
/// with rungs as short as they may be.
pub(super) fn first_rung(wanted: Duration, budget: Duration) -> Duration {
    let fixed = WARM_UP + PAUSE + SNAPSHOT + besides(FIRST_RUNGS);
    wanted
        .min(budget.saturating_sub(fixed) / FIRST_RUNGS)
        .max(LEAST_RUNG)
}

/// How long each rung of the next look is; nothing where the time that is left is too short for another.
///
/// `load` is the time under load so far, in which `units` came. Each look about doubles the load of all before; it is
/// less where less will do, and more, up to the fourfold, where the judge wants more.
pub(super) fn later_rung(
    load: Duration,
    units: u64,
    needed: Option<u64>,
    left: Duration,
) -> Option<Duration> {
    let wanted = match needed {
        Some(needed) if units > 0 => {
            let times = needed as f64 / units as f64;
            load.mul_f64(times.clamp(0.5, 4.0))
        }
        _ => load,
    };
    let rung = wanted.min(left.saturating_sub(besides(LATER_RUNGS))) / LATER_RUNGS;
    (rung >= LEAST_RUNG).then_some(rung)
}

/// Pieces of the warm-up, after each of which it is looked whether it was enough: short at first, since nobody knows yet
/// how fast the service grows.
pub(super) fn warm_up_pieces() -> impl Iterator<Item = Duration> {
    (0..WARM_UP_PIECES).map(|piece| (FIRST_PIECE * 2_u32.pow(piece.min(8))).min(LONGEST_PIECE))
}

/// What live heap may grow to: half of what the service stands.
#[derive(Debug)]
pub(super) struct Ceiling {
    /// What the service stands, in bytes.
    pub(super) limit: u64,
    start: u64,
    live: u64,
    /// What live heap grew by in each second of the latest load, in bytes.
    growth: f64,
    /// Whether there was no load since: what fills up again then is no growth.
    rested: bool,
}

impl Ceiling {
    pub(super) fn new(limit: u64) -> Self {
        Self {
            limit,
            start: 0,
            live: 0,
            growth: 0.0,
            rested: false,
        }
    }

    /// Notes what is live before any load.
    pub(super) fn see_start(&mut self, live: u64) -> Result<(), Error> {
        (self.start, self.live) = (live, live);
        if live >= self.height() {
            Err(self.no_room())
        } else {
            Ok(())
        }
    }

    /// Notes what is live after so much load.
    pub(super) fn see(&mut self, live: u64, load: Duration) {
        if !self.rested {
            self.growth = (live as f64 - self.live as f64) / load.as_secs_f64().max(1e-3);
        }
        (self.live, self.rested) = (live, false);
    }

    /// Notes what is live after a while without load: what has drained is room again.
    pub(super) fn see_rest(&mut self, live: u64) {
        (self.live, self.rested) = (live, true);
    }

    /// Whether the warm-up has taken as much as it may: the larger part is for the rungs.
    pub(super) fn is_near(&self) -> bool {
        self.live.saturating_sub(self.start) > self.height().saturating_sub(self.start) / 4
    }

    /// Cuts a rung so that live heap stays below the ceiling, with room for those that are still to come, this one
    /// included; nothing where not even the shortest fits.
    pub(super) fn cut(&self, wanted: Duration, to_come: u32) -> Option<Duration> {
        let room = self.height().saturating_sub(self.live) as f64;
        if self.growth <= 0.0 {
            return (room > 0.0).then_some(wanted);
        }
        let seconds = room / f64::from(to_come.max(1)) / self.growth;
        let rung = wanted.min(Duration::try_from_secs_f64(seconds).unwrap_or(wanted));
        (rung >= LEAST_CUT).then_some(rung)
    }

    /// What is live, in bytes.
    pub(super) fn live(&self) -> u64 {
        self.live
    }

    /// What to say where nothing fits.
    pub(super) fn no_room(&self) -> Error {
        Error::NoRoom {
            live: self.live,
            limit: self.limit,
        }
    }

    fn height(&self) -> u64 {
        self.limit / 2
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1 << 20;

    fn seconds(seconds: f64) -> Duration {
        Duration::from_secs_f64(seconds)
    }

    #[test]
    fn the_first_rungs_are_as_long_as_wanted_where_the_budget_has_room() {
        assert_eq!(first_rung(seconds(2.0), seconds(60.0)), seconds(2.0));
    }

    #[test]
    fn a_small_budget_shortens_the_first_rungs_and_a_tiny_one_leaves_the_shortest() {
        let short = first_rung(seconds(2.0), seconds(11.05));
        assert_eq!(short, seconds(1.0));
        assert_eq!(first_rung(seconds(2.0), seconds(1.0)), LEAST_RUNG);
    }

    #[test]
    fn each_look_doubles_the_load() {
        let rung = later_rung(seconds(6.0), 1000, None, seconds(60.0));
        assert_eq!(rung, Some(seconds(3.0)));
    }

    #[test]
    fn what_the_judge_needs_makes_the_load_larger_or_smaller_within_bounds() {
        let rung = |needed| later_rung(seconds(6.0), 1000, Some(needed), seconds(60.0));
        assert_eq!(rung(2000), Some(seconds(6.0)));
        assert_eq!(rung(1), Some(seconds(1.5)));
        assert_eq!(rung(1_000_000), Some(seconds(12.0)));
    }

    #[test]
    fn the_time_that_is_left_bounds_the_load_and_too_little_ends_the_hunt() {
        let rung = |left| later_rung(seconds(6.0), 1000, Some(u64::MAX), seconds(left));
        assert_eq!(rung(11.65), Some(seconds(3.0)));
        assert_eq!(rung(6.15), None);
        assert_eq!(rung(0.0), None);
    }

    fn ceiling(live: u64, growth: u64) -> Ceiling {
        let mut ceiling = Ceiling::new(800 * MIB);
        ceiling.see_start(live - growth).expect("room");
        ceiling.see(live, seconds(1.0));
        ceiling
    }

    #[test]
    fn a_rung_is_cut_so_that_those_to_come_fit_below_the_ceiling_too() {
        let cut = |growth| ceiling(100 * MIB, growth * MIB).cut(seconds(2.0), 3);
        assert_eq!(cut(10), Some(seconds(2.0)));
        assert_eq!(cut(100), Some(seconds(1.0)));
        assert_eq!(ceiling(390 * MIB, 100 * MIB).cut(seconds(2.0), 3), None);
    }

    #[test]
    fn what_does_not_grow_is_not_cut_unless_the_ceiling_is_reached() {
        assert_eq!(ceiling(MIB, 0).cut(seconds(2.0), 3), Some(seconds(2.0)));
        assert_eq!(ceiling(400 * MIB, 400 * MIB).cut(seconds(2.0), 1), None);
        let mut shrunk = ceiling(100 * MIB, 0);
        shrunk.see(MIB, seconds(1.0));
        assert_eq!(shrunk.cut(seconds(2.0), 3), Some(seconds(2.0)));
    }

    #[test]
    fn what_has_drained_is_room_again_and_load_takes_it_as_fast_as_before() {
        let mut ceiling = ceiling(320 * MIB, 100 * MIB);
        assert_eq!(ceiling.cut(seconds(2.0), 2), Some(seconds(0.4)));
        ceiling.see_rest(20 * MIB);
        assert_eq!(ceiling.cut(seconds(12.0), 2), Some(seconds(1.9)));
        // A backlog as large as before, and none that grows.
        let mut ceiling = self::ceiling(300 * MIB, 0);
        ceiling.see_rest(20 * MIB);
        ceiling.see(300 * MIB, seconds(6.0));
        assert_eq!(ceiling.cut(seconds(6.0), 1), Some(seconds(6.0)));
    }

    #[test]
    fn a_service_that_is_full_is_refused_and_one_that_fills_up_ends_the_warm_up() {
        assert!(matches!(
            Ceiling::new(800 * MIB).see_start(400 * MIB),
            Err(Error::NoRoom { .. })
        ));
        assert!(!ceiling(100 * MIB, 100 * MIB).is_near());
        assert!(ceiling(101 * MIB, 101 * MIB).is_near());
    }

    #[test]
    fn the_warm_up_begins_with_short_pieces_and_is_bounded() {
        let pieces: Vec<_> = warm_up_pieces().collect();
        assert_eq!(pieces[0], FIRST_PIECE);
        assert!(pieces[..4].iter().sum::<Duration>() >= WARM_UP);
        assert!(pieces.iter().sum::<Duration>() < seconds(10.0));
    }
}
