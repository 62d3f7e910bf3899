//! Who holds the objects of a judged site, as lines of a report.

use crate::holders::{Confidence, RootKind};
use crate::hunt::JudgedSite;
use crate::render::holders::text::{notes, path_line, path_lines};

/// The most paths that a report shows of a site, and the most notes.
pub(super) const MOST_PATHS: usize = 3;
const MOST_NOTES: usize = 3;

/// The first paths, then what speaks against them; nothing where nobody looked.
pub(super) fn site_holders(site: &JudgedSite) -> Vec<String> {
    let Some(holders) = &site.holders else {
        return Vec::new();
    };
    let lines = path_lines(holders, MOST_PATHS).into_iter();
    let lines = lines.chain(notes(holders).take(MOST_NOTES));
    lines.map(|line| format!("  {line}")).collect()
}

/// Who holds most of the objects, where that is beyond doubt: `  held by ...`
pub(super) fn proven_holder(site: &JudgedSite) -> Option<String> {
    let holders = site.holders.as_ref()?;
    let first = holders.paths.first()?;
    let is_proven = first.confidence == Confidence::Good && first.root.kind != RootKind::Unknown;
    is_proven.then(|| format!("  {}", path_line(first, holders)))
}
