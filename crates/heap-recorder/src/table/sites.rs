//! The places that allocate: each a stack and a label, with what was allocated there since the start.
//!
//! Shards by the stack's hash. A stack is kept once, its frames as words in a row, however many labels it has. All
//! of it is bounded: what does not fit goes to the stack without frames, or to the label [`Label::OTHER`], and is
//! counted.

use std::{
    hash::Hasher,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
};

use rustc_hash::FxHasher;

use super::{index::Index, locked};
use crate::{
    Label,
    pages::{Pages, Plain},
};

const SHARDS: usize = 16;
/// Values that are copied at once: some tens of nanoseconds' worth.
const PIECE: usize = 256;
/// Stacks that are kept unless told otherwise.
pub(crate) const DEFAULT_LIMIT: usize = 1 << 16;
/// Sites for each stack of the limit, on average.
const SITES_A_STACK: usize = 4;
/// The highest limit: positions and ids are 32-bit numbers.
const MOST: usize = 1 << 24;
/// Frames for each stack of the limit, on average: deep ones make up for shallow ones.
const FRAMES_A_STACK: usize = 64;

#[derive(Clone, Copy)]
struct Stack {
    hash: u64,
    start: u32,
    len: u32,
}

#[derive(Clone, Copy)]
struct SiteEntry {
    stack: u32,
    label: Label,
    objects: f64,
    bytes: f64,
}

// SAFETY: all zero is a stack without frames.
unsafe impl Plain for Stack {}
// SAFETY: all zero is a site of the first stack, without a label.
unsafe impl Plain for SiteEntry {}

struct Shard {
    frames: Pages<usize>,
    stacks: Pages<Stack>,
    stack_index: Index,
    sites: Pages<SiteEntry>,
    site_index: Index,
    /// Samples whose stack did not fit.
    stackless: u64,
    /// Samples whose label did not fit.
    unlabelled: u64,
}

static TABLE: [Mutex<Shard>; SHARDS] = [const { Mutex::new(Shard::new()) }; SHARDS];

/// The most stacks of one shard.
static SHARD_LIMIT: AtomicUsize = AtomicUsize::new(DEFAULT_LIMIT / SHARDS);

/// Sets the bound on stacks, and with it those on frames and sites.
pub(crate) fn configure(stacks: usize) {
    SHARD_LIMIT.store(stacks.min(MOST).div_ceil(SHARDS), Relaxed);
}

/// Counts an allocation that stands for so many `objects` and `bytes`; gives the site's id.
pub(crate) fn record(frames: &[usize], label: Label, objects: f64, bytes: f64) -> u32 {
    let hash = hash_of(frames);
    let number = (hash >> 60) as usize & (SHARDS - 1);
    let site = locked(&TABLE[number]).record(hash, frames, label, objects, bytes);
    global(site, number)
}

/// One site, for whoever reads the table.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Site {
    /// As samples name it.
    pub(crate) id: u32,
    /// The stack's id.
    pub(crate) stack: u32,
    pub(crate) label: Label,
    /// Estimated objects and bytes allocated since the start.
    pub(crate) objects: f64,
    pub(crate) bytes: f64,
}

/// A copy of the table: sites and stacks.
pub(crate) struct Sites {
    pub(crate) sites: Vec<Site>,
    shards: Vec<(Pages<usize>, Pages<Stack>)>,
}

impl Sites {
    /// The frames of a stack, the leaf first: return addresses.
    pub(crate) fn frames(&self, stack: u32) -> &[usize] {
        let (number, position) = (stack as usize % SHARDS, stack as usize / SHARDS);
        let found = self.shards.get(number).and_then(|(frames, stacks)| {
            let stack = stacks.get(position)?;
            frames.get(stack.start as usize..)?.get(..stack.len as usize)
        });
        found.unwrap_or(&[])
    }
}

/// Copies the table, shard by shard. Nothing where there is no memory.
pub(crate) fn copy() -> Option<Sites> {
    let mut copy = Sites {
        sites: Vec::new(),
        shards: Vec::with_capacity(SHARDS),
    };
    for number in 0..SHARDS {
        // In this order: what an entry points to was there before it.
        let entries = in_pieces(number, |shard| &shard.sites)?;
        let stacks = in_pieces(number, |shard| &shard.stacks)?;
        let frames = in_pieces(number, |shard| &shard.frames)?;
        let site = |(entry, position): (&SiteEntry, u32)| Site {
            id: global(position, number),
            stack: global(entry.stack, number),
            label: entry.label,
            objects: entry.objects,
            bytes: entry.bytes,
        };
        copy.sites.extend(entries.iter().zip(0..).map(site));
        copy.shards.push((frames, stacks));
    }
    Some(copy)
}

/// Copies an array of a shard, its lock taken anew for each piece: the arrays only grow, so that what was copied stays as
/// it is, but for the sums of sites, each of which is right at its own moment.
fn in_pieces<T: Plain>(number: usize, array: impl Fn(&Shard) -> &Pages<T>) -> Option<Pages<T>> {
    let mut copied = Pages::new();
    let len = array(&locked(&TABLE[number])).len();
    copied.reserve(len)?;
    while copied.len() < len {
        let piece = copied.len()..(copied.len() + PIECE).min(len);
        copied.extend(array(&locked(&TABLE[number])).get(piece)?)?;
    }
    Some(copied)
}

/// Samples whose stack, and samples whose label, did not fit.
pub(crate) fn dropped() -> (u64, u64) {
    TABLE.iter().fold((0, 0), |(stackless, unlabelled), shard| {
        let shard = locked(shard);
        (stackless + shard.stackless, unlabelled + shard.unlabelled)
    })
}

impl Shard {
    const fn new() -> Self {
        Self {
            frames: Pages::new(),
            stacks: Pages::new(),
            stack_index: Index::new(),
            sites: Pages::new(),
            site_index: Index::new(),
            stackless: 0,
            unlabelled: 0,
        }
    }

    /// As the function of that name; gives the site's position.
    fn record(&mut self, hash: u64, frames: &[usize], label: Label, objects: f64, bytes: f64) -> u32 {
        let stack = self.stack(hash, frames).unwrap_or_else(|| {
            self.stackless += 1;
            0
        });
        let site = self.site(stack, label).unwrap_or_else(|| {
            self.unlabelled += 1;
            self.site(stack, Label::OTHER).unwrap_or(0)
        });
        if let Some(entry) = self.sites.get_mut(site as usize) {
            entry.objects += objects;
            entry.bytes += bytes;
        }
        site
    }

    /// Enters what everything that does not fit goes to: the stack without frames, and its site without a label.
    fn begin(&mut self) -> Option<()> {
        if self.stacks.is_empty() {
            self.stacks.push(Stack {
                hash: 0,
                start: 0,
                len: 0,
            })?;
            self.enter_site(0, Label::OTHER)?;
        }
        Some(())
    }

    /// The position of a stack, entered if need be; nothing where the table is full.
    fn stack(&mut self, hash: u64, frames: &[usize]) -> Option<u32> {
        let (all, stacks) = (&self.frames, &self.stacks);
        let is_it = |position: u32| {
            stacks.get(position as usize).is_some_and(|stack| {
                let range = stack.start as usize..stack.start as usize + stack.len as usize;
                stack.hash == hash && all.get(range).is_some_and(|found| found == frames)
            })
        };
        if let Some(position) = self.stack_index.find(hash, is_it) {
            return Some(position);
        }
        self.begin()?;
        let limit = SHARD_LIMIT.load(Relaxed);
        if self.stacks.len() > limit || self.frames.len() + frames.len() > limit * FRAMES_A_STACK {
            return None;
        }
        let start = u32::try_from(self.frames.len()).ok()?;
        let position = self.stacks.len() as u32;
        self.frames.extend(frames)?;
        let len = frames.len() as u32;
        self.stacks.push(Stack { hash, start, len })?;
        let stacks = &self.stacks;
        let hash_of = |position: u32| stacks.get(position as usize).map_or(0, |stack| stack.hash);
        self.stack_index.insert(hash, position, hash_of)?;
        Some(position)
    }

    /// The position of a site, entered if need be; nothing where the table is full.
    fn site(&mut self, stack: u32, label: Label) -> Option<u32> {
        let hash = site_hash(stack, label);
        let sites = &self.sites;
        let is_it = |position: u32| {
            let site = sites.get(position as usize);
            site.is_some_and(|site| site.stack == stack && site.label == label)
        };
        if let Some(position) = self.site_index.find(hash, is_it) {
            return Some(position);
        }
        // The last places are for the stacks' own `OTHER`.
        let spared = if label == Label::OTHER { 0 } else { 1 };
        let limit = SHARD_LIMIT.load(Relaxed);
        if self.sites.len() > limit * (SITES_A_STACK + 1 - spared) {
            return None;
        }
        self.enter_site(stack, label)
    }

    fn enter_site(&mut self, stack: u32, label: Label) -> Option<u32> {
        let position = self.sites.len() as u32;
        self.sites.push(SiteEntry {
            stack,
            label,
            objects: 0.0,
            bytes: 0.0,
        })?;
        let sites = &self.sites;
        let hash_of = |position: u32| {
            let site = sites.get(position as usize);
            site.map_or(0, |site| site_hash(site.stack, site.label))
        };
        self.site_index
            .insert(site_hash(stack, label), position, hash_of)?;
        Some(position)
    }
}

/// The id of a shard's entry: unique over all shards.
fn global(position: u32, shard: usize) -> u32 {
    position * SHARDS as u32 + shard as u32
}

fn hash_of(frames: &[usize]) -> u64 {
    let mut hasher = FxHasher::default();
    for frame in frames {
        hasher.write_usize(*frame);
    }
    hasher.finish()
}

fn site_hash(stack: u32, label: Label) -> u64 {
    let mut hasher = FxHasher::default();
    hasher.write_u32(stack);
    hasher.write_u32(label.number());
    hasher.finish()
}

#[cfg(test)]
mod tests;
