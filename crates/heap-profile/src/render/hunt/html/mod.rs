//! A report as one HTML file that needs nothing else: no script, no font, no picture is loaded, so that it can be sent
//! and archived, and opened under the strictest policy. The charts are SVG within the page, each with its figures in a
//! table; what is long is folded away with `<details>`.
//!
//! Start at [`html`]; `growth`, `live`, `memory` and `survival` draw one chart each, `holders` who holds a site's objects,
//! `chart` has what these share.

mod chart;
mod growth;
mod holders;
mod live;
mod memory;
mod sites;
mod survival;

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::content::{self, Grid};
use super::headline::{Headline, headline, is_known};
use super::words::{bytes_per, count, interval, number, per, plain, plural, verdict};
use crate::hunt::{Rate, Report, Unit};

/// Holds even where the file is served without a policy of its own.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:";
const STYLE: &str = include_str!("style.css");

/// The report as a page. `flame` is a differential flame graph from the first snapshot to the last, as an SVG file or
/// element; it is put in as it is, and is trusted. Where it is empty, the page has no such part.
pub fn html(report: &Report, flame: &str) -> String {
    // A file begins with a declaration that has no place in a page.
    let flame = flame.find("<svg").map_or("", |start| &flame[start..]);
    let headline = headline(report);
    let title = format!("{}: {}", verdict(headline.verdict), plain(&report.subject));
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) }
                // Browsers would ask for one otherwise.
                link rel="icon" href="data:,";
                style { (PreEscaped(STYLE)) (PreEscaped(holders::style(report))) }
            }
            body {
                (answer(&headline, report))
                (tiles(report))
                main { (evidence(report, flame)) }
            }
        }
    };
    page.into_string() + "\n"
}

fn answer(headline: &Headline, report: &Report) -> Markup {
    let (first, rest) = headline.lines.split_first().expect("a headline has a line");
    html! {
        header class=(verdict(headline.verdict)) {
            h1 { (first) }
            @for line in rest {
                p.inner[line.starts_with(' ')] { (line.trim_start()) }
            }
            p.soft { (content::subject(report)) }
        }
    }
}

/// The figures to take away.
fn tiles(report: &Report) -> Markup {
    let passed = report.checks.iter().filter(|check| check.passed).count();
    let all = report.checks.len();
    let smallest = &report.smallest_leak;
    html! {
        dl.tiles {
            @for field in report.fields.iter().take(1) {
                (rate_tile(if is_known(report, field) { "largest leak, known" } else { "largest leak" }, &field.rate))
            }
            (rate_tile("the live heap grew by", &report.live.per_unit))
            div {
                dt { "smallest leak it would have seen" }
                @match smallest.per_unit {
                    Some(bytes) => dd { (number(bytes)) small { "bytes " (per(report.unit)) } },
                    None => dd { "-" small { "too little load to tell" } },
                }
                @if let Some(bytes) = smallest.per_second {
                    dd { small { (bytes_per(bytes, Unit::Second)) " without load" } }
                }
            }
            div {
                dt { "checks of the method" }
                @if passed == all {
                    dd.passed { (passed) " of " (all) " passed" }
                } @else {
                    dd.failed { (all - passed) " of " (all) " FAILED" }
                }
            }
            @if let Some(units) = report.units_needed {
                div { dt { "needed to decide the rest" } dd { "about " (count(units)) small { "more " (plural(report.unit)) } } }
            }
        }
    }
}

fn rate_tile(name: &str, rate: &Rate) -> Markup {
    html! {
        div {
            dt { (name) }
            dd { (number(rate.bytes)) small { "bytes " (per(rate.unit)) ", 95 %: " (interval(rate)) } }
        }
    }
}

fn evidence(report: &Report, flame: &str) -> Markup {
    html! {
        (growth::charts(report))
        (sites::list(report))
        (survival::of_leaks(report))
        (live::chart(report))
        (memory::chart(report))
        @if !flame.is_empty() {
            h2 { "What grew, by stack" }
            div.flame { (PreEscaped(flame)) }
        }
        @if let Some(checks) = content::checks(report) {
            h2 { "Checks of the method" }
            (check_table(&checks))
        }
        h2 { "What this stands on" }
        ul { @for line in content::remarks(report) { li { (line) } } }
    }
}

fn check_table(checks: &Grid) -> Markup {
    let class = |cell: &str| if cell == "FAILED" { "failed" } else { "passed" };
    html! {
        div.scroll { table {
            thead { tr { @for cell in &checks.header { th scope="col" { (cell) } } } }
            tbody {
                @for row in &checks.rows {
                    tr { @for (at, cell) in row.iter().enumerate() {
                        td class=[(at == 0).then(|| class(cell))] { (cell) }
                    } }
                }
            }
        } }
    }
}

/// The figures behind a chart, folded away.
fn figures(grid: &Grid) -> Markup {
    html! {
        details {
            summary { "The figures" }
            div.scroll { table {
                caption { (grid.title) }
                thead { tr { @for (at, cell) in grid.header.iter().enumerate() {
                    th scope="col" .figure[grid.figures.contains(&at)] { (cell) }
                } } }
                tbody {
                    @for row in &grid.rows {
                        tr { @for (at, cell) in row.iter().enumerate() {
                            td.figure[grid.figures.contains(&at)] { (cell) }
                        } }
                    }
                }
            } }
        }
    }
}
