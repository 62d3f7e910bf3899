//! Sums over objects that have something in common.

use super::found::{Reach, hash};
use crate::{
    pages::{Pages, Plain},
    table::Index,
};

/// For each key how many objects there are, and which drawn ones they hold together.
pub(super) struct Kinds {
    all: Pages<Kind>,
    by_key: Index,
}

#[derive(Debug, Clone, Copy)]
struct Kind {
    key: u64,
    count: u32,
    reach: Reach,
}

// SAFETY: all zero is a kind of which there is none.
unsafe impl Plain for Kind {}

impl Kinds {
    pub(super) const fn new() -> Self {
        Self {
            all: Pages::new(),
            by_key: Index::new(),
        }
    }

    pub(super) fn add(&mut self, key: u64, reach: &Reach) -> Option<()> {
        let position = match self.position(key) {
            Some(known) => known,
            None => {
                let position = self.all.len() as u32;
                self.all.push(Kind {
                    key,
                    count: 0,
                    reach: Reach::default(),
                })?;
                let all = &self.all;
                let hash_of = |at: u32| all.get(at as usize).map_or(0, |kind| hash(kind.key));
                self.by_key.insert(hash(key), position, hash_of)?;
                position
            }
        };
        let kind = self.all.get_mut(position as usize)?;
        kind.count += 1;
        kind.reach.add(reach);
        Some(())
    }

    /// Which drawn objects those of a key hold together.
    pub(super) fn reach_of(&self, key: u64) -> Reach {
        let kind = self.position(key).and_then(|at| self.all.get(at as usize));
        kind.map_or(Reach::default(), |kind| kind.reach)
    }

    /// The key of those that hold most drawn objects, which these are, and how many they are themselves.
    pub(super) fn largest(&self) -> Option<(u64, Reach, u32)> {
        let largest = self
            .all
            .iter()
            .max_by_key(|kind| (kind.reach.count(), kind.count))?;
        Some((largest.key, largest.reach, largest.count))
    }

    fn position(&self, key: u64) -> Option<u32> {
        let is_it = |at: u32| self.all.get(at as usize).is_some_and(|kind| kind.key == key);
        self.by_key.find(hash(key), is_it)
    }
}
