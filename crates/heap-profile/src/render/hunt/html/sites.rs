//! The judged sites, each folded to one line, with its stack and figures inside.

use maud::{Markup, html};

use super::{holders, survival};
use crate::hunt::{JudgedSite, Report, Verdict};
use crate::render::bytes;
use crate::render::hunt::content::{needed, operations, since};
use crate::render::hunt::words::{count, interval, number, per, phases, plain, short, short_frame, verdict};

pub(super) fn list(report: &Report) -> Markup {
    let first_leak = report
        .sites
        .iter()
        .position(|site| site.verdict == Verdict::Leak && !site.known);
    html! {
        h2 { "Sites" }
        @if report.sites.is_empty() { p { "None but steady ones" } }
        @for (at, site) in report.sites.iter().enumerate() {
            details open[first_leak == Some(at)] {
                summary { (line(at + 1, site)) }
                (inside(report, at + 1, site))
            }
        }
        p.soft { "Steady, and not listed: " (count(report.steady_sites as u64)) }
    }
}

fn line(number: usize, site: &JudgedSite) -> Markup {
    html! {
        "#" (number) " "
        span class={ "badge " (verdict(site.verdict)) } { (verdict(site.verdict)) }
        @if site.known { " " span.badge.known { "known" } }
        " " strong { (self::number(site.rate.bytes)) " bytes " (per(site.rate.unit)) }
        span.soft { " (95 %: " (interval(&site.rate)) ")" }
        @if let Some(field) = &site.field { " " strong { (plain(field)) } }
        @if let Some(kind) = &site.kind { " " code { (short(kind)) } }
        br; code { (short(&site.function)) }
    }
}

fn inside(report: &Report, number: usize, site: &JudgedSite) -> Markup {
    let callers: Vec<String> = site
        .frames
        .iter()
        .skip(1)
        .map(|frame| format!("  <- {}", short_frame(frame)))
        .collect();
    let operations = operations(site);
    html! {
        @if !site.why.is_empty() { p { (plain(&site.why)) } }
        pre {
            (short(&site.function)) "\n"
            @if let Some(place) = &site.place { "  at " (plain(place)) "\n" }
            @if let Some(through) = &site.through { "  via " (short(through)) "\n" }
            (callers.join("\n"))
        }
        p {
            "Objects " (per(site.rate.unit)) ": " (self::number(site.objects_per_unit))
            @if let Some(names) = operations { ", under " code { (names) } }
            @if let Some(since) = since(site, report.started) { ", since " (since) }
            @if site.spread { ", spread over many sites below this function" }
            @if let Some(needed) = needed(site.units_needed, &site.rate) { ", " (needed) }
        }
        (holders::section(number, site))
        (live(report, site))
        @if !site.survival.is_empty() {
            p.soft {
                "Each row is what was born in one phase, and how much of it is still alive at the end of each. \
                 What is kept stays the same along its row; what is freed fades."
            }
            (survival::grid(report, &site.survival))
        }
        p.soft { "Key in a baseline: " code { (plain(&site.key)) } }
    }
}

fn live(report: &Report, site: &JudgedSite) -> Markup {
    html! {
        @if !site.live.is_empty() {
            div.scroll { table {
                thead { tr { th scope="col" { "at the end of" } @for name in phases(&report.phases) { th scope="col" .figure { (name) } } } }
                tbody {
                    tr { th scope="row" { "live" } @for value in &site.live { td.figure { (bytes(*value)) } } }
                    tr { th scope="row" { "objects" } @for value in &site.live_objects { td.figure { (objects(*value)) } } }
                }
            } }
        }
    }
}

fn objects(value: i64) -> String {
    let sign = if value < 0 { "-" } else { "" };
    format!("{sign}{}", count(value.unsigned_abs()))
}
