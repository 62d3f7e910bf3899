//! What a search has found: objects, the words that point to them, and the roots that have such words.

use super::{
    super::HolderQuery,
    heap::{Allocation, LARGE},
    kinds::Keyed,
};
use crate::{
    pages::{Pages, Plain},
    table::Index,
};

/// Objects that are kept at most.
pub(super) const MOST_OBJECTS: usize = 1 << 16;
/// Words that point to them, at most.
const MOST_EDGES: usize = 1 << 18;
/// Roots, at most.
const MOST_ROOTS: usize = 1 << 14;

/// All of it.
pub(in super::super) struct Found {
    pub(in super::super) objects: Pages<Object>,
    pub(in super::super) edges: Pages<Edge>,
    pub(in super::super) roots: Pages<Root>,
    pub(in super::super) figures: Figures,
    /// For each object which drawn ones it holds, directly or not.
    pub(super) reach: Pages<Reach>,
    by_base: Index,
    by_address: Index,
    /// How many holders that look alike were met in this pass.
    alike: Keyed<u32>,
}

/// An allocation that was looked at.
#[derive(Debug, Clone, Copy)]
pub(in super::super) struct Object {
    pub(super) at: Allocation,
    pub(in super::super) flags: u32,
    /// The first function of a task's vtable, or 0.
    pub(in super::super) poll: usize,
    /// The classes of the objects on the way down to a drawn one, a bit each.
    pub(super) below: u64,
    /// The object for which it was found.
    pub(super) held: u32,
}

impl Object {
    /// What objects that look like this one have in common: their class; a large one is like no other.
    pub(super) fn kind(&self) -> u64 {
        match self.at.class {
            LARGE => self.at.base as u64,
            class => u64::from(class),
        }
    }
}

/// Somebody looked who points to it, and kept all of them.
pub(in super::super) const EXPLORED: u32 = 1;
/// Somebody looked who points to it.
pub(super) const LOOKED: u32 = 256;
/// It is looked for in this pass.
pub(super) const SOUGHT: u32 = 2;
/// It has the header of a task.
pub(in super::super) const TASK: u32 = 4;
/// That task is complete.
pub(in super::super) const COMPLETE: u32 = 8;
/// Not all that point to it were kept.
pub(super) const PARTIAL: u32 = 16;
/// A word of it points to where an owner would, or into a small object: see [`LARGE_ENOUGH`].
pub(super) const EXACT: u32 = 32;
/// Another object points to it as an owner would.
pub(super) const HELD_EXACTLY: u32 = 64;

/// It is likely left over in freed memory, and not followed.
pub(super) const NOISE: u32 = 128;

/// Owners point to the beginning of what they own, or to the control bytes of a table. From this size on, words that were left
/// over in freed memory are likely to point somewhere into the middle.
pub(super) const LARGE_ENOUGH: usize = 4096;

// SAFETY: all zero is an object of no size without flags.
unsafe impl Plain for Object {}

/// A set of drawn objects, a bit each.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Reach([u64; HolderQuery::MOST_TARGETS / 64]);

// SAFETY: all zero is the empty set.
unsafe impl Plain for Reach {}

impl Reach {
    pub(super) fn only(target: u32) -> Self {
        let mut only = Self::default();
        if let Some(word) = only.0.get_mut(target as usize / 64) {
            *word = 1 << (target % 64);
        }
        only
    }

    /// Adds the others; whether there was anything to add.
    pub(super) fn add(&mut self, others: &Self) -> bool {
        let before = *self;
        for (word, more) in self.0.iter_mut().zip(others.0) {
            *word |= more;
        }
        *self != before
    }

    pub(super) fn count(&self) -> u32 {
        self.0.iter().map(|word| word.count_ones()).sum()
    }
}

/// A word that points to an object.
#[derive(Debug, Clone, Copy)]
pub(in super::super) struct Edge {
    /// An object's or a root's position: see [`IS_ROOT`].
    pub(in super::super) holder: u32,
    pub(in super::super) held: u32,
    pub(in super::super) offset: u64,
    pub(in super::super) into: u64,
    pub(in super::super) chain: u64,
    /// The first function of the vtable that the next word points to, or 0.
    pub(in super::super) vtable: usize,
}

/// The bit of [`Edge::holder`] that says that it is a root's position.
pub(in super::super) const IS_ROOT: u32 = 1 << 31;

// SAFETY: all zero is an edge from the first object to itself.
unsafe impl Plain for Edge {}

/// A word that is no object's.
#[derive(Debug, Clone, Copy)]
pub(in super::super) struct Root {
    /// Where the word is: in a file, from its beginning in memory; in a thread's variables, from their beginning.
    pub(in super::super) address: usize,
    pub(in super::super) kind: u32,
    pub(in super::super) owner: u32,
}

// SAFETY: all zero is a root of no kind.
unsafe impl Plain for Root {}

/// How far it went, and what it cost.
#[derive(Debug, Clone, Copy, Default)]
pub(in super::super) struct Figures {
    /// The first so many objects are the drawn ones.
    pub(in super::super) targets: u64,
    pub(in super::super) read: u64,
    pub(in super::super) passes: u64,
    pub(in super::super) stopped: u64,
}

impl Found {
    pub(super) fn new() -> Self {
        Self {
            objects: Pages::new(),
            edges: Pages::new(),
            roots: Pages::new(),
            figures: Figures::default(),
            reach: Pages::new(),
            by_base: Index::new(),
            by_address: Index::new(),
            alike: Keyed::new(),
        }
    }

    /// Whether there is no room for more objects.
    pub(super) fn is_full(&self) -> bool {
        self.objects.len() >= MOST_OBJECTS
    }

    /// The object that begins at an address.
    pub(super) fn object_at(&self, base: usize) -> Option<u32> {
        let is_it = |at: u32| {
            self.objects
                .get(at as usize)
                .is_some_and(|object| object.at.base == base)
        };
        self.by_base.find(hash(base as u64), is_it)
    }

    /// Enters an object that was found for another, or for itself; nothing where there is no room.
    pub(super) fn enter(&mut self, at: Allocation, held: u32) -> Option<u32> {
        if self.is_full() {
            return None;
        }
        let position = self.objects.len() as u32;
        let below = self
            .objects
            .get(held as usize)
            .map_or(0, |held| held.below | 1 << held.at.class);
        self.objects.push(Object {
            at,
            flags: 0,
            poll: 0,
            below: if held == position { 0 } else { below },
            held,
        })?;
        self.reach.push(Reach::default())?;
        let objects = &self.objects;
        let hash_of = |at: u32| {
            objects
                .get(at as usize)
                .map_or(0, |object| hash(object.at.base as u64))
        };
        self.by_base.insert(hash(at.base as u64), position, hash_of)?;
        Some(position)
    }

    /// Enters a root, or finds it; nothing where there is no room.
    pub(super) fn enter_root(&mut self, root: Root) -> Option<u32> {
        let key = |root: &Root| {
            hash(root.address as u64 ^ u64::from(root.owner) << 48 ^ u64::from(root.kind) << 44)
        };
        let is_it = |at: u32| {
            let found = self.roots.get(at as usize);
            found.is_some_and(|found| {
                (found.address, found.kind, found.owner) == (root.address, root.kind, root.owner)
            })
        };
        if let Some(position) = self.by_address.find(key(&root), is_it) {
            return Some(position);
        }
        if self.roots.len() >= MOST_ROOTS {
            return None;
        }
        let position = self.roots.len() as u32;
        self.roots.push(root)?;
        let roots = &self.roots;
        let hash_of = |at: u32| roots.get(at as usize).map_or(0, key);
        self.by_address.insert(key(&root), position, hash_of)?;
        Some(position)
    }

    /// Enters an edge. Where there is no room, what it points to is said to have more holders.
    pub(super) fn connect(&mut self, edge: Edge) {
        if self.edges.len() >= MOST_EDGES || self.edges.push(edge).is_none() {
            self.flag(edge.held, PARTIAL);
        }
    }

    pub(super) fn flag(&mut self, object: u32, flags: u32) {
        if let Some(object) = self.objects.get_mut(object as usize) {
            object.flags |= flags;
        }
    }

    pub(super) fn unflag(&mut self, object: u32, flags: u32) {
        if let Some(object) = self.objects.get_mut(object as usize) {
            object.flags &= !flags;
        }
    }

    pub(super) fn object(&self, at: u32) -> Option<&Object> {
        self.objects.get(at as usize)
    }

    /// Counts one more holder that looks like this in this pass; says how many there were before.
    pub(super) fn count_alike(&mut self, key: u64) -> u32 {
        self.alike.entry(key).map_or(u32::MAX, |count| {
            *count = count.saturating_add(1);
            *count - 1
        })
    }

    /// How many holders that look like this were counted in this pass.
    pub(super) fn alike(&self, key: u64) -> u32 {
        self.alike.get(key).copied().unwrap_or_default()
    }

    /// Forgets the counts, for a new pass.
    pub(super) fn forget_alike(&mut self) {
        self.alike = Keyed::new();
    }

    /// Finds out anew which drawn objects each object holds.
    pub(super) fn spread(&mut self) {
        let mut changed = true;
        while changed {
            changed = false;
            for edge in self.edges.iter().filter(|edge| edge.holder & IS_ROOT == 0) {
                let Some(held) = self.reach.get(edge.held as usize).copied() else {
                    continue;
                };
                let holder = self.reach.get_mut(edge.holder as usize);
                changed |= holder.is_some_and(|holder| holder.add(&held));
            }
        }
    }

    /// How many of the drawn objects are held by roots that count, tasks among them.
    pub(super) fn rooted(&self, counts: impl Fn(&Root) -> bool) -> usize {
        let mut rooted = Reach::default();
        let is_root = |edge: &&Edge| edge.holder & IS_ROOT != 0;
        for edge in self.edges.iter().filter(is_root) {
            let root = self.roots.get((edge.holder & !IS_ROOT) as usize);
            if let (true, Some(reach)) = (root.is_some_and(&counts), self.reach.get(edge.held as usize)) {
                rooted.add(reach);
            }
        }
        let is_task = |object: &Object| object.flags & (TASK | COMPLETE) == TASK;
        for (_, reach) in self
            .objects
            .iter()
            .zip(self.reach.iter())
            .filter(|(object, _)| is_task(object))
        {
            rooted.add(reach);
        }
        rooted.count() as usize
    }
}

/// Spreads a number over all bits (Fibonacci hashing), the low ones too.
pub(super) fn hash(number: u64) -> u64 {
    number.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29)
}
