//! What was copied since the process went on to write to its memory: pages that are this copy's alone by now.

use super::super::question::{Question, Region};
use super::page_map::{EXCLUSIVE, PRESENT, PageMap};

/// Of these parts of memory; nothing where the kernel does not say.
pub(super) fn bytes(question: &Question, regions: &[Region]) -> Option<u64> {
    let page_map = PageMap::open();
    let mut pages = 0_u64;
    for region in regions {
        page_map.for_each(region, question.lg_page, |_, entry| {
            pages += u64::from(entry & (PRESENT | EXCLUSIVE) == PRESENT | EXCLUSIVE);
            Some(())
        })?;
    }
    page_map.is_there().then_some(pages << question.lg_page)
}
