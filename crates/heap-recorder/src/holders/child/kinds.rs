//! Sums over objects that have something in common.

use super::found::{Reach, hash};
use crate::{
    pages::{Pages, Plain},
    table::Index,
};

/// A value for each key that was met; zero before the first time.
pub(super) struct Keyed<V: Plain> {
    all: Pages<Entry<V>>,
    by_key: Index,
}

#[derive(Clone, Copy)]
struct Entry<V> {
    key: u64,
    value: V,
}

// SAFETY: all zero is the key 0 with a value that may be all zero.
unsafe impl<V: Plain> Plain for Entry<V> {}

impl<V: Plain + Default> Keyed<V> {
    pub(super) const fn new() -> Self {
        Self {
            all: Pages::new(),
            by_key: Index::new(),
        }
    }

    /// The value of a key, entered if need be; nothing where there is no memory.
    pub(super) fn entry(&mut self, key: u64) -> Option<&mut V> {
        let position = match self.position(key) {
            Some(known) => known,
            None => {
                let position = self.all.len() as u32;
                let value = V::default();
                self.all.push(Entry { key, value })?;
                let all = &self.all;
                let hash_of = |at: u32| all.get(at as usize).map_or(0, |entry| hash(entry.key));
                self.by_key.insert(hash(key), position, hash_of)?;
                position
            }
        };
        self.all.get_mut(position as usize).map(|entry| &mut entry.value)
    }

    /// The value of a key, if it was met.
    pub(super) fn get(&self, key: u64) -> Option<&V> {
        let entry = self.all.get(self.position(key)? as usize)?;
        Some(&entry.value)
    }

    fn position(&self, key: u64) -> Option<u32> {
        let is_it = |at: u32| self.all.get(at as usize).is_some_and(|entry| entry.key == key);
        self.by_key.find(hash(key), is_it)
    }
}

/// For each key how many objects there are, and which drawn ones they hold together.
pub(super) struct Kinds(Keyed<Kind>);

#[derive(Debug, Clone, Copy, Default)]
struct Kind {
    count: u32,
    reach: Reach,
}

// SAFETY: all zero is a kind of which there is none.
unsafe impl Plain for Kind {}

impl Kinds {
    pub(super) const fn new() -> Self {
        Self(Keyed::new())
    }

    pub(super) fn add(&mut self, key: u64, reach: &Reach) -> Option<()> {
        let kind = self.0.entry(key)?;
        kind.count += 1;
        kind.reach.add(reach);
        Some(())
    }

    /// Which drawn objects those of a key hold together.
    pub(super) fn reach_of(&self, key: u64) -> Reach {
        self.0.get(key).map_or(Reach::default(), |kind| kind.reach)
    }

    /// The key of those that hold most drawn objects, which these are, and how many they are themselves.
    pub(super) fn largest(&self) -> Option<(u64, Reach, u32)> {
        let size = |entry: &&Entry<Kind>| (entry.value.reach.count(), entry.value.count);
        let largest = self.0.all.iter().max_by_key(size)?;
        Some((largest.key, largest.value.reach, largest.value.count))
    }
}
