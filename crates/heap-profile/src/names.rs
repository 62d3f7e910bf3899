//! Reading the demangled names of Rust functions, of either mangling.
//!
//! As they come: `<proto::Query>::leak::{closure#0}` and `<Vec<T> as Trait>::push` (v0),
//! `proto::Query::leak::{{closure}}` (legacy), `{async_fn#0}<proto::Query>` (debug information without linkage names).

mod bare;
mod method;

use std::borrow::Cow;

pub(crate) use bare::without_arguments;
pub use method::{Method, arguments, last_segment, method};
pub(crate) use method::{list, without_references};

/// The function that a closure or the body of an `async fn` belongs to: the name without trailing `::{closure#0}`.
pub fn without_closures(function: &str) -> &str {
    // All bodies have a brace. Most names have none, and need not be taken apart.
    if !function.contains('{') {
        return function;
    }
    cut_closures(function, &mut separators_outside(function))
}

/// The same for a name whose separators are known; they are cut off with the closures.
fn cut_closures<'a>(function: &'a str, separators: &mut Vec<usize>) -> &'a str {
    const BODIES: [&str; 5] = [
        "{closure",
        "{{closure}}",
        "{async_fn",
        "{async_block",
        "{async_closure",
    ];
    let mut end = function.len();
    while let Some(mut last) = separators.len().checked_sub(1) {
        // A turbofish belongs to the segment before it.
        if function[separators[last] + 2..end].starts_with('<') {
            match last.checked_sub(1) {
                Some(before) => last = before,
                None => break,
            }
        }
        let start = separators[last];
        if !BODIES.iter().any(|body| function[start + 2..].starts_with(body)) {
            break;
        }
        end = start;
        separators.truncate(last);
    }
    &function[..end]
}

/// Where `::` stands outside of all brackets.
pub(crate) fn separators_outside(name: &str) -> Vec<usize> {
    let bytes = name.as_bytes();
    let mut depth = 0i32;
    let mut found = Vec::with_capacity(8);
    for (at, &byte) in bytes.iter().enumerate() {
        match byte {
            b'<' | b'(' | b'[' | b'{' => depth += 1,
            b'>' if at > 0 && bytes[at - 1] == b'-' => {}
            b'>' | b')' | b']' | b'}' => depth -= 1,
            b':' if depth == 0 && bytes.get(at + 1) == Some(&b':') && (at == 0 || bytes[at - 1] != b':') => {
                found.push(at);
            }
            _ => {}
        }
    }
    found
}

/// The crate that a function is defined in, or whose type it is a method of: `proto` for all examples of this module.
/// Nothing where the name has no path.
pub fn crate_of(function: &str) -> Option<&str> {
    let path = function.trim_start_matches(['<', '&', '*', '[', '(']);
    let path = ["impl ", "dyn ", "mut ", "const "]
        .iter()
        .fold(path, |path, word| path.trim_start_matches(word));
    let end = path.find(|c: char| !is_identifier(c)).unwrap_or(path.len());
    (end > 0 && path[end..].starts_with("::")).then(|| &path[..end])
}

/// Says whether the name speaks of something in this crate, in a type argument for example.
pub fn mentions_crate(function: &str, krate: &str) -> bool {
    function.match_indices(krate).any(|(at, _)| {
        let before = function[..at].chars().next_back();
        function[at + krate.len()..].starts_with("::")
            && !before.is_some_and(|c| is_identifier(c) || c == ':')
    })
}

/// Says whether the function has type arguments, or is a method of a type that has. Legacy names never tell.
pub fn is_generic(function: &str) -> bool {
    function.match_indices('<').any(|(at, _)| {
        let before = &function[..at];
        let turbofish = before.ends_with("::") && !function[at..].starts_with("<impl ");
        turbofish || before.ends_with(is_identifier)
    })
}

/// Says whether this is part of the way into the allocator, rather than something that allocates.
///
/// The compiler writes these functions at the place of the `#[global_allocator]`, so by their source file they would
/// pass for the program's own, and name every call site there is.
pub fn is_allocator(function: &str) -> bool {
    // Nearly all names: to find their last segment takes a look at each bracket.
    if !function.contains("__r") && !function.contains("GlobalAlloc") {
        return false;
    }
    let last = separators_outside(function)
        .last()
        .map_or(0, |separator| separator + 2);
    ["__rust_alloc", "__rust_realloc", "__rg_", "__rdl_"]
        .iter()
        .any(|prefix| function[last..].starts_with(prefix))
        || function.contains(" as core::alloc::global::GlobalAlloc>::")
}

/// Says whether this is the instrument's own: what wraps requests and tasks is on their stacks, and is nobody's doing.
/// It is told by its crates, since a service may have them from anywhere.
pub fn is_instrument(function: &str) -> bool {
    matches!(crate_of(function), Some("heap_recorder" | "heap_admin"))
}

/// Says whether the frame polls a spawned task. What is further from the leaf is the runtime, and whichever thread
/// happened to run it: it says nothing about the task.
pub fn is_task_poll(function: &str) -> bool {
    const POLLS: [&str; 3] = [
        "tokio::runtime::task::raw::poll",
        "tokio::runtime::task::harness::Harness",
        "async_task::raw::RawTask",
    ];
    let path = function.trim_start_matches('<');
    POLLS.iter().any(|poll| path.starts_with(poll))
}

/// A name that fits a table: paths inside of brackets keep their last segment, `<T>::method` becomes `T::method`.
/// `<alloc::vec::Vec<proto::Item>>::push` reads `alloc::vec::Vec<Item>::push`.
pub fn short(function: &str) -> String {
    let name = without_outer_brackets(function);
    let mut out = String::with_capacity(name.len());
    let (mut at, mut depth, mut is_first) = (0, 0i32, true);
    while let Some(next) = name[at..].chars().next() {
        let path = &name[at..at + path_len(&name[at..])];
        if path.is_empty() {
            match next {
                '<' | '(' | '[' => depth += 1,
                '>' if name[..at].ends_with('-') => {}
                '>' | ')' | ']' => depth -= 1,
                _ => {}
            }
            out.push(next);
            at += next.len_utf8();
        } else {
            // The path that begins the name, even as `<path as Trait>`, says where it belongs and is kept.
            out.push_str(if depth > 0 && !is_first {
                telling_segment(path)
            } else {
                path
            });
            is_first = false;
            at += path.len();
        }
    }
    out
}

/// `<T>::method` as `T::method`; `<T as Trait>::method` as it is.
fn without_outer_brackets(function: &str) -> Cow<'_, str> {
    let Some(inner) = function.strip_prefix('<') else {
        return Cow::Borrowed(function);
    };
    let mut depth = 1;
    for (at, c) in inner.char_indices() {
        match c {
            '<' => depth += 1,
            '>' if !inner[..at].ends_with('-') => depth -= 1,
            ' ' if depth == 1 && inner[at..].starts_with(" as ") => return Cow::Borrowed(function),
            _ => {}
        }
        if depth == 0 {
            return Cow::Owned(format!("{}{}", &inner[..at], &inner[at + 1..]));
        }
    }
    Cow::Borrowed(function)
}

/// How much of the text, from its start, is one path: identifiers, `::`, and segments such as `{closure#0}`.
fn path_len(text: &str) -> usize {
    let is_path = |c: char| is_identifier(c) || matches!(c, '{' | '}' | '#');
    let (mut end, mut rest) = (0, text);
    loop {
        let word = rest.find(|c: char| !is_path(c)).unwrap_or(rest.len());
        if word == 0 {
            return end;
        }
        end += word;
        match text[end..].strip_prefix("::") {
            Some(more) => (end, rest) = (end + 2, more),
            None => return end,
        }
    }
}

/// `c::` of `a::b::c::`, and `b::{closure#0}` of `a::b::{closure#0}`, which would say nothing alone.
fn telling_segment(path: &str) -> &str {
    let mut start = path.len() - path.strip_suffix("::").map_or(0, |_| 2);
    while let Some(separator) = path[..start].rfind("::") {
        start = separator + 2;
        if !path[start..].starts_with('{') {
            return &path[start..];
        }
        start = separator;
    }
    path
}

fn is_identifier(c: char) -> bool {
    c == '_' || c.is_alphanumeric()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_belongs_to_its_function() {
        for (name, function) in [
            ("<p::Query>::leak::{closure#0}", "<p::Query>::leak"),
            ("p::Query::leak::{{closure}}::{{closure}}", "p::Query::leak"),
            (
                "<L<p::A>>::load::<u32>::{closure#0}::<T>",
                "<L<p::A>>::load::<u32>",
            ),
            ("p::plain", "p::plain"),
            ("{async_fn#0}<p::Query>", "{async_fn#0}<p::Query>"),
            (
                "<F as Fn<(), fn() -> p::T>>::call::{closure#1}",
                "<F as Fn<(), fn() -> p::T>>::call",
            ),
        ] {
            assert_eq!(without_closures(name), function);
        }
    }

    #[test]
    fn short_names_keep_what_names_the_site() {
        for (name, expected) in [
            (
                "<alloc::vec::Vec<proto::Item>>::push",
                "alloc::vec::Vec<Item>::push",
            ),
            (
                "<p::Query as engine::ContainerType>::resolve_field",
                "<p::Query as ContainerType>::resolve_field",
            ),
            (
                "p::_::<impl p::Query>::__leak_resolver",
                "p::_::<impl Query>::__leak_resolver",
            ),
            (
                "a::b::call::<c::d::{closure#0}, fn(x::Y) -> z::W>",
                "a::b::call::<d::{closure#0}, fn(Y) -> W>",
            ),
            ("p::Query::leak", "p::Query::leak"),
            ("<", "<"),
            ("<é::ü<", "<é::ü<"),
        ] {
            assert_eq!(short(name), expected);
        }
    }

    #[test]
    fn a_name_tells_its_crate_and_whether_it_is_generic() {
        assert_eq!(crate_of("<&mut proto::Query as a::B>::c"), Some("proto"));
        assert_eq!(crate_of("main"), None);
        assert!(mentions_crate("<DataLoader<proto::Loader>>::load", "proto"));
        assert!(!mentions_crate(
            "<DataLoader<engine::proto::Loader, myproto::X>>::load",
            "proto"
        ));
        assert!(is_generic("<moka::Cache<u32, T>>::insert") && is_generic("a::b::<u32>"));
        assert!(!is_generic("<a::B as c::D>::e") && !is_generic("p::_::<impl p::Query>::x"));
    }

    #[test]
    fn the_way_into_the_allocator_is_told_from_what_allocates() {
        assert!(is_allocator("__rustc::__rust_alloc_zeroed") && is_allocator("__rg_alloc"));
        assert!(is_allocator(
            "<jemalloc::Jemalloc as core::alloc::global::GlobalAlloc>::alloc"
        ));
        assert!(!is_allocator("<alloc::vec::Vec<u8>>::with_capacity"));
    }
}
