//! From addresses to names, from the line tables of the binaries on disk, outside of the measured process.
//!
//! [`Symbolizer`] keeps what it has opened and looked up, so that several snapshots of one program cost hardly more than
//! one. `module` knows about ELF files, `symbols` about their symbols, `allocators` which of these are jemalloc's; `frame`
//! about where a function's source comes from; `name` writes names into files.

mod allocators;
mod frame;
mod module;
mod name;
mod symbols;

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;

pub use frame::{Frame, Origin};
use module::Module;
pub use module::build_id_of;
pub(crate) use symbols::{Symbol, SymbolOf, Symbols};

use crate::model::{Label, Location, Mapping, Period, Profile, SampleType, text};
use crate::{Error, INUSE_OBJECTS, INUSE_SPACE};

/// The most frames that the stacks of all rows of a symbolized snapshot may have together: about 64 million. A stack counts
/// for each row that has it.
pub const MAX_FRAMES: usize = 64 << 20;

/// A snapshot with names instead of addresses.
#[derive(Debug, Clone, Default)]
pub struct Symbolized {
    /// What each sample's values mean, in their order.
    pub sample_types: Vec<SampleType>,
    /// The stacks and their values.
    pub samples: Vec<SymbolizedSample>,
    /// The program that was measured, where the file says.
    pub program: Option<Program>,
    /// When it was taken, in nanoseconds since 1970; 0 where the file does not say.
    pub time_nanos: i64,
    /// The mean distance between samples.
    pub period: Option<Period>,
    /// The service's GraphQL schema in the definition language; empty where the file has none.
    pub sdl: Arc<str>,
    /// What the snapshot says besides its samples, as JSON; see [`Symbolized::info`].
    pub account: Arc<str>,
}

/// A stack by name, and what was allocated there.
#[derive(Debug, Clone, Default)]
pub struct SymbolizedSample {
    /// The leaf first; inlined functions have frames of their own. Rows with the same stack share it: the allocated and
    /// the live of each cohort, operation and size, as the recorder writes them.
    pub stack: Arc<[Arc<Frame>]>,
    /// One value for each of [`Symbolized::sample_types`].
    pub values: Vec<i64>,
    /// What else is known of these allocations.
    pub labels: Vec<Label>,
}

/// The program that was measured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Program {
    /// Its path, on the machine that it ran on.
    pub file: Arc<str>,
    /// Its build id in hexadecimal, or nothing.
    pub build_id: Arc<str>,
}

impl Symbolized {
    /// Where the live bytes stand among each sample's values.
    ///
    /// # Errors
    /// Where the file has none.
    pub fn live_bytes_index(&self) -> Result<usize, Error> {
        let kinds: Vec<&str> = self.sample_types.iter().map(|each| &*each.kind).collect();
        let no_such_type = || Error::NoSuchType {
            wanted: INUSE_SPACE,
            found: kinds.join(", "),
        };
        kinds
            .iter()
            .position(|kind| *kind == INUSE_SPACE)
            .ok_or_else(no_such_type)
    }

    /// Where the live objects stand among each sample's values, if the file has them.
    pub fn live_objects_index(&self) -> Option<usize> {
        self.sample_types
            .iter()
            .position(|each| &*each.kind == INUSE_OBJECTS)
    }
}

impl SymbolizedSample {
    /// The text of a label, such as the operation; nothing where it has none, or a number.
    pub fn text(&self, label: &str) -> Option<&str> {
        text(&self.labels, label)
    }
}

/// Looks addresses up. Each address of a file is looked up once, however many snapshots have it.
#[derive(Default)]
pub struct Symbolizer {
    binary: Option<PathBuf>,
    candidates: Vec<PathBuf>,
    modules: HashMap<(Arc<str>, Arc<str>), Rc<Module>>,
}

type Frames = Arc<[Arc<Frame>]>;

const TOO_MANY_FRAMES: Error = Error::TooMany {
    what: "frames",
    limit: MAX_FRAMES,
};

impl Symbolizer {
    /// Looks where the snapshots themselves say.
    pub fn new() -> Symbolizer {
        Symbolizer::default()
    }

    /// Takes this file for the program that was measured, wherever the snapshot says that it was.
    pub fn with_binary(mut self, path: impl Into<PathBuf>) -> Symbolizer {
        self.binary = Some(path.into());
        self
    }

    /// Where the program is not found, or is another build: takes this file if its build id is the right one.
    pub fn with_candidate(mut self, path: impl Into<PathBuf>) -> Symbolizer {
        self.candidates.push(path.into());
        self
    }

    /// Names all stacks. Names that the file has already are kept, and need no binary.
    ///
    /// # Errors
    /// Where the program is not there or is not the one that took the snapshot. What cannot be read of shared
    /// libraries is no error: those frames read `libc.so.6+0x1234`.
    pub fn symbolize(&mut self, profile: &Profile) -> Result<Symbolized, Error> {
        let locations = self.locations(profile)?;
        // The keys are the file's: a hasher that it could make collide will not do.
        let mut stacks: HashMap<&[usize], Frames> = HashMap::new();
        let mut budget = MAX_FRAMES;
        let mut samples = Vec::with_capacity(profile.samples.len());
        for sample in &profile.samples {
            let stack = match stacks.entry(&sample.stack) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(new) => new.insert(joined(&sample.stack, &locations, budget)?),
            };
            budget = budget.checked_sub(stack.len()).ok_or(TOO_MANY_FRAMES)?;
            samples.push(SymbolizedSample {
                stack: stack.clone(),
                values: sample.values.clone(),
                labels: sample.labels.clone(),
            });
        }
        let program = profile.program().map(|mapping| Program {
            file: mapping.file.clone(),
            build_id: mapping.build_id.clone(),
        });
        Ok(Symbolized {
            sample_types: profile.sample_types.clone(),
            samples,
            program,
            time_nanos: profile.time_nanos,
            period: profile.period.clone(),
            sdl: profile.sdl.clone(),
            account: profile.account.clone(),
        })
    }

    fn locations(&mut self, profile: &Profile) -> Result<Vec<Frames>, Error> {
        let mut by_mapping: HashMap<usize, Rc<Module>> = HashMap::new();
        let unknown: Frames = Frames::from([]);
        let mut frames = vec![unknown; profile.locations.len()];
        // Neighbours in the file are looked up one after the other: what describes them is read once.
        let mut order: Vec<usize> = (0..profile.locations.len()).collect();
        order.sort_by_key(|at| profile.locations[*at].address);
        for at in order {
            let location = &profile.locations[at];
            let mapped = location
                .mapping
                .and_then(|index| Some((index, profile.mappings.get(index)?)));
            frames[at] = match mapped {
                _ if !location.lines.is_empty() => named_already(location, profile),
                None => Frames::from([Arc::new(Frame::unknown(format!("{:#x}", location.address)))]),
                Some((index, mapping)) => {
                    let module = match by_mapping.entry(index) {
                        Entry::Occupied(known) => known.into_mut(),
                        Entry::Vacant(new) => new.insert(self.module(mapping, profile)?),
                    };
                    module.frames(mapping, location.address)
                }
            };
        }
        Ok(frames)
    }

    /// What the symbols of a file that was mapped say of these addresses, which are the file's own; and how to call one
    /// that has no symbol.
    ///
    /// # Errors
    /// As for [`Symbolizer::symbolize`].
    pub(crate) fn symbols(
        &mut self,
        mapping: &Mapping,
        profile: &Profile,
        asked: &[(SymbolOf, u64)],
    ) -> Result<(Symbols, impl Fn(u64) -> String + use<>), Error> {
        let module = self.module(mapping, profile)?;
        let symbols = module.symbols(asked);
        Ok((symbols, move |address| module.nameless_name(address)))
    }

    fn module(&mut self, mapping: &Mapping, profile: &Profile) -> Result<Rc<Module>, Error> {
        let key = (mapping.file.clone(), mapping.build_id.clone());
        if let Some(module) = self.modules.get(&key) {
            return Ok(module.clone());
        }
        let is_program = profile
            .program()
            .is_some_and(|program| program.file == mapping.file);
        let module = if is_program {
            self.open_program(mapping)?
        } else {
            Module::library(mapping)
        };
        let module = Rc::new(module);
        self.modules.insert(key, module.clone());
        Ok(module)
    }

    fn open_program(&self, mapping: &Mapping) -> Result<Module, Error> {
        let path = self.binary.as_deref().unwrap_or(Path::new(&*mapping.file));
        let error = match Module::program(path, &mapping.build_id) {
            Ok(module) => return Ok(module),
            Err(error) => error,
        };
        // Whoever names a binary means that one. And without a build id, any file would pass for the right one.
        if self.binary.is_some() || mapping.build_id.is_empty() {
            return Err(error);
        }
        let mut candidates = self
            .candidates
            .iter()
            .map(|path| Module::program(path, &mapping.build_id));
        candidates.find_map(Result::ok).ok_or(error)
    }
}

/// The frames of all these locations, if there are no more than `budget`.
fn joined(indices: &[usize], locations: &[Frames], budget: usize) -> Result<Frames, Error> {
    let of_each = indices.iter().filter_map(|index| locations.get(*index));
    let len: usize = of_each.clone().map(|frames| frames.len()).sum();
    if len > budget {
        return Err(TOO_MANY_FRAMES);
    }
    Ok(of_each.flat_map(|frames| frames.iter().cloned()).collect())
}

fn named_already(location: &Location, profile: &Profile) -> Frames {
    let program = profile.program().map(|program| &program.file);
    let mapping = location.mapping.and_then(|index| profile.mappings.get(index));
    let is_program = mapping.is_none_or(|mapping| Some(&mapping.file) == program);
    let last = location.lines.len().saturating_sub(1);
    let frame = |(at, line): (usize, &crate::Line)| {
        let function = profile.functions.get(line.function)?;
        let name = if function.name.is_empty() {
            &function.system_name
        } else {
            &function.name
        };
        let file = (!function.file.is_empty()).then(|| function.file.to_string());
        let line = u32::try_from(line.line).ok().filter(|line| *line > 0);
        let mut frame = Frame::of_program(frame::demangle(name), file, line, at < last);
        if !is_program {
            // As where a shared library is looked up: nobody's but its own.
            frame.origin = Origin::Unknown;
        }
        Some(Arc::new(frame))
    };
    location.lines.iter().enumerate().filter_map(frame).collect()
}
