//! The answer of the frozen copy, read: addresses become those of files, sites become stacks.

use std::collections::HashMap;

use heap_profile::holders::{
    CodeAddress, Edge, Holder, MappedFile, Object, REFERENCE_GRAPH_VERSION, ReferenceGraph, Root,
    ScanFigures, Stopped, Task,
};

use super::{
    child::{
        found::{COMPLETE, EXPLORED, IS_ROOT, TASK},
        search::{ENDED, STOPPED_BY_LEVELS, STOPPED_BY_OBJECTS, STOPPED_BY_TIME},
        send::{EDGE, HEADER, MAGIC, NO_COUNT, OBJECT, ROOT, UNKNOWN},
    },
    places::{File, thread_and_file},
    question::{C_HEAP, Kind, MAPPED_FILE},
};
use crate::{Error, table::sites::Sites};

/// What is needed to understand an answer.
pub(super) struct Context<'c> {
    pub(super) files: &'c [File],
    pub(super) threads: &'c [String],
    /// For each thread whether it was waiting all the time.
    pub(super) waiting: &'c [bool],
    pub(super) table: &'c Sites,
}

/// # Errors
/// Where the answer is not whole.
pub(super) fn read(bytes: &[u8], context: &Context<'_>) -> Result<ReferenceGraph, Error> {
    let failed = || Error::Scan {
        reason: "the answer of the process's copy is not whole".to_owned(),
    };
    let mut words = Words(bytes);
    let header: [u64; HEADER] = words
        .next()
        .filter(|header| header[0] == MAGIC)
        .ok_or_else(failed)?;
    let [_, targets, objects, edges, roots, read, passes, stopped, own] = header;
    let mut reader = Reader {
        context,
        files: Files::new(context.files),
        stacks: HashMap::new(),
        graph: ReferenceGraph {
            version: REFERENCE_GRAPH_VERSION,
            targets: (0..targets as u32).collect(),
            ..ReferenceGraph::default()
        },
    };
    for _ in 0..objects {
        reader.object(words.next().ok_or_else(failed)?);
    }
    for _ in 0..edges {
        reader.edge(words.next().ok_or_else(failed)?);
    }
    for _ in 0..roots {
        reader.root(words.next().ok_or_else(failed)?);
    }
    let [copied] = words.next().ok_or_else(failed)?;
    reader.graph.figures = ScanFigures {
        read_bytes: read,
        passes: passes as u32,
        buffer_bytes: own,
        copied_bytes: (copied != UNKNOWN).then_some(copied),
        stopped: match stopped {
            STOPPED_BY_LEVELS => Some(Stopped::Levels),
            STOPPED_BY_TIME => Some(Stopped::Time),
            STOPPED_BY_OBJECTS => Some(Stopped::Objects),
            _ => {
                debug_assert_eq!(stopped, ENDED);
                None
            }
        },
        ..ScanFigures::default()
    };
    reader.graph.files = reader.files.named;
    Ok(reader.graph)
}

struct Words<'b>(&'b [u8]);

impl Words<'_> {
    fn next<const N: usize>(&mut self) -> Option<[u64; N]> {
        let (part, rest) = self.0.split_at_checked(N * size_of::<u64>())?;
        self.0 = rest;
        let mut words = part
            .as_chunks::<8>()
            .0
            .iter()
            .map(|word| u64::from_ne_bytes(*word));
        Some(std::array::from_fn(|_| words.next().unwrap_or(0)))
    }
}

struct Reader<'c> {
    context: &'c Context<'c>,
    files: Files<'c>,
    stacks: HashMap<u32, u32>,
    graph: ReferenceGraph,
}

impl Reader<'_> {
    fn object(&mut self, words: [u64; OBJECT]) {
        let [bytes, site, first, second, poll, flags] = words;
        let has = |flag: u32| flags & u64::from(flag) != 0;
        let poll = (poll != 0).then(|| self.files.address(poll as usize)).flatten();
        let object = Object {
            bytes,
            stack: u32::try_from(site)
                .ok()
                .filter(|_| site != UNKNOWN)
                .and_then(|site| self.stack(site)),
            words: [first, second].map(|count| if count == NO_COUNT { u64::MAX } else { count }),
            task: poll.filter(|_| has(TASK)).map(|poll| Task {
                poll,
                complete: has(COMPLETE),
            }),
            explored: has(EXPLORED),
        };
        self.graph.objects.push(object);
    }

    /// The stack of a site, entered once.
    fn stack(&mut self, site: u32) -> Option<u32> {
        if let Some(known) = self.stacks.get(&site) {
            return Some(*known);
        }
        let stack = self
            .context
            .table
            .sites
            .iter()
            .find(|known| known.id == site)?
            .stack;
        let frames = self.context.table.frames(stack).iter();
        // One before the address that a call returns to lies within the call.
        let frames = frames.filter_map(|returns_to| self.files.address(returns_to.wrapping_sub(1)));
        let position = self.graph.stacks.len() as u32;
        self.graph.stacks.push(frames.collect());
        self.stacks.insert(site, position);
        Some(position)
    }

    fn edge(&mut self, words: [u64; EDGE]) {
        let [holder, held, offset, into, chain, vtable] = words;
        let is_root = holder & u64::from(IS_ROOT) != 0;
        let holder = (holder & u64::from(!IS_ROOT)) as u32;
        self.graph.edges.push(Edge {
            holder: if is_root {
                Holder::Root(holder)
            } else {
                Holder::Object(holder)
            },
            held: held as u32,
            offset,
            into,
            chain,
            vtable: (vtable != 0)
                .then(|| self.files.address(vtable as usize))
                .flatten(),
        });
    }

    fn root(&mut self, words: [u64; ROOT]) {
        let [address, kind, owner] = words;
        let name = |thread: u32| {
            self.context
                .threads
                .get(thread as usize)
                .cloned()
                .unwrap_or_default()
        };
        let is = |wanted: Kind| kind == wanted as u64;
        let root = if is(Kind::Static) {
            let at = self.files.address(address as usize);
            at.map_or_else(|| outside(MAPPED_FILE), |at| Root::Static { at })
        } else if is(Kind::ThreadLocal) {
            let (thread, file) = thread_and_file(owner as u32);
            let at = CodeAddress {
                file: self.files.number(file as usize),
                address,
            };
            Root::ThreadLocal {
                at,
                thread: name(thread),
            }
        } else if is(Kind::Stack) {
            Root::Stack {
                thread: name(owner as u32),
                exact: self.context.waiting.get(owner as usize).copied().unwrap_or(false),
            }
        } else {
            outside(owner as u32)
        };
        self.graph.roots.push(root);
    }
}

fn outside(owner: u32) -> Root {
    let mapping = match owner {
        C_HEAP => "[heap]",
        MAPPED_FILE => "a mapped file",
        _ => "",
    };
    Root::Outside {
        mapping: mapping.to_owned(),
    }
}

/// The files that addresses are in; only those that have some are named.
struct Files<'c> {
    files: &'c [File],
    /// For each file its position among the named ones.
    positions: Vec<Option<u32>>,
    named: Vec<MappedFile>,
}

impl<'c> Files<'c> {
    fn new(files: &'c [File]) -> Self {
        let mut named = Self {
            files,
            positions: vec![None; files.len()],
            named: Vec::new(),
        };
        // The program is the first, whether or not it has any.
        named.number(0);
        named
    }

    fn number(&mut self, file: usize) -> u32 {
        let named = &mut self.named;
        let known = self.positions.get_mut(file).map(|position| {
            *position.get_or_insert_with(|| {
                let path = self
                    .files
                    .get(file)
                    .map(|file| file.path.clone())
                    .unwrap_or_default();
                named.push(MappedFile {
                    build_id: heap_profile::build_id_of(&path)
                        .ok()
                        .flatten()
                        .unwrap_or_default(),
                    path: path.to_string_lossy().into_owned(),
                });
                named.len() as u32 - 1
            })
        });
        known.unwrap_or(0)
    }

    /// An address as its file has it; nothing where it is in none.
    fn address(&mut self, address: usize) -> Option<CodeAddress> {
        let file = self.files.iter().position(|file| file.holds(address))?;
        let base = self.files.get(file)?.base;
        Some(CodeAddress {
            file: self.number(file),
            address: address.wrapping_sub(base) as u64,
        })
    }
}
