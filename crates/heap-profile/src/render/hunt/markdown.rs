//! A report in Markdown, for a comment on a pull request.

use super::content::{self, Grid};
use super::headline::headline;
use super::words::escape;
use crate::hunt::Report;

/// The same content as [`super::table`]: the verdict first, the evidence folded away below it.
pub fn markdown(report: &Report) -> String {
    let mut out = String::new();
    for (at, line) in headline(report).lines.iter().enumerate() {
        let text = escape(line.trim_start());
        // A line of its own each; what belongs to the one above is further in.
        out += &match at {
            0 => format!("**{text}**\n"),
            _ if line.starts_with(' ') => format!("<br>&nbsp;&nbsp;{text}\n"),
            _ => format!("<br>{text}\n"),
        };
    }
    out += &format!("\n{}\n", escape(&content::subject(report)));
    out.extend(content::sites(report).as_ref().map(written));
    let evidence = [
        content::rungs(report),
        content::memory(report),
        content::checks(report),
    ];
    for grid in evidence.into_iter().flatten() {
        let (title, grid) = (grid.title, written(&grid));
        out += &format!("\n<details><summary>{title}</summary>\n{grid}\n</details>\n");
    }
    out.push('\n');
    for line in content::remarks(report) {
        out += &format!("- {}\n", escape(&line));
    }
    out
}

/// A blank line, then the grid.
pub(super) fn written(grid: &Grid) -> String {
    let row = |cells: &[String]| {
        let cells: Vec<String> = cells.iter().map(|text| cell(text)).collect();
        format!("| {} |\n", cells.join(" | "))
    };
    let rules: Vec<&str> = (0..grid.header.len())
        .map(|column| {
            if grid.figures.contains(&column) {
                "---:"
            } else {
                "---"
            }
        })
        .collect();
    let mut out = format!("\n{}| {} |\n", row(&grid.header), rules.join(" | "));
    out.extend(grid.rows.iter().map(|cells| row(cells)));
    out
}

fn cell(text: &str) -> String {
    let lines: Vec<String> = text.lines().map(escape).collect();
    lines.join("<br>")
}
