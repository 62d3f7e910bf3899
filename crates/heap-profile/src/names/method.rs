//! Whose method a function is, and what a generic type is made of.

use super::{cut_closures, separators_outside};

/// A method, taken apart. The body of a closure counts as the method that it is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Method<'a> {
    /// The type, without references; of a free function its module.
    pub of: &'a str,
    /// The trait that the method implements, if any.
    pub of_trait: Option<&'a str>,
    /// Its own name, without type arguments.
    pub name: &'a str,
}

/// Takes the name of a method apart. Nothing for a function without a path.
///
/// It reads `<T>::name` and `<T as Trait>::name` (v0), `T::name`, `module::<impl T>::name` and
/// `module::<impl Trait for T>::name` (legacy).
pub fn method(function: &str) -> Option<Method<'_>> {
    let mut separators = separators_outside(function);
    let function = cut_closures(function, &mut separators);
    let mut end = function.len();
    let mut at = separators.pop()?;
    if function[at + 2..].starts_with('<') {
        (end, at) = (at, separators.pop()?);
    }
    let (owner, name) = (&function[..at], &function[at + 2..end]);
    let last = separators.pop().map_or(owner, |before| &owner[before + 2..]);
    let (of, of_trait) = if let Some(within) = in_brackets(owner) {
        split_outside(within, " as ").map_or((within, None), |(of, of_trait)| (of, Some(of_trait)))
    } else if let Some(within) = in_brackets(last).and_then(|within| within.strip_prefix("impl ")) {
        split_outside(within, " for ").map_or((within, None), |(of_trait, of)| (of, Some(of_trait)))
    } else {
        (owner, None)
    };
    Some(Method {
        of: without_references(of),
        of_trait,
        name,
    })
}

/// `a::Map` and `[K, V]` of `a::Map<K, V>`; nothing of the second where there are no type arguments.
pub fn arguments(of: &str) -> (&str, Vec<&str>) {
    let opened = of
        .find('<')
        .filter(|at| *at > 0)
        .and_then(|at| Some((&of[..at], in_brackets(&of[at..])?)));
    match opened {
        Some((path, within)) => (path.trim_end_matches("::"), list(within)),
        None => (of, Vec::new()),
    }
}

/// The parts of `A, B<C, D>`.
pub(crate) fn list(within: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut rest = within;
    while let Some((part, more)) = split_outside(rest, ", ") {
        parts.push(part);
        rest = more;
    }
    parts.push(rest);
    parts
}

/// The last segment of a path: `Query` of `shop::schema::Query`.
pub fn last_segment(path: &str) -> &str {
    let separator = path.as_bytes().windows(2).rposition(|pair| pair == b"::");
    separator.map_or(path, |at| &path[at + 2..])
}

/// `T` of `&T` and `&mut T`.
pub(crate) fn without_references(of: &str) -> &str {
    let mut of = of;
    while let Some(referenced) = of.strip_prefix('&') {
        of = referenced.strip_prefix("mut ").unwrap_or(referenced);
    }
    of
}

/// What is between a `<` that begins the text and the `>` that ends it, if these two belong together.
fn in_brackets(text: &str) -> Option<&str> {
    let within = text.strip_prefix('<')?.strip_suffix('>')?;
    let mut depth = 0i32;
    for (at, byte) in within.bytes().enumerate() {
        depth += step(within.as_bytes(), at, byte);
        if depth < 0 {
            return None;
        }
    }
    (depth == 0).then_some(within)
}

/// Splits at the first such word that is outside of all brackets.
fn split_outside<'a>(text: &'a str, word: &str) -> Option<(&'a str, &'a str)> {
    let mut depth = 0i32;
    for (at, byte) in text.bytes().enumerate() {
        if depth == 0 && text.as_bytes()[at..].starts_with(word.as_bytes()) {
            return Some((&text[..at], &text[at + word.len()..]));
        }
        depth += step(text.as_bytes(), at, byte);
    }
    None
}

/// What a byte adds to the depth of brackets; the arrow of `fn() -> T` is none.
fn step(text: &[u8], at: usize, byte: u8) -> i32 {
    match byte {
        b'<' | b'(' | b'[' | b'{' => 1,
        b'>' if at > 0 && text[at - 1] == b'-' => 0,
        b'>' | b')' | b']' | b'}' => -1,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(function: &str) -> Option<(&str, Option<&str>, &str)> {
        method(function).map(|method| (method.of, method.of_trait, method.name))
    }

    #[test]
    fn a_method_is_taken_apart_in_either_mangling() {
        for (function, expected) in [
            ("<p::Query>::leak::{closure#0}", ("p::Query", None, "leak")),
            ("p::Query::leak::{{closure}}", ("p::Query", None, "leak")),
            ("<Vec<p::A>>::load::<u32>", ("Vec<p::A>", None, "load")),
            ("Vec<T,A>::push", ("Vec<T,A>", None, "push")),
            (
                "<&p::Query as e::ContainerType>::resolve_field::{closure#0}",
                ("p::Query", Some("e::ContainerType"), "resolve_field"),
            ),
            (
                "p::_::<impl e::ContainerType for p::Query>::resolve_field",
                ("p::Query", Some("e::ContainerType"), "resolve_field"),
            ),
            (
                "p::_::<impl p::Query>::__leak_resolver::{{closure}}",
                ("p::Query", None, "__leak_resolver"),
            ),
            (
                "<F<<A as B>::c, fn() -> D> as E>::f",
                ("F<<A as B>::c, fn() -> D>", Some("E"), "f"),
            ),
            ("<[u8]>::to_vec", ("[u8]", None, "to_vec")),
            ("alloc::vec::from_elem::<u8>", ("alloc::vec", None, "from_elem")),
        ] {
            assert_eq!(parts(function), Some(expected), "{function}");
        }
        assert_eq!(parts("main"), None);
    }

    #[test]
    fn type_arguments_are_told_apart() {
        assert_eq!(
            arguments("a::Map<(K, b::V), fn(X, Y) -> Z>"),
            ("a::Map", vec!["(K, b::V)", "fn(X, Y) -> Z"])
        );
        assert_eq!(arguments("a::Vec::<T>"), ("a::Vec", vec!["T"]));
        assert_eq!(arguments("a::Plain"), ("a::Plain", vec![]));
        assert_eq!(arguments("<"), ("<", vec![]));
    }
}
