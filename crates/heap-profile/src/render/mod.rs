//! Text of a comparison, for people ([`table`], [`markdown`]; by other keys [`view_table`], [`view_markdown`]) and for
//! programs ([`json`]); one snapshot as a picture ([`flame_graph`]), and the difference of two ([`flame_difference`]).
//! Reports of a hunt are in [`hunt`]; who holds a site's objects, [`holders`] puts into words.
//!
//! Everything comes back as a `String`; printing it is the caller's work.

mod flame;
pub mod holders;
pub mod hunt;
mod layout;
mod svg;
mod tables;
mod views;

use crate::Comparison;

pub use svg::{flame_difference, flame_difference_element, flame_graph};
pub use tables::{markdown, table};
pub use views::{view_markdown, view_table};

/// The first rows by each key as JSON: a [`ComparisonReport`](crate::ComparisonReport).
pub fn json(comparison: &Comparison, first: usize) -> String {
    serde_json::to_string_pretty(&comparison.report(first))
        .expect("a report has no maps, and so nothing that JSON has not")
}

/// Bytes as people read them: `512 B`, `7.3 KiB`, `-12.0 MiB`.
pub fn bytes(value: i64) -> String {
    const UNITS: [&str; 5] = ["KiB", "MiB", "GiB", "TiB", "PiB"];
    let mut scaled = value as f64;
    if scaled.abs() < 1024.0 {
        return format!("{value} B");
    }
    let mut unit = UNITS[0];
    scaled /= 1024.0;
    // What would be rounded to 1024.0 belongs to the next unit.
    for larger in &UNITS[1..] {
        if scaled.abs() < 1023.95 {
            break;
        }
        scaled /= 1024.0;
        unit = larger;
    }
    format!("{scaled:.1} {unit}")
}

/// A difference in bytes: as [`bytes`], with a sign.
pub fn growth(value: i64) -> String {
    let sign = if value > 0 { "+" } else { "" };
    format!("{sign}{}", bytes(value))
}
