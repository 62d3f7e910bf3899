//! What a hunt found, for people ([`table`], [`markdown`], [`html`]) and for programs ([`json`]); and what became of it
//! after a fix ([`change`]).
//!
//! `headline` has the verdict in words, `content` the evidence as plain text, `holders` who holds a site's objects, which
//! `holder_graph` arranges as a picture; the other modules lay these out. Everything comes back as a `String`; printing it is the caller's work.

mod change;
mod content;
mod headline;
mod holder_graph;
mod holders;
mod html;
mod markdown;
mod text;
mod words;

pub use change::change;
pub(super) use content::size;
pub use html::html;
pub use markdown::markdown;
pub use text::table;
pub(super) use words::seconds;
pub(crate) use words::{count, plural};

use crate::hunt::Report;

/// A report as JSON, as `schema/hunt.schema.json` describes it.
pub fn json(report: &Report) -> String {
    let mut json =
        serde_json::to_string_pretty(report).expect("a report has no maps, and so nothing that JSON has not");
    json.push('\n');
    json
}
