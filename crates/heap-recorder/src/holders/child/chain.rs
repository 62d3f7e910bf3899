//! Objects that hold others like themselves: lists, trees, rings, of any length.
//!
//! Climbing such a list object by object would take a pass over memory each. Instead one pass collects all pointers between
//! objects of these classes; then the list is climbed in that, and one more pass finds what holds any of it from outside.

use super::found::{EXPLORED, Edge, IS_ROOT, PARTIAL, hash};
use super::pass::{Filter, Memory};
use super::search::{Search, look_at};
use crate::{
    pages::{Pages, Plain},
    table::Index,
};

/// Pointers between like objects that are collected at most: 64 MiB.
const MOST_LINKS: usize = 1 << 22;
/// Lists that are followed at most.
const MOST_CHAINS: usize = 3;
/// A list is followed in this way if there are so many times more objects in it than were found. Otherwise, going on object
/// by object will do.
const LEAST_LENGTH: usize = 12;
/// Objects held from outside for which is found out what is below them.
const MOST_ENDS: usize = 32;
/// Steps down from all of these together.
const MOST_STEPS: usize = 1 << 22;

/// What is known of lists.
pub(super) struct Chains {
    /// The classes of those that were followed.
    followed: Pages<u64>,
    /// The objects that are in them and hold a drawn one, directly or not.
    up: Set,
}

impl Default for Chains {
    fn default() -> Self {
        Self::new()
    }
}

impl Chains {
    pub(super) const fn new() -> Self {
        Self {
            followed: Pages::new(),
            up: Set::new(),
        }
    }

    /// Whether these classes were followed, or there were enough.
    pub(super) fn know(&self, classes: u64) -> bool {
        self.followed.len() >= MOST_CHAINS || self.followed.iter().any(|known| known & classes == classes)
    }

    /// Whether an object is in one of them.
    pub(super) fn reached(&self, base: usize) -> bool {
        self.up.has(base)
    }
}

/// A pointer from one object to another.
#[derive(Debug, Clone, Copy)]
struct Link {
    held: usize,
    holder: usize,
}

// SAFETY: all zero is a link from nothing to nothing.
unsafe impl Plain for Link {}

impl Search<'_> {
    /// Follows the lists of objects of these classes, from those that were found. False where they are short.
    pub(super) fn chain(&mut self, classes: u64) -> Option<bool> {
        let (mut links, complete) = self.links(classes);
        links.sort_unstable_by_key(|link| link.held);
        self.chains.followed.push(classes)?;
        let begun = self.climb_links(&links, classes)?;
        if self.chains.up.all.len() - begun.first < LEAST_LENGTH * begun.starts.len() {
            self.chains.up.forget(begun.first)?;
            return Some(false);
        }
        let all = self.holders_from_outside(&begun, classes)? && complete;
        links.sort_unstable_by_key(|link| link.holder);
        let all = self.descend(&links, &begun)? && all;
        for position in begun.starts.iter() {
            self.found.flag(*position, if all { EXPLORED } else { PARTIAL });
        }
        Some(true)
    }

    /// All pointers between objects of these classes, and whether there was room and time for all.
    fn links(&mut self, classes: u64) -> (Pages<Link>, bool) {
        let (mut links, mut complete) = (Pages::new(), true);
        let filter = Filter {
            summary: u64::MAX,
            not: 0,
            only: classes,
            to: classes,
        };
        self.found.figures.passes += 1;
        let (read, in_time) = self.memory.pass(filter, |heap, word| {
            let (Some(holder), Some(held)) = (heap.allocation(word.location), heap.allocation(word.value))
            else {
                return;
            };
            if holder.base != held.base {
                let link = Link {
                    held: held.base,
                    holder: holder.base,
                };
                complete &= links.len() < MOST_LINKS && links.push(link).is_some();
            }
        });
        self.found.figures.read += read;
        (links, complete && in_time)
    }

    /// From the objects that were found up to all that hold them within the lists.
    fn climb_links(&mut self, links: &[Link], classes: u64) -> Option<Begun> {
        let mut begun = Begun {
            starts: Pages::new(),
            first: self.chains.up.all.len(),
        };
        for (object, position) in self.found.objects.iter().zip(0..) {
            if classes >> object.at.class & 1 != 0 {
                begun.starts.push(position)?;
                self.chains.up.insert(object.at.base)?;
            }
        }
        let mut at = begun.first;
        while let Some(base) = self.chains.up.all.get(at).copied() {
            let first = links.partition_point(|link| link.held < base);
            for link in links.get(first..)?.iter().take_while(|link| link.held == base) {
                self.chains.up.insert(link.holder)?;
            }
            at += 1;
        }
        Some(begun)
    }

    /// Finds what holds any of them, and is none of them. Says whether there was time for all.
    fn holders_from_outside(&mut self, begun: &Begun, classes: u64) -> Option<bool> {
        let mut summary = 0;
        for at in begun.first..self.chains.up.all.len() {
            let base = *self.chains.up.all.get(at)?;
            let size = self.memory.heap.allocation(base)?.size;
            self.memory.heap.mark(base, size, true);
            summary |= Memory::summary_of(base, size);
        }
        let filter = Filter {
            summary,
            not: classes,
            only: u64::MAX,
            to: 0,
        };
        let chains = std::mem::take(&mut self.chains);
        let question = self.memory.question;
        let first_new = self.found.objects.len() as u32;
        let complete = self.pass(filter, |found, heap, word| {
            let held = heap.allocation(word.value)?;
            if !chains.up.has(held.base) {
                return None;
            }
            let known = found.object_at(held.base);
            let position = known.or_else(|| {
                let entered = found.enter(held, found.objects.len() as u32, 0)?;
                found.flag(entered, EXPLORED);
                look_at(found, question, entered);
                Some(entered)
            })?;
            // Those that were explored before have their holders.
            let is_explored = found.object(position)?.flags & EXPLORED != 0;
            (position >= first_new || !is_explored).then_some((position, held))
        });
        self.chains = chains;
        for at in begun.first..self.chains.up.all.len() {
            let base = *self.chains.up.all.get(at)?;
            let size = self.memory.heap.allocation(base)?.size;
            self.memory.heap.mark(base, size, false);
        }
        Some(complete)
    }

    /// From the objects that are held from outside, or from the ends where there are none, down to those that were found:
    /// an edge for each that is reached. Says whether this was done for all of them.
    fn descend(&mut self, links: &[Link], begun: &Begun) -> Option<bool> {
        let mut ends = self.ends(begun)?;
        if ends.is_empty() {
            self.add_tops(links, begun, &mut ends)?;
        }
        let mut steps = 0;
        for end in ends.iter().take(MOST_ENDS) {
            let below = self.below(links, *end, &mut steps)?;
            for start in begun.starts.iter().filter(|start| *start != end) {
                let object = *self.found.object(*start)?;
                if below.has(object.at.base) {
                    self.found.connect(Edge {
                        holder: *end,
                        held: *start,
                        offset: 0,
                        into: 0,
                        chain: below.all.len() as u64,
                        vtable: 0,
                    });
                }
            }
            if steps > MOST_STEPS {
                return Some(false);
            }
        }
        Some(ends.len() <= MOST_ENDS)
    }

    /// The objects within the lists that something else holds: those first that a root does.
    fn ends(&self, begun: &Begun) -> Option<Pages<u32>> {
        let (mut ends, mut seen) = (Pages::new(), Set::new());
        let is_within = |at: u32| {
            let base = self.found.object(at).map_or(0, |object| object.at.base);
            self.chains
                .up
                .position(base)
                .is_some_and(|at| at as usize >= begun.first)
        };
        for wants_root in [true, false] {
            for edge in self.found.edges.iter() {
                let is_root = edge.holder & IS_ROOT != 0;
                let from_outside = is_root || !is_within(edge.holder);
                if is_root == wants_root
                    && from_outside
                    && is_within(edge.held)
                    && seen.insert(edge.held as usize + 1)?
                {
                    ends.push(edge.held)?;
                }
            }
        }
        Some(ends)
    }

    /// Nothing holds any of them from outside: the ones that nobody holds, or one of a ring.
    fn add_tops(&mut self, links: &[Link], begun: &Begun, ends: &mut Pages<u32>) -> Option<()> {
        let all = &self.chains.up.all;
        // Sorted by holder by now: who is held is looked up in a set.
        let mut held = Set::new();
        for link in links.iter().filter(|link| self.chains.up.has(link.holder)) {
            held.insert(link.held)?;
        }
        let (mut tops, mut last) = (Pages::new(), None);
        for base in all.get(begun.first..)? {
            last = Some(*base);
            if !held.has(*base) && tops.len() < MOST_ENDS {
                tops.push(*base)?;
            }
        }
        let is_ring = tops.is_empty();
        if let (true, Some(last)) = (is_ring, last) {
            tops.push(last)?;
        }
        for base in tops.iter() {
            let Some(at) = self.memory.heap.allocation(*base) else {
                continue;
            };
            let position = match self.found.object_at(*base) {
                Some(known) => known,
                None => self.found.enter(at, self.found.objects.len() as u32, 0)?,
            };
            self.found.flag(position, EXPLORED);
            ends.push(position)?;
            if is_ring {
                self.close_ring(begun, position)?;
            }
        }
        Some(())
    }

    /// In a ring each holds each.
    fn close_ring(&mut self, begun: &Begun, end: u32) -> Option<()> {
        let len = (self.chains.up.all.len() - begun.first) as u64;
        let other = begun.starts.iter().copied().find(|start| *start != end)?;
        self.found.connect(Edge {
            holder: other,
            held: end,
            offset: 0,
            into: 0,
            chain: len,
            vtable: 0,
        });
        Some(())
    }

    /// What an object holds within the lists, itself included.
    fn below(&self, links: &[Link], end: u32, steps: &mut usize) -> Option<Set> {
        let mut below = Set::new();
        below.insert(self.found.object(end)?.at.base)?;
        let mut at = 0;
        while let Some(base) = below.all.get(at).copied() {
            let first = links.partition_point(|link| link.holder < base);
            for link in links.get(first..)?.iter().take_while(|link| link.holder == base) {
                below.insert(link.held)?;
            }
            at += 1;
            *steps += 1;
            if *steps > MOST_STEPS {
                break;
            }
        }
        Some(below)
    }
}

/// Where a climb began.
struct Begun {
    /// The objects that it began with, by position.
    starts: Pages<u32>,
    /// From where on in [`Chains::up`] is what it has reached.
    first: usize,
}

/// Addresses, each once, in the order in which they came.
struct Set {
    all: Pages<usize>,
    index: Index,
}

impl Set {
    const fn new() -> Self {
        Self {
            all: Pages::new(),
            index: Index::new(),
        }
    }

    fn has(&self, address: usize) -> bool {
        self.position(address).is_some()
    }

    fn position(&self, address: usize) -> Option<u32> {
        let is_it = |at: u32| self.all.get(at as usize) == Some(&address);
        self.index.find(hash(address as u64), is_it)
    }

    /// Forgets what was entered from a position on.
    fn forget(&mut self, from: usize) -> Option<()> {
        let mut kept = Self::new();
        for address in self.all.get(..from)? {
            kept.insert(*address)?;
        }
        *self = kept;
        Some(())
    }

    /// Whether it is new; nothing where there is no memory.
    fn insert(&mut self, address: usize) -> Option<bool> {
        if self.has(address) {
            return Some(false);
        }
        let position = u32::try_from(self.all.len()).ok()?;
        self.all.push(address)?;
        let all = &self.all;
        let hash_of = |at: u32| all.get(at as usize).map_or(0, |address| hash(*address as u64));
        self.index.insert(hash(address as u64), position, hash_of)?;
        Some(true)
    }
}
