//! What a hunt says of a change: a fix needs a verdict, and not the absence of one.

use heap_profile::hunt::{CheckName, JudgedSite, Phase, Report, Verdict};
use heap_profile::render::bytes;
use problems::Problem;

use super::{Error, Refusal};
use crate::hunt::Hunted;

/// Memory beside the allocator's may grow by so much, in bytes, and by so much with each unit of the load.
const OUTSIDE: u64 = 16 << 20;
const OUTSIDE_PER_UNIT: u64 = 32;
/// Of so many requests one may fail.
const SPARED: u64 = 1_000;

/// Refuses what the hunt does not speak well of.
///
/// # Errors
/// [`Refusal`], with the report.
pub(super) fn of(problem: &Problem, hunted: &Hunted) -> Result<(), Error> {
    let report = &hunted.report;
    let refusal = grows(problem, report)
        .or_else(|| unanswered(hunted))
        .or_else(|| not_seen(report))
        .or_else(|| undecided(report))
        .or_else(|| drains(problem, report))
        .or_else(|| outside(report));
    match refusal {
        None => Ok(()),
        Some(refusal) => Err(Refusal {
            report: Some(hunted.folder.join("report.html")),
            ..refusal
        }
        .into()),
    }
}

fn grows(problem: &Problem, report: &Report) -> Option<Refusal> {
    let at_large = report.verdict == Verdict::Leak;
    let Some(site) = with(report, Verdict::Leak) else {
        return at_large.then(|| {
            Refusal::new(
                "it still grows, in no place that could be named",
                "run check again with a larger --budget",
            )
        });
    };
    let what = site.kind.as_deref().unwrap_or("memory");
    let rate = format!(
        "{} of {what} with each {} ({} to {})",
        bytes(site.rate.bytes as i64),
        site.rate.unit.name(),
        bytes(site.rate.low as i64),
        bytes(site.rate.high as i64)
    );
    let holder = site.holders.as_ref().and_then(|holders| holders.paths.first());
    let held = holder.map_or_else(String::new, |path| {
        format!(", held by {}", heap_profile::render::holders::root(&path.root))
    });
    let field = site.field.as_deref().unwrap_or("no field");
    let ours = problem.fields.iter().any(|ours| ours == field);
    let place = if ours {
        format!("{field} still grows")
    } else {
        format!("it grows at {field} now")
    };
    Some(Refusal::new(
        format!("{place}: {rate}{held}"),
        "look at what keeps it in the report, and end that",
    ))
}

fn unanswered(hunted: &Hunted) -> Option<Refusal> {
    let told = hunted.report.notes.iter().find(|note| note.contains("answer"));
    let units: u64 = hunted.report.phases.iter().map(|phase| phase.units).sum();
    // One in so many may be a busy machine's.
    (hunted.failed * SPARED > units).then(|| {
        Refusal::new(
            format!(
                "{} requests were not answered as they should be{}",
                hunted.failed,
                told.map_or_else(String::new, |told| format!(": {told}"))
            ),
            "answer each request as before, however many there are",
        )
    })
}

/// The instrument has to find what it was told to keep, and to account for what the allocator counted.
fn not_seen(report: &Report) -> Option<Refusal> {
    let failed = report.checks.iter().find(|check| !check.passed)?;
    let next = match failed.name {
        CheckName::PlantedControl | CheckName::Accounted => {
            "leave the instrument as it is; if you did, run check again on a quieter machine"
        }
        CheckName::IdleRound => "let nobody else use the server meanwhile, and run check again",
    };
    Some(Refusal::new(
        format!("the measurement does not hold up: {}", failed.message),
        next,
    ))
}

fn undecided(report: &Report) -> Option<Refusal> {
    (report.verdict == Verdict::Inconclusive).then(|| {
        let site = with(report, Verdict::Inconclusive);
        let why = site.map_or_else(String::new, |site| format!(": {} at {}", site.why, site.function));
        Refusal::new(
            format!("it cannot be told yet whether it grows{why}"),
            "run check again with a larger --budget, on a quiet machine",
        )
    })
}

fn drains(problem: &Problem, report: &Report) -> Option<Refusal> {
    // What has no field is the service's own: buffers of connections, say. And what the shop can afford may wait.
    let mut draining = report
        .sites
        .iter()
        .filter(|site| site.verdict == Verdict::Backlog && site.field.is_some());
    let most = |site: &JudgedSite| site.live.iter().max().copied().unwrap_or_default();
    let site = draining.find(|site| most(site) > problem.requires.keeps.cast_signed())?;
    Some(Refusal::new(
        format!(
            "what requests leave behind at {} goes away later, when the load stops: {}",
            site.field.as_deref().unwrap_or(&site.function),
            site.why
        ),
        "let each request clear up behind itself",
    ))
}

/// Memory that the allocator knows nothing of: mappings, or another allocator's.
fn outside(report: &Report) -> Option<Refusal> {
    let at = |phase: &heap_profile::hunt::PhaseFigures| phase.memory.map(|memory| memory.outside);
    let first = report
        .phases
        .iter()
        .find(|phase| phase.phase == Phase::WarmUp)
        .and_then(at)?;
    let last = report
        .phases
        .iter()
        .rfind(|phase| phase.phase == Phase::Rung)
        .and_then(at)?;
    let units: u64 = report.phases.iter().map(|phase| phase.units).sum();
    let grown = last.saturating_sub(first);
    (grown > OUTSIDE.max(units * OUTSIDE_PER_UNIT)).then(|| {
        Refusal::new(
            format!(
                "{} of memory beside the allocator's were taken under load",
                bytes(grown.cast_signed())
            ),
            "free it, wherever it is",
        )
    })
}

fn with(report: &Report, verdict: Verdict) -> Option<&JudgedSite> {
    report.sites.iter().find(|site| site.verdict == verdict)
}
