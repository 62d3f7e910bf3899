//! Stacks as they are in the files, told apart by the identity of their frames alone: that reads no name. Those whose
//! frames are not shared count as several, and `fold` merges them by name.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHasher};

use crate::symbolize::Frame;

/// A stack as it is in the files.
pub(super) struct Raw<'a> {
    /// As the latest row has it. Rows of one stack are often neighbours, and then it is still in the cache.
    pub(super) whole: &'a [Arc<Frame>],
    /// Without what is cut off.
    pub(super) frames: &'a [Arc<Frame>],
    /// The number of the merged one.
    pub(super) merged: u32,
    /// Live bytes in the last snapshot less those in the first.
    pub(super) growth: i64,
}

impl Raw<'_> {
    /// What is shown should not depend on the order in the files.
    pub(super) fn is_before(&self, other: &Raw<'_>) -> bool {
        match self.growth.cmp(&other.growth) {
            std::cmp::Ordering::Equal => self.places().lt(other.places()),
            ordering => ordering.is_gt(),
        }
    }

    fn places(&self) -> impl Iterator<Item = (Option<&str>, Option<u32>)> {
        self.frames
            .iter()
            .map(|frame| (frame.file.as_deref(), frame.line))
    }
}

/// All of them.
#[derive(Default)]
pub(super) struct Raws<'a> {
    pub(super) all: Vec<Raw<'a>>,
    by_pointer: FxHashMap<ByPointer<'a>, u32>,
    /// By the number that the recorder gave it, the latest with that number.
    numbered: FxHashMap<i64, u32>,
}

impl<'a> Raws<'a> {
    /// The index of a stack. The recorder's number says where to look, and no more: a file may lie.
    pub(super) fn index(
        &mut self,
        stack: &'a [Arc<Frame>],
        number: Option<i64>,
        make: impl FnOnce() -> Raw<'a>,
    ) -> usize {
        let numbered = number.and_then(|number| self.numbered.get(&number));
        if let Some(index) = numbered.map(|index| *index as usize)
            && is_same(self.all[index].whole, stack)
        {
            self.all[index].whole = stack;
            return index;
        }
        let next = self.all.len() as u32;
        let index = *self.by_pointer.entry(ByPointer::of(stack)).or_insert(next);
        if index == next {
            self.all.push(make());
        }
        if let Some(number) = number {
            self.numbered.insert(number, index);
        }
        index as usize
    }
}

fn is_same(a: &[Arc<Frame>], b: &[Arc<Frame>]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| Arc::ptr_eq(a, b))
}

struct ByPointer<'a> {
    hash: u64,
    stack: &'a [Arc<Frame>],
}

impl<'a> ByPointer<'a> {
    fn of(stack: &'a [Arc<Frame>]) -> ByPointer<'a> {
        let mut hasher = FxHasher::default();
        stack
            .iter()
            .for_each(|frame| Arc::as_ptr(frame).hash(&mut hasher));
        ByPointer {
            hash: hasher.finish(),
            stack,
        }
    }
}

impl PartialEq for ByPointer<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.hash == other.hash && is_same(self.stack, other.stack)
    }
}

impl Eq for ByPointer<'_> {}

impl Hash for ByPointer<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.hash);
    }
}
