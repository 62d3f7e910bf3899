//! All sites of a hunt judged, and what that comes to.

mod told;

use std::collections::{HashMap, HashSet};

use super::budget::{FALSE_LEAK, holm, spent};
use super::checks;
use super::course::{Course, Judged, Plan, Significant};
use super::evidence::Evidence;
use super::groups::{self, Group};
use super::power::{Test, smallest_leak};
use super::{LEAST_RUNGS, LiveGrowth, Reading, Report, Settings, SmallestLeak, Verdict};
use crate::compare::OwnCrates;
use crate::{CONTROL, Error};

/// Growth that is spread over sites is looked for so many times: each time what was found is taken out.
const MOST_SPREAD: usize = 8;
/// Of functions with about the same growth below them, the innermost is told: about the same is this much of the most.
const ABOUT_THE_SAME: f64 = 0.9;

/// What a hunt's snapshots say, in the order in which they were taken. The first is the one after the warm-up; of the
/// rungs, [`LEAST_RUNGS`] at least must be there.
///
/// # Errors
/// Where a snapshot was not taken by a recorder, or they are not of one process, or too few; and where the service counted
/// no load.
pub fn judge(readings: &[Reading<'_>], settings: &Settings) -> Result<Report, Error> {
    let evidence = Evidence::of(readings)?;
    check(&evidence, settings)?;
    let own = OwnCrates::of(readings.iter().map(|reading| reading.snapshot));
    let is_instrument = |at: &usize| evidence.lines[*at].is_instrument();
    let (instrument, lines): (Vec<usize>, Vec<usize>) = (0..evidence.lines.len()).partition(is_instrument);
    let is_control = |at: &usize| evidence.lines[*at].field.as_deref() == Some(CONTROL);
    let (control, instrument): (Vec<usize>, Vec<usize>) = instrument.into_iter().partition(is_control);
    let hunt = Hunt::new(&evidence, &lines, &own, settings);
    let sites = hunt.sites();
    let live = hunt.live(&lines, &instrument);
    let checks = checks::all(&hunt, &sites, &control, &live, settings);
    Ok(hunt.report(sites, live, checks, readings, settings))
}

fn check(evidence: &Evidence<'_>, settings: &Settings) -> Result<(), Error> {
    let rungs = evidence.phases(super::Phase::Rung);
    // What the first rung added is told by the snapshot before it.
    let found = rungs.iter().filter(|at| **at > 0).count();
    if found < LEAST_RUNGS || found < rungs.len() {
        return Err(Error::TooFewRungs {
            expected: LEAST_RUNGS,
            found,
        });
    }
    let is_empty = |at: &usize| evidence.parts[*at].all_units(settings.unit) <= 0.0;
    if rungs.iter().any(is_empty) {
        return Err(Error::NoLoad {
            unit: settings.unit.names(),
        });
    }
    Ok(())
}

/// A site with its verdict.
pub(super) struct Site {
    pub(super) group: Group,
    pub(super) judged: Judged,
    /// Net growth from the first snapshot to the last.
    growth: f64,
    /// Growth by time beyond chance, whatever the verdict.
    pub(super) grew_idle: bool,
}

/// The evidence, and how to judge it.
pub(super) struct Hunt<'e, 'a> {
    pub(super) evidence: &'e Evidence<'a>,
    pub(super) plan: Plan,
    groups: Vec<Group>,
    /// The chance of a false leak that this look may spend.
    budget: f64,
    lines: &'e [usize],
}

impl<'e, 'a> Hunt<'e, 'a> {
    fn new(evidence: &'e Evidence<'a>, lines: &'e [usize], own: &OwnCrates, settings: &Settings) -> Self {
        let groups = groups::sites(evidence, lines, own);
        Hunt {
            plan: Plan::of(evidence, groups.len(), settings),
            budget: spent(FALSE_LEAK, settings.look),
            evidence,
            groups,
            lines,
        }
    }

    /// The course of some lines.
    pub(super) fn course(&self, lines: &[usize]) -> Course<'_> {
        let of_lines = || lines.iter().map(|at| &self.evidence.lines[*at]);
        let operations: HashSet<Option<&str>> = of_lines().map(|line| line.operation).collect();
        let units = |part: &super::phases::Part| part.units(self.plan.unit, operations.iter().copied());
        let mut units: Vec<f64> = self.evidence.parts.iter().map(units).collect();
        let is_idle = |at: &usize| units[*at] <= 0.0;
        if self.plan.rungs.iter().any(is_idle) {
            // Allocated by what did not run in each rung: weighed against all that did.
            units = self
                .evidence
                .parts
                .iter()
                .map(|part| part.all_units(self.plan.unit))
                .collect();
        }
        Course {
            plan: &self.plan,
            survival: super::evidence::Survival::of(self.evidence.parts.len(), of_lines()),
            units,
        }
    }

    fn sites(&self) -> Vec<Site> {
        let mut sites: Vec<Site> = self
            .significant(&self.groups, self.budget)
            .into_iter()
            .zip(&self.groups)
            .map(|(significant, group)| self.site(group, significant))
            .collect();
        self.add_spread(&mut sites);
        sites.sort_by(|a, b| {
            let rank = |site: &Site| rank(site.judged.verdict);
            rank(a)
                .cmp(&rank(b))
                .then(b.growth.total_cmp(&a.growth))
                .then_with(|| a.group.key.cmp(&b.group.key))
        });
        sites
    }

    fn site(&self, group: &Group, significant: Significant) -> Site {
        let course = self.course(&group.lines);
        Site {
            group: group.clone(),
            judged: course.judge(significant),
            growth: course.survival.net(0, self.plan.last, self.plan.last).bytes(),
            grew_idle: significant.by_time,
        }
    }

    /// Half of the budget is for the sites, half for growth that is spread over them.
    fn significant(&self, groups: &[Group], budget: f64) -> Vec<Significant> {
        // A course at a time: there may be thousands, of as many cells as phases times phases.
        let chances = groups.iter().map(|group| {
            let course = self.course(&group.lines);
            (course.chance_by_load(), course.chance_by_time())
        });
        let (mut chances, by_time): (Vec<f64>, Vec<f64>) = chances.unzip();
        chances.extend(by_time);
        let rejected = holm(&chances, budget / 2.0);
        let (by_load, by_time) = rejected.split_at(groups.len());
        by_load
            .iter()
            .zip(by_time)
            .map(|(by_load, by_time)| Significant {
                by_load: *by_load,
                by_time: *by_time,
            })
            .collect()
    }

    /// Looks for growth among what does not leak by itself, over and over until there is none.
    fn add_spread(&self, sites: &mut Vec<Site>) {
        let leaking = |sites: &[Site]| -> HashSet<usize> {
            let leaks = sites.iter().filter(|site| site.judged.verdict == Verdict::Leak);
            leaks.flat_map(|site| site.group.lines.iter().copied()).collect()
        };
        let site_of = self.site_of_lines();
        for _ in 0..MOST_SPREAD {
            let told = leaking(sites);
            let rest: Vec<usize> = self
                .lines
                .iter()
                .copied()
                .filter(|at| !told.contains(at))
                .collect();
            match self.spread(&rest, &site_of) {
                Some(site) => sites.push(site),
                None => return,
            }
        }
    }

    /// The site that each line belongs to.
    fn site_of_lines(&self) -> HashMap<usize, usize> {
        let groups = self.groups.iter().enumerate();
        groups
            .flat_map(|(site, group)| group.lines.iter().map(move |line| (*line, site)))
            .collect()
    }

    fn spread(&self, rest: &[usize], site_of: &HashMap<usize, usize>) -> Option<Site> {
        let is_wide = |group: &Group| {
            let mut below = group.lines.iter().map(|line| site_of.get(line));
            let first = below.next();
            below.any(|site| Some(site) != first)
        };
        let groups: Vec<Group> = groups::callers(self.evidence, rest)
            .into_iter()
            .filter(is_wide)
            .collect();
        let significant = self.significant(&groups, self.budget / MOST_SPREAD as f64);
        let judged = significant.into_iter().zip(&groups);
        let leaks: Vec<Site> = judged
            .map(|(significant, group)| self.site(group, significant))
            .filter(|site| site.judged.verdict == Verdict::Leak)
            .collect();
        let most = leaks.iter().map(|site| site.growth).fold(0.0, f64::max);
        let about_the_same = leaks
            .into_iter()
            .filter(|site| site.growth >= ABOUT_THE_SAME * most);
        about_the_same.min_by_key(|site| site.group.lines.len())
    }

    fn live(&self, lines: &[usize], instrument: &[usize]) -> LiveGrowth {
        let parts = &self.evidence.parts;
        let counted = |at: usize| parts[at].live.and_then(|live| i64::try_from(live).ok());
        let net = |course: &Course<'_>| course.survival.net(0, self.plan.last, self.plan.last);
        let (all, instrument) = (self.course(lines), self.course(instrument));
        LiveGrowth {
            bytes: counted(self.plan.last)
                .zip(counted(0))
                .map(|(last, first)| last - first),
            sampled_bytes: net(&all).bytes().round() as i64,
            instrument_bytes: net(&instrument).bytes().round() as i64,
            per_unit: all.rate_in(self.plan.unit),
        }
    }

    fn smallest(&self) -> SmallestLeak {
        let Plan {
            chance,
            threshold,
            ref rungs,
            ref stretches,
            ref idle,
            ..
        } = self.plan;
        let units = |phases: &[usize]| -> f64 {
            let parts = phases
                .iter()
                .map(|at| self.evidence.parts[*at].all_units(self.plan.unit));
            parts.sum()
        };
        let stretch = |rungs: &Vec<usize>| Test {
            units: units(rungs),
            chance,
        };
        let idle_phase = |at: &usize| Test {
            units: self.plan.seconds[*at],
            chance,
        };
        let (strict, interval) = (self.plan.strict, self.evidence.interval);
        let sum = |units: f64| Test {
            units,
            chance: strict,
        };
        let stretches: Vec<Test> = stretches.iter().map(stretch).collect();
        let idle_phases: Vec<Test> = idle.iter().map(idle_phase).collect();
        let seconds = idle.iter().map(|at| self.plan.seconds[*at]).sum();
        SmallestLeak {
            per_unit: smallest_leak(sum(units(rungs)), &stretches, threshold.per_unit, interval),
            per_second: smallest_leak(sum(seconds), &idle_phases, threshold.per_second, interval),
        }
    }
}

/// Leaks first, steady last.
fn rank(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::Leak => 0,
        Verdict::Inconclusive => 1,
        Verdict::Plateau => 2,
        Verdict::Step => 3,
        Verdict::Backlog => 4,
        Verdict::Steady => 5,
    }
}
