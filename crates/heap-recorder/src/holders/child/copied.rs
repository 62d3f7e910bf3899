//! What was copied since the process went on to write to its memory: pages that are this copy's alone by now.

use super::super::question::{Question, Region};
use super::file::File;

/// In memory, and mapped by no other process (proc_pid_pagemap(5), since Linux 4.2).
const PRESENT: u64 = 1 << 63;
const EXCLUSIVE: u64 = 1 << 56;
const PAGES_A_READ: usize = 512;

/// Of these parts of memory; nothing where the kernel does not say.
pub(super) fn bytes(question: &Question, regions: &[Region]) -> Option<u64> {
    let page_map = File::open(c"/proc/self/pagemap")?;
    let mut pages = 0;
    for region in regions {
        let end = region.end.div_ceil(1 << question.lg_page);
        let mut at = region.start >> question.lg_page;
        while at < end {
            let mut entries = [0_u64; PAGES_A_READ];
            let wanted = entries.get_mut(..(end - at).min(PAGES_A_READ))?;
            let read = page_map.read_words(wanted, (at * size_of::<u64>()) as u64);
            let is_copied = |entry: &&u64| **entry & (PRESENT | EXCLUSIVE) == PRESENT | EXCLUSIVE;
            pages += wanted.iter().take(read).filter(is_copied).count() as u64;
            if read == 0 {
                break;
            }
            at += read;
        }
    }
    Some(pages << question.lg_page)
}
