//! What each rung left behind, for each of the sites that grow most: bars, with the 95 % interval as a whisker.

use maud::{Markup, html};

use super::chart::{Plot, Steps, picture, px};
use crate::hunt::{JudgedSite, Rate, Report, Unit};
use crate::render::hunt::content::{self, growing, rung_names};
use crate::render::hunt::words::{bytes_per, interval, number, per, plain, short};

const MOST_SITES: usize = 6;
const SIZE: (f64, f64) = (480.0, 230.0);

pub(super) fn charts(report: &Report) -> Markup {
    let sites: Vec<_> = growing(report).take(MOST_SITES).collect();
    let names = rung_names(report);
    html! {
        @if !sites.is_empty() {
            h2 { "What each rung left behind" }
            p.soft {
                "Born in a rung that another followed, and still alive at the end, per unit of the load. A leak leaves as much behind in each: \
                 bars of one height, above the dashed threshold."
            }
            div.charts { @for (number, site) in &sites { (chart(report, *number, site, &names)) } }
            @if let Some(grid) = content::rungs(report) { (super::figures(&grid)) }
        }
    }
}

fn chart(report: &Report, number: usize, site: &JudgedSite, names: &[String]) -> Markup {
    let unit = site.rungs.first().map_or(site.rate.unit, |rate| rate.unit);
    let threshold = match unit {
        Unit::Second => report.threshold.per_second,
        _ => report.threshold.per_unit,
    };
    let plot = plot(&site.rungs, threshold);
    let owner = site.field.as_deref().map_or_else(|| short(&site.function), plain);
    let title = format!("#{number} {owner}, bytes {}", per(unit));
    let slot = plot.width / site.rungs.len() as f64;
    let bars = html! {
        (plot.scale(Steps::Decimal, self::number))
        @for (at, rate) in site.rungs.iter().enumerate() {
            @let name = names.get(at).map_or("", String::as_str);
            (bar(&plot, plot.left + (at as f64 + 0.5) * slot, slot, rate, name))
        }
        line.zero x1=(px(plot.left)) x2=(px(plot.right())) y1=(px(plot.y(0.0))) y2=(px(plot.y(0.0))) {}
        line.limit x1=(px(plot.left)) x2=(px(plot.right())) y1=(px(plot.y(threshold))) y2=(px(plot.y(threshold))) {
            title { "threshold: " (bytes_per(threshold, unit)) }
        }
    };
    html! {
        figure {
            figcaption {
                strong { "#" (number) " " (owner) }
                @if let Some(kind) = &site.kind { ", " span.mono { (short(kind)) } }
                br; span.soft { "bytes " (per(unit)) ", threshold " (self::number(threshold)) }
            }
            (picture(&format!("rungs-{number}"), SIZE, &title, &spoken(site, names), &bars))
        }
    }
}

fn plot(rungs: &[Rate], threshold: f64) -> Plot {
    let finite = |value: f64| if value.is_finite() { value } else { 0.0 };
    let values = rungs
        .iter()
        .flat_map(|rate| [rate.low, rate.high, rate.bytes])
        .map(finite);
    let (low, high) = values.fold((0.0, threshold), |(low, high): (f64, f64), value| {
        (low.min(value), high.max(value))
    });
    Plot {
        left: 66.0,
        top: 26.0,
        width: SIZE.0 - 66.0 - 12.0,
        height: SIZE.1 - 26.0 - 28.0,
        low,
        high: if high > low { high } else { low + 1.0 },
    }
}

fn bar(plot: &Plot, middle: f64, slot: f64, rate: &Rate, name: &str) -> Markup {
    let half = (slot * 0.3).min(34.0);
    let (value, zero) = (plot.y(rate.bytes), plot.y(0.0));
    let (low, high) = (plot.y(rate.low), plot.y(rate.high));
    let cap =
        |y: f64| html! { line.whisker x1=(px(middle - 5.0)) x2=(px(middle + 5.0)) y1=(px(y)) y2=(px(y)) {} };
    html! {
        g {
            title { (name) ": " (number(rate.bytes)) " bytes " (per(rate.unit)) ", 95 %: " (interval(rate)) }
            rect.one x=(px(middle - half)) y=(px(value.min(zero))) width=(px(2.0 * half)) height=(px((value - zero).abs())) {}
            line.whisker x1=(px(middle)) x2=(px(middle)) y1=(px(high)) y2=(px(low)) {}
            (cap(low)) (cap(high))
            text text-anchor="middle" x=(px(middle)) y=(px(high.min(zero) - 7.0)) { (number(rate.bytes)) }
            text.soft text-anchor="middle" x=(px(middle)) y=(px(plot.bottom() + 19.0)) { (name) }
        }
    }
}

fn spoken(site: &JudgedSite, names: &[String]) -> String {
    let rungs = names
        .iter()
        .zip(&site.rungs)
        .map(|(name, rate)| format!("{name}: {}", bytes_per(rate.bytes, rate.unit)));
    rungs.collect::<Vec<_>>().join(", ")
}
