//! Objects that hold others like themselves: lists, trees, rings, of any length.
//!
//! Climbing such a list object by object would take a pass over memory each. Instead one pass collects all pointers between
//! objects of these classes; then the list is climbed in that, and one more pass finds what holds any of it from outside.
//! [`descent`](super::descent) leads from there back to the drawn objects.

use super::cells::{Bits, Cells, Numbers};
use super::found::{EXPLORED, LOOKED};
use super::heap::Heap;
use super::holders::Holders;
use super::links::{Link, Links};
use super::look::look_at;
use super::pass::{Filter, Memory};
use super::search::Search;
use crate::pages::Pages;

/// Pointers between like objects that are collected at most: 16 MiB, and as much for each direction.
const MOST_LINKS: usize = 1 << 21;
/// Lists that are followed at most.
const MOST_CHAINS: usize = 3;
/// Objects are followed in this way if they hold each other in rows of at least so many, or end in few: in one for so many
/// that were found. Otherwise, going on object by object will do.
const LEAST_LENGTH: usize = 8;
const LEAST_MERGE: usize = 4;

/// What is known of lists.
pub(super) struct Chains {
    /// The classes of those that were followed.
    followed: Pages<u64>,
    pub(super) cells: Cells,
    /// The objects that are in them and hold a drawn one, directly or not: their cells.
    up: Bits,
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
            cells: Cells::new(),
            up: Bits::new(),
        }
    }

    /// Whether these classes were followed, or there were enough.
    pub(super) fn know(&self, classes: u64) -> bool {
        self.followed.len() >= MOST_CHAINS || self.followed.iter().any(|known| known & classes == classes)
    }

    /// Whether an object is in one of them.
    pub(super) fn reached(&self, heap: &Heap<'_>, base: usize) -> bool {
        self.cells.find(heap, base).is_some_and(|cell| self.up.has(cell))
    }
}

/// What a climb found.
pub(super) struct Climbed {
    /// The objects that it began with, by their positions among those that were found.
    pub(super) starts: Pages<u32>,
    /// What it reached and no climb had before, by their numbers among the links.
    pub(super) up: Numbers,
    /// How far that is from where it began, in objects.
    length: usize,
    /// How many of these no other of them holds.
    tops: usize,
}

/// How the search for what holds lists from outside went.
struct Outside {
    /// Whether there was time for all.
    in_time: bool,
    /// Whether objects were left out, with those that hold them.
    left_out: bool,
}

impl Climbed {
    fn is_of_lists(&self) -> bool {
        let merges = self.tops > 0 && self.tops * LEAST_MERGE <= self.starts.len();
        self.length >= LEAST_LENGTH || merges
    }
}

impl Search<'_> {
    /// Follows the lists of objects of these classes, from those that were found. False where they are short.
    pub(super) fn chain(&mut self, classes: u64) -> Option<bool> {
        let (links, complete) = self.links(classes);
        let (starts, cells) = self.starts(classes)?;
        let links = Links::of(links, &cells)?;
        self.chains.followed.push(classes)?;
        let climbed = self.climb_links(&links, starts, &cells)?;
        if !climbed.is_of_lists() {
            return Some(false);
        }
        for number in climbed.up.all.iter() {
            self.chains.up.insert(links.cell(*number)?)?;
        }
        let outside = self.holders_from_outside(&links, &climbed, classes)?;
        self.descend(&links, &climbed, complete && outside.in_time, outside.left_out)?;
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
        self.begin_pass();
        let cells = &mut self.chains.cells;
        let (read, in_time) = self.memory.pass(filter, |heap, word| {
            let (Some(holder), Some(held)) = (heap.allocation(word.location), heap.allocation(word.value))
            else {
                return;
            };
            if holder.base == held.base {
                return;
            }
            let (held, holder) = (cells.enter(heap, held.base), cells.enter(heap, holder.base));
            let link = held.zip(holder).map(|(held, holder)| Link { held, holder });
            let has_room = links.len() < MOST_LINKS;
            complete &= has_room && link.and_then(|link| links.push(link)).is_some();
        });
        self.found.figures.read += read;
        (links, complete && in_time)
    }

    /// The objects of these classes that were found: their positions, and their cells.
    fn starts(&mut self, classes: u64) -> Option<(Pages<u32>, Pages<u32>)> {
        let (mut starts, mut cells) = (Pages::new(), Pages::new());
        for (object, position) in self.found.objects.iter().zip(0..) {
            if classes >> object.at.class & 1 != 0 {
                starts.push(position)?;
                cells.push(self.chains.cells.enter(&self.memory.heap, object.at.base)?)?;
            }
        }
        Some((starts, cells))
    }

    /// From the objects that were found up to all that hold them within the lists.
    fn climb_links(&self, links: &Links, starts: Pages<u32>, cells: &[u32]) -> Option<Climbed> {
        let mut up = Numbers::below(links.objects())?;
        for cell in cells.iter().filter(|cell| !self.chains.up.has(**cell)) {
            up.insert(links.number(*cell)?)?;
        }
        let (mut at, mut length, mut tops, mut level_ends) = (0, 0, 0, up.all.len());
        while let Some(number) = up.all.get(at).copied() {
            if at == level_ends {
                (length, level_ends) = (length + 1, up.all.len());
            }
            let holders = links.holders(number);
            tops += usize::from(holders.is_empty());
            for holder in holders {
                if !self.chains.up.has(links.cell(*holder)?) {
                    up.insert(*holder)?;
                }
            }
            at += 1;
        }
        Some(Climbed {
            starts,
            up,
            length,
            tops,
        })
    }

    /// Finds what holds any of them, and is none of them.
    fn holders_from_outside(&mut self, links: &Links, climbed: &Climbed, classes: u64) -> Option<Outside> {
        let summary = self.mark_all(links, climbed, true)?;
        let filter = Filter {
            summary,
            not: classes,
            only: u64::MAX,
            to: 0,
        };
        let chains = std::mem::take(&mut self.chains);
        let (question, alike) = (self.memory.question, self.alike);
        let (first_new, mut left_out) = (self.found.objects.len() as u32, false);
        let in_time = self.pass(filter, |found, heap, word| {
            let held = heap.allocation(word.value)?;
            if !chains.reached(heap, held.base) {
                return None;
            }
            let known = found.object_at(held.base);
            // A list of which each object is held by another of the same kind would fill all the room there is.
            if known.is_none() && Holders::would_be_left_out(found, heap, word, alike) {
                left_out = true;
                return None;
            }
            let position = known.or_else(|| {
                let entered = found.enter(held, found.objects.len() as u32)?;
                found.flag(entered, LOOKED);
                look_at(found, question, entered);
                Some(entered)
            })?;
            // Those that were looked at before have their holders.
            let is_known = found.object(position)?.flags & LOOKED != 0;
            (position >= first_new || !is_known).then_some((position, held))
        });
        self.chains = chains;
        for at in first_new..self.found.objects.len() as u32 {
            let is_looked_at = self.found.object(at)?.flags & LOOKED != 0;
            self.found
                .flag(at, if is_looked_at && in_time { EXPLORED } else { 0 });
        }
        self.mark_all(links, climbed, false)?;
        Some(Outside { in_time, left_out })
    }

    /// Marks the pages of all that a climb reached, or takes the marks back. Says what a page that points to any points to.
    fn mark_all(&mut self, links: &Links, climbed: &Climbed, wanted: bool) -> Option<u64> {
        let heap = &mut self.memory.heap;
        let (page, mut summary) = (heap.page(), 0);
        // The page that was marked last, and the size of the objects on it: mostly there are more on it.
        let (mut last, mut size) = (usize::MAX, 0);
        for number in climbed.up.sorted() {
            let base = self.chains.cells.base(heap, links.cell(number)?)?;
            if base & !(page - 1) == last {
                if base + size <= last + page {
                    continue;
                }
            } else {
                size = heap.allocation(base)?.size;
            }
            last = base & !(page - 1);
            let end = (base + size.max(1)).next_multiple_of(page);
            heap.mark(last, end - last, wanted);
            summary |= Memory::summary_of(last, end - last);
        }
        Some(summary)
    }
}
