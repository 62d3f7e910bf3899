//! In which order holders are told, which are not worth telling, and how far each can be trusted.

use std::cmp::Reverse;

use super::graph::{ReferenceGraph, Stopped};
use super::names::Names;
use super::report::{Confidence, HOLDERS_VERSION, HolderPath, Holders, RootKind};
use crate::names::mentions_crate;

/// The most paths that are told.
const MOST_PATHS: usize = 8;
/// A path that holds less than this share of the drawn objects is not told,
const SMALLEST_SHARE: f64 = 0.02;
/// if these are fewer than so many.
const FEW_OBJECTS: u64 = 3;
/// Two paths count as equally good if they differ by no more than this share of the drawn objects.
const NO_DIFFERENCE: f64 = 0.05;
/// What is on a stack that may be left over comes after anything else that holds this share of its objects.
const RATHER_THAN_LEFT_OVER: f64 = 0.8;
/// The way to what is not the program's own counts for so many steps more: the longer a way is, the more likely a word on it is
/// left over.
const NOT_OWN: usize = 2;
/// Each step whose type nobody knows counts for so many more: no sample of it is live. It may be small, and then it was not
/// sampled; or it is freed memory, which never has one.
const UNKNOWN_TYPE: usize = 1;
/// A path is good from this share of the drawn objects on,
const GOOD_SHARE: f64 = 0.5;
/// if these are at least so many. With fewer drawn, the evidence is thin whatever the share.
const ENOUGH_OBJECTS: u64 = 10;
/// Below this share a path is poor: pointers that are left over look like it.
const THIN_SHARE: f64 = 0.1;

/// A path, before it has its place.
pub(super) struct Found {
    pub(super) path: HolderPath,
    /// Whether its root may be a word that is left over.
    pub(super) may_be_left_over: bool,
    /// Whether exact pointers alone lead there from half of its objects.
    pub(super) is_exact: bool,
    /// What else has to be said of it.
    pub(super) notes: Vec<String>,
}

/// The paths in their order, and what has to be said of them.
pub(super) fn report(graph: &ReferenceGraph, names: &Names, found: Vec<Found>) -> Holders {
    let drawn = graph.targets.len() as u64;
    let is_told = |found: &Found| {
        let objects = found.path.objects;
        objects >= FEW_OBJECTS || objects as f64 >= SMALLEST_SHARE * drawn as f64
    };
    let (told, dropped): (Vec<Found>, Vec<Found>) = found.into_iter().partition(is_told);
    let mut ordered = ordered(told, names, drawn);
    let further = ordered.len().saturating_sub(MOST_PATHS);
    ordered.truncate(MOST_PATHS);
    for found in &mut ordered {
        found.path.confidence = confidence(found.path.objects, drawn);
    }
    let notes = notes(graph, &ordered, dropped.len(), further);
    Holders {
        version: HOLDERS_VERSION,
        drawn,
        survivors: graph.survivors,
        paths: ordered.into_iter().map(|found| found.path).collect(),
        notes,
        scan: graph.figures,
    }
}

fn confidence(objects: u64, drawn: u64) -> Confidence {
    let share = objects as f64 / drawn.max(1) as f64;
    if share >= GOOD_SHARE && objects >= ENOUGH_OBJECTS {
        Confidence::Good
    } else if share >= THIN_SHARE || drawn < ENOUGH_OBJECTS {
        Confidence::Thin
    } else {
        Confidence::Poor
    }
}

/// What holds most objects first; among those that hold about as many, variables and tasks before stacks, those that exact
/// pointers lead to before others, then by the shorter way, and what is the program's own; then by what it is. What was not
/// found out comes after all that holds a part of them.
fn ordered(mut found: Vec<Found>, names: &Names, drawn: u64) -> Vec<Found> {
    let band = (NO_DIFFERENCE * drawn as f64) as u64;
    let part = (THIN_SHARE * drawn as f64) as u64;
    let weight = |found: &Found| match found.path.root.kind {
        RootKind::Unknown => found.path.objects.min(part),
        _ => found.path.objects,
    };
    let mut ordered = Vec::with_capacity(found.len());
    found.sort_by_cached_key(|found| place(found, names));
    while let Some(most) = found.iter().map(weight).max() {
        let first = |least: u64, may_be: &dyn Fn(&Found) -> bool| {
            found
                .iter()
                .position(|found| weight(found) >= least && may_be(found))
        };
        let mut next = first(most.saturating_sub(band), &|_| true).unwrap_or(0);
        if found[next].may_be_left_over {
            let least = (found[next].path.objects as f64 * RATHER_THAN_LEFT_OVER).ceil() as u64;
            let is_other = |found: &Found| found.path.root.kind != RootKind::Stack;
            next = first(least, &is_other).unwrap_or(next);
        }
        ordered.push(found.remove(next));
    }
    ordered
}

/// Where a path stands among others that hold as many objects.
fn place(found: &Found, names: &Names) -> impl Ord + use<> {
    let path = &found.path;
    let of_unknown_type = path.steps.iter().filter(|step| step.kind.is_none()).count();
    // A way that is not known is the longest.
    let steps = match path.steps.len() + of_unknown_type * UNKNOWN_TYPE {
        0 => usize::MAX,
        steps if is_own(path, names) => steps,
        steps => steps + NOT_OWN,
    };
    let lasts = matches!(
        path.root.kind,
        RootKind::Static | RootKind::Task | RootKind::ThreadLocal
    );
    (
        !lasts,
        !found.is_exact,
        steps,
        of_unknown_type,
        path.root.kind,
        Reverse(path.objects),
        path.root.name.clone(),
        path.root.thread.clone(),
    )
}

/// Whether the root's name has a crate of the program's own in it. A runtime's task is the program's, too, if its future is
/// made of what the program has.
fn is_own(path: &HolderPath, names: &Names) -> bool {
    let name = path.root.name.as_deref().unwrap_or_default();
    names.own.iter().any(|of| mentions_crate(name, of))
}

fn notes(graph: &ReferenceGraph, told: &[Found], dropped: usize, further: usize) -> Vec<String> {
    let drawn = graph.targets.len() as u64;
    let mut notes = Vec::new();
    match drawn {
        0 => notes.push("no object was drawn, so nothing can be said of who holds them".to_owned()),
        1..ENOUGH_OBJECTS => notes.push(format!(
            "the evidence is thin: no more than {drawn} of the objects {} drawn",
            if drawn == 1 { "was" } else { "were" }
        )),
        _ if told
            .first()
            .is_none_or(|found| found.path.confidence != Confidence::Good) =>
        {
            notes.push("the evidence is thin: no holder has half of the drawn objects".to_owned());
        }
        _ => {}
    }
    notes.extend(told.first().and_then(left_over));
    for note in told.iter().flat_map(|found| &found.notes) {
        if !notes.contains(note) {
            notes.push(note.clone());
        }
    }
    notes.extend(graph.figures.stopped.map(stopped));
    if further > 0 {
        notes.push(format!("{} not shown", places(further)));
    }
    if dropped > 0 {
        let places = places(dropped);
        notes.push(format!(
            "{places} not shown, with a few objects each: pointers that are left over in freed memory look like this"
        ));
    }
    notes
}

fn places(number: usize) -> String {
    match number {
        1 => "1 more place is".to_owned(),
        _ => format!("{number} more places are"),
    }
}

fn left_over(found: &Found) -> Option<String> {
    found.may_be_left_over.then(|| {
        "the thread was running, so what is on its stack may be left over from a call that is long done"
            .to_owned()
    })
}

fn stopped(stopped: Stopped) -> String {
    let why = match stopped {
        Stopped::Levels => "it went as far from the objects as it may",
        Stopped::Time => "it took as long as it may",
        Stopped::Objects => "it found as many objects as it may",
    };
    format!("the search ended early: {why}; holders farther away were not seen")
}
