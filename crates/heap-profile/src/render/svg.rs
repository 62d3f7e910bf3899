//! Flame graphs as one SVG file that needs nothing else: no script, no font, no style sheet.
//!
//! The task or thread is on top, callees are below. One snapshot is coloured by whose code a function is, the difference of
//! two by whether more grew below it than shrank.

use std::fmt::Write;

use super::flame::{Bar, Weight, bars, changed, live};
use super::{bytes, growth};
use crate::Error;
use crate::names;
use crate::symbolize::{Origin, Symbolized};

const WIDTH: f64 = 1200.0;
const MARGIN: f64 = 10.0;
const HEADER: f64 = 56.0;
const ROW: f64 = 17.0;
/// About the width of a character of the font below.
const CHARACTER: f64 = 6.6;
/// Bars narrower than this, in pixels, are left out.
const NARROWEST: f64 = 0.3;
const PROLOG: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";

/// What colours mean.
type Legend = [(&'static str, &'static str)];

const ORIGINS: [(&str, &str); 4] = [
    ("the program's own", "#f28e5c"),
    ("dependency", "#8fb8de"),
    ("standard library", "#c9c9c9"),
    ("unknown", "#e6dfc8"),
];

const SIGNS: [(&str, &str); 3] = [
    ("+ grew", "#f0675c"),
    ("- shrank", "#6c9bd2"),
    ("as much of either", EVEN),
];
const EVEN: &str = "#d9d9d9";
/// Red, green and blue of the colours of most growth, of most shrinkage, and of next to none.
const GREW: [f64; 3] = [240.0, 103.0, 92.0];
const SHRANK: [f64; 3] = [108.0, 155.0, 210.0];
const FAINT: [f64; 3] = [246.0, 242.0, 240.0];

/// Live bytes by stack, as wide as the bytes that were allocated there and are still held. Hovering over a bar tells its
/// name, bytes, share and source.
///
/// # Errors
/// Where the snapshot has no live bytes to draw.
pub fn flame_graph(snapshot: &Symbolized, title: &str) -> Result<String, Error> {
    let bars = bars(&live(snapshot)?, NARROWEST / (WIDTH - 2.0 * MARGIN));
    let title = format!("{title}: {} live", bytes_of(total(&bars).width()));
    let paint = |bar: &Bar, total: Weight| Paint {
        colour: colour_of(&bar.origin).to_owned(),
        figures: format!(
            "{}, {:.1} %",
            bytes_of(bar.weight.width()),
            share(bar.weight, total)
        ),
        sign: "",
    };
    Ok(PROLOG.to_owned() + &draw(&bars, &title, &ORIGINS, paint))
}

/// What changed from the first snapshot to the last, stack by stack. A bar is as wide as the bytes that changed below it,
/// those that grew and those that shrank, so that what is gone can be seen too; its colour and its sign say which were more.
/// The instrument's own stacks are left out.
///
/// # Errors
/// Where a snapshot has no live bytes, or they were taken from different builds.
pub fn flame_difference(first: &Symbolized, last: &Symbolized, title: &str) -> Result<String, Error> {
    Ok(PROLOG.to_owned() + &flame_difference_element(first, last, title)?)
}

/// The same as an element to be put into an HTML page.
///
/// # Errors
/// As [`flame_difference`].
pub fn flame_difference_element(first: &Symbolized, last: &Symbolized, title: &str) -> Result<String, Error> {
    let bars = bars(&changed(first, last)?, NARROWEST / (WIDTH - 2.0 * MARGIN));
    let title = format!("{title}: {}", figures(total(&bars)));
    let paint = |bar: &Bar, total: Weight| Paint {
        colour: colour_of_change(bar.weight, total),
        figures: format!(
            "{}; {:.1} % of what changed",
            figures(bar.weight),
            share(bar.weight, total)
        ),
        sign: match bar.weight.net() {
            0 => "",
            1.. => "+ ",
            _ => "- ",
        },
    };
    Ok(draw(&bars, &title, &SIGNS, paint))
}

/// `+3.0 MiB: 4.0 MiB grew, 1.0 MiB shrank`
fn figures(weight: Weight) -> String {
    let (grown, shrunk) = (bytes_of(weight.grown), bytes_of(weight.shrunk));
    format!("{} net, {grown} grew, {shrunk} shrank", growth(weight.net()))
}

/// How a bar looks, and what its tooltip says below the name.
struct Paint {
    colour: String,
    figures: String,
    /// Stands before the name, for whoever does not see the colours.
    sign: &'static str,
}

fn draw(bars: &[Bar], title: &str, key: &Legend, paint: impl Fn(&Bar, Weight) -> Paint) -> String {
    let total = total(bars);
    let rows = bars.iter().map(|bar| bar.depth + 1).max().unwrap_or(0);
    let height = HEADER + rows as f64 * ROW + MARGIN;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" height=\"{height}\" \
         font-family=\"monospace\" font-size=\"11\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n\
         <text x=\"{MARGIN}\" y=\"20\" font-size=\"14\">{}</text>\n",
        escape(title),
    );
    legend(&mut svg, key);
    for each in bars {
        bar(&mut svg, each, total.width(), &paint(each, total));
    }
    svg.push_str("</svg>\n");
    svg
}

fn total(bars: &[Bar]) -> Weight {
    bars.first().map_or(Weight::default(), |root| root.weight)
}

fn bytes_of(value: u64) -> String {
    bytes(i64::try_from(value).unwrap_or(i64::MAX))
}

fn share(weight: Weight, total: Weight) -> f64 {
    100.0 * weight.width() as f64 / total.width() as f64
}

fn legend(svg: &mut String, key: &Legend) {
    let mut x = MARGIN;
    for (name, colour) in key {
        let text_x = x + 15.0;
        line(
            svg,
            format_args!("<rect x=\"{x}\" y=\"30\" width=\"11\" height=\"11\" fill=\"{colour}\"/>"),
        );
        line(
            svg,
            format_args!("<text x=\"{text_x:.1}\" y=\"40\">{name}</text>"),
        );
        x = text_x + (name.len() + 3) as f64 * CHARACTER;
    }
}

fn bar(svg: &mut String, bar: &Bar, total: u64, paint: &Paint) {
    let scale = (WIDTH - 2.0 * MARGIN) / total as f64;
    let (x, width) = (
        MARGIN + bar.start as f64 * scale,
        bar.weight.width() as f64 * scale,
    );
    let y = HEADER + bar.depth as f64 * ROW;
    let place = bar
        .place
        .as_deref()
        .map(|place| format!("\n{}", escape(place)))
        .unwrap_or_default();
    line(
        svg,
        format_args!(
            "<g><title>{}\n{}{place}</title>",
            escape(&bar.name),
            paint.figures
        ),
    );
    let (height, colour) = (ROW - 1.0, &paint.colour);
    line(
        svg,
        format_args!(
            "<rect x=\"{x:.1}\" y=\"{y}\" width=\"{width:.1}\" height=\"{height}\" fill=\"{colour}\" rx=\"1\"/>"
        ),
    );
    // The tooltip has the body too; on the bar it would push the name out.
    let signed = CHARACTER * paint.sign.len() as f64;
    let text = fitting(names::without_closures(&bar.name), width - signed);
    if !text.is_empty() {
        line(
            svg,
            format_args!(
                "<text x=\"{:.1}\" y=\"{}\">{}{}</text>",
                x + 3.0,
                y + 12.0,
                paint.sign,
                escape(&text)
            ),
        );
    }
    svg.push_str("</g>\n");
}

fn line(svg: &mut String, content: std::fmt::Arguments<'_>) {
    writeln!(svg, "{content}").expect("writing to a String does not fail");
}

fn colour_of(origin: &Origin) -> &'static str {
    let index = match origin {
        Origin::Own => 0,
        Origin::Dependency { .. } => 1,
        Origin::StandardLibrary => 2,
        Origin::Unknown => 3,
    };
    ORIGINS[index].1
}

/// The stronger, the more of all that changed: by the root of its share, or else most bars would look alike.
fn colour_of_change(weight: Weight, total: Weight) -> String {
    let strongest = match weight.net() {
        0 => return EVEN.to_owned(),
        1.. => GREW,
        _ => SHRANK,
    };
    let share = (weight.net().unsigned_abs() as f64 / total.width() as f64).min(1.0);
    let strength = 0.25 + 0.75 * share.sqrt();
    let [red, green, blue] =
        [0, 1, 2].map(|at| (FAINT[at] + (strongest[at] - FAINT[at]) * strength).round() as u8);
    format!("#{red:02x}{green:02x}{blue:02x}")
}

/// The end of the name, which says more than its start; nothing where hardly any would fit.
fn fitting(name: &str, width: f64) -> String {
    let room = ((width - 6.0) / CHARACTER).max(0.0) as usize;
    let len = name.chars().count();
    match room {
        _ if len <= room => name.to_owned(),
        0..4 => String::new(),
        _ => format!("..{}", name.chars().skip(len - (room - 2)).collect::<String>()),
    }
}

/// For XML text. What XML 1.0 does not allow in a document at all becomes a replacement character.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\n' | '\t' => out.push(c),
            '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            c if c.is_control() => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}
