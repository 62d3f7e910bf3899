//! A comparison as a table for the terminal, or in Markdown.

use comfy_table::{CellAlignment, Table, presets};

use super::{bytes, growth};
use crate::{Comparison, Frame, Site, names};

/// The widest that the name of a site gets, and the names below it. JSON has them whole.
const WIDEST_SITE: usize = 110;
const WIDEST_FRAME: usize = 80;
/// A table for the terminal is as wide as this, but for what the columns of figures need beyond it.
const WIDTH: usize = 100;
const NARROWEST_SITE: usize = 40;
/// A figure that the snapshots do not have.
const UNKNOWN: &str = "-";

/// A table for the terminal: the first sites that changed, then the totals of all. Snapshots are columns A, B and so on,
/// and what these stand for is above the table.
pub fn table(comparison: &Comparison, first: usize) -> String {
    let mut cells = Cells::of(comparison, first, |site| site_lines(site).join("\n"));
    let legend = cells.take_names(comparison.snapshots.len());
    cells.drop_unknown_objects();
    cells.wrap_sites();
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
    format!("{legend}{}\n{}\n", table.trim_fmt(), cells.footer)
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

    /// Puts a letter for each snapshot's name, and says which stands for which.
    fn take_names(&mut self, snapshots: usize) -> String {
        let columns = self.header.iter_mut().skip(2).take(snapshots).enumerate();
        columns
            .map(|(at, header)| {
                let letter = letter(at);
                let name = std::mem::replace(header, letter.clone());
                format!("{letter} = {name}\n")
            })
            .collect()
    }

    /// Leaves the objects out where no snapshot counts them.
    fn drop_unknown_objects(&mut self) {
        let at = self.header.len() - 2;
        if self.rows.iter().all(|row| row[at] == UNKNOWN) {
            let rows = std::iter::once(&mut self.header).chain(&mut self.rows);
            rows.for_each(|row| drop(row.remove(at)));
        }
    }

    /// Wraps what stands in the last column, so that the table keeps to its width.
    fn wrap_sites(&mut self) {
        let figures = self.header.len() - 1;
        let width = |column: usize| {
            let cells = std::iter::once(&self.header).chain(&self.rows);
            cells.map(|row| row[column].chars().count()).max().unwrap_or(0)
        };
        // A blank on either side of each cell, and one between two of them.
        let taken = (0..figures).map(|column| width(column) + 3).sum::<usize>() + 2;
        let room = WIDTH.saturating_sub(taken).max(NARROWEST_SITE);
        for row in &mut self.rows {
            let lines: Vec<String> = row[figures].lines().flat_map(|line| wrap(line, room)).collect();
            row[figures] = lines.join("\n");
        }
    }
}

/// A, B, ... Z, A1, B1, ...
fn letter(at: usize) -> String {
    let letter = char::from(b'A' + (at % 26) as u8);
    match at / 26 {
        0 => letter.to_string(),
        round => format!("{letter}{round}"),
    }
}

/// A line in pieces of at most `room` characters, broken where a part of a name or path ends if it can be, each piece
/// after the first further in.
pub(super) fn wrap(line: &str, room: usize) -> Vec<String> {
    let indent = line.len() - line.trim_start().len() + 4;
    let mut rest: Vec<char> = line.chars().collect();
    let mut pieces = Vec::new();
    while rest.len() > room {
        let may_break =
            |at: &usize| matches!(rest[*at - 1], ' ' | '/') || (rest[*at - 1] == ':' && rest[*at] != ':');
        // The place of a frame, in parentheses, is best kept in one piece.
        let place = |at: &usize| rest[*at] == '(' && rest[*at - 1] == ' ';
        let ends = || (indent + 4..=room).rev();
        let at = ends()
            .find(place)
            .or_else(|| ends().find(may_break))
            .unwrap_or(room);
        let tail = rest.split_off(at);
        pieces.push(rest.iter().collect::<String>().trim_end().to_owned());
        rest = std::iter::repeat_n(' ', indent).chain(tail).collect();
    }
    pieces.push(rest.iter().collect());
    pieces
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
        || UNKNOWN.to_owned(),
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

pub(super) fn clip(name: &str, widest: usize) -> String {
    match name.char_indices().nth(widest) {
        Some((end, _)) => format!("{}...", &name[..end]),
        None => name.to_owned(),
    }
}

/// Names come from a file: none of them steers the terminal, or breaks a row.
pub(super) fn without_control(line: &str) -> String {
    line.chars()
        .map(|c| if c.is_control() { '\u{fffd}' } else { c })
        .collect()
}

pub(super) fn escape(text: &str) -> String {
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
