//! The board: a row for each problem.
//!
//! Nothing in it tells an innocent problem from another until it was rightly answered.

use comfy_table::Table;
use comfy_table::presets::UTF8_FULL_CONDENSED;
use problems::Problem;
use serde_json::{Value, json};

use crate::workshop::{Entry, Progress};

/// As a table, with a line below it on where to go on.
pub(super) fn table(problems: &[Problem], progress: &Progress) -> String {
    let mut table = Table::new();
    table
        .load_style(UTF8_FULL_CONDENSED)
        .set_header(["problem", "title", "found", "fixed", "hints"]);
    for problem in problems {
        let entry = progress.entry(&problem.name);
        table.add_row([
            problem.id.clone(),
            problem.title.clone(),
            found(&entry).to_owned(),
            fixed(&entry).to_owned(),
            entry.hints.to_string(),
        ]);
    }
    format!("{table}\n{}\n", summary(problems, progress))
}

/// Whether it was said what is wrong, in a word or two.
pub(super) fn found(entry: &Entry) -> &'static str {
    match (&entry.found, entry.answered) {
        (Some(_), Some(answered)) if answered.innocent => "innocent",
        (Some(_), _) => "yes",
        (None, Some(answered)) if answered.type_ || answered.holder || answered.kind => "partly",
        (None, Some(_)) => "not yet",
        (None, None) => "",
    }
}

/// Whether it was seen to be fixed, in a word or two.
pub(super) fn fixed(entry: &Entry) -> &'static str {
    match &entry.fixed {
        Some(_) => "yes",
        None if found(entry) == "innocent" => "nothing to fix",
        None if entry.checks > 0 => "not yet",
        None => "",
    }
}

fn summary(problems: &[Problem], progress: &Progress) -> String {
    let entries: Vec<Entry> = problems
        .iter()
        .map(|problem| progress.entry(&problem.name))
        .collect();
    let found = entries.iter().filter(|entry| entry.found.is_some()).count();
    let fixed = entries.iter().filter(|entry| entry.fixed.is_some()).count();
    format!(
        "{found} of {} found, {fixed} fixed; leaklab list PROBLEM tells its story",
        entries.len()
    )
}

/// As data: an array, in the order of the problems' numbers.
pub(super) fn json(problems: &[Problem], progress: &Progress) -> Value {
    problems.iter().map(|problem| row(problem, progress)).collect()
}

/// A problem and what was done about it. Times are `null` until then.
pub(super) fn row(problem: &Problem, progress: &Progress) -> Value {
    let entry = progress.entry(&problem.name);
    json!({
        "id": problem.id,
        "number": problem.number,
        "name": problem.name,
        "title": problem.title,
        "foundAt": entry.found,
        "fixedAt": entry.fixed,
        "attempts": entry.attempts,
        "hints": entry.hints,
        "checks": entry.checks,
        "answered": entry.answered,
    })
}
