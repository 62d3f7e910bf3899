//! One file that was mapped into the measured process: is it the right one, and what is at an address?

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use addr2line::Loader;
use object::read::ReadCache;
use object::{Object, ObjectSegment};

use super::Frames;
use super::frame::{Frame, demangle};
use super::symbols::{SymbolOf, Symbols, symbols_at};
use crate::Error;
use crate::model::Mapping;

/// A mangled name, a file and a line, where the tables have them.
type RawFrame = (Option<String>, Option<String>, Option<u32>);

type AnyError = Box<dyn std::error::Error + Send + Sync>;

/// The build id of a binary, in hexadecimal; nothing where it was linked without.
///
/// # Errors
/// Where the file cannot be read, or is no binary.
pub fn build_id_of(path: &Path) -> Result<Option<String>, Error> {
    match read_headers(path) {
        Ok(headers) => Ok(headers.build_id),
        Err(source) => Err(Error::BinaryUnreadable {
            path: path.into(),
            build_id: "unknown".to_owned(),
            source,
        }),
    }
}

/// So many addresses are looked up before the loader is opened anew.
const MOST_LOOKED_UP: usize = 4_000;

pub(super) struct Module {
    name: String,
    is_program: bool,
    segments: Vec<Segment>,
    path: PathBuf,
    /// Nothing where the file is not there, or is another build.
    loader: RefCell<Option<Loader>>,
    /// Addresses that this loader has looked up.
    looked_up: Cell<usize>,
    known: RefCell<HashMap<u64, Frames>>,
}

/// A part of the file that is mapped: where it is in the file, and where the file wants it in memory.
struct Segment {
    offset: u64,
    size: u64,
    address: u64,
}

struct Headers {
    build_id: Option<String>,
    segments: Vec<Segment>,
}

impl Module {
    /// Opens the program that was measured, and insists on the right one.
    pub(super) fn program(path: &Path, build_id: &str) -> Result<Module, Error> {
        let unreadable = |source: AnyError| Error::BinaryUnreadable {
            path: path.into(),
            build_id: if build_id.is_empty() { "unknown" } else { build_id }.to_owned(),
            source,
        };
        let headers = read_headers(path).map_err(unreadable)?;
        if !is_same_build(build_id, headers.build_id.as_deref()) {
            return Err(Error::OtherBinary {
                path: path.into(),
                expected: build_id.to_owned(),
                found: headers.build_id.unwrap_or_else(|| "missing".to_owned()),
            });
        }
        let loader = Loader::new(path).map_err(|error| unreadable(error.to_string().into()))?;
        Ok(Module {
            is_program: true,
            ..Module::new(path, headers.segments, Some(loader))
        })
    }

    /// Opens a shared library if it is there and is the right one; otherwise its frames have offsets only.
    pub(super) fn library(mapping: &Mapping) -> Module {
        let path = Path::new(&*mapping.file);
        let same_build = |headers: &Headers| is_same_build(&mapping.build_id, headers.build_id.as_deref());
        match read_headers(path).ok().filter(same_build) {
            Some(headers) => Module::new(path, headers.segments, Loader::new(path).ok()),
            None => Module::new(path, Vec::new(), None),
        }
    }

    fn new(path: &Path, segments: Vec<Segment>, loader: Option<Loader>) -> Module {
        let name = path
            .file_name()
            .unwrap_or(path.as_os_str())
            .to_string_lossy()
            .into_owned();
        let name = if name.is_empty() {
            "unknown".to_owned()
        } else {
            name
        };
        Module {
            name,
            is_program: false,
            segments,
            path: path.to_owned(),
            loader: RefCell::new(loader),
            looked_up: Cell::new(0),
            known: RefCell::default(),
        }
    }

    /// What is at an address of the process, or of the file where the mapping is a token one: inlined functions first.
    pub(super) fn frames(&self, mapping: &Mapping, address: u64) -> Frames {
        let Some(file_address) = self.file_address(mapping, address) else {
            let offset = address.wrapping_sub(mapping.start).wrapping_add(mapping.offset);
            return self.nameless(offset);
        };
        let known = self.known.borrow().get(&file_address).cloned();
        known.unwrap_or_else(|| {
            let frames = self.look_up(file_address);
            self.known.borrow_mut().insert(file_address, frames.clone());
            frames
        })
    }

    /// What its symbols say of these addresses, which are the file's own; nothing where the file is not there.
    pub(super) fn symbols(&self, asked: &[(SymbolOf, u64)]) -> Symbols {
        let is_there = !self.segments.is_empty();
        if is_there {
            symbols_at(&self.path, asked)
        } else {
            Symbols::default()
        }
    }

    /// `FILE+0x1234`
    pub(super) fn nameless_name(&self, address: u64) -> String {
        format!("{}+{address:#x}", self.name)
    }

    /// A position-independent program is loaded anywhere. Process address -> offset in the file, by the mapping ->
    /// the address that the file's own tables use, by the program headers.
    fn file_address(&self, mapping: &Mapping, address: u64) -> Option<u64> {
        if mapping.is_token() {
            return Some(address);
        }
        let offset = address.checked_sub(mapping.start)?.checked_add(mapping.offset)?;
        let holds = |segment: &&Segment| {
            offset
                .checked_sub(segment.offset)
                .is_some_and(|at| at < segment.size)
        };
        let segment = self.segments.iter().find(holds)?;
        (offset - segment.offset).checked_add(segment.address)
    }

    /// A loader keeps all that it has read of the file: begun anew after so many addresses, what it takes is bounded.
    fn forget_now_and_then(&self) {
        self.looked_up.set(self.looked_up.get() + 1);
        if self.looked_up.get() <= MOST_LOOKED_UP {
            return;
        }
        self.looked_up.set(0);
        let mut loader = self.loader.borrow_mut();
        // The old one first, or there would be two. A file that is gone by now leaves the rest without names.
        if loader.take().is_some() {
            *loader = Loader::new(&self.path).ok();
        }
    }

    fn look_up(&self, address: u64) -> Frames {
        self.forget_now_and_then();
        let loader = self.loader.borrow();
        let Some(loader) = &*loader else {
            return self.nameless(address);
        };
        let mut frames = Vec::new();
        if let Ok(mut found) = loader.find_frames(address) {
            while let Ok(Some(frame)) = found.next() {
                let name = frame
                    .function
                    .as_ref()
                    .and_then(|name| Some(name.raw_name().ok()?.into_owned()));
                let file = frame
                    .location
                    .as_ref()
                    .and_then(|location| location.file)
                    .map(str::to_owned);
                frames.push((name, file, frame.location.and_then(|location| location.line)));
            }
        }
        if frames.is_empty() {
            frames.push((None, None, None));
        }
        let last = frames.len() - 1;
        let symbol = || loader.find_symbol(address).map(str::to_owned);
        let frame = |(at, (name, file, line)): (usize, RawFrame)| {
            let name = name.or_else(|| (at == last).then(symbol).flatten());
            let name = name.map_or_else(|| self.nameless_name(address), |name| demangle(&name));
            Arc::new(self.frame(name, file, line, at < last))
        };
        frames.into_iter().enumerate().map(frame).collect()
    }

    fn frame(&self, name: String, file: Option<String>, line: Option<u32>, inlined: bool) -> Frame {
        if self.is_program {
            Frame::of_program(name, file, line, inlined)
        } else {
            Frame {
                file,
                line,
                inlined,
                ..Frame::unknown(name)
            }
        }
    }

    fn nameless(&self, address: u64) -> Frames {
        Frames::from([Arc::new(Frame::unknown(self.nameless_name(address)))])
    }
}

/// Where the snapshot has no build id, there is nothing to compare.
fn is_same_build(expected: &str, found: Option<&str>) -> bool {
    expected.is_empty() || found.is_some_and(|found| found.eq_ignore_ascii_case(expected))
}

fn read_headers(path: &Path) -> Result<Headers, AnyError> {
    // Opening a pipe or a device could wait for ever, or have effects.
    if !std::fs::metadata(path)?.is_file() {
        return Err("it is no regular file".into());
    }
    let cache = ReadCache::new(File::open(path)?);
    let object = object::File::parse(&cache)?;
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let segment = |segment: object::Segment<'_, '_, _>| {
        let (offset, size) = segment.file_range();
        Segment {
            offset,
            size,
            address: segment.address(),
        }
    };
    Ok(Headers {
        build_id: object.build_id()?.map(hex),
        segments: object.segments().map(segment).collect(),
    })
}
