//! The rule of a comparison of rates, and its intervals; see the module above for both.

use super::{Change, FieldChange, Hunted, RateComparison, Rates};
use crate::hunt::{FieldGrowth, JudgedSite, Rate, Report, Threshold, Unit, Verdict};
use crate::render::hunt::plural;

/// Differences within this share of the rate before count as none.
const SAME_WITHIN: f64 = 0.25;

impl Rates {
    fn of(before: Option<Rate>, after: Option<Rate>) -> Rates {
        let less = before
            .zip(after)
            .map(|(before, after)| difference(&before, &after));
        Rates { before, after, less }
    }
}

impl FieldChange {
    fn unit(&self) -> Option<Unit> {
        Some(self.rates.before.or(self.rates.after)?.unit)
    }
}

type Judged = (Change, String);

/// Sets the rates of two hunts side by side. Hunts that count in other units, or call something else growth, are
/// inconclusive, and say so.
pub fn compare_rates(before: &Report, after: &Report) -> RateComparison {
    let hunted = |report: &Report| Hunted {
        subject: report.subject.clone(),
        started: report.started,
        verdict: report.verdict,
    };
    let mut comparison = RateComparison {
        before: hunted(before),
        after: hunted(after),
        change: Change::Inconclusive,
        reason: String::new(),
        live: None,
        fields: Vec::new(),
    };
    if let Some(reason) = unlike(before, after) {
        comparison.reason = reason;
        return comparison;
    }
    let old = before
        .fields
        .iter()
        .map(|field| what_became(before, after, field));
    let new = after.fields.iter().filter(|field| !leaks(before, field));
    comparison.fields = old
        .chain(new.map(|field| what_came(before, after, field)))
        .collect();
    comparison.live = Some(Rates::of(Some(before.live.per_unit), Some(after.live.per_unit)));
    (comparison.change, comparison.reason) = overall(before, after, &comparison.fields);
    comparison
}

/// Why the two cannot be compared.
fn unlike(before: &Report, after: &Report) -> Option<String> {
    if before.subject != after.subject {
        return Some(format!(
            "the hunts are of different operations: {} before, {} after",
            before.subject, after.subject
        ));
    }
    if before.unit != after.unit {
        return Some(format!(
            "the hunts count in other units: {} before, {} after",
            plural(before.unit),
            plural(after.unit)
        ));
    }
    (before.threshold != after.threshold).then(|| {
        let told = |of: &Threshold| format!("{} per unit and {} per second", of.per_unit, of.per_second);
        format!(
            "the hunts have other thresholds, in bytes: {} before, {} after",
            told(&before.threshold),
            told(&after.threshold)
        )
    })
}

fn leaks(report: &Report, wanted: &FieldGrowth) -> bool {
    leak(report, wanted).is_some()
}

fn leak<'a>(report: &'a Report, wanted: &FieldGrowth) -> Option<&'a FieldGrowth> {
    let same = |field: &&FieldGrowth| field.field == wanted.field && field.rate.unit == wanted.rate.unit;
    report.fields.iter().find(same)
}

/// A field that leaks before.
fn what_became(before: &Report, after: &Report, field: &FieldGrowth) -> FieldChange {
    let threshold = threshold(before, field.rate.unit);
    let sites = judged_sites(after, field);
    let (rate, (change, reason)) = match leak(after, field) {
        Some(leak) => (Some(leak.rate), judge(&field.rate, &leak.rate, threshold)),
        None if sites.is_empty() => (None, absent(after, field, threshold)),
        None => {
            let rate = sum(&sites, field.rate.unit);
            (Some(rate), settled(&field.rate, &rate, &sites, threshold))
        }
    };
    FieldChange {
        field: field.field.clone(),
        function: function(before, field),
        rates: Rates::of(Some(field.rate), rate),
        change,
        reason,
    }
}

/// A field that leaks after alone.
fn what_came(before: &Report, after: &Report, field: &FieldGrowth) -> FieldChange {
    let sites = judged_sites(before, field);
    let rate = (!sites.is_empty()).then(|| sum(&sites, field.rate.unit));
    let undecided = sites.iter().any(|site| site.verdict == Verdict::Inconclusive);
    let (change, reason) = match would_have_seen(before, &field.rate) {
        true if !undecided => (Change::Worse, "new: it did not leak before".to_owned()),
        _ => (
            Change::Inconclusive,
            "whether it leaks before was not decided".to_owned(),
        ),
    };
    FieldChange {
        field: field.field.clone(),
        function: function(after, field),
        rates: Rates::of(rate, Some(field.rate)),
        change,
        reason,
    }
}

fn function(report: &Report, field: &FieldGrowth) -> Option<String> {
    let site = report.sites.get(*field.sites.first()?)?;
    Some(site.function.clone())
}

/// The sites of a field that were judged, and grow by the same unit.
fn judged_sites<'a>(report: &'a Report, field: &FieldGrowth) -> Vec<&'a JudgedSite> {
    let same = |site: &&JudgedSite| site.field == field.field && site.rate.unit == field.rate.unit;
    report.sites.iter().filter(same).collect()
}

fn threshold(report: &Report, unit: Unit) -> f64 {
    match unit {
        Unit::Second => report.threshold.per_second,
        _ => report.threshold.per_unit,
    }
}

/// Whether a leak as small as this may be would have been seen.
fn would_have_seen(report: &Report, rate: &Rate) -> bool {
    let smallest = match rate.unit {
        Unit::Second => report.smallest_leak.per_second,
        _ => report.smallest_leak.per_unit,
    };
    smallest.is_some_and(|smallest| smallest <= rate.low)
}

/// Not among what was judged: steady, if the hunt could tell.
fn absent(after: &Report, field: &FieldGrowth, threshold: f64) -> Judged {
    if !was_leak(&field.rate, threshold) {
        nothing_to_fix()
    } else if would_have_seen(after, &field.rate) {
        (
            Change::Fixed,
            "it no longer grows, and would have been seen".to_owned(),
        )
    } else {
        let reason = "it was not seen to grow, in too little load to tell".to_owned();
        (Change::Inconclusive, reason)
    }
}

/// Judged, and no leak.
fn settled(before: &Rate, after: &Rate, sites: &[&JudgedSite], threshold: f64) -> Judged {
    let is_settled = |verdict| !matches!(verdict, Verdict::Leak | Verdict::Inconclusive);
    if was_leak(before, threshold) && sites.iter().all(|site| is_settled(site.verdict)) {
        (
            Change::Fixed,
            "what it holds no longer grows with the load or with time".to_owned(),
        )
    } else {
        judge(before, after, threshold)
    }
}

fn was_leak(before: &Rate, threshold: f64) -> bool {
    before.low > threshold
}

fn nothing_to_fix() -> Judged {
    let reason = "it was not shown to leak before".to_owned();
    (Change::Inconclusive, reason)
}

/// The rule, by the rates alone.
fn judge(before: &Rate, after: &Rate, threshold: f64) -> Judged {
    let less = difference(before, after);
    let margin = SAME_WITHIN * before.bytes;
    let (change, reason) = if !was_leak(before, threshold) {
        return nothing_to_fix();
    } else if after.high < threshold {
        (Change::Fixed, "its upper bound is below the threshold")
    } else if less.low > 0.0 {
        (Change::Better, "less than before, and not shown to be gone")
    } else if less.high < 0.0 {
        (Change::Worse, "more than before")
    } else if less.low > -margin && less.high < margin {
        (Change::Same, "within a quarter of the rate before")
    } else {
        (
            Change::Inconclusive,
            "the rates are too uncertain to tell them apart",
        )
    };
    (change, reason.to_owned())
}

fn overall(before: &Report, after: &Report, fields: &[FieldChange]) -> Judged {
    if before.verdict != Verdict::Leak && fields.iter().any(|field| field.change == Change::Worse) {
        return (
            Change::Worse,
            "the hunt before found no leak, and would have seen this one".to_owned(),
        );
    }
    if before.verdict != Verdict::Leak {
        return (Change::Inconclusive, "the hunt before found no leak".to_owned());
    }
    let Some(first) = fields.iter().min_by_key(|field| hope(field.change)) else {
        return by_live(before, after);
    };
    if fields.iter().all(|field| field.change == first.change) {
        let reason = match fields.len() {
            1 => first.reason.clone(),
            fields => format!("so are all {fields} fields"),
        };
        (first.change, reason)
    } else if fields.iter().any(|field| field.unit() != Some(before.unit)) {
        let reason = "as the worst of its fields: growth by load and by time do not add up";
        (first.change, reason.to_owned())
    } else {
        by_live(before, after)
    }
}

/// How little there is to worry about.
fn hope(change: Change) -> u8 {
    match change {
        Change::Worse => 0,
        Change::Inconclusive => 1,
        Change::Same => 2,
        Change::Better => 3,
        Change::Fixed => 4,
    }
}

fn by_live(before: &Report, after: &Report) -> Judged {
    let threshold = threshold(before, before.unit);
    let (change, reason) = judge(&before.live.per_unit, &after.live.per_unit, threshold);
    // What one field has lost does not make up for what another still keeps.
    let change = match change {
        Change::Fixed if after.verdict == Verdict::Leak => Change::Better,
        change => change,
    };
    (change, format!("by all that the process keeps: {reason}"))
}

/// MOVER for a difference, see above.
fn difference(before: &Rate, after: &Rate) -> Rate {
    let bytes = before.bytes - after.bytes;
    Rate {
        bytes,
        low: bytes - (before.bytes - before.low).hypot(after.high - after.bytes),
        high: bytes + (before.high - before.bytes).hypot(after.bytes - after.low),
        unit: before.unit,
    }
    .rounded()
}

/// MOVER for a sum.
fn sum(sites: &[&JudgedSite], unit: Unit) -> Rate {
    let zero = Rate {
        bytes: 0.0,
        low: 0.0,
        high: 0.0,
        unit,
    };
    let add = |sum: Rate, rate: Rate| {
        let bytes = sum.bytes + rate.bytes;
        Rate {
            bytes,
            low: bytes - (sum.bytes - sum.low).hypot(rate.bytes - rate.low),
            high: bytes + (sum.high - sum.bytes).hypot(rate.high - rate.bytes),
            unit,
        }
    };
    sites.iter().map(|site| site.rate).fold(zero, add).rounded()
}
