//! Which symbols of a file are jemalloc's own. Most say so by their prefix. Variables that one of its source files has for
//! itself have none; but in the table they stand after the name of that file.

use std::ops::Range;

use object::{ObjectSymbol, ObjectSymbolTable, SymbolKind};

/// What jemalloc's functions begin with, and all that its files share.
const PREFIXES: [&str; 2] = ["_rjem_", "je_"];

/// Its source files, without the ending.
#[rustfmt::skip]
const FILES: [&str; 67] = [
    "arena", "background_thread", "base", "bin", "bin_info", "bitmap", "buf_writer", "cache_bin", "ckh", "conf",
    "counter", "ctl", "decay", "div", "ecache", "edata", "edata_cache", "ehooks", "emap", "eset", "exp_grow", "extent",
    "extent_dss", "extent_mmap", "fxp", "hook", "hpa", "hpa_central", "hpa_hooks", "hpa_utils", "hpdata", "inspect",
    "jemalloc", "large", "log", "malloc_io", "mutex", "nstime", "pa", "pa_extra", "pac", "pages", "peak_event", "prof",
    "prof_data", "prof_log", "prof_recent", "prof_stack_range", "prof_stats", "prof_sys", "psset", "rtree",
    "safety_check", "san", "san_bump", "sc", "sec", "stats", "sz", "tcache", "test_hooks", "thread_event",
    "thread_event_registry", "ticker", "tsd", "util", "witness",
];

/// The indices of symbols that are jemalloc's by the file that they stand after.
pub(super) fn ranges<'data>(table: &impl ObjectSymbolTable<'data>) -> Vec<Range<usize>> {
    let mut sections = Sections::default();
    // The local ones come first.
    for symbol in table.symbols().take_while(|symbol| symbol.is_local()) {
        let name = || symbol.name().unwrap_or_default();
        match symbol.kind() {
            SymbolKind::File => sections.begin(symbol.index().0, name()),
            _ => sections.add(symbol.index().0, name),
        }
    }
    sections.allocators(|| table.symbols().any(|symbol| symbol.name().is_ok_and(has_prefix)))
}

fn has_prefix(name: &str) -> bool {
    PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}

/// The local symbols of a program's C files.
#[derive(Default)]
struct Sections {
    all: Vec<Section>,
    is_open: bool,
}

struct Section {
    indices: Range<usize>,
    /// Whether the file is called like one of jemalloc's.
    is_known: bool,
    has_prefix: bool,
}

impl Sections {
    fn begin(&mut self, index: usize, file: &str) {
        let file = file.rsplit('/').next().unwrap_or(file);
        let c = file.strip_suffix(".c");
        self.is_open = c.is_some();
        self.all.extend(c.map(|name| Section {
            indices: index..index + 1,
            is_known: FILES.contains(&name),
            has_prefix: false,
        }));
    }

    fn add<'a>(&mut self, index: usize, name: impl Fn() -> &'a str) {
        if let Some(section) = self.all.last_mut().filter(|_| self.is_open) {
            section.indices.end = index + 1;
            section.has_prefix = section.has_prefix || has_prefix(name());
        }
    }

    /// Where the linker leaves a file's hidden functions with it, they tell whose it is. Where it puts those of all files
    /// last, the name has to do, if jemalloc is there at all.
    fn allocators(self, is_linked: impl FnOnce() -> bool) -> Vec<Range<usize>> {
        let mut of_prefix = self.all.iter().filter(|section| section.has_prefix).peekable();
        let indices = |section: &Section| section.indices.clone();
        if of_prefix.peek().is_some() {
            return of_prefix.map(indices).collect();
        }
        let mut known = self.all.iter().filter(|section| section.is_known).peekable();
        if known.peek().is_some() && is_linked() {
            return known.map(indices).collect();
        }
        Vec::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(symbols: &[&'static str]) -> Vec<Range<usize>> {
        let mut sections = Sections::default();
        for (index, name) in symbols.iter().enumerate() {
            match name.strip_prefix("FILE ") {
                Some(file) => sections.begin(index, file),
                None => sections.add(index, || name),
            }
        }
        sections.allocators(|| symbols.iter().any(|name| has_prefix(name)))
    }

    #[test]
    fn a_variable_without_a_prefix_is_the_allocators_where_its_file_is() {
        let table = [
            "FILE shop.cgu.0",
            "_RNvCs_4shop4KEPT",
            "FILE log.c",
            "lines",
            "FILE prof_data.c",
            "tdatas",
            "_rjem_je_prof_lookup",
            "FILE arena.c",
            "_rjem_je_arenas",
            "FILE std.cgu.0",
            "tdatas",
        ];
        assert_eq!(
            of(&table),
            [4..7, 7..9],
            "another program's log.c is not jemalloc's"
        );
    }

    #[test]
    fn where_hidden_functions_come_last_the_name_of_the_file_tells() {
        let table = [
            "FILE sqlite3.c",
            "cache",
            "FILE src/prof_data.c",
            "tdatas",
            "FILE base.c",
            "b0",
            "FILE ",
        ];
        assert!(of(&table).is_empty(), "there is no jemalloc");
        let linked: Vec<&str> = table.into_iter().chain(["_rjem_je_prof_lookup"]).collect();
        assert_eq!(of(&linked), [2..4, 4..6]);
    }
}
