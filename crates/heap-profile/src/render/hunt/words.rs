//! Numbers, units and verdicts as people read them, the same in every format.

use jiff::Timestamp;

use crate::hunt::{CheckName, Phase, PhaseFigures, Rate, Report, Unit, Verdict};
use crate::names;
use crate::render::layout::without_control;
pub(super) use crate::render::layout::{clip, escape, wrap};

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// Bytes or objects per unit: `7,190`, `64`, `3.1`, `0.02`. As many decimals as still say something, at most two.
pub(super) fn number(value: f64) -> String {
    if value.is_nan() {
        return "?".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { "∞" } else { "-∞" }.to_owned();
    }
    let decimals = match value.abs() {
        ..0.995 => 2,
        ..99.95 => 1,
        _ => 0,
    };
    let digits = format!("{value:.decimals$}");
    let digits = match digits.contains('.') {
        true => digits.trim_end_matches('0').trim_end_matches('.'),
        false => &digits,
    };
    match digits {
        "-0" => "0".to_owned(),
        _ => grouped(digits),
    }
}

/// A count: `12,000`.
pub(crate) fn count(value: u64) -> String {
    grouped(&value.to_string())
}

fn grouped(digits: &str) -> String {
    let (sign, digits) = digits.strip_prefix('-').map_or(("", digits), |rest| ("-", rest));
    let whole = digits.find('.').unwrap_or(digits.len());
    let mut out = sign.to_owned();
    for (at, digit) in digits.char_indices() {
        if at > 0 && at < whole && (whole - at) % 3 == 0 {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// `7,020 to 7,360`
pub(super) fn interval(rate: &Rate) -> String {
    format!("{} to {}", number(rate.low), number(rate.high))
}

/// `7,190 bytes per request`
pub(super) fn bytes_per(bytes: f64, unit: Unit) -> String {
    format!("{} bytes {}", number(bytes), per(unit))
}

pub(super) fn per(unit: Unit) -> &'static str {
    match unit {
        Unit::Request => "per request",
        Unit::CancelledRequest => "per cancelled request",
        Unit::Event => "per event",
        Unit::Connection => "per connection",
        Unit::Second => "per second",
    }
}

pub(crate) fn plural(unit: Unit) -> &'static str {
    match unit {
        Unit::Request => "requests",
        Unit::CancelledRequest => "cancelled requests",
        Unit::Event => "events",
        Unit::Connection => "connections",
        Unit::Second => "seconds",
    }
}

/// What a leak does, with what it is divided by: `keeps 7,190 bytes of each request`.
pub(super) fn keeps(bytes: f64, unit: Unit) -> String {
    let bytes = number(bytes);
    match unit {
        Unit::Request => format!("keeps {bytes} bytes of each request"),
        Unit::CancelledRequest => format!("keeps {bytes} bytes of each cancelled request"),
        Unit::Event => format!("keeps {bytes} bytes of each event"),
        Unit::Connection => format!("keeps {bytes} bytes of each connection"),
        Unit::Second => format!("grows by {bytes} bytes per second, with or without load"),
    }
}

pub(super) fn verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Leak => "leak",
        Verdict::Inconclusive => "inconclusive",
        Verdict::Plateau => "plateau",
        Verdict::Step => "step",
        Verdict::Backlog => "backlog",
        Verdict::Steady => "steady",
    }
}

pub(super) fn check(name: CheckName) -> &'static str {
    match name {
        CheckName::IdleRound => "idle round",
        CheckName::PlantedControl => "planted control",
        CheckName::Accounted => "accounted",
    }
}

/// What each phase is called: `warm-up`, `rung 1`, `rung 2`, `settle`. Rungs are always numbered.
pub(super) fn phases(phases: &[PhaseFigures]) -> Vec<String> {
    let same = |phase| phases.iter().filter(move |each| each.phase == phase).count();
    let mut seen = [0; 4];
    let names = phases.iter().map(|each| {
        let (word, kind) = match each.phase {
            Phase::WarmUp => ("warm-up", 0),
            Phase::Rung => ("rung", 1),
            Phase::Settle => ("settle", 2),
            Phase::Idle => ("idle", 3),
        };
        seen[kind] += 1;
        if each.phase == Phase::Rung || same(each.phase) > 1 {
            format!("{word} {}", seen[kind])
        } else {
            word.to_owned()
        }
    });
    names.collect()
}

/// `14:15:56 UTC`, with the date where it is not the day of `started`.
pub(super) fn time(at: i64, started: i64) -> Option<String> {
    let format = match at.div_euclid(DAY_MS) == started.div_euclid(DAY_MS) {
        true => "%H:%M:%S UTC",
        false => "%Y-%m-%d %H:%M:%S UTC",
    };
    Some(Timestamp::from_millisecond(at).ok()?.strftime(format).to_string())
}

/// `2026-11-24 14:15:56 UTC`
pub(super) fn date_and_time(at: i64) -> Option<String> {
    let at = Timestamp::from_millisecond(at).ok()?;
    Some(at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string())
}

/// `12 s`, `3 min 20 s`
pub(in crate::render) fn seconds(value: f64) -> String {
    match value {
        _ if !value.is_finite() => "?".to_owned(),
        ..10.0 => format!("{} s", number(value)),
        ..120.0 => format!("{value:.0} s"),
        _ => {
            let whole = value.round() as u64;
            format!("{} min {} s", count(whole / 60), whole % 60)
        }
    }
}

/// `a leak of 3.1 bytes per request or more, or of 900 bytes per second without load, would have been seen`; nothing
/// where the hunt was blind.
pub(super) fn would_have_been_seen(report: &Report) -> Option<String> {
    let per_unit = report
        .smallest_leak
        .per_unit
        .map(|bytes| bytes_per(bytes, report.unit));
    let per_second = report
        .smallest_leak
        .per_second
        .map(|bytes| bytes_per(bytes, Unit::Second));
    let leak = match (per_unit, per_second) {
        (Some(unit), Some(second)) => format!("{unit} or more, or of {second} without load,"),
        (Some(unit), None) => format!("{unit} or more"),
        (None, Some(second)) => format!("{second} or more without load"),
        (None, None) => return None,
    };
    Some(format!("a leak of {leak} would have been seen"))
}

/// The name of a function or type that fits a line.
pub(super) fn short(name: &str) -> String {
    without_control(&names::short(name))
}

/// The name of a function with its place, as frames have it: `name (place)`.
pub(super) fn short_frame(frame: &str) -> String {
    match frame.rsplit_once(" (") {
        Some((name, place)) => without_control(&format!("{} ({place}", names::short(name))),
        None => short(frame),
    }
}

/// Names come from clients and files: none of them steers a terminal or breaks a line.
pub(super) fn plain(text: &str) -> String {
    without_control(text)
}
