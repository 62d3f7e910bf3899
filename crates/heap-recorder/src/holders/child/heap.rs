//! Which allocation an address lies in.
//!
//! jemalloc tells for each page in which extent it lies: how large that is, and how many objects there are in it
//! (`experimental.utilization.batch_query`), but not where it begins. All pages of a slab answer, those within a large
//! extent do not, and two slabs of one class side by side look like one. So the pages are asked in the order of their
//! addresses: the first that answers is the beginning of an extent, and the next one begins where that ends. Only where the
//! beginning lies in a window that is not to be asked about, the first that answers is the last.

use super::super::{
    question::{Kind, Known, Question, Region},
    windows::{self, LG_WINDOW},
};
use crate::{ctl::Extent, pages::Pages, table::samples};

/// An entry's bits: an object on this page is looked for.
pub(super) const WANTED: u32 = 1 << 31;
/// The page is a sampled object's, whose size is known.
const SAMPLED: u32 = 1 << 30;
const CLASS_SHIFT: u32 = 24;
/// Pages from the beginning of the extent: up to 64 GiB of them.
const BACK: u32 = (1 << CLASS_SHIFT) - 1;
/// The class of extents with one object, of any size.
pub(super) const LARGE: u8 = 63;
/// Pages that are asked about at once.
const BATCH: usize = 128;

/// The allocator's pages, and what is on them.
pub(super) struct Heap<'q> {
    question: &'q Question,
    low: usize,
    span: usize,
    /// For each window from `low` on: the number of its entries' block, from 1; 0 where there is none.
    blocks: Pages<u32>,
    entries: Pages<u32>,
    /// The size of each class, in the order in which they were met; the class of a page is a position here plus one.
    sizes: [usize; LARGE as usize - 1],
}

/// An allocation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Allocation {
    pub(super) base: usize,
    pub(super) size: usize,
    pub(super) class: u8,
    /// Its position among the samples, plus one; 0 where it was not sampled.
    pub(super) sample: u32,
}

impl<'q> Heap<'q> {
    /// Asks about all pages. Parts of memory where the allocator has some become [`Kind::Heap`]: what it does not know there is
    /// free, or its own. Nothing where there is no memory for the answers.
    pub(super) fn of(question: &'q Question, regions: &mut [Region]) -> Option<Self> {
        let is_heap = |region: &&mut Region| matches!(region.kind, Kind::Anonymous | Kind::Heap);
        let low = windows::seen().next()? << LG_WINDOW;
        let high = (windows::seen().last()? + 1) << LG_WINDOW;
        let mut heap = Self {
            question,
            low,
            span: high - low,
            blocks: Pages::zeroed((high - low) >> LG_WINDOW)?,
            entries: Pages::new(),
            sizes: [0; LARGE as usize - 1],
        };
        let mut blocks = 0;
        for window in windows::seen() {
            blocks += 1;
            *heap.blocks.get_mut(window - (low >> LG_WINDOW))? = blocks;
        }
        heap.entries = Pages::zeroed(blocks as usize * heap.pages_in_window())?;
        let mut known_until = 0;
        for region in regions.iter_mut().filter(is_heap) {
            let begins_within = known_until > region.start;
            let (until, has_some) = heap.ask(region.start.max(known_until), region.end);
            if has_some || begins_within {
                region.kind = Kind::Heap;
            }
            known_until = known_until.max(until);
        }
        question
            .samples
            .iter()
            .for_each(|sample| heap.note_sample(sample));
        Some(heap)
    }

    fn pages_in_window(&self) -> usize {
        1 << (LG_WINDOW - self.question.lg_heap_page)
    }

    /// The size of its pages.
    pub(super) fn page(&self) -> usize {
        1 << self.question.lg_heap_page
    }

    /// Asks about the pages of one part of memory; says up to where is known what there is, and whether there is anything.
    fn ask(&mut self, start: usize, end: usize) -> (usize, bool) {
        let page = self.page();
        let (mut at, mut has_some) = (start & !(page - 1), false);
        // Where the last extent that is known of ends.
        let mut known_until = at;
        while at < end {
            if !windows::is_seen(at >> LG_WINDOW) {
                at = (at >> LG_WINDOW).saturating_add(1) << LG_WINDOW;
                continue;
            }
            let window_ends = ((at >> LG_WINDOW) + 1) << LG_WINDOW;
            let count = (end.min(window_ends) - at).div_ceil(page).min(BATCH);
            let (mut addresses, mut extents) = ([0; BATCH], [Extent::default(); BATCH]);
            for (position, address) in addresses.iter_mut().enumerate() {
                *address = at + position * page;
            }
            self.question
                .extents
                .ask(addresses.get(..count).unwrap_or(&[]), &mut extents);
            let mut until = at;
            for (address, extent) in addresses.iter().zip(&extents).take(count) {
                if *address < until {
                    continue;
                }
                until = address + page;
                if extent.bytes > 0 {
                    has_some = true;
                    until = self.note_extent(*address, *extent, known_until);
                    known_until = until;
                }
            }
            at = until.max(at + page);
        }
        (at, has_some)
    }

    /// Enters the extent that a page answered for, the first that did so behind what is known; says where it ends.
    fn note_extent(&mut self, answered: usize, extent: Extent, known_until: usize) -> usize {
        let end = if self.is_last_page(answered, extent, known_until) {
            answered + self.page()
        } else {
            answered + extent.bytes
        };
        if extent.is_free(self.page()) {
            return end;
        }
        let start = end.saturating_sub(extent.bytes);
        let size = extent.bytes / extent.objects.max(1);
        let class = if size < self.question.smallest_large {
            self.class_of(size)
        } else {
            LARGE
        };
        for back in 0..(extent.bytes >> self.question.lg_heap_page).min(BACK as usize) {
            if let Some(entry) = self.entry_mut(start + (back << self.question.lg_heap_page)) {
                *entry = u32::from(class) << CLASS_SHIFT | back as u32;
            }
        }
        end
    }

    /// Whether a page that answers is the last of its extent. That is so where the first is in a window that nothing is known
    /// of: there is room for all of it behind what is known, and what would be the last page if this were the first answers
    /// for something else, or not at all.
    fn is_last_page(&self, answered: usize, extent: Extent, known_until: usize) -> bool {
        let rest = extent.bytes.saturating_sub(self.page());
        let is_run = extent.objects > 1 && !extent.is_free(self.page());
        if is_run || rest == 0 || answered - known_until < rest {
            return false;
        }
        let last = answered + rest;
        !windows::is_seen(last >> LG_WINDOW) || self.question.extents.of(last).bytes != extent.bytes
    }

    /// The class of objects of this size, entered if need be. There are fewer than there is room for.
    fn class_of(&mut self, size: usize) -> u8 {
        for (known, class) in self.sizes.iter_mut().zip(1..) {
            if *known == 0 {
                *known = size;
            }
            if *known == size {
                return class;
            }
        }
        LARGE
    }

    /// A sampled object has an extent of its own, whatever its size.
    fn note_sample(&mut self, sample: &Known) {
        let class = if sample.size < self.question.smallest_large {
            self.class_of(sample.size)
        } else {
            LARGE
        };
        let lg_page = self.question.lg_heap_page;
        // Freed between the drawing and the freezing, if it is not in the table any more, nor the beginning of an extent.
        let entry = self.entry(sample.address);
        let is_beginning = entry >> CLASS_SHIFT != 0 && entry & BACK == 0;
        if !is_beginning || !samples::may_be_there(sample.address, sample.site) {
            return;
        }
        // All of its extent, which may be larger: behind the object there is what was left over.
        for back in 0..BACK as usize {
            match self.entry_mut(sample.address + (back << lg_page)) {
                Some(entry) if *entry >> CLASS_SHIFT != 0 && *entry & BACK == back as u32 => {
                    *entry = SAMPLED | u32::from(class) << CLASS_SHIFT | back as u32;
                }
                _ => break,
            }
        }
    }

    /// Whether a word may be an address of the allocator's memory: a first look, and a cheap one.
    pub(super) fn may_hold(&self, word: usize) -> bool {
        word.wrapping_sub(self.low) < self.span
    }

    /// What is known of an address's page; 0 where that is not the allocator's.
    pub(super) fn entry(&self, address: usize) -> u32 {
        self.position(address)
            .and_then(|at| self.entries.get(at))
            .copied()
            .unwrap_or(0)
    }

    fn entry_mut(&mut self, address: usize) -> Option<&mut u32> {
        let at = self.position(address)?;
        self.entries.get_mut(at)
    }

    /// How many positions there are.
    pub(super) fn pages(&self) -> usize {
        self.entries.len()
    }

    /// The position of an address's page among all; nothing where that is not near the allocator's.
    pub(super) fn position(&self, address: usize) -> Option<usize> {
        let offset = address.wrapping_sub(self.low);
        if offset >= self.span {
            return None;
        }
        let block = *self.blocks.get(offset >> LG_WINDOW)?;
        let within = (offset & ((1 << LG_WINDOW) - 1)) >> self.question.lg_heap_page;
        Some((block as usize).checked_sub(1)? * self.pages_in_window() + within)
    }

    /// The allocation that an address lies in.
    pub(super) fn allocation(&self, address: usize) -> Option<Allocation> {
        let entry = self.entry(address);
        let class = class_of(entry);
        if class == 0 {
            return None;
        }
        let lg_page = self.question.lg_heap_page;
        let start = (address >> lg_page << lg_page) - ((entry & BACK) as usize) * self.page();
        if entry & SAMPLED != 0 {
            let at = self
                .question
                .samples
                .binary_search_by_key(&start, |sample| sample.address)
                .ok()?;
            let sample = self.question.samples.get(at)?;
            return (address < start + sample.size).then_some(Allocation {
                base: start,
                size: sample.size,
                class,
                sample: at as u32 + 1,
            });
        }
        let (base, size) = match self.size_of(class) {
            Some(size) => (start + (address - start) / size * size, size),
            None => (start, self.question.extents.of(start).bytes),
        };
        Some(Allocation {
            base,
            size,
            class,
            sample: 0,
        })
    }

    /// Whether an allocation was sampled.
    pub(super) fn is_sampled(&self, base: usize) -> bool {
        self.entry(base) & SAMPLED != 0
    }

    /// The size of a class; of the large ones there is none.
    fn size_of(&self, class: u8) -> Option<usize> {
        let size = self.sizes.get(usize::from(class).checked_sub(1)?).copied();
        size.filter(|size| *size > 0)
    }

    /// Marks the pages of an allocation, so that a word that points into it is looked at, or takes the marks back.
    pub(super) fn mark(&mut self, base: usize, size: usize, wanted: bool) {
        let page = self.page();
        let mut at = base & !(page - 1);
        while at < base + size.max(1) {
            if let Some(entry) = self.entry_mut(at) {
                *entry = if wanted { *entry | WANTED } else { *entry & !WANTED };
            }
            at += page;
        }
    }

    /// Whether a word at `location` is the allocator's own note of where an extent begins (`edata_t`: 128 bytes, the second
    /// word the address, the third the size and a number).
    pub(super) fn is_extent_note(&self, location: usize, word: usize, next: usize) -> bool {
        location % 128 == 8
            && word.is_multiple_of(self.page())
            // Its first page: of those within, the allocator may know so little that it follows a null pointer.
            && self.entry(word) & BACK == 0
            && next & !(self.page() - 1) == self.question.extents.of(word).bytes
    }
}

/// The class of the objects on a page.
pub(super) fn class_of(entry: u32) -> u8 {
    (entry >> CLASS_SHIFT) as u8 & LARGE
}
