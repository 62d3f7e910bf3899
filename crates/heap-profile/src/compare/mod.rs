//! What grew between snapshots, and where it was allocated.
//!
//! Stacks are merged by the names of their functions, never by address, so that a function that is compiled twice counts
//! once; they are grouped into call sites (`site` says how one is named) and ranked by growth:
//!
//! > growth = live bytes in the last snapshot - live bytes in the first = new - freed
//!
//! The snapshots between are shown, and weigh nothing. All bytes are estimates from samples, and so is their difference;
//! no site is left out, so the sites and the instrument's own bytes always sum up to the totals.
//!
//! `fold` adds the rows of the files up, with the help of `labels`, `raw` and `frames`, and says what is new and what was freed; `sites`, `view`
//! and `ancestors` group what comes of it by one key each; `report` is what programs read.

mod ancestors;
mod change;
mod fold;
mod frames;
mod labels;
mod raw;
mod report;
mod site;
mod sites;
mod view;

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::same_build;
use crate::symbolize::Symbolized;
use crate::{Error, SnapshotInfo};
pub use change::{Amount, Change};
pub(crate) use fold::Folded;
use fold::Value;
pub use report::{COMPARISON_VERSION, ComparisonReport};
pub(crate) use site::{OwnCrates, relevant, shown};
pub use sites::Site;
use view::Views;
pub use view::{ComparisonKey, Row, View};

/// The most frames that are kept for showing, of each site.
pub const MAX_FRAMES_SHOWN: usize = 4;

/// Two snapshots or more, weighed against each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comparison {
    /// The snapshots, in the order given, with their totals.
    pub snapshots: Vec<Column>,
    /// Live in the last snapshot less live in the first, the instrument's own included.
    pub growth: Amount,
    /// Whether `new` and `freed` are exact, by the cohorts that objects were born in. If not, they are net figures, stack by
    /// stack.
    pub exact: bool,
    /// What else a reader should know: that the snapshots are of different processes, say.
    pub notes: Vec<String>,
    /// All call sites, what grew most first, what shrank most last. Those that did not change are among them.
    pub sites: Vec<Site>,
    views: Views,
}

/// One of the snapshots that are compared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Column {
    /// What the caller calls it.
    pub name: String,
    /// When it was taken, in milliseconds since 1970, where the file says.
    pub time: Option<i64>,
    /// Live bytes in all.
    pub bytes: i64,
    /// Live objects in all, where the file has them.
    pub objects: Option<i64>,
    /// What of the bytes the instrument itself has allocated. They are in no row.
    pub instrument_bytes: i64,
}

impl Comparison {
    /// The sites that grew or shrank.
    pub fn changed(&self) -> impl Iterator<Item = &Site> {
        let is_none = |amount: Amount| amount.bytes == 0 && amount.objects.unwrap_or(0) == 0;
        self.sites.iter().filter(move |site| !is_none(site.change.delta))
    }

    /// These, and the sites at which as much was made anew as was freed.
    fn turned_over(&self) -> Vec<&Site> {
        let sites = self.sites.iter();
        sites.filter(|site| !site.change.is_none()).collect()
    }

    /// What changed, by a key, at most so many rows of it.
    pub fn view(&self, key: ComparisonKey, first: usize) -> View {
        match key {
            ComparisonKey::Field => self.views.field.first(first),
            ComparisonKey::Operation => self.views.operation.first(first),
            ComparisonKey::Type => self.views.kind.first(first),
            ComparisonKey::Cohort => self.views.cohort.first(first),
            ComparisonKey::Ancestor => self.views.ancestor.first(first),
            ComparisonKey::Site => {
                let sites = self.turned_over();
                View {
                    rows: sites.iter().take(first).map(|site| site.row()).collect(),
                    rows_in_all: sites.len(),
                    note: None,
                }
            }
        }
    }
}

/// Compares snapshots, oldest first, each with the name to show for it.
///
/// # Errors
/// With fewer than two snapshots, with snapshots of different builds, or where a file has no live bytes.
pub fn compare(snapshots: &[(&str, &Symbolized)]) -> Result<Comparison, Error> {
    if snapshots.len() < 2 {
        return Err(Error::TooFewSnapshots {
            found: snapshots.len(),
        });
    }
    let programs = snapshots
        .iter()
        .map(|(name, snapshot)| (*name, snapshot.program.as_ref()));
    same_build(programs.filter_map(|(name, program)| Some((name, &*program?.build_id))))?;
    let (exact, notes) = processes(snapshots);
    let files: Vec<&Symbolized> = snapshots.iter().map(|(_, snapshot)| *snapshot).collect();
    let mut folded = Folded::of(&files, exact)?;
    let columns = columns(snapshots, &folded);
    let growth = growth(&columns);
    let counts_objects = growth.objects.is_some();
    let own = OwnCrates::of_frames(folded.table.all());
    let sites = sites::sites(&mut folded, &own, &columns, counts_objects);
    Ok(Comparison {
        growth,
        exact,
        notes,
        sites,
        views: Views::of(&mut folded, &files, counts_objects),
        snapshots: columns,
    })
}

/// Whether all snapshots are of one process whose cohorts are known, and what there is to say if they are not.
fn processes(snapshots: &[(&str, &Symbolized)]) -> (bool, Vec<String>) {
    let mut notes = Vec::new();
    let mut infos: Vec<Option<SnapshotInfo>> = Vec::new();
    for (name, snapshot) in snapshots {
        infos.push(snapshot.info().unwrap_or_else(|error| {
            notes.push(format!("{name}: {error}"));
            None
        }));
    }
    let known = infos.iter().flatten();
    let processes: BTreeSet<&str> = known.map(|info| &*info.process).collect();
    if processes.len() > 1 {
        notes.push(
            "the snapshots are of different processes of one build: what is new and what was freed are net figures, stack by stack"
                .to_owned(),
        );
    }
    let exact = infos.iter().all(Option::is_some) && processes.len() == 1;
    (exact, notes)
}

fn columns(snapshots: &[(&str, &Symbolized)], folded: &Folded<'_>) -> Vec<Column> {
    let column = |((name, snapshot), (total, instrument)): (&(&str, &Symbolized), &(Value, Value))| Column {
        name: (*name).to_owned(),
        time: (snapshot.time_nanos != 0).then_some(snapshot.time_nanos / 1_000_000),
        bytes: total.bytes,
        objects: snapshot.live_objects_index().map(|_| total.objects),
        instrument_bytes: instrument.bytes,
    };
    snapshots.iter().zip(&folded.totals).map(column).collect()
}

fn growth(columns: &[Column]) -> Amount {
    let (first, last) = (&columns[0], &columns[columns.len() - 1]);
    Amount {
        bytes: last.bytes.saturating_sub(first.bytes),
        objects: last
            .objects
            .zip(first.objects)
            .map(|(last, first)| last.saturating_sub(first)),
    }
}
