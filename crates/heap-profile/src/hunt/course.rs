//! The course of one site through a hunt, and what it comes to. The rules are those of the module `hunt`, in their order.
//!
//! `plan` says which phases are which, `rates` how fast it grows, `staircase` knows of tables that double.

mod plan;
mod rates;
mod staircase;

use super::evidence::Survival;
use super::interval::{Amount, Net};
use super::power::units_needed;
use super::{Rate, Unit, Verdict};
pub(super) use plan::Plan;
use staircase::Staircase;

/// Growth in the rungs that is no more than this many times what the idle phases show is growth by time.
const AS_FAST: f64 = 2.0;
/// What turns over loses this share of what it gains, at least: above that of a buffer that grows by half, two thirds.
const TURNED_OVER: f64 = 0.75;
/// What loses this share without load, after settling, is not kept.
const DRAINS: f64 = 0.1;

/// One site, or several together: what became of it, and the load that it is weighed against.
pub(super) struct Course<'p> {
    pub(super) plan: &'p Plan,
    pub(super) survival: Survival,
    /// Units of the load in each phase.
    pub(super) units: Vec<f64>,
}

/// What a course comes to.
pub(super) struct Judged {
    pub(super) verdict: Verdict,
    pub(super) why: String,
    pub(super) rate: Rate,
    pub(super) objects_per_unit: f64,
    pub(super) units_needed: Option<u64>,
}

/// Which growth is beyond chance, for the whole hunt.
#[derive(Debug, Clone, Copy)]
pub(super) struct Significant {
    pub(super) by_load: bool,
    pub(super) by_time: bool,
}

impl Course<'_> {
    /// Net growth over all rungs, as far as it is still there at the end.
    pub(super) fn settled(&self) -> Net {
        self.survival.net(0, self.plan.loaded, self.plan.last)
    }

    /// All units of the load.
    pub(super) fn all_units(&self) -> f64 {
        self.units_of(&self.plan.rungs)
    }

    fn units_of(&self, phases: &[usize]) -> f64 {
        phases.iter().map(|at| self.units[*at]).sum()
    }

    /// Net growth while there was no load; nothing where that took no time.
    fn idle(&self) -> Option<(Net, f64)> {
        let from = self.plan.before_idle()?;
        let net = self.survival.net(from, self.plan.last, self.plan.last);
        let seconds = self.plan.seconds_of(&self.plan.idle);
        (seconds > 0.0).then_some((net, seconds))
    }

    /// The chance to see so much growth per unit, if there is none above the threshold.
    pub(super) fn chance_by_load(&self) -> f64 {
        let most = self.plan.threshold.per_unit * self.all_units();
        self.settled().chance_of_no_more_than(most)
    }

    /// The chance to see so much growth without load, if there is none above the threshold.
    pub(super) fn chance_by_time(&self) -> f64 {
        self.idle().map_or(1.0, |(net, seconds)| {
            net.chance_of_no_more_than(self.plan.threshold.per_second * seconds)
        })
    }

    /// What it comes to.
    pub(super) fn judge(&self, significant: Significant) -> Judged {
        if let Some(judged) = self.by_time(significant) {
            return judged;
        }
        let rules = [Self::steady, Self::backlog, Self::plateau, Self::step];
        for rule in rules {
            if let Some((verdict, why)) = rule(self) {
                return self.judged(verdict, why);
            }
        }
        let mut judged = self.leak(significant).unwrap_or_else(|| self.inconclusive());
        if judged.verdict == Verdict::Leak && self.may_be_by_time() {
            judged.why += "; or it grows by time: the idle phases are too short to tell so little";
        }
        judged
    }

    /// Whether growth without load, as fast as under it, could have gone unseen.
    fn may_be_by_time(&self) -> bool {
        let Some((idle, seconds)) = self.idle() else {
            return true;
        };
        let loaded = self.survival.net(0, self.plan.loaded, self.plan.loaded);
        let fastest = idle.upper(self.plan.chance) / seconds;
        loaded.bytes() / self.plan.seconds_of(&self.phases_to(self.plan.loaded)) <= fastest
    }

    fn by_time(&self, significant: Significant) -> Option<Judged> {
        let (net, seconds) = self.idle()?;
        let least = self.plan.threshold.per_second;
        let grows = |at: &usize| {
            let net = self.survival.net(at - 1, *at, *at);
            net.lower(self.plan.chance) > least * self.plan.seconds[*at]
        };
        let goes_on = self.plan.idle.len() > 1 && self.plan.idle.iter().all(grows);
        if !(significant.by_time && goes_on) {
            return None;
        }
        let idle = self.rate(net, seconds, Unit::Second);
        let loaded = self.survival.net(0, self.plan.loaded, self.plan.loaded);
        let fastest = AS_FAST * idle.high * self.plan.seconds_of(&self.phases_to(self.plan.loaded));
        (loaded.bytes() <= fastest).then(|| Judged {
            verdict: Verdict::Leak,
            why: "grows without any load, and goes on".to_owned(),
            objects_per_unit: net.objects() / seconds,
            rate: self.rate_by_time().unwrap_or(idle),
            units_needed: None,
        })
    }

    fn phases_to(&self, last: usize) -> Vec<usize> {
        (1..=last).collect()
    }

    fn most(&self, phases: &[usize]) -> f64 {
        self.plan.threshold.per_unit * self.units_of(phases)
    }

    fn steady(&self) -> Option<(Verdict, String)> {
        if self.is_quiet() {
            return Some((
                Verdict::Steady,
                "nothing was sampled there during the hunt".to_owned(),
            ));
        }
        let (chance, most) = (self.plan.chance, self.most(&self.plan.rungs));
        let is_below = self.settled().upper(chance) < most;
        let at_its_end = self.survival.net(0, self.plan.loaded, self.plan.loaded);
        (is_below && at_its_end.lower(chance) <= most).then(|| {
            (
                Verdict::Steady,
                format!("grows by less than {}", self.threshold()),
            )
        })
    }

    /// Nothing was born there in any rung and seen at a snapshot. Such a site is no other than the many where nothing was
    /// sampled at all: the smallest leak that would have been seen speaks for them all.
    fn is_quiet(&self) -> bool {
        let born = |rung: &usize| self.survival.at(*rung, *rung).objects;
        self.plan.rungs.iter().map(born).sum::<f64>() <= 0.0 && self.settled().new.objects <= 0.0
    }

    fn backlog(&self) -> Option<(Verdict, String)> {
        let (chance, most) = (self.plan.chance, self.most(&self.plan.rungs));
        let is_below = self.settled().upper(chance) < most;
        let at_its_end = self.survival.net(0, self.plan.loaded, self.plan.loaded);
        (is_below && at_its_end.lower(chance) > most)
            .then(|| (Verdict::Backlog, "drained when the load stopped".to_owned()))
    }

    fn plateau(&self) -> Option<(Verdict, String)> {
        let (chance, rungs) = (self.plan.chance, &self.plan.rungs);
        let half = rungs.len().div_ceil(2);
        let from = *rungs.get(half.checked_sub(1)?)?;
        let later = &rungs[half..];
        let net = self.survival.net(from, self.plan.loaded, self.plan.last);
        // Where each rung keeps some of what was born in it, the noise of a turnover may hide a leak: any growth counts.
        let bound = if self.every_rung_keeps() {
            net.bytes()
        } else {
            net.lower(chance)
        };
        let grows =
            bound > self.most(later) || Staircase::of(self).is_some_and(|stairs| !stairs.is_overdue());
        (!later.is_empty() && !grows && self.turns_over()).then(|| {
            (
                Verdict::Plateau,
                "what is old dies out as the new comes".to_owned(),
            )
        })
    }

    /// Over all rungs but the first, at least three quarters as much died of what was older as was born and kept for a
    /// while.
    fn turns_over(&self) -> bool {
        let mut flow = Net {
            grain: self.survival.grain(),
            ..Net::default()
        };
        for &rung in &self.plan.rungs[1..] {
            let net = self.survival.net(rung - 1, rung, rung);
            flow.new += net.freed;
            flow.freed += net.new.scaled(TURNED_OVER);
        }
        flow.lower(self.plan.chance) > 0.0
    }

    /// One rung grew, and those after it did not.
    fn step(&self) -> Option<(Verdict, String)> {
        let chance = self.plan.chance;
        let grew = |place: &usize| {
            let at = self.plan.rungs[*place];
            let net = self.survival.net(at - 1, at, at);
            net.lower(chance) > self.most(&[at])
        };
        let jumps: Vec<usize> = (0..self.plan.rungs.len()).filter(grew).collect();
        let [jump] = jumps[..] else { return None };
        let at = self.plan.rungs[jump];
        let flat = |from: usize, to: usize, over: &[usize]| {
            over.is_empty() || self.survival.net(from, to, to.max(from)).upper(chance) < self.most(over)
        };
        let (before, after) = (&self.plan.rungs[..jump], &self.plan.rungs[jump + 1..]);
        let kept = self.survival.net(at, self.plan.loaded, self.plan.last);
        let is_step = after.len() >= 2
            && flat(0, at - 1, before)
            && kept.upper(chance) < self.most(after)
            && !Staircase::may_go_on(self, at, self.units_of(after));
        is_step.then(|| {
            let why = format!("one jump, in rung {}; the rungs after it are flat", jump + 1);
            (Verdict::Step, why)
        })
    }

    fn leak(&self, significant: Significant) -> Option<Judged> {
        if !(significant.by_load && self.plan.settled) || self.still_drains() {
            return None;
        }
        if self.every_rung_keeps() {
            let why = "every rung keeps what was born in it".to_owned();
            return Some(self.judged(Verdict::Leak, why));
        }
        if self.every_rung_grows() {
            let why = "grows in every rung, and moves what it holds".to_owned();
            let mut judged = self.judged(Verdict::Leak, why);
            let stairs = Staircase::of_every_rung(self).and_then(|stairs| stairs.rate(self.plan.unit));
            judged.rate = stairs.unwrap_or(judged.rate);
            return Some(judged);
        }
        let stairs = Staircase::of(self)?;
        let mut judged = self.judged(stairs.verdict(), stairs.why());
        judged.rate = stairs.rate(self.plan.unit).unwrap_or(judged.rate);
        Some(judged)
    }

    fn every_rung_keeps(&self) -> bool {
        let keeps = |rungs: &Vec<usize>| {
            let kept: Amount = rungs.iter().map(|at| self.kept(*at)).sum();
            kept.lower(self.plan.chance) > self.most(rungs)
        };
        self.plan.stretches.len() > 1 && self.plan.stretches.iter().all(keeps)
    }

    /// The second evidence, where what was born in a rung moves on: net growth in each of them.
    fn every_rung_grows(&self) -> bool {
        let grows = |at: &usize| {
            let net = self.survival.net(at - 1, *at, *at);
            net.lower(self.plan.chance) > self.most(&[*at])
        };
        self.plan.rungs.iter().all(grows)
    }

    /// What the load left is freed without load, after settling: a backlog that takes longer.
    fn still_drains(&self) -> bool {
        let Some(from) = self.plan.before_idle() else {
            return false;
        };
        let mut flow = Net {
            grain: self.survival.grain(),
            ..Net::default()
        };
        flow.new = self.survival.net(from, self.plan.last, self.plan.last).freed;
        let rest = self.survival.born_in(0..=from, self.plan.last);
        flow.freed = rest.scaled(DRAINS / (1.0 - DRAINS));
        flow.lower(self.plan.chance) > 0.0
    }

    /// What was born in a rung and is alive at the end.
    fn kept(&self, rung: usize) -> Amount {
        self.survival.at(rung, self.plan.last)
    }

    fn inconclusive(&self) -> Judged {
        let (net, units) = (self.settled(), self.all_units());
        let (rate, threshold) = (net.bytes() / units, self.plan.threshold.per_unit);
        let bound = if rate > threshold {
            net.lower(self.plan.strict)
        } else {
            net.upper(self.plan.chance)
        } / units;
        let why = if self.still_drains() {
            "still drains when there is no load"
        } else if rate > threshold {
            "grew, but not in each rung, or not for certain"
        } else {
            "may grow by more than the threshold"
        };
        Judged {
            units_needed: Some(units_needed(units, rate, bound, threshold)),
            ..self.judged(Verdict::Inconclusive, why.to_owned())
        }
    }

    fn judged(&self, verdict: Verdict, why: String) -> Judged {
        let (net, units) = (self.settled(), self.all_units());
        Judged {
            verdict,
            why,
            rate: self.rate(net, units, self.plan.unit),
            objects_per_unit: net.objects() / units,
            units_needed: None,
        }
    }

    fn threshold(&self) -> String {
        format!(
            "{} bytes per {}",
            self.plan.threshold.per_unit,
            self.plan.unit.name()
        )
    }
}
