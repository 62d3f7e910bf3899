//! What a stack is called: the frame of it that a reader can do something about.
//!
//! From the leaf, the first that there is:
//!
//! 1. a frame of the program's own;
//! 2. library code made for one of the program's types, such as `<DataLoader<shop::Authors>>::load_many` in a task that
//!    the library has spawned. Of neighbouring frames of one library, the outermost: it is what the program asked for;
//! 3. a library's frame that is not generic, since a generic one (a map's `insert`) does not tell for whom it works;
//! 4. the leaf.

use std::collections::BTreeSet;
use std::sync::Arc;

use rustc_hash::FxHashSet;

use crate::names;
use crate::symbolize::{Frame, Origin, Symbolized};

/// The part of a stack that says something of the allocation: without the allocator at the leaf, and without what is outside of the task that was polled.
pub(crate) fn relevant(stack: &[Arc<Frame>]) -> &[Arc<Frame>] {
    let start = stack
        .iter()
        .rposition(|frame| frame.is_allocator())
        .map_or(0, |at| at + 1);
    let stack = if start < stack.len() {
        &stack[start..]
    } else {
        stack
    };
    let end = stack
        .iter()
        .position(|frame| names::is_task_poll(&frame.function))
        .unwrap_or(stack.len());
    // A stack of nothing but the runtime keeps its name.
    if end == 0 { stack } else { &stack[..end] }
}

/// The frames to show of a site, so many at most: the frame itself, then those of the program's own, each function once.
pub(crate) fn shown(from_site: &[Arc<Frame>], most: usize) -> Vec<Frame> {
    shown_given(from_site, most, |at| {
        names::without_closures(&from_site[at].function)
    })
}

/// The same for a caller that knows the function that each frame belongs to.
pub(super) fn shown_given<'a>(
    from_site: &[Arc<Frame>],
    most: usize,
    mut function: impl FnMut(usize) -> &'a str,
) -> Vec<Frame> {
    let (mut shown, mut functions): (Vec<Frame>, Vec<&str>) = (Vec::new(), Vec::new());
    for (at, frame) in from_site.iter().enumerate() {
        if at > 0 && !frame.is_own() {
            continue;
        }
        let function = function(at);
        if !functions.contains(&function) {
            functions.push(function);
            shown.push(Frame::clone(frame));
        }
        if shown.len() == most {
            break;
        }
    }
    shown
}

/// The crates that the program consists of, dependencies aside.
pub(crate) struct OwnCrates(BTreeSet<String>);

impl OwnCrates {
    /// Reads them from the names of the program's own frames. A method of a foreign type begins with that type's crate,
    /// so whatever is known to be a dependency, or the standard library, is none of them.
    pub(crate) fn of<'a>(snapshots: impl Iterator<Item = &'a Symbolized>) -> OwnCrates {
        // A frame is shared by all stacks that have it: most need no second look.
        let mut seen = FxHashSet::default();
        let frames = snapshots
            .flat_map(|snapshot| &snapshot.samples)
            .flat_map(|sample| sample.stack.iter());
        OwnCrates::of_frames(
            frames
                .filter(|frame| seen.insert(Arc::as_ptr(frame)))
                .map(|frame| &**frame),
        )
    }

    /// The same of frames.
    pub(crate) fn of_frames<'a>(frames: impl Iterator<Item = &'a Frame>) -> OwnCrates {
        let (mut own, mut foreign) = (BTreeSet::new(), FxHashSet::default());
        for frame in frames {
            match &frame.origin {
                Origin::Own => own.extend(names::crate_of(&frame.function)),
                Origin::Dependency { name, .. } => drop(foreign.insert(&**name)),
                Origin::StandardLibrary | Origin::Unknown => {}
            }
        }
        for name in foreign {
            own.remove(&*name.replace('-', "_"));
        }
        for name in ["alloc", "core", "std"] {
            own.remove(name);
        }
        OwnCrates(own.into_iter().map(str::to_owned).collect())
    }

    /// Which of a stack's frames names it; nothing for an empty stack.
    pub(crate) fn name(&self, frames: &[Arc<Frame>]) -> Option<usize> {
        let is_library = |frame: &Frame| matches!(frame.origin, Origin::Dependency { .. });
        self.name_given(frames, |at| {
            is_library(&frames[at]) && self.is_made_for(&frames[at])
        })
    }

    /// The same for a caller that knows of each frame whether it is a library's code made for one of the program's types.
    pub(super) fn name_given(
        &self,
        frames: &[Arc<Frame>],
        mut is_made_for_own: impl FnMut(usize) -> bool,
    ) -> Option<usize> {
        let is_library = |frame: &Frame| matches!(frame.origin, Origin::Dependency { .. });
        let own = || frames.iter().position(|frame| frame.is_own());
        let telling = || {
            frames
                .iter()
                .position(|frame| is_library(frame) && !names::is_generic(&frame.function))
        };
        let leaf = || (!frames.is_empty()).then_some(0);
        own()
            .or_else(|| outermost_of_first_library(frames, &mut is_made_for_own))
            .or_else(telling)
            .or_else(leaf)
    }

    /// Whether a library's function is made for one of the program's own types.
    pub(super) fn is_made_for(&self, frame: &Frame) -> bool {
        self.0
            .iter()
            .any(|own| names::mentions_crate(&frame.function, own))
    }
}

fn outermost_of_first_library(
    frames: &[Arc<Frame>],
    is_made_for_own: &mut impl FnMut(usize) -> bool,
) -> Option<usize> {
    let first = (0..frames.len()).find(|at| is_made_for_own(*at))?;
    let run = (first..frames.len())
        .take_while(|at| frames[*at].origin == frames[first].origin && is_made_for_own(*at));
    Some(first + run.count() - 1)
}
