//! The verdict in words: the answer in the first two lines, before any evidence.

use super::holders::proven_holder;
use super::words::{
    bytes_per, check, count, interval, keeps, number, per, plain, plural, short, time, verdict,
    would_have_been_seen,
};
use crate::hunt::{FieldGrowth, JudgedSite, Outcome, Rate, Report, Unit, Verdict};

/// The most leaking fields that are told one by one.
const MOST_FIELDS: usize = 3;

/// The verdict in one line, then where, of what type and since when.
pub(super) struct Headline {
    /// What the colour and the badge go by: a hunt that found known leaks alone does not shout.
    pub(super) verdict: Verdict,
    /// The first is the verdict; what is further in belongs to the line above.
    pub(super) lines: Vec<String>,
}

pub(super) fn headline(report: &Report) -> Headline {
    let (known, new): (Vec<_>, Vec<_>) = report.fields.iter().partition(|field| is_known(report, field));
    let (verdict, mut lines) = match Outcome::of(report) {
        Outcome::Leak if new.is_empty() => (Verdict::Leak, vec![whole(report)]),
        Outcome::Leak => (Verdict::Leak, leaking(report, "leak", &new)),
        Outcome::Inconclusive => (Verdict::Inconclusive, vec![inconclusive(report)]),
        Outcome::NoLeak => (Verdict::Steady, vec![none(report, !known.is_empty())]),
    };
    if verdict == Verdict::Leak {
        lines.extend(undecided_too(report));
    } else {
        lines.extend(others(report));
    }
    lines.extend(failed(report));
    lines.extend(leaking(report, "known", &known));
    Headline { verdict, lines }
}

/// Whether the baseline has all of its sites.
pub(super) fn is_known(report: &Report, field: &FieldGrowth) -> bool {
    let mut sites = sites(report, field).peekable();
    sites.peek().is_some() && sites.all(|site| site.known)
}

fn sites<'a>(report: &'a Report, field: &'a FieldGrowth) -> impl Iterator<Item = &'a JudgedSite> {
    field.sites.iter().filter_map(|index| report.sites.get(*index))
}

fn leaking(report: &Report, word: &str, fields: &[&FieldGrowth]) -> Vec<String> {
    let told = fields.iter().take(MOST_FIELDS);
    let mut lines: Vec<String> = told
        .flat_map(|field| {
            let owner = owner(report, field);
            let rate = keeps(field.rate.bytes, field.rate.unit);
            let first = format!("{word}: {owner} {rate} (95 %: {})", interval(&field.rate));
            let site = sites(report, field).next();
            std::iter::once(first)
                .chain(whereabouts(report, field))
                .chain(site.and_then(proven_holder))
        })
        .collect();
    match fields.len().saturating_sub(MOST_FIELDS) {
        0 => {}
        1 => lines.push(format!("{word}: 1 field more")),
        more => lines.push(format!("{word}: {more} fields more")),
    }
    lines
}

/// The field; of what belongs to none, the function that leaks most.
pub(super) fn owner(report: &Report, field: &FieldGrowth) -> String {
    let of_function = || sites(report, field).next().map(|site| short(&site.function));
    let name = field.field.as_deref().map(plain).or_else(of_function);
    name.unwrap_or_else(|| "code that belongs to no field".to_owned())
}

/// `  at shop::Query::keep (src/catalog.rs:31) and 2 sites more, as Vec<Item>, since 14:15:56 UTC`
fn whereabouts(report: &Report, field: &FieldGrowth) -> Option<String> {
    let site = sites(report, field).next()?;
    let mut line = format!("  at {}", short(&site.function));
    if let Some(place) = &site.place {
        line += &format!(" ({})", plain(place));
    }
    match sites(report, field).count() {
        0 | 1 => {}
        2 => line += " and 1 site more",
        sites => line += &format!(" and {} sites more", sites - 1),
    }
    if let Some(kind) = &site.kind {
        line += &format!(", as {}", short(kind));
    }
    let since = sites(report, field).filter_map(|site| site.since).min();
    if let Some(since) = since.and_then(|since| time(since, report.started)) {
        line += &format!(", since {since}");
    }
    Some(line)
}

/// A leak of the process that no field or site is charged with.
fn whole(report: &Report) -> String {
    let rate = &report.live.per_unit;
    let keeps = keeps(rate.bytes, rate.unit);
    format!("leak: the process {keeps} (95 %: {})", interval(rate))
}

fn undecided(report: &Report) -> impl Iterator<Item = &JudgedSite> {
    let sites = report.sites.iter();
    sites.filter(|site| site.verdict == Verdict::Inconclusive && !site.known)
}

fn inconclusive(report: &Report) -> String {
    let most = undecided(report).max_by(|a, b| a.rate.high.total_cmp(&b.rate.high));
    let Some(site) = most else {
        return format!(
            "inconclusive: not enough evidence{}",
            needed(report.units_needed, report.unit)
        );
    };
    let owner = site.field.as_deref().map_or_else(|| short(&site.function), plain);
    let Rate {
        bytes, high, unit, ..
    } = site.rate;
    let may = if unit == Unit::Second { "grow by" } else { "keep" };
    format!(
        "inconclusive: {owner} may {may} up to {} (estimate: {}){}",
        bytes_per(high, unit),
        number(bytes),
        needed(report.units_needed.or(site.units_needed), unit),
    )
}

fn needed(units: Option<u64>, unit: Unit) -> String {
    units.map_or_else(String::new, |units| {
        format!("; about {} more {} would decide it", count(units), plural(unit))
    })
}

fn undecided_too(report: &Report) -> Option<String> {
    let sites = undecided(report).count();
    let these = match sites {
        0 => return None,
        1 => "1 site more".to_owned(),
        _ => format!("{sites} sites more"),
    };
    Some(format!(
        "inconclusive: {these}{}",
        needed(report.units_needed, report.unit)
    ))
}

fn none(report: &Report, is_known: bool) -> String {
    let verdict = if is_known { "no new leak" } else { "no leak" };
    match would_have_been_seen(report) {
        Some(seen) => format!("{verdict}: {seen}"),
        None => format!("{verdict} was seen: too little load to tell how small a leak it would have seen"),
    }
}

/// A verdict does not hold up where the method does not.
fn failed(report: &Report) -> Option<String> {
    let failed = report.checks.iter().filter(|each| !each.passed);
    let failed: Vec<&str> = failed.map(|each| check(each.name)).collect();
    (!failed.is_empty()).then(|| format!("but a check of the method FAILED: {}", failed.join(", ")))
}

/// What the sites do that do not leak: `  2 plateaus, 1 step, 30 steady sites`.
fn others(report: &Report) -> Option<String> {
    let number_of = |wanted| report.sites.iter().filter(|site| site.verdict == wanted).count();
    let mut parts: Vec<String> = [
        Verdict::Inconclusive,
        Verdict::Plateau,
        Verdict::Step,
        Verdict::Backlog,
    ]
    .into_iter()
    .filter(|wanted| number_of(*wanted) > 0)
    .map(|wanted| format!("{} {}", count(number_of(wanted) as u64), verdict(wanted)))
    .collect();
    parts.push(format!("{} steady", count(report.steady_sites as u64)));
    Some(format!("  sites: {}", parts.join(", ")))
}

/// The threshold in words: `growth below 4 bytes per request, or 1,024 bytes per second, is none`.
pub(super) fn threshold(report: &Report) -> String {
    format!(
        "growth below {} bytes {}, or {} without load, is none",
        number(report.threshold.per_unit),
        per(report.unit),
        bytes_per(report.threshold.per_second, Unit::Second),
    )
}
