//! What points to an object: an object that holds it, or a root.

use heap_profile::holders::is_table;

use super::super::question::{Kind, Question, Region};
use super::chain::Chains;
use super::found::{EXACT, Edge, Found, HELD_EXACTLY, IS_ROOT, LARGE_ENOUGH, PARTIAL, Root};
use super::heap::{Allocation, Heap, LARGE};
use super::look::{is_freed_task, look_at, vtable};
use super::pass::Word;

/// Enters what points to something.
pub(super) struct Holders<'s> {
    pub(super) question: &'s Question,
    pub(super) found: &'s mut Found,
    pub(super) chains: &'s Chains,
    /// Of holders that look alike, so many are followed from one pass.
    pub(super) alike: u32,
}

impl Holders<'_> {
    /// Enters what has a word, and that it points to the object at this position.
    pub(super) fn note(&mut self, heap: &Heap<'_>, word: &Word, position: u32, held: Allocation) {
        let holder = match word.region.kind {
            Kind::Anonymous | Kind::Heap => match heap.allocation(word.location) {
                // A pointer to itself holds nothing, nor does what is freed.
                Some(at) if at.base == held.base || is_freed_task(self.question, at) => return,
                Some(at) => self
                    .object(heap, at, word.location - at.base, position)
                    .map(|holder| (holder, at.base)),
                None if word.region.kind == Kind::Heap => return,
                None if heap.is_extent_note(word.location, word.value, word.next()) => return,
                None => self.root(word).map(|root| (root, word.location)),
            },
            _ => self.root(word).map(|root| (root, word.location)),
        };
        let into = (word.value - held.base) as u64;
        // Not one with a tag: those are left over in what a collector of garbage has.
        let is_exact = into == 0 || is_table(held.size as u64, into);
        if is_exact {
            self.found.flag(position, HELD_EXACTLY);
        }
        if let Some((holder, _)) = holder
            && (is_exact || held.size < LARGE_ENOUGH)
        {
            // A root's number is none of an object.
            self.found.flag(holder, EXACT);
        }
        match holder {
            Some((holder, base)) => self.found.connect(Edge {
                holder,
                held: position,
                offset: (word.location - base) as u64,
                into,
                chain: 0,
                vtable: vtable(self.question, word.next()),
            }),
            None => self.found.flag(position, PARTIAL),
        }
    }

    /// The object at a place, entered unless there are enough like it.
    fn object(&mut self, heap: &Heap<'_>, at: Allocation, offset: usize, held: u32) -> Option<u32> {
        if let Some(known) = self.found.object_at(at.base) {
            return Some(known);
        }
        if self.chains.reached(heap, at.base) {
            return None;
        }
        if self.found.count_alike(likeness(at, offset)) >= self.alike {
            return None;
        }
        let entered = self.found.enter(at, held)?;
        look_at(self.found, self.question, entered);
        Some(entered)
    }

    /// Whether what has a word is an object that would not be entered: there are enough like it.
    pub(super) fn would_be_left_out(found: &Found, heap: &Heap<'_>, word: &Word, alike: u32) -> bool {
        heap.allocation(word.location).is_some_and(|at| {
            found.object_at(at.base).is_none() && found.alike(likeness(at, word.location - at.base)) >= alike
        })
    }

    fn root(&mut self, word: &Word) -> Option<u32> {
        let Region {
            start, kind, owner, ..
        } = word.region;
        let key = 1 << 63 | (kind as u64) << 32 | u64::from(owner);
        if kind != Kind::Static && self.found.count_alike(key) >= self.alike {
            return None;
        }
        let address = if kind == Kind::ThreadLocal {
            word.location - start
        } else {
            word.location
        };
        let root = Root {
            address,
            kind: kind as u32,
            owner,
        };
        self.found.enter_root(root).map(|root| root | IS_ROOT)
    }
}

/// What objects that look alike have in common: their class, and where in them the word is; a large one is like no other.
fn likeness(at: Allocation, offset: usize) -> u64 {
    match at.class {
        LARGE => at.base as u64,
        class => u64::from(class) << 40 | offset as u64,
    }
}
