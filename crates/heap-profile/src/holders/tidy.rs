//! What symbols are called, without what macros, wrappers and the compiler put around: of a variable its own name, of a
//! task the function that makes its future, of a vtable the type.

use crate::names::{arguments, separators_outside, without_closures};

/// What `thread_local!` and `lazy_static!` call the variable within the one that they are asked for.
const INNER: [&str; 7] = [
    "__RUST_STD_INTERNAL_VAL",
    "__KEY",
    "__getit",
    "__stability",
    "VAL",
    "LAZY",
    "deref",
];

/// What a future may be wrapped in, and which type argument is the future.
const WRAPPERS: [(&str, usize); 10] = [
    ("alloc::boxed::Box", 0),
    ("core::pin::Pin", 0),
    ("futures_util::abortable::Abortable", 0),
    ("heap_recorder::future::Labelled", 0),
    ("tokio::runtime::blocking::task::BlockingTask", 0),
    ("tokio::task::coop::unconstrained::Unconstrained", 0),
    ("tokio::task::task_local::TaskLocalFuture", 1),
    ("tokio::time::timeout::Timeout", 0),
    ("tracing::instrument::Instrumented", 0),
    ("tracing_futures::Instrumented", 0),
];

/// `shop::CACHE` of `shop::CACHE::{K#0}::{closure#0}::__RUST_STD_INTERNAL_VAL`, `shop::list::SEEN` of
/// `shop::list::{closure#1}::SEEN`.
pub(super) fn variable(symbol: &str) -> String {
    let mut segments = segments(symbol);
    let is_body = |segment: &&str| segment.starts_with('{');
    let is_marked = segments
        .iter()
        .any(|segment| is_body(segment) || segment.starts_with("__"));
    while let [_, .., last] = segments[..]
        && (is_body(&last) || (is_marked && INNER.contains(&last)))
    {
        segments.pop();
    }
    segments.retain(|segment| !is_body(segment));
    if let [only] = segments[..]
        && let Some((of, _)) = only.strip_prefix('<').and_then(|only| only.split_once(" as "))
    {
        // `lazy_static!` makes a type of the variable, and has the value in its `Deref`.
        return of.to_owned();
    }
    without_number(&segments.join("::")).to_owned()
}

/// `cache` of `cache.12`, as C compilers call a variable within a function.
fn without_number(name: &str) -> &str {
    match name.rsplit_once('.') {
        Some((before, number)) if !before.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()) => {
            before
        }
        _ => name,
    }
}

fn segments(name: &str) -> Vec<&str> {
    let mut start = 0;
    let mut found = Vec::new();
    for separator in separators_outside(name) {
        found.push(&name[start..separator]);
        start = separator + 2;
    }
    found.push(&name[start..]);
    found
}

/// The type that a vtable's first function drops; nothing for any other function.
pub(super) fn dropped(function: &str) -> Option<&str> {
    let (path, types) = arguments(function);
    let of = types.first().filter(|of| **of != "T")?;
    matches!(path, "core::ptr::drop_in_place" | "core::ptr::drop_glue").then_some(of)
}

/// The future that a task's first function polls; nothing for any other function.
pub(super) fn polled(function: &str) -> Option<String> {
    let (path, types) = arguments(function);
    let of = types
        .first()
        .filter(|_| path == "tokio::runtime::task::raw::poll")?;
    Some(future(of))
}

/// A future as the function that makes it, without what it is wrapped in.
pub(super) fn future(of: &str) -> String {
    let mut of = of;
    loop {
        let (path, types) = arguments(of);
        let inner = WRAPPERS.iter().find(|(wrapper, _)| *wrapper == path);
        match inner.and_then(|(_, at)| types.get(*at).copied()) {
            Some(inner) => of = inner,
            None => return without_closures(of).to_owned(),
        }
    }
}

/// True for a future of which the type does not tell what it is.
pub(super) fn is_opaque(future: &str) -> bool {
    future.starts_with("dyn ")
}

/// True for what belongs to the allocator, or to the recorder: it knows all objects, and keeps none.
pub(super) fn is_instruments(variable: &str) -> bool {
    const ALLOCATOR: [&str; 2] = ["_rjem_je_", "je_"];
    const RECORDER: [&str; 2] = ["heap_recorder::", "<heap_recorder::"];
    let begins = |prefixes: [&str; 2]| prefixes.iter().any(|prefix| variable.starts_with(prefix));
    // The allocator's are names of C; a crate may be called as they begin.
    begins(RECORDER) || !variable.contains("::") && begins(ALLOCATOR)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variable_is_called_as_it_was_declared() {
        for (symbol, expected) in [
            ("problems::p99_shelf::SHELVES", "problems::p99_shelf::SHELVES"),
            (
                "p::CACHE::{K#0}::{closure#1}::__RUST_STD_INTERNAL_VAL",
                "p::CACHE",
            ),
            ("p::CACHE::{{constant}}::{{closure}}::VAL", "p::CACHE"),
            ("p::CACHE::__getit::__KEY", "p::CACHE"),
            ("p::VAL", "p::VAL"),
            ("p::f::{closure#0}::SEEN", "p::f::SEEN"),
            (
                "p::f::TL::{K#0}::{closure#0}::__RUST_STD_INTERNAL_VAL",
                "p::f::TL",
            ),
            ("<p::S as p::T>::get::SEEN", "<p::S as p::T>::get::SEEN"),
            (
                "<p::FOO as core::ops::deref::Deref>::deref::__stability::LAZY",
                "p::FOO",
            ),
            ("cache.12", "cache"),
            ("_rjem_je_tsd_tls", "_rjem_je_tsd_tls"),
            ("", ""),
            ("<", "<"),
        ] {
            assert_eq!(variable(symbol), expected, "{symbol}");
        }
    }

    #[test]
    fn a_vtable_tells_its_type_in_either_mangling() {
        assert_eq!(
            dropped("core::ptr::drop_in_place::<a::B<c::D, e::F>>"),
            Some("a::B<c::D, e::F>")
        );
        assert_eq!(dropped("core::ptr::drop_in_place<a::B>"), Some("a::B"));
        assert_eq!(dropped("core::ptr::drop_in_place<T>"), None);
        assert_eq!(dropped("core::ptr::read::<a::B>"), None);
    }

    #[test]
    fn a_task_is_called_after_the_function_that_makes_its_future() {
        for (future, expected) in [
            (
                "problems::p99_shelf::dust::{closure#0}",
                "problems::p99_shelf::dust",
            ),
            ("heap_recorder::future::Labelled<p::f::{closure#0}>", "p::f"),
            (
                "tracing::instrument::Instrumented<core::pin::Pin<alloc::boxed::Box<p::f::{closure#0}::{closure#1}>>>",
                "p::f",
            ),
            (
                "<p::Admin>::in_turn<alloc::vec::Vec<u8>, F>::{closure#0}",
                "<p::Admin>::in_turn<alloc::vec::Vec<u8>, F>",
            ),
        ] {
            let poll = format!("tokio::runtime::task::raw::poll::<{future}, alloc::sync::Arc<S>>");
            assert_eq!(polled(&poll).as_deref(), Some(expected));
        }
        assert_eq!(polled("tokio::runtime::task::raw::poll"), None);
        assert!(is_opaque(&future(
            "core::pin::Pin<alloc::boxed::Box<dyn core::future::future::Future<Output = ()> + core::marker::Send>>"
        )));
    }
}
