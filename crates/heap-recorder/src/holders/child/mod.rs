//! What the frozen copy of the process does: it looks through its memory, and sends what it found.
//!
//! Nothing here may allocate through the allocator, take a lock, panic or return into the program: other threads, which may
//! have held a lock when the copy was made, are not there to give it back. Its arrays are [`Pages`](crate::pages::Pages);
//! its files are read by system calls.
//!
//! - [`search`] goes from the drawn objects to who points to them, level by level: start there
//! - [`maps`] tells what memory there is, [`page_map`] what of it is in use, [`heap`] which allocation an address lies in
//! - [`pass`] goes once through memory; [`holders`] enters what points to what; [`look`] sees tasks and vtables
//! - [`chain`] follows objects that hold others like themselves, by their [`links`], in which objects are [`cells`];
//!   [`kinds`] sums up those that are alike
//! - [`found`] keeps objects, edges and roots; [`send`] writes them into the pipe, with what was [`copied`]

pub(super) mod cells;
pub(super) mod chain;
pub(super) mod copied;
pub(super) mod descent;
pub(super) mod found;
pub(super) mod heap;
pub(super) mod holders;
pub(super) mod kinds;
pub(super) mod links;
pub(super) mod look;
pub(super) mod maps;
pub(super) mod page_map;
pub(super) mod pass;
pub(super) mod search;
pub(super) mod send;

use super::question::Question;
use crate::pages;

/// How the copy ends, as an exit status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(i32)]
pub(super) enum End {
    /// All that was found is in the pipe.
    Sent = 0,
    /// The kernel has no memory for its arrays.
    NoMemory = 10,
    /// `/proc/self/maps` cannot be read.
    NoMaps = 11,
    /// Nobody reads the pipe.
    NoReader = 12,
    /// The process that it was copied from has ended.
    Orphan = 13,
    /// Something has panicked.
    Panicked = 14,
    /// There are more parts of memory than it can follow: how many is in the pipe.
    TooManyRegions = 15,
}

/// Does all of it.
pub(super) fn run(question: &Question, pipe: i32) -> End {
    pages::forget_peak();
    let Some(mut regions) = maps::regions(question) else {
        return End::NoMaps;
    };
    if regions.len() > pass::MOST_REGIONS {
        // The status tells it, also where the number does not get through.
        let _ = send::number(regions.len() as u64, pipe);
        return End::TooManyRegions;
    }
    let Some(found) = search::search(question, &mut regions) else {
        return End::NoMemory;
    };
    let copied = copied::bytes(question, &regions);
    match send::send(question, &found, copied, pipe) {
        Some(()) => End::Sent,
        None => End::NoReader,
    }
}
