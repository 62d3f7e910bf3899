//! Which phases of a hunt are which, and how sure to be: what all courses have in common.

use super::super::budget::{FALSE_LEAK, MISSED, spent};
use super::super::evidence::Evidence;
use super::super::{Phase, Settings, Threshold, Unit};

/// Rungs are taken together until they have this share of the load of all matured ones: by itself a short one proves
/// nothing, however long the hunt goes on.
const STRETCH: f64 = 0.25;

/// What all courses have in common: which phases are which, and how sure to be.
#[derive(Debug, Clone)]
pub(in crate::hunt) struct Plan {
    /// The rungs, by their place among the phases.
    pub(in crate::hunt) rungs: Vec<usize>,
    /// The rungs that a later one follows.
    pub(in crate::hunt) matured: Vec<usize>,
    /// The same, short ones taken together with their neighbours.
    pub(in crate::hunt) stretches: Vec<Vec<usize>>,
    /// The last rung.
    pub(in crate::hunt) loaded: usize,
    /// Whether the service settled after the last rung.
    pub(in crate::hunt) settled: bool,
    /// The idle phases after the last rung.
    pub(in crate::hunt) idle: Vec<usize>,
    /// The last phase.
    pub(in crate::hunt) last: usize,
    /// How long each phase took, in seconds.
    pub(in crate::hunt) seconds: Vec<f64>,
    /// The chance at which a bound of an interval may miss, on either side.
    pub(in crate::hunt) chance: f64,
    /// The chance that may be spent on calling one site among all a leak.
    pub(in crate::hunt) strict: f64,
    pub(in crate::hunt) unit: Unit,
    pub(in crate::hunt) threshold: Threshold,
}

impl Plan {
    /// Of a hunt with a rung at least.
    pub(in crate::hunt) fn of(evidence: &Evidence<'_>, sites: usize, settings: &Settings) -> Plan {
        let rungs = evidence.phases(Phase::Rung);
        let last = evidence.parts.len() - 1;
        let loaded = rungs.last().copied().unwrap_or(last);
        let after = |phase| {
            let phases = evidence.phases(phase).into_iter();
            phases.filter(|at| *at > loaded).collect::<Vec<_>>()
        };
        let matured = rungs
            .split_last()
            .map_or_else(Vec::new, |(_, before)| before.to_vec());
        let units = |at: usize| evidence.parts[at].all_units(settings.unit);
        Plan {
            stretches: stretches(&matured, units),
            matured,
            rungs,
            loaded,
            settled: !after(Phase::Settle).is_empty(),
            idle: after(Phase::Idle),
            last,
            seconds: evidence.parts.iter().map(|part| part.seconds).collect(),
            chance: spent(MISSED, settings.look) / 2.0,
            // As Holm's procedure has it for the first: half of the budget, over two tests a site.
            strict: spent(FALSE_LEAK, settings.look) / (4 * sites.max(1)) as f64,
            unit: settings.unit,
            threshold: settings.threshold,
        }
    }

    /// The phase whose end the idle ones begin at.
    pub(super) fn before_idle(&self) -> Option<usize> {
        self.idle.first()?.checked_sub(1)
    }

    pub(super) fn seconds_of(&self, phases: &[usize]) -> f64 {
        phases.iter().map(|at| self.seconds[*at]).sum()
    }
}

/// Rungs with their load, in stretches of about the same load: two at least of two rungs or more.
fn stretches(rungs: &[usize], units: impl Fn(usize) -> f64) -> Vec<Vec<usize>> {
    let load = |rungs: &[usize]| -> f64 { rungs.iter().map(|at| units(*at)).sum() };
    let enough = STRETCH * load(rungs);
    let mut stretches: Vec<Vec<usize>> = Vec::new();
    let mut from = 0;
    for to in 1..=rungs.len() {
        let is_before_last = stretches.is_empty() && to + 1 == rungs.len();
        if is_before_last || load(&rungs[from..to]) >= enough {
            stretches.push(rungs[from..to].to_vec());
            from = to;
        }
    }
    let rest = &rungs[from..];
    match stretches.as_mut_slice() {
        // The second of two, however short.
        [_] if !rest.is_empty() => stretches.push(rest.to_vec()),
        [.., last] => last.extend_from_slice(rest),
        [] => {}
    }
    stretches
}
