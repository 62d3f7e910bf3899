//! What the words of an object, or those beside a pointer, tell of types: a task's header, a vtable.

use std::ptr;

use super::super::question::Question;
use super::found::{COMPLETE, Found, TASK};
use super::heap::{Allocation, LARGE};

/// Sees whether an object is a task of tokio's.
pub(super) fn look_at(found: &mut Found, question: &Question, position: u32) {
    let Some(object) = found.objects.get_mut(position as usize) else {
        return;
    };
    if let Some(header) = task_header(question, object.at) {
        let complete = read(header) & IS_COMPLETE != 0;
        object.flags |= if complete { TASK | COMPLETE } else { TASK };
        object.poll = read(read(header + 2 * WORD));
    }
}

const WORD: usize = size_of::<usize>();
/// The bit of a task's state that says that it is done, and from which bit on references to it are counted (tokio's
/// runtime/task/state.rs).
const IS_COMPLETE: usize = 0b10;
const REFERENCES_SHIFT: u32 = 6;

/// Where the header of a task is, if an object has one: a state, a link, and a vtable of seven functions and the offsets of
/// three parts (`Header` and `Vtable` in tokio's runtime/task).
fn task_header(question: &Question, at: Allocation) -> Option<usize> {
    const FUNCTIONS: usize = 7;
    const OFFSETS: usize = 3;
    const LEAST_SIZE: usize = 128;
    if at.size < LEAST_SIZE {
        return None;
    }
    let is_task = |header: &usize| {
        let vtable = read(header + 2 * WORD);
        let is_function = |at: usize| question.is_code(read(vtable + at * WORD));
        let is_offset = |offset: usize| (1..at.size).contains(&read(vtable + offset * WORD));
        question.is_data(vtable, (FUNCTIONS + OFFSETS) * WORD)
            && (0..FUNCTIONS).all(is_function)
            && (FUNCTIONS..FUNCTIONS + OFFSETS).all(is_offset)
    };
    // The allocator moves the beginning of a large object by so many lines of the cache, to spread them.
    let is_moved = at.class == LARGE && at.sample == 0;
    let headers = if is_moved { 1 << question.lg_heap_page } else { 1 };
    (0..headers)
        .step_by(LEAST_SIZE)
        .map(|offset| at.base + offset)
        .find(is_task)
}

/// Whether it is a task that nobody has any more: freed, and not used anew.
pub(super) fn is_freed_task(question: &Question, at: Allocation) -> bool {
    task_header(question, at).is_some_and(|header| read(header) >> REFERENCES_SHIFT == 0)
}

/// The first function of a vtable: what drops, then size and alignment, then methods. 0 where a word points to none.
pub(super) fn vtable(question: &Question, word: usize) -> usize {
    if !question.is_data(word, 3 * WORD) {
        return 0;
    }
    let (drop, size, align) = (read(word), read(word + WORD), read(word + 2 * WORD));
    if question.is_code(drop) && size < 1 << 32 && align.is_power_of_two() && align <= 4096 {
        drop
    } else {
        0
    }
}

/// Reads a word of an object, or of a file's data.
pub(super) fn read(address: usize) -> usize {
    // SAFETY: it is called with addresses within allocations that lie in mappings that can be read, and within parts of
    // files that can (`Question::is_data`); they are aligned, and any bits are a number.
    unsafe { ptr::read_volatile(ptr::with_exposed_provenance::<usize>(address)) }
}
