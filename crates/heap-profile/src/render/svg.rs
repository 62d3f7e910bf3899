//! A flame graph as one SVG file that needs nothing else: no script, no font, no style sheet.

use std::fmt::Write;

use super::bytes;
use super::flame::{Bar, bars};
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

const LEGEND: [(&str, &str); 4] = [
    ("the program's own", "#f28e5c"),
    ("dependency", "#8fb8de"),
    ("standard library", "#c9c9c9"),
    ("unknown", "#e6dfc8"),
];

/// Live bytes by stack: the task or thread on top, callees below, as wide as the bytes that were allocated there and are still held.
/// Hovering over a bar tells its name, bytes, share and source.
///
/// # Errors
/// Where the snapshot has no live bytes to draw.
pub fn flame_graph(snapshot: &Symbolized, title: &str) -> Result<String, Error> {
    let bars = bars(snapshot, NARROWEST / (WIDTH - 2.0 * MARGIN))?;
    let total = bars.first().map_or(0, |root| root.bytes);
    let rows = bars.iter().map(|bar| bar.depth + 1).max().unwrap_or(0);
    let height = HEADER + rows as f64 * ROW + MARGIN;
    let mut svg = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" height=\"{height}\" \
         font-family=\"monospace\" font-size=\"11\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n\
         <text x=\"{MARGIN}\" y=\"20\" font-size=\"14\">{}: {} live</text>\n",
        escape(title),
        bytes(i64::try_from(total).unwrap_or(i64::MAX)),
    );
    legend(&mut svg);
    for each in &bars {
        bar(&mut svg, each, total);
    }
    svg.push_str("</svg>\n");
    Ok(svg)
}

fn legend(svg: &mut String) {
    let mut x = MARGIN;
    for (name, colour) in LEGEND {
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

fn bar(svg: &mut String, bar: &Bar, total: u64) {
    let scale = (WIDTH - 2.0 * MARGIN) / total as f64;
    let (x, width) = (MARGIN + bar.start as f64 * scale, bar.bytes as f64 * scale);
    let y = HEADER + bar.depth as f64 * ROW;
    let share = 100.0 * bar.bytes as f64 / total as f64;
    let held = bytes(i64::try_from(bar.bytes).unwrap_or(i64::MAX));
    let place = bar
        .place
        .as_deref()
        .map(|place| format!("\n{}", escape(place)))
        .unwrap_or_default();
    line(
        svg,
        format_args!(
            "<g><title>{}\n{held}, {share:.1} %{place}</title>",
            escape(&bar.name)
        ),
    );
    let (height, colour) = (ROW - 1.0, colour(&bar.origin));
    line(
        svg,
        format_args!(
            "<rect x=\"{x:.1}\" y=\"{y}\" width=\"{width:.1}\" height=\"{height}\" fill=\"{colour}\" rx=\"1\"/>"
        ),
    );
    // The tooltip has the body too; on the bar it would push the name out.
    let text = fitting(names::without_closures(&bar.name), width);
    if !text.is_empty() {
        line(
            svg,
            format_args!(
                "<text x=\"{:.1}\" y=\"{}\">{}</text>",
                x + 3.0,
                y + 12.0,
                escape(&text)
            ),
        );
    }
    svg.push_str("</g>\n");
}

fn line(svg: &mut String, content: std::fmt::Arguments<'_>) {
    writeln!(svg, "{content}").expect("writing to a String does not fail");
}

fn colour(origin: &Origin) -> &'static str {
    let index = match origin {
        Origin::Own => 0,
        Origin::Dependency { .. } => 1,
        Origin::StandardLibrary => 2,
        Origin::Unknown => 3,
    };
    LEGEND[index].1
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
