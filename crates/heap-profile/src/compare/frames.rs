//! What is known of each frame, found out once, however many stacks have it.
//!
//! Frames are shared between stacks and between the snapshots of one symbolizer, so a frame is known by its pointer; those
//! that are not shared cost a second look, and nothing else.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::names;
use crate::symbolize::{Frame, Origin};

/// The frames of all stacks, numbered.
#[derive(Default)]
pub(super) struct FrameTable<'a> {
    by_pointer: FxHashMap<*const Frame, u32>,
    names: FxHashMap<&'a str, u32>,
    functions: FxHashMap<(&'a str, Option<&'a str>), u32>,
    facts: Vec<Facts<'a>>,
}

/// What is known of one frame.
pub(super) struct Facts<'a> {
    pub(super) frame: &'a Arc<Frame>,
    /// Numbers the name: the same for frames that differ in line, file or address.
    pub(super) name: u32,
    pub(super) is_own: bool,
    is_allocator: bool,
    is_task_poll: bool,
    /// See [`FrameTable::function_name`].
    function_name: Option<&'a str>,
    /// See [`FrameTable::function`].
    function: Option<u32>,
    /// See [`FrameTable::is_library_for`].
    made_for_own: Option<bool>,
}

impl<'a> FrameTable<'a> {
    pub(super) fn facts(&self, frame: u32) -> &Facts<'a> {
        &self.facts[frame as usize]
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &'a Frame> {
        self.facts.iter().map(|facts| &**facts.frame)
    }

    /// The number of a frame.
    fn number(&mut self, frame: &'a Arc<Frame>) -> u32 {
        let next = self.facts.len() as u32;
        let number = *self.by_pointer.entry(Arc::as_ptr(frame)).or_insert(next);
        if number == next {
            let name = self.names.len() as u32;
            self.facts.push(Facts {
                frame,
                name: *self.names.entry(&frame.function).or_insert(name),
                is_own: frame.is_own(),
                is_allocator: frame.is_allocator(),
                is_task_poll: names::is_task_poll(&frame.function),
                function_name: None,
                function: None,
                made_for_own: None,
            });
        }
        number
    }

    /// As [`super::relevant`], with the numbers of the frames that are left.
    pub(super) fn relevant(&mut self, stack: &'a [Arc<Frame>]) -> (&'a [Arc<Frame>], Vec<u32>) {
        let mut numbers: Vec<u32> = stack.iter().map(|frame| self.number(frame)).collect();
        let start = numbers
            .iter()
            .rposition(|frame| self.facts(*frame).is_allocator)
            .map_or(0, |at| at + 1);
        let start = if start < stack.len() { start } else { 0 };
        let polled = numbers[start..]
            .iter()
            .position(|frame| self.facts(*frame).is_task_poll);
        let end = match polled {
            None | Some(0) => stack.len(),
            Some(at) => start + at,
        };
        numbers.truncate(end);
        numbers.drain(..start);
        (&stack[start..end], numbers)
    }

    /// The function that a frame belongs to, bodies of closures and of `async fn`s aside.
    pub(super) fn function_name(&mut self, frame: u32) -> &'a str {
        let facts = &mut self.facts[frame as usize];
        facts
            .function_name
            .get_or_insert_with(|| names::without_closures(&facts.frame.function))
    }

    /// Numbers the function that a frame belongs to, bodies of closures and of `async fn`s aside, by name and source file.
    pub(super) fn function(&mut self, frame: u32) -> u32 {
        let name = self.function_name(frame);
        let facts = &mut self.facts[frame as usize];
        *facts.function.get_or_insert_with(|| {
            let next = self.functions.len() as u32;
            *self
                .functions
                .entry((name, facts.frame.file.as_deref()))
                .or_insert(next)
        })
    }

    /// How many functions there are so far: their numbers are below.
    pub(super) fn functions(&self) -> usize {
        self.functions.len()
    }

    /// Remembers for each frame whether it is a library's code that is made for one of the program's own types.
    pub(super) fn is_library_for(&mut self, frame: u32, own: &super::OwnCrates) -> bool {
        let facts = &mut self.facts[frame as usize];
        let is_library = matches!(facts.frame.origin, Origin::Dependency { .. });
        is_library
            && *facts
                .made_for_own
                .get_or_insert_with(|| own.is_made_for(facts.frame))
    }
}
