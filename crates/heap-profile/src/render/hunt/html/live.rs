//! Live bytes over time: what the process holds, and what the sites hold that leak; phases with load are shaded.

use maud::{Markup, html};

use super::chart::{Plot, Steps, legend, picture, px, size};
use crate::hunt::{Phase, Report, Verdict};
use crate::render::hunt::words::{phases, plain, seconds};

const SIZE: (f64, f64) = (1040.0, 300.0);
/// About the width of a character.
const CHARACTER: f64 = 6.5;

/// One value for each snapshot, where there is one.
type Series = Vec<Option<f64>>;

pub(super) fn chart(report: &Report) -> Markup {
    let counted: Series = report
        .phases
        .iter()
        .map(|phase| Some(phase.memory?.live as f64))
        .collect();
    let leaking = leaking(report);
    let values = || counted.iter().chain(leaking.iter().flatten()).flatten().copied();
    if values().next().is_none() {
        return html! {};
    }
    let plot = Plot {
        left: 80.0,
        top: 56.0,
        width: SIZE.0 - 80.0 - 16.0,
        height: SIZE.1 - 56.0 - 30.0,
        low: 0.0,
        high: values().fold(1.0, f64::max),
    };
    let ends = ends(report, &plot);
    let content = html! {
        (shades(report, &plot, &ends))
        (plot.scale(Steps::Binary, size))
        (line(&plot, &ends, &counted, "one", "live heap"))
        (legend(plot.left, 18.0, "one", "live heap, counted by the allocator"))
        @if let Some(leaking) = &leaking {
            (line(&plot, &ends, leaking, "two", "leaking sites"))
            (legend(plot.left + 270.0, 18.0, "mark two", "held by leaking sites, from samples (dashed)"))
        }
    };
    let about = "Live bytes at each snapshot, over time; the figures are in the table of phases below";
    html! {
        h2 { "Live bytes over the hunt" }
        figure { (picture("live", SIZE, "Live bytes over the hunt", about, &content)) }
    }
}

/// What all leaking sites hold together; nothing where none leaks.
fn leaking(report: &Report) -> Option<Series> {
    let mut sites = report
        .sites
        .iter()
        .filter(|site| site.verdict == Verdict::Leak)
        .peekable();
    sites.peek()?;
    let mut sum = vec![0.0; report.phases.len()];
    for site in sites {
        sum.iter_mut()
            .zip(&site.live)
            .for_each(|(sum, live)| *sum += *live as f64);
    }
    Some(sum.into_iter().map(Some).collect())
}

/// Where each phase ends, in pixels: by its length in time, or one as wide as another where there was no time.
fn ends(report: &Report, plot: &Plot) -> Vec<f64> {
    let lengths = report.phases.iter().map(|phase| phase.seconds.max(0.0));
    let lengths: Vec<f64> = lengths
        .map(|seconds| if seconds.is_finite() { seconds } else { 0.0 })
        .collect();
    let whole: f64 = lengths.iter().sum();
    let share = |length: f64| {
        if whole > 0.0 {
            length / whole
        } else {
            1.0 / lengths.len() as f64
        }
    };
    let mut end = plot.left;
    let ends = lengths.iter().map(|length| {
        end += plot.width * share(*length);
        end
    });
    ends.collect()
}

fn shades(report: &Report, plot: &Plot, ends: &[f64]) -> Markup {
    let starts = std::iter::once(plot.left).chain(ends.iter().copied());
    html! {
        @for (((phase, name), start), end) in report.phases.iter().zip(phases(&report.phases)).zip(starts).zip(ends) {
            @let class = if matches!(phase.phase, Phase::WarmUp | Phase::Rung) { "load" } else { "rest" };
            g {
                title { (name) ", " (seconds(phase.seconds)) ", then " (plain(&phase.snapshot)) }
                rect.(class) x=(px(start)) y=(px(plot.top)) width=(px(end - start - 1.0)) height=(px(plot.height)) {}
                @if end - start > name.len() as f64 * CHARACTER {
                    text.soft text-anchor="middle" x=(px((start + end) / 2.0)) y=(px(plot.top - 7.0)) { (name) }
                }
            }
        }
        text.soft x=(px(plot.left)) y=(px(plot.bottom() + 20.0)) { "start" }
        text.soft text-anchor="end" x=(px(plot.right())) y=(px(plot.bottom() + 20.0)) {
            (seconds(report.phases.iter().map(|phase| phase.seconds).sum()))
        }
    }
}

fn line(plot: &Plot, ends: &[f64], series: &Series, class: &str, name: &str) -> Markup {
    let marks = || {
        ends.iter()
            .zip(series)
            .filter_map(|(x, value)| Some((*x, (*value)?)))
    };
    let points = marks().map(|(x, value)| format!("{},{}", px(x), px(plot.y(value))));
    let points = points.collect::<Vec<_>>().join(" ");
    html! {
        polyline.line.(class) points=(points) {}
        @for (x, value) in marks() {
            circle.mark.(class) cx=(px(x)) cy=(px(plot.y(value))) r="3.5" { title { (name) ": " (size(value)) } }
        }
    }
}
