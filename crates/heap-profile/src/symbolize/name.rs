//! A snapshot with the names filled in, for readers that do not have the binary.

use std::collections::HashMap;
use std::sync::Arc;

use super::{Frame, Frames, Symbolizer};
use crate::Error;
use crate::model::{Function, Line, Profile};

impl Symbolizer {
    /// The same snapshot with functions, files and lines, inlined functions among them. Names that the file has already
    /// are kept. An address without a name stays as it is, so that others can still look it up.
    ///
    /// # Errors
    /// As for [`Symbolizer::symbolize`].
    pub fn name(&mut self, profile: &Profile) -> Result<Profile, Error> {
        let frames = self.locations(profile)?;
        let mut named = profile.clone();
        let mut functions = Functions::after(&profile.functions);
        for (location, frames) in named.locations.iter_mut().zip(&frames) {
            if location.lines.is_empty() && !is_nameless(frames) {
                location.lines = frames.iter().map(|frame| functions.line(frame)).collect();
            }
        }
        named.functions.append(&mut functions.new);
        Ok(named)
    }
}

/// Offsets in a file, which stand where there is no name, say no more than the address does.
fn is_nameless(frames: &Frames) -> bool {
    let is_offset = |frame: &Arc<Frame>| {
        frame.file.is_none() && (frame.function.contains("+0x") || frame.function.starts_with("0x"))
    };
    frames.iter().all(is_offset)
}

/// The functions that are to be added, once each.
struct Functions<'a> {
    first: usize,
    new: Vec<Function>,
    indices: HashMap<(&'a str, Option<&'a str>), usize>,
}

impl<'a> Functions<'a> {
    fn after(known: &[Function]) -> Functions<'a> {
        Functions {
            first: known.len(),
            new: Vec::new(),
            indices: HashMap::new(),
        }
    }

    fn line(&mut self, frame: &'a Frame) -> Line {
        let next = self.first + self.new.len();
        let function = *self
            .indices
            .entry((&frame.function, frame.file.as_deref()))
            .or_insert_with(|| {
                let name: Arc<str> = frame.function.as_str().into();
                self.new.push(Function {
                    system_name: name.clone(),
                    name,
                    file: frame.file.as_deref().unwrap_or_default().into(),
                    start_line: 0,
                });
                next
            });
        Line {
            function,
            line: frame.line.map_or(0, i64::from),
        }
    }
}
