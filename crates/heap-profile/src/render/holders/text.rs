//! All that is known of who holds a site's objects, as lines for a terminal.

use super::{line, share};
use crate::holders::{Confidence, HolderPath, Holders, ScanFigures, Stopped};
use crate::render::hunt::{count, seconds, size};
use crate::render::layout::{clip, without_control};

/// The most paths that are told, and the widest that a note gets: a report may be anyone's.
const MOST_PATHS: usize = 100;
const WIDEST_NOTE: usize = 300;

/// Each path with its share, the notes, and what the scan cost in the last line.
pub fn text(holders: &Holders) -> String {
    let mut lines = path_lines(holders, MOST_PATHS);
    lines.extend(notes(holders));
    lines.push(drawn(holders));
    lines.push(figures(&holders.scan));
    lines.join("\n") + "\n"
}

/// The first paths, each in a line: `held by ... (412 of 420 objects)`; and how many there are beyond.
pub(in crate::render) fn path_lines(holders: &Holders, most: usize) -> Vec<String> {
    let told = holders.paths.iter().take(most);
    let mut lines: Vec<String> = told.map(|path| path_line(path, holders)).collect();
    match holders.paths.len().checked_sub(most) {
        None | Some(0) => {}
        Some(1) => lines.push("and by 1 path more".to_owned()),
        Some(more) => lines.push(format!("and by {} paths more", count(more as u64))),
    }
    if lines.is_empty() {
        lines.push("who holds it was not found".to_owned());
    }
    lines
}

/// `held by 2.1 KiB String <- static shop::VISITS (412 of 420 objects)`
pub(in crate::render) fn path_line(path: &HolderPath, holders: &Holders) -> String {
    let doubt = doubt(path.confidence);
    format!("held by {} {}{doubt}", line(path), share(path, holders))
}

fn doubt(confidence: Confidence) -> &'static str {
    match confidence {
        Confidence::Good => "",
        Confidence::Thin => ", thin evidence",
        Confidence::Poor => ", poor evidence",
    }
}

pub(in crate::render) fn notes(holders: &Holders) -> impl Iterator<Item = String> {
    let notes = holders.notes.iter().take(MOST_PATHS);
    notes.map(|note| format!("note: {}", clip(&without_control(note), WIDEST_NOTE)))
}

/// `followed: 420 of 12,345 survivors that were sampled`
pub(in crate::render) fn drawn(holders: &Holders) -> String {
    format!(
        "followed: {} of {} survivors that were sampled",
        count(holders.drawn),
        count(holders.survivors)
    )
}

/// What the scan cost, and why it ended early, if it did.
pub(in crate::render) fn figures(scan: &ScanFigures) -> String {
    let passes = if scan.passes == 1 { "pass" } else { "passes" };
    let mut line = format!(
        "scan: {} in all, the process stood still for {}; {} read in {} {passes}, of {} resident; {} of its own",
        seconds(scan.seconds),
        milliseconds(scan.pause_seconds),
        size(scan.read_bytes),
        count(u64::from(scan.passes)),
        size(scan.resident_bytes),
        size(scan.buffer_bytes),
    );
    if let Some(copied) = scan.copied_bytes {
        line += &format!("; apart from that, {} were copied on write", size(copied));
    }
    match scan.stopped {
        None => {}
        Some(Stopped::Levels) => line += "; it ended early, as far from the objects as it may go",
        Some(Stopped::Time) => line += "; it ended early, after as long as it may take",
        Some(Stopped::Objects) => line += "; it ended early, with as many objects as it may keep",
    }
    line
}

fn milliseconds(value: f64) -> String {
    if value < 1.0 {
        format!("{:.1} ms", 1e3 * value)
    } else {
        seconds(value)
    }
}
