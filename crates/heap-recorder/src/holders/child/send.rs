//! Writes what was found into the pipe, as 64-bit words. [`super::super::outcome`] reads them.
//!
//! No address of an object goes along, nor what is in it: a left-over copy of the answer would look like a holder to the next
//! scan.

use super::super::question::Question;
use super::found::{EXPLORED, Found, Object, PARTIAL, TASK};
use super::heap::LARGE;
use super::look::read;
use crate::pages;

/// What the answer begins with.
pub(in super::super) const MAGIC: u64 = u64::from_le_bytes(*b"holders1");
/// Words of each part of the answer.
pub(in super::super) const HEADER: usize = 9;
pub(in super::super) const OBJECT: usize = 6;
pub(in super::super) const EDGE: usize = 6;
pub(in super::super) const ROOT: usize = 3;
/// A word of an object that is no count.
pub(in super::super) const NO_COUNT: u64 = u64::MAX;
/// Counts of an `Arc` or `Rc` are below this; its own limit is `isize::MAX`, and no pointer is as small.
const MOST_COUNTED: u64 = 1 << 31;
/// What is not known.
pub(in super::super) const UNKNOWN: u64 = u64::MAX;

/// Sends all of it; nothing where nobody reads.
pub(super) fn send(question: &Question, found: &Found, copied: Option<u64>, pipe: i32) -> Option<()> {
    let mut pipe = Pipe {
        pipe,
        words: [0; 512],
        len: 0,
    };
    pipe.all([
        MAGIC,
        found.figures.targets,
        found.objects.len() as u64,
        found.edges.len() as u64,
        found.roots.len() as u64,
        found.figures.read,
        found.figures.passes,
        found.figures.stopped,
        pages::peak_bytes(),
    ])?;
    for object in found.objects.iter() {
        let sample = question.samples.get((object.at.sample as usize).wrapping_sub(1));
        pipe.all([
            object.at.size as u64,
            sample.map_or(UNKNOWN, |sample| u64::from(sample.site)),
            count(object, 0),
            count(object, 1),
            if object.flags & TASK != 0 {
                object.poll as u64
            } else {
                0
            },
            u64::from(flags(object)),
        ])?;
    }
    for edge in found.edges.iter() {
        pipe.all([
            u64::from(edge.holder),
            u64::from(edge.held),
            edge.offset,
            edge.into,
            edge.chain,
            edge.vtable as u64,
        ])?;
    }
    for root in found.roots.iter() {
        pipe.all([root.address as u64, u64::from(root.kind), u64::from(root.owner)])?;
    }
    pipe.all([copied.unwrap_or(UNKNOWN)])?;
    pipe.flush()
}

/// Sends a number instead; nothing where nobody reads.
pub(super) fn number(number: u64, pipe: i32) -> Option<()> {
    let mut pipe = Pipe {
        pipe,
        words: [0; 512],
        len: 0,
    };
    pipe.all([number])?;
    pipe.flush()
}

/// A word of an object, if it may be a count.
fn count(object: &Object, at: usize) -> u64 {
    let offset = at * size_of::<usize>();
    // Where a large object begins within its first page is known of sampled ones alone.
    let may_begin_later = object.at.class == LARGE && object.at.sample == 0;
    if may_begin_later || object.at.size < offset + size_of::<usize>() {
        return NO_COUNT;
    }
    let word = read(object.at.base + offset) as u64;
    if word < MOST_COUNTED { word } else { NO_COUNT }
}

/// What is said of an object. Where holders were left out, also after it was seen to, nothing follows from there being none.
fn flags(object: &Object) -> u32 {
    if object.flags & PARTIAL != 0 {
        object.flags & !EXPLORED
    } else {
        object.flags
    }
}

struct Pipe {
    pipe: i32,
    words: [u64; 512],
    len: usize,
}

impl Pipe {
    fn all<const N: usize>(&mut self, words: [u64; N]) -> Option<()> {
        for word in words {
            if self.len == self.words.len() {
                self.flush()?;
            }
            *self.words.get_mut(self.len)? = word;
            self.len += 1;
        }
        Some(())
    }

    fn flush(&mut self) -> Option<()> {
        let words = self.words.get(..self.len)?;
        let (mut start, mut left) = (words.as_ptr().cast::<u8>(), size_of_val(words));
        while left > 0 {
            // SAFETY: `left` bytes from `start` on are words that were set.
            let written = unsafe { libc::write(self.pipe, start.cast(), left) };
            let written = usize::try_from(written).ok().filter(|written| *written > 0)?;
            // SAFETY: no more was written than there was.
            start = unsafe { start.add(written) };
            left -= written;
        }
        self.len = 0;
        Some(())
    }
}
