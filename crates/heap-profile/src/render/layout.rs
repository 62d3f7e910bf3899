//! How tables of a comparison are laid out, for the terminal or in Markdown: figures to the right, and then a name.

use comfy_table::{CellAlignment, Table, presets};

/// A table for the terminal is as wide as this, but for what the columns of figures need beyond it.
const WIDTH: usize = 100;
const NARROWEST_NAME: usize = 40;
/// A figure that the snapshots do not have.
pub(super) const UNKNOWN: &str = "-";

/// What stands in a table. Cells may have several lines; the last one of each row is a name, all others are figures.
pub(super) struct Cells {
    pub(super) header: Vec<String>,
    pub(super) rows: Vec<Vec<String>>,
    /// Lines below.
    pub(super) footer: Vec<String>,
}

impl Cells {
    /// For the terminal. The names are wrapped, so that the table keeps to its width.
    pub(super) fn table(mut self) -> String {
        self.wrap_names();
        let mut table = Table::new();
        table
            .load_style(presets::UTF8_HORIZONTAL_ONLY)
            .set_header(&self.header);
        for row in &self.rows {
            table.add_row(row);
        }
        let figures = self.header.len() - 1;
        for column in table.column_iter_mut().take(figures) {
            column.set_cell_alignment(CellAlignment::Right);
        }
        format!("{}\n{}\n", table.trim_fmt(), self.footer.join("\n"))
    }

    /// In Markdown.
    pub(super) fn markdown(&self) -> String {
        let cell = |cell: &String| cell.lines().map(escape).collect::<Vec<_>>().join("<br>");
        let row =
            |cells: &[String]| format!("| {} |\n", cells.iter().map(cell).collect::<Vec<_>>().join(" | "));
        let mut out = row(&self.header);
        out.push_str(&format!("|{} --- |\n", " ---: |".repeat(self.header.len() - 1)));
        out.extend(self.rows.iter().map(|cells| row(cells)));
        let footer: Vec<String> = self.footer.iter().map(|line| escape(line)).collect();
        format!("{out}\n{}\n", footer.join("\n\n"))
    }

    fn wrap_names(&mut self) {
        let figures = self.header.len() - 1;
        let width = |column: usize| {
            let cells = std::iter::once(&self.header).chain(&self.rows);
            let lines = cells.flat_map(|row| row[column].lines());
            lines.map(|line| line.chars().count()).max().unwrap_or(0)
        };
        // A blank on either side of each cell, and one between two of them.
        let taken = (0..figures).map(|column| width(column) + 3).sum::<usize>() + 2;
        let room = WIDTH.saturating_sub(taken).max(NARROWEST_NAME);
        for row in &mut self.rows {
            let lines: Vec<String> = row[figures].lines().flat_map(|line| wrap(line, room)).collect();
            row[figures] = lines.join("\n");
        }
    }
}

/// A line in pieces of at most `room` characters, broken where a part of a name or path ends if it can be, each piece
/// after the first further in.
pub(super) fn wrap(line: &str, room: usize) -> Vec<String> {
    let blanks = line.chars().take_while(|c| c.is_whitespace()).count();
    // Each piece has to take something off.
    let indent = (blanks + 4).min(room / 2);
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

/// A difference in objects, with its sign.
pub(super) fn objects(growth: Option<i64>) -> String {
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

/// The beginning of a name.
pub(super) fn clip(name: &str, widest: usize) -> String {
    match name.char_indices().nth(widest) {
        Some((end, _)) => format!("{}...", &name[..end]),
        None => name.to_owned(),
    }
}

/// How many steps are left out, where only so many of the first and the last are shown.
pub(super) fn folded(steps: usize, first: usize, last: usize) -> usize {
    // One that is left out takes as much room as it would itself.
    steps
        .checked_sub(first + last)
        .filter(|folded| *folded > 1)
        .unwrap_or(0)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_wrapped_to_its_end_whatever_it_begins_with() {
        for line in [
            format!("{}f{}", " ".repeat(60), "x".repeat(200)),
            "\u{3000}".repeat(90) + "f",
        ] {
            let pieces = wrap(&line, 40);
            assert!(
                pieces.iter().all(|piece| piece.chars().count() <= 40),
                "{pieces:?}"
            );
            let letters = |text: &str| text.chars().filter(|c| !c.is_whitespace()).count();
            assert_eq!(
                pieces.iter().map(|piece| letters(piece)).sum::<usize>(),
                letters(&line)
            );
        }
    }

    #[test]
    fn one_step_is_not_left_out_for_the_word_that_it_is() {
        assert_eq!([11, 12, 13, 200].map(|steps| folded(steps, 8, 3)), [0, 0, 2, 189]);
    }
}
