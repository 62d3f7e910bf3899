//! Where the allocator has memory, as far as samples have shown.
//!
//! jemalloc can tell which extent an address lies in (`experimental.utilization.batch_query`), but follows a null pointer
//! where it has never had any memory nearby: its radix tree has a leaf for each 1 GiB (128 MiB where addresses have 57
//! bits) in which a run of its pages began or ended, and none elsewhere. Leaves stay for ever. So it is asked about windows
//! alone in which there has been a sample. Of an object so large that there may be no leaf for its middle, that is not
//! asked about: its first page tells how long it is.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// A window has 64 MiB: no more than a leaf covers, and enough for hundreds of samples.
pub(super) const LG_WINDOW: u32 = 26;
/// Bits of an address that a process is given unless it asks for more.
const LG_ADDRESSES: u32 = 48;

const WORDS: usize = 1 << (LG_ADDRESSES - LG_WINDOW - 6);

/// A bit for each window.
static SEEN: [AtomicU64; WORDS] = [const { AtomicU64::new(0) }; WORDS];

/// Notes a sampled object. Called in the allocator's hook.
pub(crate) fn note(address: usize, size: usize) {
    let last = address.saturating_add(size.saturating_sub(1)) >> LG_WINDOW;
    for window in address >> LG_WINDOW..=last {
        let (word, bit) = place_of(window);
        // Read first: nearly always it is set, and the cache line can stay shared.
        if let Some(word) = SEEN.get(word)
            && word.load(Relaxed) & bit == 0
        {
            word.fetch_or(bit, Relaxed);
        }
    }
}

/// Whether there has been a sample in a window.
pub(super) fn is_seen(window: usize) -> bool {
    let (word, bit) = place_of(window);
    SEEN.get(word).is_some_and(|word| word.load(Relaxed) & bit != 0)
}

/// All windows that have been seen, the lowest first.
pub(super) fn seen() -> impl Iterator<Item = usize> {
    let words = SEEN.iter().enumerate();
    let words = words
        .map(|(at, word)| (at, word.load(Relaxed)))
        .filter(|(_, word)| *word != 0);
    words.flat_map(|(at, word)| {
        (0..64)
            .filter(move |bit| word >> bit & 1 == 1)
            .map(move |bit| at * 64 + bit)
    })
}

fn place_of(window: usize) -> (usize, u64) {
    (window / 64, 1 << (window % 64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_is_seen_in_each_window_that_it_reaches_into() {
        let start = (5 << 40) + (3 << LG_WINDOW);
        note(start - 16, 32 + (2 << LG_WINDOW));
        let window = start >> LG_WINDOW;
        let found: Vec<bool> = (window - 2..=window + 3).map(is_seen).collect();
        assert_eq!(found, [false, true, true, true, true, false]);
        assert!(seen().any(|seen| seen == window + 2));
        note(usize::MAX - 8, 8);
        note(0, 0);
    }
}
