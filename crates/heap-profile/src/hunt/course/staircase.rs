//! Growth by jumps: a table or a buffer that is full moves to one of twice the size.
//!
//! Between two jumps nothing grows, however much is put in, and after a jump all is born anew, so that survivors say
//! nothing. What tells it from a cache that is turned over, and from something made once, is that the *size* of its
//! objects doubles while their number stays.
//!
//! # The rate
//! Whatever a container is full at, it is full just before it jumps. If it held C bytes before one jump and D before a
//! later one, D - C bytes were put in between the two, over the units of the load between them: at least those from the end
//! of the rung of the first to the start of the rung of the last, at most those from the start of the first to the end of
//! the last. And at the end no more was put in than there is room for. Sampling adds next to nothing to that: objects that
//! large are sampled for certain.

use super::{Course, Rate, Unit, Verdict};

/// A jump makes objects larger by this factor at least: growing by half, and a little for the rounding.
const LARGER: f64 = 1.4;
/// As many objects as before, for all that sampling can tell.
const AS_MANY: f64 = 1.5;
/// Exactly as many, but for sampling.
const NO_MORE: f64 = 1.05;
/// The next jump is due when as much load has passed as in all until the last; half as much more makes sure.
const OVERDUE: f64 = 1.5;

/// Jumps of a container.
#[derive(Debug)]
pub(super) struct Staircase {
    /// The load at the start and the end of each jump's rung, since the first snapshot, and the bytes before it.
    jumps: Vec<Jump>,
    /// The load at the end, since the first snapshot, and the bytes there.
    end: (f64, f64),
    /// Before the first snapshot.
    warm_up: f64,
}

#[derive(Debug, Clone, Copy)]
struct Jump {
    from: f64,
    to: f64,
    bytes: f64,
}

impl Staircase {
    /// Nothing where there are not two jumps.
    pub(super) fn of(course: &Course<'_>) -> Option<Staircase> {
        let rungs = course.plan.rungs.iter().copied();
        let jumps: Vec<usize> = rungs.filter(|at| jumps(course, *at)).collect();
        Staircase::of_jumps(course, &jumps)
    }

    /// Of a buffer that becomes larger in every rung, by however little; nothing where there are more objects instead.
    pub(super) fn of_every_rung(course: &Course<'_>) -> Option<Staircase> {
        let rungs = &course.plan.rungs;
        let is_larger = |at: &usize| is_larger(course, *at, 1.0, NO_MORE);
        rungs
            .iter()
            .all(is_larger)
            .then(|| Staircase::of_jumps(course, rungs))?
    }

    fn of_jumps(course: &Course<'_>, jumps: &[usize]) -> Option<Staircase> {
        let plan = course.plan;
        let load_at = |phase: usize| course.units[1..=phase].iter().sum::<f64>();
        let jump = |at: &usize| Jump {
            from: load_at(at - 1),
            to: load_at(*at),
            bytes: course.survival.live(at - 1).bytes,
        };
        (jumps.len() > 1).then(|| Staircase {
            jumps: jumps.iter().map(jump).collect(),
            end: (
                load_at(plan.loaded),
                course.survival.born_in(0..=plan.loaded, plan.last).bytes,
            ),
            warm_up: course.units[0],
        })
    }

    /// Whether what jumped in this rung may be a container that is not full again yet, so much load later.
    pub(super) fn may_go_on(course: &Course<'_>, at: usize, load_since: f64) -> bool {
        let load_until: f64 = course.units[..=at].iter().sum();
        jumps(course, at) && load_since < OVERDUE * load_until
    }

    /// A leak, unless the next jump is long overdue.
    pub(super) fn verdict(&self) -> Verdict {
        if self.is_overdue() {
            Verdict::Plateau
        } else {
            Verdict::Leak
        }
    }

    pub(super) fn is_overdue(&self) -> bool {
        let (end, _) = self.end;
        let last = self.jumps[self.jumps.len() - 1].to;
        end - last > OVERDUE * (self.warm_up + last)
    }

    pub(super) fn why(&self) -> String {
        let times = self.jumps.len();
        if self.is_overdue() {
            return format!("doubled in {times} rungs, then stopped");
        }
        format!("doubled in {times} rungs, as a table or a buffer does that is filled")
    }

    /// Nothing where nothing can be told.
    pub(super) fn rate(&self, unit: Unit) -> Option<Rate> {
        let (first, last) = (self.jumps[0], self.jumps[self.jumps.len() - 1]);
        let filled = last.bytes - first.bytes;
        let (end, room) = self.end;
        let between = last.from - first.to;
        let by_jumps = if between > 0.0 {
            filled / between
        } else {
            f64::INFINITY
        };
        let by_room = (room - first.bytes) / (end - first.to).max(f64::MIN_POSITIVE);
        let high = by_jumps.min(by_room);
        let middle = filled / ((last.from + last.to - first.from - first.to) / 2.0);
        let low = filled / (last.to - first.from);
        let rate = Rate {
            bytes: middle.clamp(low, high.max(low)),
            low,
            high: high.max(low),
            unit,
        };
        (filled > 0.0 && high.is_finite()).then(|| rate.rounded())
    }
}

/// Whether in this phase the objects became larger, and not more.
fn jumps(course: &Course<'_>, at: usize) -> bool {
    is_larger(course, at, LARGER, AS_MANY)
}

fn is_larger(course: &Course<'_>, at: usize, larger: f64, as_many: f64) -> bool {
    let (before, after) = (course.survival.live(at - 1), course.survival.live(at));
    let size = |amount: super::super::interval::Amount| amount.bytes / amount.objects;
    before.objects > 0.0
        && after.objects <= as_many * before.objects
        && size(after) >= larger * size(before)
        && course.survival.net(at - 1, at, at).lower(course.plan.chance) > 0.0
}
