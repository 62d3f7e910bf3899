//! Once through memory: every word that points to a page on which something is looked for.
//!
//! The first time each page is summed up in 64 bits, a bit for each of 64 sets of addresses that it points to. From then on a
//! page is read only if it can point to what is looked for: most hold text, or point elsewhere.

use std::ptr;

use super::super::question::{Kind, Question, Region};
use super::found::hash;
use super::heap::{Heap, WANTED, class_of};
use super::maps::can_be_read;
use super::page_map::{PRESENT, PageMap, SWAPPED};
use crate::{
    clock,
    pages::{Pages, Plain},
};

/// Pages between two looks at the clock.
const PAGES_A_LOOK: usize = 256;
/// Addresses are told apart by so many bytes in a page's summary.
const LG_GRAIN: u32 = 16;
/// A line of the cache.
const LINE: usize = 64;
/// Of a page that was not read yet.
const UNREAD: u64 = u64::MAX;

/// All memory that may hold something.
pub(super) struct Memory<'q> {
    pub(super) question: &'q Question,
    pub(super) regions: &'q [Region],
    pub(super) heap: Heap<'q>,
    pages: Pages<Page>,
    /// When to stop, by the monotonic clock.
    deadline: u64,
}

/// A page that is in memory, or the part of it that belongs to a region.
#[derive(Debug, Clone, Copy)]
struct Page {
    /// Its first address, and above 48 bits the region's position.
    place: u64,
    /// What it points to.
    summary: u64,
}

// SAFETY: all zero is a page of the first region that points to nothing.
unsafe impl Plain for Page {}

const REGION_SHIFT: u32 = 48;
/// Regions that can be told apart: more than a process has by default (65,530 mappings, `vm.max_map_count`), unless the parts
/// of many of them are known by themselves.
pub(in super::super) const MOST_REGIONS: usize = 1 << (u64::BITS - REGION_SHIFT);

/// A word that points to a page on which something is looked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Word {
    /// Where it is.
    pub(super) location: usize,
    pub(super) region: Region,
    pub(super) value: usize,
    /// The first address behind what is read with it.
    pub(super) end: usize,
}

/// Which pages are read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Filter {
    /// Those that point to any of these.
    pub(super) summary: u64,
    /// But not those with objects of these classes, a bit each.
    pub(super) not: u64,
    /// And only those with objects of these.
    pub(super) only: u64,
    /// Words that point to objects of these classes are seen too, whether they are looked for or not.
    pub(super) to: u64,
}

impl<'q> Memory<'q> {
    /// Of all regions: there are no more than [`MOST_REGIONS`].
    pub(super) fn of(question: &'q Question, regions: &'q mut [Region]) -> Option<Self> {
        let deadline = clock::monotonic_millis().saturating_add(question.time.as_millis() as u64);
        let heap = Heap::of(question, regions)?;
        let regions = &*regions;
        let mut memory = Self {
            question,
            regions,
            heap,
            pages: Pages::new(),
            deadline,
        };
        let page_map = PageMap::open();
        for (region, position) in regions.iter().zip(0..) {
            memory.enter(region, position, &page_map)?;
        }
        Some(memory)
    }

    /// Enters the pages of a region that are in memory. Those that were never touched hold nothing, and reading them would
    /// only have the kernel map zeros.
    fn enter(&mut self, region: &Region, position: u64, page_map: &PageMap) -> Option<()> {
        page_map.for_each(region, self.question.lg_page, |address, entry| {
            let is_there = entry & PRESENT != 0 || entry & SWAPPED != 0 && can_be_read(address);
            if !is_there {
                return Some(());
            }
            self.pages.push(Page {
                place: address.max(region.start) as u64 | position << REGION_SHIFT,
                summary: UNREAD,
            })
        })
    }

    /// What a page points to if it points to an object of so many bytes at an address.
    pub(super) fn summary_of(base: usize, size: usize) -> u64 {
        let (first, last) = (base >> LG_GRAIN, (base + size.max(1) - 1) >> LG_GRAIN);
        if last - first >= 64 {
            return u64::MAX;
        }
        (first..=last).fold(0, |summary, grain| summary | bit(grain))
    }

    /// Reads the pages that pass, and calls `see` for each word that points to a page on which something is looked for.
    /// Says how many bytes were read, and whether there was time for all.
    pub(super) fn pass(&mut self, filter: Filter, mut see: impl FnMut(&Heap<'_>, Word)) -> (u64, bool) {
        let mut read = 0;
        for at in 0..self.pages.len() {
            if at % PAGES_A_LOOK == 0 {
                self.question.progress.read(read);
                if clock::monotonic_millis() > self.deadline {
                    return (read, false);
                }
            }
            let Some(page) = self
                .pages
                .get(at)
                .copied()
                .filter(|page| page.summary & filter.summary != 0)
            else {
                continue;
            };
            if let Some((bytes, summary)) = self.read(page, filter, &mut see) {
                read += bytes;
                if let Some(page) = self.pages.get_mut(at) {
                    page.summary = summary;
                }
            }
        }
        (read, true)
    }

    /// Reads a page; nothing where it does not pass.
    fn read(&self, page: Page, filter: Filter, see: &mut impl FnMut(&Heap<'_>, Word)) -> Option<(u64, u64)> {
        let region = *self.regions.get((page.place >> REGION_SHIFT) as usize)?;
        let start = (page.place & ((1 << REGION_SHIFT) - 1)) as usize;
        let size = 1 << self.question.lg_page;
        let end = ((start & !(size - 1)) + size).min(region.end);
        if matches!(region.kind, Kind::Anonymous | Kind::Heap) {
            let class = 1_u64 << class_of(self.heap.entry(start));
            if class & filter.not != 0 || class & filter.only == 0 {
                return None;
            }
            if class == 1 && region.kind == Kind::Heap {
                return Some((0, 0));
            }
        } else if filter.only != u64::MAX {
            return None;
        }
        let mut summary = 0;
        let mut location = start.next_multiple_of(size_of::<usize>());
        while location + size_of::<usize>() <= end {
            // The first time most pages are read, one after the other. The processor does not look beyond a page by itself.
            if page.summary == UNREAD && location.is_multiple_of(LINE) {
                prefetch(location + size);
            }
            // SAFETY: the word lies in a mapping that can be read (`/proc/self/maps`), which nobody else is there to take
            // away; any bits are a number. Volatile, since it may be one of this program's own variables.
            let value = unsafe { ptr::read_volatile(ptr::with_exposed_provenance::<usize>(location)) };
            if self.heap.may_hold(value) {
                let entry = self.heap.entry(value);
                if entry != 0 {
                    summary |= bit(value >> LG_GRAIN);
                }
                if entry & WANTED != 0 || filter.to >> class_of(entry) & 1 != 0 {
                    let word = Word {
                        location,
                        region,
                        value,
                        end,
                    };
                    see(&self.heap, word);
                }
            }
            location += size_of::<usize>();
        }
        Some(((end - start) as u64, summary))
    }
}

impl Word {
    /// The word after it; 0 where that lies on another page, of which nothing is known.
    pub(super) fn next(&self) -> usize {
        let location = self.location + size_of::<usize>();
        if location + size_of::<usize>() > self.end {
            return 0;
        }
        // SAFETY: it lies within the page whose words are being read: see above.
        unsafe { ptr::read_volatile(ptr::with_exposed_provenance::<usize>(location)) }
    }
}

/// Has the processor begin to read what is read soon.
fn prefetch(address: usize) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: a hint: nothing is read where there is no memory.
    unsafe {
        std::arch::x86_64::_mm_prefetch::<{ std::arch::x86_64::_MM_HINT_T0 }>(ptr::without_provenance(
            address,
        ));
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = address;
}

fn bit(grain: usize) -> u64 {
    1 << (hash(grain as u64) >> 58)
}
