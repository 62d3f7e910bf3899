//! What a report says below its headline, as titled grids of plain text: the terminal, Markdown and HTML lay them out.

use super::headline::threshold;
use super::holders::site_holders;
use super::words::{
    bytes_per, check, clip, count, interval, number, per, phases, plain, plural, seconds, short, short_frame,
    time, verdict, would_have_been_seen,
};
use crate::hunt::{JudgedSite, Phase, Rate, Report, Verdict};
use crate::render::{bytes, growth};

/// The most sites whose rungs stand side by side.
const MOST_SIDE_BY_SIDE: usize = 3;
/// The most operations that are named.
const MOST_OPERATIONS: usize = 4;
const WIDEST_NAME: usize = 110;
/// A figure that there is not.
pub(super) const NONE: &str = "-";

/// A table: cells can have several lines.
pub(super) struct Grid {
    pub(super) title: &'static str,
    pub(super) header: Vec<String>,
    /// How many of the first columns are figures.
    pub(super) figures: std::ops::Range<usize>,
    pub(super) rows: Vec<Vec<String>>,
}

/// The judged sites: number, verdict, rate, and what is known of the site.
pub(super) fn sites(report: &Report) -> Option<Grid> {
    let rows: Vec<Vec<String>> = (1..)
        .zip(&report.sites)
        .map(|(at, site)| {
            let mut lines = owner_lines(site);
            lines.extend(site_lines(site, report.started));
            lines.extend(site_holders(site));
            vec![
                at.to_string(),
                judged(site),
                rate_cell(&site.rate),
                lines.join("\n"),
            ]
        })
        .collect();
    (!rows.is_empty()).then(|| Grid {
        title: "sites",
        header: ["#", "verdict", "bytes (95 %)", "field, type and site"]
            .map(str::to_owned)
            .to_vec(),
        figures: 0..1,
        rows,
    })
}

/// The verdict; of a site in the baseline also that it is.
pub(super) fn judged(site: &JudgedSite) -> String {
    let known = if site.known { "\n(known)" } else { "" };
    format!("{}{known}", verdict(site.verdict))
}

fn rate_cell(rate: &Rate) -> String {
    format!("{} {}\n{}", number(rate.bytes), per(rate.unit), interval(rate))
}

fn owner_lines(site: &JudgedSite) -> Vec<String> {
    let field = site.field.as_deref().map(plain);
    let kind = site.kind.as_deref().map(short);
    let parts: Vec<String> = field.into_iter().chain(kind).collect();
    if parts.is_empty() {
        Vec::new()
    } else {
        vec![clip(&parts.join(": "), WIDEST_NAME)]
    }
}

/// The function, its place, what it called, its callers, and what else is known.
pub(super) fn site_lines(site: &JudgedSite, started: i64) -> Vec<String> {
    let mut lines = vec![clip(&short(&site.function), WIDEST_NAME)];
    lines.extend(
        site.place
            .as_deref()
            .map(|place| format!("  at {}", plain(place))),
    );
    let through = site.through.as_deref();
    lines.extend(through.map(|through| format!("  via {}", clip(&short(through), WIDEST_NAME))));
    let callers = site.frames.iter().skip(1);
    lines.extend(callers.map(|frame| format!("  <- {}", clip(&short_frame(frame), WIDEST_NAME))));
    if site.spread {
        lines.push("  spread over many sites below this function".to_owned());
    }
    lines.extend(operations(site).map(|names| format!("  under {names}")));
    lines.extend(since(site, started).map(|since| format!("  since {since}")));
    if !site.why.is_empty() {
        lines.push(format!("  {}", plain(&site.why)));
    }
    lines.extend(needed(site.units_needed, &site.rate).map(|needed| format!("  {needed}")));
    lines
}

pub(super) fn needed(units: Option<u64>, rate: &Rate) -> Option<String> {
    units.map(|units| format!("needs about {} more {}", count(units), plural(rate.unit)))
}

pub(super) fn since(site: &JudgedSite, started: i64) -> Option<String> {
    site.since.and_then(|since| time(since, started))
}

pub(super) fn operations(site: &JudgedSite) -> Option<String> {
    let named = site.operations.iter().take(MOST_OPERATIONS);
    let mut named: Vec<String> = named.map(|name| clip(&plain(name), WIDEST_NAME)).collect();
    if site.operations.len() > MOST_OPERATIONS {
        named.push(format!("{} more", site.operations.len() - MOST_OPERATIONS));
    }
    (!named.is_empty()).then(|| named.join(", "))
}

/// The sites that grow or may grow, with their numbers, what leaks before what is not decided.
pub(super) fn growing(report: &Report) -> impl Iterator<Item = (usize, &JudgedSite)> {
    let of = |wanted| {
        let numbered = (1..).zip(&report.sites);
        numbered.filter(move |(_, site)| site.verdict == wanted && !site.rungs.is_empty())
    };
    of(Verdict::Leak).chain(of(Verdict::Inconclusive))
}

/// What each rung left behind, per unit: one column for each of the first sites.
pub(super) fn rungs(report: &Report) -> Option<Grid> {
    let sites: Vec<_> = growing(report).take(MOST_SIDE_BY_SIDE).collect();
    let rungs = sites.iter().map(|(_, site)| site.rungs.len()).max()?;
    let names = rung_names(report);
    let title = |(at, site): &(usize, &JudgedSite)| format!("#{at}, bytes {}", unit_of(site));
    let header = std::iter::once("rung".to_owned())
        .chain(sites.iter().map(title))
        .collect();
    let cell = |rate: &Rate| format!("{} ({})", number(rate.bytes), interval(rate));
    let rows = (0..rungs).map(|rung| {
        let name = names
            .get(rung)
            .cloned()
            .unwrap_or_else(|| format!("rung {}", rung + 1));
        let cells = sites
            .iter()
            .map(|(_, site)| site.rungs.get(rung).map_or_else(|| NONE.to_owned(), cell));
        std::iter::once(name).chain(cells).collect()
    });
    Some(Grid {
        title: "left behind by each rung that another followed, and alive at the end",
        header,
        figures: 1..sites.len() + 1,
        rows: rows.collect(),
    })
}

fn unit_of(site: &JudgedSite) -> &'static str {
    site.rungs.first().map_or("", |rate| per(rate.unit))
}

pub(super) fn rung_names(report: &Report) -> Vec<String> {
    let named = phases(&report.phases).into_iter().zip(&report.phases);
    named
        .filter(|(_, phase)| phase.phase == Phase::Rung)
        .map(|(name, _)| name)
        .collect()
}

/// What was done between the snapshots, and what the process held at the end of each.
pub(super) fn memory(report: &Report) -> Option<Grid> {
    let mut rows: Vec<Vec<String>> = phases(&report.phases)
        .into_iter()
        .zip(&report.phases)
        .map(|(name, phase)| {
            let held = match &phase.memory {
                Some(memory) => [memory.live, memory.held_by_allocator, memory.outside].map(size),
                None => [(); 3].map(|()| NONE.to_owned()),
            };
            let head = [
                name,
                plain(&phase.snapshot),
                seconds(phase.seconds),
                count(phase.units),
            ];
            head.into_iter().chain(held).collect()
        })
        .collect();
    rows.extend(memory_growth(report));
    let header = [
        "phase",
        "snapshot",
        "time",
        plural(report.unit),
        "live",
        "held by allocator",
        "outside",
    ];
    (!rows.is_empty()).then(|| Grid {
        title: "phases, and resident memory at the end of each",
        header: header.map(str::to_owned).to_vec(),
        figures: 2..7,
        rows,
    })
}

/// The last phase with figures less the first.
fn memory_growth(report: &Report) -> Option<Vec<String>> {
    let mut known = report.phases.iter().filter_map(|phase| phase.memory);
    let first = known.next()?;
    let last = known.next_back()?;
    let less = |last: u64, first: u64| growth(signed(last).saturating_sub(signed(first)));
    Some(vec![
        "growth".to_owned(),
        String::new(),
        String::new(),
        String::new(),
        less(last.live, first.live),
        less(last.held_by_allocator, first.held_by_allocator),
        less(last.outside, first.outside),
    ])
}

pub(in crate::render) fn size(value: u64) -> String {
    bytes(signed(value))
}

fn signed(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

pub(super) fn checks(report: &Report) -> Option<Grid> {
    let row = |each: &crate::hunt::Check| {
        let result = if each.passed { "passed" } else { "FAILED" };
        vec![
            result.to_owned(),
            check(each.name).to_owned(),
            plain(&each.message),
        ]
    };
    (!report.checks.is_empty()).then(|| Grid {
        title: "checks of the method",
        header: ["result", "check", "what was expected and found"]
            .map(str::to_owned)
            .to_vec(),
        figures: 0..0,
        rows: report.checks.iter().map(row).collect(),
    })
}

/// What the figures stand on: growth in all, the smallest leak, what is missing, and notes.
pub(super) fn remarks(report: &Report) -> Vec<String> {
    let mut lines = vec![whole_growth(report), threshold(report)];
    lines.push(match would_have_been_seen(report) {
        Some(seen) => format!("{seen}, with a probability of 95 %"),
        None => "too little load to tell how small a leak would have been seen".to_owned(),
    });
    lines.extend(report.units_needed.map(|units| {
        format!(
            "about {} more {} would decide what is inconclusive",
            count(units),
            plural(report.unit)
        )
    }));
    lines.push(format!(
        "steady sites: {}; the evidence was looked at {}",
        count(report.steady_sites as u64),
        if report.looks == 1 {
            "once".to_owned()
        } else {
            format!("{} times", report.looks)
        },
    ));
    lines.extend(report.notes.iter().map(|note| format!("note: {}", plain(note))));
    lines
}

fn whole_growth(report: &Report) -> String {
    let live = &report.live;
    let counted = live.bytes.map(|bytes| format!("{} counted, ", growth(bytes)));
    format!(
        "the live heap grew by {}{} sampled ({}, 95 %: {}), the instrument by {}",
        counted.unwrap_or_default(),
        growth(live.sampled_bytes),
        bytes_per(live.per_unit.bytes, live.per_unit.unit),
        interval(&live.per_unit),
        growth(live.instrument_bytes),
    )
}

/// `hunt of Query.hello, 2026-11-24 14:15:56 UTC, 3 min 20 s, 12,000 requests`
pub(super) fn subject(report: &Report) -> String {
    let mut parts = vec![format!("hunt of {}", plain(&report.subject))];
    parts.extend(super::words::date_and_time(report.started));
    parts.push(seconds(report.seconds));
    let units = report
        .phases
        .iter()
        .map(|phase| phase.units)
        .fold(0, u64::saturating_add);
    parts.push(format!("{} {}", count(units), plural(report.unit)));
    parts.join(", ")
}
