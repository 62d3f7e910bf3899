//! What became of each cohort: a grid, a row for what was born in each phase, a column for the end of each.

use maud::{Markup, html};

use crate::hunt::{JudgedSite, Report, Verdict};
use crate::render::bytes;
use crate::render::hunt::words::phases;

/// Of all leaking sites together, where there are several: each has its own in its place.
pub(super) fn of_leaks(report: &Report) -> Markup {
    let leaks: Vec<_> = report
        .sites
        .iter()
        .filter(|site| site.verdict == Verdict::Leak)
        .collect();
    let sum = sum(&leaks);
    html! {
        @if leaks.len() > 1 && !sum.is_empty() {
            h2 { "Survival of what the leaking sites allocated" }
            p.soft {
                "Each row is what was born in one phase, and how much of it is still alive at the end of each phase. \
                 What is kept stays the same along its row; what is freed fades."
            }
            (grid(report, &sum))
        }
    }
}

fn sum(sites: &[&JudgedSite]) -> Vec<Vec<i64>> {
    let mut sum: Vec<Vec<i64>> = Vec::new();
    for site in sites {
        for (at, row) in site.survival.iter().enumerate() {
            match sum.get_mut(at) {
                Some(sum) => sum
                    .iter_mut()
                    .zip(row)
                    .for_each(|(sum, value)| *sum = sum.saturating_add(*value)),
                None => sum.push(row.clone()),
            }
        }
    }
    sum
}

/// One row for each phase; the cells before its own are empty.
pub(super) fn grid(report: &Report, survival: &[Vec<i64>]) -> Markup {
    let names = phases(&report.phases);
    let most = survival.iter().flatten().copied().max().unwrap_or(0).max(1) as f64;
    html! {
        div.scroll { table.heat aria-label="bytes alive, by the phase they were born in" {
            thead { tr { th scope="col" { "born in" } @for name in &names { th scope="col" { (name) } } } }
            tbody {
                @for (at, (row, name)) in survival.iter().zip(&names).enumerate() {
                    tr {
                        th scope="row" { @if at == 0 { "before" } @else { (name) } }
                        @for _ in 0..names.len().saturating_sub(row.len()) { td {} }
                        @for value in row { (cell(*value, row[0], most)) }
                    }
                }
            }
        } }
    }
}

/// Bytes, and the share of what was there at the first look.
fn cell(value: i64, first: i64, most: f64) -> Markup {
    let heat = (value as f64 / most).clamp(0.0, 1.0);
    let share = (first > 0).then(|| 100.0 * value as f64 / first as f64);
    html! {
        td.cell style=(format!("--heat: {heat:.2}")) {
            (bytes(value))
            @if let Some(share) = share { " " small { (format!("{share:.0} %")) } }
        }
    }
}
