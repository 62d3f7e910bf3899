//! The method turned on itself: did it see growth where there was none, did it find what was planted, and do the samples
//! add up to what the allocator counted?

use super::course::Significant;
use super::judge::{Hunt, Site};
use super::phases::Part;
use super::{Check, CheckName, LiveGrowth, Reading, Settings, Unit, Verdict};

/// The chance that a check of amounts fails by sampling alone, on either side.
const CHANCE: f64 = 5e-5;
/// What the allocator's figures and the samples may differ by besides, in bytes: what is allocated between reading the
/// one and the other.
const BETWEEN: f64 = 256.0 * 1024.0;

/// As many requests without load, as a share of those with load, do not matter.
const FEW: f64 = 0.01;

pub(super) fn all(
    hunt: &Hunt<'_, '_>,
    sites: &[Site],
    control: &[usize],
    live: &LiveGrowth,
    settings: &Settings,
) -> Vec<Check> {
    let checks = [
        idle(hunt, sites),
        settings.control.map(|bytes| planted(hunt, control, bytes)),
        accounted(hunt, control, live),
    ];
    checks.into_iter().flatten().collect()
}

/// An A/A round: nothing was done between these snapshots, so nothing may be found but what grows by time.
fn idle(hunt: &Hunt<'_, '_>, sites: &[Site]) -> Option<Check> {
    if hunt.plan.idle.is_empty() {
        return None;
    }
    let rate = |phases: &[usize]| {
        let parts = || phases.iter().map(|at| &hunt.evidence.parts[*at]);
        let requests: u64 = parts().map(Part::started).sum();
        (
            requests,
            requests as f64 / parts().map(|part| part.seconds).sum::<f64>(),
        )
    };
    let unloaded: Vec<usize> = (hunt.plan.loaded + 1..=hunt.plan.last).collect();
    let (requests, idle_rate) = rate(&unloaded);
    let (_, loaded_rate) = rate(&hunt.plan.rungs);
    // A health check now and then is no load.
    let requests = if idle_rate > FEW * loaded_rate {
        requests
    } else {
        0
    };
    let is_by_time =
        |site: &Site| site.judged.verdict == Verdict::Leak && site.judged.rate.unit == Unit::Second;
    let jumped = sites.iter().find(|site| site.grew_idle && !is_by_time(site));
    let (passed, message) = match (requests, jumped) {
        (0, None) => (
            true,
            "without load there were next to no requests, and nothing grew that does not grow by time"
                .to_owned(),
        ),
        (0, Some(site)) => {
            let function = crate::names::short(&site.group.function);
            (
                false,
                format!("{function} grew without load, but not all the time"),
            )
        }
        (requests, _) => (
            false,
            format!(
                "{requests} requests came while this hunt put no load on: somebody else uses the service"
            ),
        ),
    };
    Some(Check {
        name: CheckName::IdleRound,
        passed,
        message,
    })
}

/// A positive control: the instrument was told to keep so many bytes of each execution that starts.
fn planted(hunt: &Hunt<'_, '_>, control: &[usize], bytes: u64) -> Check {
    let mut course = hunt.course(control);
    let is_idle = |at: &usize| hunt.evidence.parts[*at].started() == 0;
    if hunt.plan.rungs.iter().any(is_idle) {
        return Check {
            name: CheckName::PlantedControl,
            passed: false,
            message: format!("planted {bytes} bytes a request, but in a rung no request began"),
        };
    }
    course.units = hunt
        .evidence
        .parts
        .iter()
        .map(|part| part.started() as f64)
        .collect();
    let judged = course.judge(Significant {
        by_load: course.chance_by_load() <= hunt.plan.strict,
        by_time: false,
    });
    let (net, units) = (course.settled(), course.all_units());
    let is_right = (net.lower(CHANCE)..=net.upper(CHANCE)).contains(&(bytes as f64 * units));
    let found = format!(
        "planted {bytes} bytes a request, found {:.0} ({:.0} to {:.0}): {}",
        judged.rate.bytes,
        judged.rate.low,
        judged.rate.high,
        if judged.verdict == Verdict::Leak {
            "a leak"
        } else {
            "no leak"
        },
    );
    Check {
        name: CheckName::PlantedControl,
        passed: judged.verdict == Verdict::Leak && is_right,
        message: found,
    }
}

/// The allocator counts what is live; the samples estimate it. Their growth must agree.
fn accounted(hunt: &Hunt<'_, '_>, control: &[usize], live: &LiveGrowth) -> Option<Check> {
    let counted = live.bytes? as f64;
    let everything: Vec<usize> = (0..hunt.evidence.lines.len()).collect();
    let last = hunt.plan.last;
    let net = hunt.course(&everything).survival.net(0, last, last);
    let (low, high) = (net.lower(CHANCE) - BETWEEN, net.upper(CHANCE) + BETWEEN);
    let planted = hunt.course(control).survival.net(0, last, last).bytes();
    let mut message = format!(
        "the allocator counted {}, the samples say {} ({} to {})",
        growth(counted),
        growth(net.bytes()),
        growth(net.lower(CHANCE)),
        growth(net.upper(CHANCE)),
    );
    if planted > 0.0 {
        message += &format!(", {} of it planted", growth(planted));
    }
    Some(Check {
        name: CheckName::Accounted,
        passed: (low..=high).contains(&counted),
        message,
    })
}

fn growth(bytes: f64) -> String {
    crate::render::growth(bytes.round() as i64)
}

/// What else a reader should know.
pub(super) fn notes(parts: &[Part], readings: &[Reading<'_>]) -> Vec<String> {
    let mut notes = Vec::new();
    if let (Some(first), Some(last)) = (parts.first(), parts.last()) {
        let dropped = |count: fn(&Part) -> u64| count(last).saturating_sub(count(first));
        for (what, count) in [
            (
                "samples were dropped: the recorder's table was full",
                dropped(|part| part.dropped.samples),
            ),
            (
                "samples have no stack: the recorder's table of stacks was full",
                dropped(|part| part.dropped.stacks),
            ),
            (
                "requests or fields go by (other): the recorder's table of labels was full",
                dropped(|part| part.dropped.labels),
            ),
        ] {
            if count > 0 {
                notes.push(format!("{count} {what}"));
            }
        }
        if first.interval != last.interval {
            notes.push("the sampling interval was changed during the hunt".to_owned());
        }
    }
    if readings.iter().all(|reading| reading.snapshot.schema().is_none()) {
        notes.push("the snapshots have no schema: fields are told by labels alone".to_owned());
    }
    notes
}
