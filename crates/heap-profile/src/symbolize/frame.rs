//! A frame of a stack, and whose code it is.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::names;

const ALLOCATORS: [&str; 4] = [
    "tikv-jemalloc-sys",
    "tikv-jemallocator",
    "jemalloc-sys",
    "jemallocator",
];

/// A function on a stack.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Frame {
    /// Its demangled name, or `module+0xoffset` where there is none.
    pub function: String,
    /// The source file, as the compiler has it.
    pub file: Option<String>,
    /// The line of the call, or of the allocation.
    pub line: Option<u32>,
    /// True where the compiler has put the function into the next frame's.
    pub inlined: bool,
    /// Whose code it is.
    pub origin: Origin,
}

/// Whose code a frame is, by its source path.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Origin {
    /// The program's own: what its authors can change.
    Own,
    /// A crate from a registry or a git checkout, or C code that one has built.
    Dependency {
        /// The crate.
        name: String,
        /// Its version, or revision, where the path has it.
        version: Option<String>,
    },
    /// The standard library, and the compiler's own functions.
    StandardLibrary,
    /// No source path, or a shared library's.
    Unknown,
}

impl Frame {
    /// A frame of which no more is known than where it is.
    pub fn unknown(function: impl Into<String>) -> Frame {
        Frame {
            function: function.into(),
            file: None,
            line: None,
            inlined: false,
            origin: Origin::Unknown,
        }
    }

    /// A frame of the measured program, its origin read from the source path.
    pub fn of_program(function: String, file: Option<String>, line: Option<u32>, inlined: bool) -> Frame {
        let origin = match &file {
            _ if names::is_allocator(&function) => Origin::StandardLibrary,
            _ if names::is_instrument(&function) => Origin::Dependency {
                name: names::crate_of(&function).unwrap_or_default().replace('_', "-"),
                version: None,
            },
            Some(file) => Origin::of_path(file),
            None => Origin::Unknown,
        };
        Frame {
            function,
            file,
            line,
            inlined,
            origin,
        }
    }

    /// True for the way into the allocator, and the allocator itself with its profiler: what is there in every stack.
    pub fn is_allocator(&self) -> bool {
        let by_crate =
            matches!(&self.origin, Origin::Dependency { name, .. } if ALLOCATORS.contains(&name.as_str()));
        by_crate || names::is_allocator(&self.function)
    }

    /// True for the program's own code.
    pub fn is_own(&self) -> bool {
        self.origin == Origin::Own
    }

    /// `file:line` with as much of the path as tells files apart: from the crate's folder on.
    pub fn place(&self) -> Option<String> {
        let file = short_path(self.file.as_deref()?, &self.origin);
        Some(
            self.line
                .map_or_else(|| file.to_owned(), |line| format!("{file}:{line}")),
        )
    }
}

impl Origin {
    /// Reads it from the path of a source file of a Rust program.
    pub fn of_path(path: &str) -> Origin {
        if path.is_empty() || path.starts_with('<') {
            return Origin::Unknown;
        }
        // `/rust/deps` holds the standard library's own dependencies, such as hashbrown.
        let is_std = path.starts_with("/rustc/")
            || path.starts_with("/rust/deps/")
            || path.contains("/lib/rustlib/src/rust/library/");
        if is_std {
            return Origin::StandardLibrary;
        }
        from_registry(path)
            .or_else(|| from_git(path))
            .or_else(|| built_from_c(path))
            .unwrap_or(Origin::Own)
    }
}

/// `.cargo/registry/src/INDEX/NAME-VERSION/...`
fn from_registry(path: &str) -> Option<Origin> {
    let folder = path.split_once("/registry/src/")?.1.split('/').nth(1)?;
    let version_starts = |at: &usize| {
        let mut parts = folder[at + 1..].split('.');
        parts
            .next()
            .is_some_and(|major| !major.is_empty() && major.bytes().all(|b| b.is_ascii_digit()))
            && parts.count() >= 2
    };
    let dash = folder.match_indices('-').map(|(at, _)| at).find(version_starts);
    let (name, version) = dash.map_or((folder, None), |at| {
        (&folder[..at], Some(folder[at + 1..].to_owned()))
    });
    Some(Origin::Dependency {
        name: name.to_owned(),
        version,
    })
}

/// `.cargo/git/checkouts/NAME-HASH/REVISION/...`
fn from_git(path: &str) -> Option<Origin> {
    let mut folders = path.split_once("/git/checkouts/")?.1.split('/');
    let repository = folders.next()?;
    let name = repository
        .rsplit_once('-')
        .map_or(repository, |(name, _hash)| name);
    Some(Origin::Dependency {
        name: name.to_owned(),
        version: folders.next().map(str::to_owned),
    })
}

/// `target/release/build/NAME-HASH/out/...`: a C library that a build script has unpacked and built. Rust code that is
/// generated there is as often the program's own as not, and stays so.
fn built_from_c(path: &str) -> Option<Origin> {
    let (before, inside) = path.split_once("/out/")?;
    let (name, hash) = before.rsplit_once("/build/")?.1.rsplit_once('-')?;
    let is_hash = hash.len() == 16 && hash.bytes().all(|b| b.is_ascii_hexdigit());
    let is_built = is_hash && !inside.ends_with(".rs");
    is_built.then(|| Origin::Dependency {
        name: name.to_owned(),
        version: None,
    })
}

fn short_path<'a>(path: &'a str, origin: &Origin) -> &'a str {
    let after = |marker: &str, skip: usize| {
        let rest = path.split_once(marker)?.1;
        let skipped: usize = rest.split('/').take(skip).map(|folder| folder.len() + 1).sum();
        rest.get(skipped..)
    };
    let shortened = match origin {
        Origin::Dependency { .. } => after("/registry/src/", 1).or_else(|| after("/git/checkouts/", 0)),
        Origin::StandardLibrary => after("/library/", 0),
        Origin::Own | Origin::Unknown => None,
    };
    shortened.unwrap_or_else(|| last_folders(path, 4))
}

fn last_folders(path: &str, folders: usize) -> &str {
    let start = path
        .rmatch_indices('/')
        .nth(folders - 1)
        .map_or(0, |(at, _)| at + 1);
    &path[start..]
}

/// Demangles either mangling, without hashes; anything else comes back as it is.
pub(super) fn demangle(name: &str) -> String {
    rustc_demangle::try_demangle(name).map_or_else(|_| name.to_owned(), |demangled| format!("{demangled:#}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dependency(name: &str, version: Option<&str>) -> Origin {
        Origin::Dependency {
            name: name.to_owned(),
            version: version.map(str::to_owned),
        }
    }

    #[test]
    fn the_source_path_tells_whose_code_it_is() {
        let registry = "/home/ada/.cargo/registry/src/index.crates.io-1949cf8c6b5b557f";
        for (path, origin) in [
            ("/home/ada/shop/src/main.rs".to_owned(), Origin::Own),
            (
                "/home/ada/shop/target/release/build/shop-0123456789abcdef/out/x.rs".to_owned(),
                Origin::Own,
            ),
            (
                "/s/target/release/build/lib-sys-0123456789abcdef/out/build/src/prof.c".to_owned(),
                dependency("lib-sys", None),
            ),
            (
                format!("{registry}/async-graphql-7.2.1/src/lib.rs"),
                dependency("async-graphql", Some("7.2.1")),
            ),
            (
                format!("{registry}/tikv-jemalloc-sys-0.7.1+5.3.1-0-g81/x.c"),
                dependency("tikv-jemalloc-sys", Some("0.7.1+5.3.1-0-g81")),
            ),
            (
                format!("{registry}/draw-2d-1.0.0-rc.1/src/lib.rs"),
                dependency("draw-2d", Some("1.0.0-rc.1")),
            ),
            (
                "/home/ada/.cargo/git/checkouts/my-lib-77/ab12/src/lib.rs".to_owned(),
                dependency("my-lib", Some("ab12")),
            ),
            (
                "/rustc/59807616/library/alloc/src/vec/mod.rs".to_owned(),
                Origin::StandardLibrary,
            ),
            (
                "/rust/deps/hashbrown-0.16.1/src/raw.rs".to_owned(),
                Origin::StandardLibrary,
            ),
            (
                "/r/toolchains/x/lib/rustlib/src/rust/library/core/src/ops/function.rs".to_owned(),
                Origin::StandardLibrary,
            ),
            ("<compiler>".to_owned(), Origin::Unknown),
        ] {
            assert_eq!(Origin::of_path(&path), origin, "{path}");
        }
    }

    #[test]
    fn the_instrument_is_a_dependency_wherever_it_was_built() {
        let file = || Some("/home/ada/shop/vendor/heap-recorder/src/future.rs".to_owned());
        let origin = |function: &str| Frame::of_program(function.to_owned(), file(), None, false).origin;
        let poll = "<heap_recorder::future::Labelled<shop::Load> as core::future::Future>::poll";
        assert_eq!(origin(poll), dependency("heap-recorder", None));
        assert_eq!(origin("<shop::Load<heap_recorder::Label>>::run"), Origin::Own);
    }

    #[test]
    fn places_are_short() {
        let place =
            |path: &str| Frame::of_program("f".to_owned(), Some(path.to_owned()), Some(7), false).place();
        assert_eq!(
            place("/a/b/.cargo/registry/src/index/x-1.2.3/src/y.rs").as_deref(),
            Some("x-1.2.3/src/y.rs:7")
        );
        assert_eq!(
            place("/rustc/59/library/alloc/src/vec.rs").as_deref(),
            Some("alloc/src/vec.rs:7")
        );
        assert_eq!(
            place("/home/ada/shop/problems/p00/mod.rs").as_deref(),
            Some("shop/problems/p00/mod.rs:7")
        );
        assert_eq!(place("src/main.rs").as_deref(), Some("src/main.rs:7"));
    }
}
