//! A comparison by a key other than the call site, as a table for the terminal or in Markdown.

use super::layout::{Cells, clip, objects, without_control};
use super::{bytes, growth};
use crate::{Amount, Comparison, ComparisonKey, Row, View, names};

/// The widest that a key gets. JSON has it whole.
const WIDEST_KEY: usize = 110;
/// The key of what belongs to none.
const NONE: &str = "(none)";

/// A table for the terminal: the first rows by this key that changed, then the totals of all. Each figure is in bytes, and
/// below in objects where the snapshots count them.
pub fn view_table(comparison: &Comparison, key: ComparisonKey, first: usize) -> String {
    let name = |at: usize| without_control(&comparison.snapshots[at].name);
    let last = comparison.snapshots.len() - 1;
    let legend = format!("from {}\n  to {}\n", name(0), name(last));
    legend + &cells(comparison, key, first).table()
}

/// A table in Markdown, of the same content.
pub fn view_markdown(comparison: &Comparison, key: ComparisonKey, first: usize) -> String {
    cells(comparison, key, first).markdown()
}

fn cells(comparison: &Comparison, key: ComparisonKey, first: usize) -> Cells {
    let view = comparison.view(key, first);
    let header = ["#", "new", "freed", "live", "delta", one(key)];
    let rows = view.rows.iter().enumerate().map(|(at, row)| {
        let change = &row.change;
        let unsigned = |amount: Amount| figure(amount, bytes, |objects| objects.to_string());
        let figures = [
            unsigned(change.new),
            unsigned(change.freed),
            unsigned(change.live),
        ];
        let figures = figures.into_iter().chain([difference(change.delta)]);
        let number = std::iter::once((at + 1).to_string());
        number.chain(figures).chain([name(row)]).collect()
    });
    let rows = rows.chain(totals(comparison)).collect();
    Cells {
        header: header.map(str::to_owned).to_vec(),
        rows,
        footer: footer(comparison, key, &view),
    }
}

/// The instrument's own, and all there is.
fn totals(comparison: &Comparison) -> Vec<Vec<String>> {
    let (first, last) = (
        &comparison.snapshots[0],
        &comparison.snapshots[comparison.snapshots.len() - 1],
    );
    let row = |live: String, delta: String, name: &str| {
        let blank = String::new;
        vec![blank(), blank(), blank(), live, delta, name.to_owned()]
    };
    let mut rows = Vec::new();
    if (first.instrument_bytes, last.instrument_bytes) != (0, 0) {
        let delta = last.instrument_bytes.saturating_sub(first.instrument_bytes);
        rows.push(row(
            bytes(last.instrument_bytes),
            growth(delta),
            "the instrument itself",
        ));
    }
    let live = Amount {
        bytes: last.bytes,
        objects: comparison.growth.objects.and(last.objects),
    };
    let live = figure(live, bytes, |objects| objects.to_string());
    rows.push(row(live, difference(comparison.growth), "total"));
    rows
}

/// Bytes, and the objects in a line below.
fn figure(amount: Amount, bytes: impl Fn(i64) -> String, objects: impl Fn(i64) -> String) -> String {
    match amount.objects {
        Some(counted) => format!("{}\n{}", bytes(amount.bytes), objects(counted)),
        None => bytes(amount.bytes),
    }
}

fn difference(amount: Amount) -> String {
    figure(amount, growth, |counted| objects(Some(counted)))
}

fn name(row: &Row) -> String {
    let key = row
        .key
        .as_deref()
        .map_or_else(|| NONE.to_owned(), |key| clip(&names::short(key), WIDEST_KEY));
    let place = row.place.as_ref().map(|place| format!("  at {place}"));
    let lines = std::iter::once(key).chain(place);
    lines
        .map(|line| without_control(&line))
        .collect::<Vec<_>>()
        .join("\n")
}

fn footer(comparison: &Comparison, key: ComparisonKey, view: &View) -> Vec<String> {
    let mut lines = vec![match view.rows_in_all {
        0 => "nothing changed".to_owned(),
        all => format!("{} of {all} {} that changed", view.rows.len(), many(key)),
    }];
    if key == ComparisonKey::Ancestor {
        lines.push(
            "each with all that it called, so that rows overlap; left out is what says no more than one of its callees"
                .to_owned(),
        );
    }
    if !comparison.exact {
        lines.push("the snapshots tell no births: new and freed are net figures, stack by stack".to_owned());
    }
    lines.extend(view.note.iter().map(|note| without_control(note)));
    lines
}

fn one(key: ComparisonKey) -> &'static str {
    match key {
        ComparisonKey::Site => "site",
        ComparisonKey::Field => "field",
        ComparisonKey::Operation => "operation",
        ComparisonKey::Type => "type",
        ComparisonKey::Cohort => "cohort",
        ComparisonKey::Ancestor => "function",
    }
}

fn many(key: ComparisonKey) -> &'static str {
    match key {
        ComparisonKey::Site => "call sites",
        ComparisonKey::Field => "fields",
        ComparisonKey::Operation => "operations",
        ComparisonKey::Type => "types",
        ComparisonKey::Cohort => "cohorts",
        ComparisonKey::Ancestor => "functions",
    }
}
