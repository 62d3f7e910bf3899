//! A comparison by call site, as a table for the terminal or in Markdown.

use super::layout::{Cells, UNKNOWN, clip, objects, without_control};
use super::{bytes, growth};
use crate::{Comparison, Frame, Site, names};

/// The widest that the name of a site gets, and the names below it. JSON has them whole.
const WIDEST_SITE: usize = 110;
const WIDEST_FRAME: usize = 80;

/// A table for the terminal: the first sites that changed, then the totals of all. Snapshots are columns A, B and so on,
/// and what these stand for is above the table.
pub fn table(comparison: &Comparison, first: usize) -> String {
    let mut cells = cells(comparison, first);
    let legend = take_names(&mut cells, comparison.snapshots.len());
    drop_unknown_objects(&mut cells);
    format!("{legend}{}", cells.table())
}

/// A table in Markdown, of the same content.
pub fn markdown(comparison: &Comparison, first: usize) -> String {
    cells(comparison, first).markdown()
}

fn cells(comparison: &Comparison, first: usize) -> Cells {
    let names = comparison
        .snapshots
        .iter()
        .map(|column| without_control(&column.name));
    let header = ["#", "growth"].into_iter().map(str::to_owned).chain(names);
    let shown = comparison.changed().take(first).enumerate();
    let mut rows: Vec<Vec<String>> = shown
        .map(|(at, site)| {
            let delta = site.change.delta;
            let counted = (delta.bytes, delta.objects);
            row(
                (at + 1).to_string(),
                counted,
                &site.bytes,
                site_lines(site).join("\n"),
            )
        })
        .collect();
    rows.extend(instrument(comparison));
    let totals: Vec<i64> = comparison.snapshots.iter().map(|column| column.bytes).collect();
    let counted = (comparison.growth.bytes, comparison.growth.objects);
    rows.push(row(String::new(), counted, &totals, "total".to_owned()));
    Cells {
        header: header.chain(["objects", "site"].map(str::to_owned)).collect(),
        rows,
        footer: vec![footer(comparison, first)],
    }
}

fn row(number: String, (delta, counted): (i64, Option<i64>), live: &[i64], site: String) -> Vec<String> {
    let head = [number, growth(delta)].into_iter();
    let live = live.iter().map(|value| bytes(*value));
    head.chain(live).chain([objects(counted), site]).collect()
}

/// Without it, the sites would not add up to the total.
fn instrument(comparison: &Comparison) -> Option<Vec<String>> {
    let live: Vec<i64> = comparison
        .snapshots
        .iter()
        .map(|column| column.instrument_bytes)
        .collect();
    let delta = live[live.len() - 1].saturating_sub(live[0]);
    let is_there = live.iter().any(|bytes| *bytes != 0);
    is_there.then(|| {
        row(
            String::new(),
            (delta, None),
            &live,
            "the instrument itself".to_owned(),
        )
    })
}

/// Puts a letter for each snapshot's name, and says which stands for which.
fn take_names(cells: &mut Cells, snapshots: usize) -> String {
    let columns = cells.header.iter_mut().skip(2).take(snapshots).enumerate();
    columns
        .map(|(at, header)| {
            let letter = letter(at);
            let name = std::mem::replace(header, letter.clone());
            format!("{letter} = {name}\n")
        })
        .collect()
}

/// Leaves the objects out where no snapshot counts them.
fn drop_unknown_objects(cells: &mut Cells) {
    let at = cells.header.len() - 2;
    if cells.rows.iter().all(|row| row[at] == UNKNOWN) {
        let rows = std::iter::once(&mut cells.header).chain(&mut cells.rows);
        rows.for_each(|row| drop(row.remove(at)));
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
