//! A report for the terminal, 100 columns wide.

use comfy_table::{CellAlignment, LineStyle, Table, TableStyle, presets};

use super::content::{self, Grid};
use super::headline::headline;
use super::words::wrap;
use crate::hunt::Report;

const WIDTH: usize = 100;
/// However much the columns of figures need, this much is left for the last.
const NARROWEST: usize = 30;
/// A column in between is at most this wide.
const WIDEST_BETWEEN: usize = 26;

/// Rows of one line need no lines between them.
const DENSE: TableStyle = TableStyle::new()
    .top_border(LineStyle::none().fill('─').junction('─'))
    .header_separator(LineStyle::none().fill('═').junction('═'))
    .bottom_border(LineStyle::none().fill('─').junction('─'));

/// The verdict, then the evidence for it: sites, rungs, checks, memory, and what the hunt would have seen.
pub fn table(report: &Report) -> String {
    let mut out = String::new();
    for line in headline(report).lines {
        out += &wrapped(&line);
    }
    out += &format!("\n{}", wrapped(&content::subject(report)));
    let grids = [
        content::sites(report),
        content::rungs(report),
        content::memory(report),
        content::checks(report),
    ];
    for grid in grids.into_iter().flatten() {
        out += &format!("\n{}\n{}\n", grid.title, drawn(&grid));
    }
    out.push('\n');
    for line in content::remarks(report) {
        out += &wrapped(&line);
    }
    out
}

/// A sentence on lines of its own, broken between words where it can be.
fn wrapped(line: &str) -> String {
    let indent = line.len() - line.trim_start().len();
    let mut lines = vec![" ".repeat(indent)];
    for word in line.trim_start().split(' ') {
        let last = lines.last_mut().expect("there is always one");
        let is_first = last.trim_start().is_empty();
        if is_first || last.chars().count() + 1 + word.chars().count() <= WIDTH {
            *last += if is_first { "" } else { " " };
            *last += word;
        } else {
            lines.push(format!("{}{word}", " ".repeat(indent + 4)));
        }
    }
    let lines: Vec<String> = lines.iter().flat_map(|line| wrap(line, WIDTH)).collect();
    lines.join("\n") + "\n"
}

/// The grid, no wider than the terminal where its figures allow.
pub(super) fn drawn(grid: &Grid) -> String {
    let mut table = Table::new();
    let rows = fitted(grid);
    let is_dense = rows.iter().flatten().all(|cell| !cell.contains('\n'));
    table
        .load_style(if is_dense {
            DENSE
        } else {
            presets::UTF8_HORIZONTAL_ONLY
        })
        .set_header(&grid.header);
    for row in &rows {
        table.add_row(row);
    }
    for column in grid.figures.clone() {
        let column = table.column_mut(column).expect("figures are columns of the grid");
        column.set_cell_alignment(CellAlignment::Right);
    }
    table.trim_fmt()
}

/// Its rows, with columns of text wrapped: the last one to what the others leave of the width.
fn fitted(grid: &Grid) -> Vec<Vec<String>> {
    let last = grid.header.len() - 1;
    let mut rows = grid.rows.clone();
    let between = (0..last).filter(|column| !grid.figures.contains(column));
    for column in between {
        rows.iter_mut()
            .for_each(|row| row[column] = fit(&row[column], WIDEST_BETWEEN));
    }
    if !grid.figures.contains(&last) {
        let widest = |column: usize| {
            let cells = std::iter::once(&grid.header).chain(&rows).map(|row| &row[column]);
            cells
                .flat_map(|cell| cell.lines())
                .map(|line| line.chars().count())
                .max()
                .unwrap_or(0)
        };
        // A blank on either side of each cell, and one between two of them.
        let taken = (0..last).map(|column| widest(column) + 3).sum::<usize>() + 2;
        let room = WIDTH.saturating_sub(taken).max(NARROWEST);
        rows.iter_mut().for_each(|row| row[last] = fit(&row[last], room));
    }
    rows
}

fn fit(cell: &str, room: usize) -> String {
    let lines: Vec<String> = cell.lines().flat_map(|line| wrap(line, room)).collect();
    lines.join("\n")
}
