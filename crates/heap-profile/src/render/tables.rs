//! A comparison as a table for the terminal, or in Markdown.

use comfy_table::{CellAlignment, Table, presets};

use super::{bytes, growth};
use crate::{Comparison, Frame, Site, names};

/// The widest that the name of a site gets in the terminal, and the names below it. JSON has them whole.
const WIDEST_SITE: usize = 110;
const WIDEST_FRAME: usize = 80;

/// A table for the terminal: the first sites that changed, then the totals of all.
pub fn table(comparison: &Comparison, first: usize) -> String {
    let cells = Cells::of(comparison, first, |site| site_lines(site).join("\n"));
    let mut table = Table::new();
    table
        .load_style(presets::UTF8_HORIZONTAL_ONLY)
        .set_header(&cells.header);
    for row in &cells.rows {
        table.add_row(row);
    }
    let numbers = cells.header.len() - 1;
    for column in table.column_iter_mut().take(numbers) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    format!("{}\n{}\n", table.trim_fmt(), cells.footer)
}

/// A table in Markdown, of the same content.
pub fn markdown(comparison: &Comparison, first: usize) -> String {
    let cells = Cells::of(comparison, first, |site| {
        let lines = site_lines(site);
        lines
            .iter()
            .map(|line| escape(line))
            .collect::<Vec<_>>()
            .join("<br>")
    });
    let row = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    let header: Vec<String> = cells.header.iter().map(|cell| escape(cell)).collect();
    let mut out = row(&header);
    out.push_str(&format!("|{} --- |\n", " ---: |".repeat(header.len() - 1)));
    out.extend(cells.rows.iter().map(|cells| row(cells)));
    format!("{out}\n{}\n", escape(&cells.footer))
}

struct Cells {
    header: Vec<String>,
    rows: Vec<Vec<String>>,
    footer: String,
}

impl Cells {
    fn of(comparison: &Comparison, first: usize, site_text: impl Fn(&Site) -> String) -> Cells {
        let snapshots = comparison.snapshots.iter();
        let header = ["#", "growth"].into_iter().map(str::to_owned);
        let header = header.chain(snapshots.clone().map(|column| without_control(&column.name)));
        let header = header.chain(["objects", "site"].map(str::to_owned)).collect();
        let shown = comparison.changed().take(first).enumerate();
        let mut rows: Vec<Vec<String>> = shown
            .map(|(at, site)| {
                let values = site.bytes.iter().map(|value| bytes(*value));
                let head = [(at + 1).to_string(), growth(site.growth_bytes)]
                    .into_iter()
                    .chain(values);
                head.chain([objects(site.growth_objects), site_text(site)])
                    .collect()
            })
            .collect();
        let totals = snapshots.map(|column| bytes(column.bytes));
        let total = [String::new(), growth(comparison.growth_bytes)]
            .into_iter()
            .chain(totals);
        rows.push(
            total
                .chain([objects(comparison.growth_objects), "total".to_owned()])
                .collect(),
        );
        Cells {
            header,
            rows,
            footer: footer(comparison, first),
        }
    }
}

fn footer(comparison: &Comparison, first: usize) -> String {
    let changed = comparison.changed().count();
    let unchanged = comparison.sites.len() - changed;
    match changed {
        0 => format!("nothing changed at {unchanged} call sites"),
        _ => format!(
            "{} of {changed} call sites that changed, {unchanged} did not",
            changed.min(first)
        ),
    }
}

fn objects(growth: Option<i64>) -> String {
    growth.map_or_else(
        || "-".to_owned(),
        |objects| {
            if objects > 0 {
                format!("+{objects}")
            } else {
                objects.to_string()
            }
        },
    )
}

/// The site's function, its place, what it called, and its callers.
fn site_lines(site: &Site) -> Vec<String> {
    let mut lines = vec![clip(&names::short(&site.function), WIDEST_SITE)];
    let mut frames = site.frames.iter();
    lines.extend(
        frames
            .next()
            .and_then(Frame::place)
            .map(|place| format!("  at {place}")),
    );
    lines.extend(
        site.through
            .as_deref()
            .map(|through| format!("  via {}", clip(&names::short(through), WIDEST_FRAME))),
    );
    lines.extend(frames.map(|frame| {
        let function = clip(
            &names::short(names::without_closures(&frame.function)),
            WIDEST_FRAME,
        );
        frame.place().map_or_else(
            || format!("  <- {function}"),
            |place| format!("  <- {function} ({place})"),
        )
    }));
    lines.iter().map(|line| without_control(line)).collect()
}

fn clip(name: &str, widest: usize) -> String {
    match name.char_indices().nth(widest) {
        Some((end, _)) => format!("{}...", &name[..end]),
        None => name.to_owned(),
    }
}

/// Names come from a file: none of them steers the terminal, or breaks a row.
fn without_control(line: &str) -> String {
    line.chars()
        .map(|c| if c.is_control() { '\u{fffd}' } else { c })
        .collect()
}

fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '|' | '\\' | '`' | '*' | '_' | '[' | ']' | '#' => out.extend(['\\', c]),
            c if c.is_control() => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}
