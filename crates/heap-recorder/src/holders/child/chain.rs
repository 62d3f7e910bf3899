//! Objects that hold others like themselves: lists, trees, rings, of any length.
//!
//! Climbing such a list object by object would take a pass over memory each. Instead one pass collects all pointers between
//! objects of these classes; then the list is climbed in that, and one more pass finds what holds any of it from outside.

use super::found::{EXPLORED, Edge, IS_ROOT, LOOKED, hash};
use super::look::look_at;
use super::pass::{Filter, Memory};
use super::search::Search;
use crate::{
    pages::{Pages, Plain},
    table::Index,
};

/// Pointers between like objects that are collected at most: 64 MiB, in both orders.
const MOST_LINKS: usize = 1 << 21;
/// Lists that are followed at most.
const MOST_CHAINS: usize = 3;
/// A list is followed in this way if there are so many times more objects in it than were found. Otherwise, going on object
/// by object will do.
const LEAST_LENGTH: usize = 12;
/// Objects held from outside for which is found out what is below them.
const MOST_ENDS: usize = 32;
/// Objects of a list that are kept for their type.
const MOST_SAMPLES: usize = 8;
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

/// All of them, in two orders.
struct Links {
    by_held: Pages<Link>,
    by_holder: Pages<Link>,
}

impl Links {
    fn of(mut by_held: Pages<Link>) -> Option<Self> {
        let mut by_holder = Pages::new();
        by_holder.extend(&by_held)?;
        by_held.sort_unstable_by_key(|link| link.held);
        by_holder.sort_unstable_by_key(|link: &Link| link.holder);
        Some(Self { by_held, by_holder })
    }

    /// Who holds an object.
    fn holders(&self, base: usize) -> impl Iterator<Item = usize> {
        let first = self.by_held.partition_point(|link| link.held < base);
        let from = self.by_held.get(first..).unwrap_or(&[]).iter();
        from.take_while(move |link| link.held == base)
            .map(|link| link.holder)
    }

    /// Whom an object holds.
    fn held(&self, base: usize) -> impl Iterator<Item = usize> {
        let first = self.by_holder.partition_point(|link| link.holder < base);
        let from = self.by_holder.get(first..).unwrap_or(&[]).iter();
        from.take_while(move |link| link.holder == base)
            .map(|link| link.held)
    }
}

impl Search<'_> {
    /// Follows the lists of objects of these classes, from those that were found. False where they are short.
    pub(super) fn chain(&mut self, classes: u64) -> Option<bool> {
        let (links, complete) = self.links(classes);
        let links = Links::of(links)?;
        self.chains.followed.push(classes)?;
        let begun = self.climb_links(&links, classes)?;
        if self.chains.up.all.len() - begun.first < LEAST_LENGTH * begun.starts.len() {
            self.chains.up.forget(begun.first)?;
            return Some(false);
        }
        let complete = self.holders_from_outside(&begun, classes)? && complete;
        self.descend(&links, &begun, complete)?;
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
    fn climb_links(&mut self, links: &Links, classes: u64) -> Option<Begun> {
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
            for holder in links.holders(base) {
                self.chains.up.insert(holder)?;
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
                let entered = found.enter(held, found.objects.len() as u32)?;
                found.flag(entered, LOOKED | EXPLORED);
                look_at(found, question, entered);
                Some(entered)
            })?;
            // Those that were looked at before have their holders.
            let is_known = found.object(position)?.flags & LOOKED != 0;
            (position >= first_new || !is_known).then_some((position, held))
        });
        self.chains = chains;
        for at in begun.first..self.chains.up.all.len() {
            let base = *self.chains.up.all.get(at)?;
            let size = self.memory.heap.allocation(base)?.size;
            self.memory.heap.mark(base, size, false);
        }
        Some(complete)
    }

    /// From the objects that are held from outside down to those that were found: an edge for each that is reached. From
    /// those that are not reached up to an object that nobody holds, or around.
    fn descend(&mut self, links: &Links, begun: &Begun, complete: bool) -> Option<()> {
        let ends = self.ends(begun)?;
        let (mut reached, mut steps) = (Set::new(), 0);
        for end in ends.iter().take(MOST_ENDS) {
            if steps < MOST_STEPS {
                self.hold_from(links, begun, *end, &mut reached, &mut steps)?;
            }
        }
        let all = complete && ends.len() <= MOST_ENDS;
        for start in begun.starts.iter() {
            let base = self.found.object(*start)?.at.base;
            if all && !reached.has(base) && steps < MOST_STEPS {
                let end = self.top_of(links, base)?;
                self.hold_from(links, begun, end, &mut reached, &mut steps)?;
            }
            let is_known = complete && (all && steps < MOST_STEPS || reached.has(base));
            self.found
                .flag(*start, if is_known { LOOKED | EXPLORED } else { LOOKED });
        }
        Some(())
    }

    /// An edge from one end of a list to each object that was found and that it holds.
    fn hold_from(
        &mut self,
        links: &Links,
        begun: &Begun,
        end: u32,
        reached: &mut Set,
        steps: &mut usize,
    ) -> Option<()> {
        let below = self.below(links, end, steps)?;
        let base = self.found.object(end)?.at.base;
        // The first is the end itself. In a ring, one that it holds holds it.
        let ring = links.holders(base).find(|holder| below.has(*holder));
        reached.insert(base)?;
        for start in begun.starts.iter().filter(|start| **start != end) {
            let object = *self.found.object(*start)?;
            if below.has(object.at.base) {
                reached.insert(object.at.base)?;
                self.chain_edge(end, *start, &below);
            }
        }
        self.add_samples(end, &below)?;
        if let Some(holder) = ring {
            let holder = self.object_at(holder)?;
            self.chain_edge(holder, end, &below);
            self.chain_edge(end, holder, &below);
        }
        Some(())
    }

    /// Some objects of a list that were sampled: their stack tells its type.
    fn add_samples(&mut self, end: u32, below: &Set) -> Option<()> {
        let mut added = 0;
        for base in below.all.iter().skip(1) {
            let at = self.memory.heap.allocation(*base)?;
            if at.sample != 0 {
                if self.found.object_at(*base).is_none() {
                    let sampled = self.object_at(*base)?;
                    self.found.flag(sampled, LOOKED | EXPLORED);
                    self.chain_edge(end, sampled, below);
                }
                added += 1;
            }
            if added == MOST_SAMPLES {
                break;
            }
        }
        Some(())
    }

    fn chain_edge(&mut self, holder: u32, held: u32, below: &Set) {
        self.found.connect(Edge {
            holder,
            held,
            offset: 0,
            into: 0,
            chain: below.all.len() as u64,
            vtable: 0,
        });
    }

    /// The objects within the lists that something else holds: roots' first, then one for each kind of holder, then the others.
    fn ends(&self, begun: &Begun) -> Option<Pages<u32>> {
        let (mut ends, mut seen, mut kinds) = (Pages::new(), Set::new(), Set::new());
        for round in 0..3 {
            for edge in self
                .found
                .edges
                .iter()
                .filter(|edge| self.is_within(begun, edge.held))
            {
                let is_root = edge.holder & IS_ROOT != 0;
                if !is_root && self.is_within(begun, edge.holder) {
                    continue;
                }
                let kind = self.found.object(edge.holder).map_or(0, |holder| holder.kind());
                let has_turn = match round {
                    0 => is_root,
                    1 => !is_root && kinds.insert(kind as usize + 1)?,
                    _ => true,
                };
                if has_turn && seen.insert(edge.held as usize + 1)? {
                    ends.push(edge.held)?;
                }
            }
        }
        Some(ends)
    }

    fn is_within(&self, begun: &Begun, object: u32) -> bool {
        let base = self.found.object(object).map_or(0, |object| object.at.base);
        self.chains
            .up
            .position(base)
            .is_some_and(|at| at as usize >= begun.first)
    }

    /// From an object that nothing outside of the lists holds up to one that nobody holds; in a ring once around.
    fn top_of(&mut self, links: &Links, base: usize) -> Option<u32> {
        let mut seen = Set::new();
        let mut top = base;
        while seen.insert(top)? && seen.all.len() < MOST_STEPS {
            match links.holders(top).next() {
                Some(holder) => top = holder,
                None => break,
            }
        }
        let top = self.object_at(top)?;
        self.found.flag(top, LOOKED | EXPLORED);
        Some(top)
    }

    fn object_at(&mut self, base: usize) -> Option<u32> {
        if let Some(known) = self.found.object_at(base) {
            return Some(known);
        }
        let at = self.memory.heap.allocation(base)?;
        self.found.enter(at, self.found.objects.len() as u32)
    }

    /// What an object holds within the lists, itself included.
    fn below(&self, links: &Links, end: u32, steps: &mut usize) -> Option<Set> {
        let mut below = Set::new();
        below.insert(self.found.object(end)?.at.base)?;
        let mut at = 0;
        while let Some(base) = below.all.get(at).copied() {
            for held in links.held(base) {
                below.insert(held)?;
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
