//! The symbols at some addresses of a file: of variables, of thread-local variables, of functions.
//!
//! The tables are gone through once for all addresses of a file, and of the names those alone are read that were asked
//! for: a program's tables have tens of thousands.

use std::fs::File;
use std::path::Path;

use object::read::ReadCache;
use object::{Object, ObjectSymbol, ObjectSymbolTable, SymbolIndex, SymbolKind};
use rustc_hash::FxHashMap;

use super::allocators;
use super::frame::demangle;

/// What an address is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum SymbolOf {
    /// A variable.
    Data,
    /// A thread-local variable: the address is the one within the thread-local part of the file.
    ThreadLocal,
    /// A function.
    Function,
}

/// The symbol that contains an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Symbol {
    /// Its name, demangled.
    pub(crate) name: String,
    /// How many bytes into it the address is.
    pub(crate) offset: u64,
    /// Whether it is the allocator's, by the file that it comes from.
    pub(crate) is_allocators: bool,
}

pub(crate) type Symbols = FxHashMap<(SymbolOf, u64), Symbol>;

/// The symbols of these addresses. What has none is left out, and so is everything where the file cannot be read.
pub(super) fn symbols_at(path: &Path, asked: &[(SymbolOf, u64)]) -> Symbols {
    if asked.is_empty() {
        return Symbols::default();
    }
    read(path, asked).unwrap_or_default()
}

fn read(path: &Path, asked: &[(SymbolOf, u64)]) -> Option<Symbols> {
    let cache = ReadCache::new(File::open(path).ok()?);
    let file = object::File::parse(&cache).ok()?;
    // A stripped program keeps the dynamic ones: those that others link against.
    let table = file
        .symbol_table()
        .filter(|table| table.symbols().next().is_some());
    let table = table.or_else(|| file.dynamic_symbol_table())?;
    let mut extents: Vec<Extent> = table.symbols().filter_map(|symbol| Extent::of(&symbol)).collect();
    extents.sort_unstable_by_key(|extent| (extent.of as u8, extent.start, extent.size));
    let allocators = allocators::ranges(&table);
    let is_allocators = |extent: &Extent| allocators.iter().any(|range| range.contains(&extent.index.0));
    let find = |(of, address): &(SymbolOf, u64)| {
        let name = |extent: &Extent| table.symbol_by_index(extent.index).ok()?.name().ok();
        let name = containing(&extents, *of, *address)
            .filter_map(|extent| Some((name(extent)?, extent)))
            .filter(|(name, _)| !is_anonymous(name))
            // Of two names for one thing, those of Rust first, and then by the alphabet: it is the same one each time.
            .min_by_key(|(name, extent)| (address - extent.start, !name.starts_with("_R"), *name));
        let symbol = |(name, extent): (&str, &Extent)| Symbol {
            name: demangle(name),
            offset: address - extent.start,
            is_allocators: is_allocators(extent),
        };
        name.map(|found| ((*of, *address), symbol(found)))
    };
    Some(asked.iter().filter_map(find).collect())
}

/// Where a symbol is.
struct Extent {
    of: SymbolOf,
    start: u64,
    size: u64,
    section: usize,
    index: SymbolIndex,
}

impl Extent {
    fn of<'data>(symbol: &impl ObjectSymbol<'data>) -> Option<Extent> {
        let of = match symbol.kind() {
            SymbolKind::Data => SymbolOf::Data,
            SymbolKind::Tls => SymbolOf::ThreadLocal,
            SymbolKind::Text => SymbolOf::Function,
            _ => return None,
        };
        let section = symbol.section_index()?.0;
        Some(Extent {
            of,
            start: symbol.address(),
            size: symbol.size(),
            section,
            index: symbol.index(),
        })
    }

    fn contains(&self, address: u64) -> bool {
        address - self.start < self.size
    }
}

/// How far back a symbol is looked for that contains an address: there may be others within it, or beside it.
const MOST_NESTED: usize = 16;

/// The symbols that contain the address; if none does, the one before it, if that has no size, as in assembly.
fn containing(extents: &[Extent], of: SymbolOf, address: u64) -> impl Iterator<Item = &Extent> {
    let end = extents.partition_point(|extent| (extent.of as u8, extent.start) <= (of as u8, address));
    let before = || {
        extents[..end]
            .iter()
            .rev()
            .take_while(move |extent| extent.of == of)
    };
    let contains = move |extent: &&Extent| extent.contains(address);
    let found = before().take(MOST_NESTED).any(|extent| extent.contains(address));
    let next = extents.get(end).filter(|next| next.of == of);
    let nearest = before().next().filter(|nearest| {
        let same_section = next.is_none_or(|next| next.section == nearest.section);
        !found && nearest.size == 0 && same_section
    });
    before().take(MOST_NESTED).filter(contains).chain(nearest)
}

/// True for constants that the compiler numbers.
fn is_anonymous(name: &str) -> bool {
    name.is_empty() || name.starts_with("anon.") || name.starts_with(".L")
}
