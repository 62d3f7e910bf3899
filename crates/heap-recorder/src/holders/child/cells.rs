//! Numbers for objects on pages of the allocator, without gaps between pages, and sets of them.
//!
//! A page gets the next number when the first object on it is met; an object's cell is its place on its page, behind the
//! cells of the pages before. So a set of objects is a row of bits, and what lies together in memory is together in it.

use super::heap::Heap;
use crate::pages::Pages;

/// The base-2 logarithm of the smallest distance between two objects.
const LG_CELL: u32 = 3;

/// Which page has which number.
pub(super) struct Cells {
    /// For each of the allocator's pages its number plus one; 0 where it has none. Empty before the first use.
    numbers: Pages<u32>,
    /// The address of each page that has a number.
    pages: Pages<usize>,
}

impl Cells {
    pub(super) const fn new() -> Self {
        Self {
            numbers: Pages::new(),
            pages: Pages::new(),
        }
    }

    /// The cell of an object, whose page gets a number if need be; nothing where there is no memory or no number.
    pub(super) fn enter(&mut self, heap: &Heap<'_>, base: usize) -> Option<u32> {
        if self.numbers.is_empty() {
            self.numbers = Pages::zeroed(heap.pages())?;
        }
        let page = heap.page();
        let number = self.numbers.get_mut(heap.position(base)?)?;
        if *number == 0 {
            let next = u32::try_from(self.pages.len()).ok()? + 1;
            if next > u32::MAX >> lg_cells(page) {
                return None;
            }
            self.pages.push(base & !(page - 1))?;
            *number = next;
        }
        Some(cell(*number, base, page))
    }

    /// The cell of an object, if its page has a number.
    pub(super) fn find(&self, heap: &Heap<'_>, base: usize) -> Option<u32> {
        let number = *self.numbers.get(heap.position(base)?)?;
        (number != 0).then(|| cell(number, base, heap.page()))
    }

    /// Where an object is.
    pub(super) fn base(&self, heap: &Heap<'_>, cell: u32) -> Option<usize> {
        let lg_cells = lg_cells(heap.page());
        let page = *self.pages.get((cell >> lg_cells) as usize)?;
        let within = cell & ((1 << lg_cells) - 1);
        Some(page + ((within as usize) << LG_CELL))
    }
}

/// The base-2 logarithm of the cells of a page.
fn lg_cells(page: usize) -> u32 {
    page.ilog2() - LG_CELL
}

fn cell(number: u32, base: usize, page: usize) -> u32 {
    ((number - 1) << lg_cells(page)) + ((base & (page - 1)) >> LG_CELL) as u32
}

/// A set of numbers, a bit each.
pub(super) struct Bits(Pages<u64>);

impl Bits {
    pub(super) const fn new() -> Self {
        Self(Pages::new())
    }

    /// The empty set, with room for numbers below this one.
    pub(super) fn below(end: usize) -> Option<Self> {
        Some(Self(Pages::zeroed(end.div_ceil(64))?))
    }

    /// Whether it is new; nothing where there is no memory.
    pub(super) fn insert(&mut self, number: u32) -> Option<bool> {
        let (word, bit) = (number as usize / 64, 1 << (number % 64));
        while self.0.len() <= word {
            self.0.extend(&[0; 64])?;
        }
        let word = self.0.get_mut(word)?;
        let is_new = *word & bit == 0;
        *word |= bit;
        Some(is_new)
    }

    pub(super) fn has(&self, number: u32) -> bool {
        let word = self.0.get(number as usize / 64);
        word.is_some_and(|word| word >> (number % 64) & 1 != 0)
    }

    /// Of the 64 numbers that one is among: how many smaller ones it has; nothing where that one is not in it.
    pub(super) fn smaller(&self, number: u32) -> Option<u32> {
        let word = *self.0.get(number as usize / 64)?;
        let bit = 1 << (number % 64);
        (word & bit != 0).then(|| (word & (bit - 1)).count_ones())
    }

    /// The lowest first, 64 at a time: the number of the first, and a bit for each.
    pub(super) fn words(&self) -> impl Iterator<Item = (u32, u64)> {
        (0..).step_by(64).zip(self.0.iter().copied())
    }
}

/// The numbers of the bits that are set.
pub(super) fn bits_of(first: u32, mut word: u64) -> impl Iterator<Item = u32> {
    std::iter::from_fn(move || {
        let bit = (word != 0).then(|| word.trailing_zeros())?;
        word &= word - 1;
        Some(first + bit)
    })
}

/// Numbers, each once, in the order in which they came.
pub(super) struct Numbers {
    pub(super) all: Pages<u32>,
    bits: Bits,
}

impl Numbers {
    /// None of those below this one.
    pub(super) fn below(end: usize) -> Option<Self> {
        Some(Self {
            all: Pages::new(),
            bits: Bits::below(end)?,
        })
    }

    pub(super) fn has(&self, number: u32) -> bool {
        self.bits.has(number)
    }

    /// All of them, the lowest first.
    pub(super) fn sorted(&self) -> impl Iterator<Item = u32> {
        self.bits.words().flat_map(|(first, word)| bits_of(first, word))
    }

    /// Whether it is new; nothing where there is no memory.
    pub(super) fn insert(&mut self, number: u32) -> Option<bool> {
        let is_new = self.bits.insert(number)?;
        if is_new {
            self.all.push(number)?;
        }
        Some(is_new)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_in_a_set_once_and_in_their_order() {
        let mut numbers = Numbers::below(100).expect("memory");
        // Some are above what there was room for.
        let new: Vec<_> = [7, 64, 7, 5000, 63, 64]
            .map(|number| numbers.insert(number))
            .into();
        let (yes, no) = (Some(true), Some(false));
        assert_eq!(new, [yes, yes, no, yes, yes, no]);
        assert_eq!(*numbers.all, [7, 64, 5000, 63]);
        assert!(numbers.has(5000) && !numbers.has(4999) && !numbers.has(u32::MAX));
        assert_eq!(numbers.sorted().collect::<Vec<_>>(), [7, 63, 64, 5000]);
    }
}
