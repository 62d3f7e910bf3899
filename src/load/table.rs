//! A report as tables, in the order in which autocannon prints them.

use std::fmt;

use comfy_table::presets::UTF8_FULL_CONDENSED;
use comfy_table::{CellAlignment, Table};

use super::{Ended, Figures, GraphQlFigures, Report, Shape};

/// Shows a report as text.
#[derive(Debug, Clone, Copy)]
pub struct Tables<'a>(pub &'a Report);

impl fmt::Display for Tables<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let report = self.0;
        writeln!(f, "{}", latency(report))?;
        writeln!(f, "{}", throughput(report))?;
        writeln!(f)?;
        counts(f, report)?;
        let (sent, seconds) = (report.requests.sent, report.duration);
        writeln!(f)?;
        write!(
            f,
            "{} requests in {seconds:.2} s, {} read",
            grouped(sent),
            size(report.bytes_read as f64)
        )?;
        match report.ended {
            Ended::Complete => Ok(()),
            Ended::Interrupted => write!(f, " (interrupted)"),
            Ended::GaveUp => write!(f, " (given up: the server could not be reached any more)"),
        }
    }
}

fn table<const N: usize>(header: [&str; N]) -> Table {
    let mut table = Table::new();
    table.load_style(UTF8_FULL_CONDENSED).set_header(header);
    table
}

fn align(mut table: Table) -> Table {
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

fn latency(report: &Report) -> Table {
    let mut table = table(["Stat", "2.5%", "50%", "97.5%", "99%", "Avg", "Stdev", "Max"]);
    let latency = &report.latency;
    let figures = [
        latency.p2_5,
        latency.p50,
        latency.p97_5,
        latency.p99,
        latency.average,
        latency.stddev,
        latency.max,
    ];
    let cells = figures.iter().map(|milliseconds| format!("{milliseconds:.2} ms"));
    table.add_row(std::iter::once("Latency".to_owned()).chain(cells));
    align(table)
}

fn throughput(report: &Report) -> Table {
    let mut table = table(["Stat", "1%", "2.5%", "50%", "97.5%", "Avg", "Stdev", "Min"]);
    let row = |name: &str, figures: &Figures, show: fn(f64) -> String| {
        let Figures {
            p1,
            p2_5,
            p50,
            p97_5,
            average,
            stddev,
            min,
            ..
        } = *figures;
        let cells = [p1, p2_5, p50, p97_5, average, stddev, min].map(show);
        std::iter::once(name.to_owned()).chain(cells).collect::<Vec<_>>()
    };
    table.add_row(row("Req/Sec", &report.requests.each_second, |rate| {
        grouped(rate.round() as u64)
    }));
    table.add_row(row("Bytes/Sec", &report.throughput.each_second, size));
    align(table)
}

/// What is always of interest, then whatever went wrong.
fn counts(f: &mut fmt::Formatter<'_>, report: &Report) -> fmt::Result {
    let statuses = &report.statuses;
    let mut line = |name: &str, count: u64| writeln!(f, "{name}: {}", grouped(count));
    line("Responses", report.requests.total)?;
    line("2xx", statuses.success)?;
    line("Non-2xx", statuses.non_success)?;
    let others = [
        ("1xx", statuses.interim),
        ("3xx", statuses.redirection),
        ("4xx", statuses.client_error),
        ("5xx", statuses.server_error),
    ];
    for (name, count) in others.into_iter().filter(|(_, count)| *count > 0) {
        line(name, count)?;
    }
    if let Some(subscriptions) = &report.subscriptions {
        line("Subscriptions held open", subscriptions.opened)?;
        line("Subscriptions that the server refused", subscriptions.refused)?;
    }
    if report.shape == Shape::HangUps {
        line("Hung up before the answer", report.cut)?;
    }
    writeln!(f, "GraphQL errors: {}", graphql(&report.graphql_errors))?;
    for message in &report.graphql_errors.messages {
        writeln!(f, "  {}", one_line(message))?;
    }
    let mut line = |name: &str, count: u64| writeln!(f, "{name}: {}", grouped(count));
    line("Timeouts", report.timeouts)?;
    line("Failed requests", report.failed)?;
    line("Failed connects", report.connect_errors)?;
    if report.unanswered > 0 {
        line("Unanswered at the end", report.unanswered)?;
    }
    if report.unsent > 0 {
        line("Never sent, though due by the rate", report.unsent)?;
    }
    for message in &report.error_messages {
        writeln!(f, "  {}", one_line(message))?;
    }
    Ok(())
}

/// `120 (MEMORY_LIMIT 120)`
fn graphql(errors: &GraphQlFigures) -> String {
    if errors.codes.is_empty() {
        return grouped(errors.total);
    }
    let codes: Vec<_> = errors
        .codes
        .iter()
        .map(|(code, count)| format!("{} {}", one_line(code), grouped(*count)))
        .collect();
    format!("{} ({})", grouped(errors.total), codes.join(", "))
}

/// What a server sends, or a file says, must not draw on the reader's terminal.
pub(crate) fn one_line(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect()
}

/// 1234567 as `1,234,567`.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// Bytes in powers of 1000, as network rates are given.
fn size(bytes: f64) -> String {
    let mut value = bytes;
    for unit in ["B", "kB", "MB", "GB"] {
        if value < 1000.0 {
            return if unit == "B" {
                format!("{value:.0} B")
            } else {
                format!("{value:.1} {unit}")
            };
        }
        value /= 1000.0;
    }
    format!("{value:.1} TB")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_readable() {
        assert_eq!(
            [0, 999, 1000, 1_234_567].map(grouped),
            ["0", "999", "1,000", "1,234,567"]
        );
        assert_eq!(
            [0.0, 999.0, 1500.0, 2.5e6].map(size),
            ["0 B", "999 B", "1.5 kB", "2.5 MB"]
        );
    }

    #[test]
    fn the_codes_of_graphql_errors_stand_beside_their_count() {
        let codes = [("MEMORY_LIMIT".to_owned(), 119), ("no\u{1b}code".to_owned(), 1)].into();
        let errors = GraphQlFigures {
            total: 120,
            codes,
            messages: Vec::new(),
        };
        assert_eq!(graphql(&errors), "120 (MEMORY_LIMIT 119, no code 1)");
    }
}
