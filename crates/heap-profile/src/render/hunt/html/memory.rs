//! Resident memory at the end of each phase, split three ways and stacked.

use maud::{Markup, html};

use super::chart::{Plot, Steps, legend, picture, px, size};
use crate::hunt::{MemorySplit, Report};
use crate::render::hunt::content;
use crate::render::hunt::words::phases;

const SIZE: (f64, f64) = (1040.0, 280.0);
/// A part lower than this has no room for its figure.
const LOWEST_NAMED: f64 = 15.0;

pub(super) fn chart(report: &Report) -> Markup {
    let whole =
        |memory: &MemorySplit| memory.live as f64 + memory.held_by_allocator as f64 + memory.outside as f64;
    let totals = report
        .phases
        .iter()
        .filter_map(|phase| phase.memory.as_ref())
        .map(whole);
    let highest = totals.fold(0.0, f64::max);
    let table = content::memory(report);
    let plot = Plot {
        left: 80.0,
        top: 36.0,
        width: SIZE.0 - 80.0 - 16.0,
        height: SIZE.1 - 36.0 - 30.0,
        low: 0.0,
        high: highest,
    };
    html! {
        @if table.is_some() { h2 { "Phases, and resident memory" } }
        @if highest > 0.0 { figure { (picture(
            "memory", SIZE, "Resident memory at the end of each phase",
            "Stacked, from below: live, held by the allocator, outside; the figures are in the table below",
            &drawn(report, &plot),
        )) } }
        @if let Some(table) = table { (super::figures(&table)) }
    }
}

fn drawn(report: &Report, plot: &Plot) -> Markup {
    let slot = plot.width / report.phases.len() as f64;
    html! {
        (plot.scale(Steps::Binary, size))
        (legend(plot.left, 18.0, "one", "live (bottom)"))
        (legend(plot.left + 130.0, 18.0, "two", "held by the allocator (middle)"))
        (legend(plot.left + 350.0, 18.0, "three", "outside (top)"))
        @for (at, (phase, name)) in report.phases.iter().zip(phases(&report.phases)).enumerate() {
            @let middle = plot.left + (at as f64 + 0.5) * slot;
            @if let Some(memory) = &phase.memory { (bar(plot, middle, (slot * 0.7).min(90.0), memory)) }
            text.soft text-anchor="middle" x=(px(middle)) y=(px(plot.bottom() + 19.0)) { (name) }
        }
    }
}

fn bar(plot: &Plot, middle: f64, width: f64, memory: &MemorySplit) -> Markup {
    let parts = [
        ("one", "live", memory.live),
        ("two", "held by the allocator", memory.held_by_allocator),
        ("three", "outside", memory.outside),
    ];
    let mut below = 0.0;
    let parts = parts.map(|(class, name, value)| {
        let bottom = plot.y(below);
        below += value as f64;
        (class, name, value as f64, plot.y(below), bottom)
    });
    html! {
        @for (class, name, value, top, bottom) in parts {
            g {
                title { (name) ": " (size(value)) }
                rect.part.(class) x=(px(middle - width / 2.0)) y=(px(top)) width=(px(width)) height=(px(bottom - top)) {}
                @if bottom - top >= LOWEST_NAMED && width > 60.0 {
                    text.inside text-anchor="middle" x=(px(middle)) y=(px((top + bottom) / 2.0 + 4.0)) { (size(value)) }
                }
            }
        }
    }
}
