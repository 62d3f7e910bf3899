//! What grew between snapshots, and where it was allocated.
//!
//! Stacks are merged by the names of their functions, never by address, so that a function that is compiled twice counts
//! once; they are grouped into call sites (`site` says how one is named) and ranked by growth:
//!
//! > growth = live bytes in the last snapshot - live bytes in the first
//!
//! The snapshots between are shown, and weigh nothing. All bytes are estimates from samples, and so is their difference;
//! no site is left out, so the sites always sum up to the totals.

mod site;

use std::collections::HashMap;
use std::sync::Arc;

use serde::Serialize;

use crate::model::same_build;
use crate::symbolize::{Frame, Origin, Symbolized};
use crate::{Error, names};
pub(crate) use site::{OwnCrates, relevant, shown};

/// The most frames that are kept for showing, of each site.
pub const MAX_FRAMES_SHOWN: usize = 4;

/// Two snapshots or more, weighed against each other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Comparison {
    /// The snapshots, in the order given, with their totals.
    pub snapshots: Vec<Column>,
    /// Live bytes in the last snapshot less those in the first.
    pub growth_bytes: i64,
    /// The same in objects, where the first and the last file have them.
    pub growth_objects: Option<i64>,
    /// All call sites, what grew most first, what shrank most last. Those that did not change are among them.
    pub sites: Vec<Site>,
}

/// One of the snapshots that are compared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Column {
    /// What the caller calls it.
    pub name: String,
    /// Live bytes in all.
    pub bytes: i64,
    /// Live objects in all, where the file has them.
    pub objects: Option<i64>,
}

/// A place that allocates.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Site {
    /// The function, without the bodies of closures and `async fn`s.
    pub function: String,
    /// The source file.
    pub file: Option<String>,
    /// The line; of several, the one whose stack grew most.
    pub line: Option<u32>,
    /// Whose code the function is.
    pub origin: Origin,
    /// Live bytes in the last snapshot less those in the first.
    pub growth_bytes: i64,
    /// The same in objects, where the first and the last file have them.
    pub growth_objects: Option<i64>,
    /// Live bytes in each snapshot.
    pub bytes: Vec<i64>,
    /// Live objects in each snapshot whose file has them.
    pub objects: Vec<Option<i64>>,
    /// How many different stacks were merged.
    pub stacks: usize,
    /// What the function called in order to allocate, outside of the program's own code. In the stack that grew most.
    pub through: Option<String>,
    /// The function's own frame, then its callers among the program's own code, up to the boundary of the task. In the
    /// stack that grew most, at most [`MAX_FRAMES_SHOWN`].
    pub frames: Vec<Frame>,
}

impl Comparison {
    /// The sites that did change.
    pub fn changed(&self) -> impl Iterator<Item = &Site> {
        self.sites
            .iter()
            .filter(|site| site.growth_bytes != 0 || site.growth_objects.is_some_and(|objects| objects != 0))
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
    let own = OwnCrates::of(snapshots.iter().map(|(_, snapshot)| *snapshot));
    let columns = snapshots
        .iter()
        .map(|(name, snapshot)| column(name, snapshot))
        .collect::<Result<Vec<_>, _>>()?;
    let mut sites = group(merge(snapshots, &columns)?, &own);
    sites.sort_by(|a, b| {
        let rank = |site: &Site| (site.growth_bytes, site.growth_objects, site.bytes.last().copied());
        rank(b)
            .cmp(&rank(a))
            .then_with(|| (&a.function, &a.file).cmp(&(&b.function, &b.file)))
    });
    Ok(Comparison {
        growth_bytes: growth(&columns.iter().map(|column| column.bytes).collect::<Vec<_>>()),
        growth_objects: growth_of_known(&columns.iter().map(|column| column.objects).collect::<Vec<_>>()),
        snapshots: columns,
        sites,
    })
}

fn column(name: &str, snapshot: &Symbolized) -> Result<Column, Error> {
    let total = |index: usize| {
        let values = snapshot
            .samples
            .iter()
            .filter_map(|sample| sample.values.get(index));
        values.fold(0, |sum: i64, value| sum.saturating_add(*value))
    };
    Ok(Column {
        name: name.to_owned(),
        bytes: total(snapshot.live_bytes_index()?),
        objects: snapshot.live_objects_index().map(total),
    })
}

/// All samples with the same functions, in the same order, up to the boundary of the task.
struct Stack<'a> {
    frames: &'a [Arc<Frame>],
    bytes: Vec<i64>,
    objects: Vec<Option<i64>>,
}

fn merge<'a>(snapshots: &[(&str, &'a Symbolized)], columns: &[Column]) -> Result<Vec<Stack<'a>>, Error> {
    let mut stacks: Vec<Stack<'a>> = Vec::new();
    let mut by_names: HashMap<Vec<u32>, usize> = HashMap::new();
    let mut ids: HashMap<&'a str, u32> = HashMap::new();
    for (at, (_, snapshot)) in snapshots.iter().enumerate() {
        let (bytes, objects) = (snapshot.live_bytes_index()?, snapshot.live_objects_index());
        for sample in &snapshot.samples {
            let frames = relevant(&sample.stack);
            let mut id = |frame: &'a Arc<Frame>| {
                let next = ids.len() as u32;
                *ids.entry(&frame.function).or_insert(next)
            };
            let names = frames.iter().map(&mut id).collect();
            let index = *by_names.entry(names).or_insert_with(|| {
                let objects = columns.iter().map(|column| column.objects.map(|_| 0)).collect();
                stacks.push(Stack {
                    frames,
                    bytes: vec![0; columns.len()],
                    objects,
                });
                stacks.len() - 1
            });
            let value = |index: usize| sample.values.get(index).copied().unwrap_or(0);
            let stack = &mut stacks[index];
            stack.bytes[at] = stack.bytes[at].saturating_add(value(bytes));
            stack.objects[at] =
                objects.map(|index| stack.objects[at].unwrap_or(0).saturating_add(value(index)));
        }
    }
    Ok(stacks)
}

fn group(mut stacks: Vec<Stack<'_>>, own: &OwnCrates) -> Vec<Site> {
    // What is shown of a site is taken from its first stack, and should not depend on the order in the files.
    stacks.sort_by_cached_key(|stack| {
        let names: Vec<&str> = stack.frames.iter().map(|frame| &*frame.function).collect();
        (std::cmp::Reverse(growth(&stack.bytes)), names)
    });
    let mut sites: Vec<Site> = Vec::new();
    let mut by_name: HashMap<(String, Option<String>), usize> = HashMap::new();
    for stack in stacks {
        let named = own.name(stack.frames);
        let function = named.map_or("unknown", |at| {
            names::without_closures(&stack.frames[at].function)
        });
        let file = named.and_then(|at| stack.frames[at].file.clone());
        match by_name.get(&(function.to_owned(), file.clone())) {
            Some(index) => sites[*index].add(&stack),
            None => {
                by_name.insert((function.to_owned(), file.clone()), sites.len());
                sites.push(new_site(function, file, named, &stack));
            }
        }
    }
    sites
}

fn new_site(function: &str, file: Option<String>, named: Option<usize>, stack: &Stack<'_>) -> Site {
    let frame = named.map(|at| &stack.frames[at]);
    Site {
        function: function.to_owned(),
        file,
        line: frame.and_then(|frame| frame.line),
        origin: frame.map_or(Origin::Unknown, |frame| frame.origin.clone()),
        growth_bytes: growth(&stack.bytes),
        growth_objects: growth_of_known(&stack.objects),
        bytes: stack.bytes.clone(),
        objects: stack.objects.clone(),
        stacks: 1,
        through: named
            .and_then(|at| at.checked_sub(1))
            .map(|below| stack.frames[below].function.clone()),
        frames: named.map_or_else(Vec::new, |at| shown(&stack.frames[at..], MAX_FRAMES_SHOWN)),
    }
}

impl Site {
    fn add(&mut self, stack: &Stack<'_>) {
        for (mine, more) in self.bytes.iter_mut().zip(&stack.bytes) {
            *mine = mine.saturating_add(*more);
        }
        for (mine, more) in self.objects.iter_mut().zip(&stack.objects) {
            *mine = mine.zip(*more).map(|(mine, more)| mine.saturating_add(more));
        }
        self.stacks += 1;
        self.growth_bytes = growth(&self.bytes);
        self.growth_objects = growth_of_known(&self.objects);
    }
}

fn growth(values: &[i64]) -> i64 {
    let (first, last) = (
        values.first().copied().unwrap_or(0),
        values.last().copied().unwrap_or(0),
    );
    last.saturating_sub(first)
}

fn growth_of_known(values: &[Option<i64>]) -> Option<i64> {
    let (first, last) = (values.first().copied()??, values.last().copied()??);
    Some(last.saturating_sub(first))
}
