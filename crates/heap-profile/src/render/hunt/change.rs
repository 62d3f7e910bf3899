//! What became of a leak, for a terminal or a log.

use super::content::{Grid, NONE};
use super::text::drawn;
use super::words::{date_and_time, interval, number, per, plain, short, verdict};
use crate::hunt::{Change, FieldChange, Hunted, Rate, RateComparison, Rates};

/// The change in one line, then each field's rates before and after.
pub fn change(change: &RateComparison) -> String {
    let mut out = format!("{}: {}\n", word(change.change), plain(&change.reason));
    out += &hunted("before", &change.before);
    out += &hunted("after", &change.after);
    if let Some(grid) = grid(change) {
        out += &format!("\n{}\n", drawn(&grid));
    }
    out
}

fn word(change: Change) -> &'static str {
    match change {
        Change::Fixed => "fixed",
        Change::Better => "better",
        Change::Same => "same",
        Change::Worse => "worse",
        Change::Inconclusive => "inconclusive",
    }
}

fn hunted(when: &str, hunt: &Hunted) -> String {
    let at = date_and_time(hunt.started).map(|at| format!(", {at}"));
    let subject = plain(&hunt.subject);
    format!(
        "{when}: {subject}{}, {}\n",
        at.unwrap_or_default(),
        verdict(hunt.verdict)
    )
}

fn grid(change: &RateComparison) -> Option<Grid> {
    let mut rows: Vec<Vec<String>> = change.fields.iter().map(row).collect();
    if let Some(live) = &change.live {
        rows.push(cells("", live, "the whole live heap".to_owned()));
    }
    let header = [
        "change",
        "before (95 %)",
        "after (95 %)",
        "before - after",
        "field",
    ];
    (!rows.is_empty()).then(|| Grid {
        title: "fields",
        header: header.map(str::to_owned).to_vec(),
        figures: 1..4,
        rows,
    })
}

fn row(field: &FieldChange) -> Vec<String> {
    let function = field.function.as_deref().map(short);
    let owner = field.field.as_deref().map(plain).or(function);
    let owner = owner.unwrap_or_else(|| "no field".to_owned());
    let text = format!("{owner}\n  {}", plain(&field.reason));
    cells(word(field.change), &field.rates, text)
}

fn cells(word: &str, rates: &Rates, owner: String) -> Vec<String> {
    let cell = |rate: &Option<Rate>| rate.as_ref().map_or_else(|| NONE.to_owned(), rate_cell);
    let rates = [&rates.before, &rates.after, &rates.less].map(cell);
    std::iter::once(word.to_owned())
        .chain(rates)
        .chain([owner])
        .collect()
}

fn rate_cell(rate: &Rate) -> String {
    format!("{}\n{}\n{}", number(rate.bytes), per(rate.unit), interval(rate))
}
