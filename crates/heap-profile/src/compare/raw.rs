//! Stacks as they are in the files, told apart by the identity of their frames alone: that reads no name. Those whose
//! frames are not shared count as several, and `fold` merges them by name.
//!
//! Rows that share a stack need not even read its frames: there are many more rows than stacks.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHasher};

use crate::symbolize::Frame;

/// A stack as it is in the files.
pub(super) struct Raw<'a> {
    /// As it is in the files.
    pub(super) whole: &'a [Arc<Frame>],
    /// Without what is cut off.
    pub(super) frames: &'a [Arc<Frame>],
    /// The number of the merged one.
    pub(super) merged: u32,
    /// Live bytes in the last snapshot less those in the first.
    pub(super) growth: i64,
    /// The kind and the cell of the latest row: the next one is often of the same kind.
    pub(super) latest: Option<(u32, u32)>,
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
    /// By the slice, which the rows of one stack share.
    by_slice: FxHashMap<*const [Arc<Frame>], u32>,
    /// By the frames, which are the same in each snapshot's slice.
    by_frames: FxHashMap<ByFrames<'a>, u32>,
}

impl<'a> Raws<'a> {
    /// The index of a stack. Its frames are read once for each slice, not for each row.
    pub(super) fn index(&mut self, stack: &'a [Arc<Frame>], make: impl FnOnce() -> Raw<'a>) -> usize {
        let index = *self.by_slice.entry(stack).or_insert_with(|| {
            let next = self.all.len() as u32;
            let index = *self.by_frames.entry(ByFrames::of(stack)).or_insert(next);
            if index == next {
                self.all.push(make());
            }
            index
        });
        index as usize
    }
}

fn is_same(a: &[Arc<Frame>], b: &[Arc<Frame>]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| Arc::ptr_eq(a, b))
}

struct ByFrames<'a> {
    hash: u64,
    stack: &'a [Arc<Frame>],
}

impl<'a> ByFrames<'a> {
    fn of(stack: &'a [Arc<Frame>]) -> ByFrames<'a> {
        let mut hasher = FxHasher::default();
        stack
            .iter()
            .for_each(|frame| Arc::as_ptr(frame).hash(&mut hasher));
        ByFrames {
            hash: hasher.finish(),
            stack,
        }
    }
}

impl PartialEq for ByFrames<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.hash == other.hash && is_same(self.stack, other.stack)
    }
}

impl Eq for ByFrames<'_> {}

impl Hash for ByFrames<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.hash);
    }
}
