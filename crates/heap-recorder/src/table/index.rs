//! A hash index over the entries of an array that only grows: hash -> position.
//!
//! Open addressing with linear probing, half full at most. The entries keep their hashes, so that the index can grow
//! without their contents.

use crate::pages::Pages;

/// Slots at first.
const LEAST_SLOTS: usize = 1024;

/// Positions, found by hash.
pub(crate) struct Index {
    /// A position plus one; 0 is free. Its length is a power of two, or 0 before the first use.
    slots: Pages<u32>,
    len: usize,
}

impl Index {
    pub(crate) const fn new() -> Self {
        Self {
            slots: Pages::new(),
            len: 0,
        }
    }

    /// The position for which `is_it` holds, among those that were entered under this hash.
    pub(crate) fn find(&self, hash: u64, mut is_it: impl FnMut(u32) -> bool) -> Option<u32> {
        let mask = self.slots.len().checked_sub(1)?;
        let mut at = hash as usize & mask;
        loop {
            match *self.slots.get(at)? {
                0 => return None,
                slot if is_it(slot - 1) => return Some(slot - 1),
                _ => at = (at + 1) & mask,
            }
        }
    }

    /// Enters a position. `hash_of` gives the hash of each position that is entered already. Nothing happens where
    /// there is no memory.
    pub(crate) fn insert(&mut self, hash: u64, position: u32, hash_of: impl Fn(u32) -> u64) -> Option<()> {
        if (self.len + 1) * 2 > self.slots.len() {
            let mut grown = Pages::zeroed((self.slots.len() * 2).max(LEAST_SLOTS))?;
            for slot in self.slots.iter().filter(|slot| **slot != 0) {
                place(&mut grown, hash_of(*slot - 1), *slot);
            }
            self.slots = grown;
        }
        place(&mut self.slots, hash, position.checked_add(1)?);
        self.len += 1;
        Some(())
    }
}

/// There is always a free slot: the index is half full at most.
fn place(slots: &mut [u32], hash: u64, slot: u32) {
    let mask = slots.len().wrapping_sub(1);
    let mut at = hash as usize & mask;
    while slots.get(at).is_some_and(|taken| *taken != 0) {
        at = (at + 1) & mask;
    }
    if let Some(free) = slots.get_mut(at) {
        *free = slot;
    }
}

#[cfg(test)]
mod tests {
    use super::Index;

    #[test]
    fn positions_are_found_again_under_equal_hashes_too() {
        let mut index = Index::new();
        // A bad hash on purpose: eight positions share each.
        let hash_of = |position: u32| u64::from(position / 8).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        for position in 0..20_000 {
            assert_eq!(index.find(hash_of(position), |it| it == position), None);
            index
                .insert(hash_of(position), position, hash_of)
                .expect("memory");
        }
        for position in 0..20_000 {
            assert_eq!(index.find(hash_of(position), |it| it == position), Some(position));
        }
    }
}
