//! Text of a comparison, for people ([`table`], [`markdown`]) and for programs ([`json`]), and one snapshot as a picture
//! ([`flame_graph`]). Reports of a hunt are in [`hunt`].
//!
//! Everything comes back as a `String`; printing it is the caller's work.

mod flame;
pub mod hunt;
mod svg;
mod tables;

use crate::Comparison;

pub use svg::flame_graph;
pub use tables::{markdown, table};

/// The first sites that changed as JSON, with the totals of all: the fields are those of [`Comparison`].
pub fn json(comparison: &Comparison, first: usize) -> String {
    let sites = comparison.changed().take(first).cloned().collect();
    let comparison = Comparison {
        sites,
        ..comparison.clone()
    };
    serde_json::to_string_pretty(&comparison)
        .expect("a comparison has no maps, and so nothing that JSON has not")
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
