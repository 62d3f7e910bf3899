//! What the kernel says of each page: `/proc/self/pagemap` (proc_pid_pagemap(5)).

use super::super::question::Region;
use crate::proc_file::File;

/// Bits of an entry: the page is in memory, or it was swapped out; which is said of guards within a mapping, too
/// (MADV_GUARD_INSTALL in madvise(2)).
pub(super) const PRESENT: u64 = 1 << 63;
pub(super) const SWAPPED: u64 = 1 << 62;
/// No other process has the page (since Linux 4.2).
pub(super) const EXCLUSIVE: u64 = 1 << 56;
/// Entries that are read at once.
const PAGES_A_READ: usize = 512;

/// The open file, if it is there.
pub(super) struct PageMap(Option<File>);

impl PageMap {
    pub(super) fn open() -> Self {
        Self(File::open(c"/proc/self/pagemap"))
    }

    pub(super) fn is_there(&self) -> bool {
        self.0.is_some()
    }

    /// Calls `see` with the address and the entry of each page of a region. What cannot be read is [`SWAPPED`]: nobody knows
    /// whether it is in memory. Ends where `see` has no memory.
    pub(super) fn for_each(
        &self,
        region: &Region,
        lg_page: u32,
        mut see: impl FnMut(usize, u64) -> Option<()>,
    ) -> Option<()> {
        let (mut at, end) = (region.start >> lg_page, region.end.div_ceil(1 << lg_page));
        while at < end {
            let mut entries = [SWAPPED; PAGES_A_READ];
            let wanted = entries.get_mut(..(end - at).min(PAGES_A_READ))?;
            if let Some(file) = &self.0 {
                let read = file.read_words(wanted, (at * size_of::<u64>()) as u64);
                wanted.iter_mut().skip(read).for_each(|entry| *entry = SWAPPED);
            }
            for entry in wanted.iter() {
                see(at << lg_page, *entry)?;
                at += 1;
            }
        }
        Some(())
    }
}
