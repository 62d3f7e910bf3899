//! Which container a function of the standard library, or of a library of containers, works for.

use super::known::{self, BOX, Family, Known, STRING, VEC};
use crate::names::{Method, arguments, list, method};

/// A container by one of its names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Container<'a> {
    known: &'static Known,
    /// Its own name in what is shown.
    name: &'static str,
    /// What it holds; nothing where the name says all.
    holds: Vec<&'a str>,
}

impl<'a> Container<'a> {
    /// The container that a function is a method of, or makes; nothing for all other functions.
    pub(super) fn named_by(function: &'a str) -> Option<Container<'a>> {
        let method = method(function)?;
        if makes_text(&method) {
            return Container::new(known::owner(STRING)?, Vec::new());
        }
        if let Some(element) = sliced(&method, function) {
            return Container::new(known::owner(VEC)?, vec![element]);
        }
        let (path, parts) = arguments(method.of);
        match (path, &parts[..]) {
            (BOX, [boxed, ..]) => Container::boxed(boxed, &method),
            _ => Container::new(known::owner(path)?, parts),
        }
    }

    /// What a box is for: in itself it may be part of something else.
    fn boxed(of: &'a str, method: &Method<'a>) -> Option<Container<'a>> {
        let of = match arguments(of) {
            ("core::mem::maybe_uninit::MaybeUninit", parts) => parts.first().copied().unwrap_or(of),
            _ => of,
        };
        let array = of
            .strip_prefix('[')
            .and_then(|of| of.rsplit_once("; "))
            .filter(|_| method.name == "new_uninit");
        if let Some((element, _)) = array {
            // What `vec![...]` makes of its list.
            return Container::new(known::owner(VEC)?, vec![element]);
        }
        let (path, parts) = arguments(of);
        match known::boxed(path) {
            Some(known) => Container::new(known, parts),
            None => Container::new(known::owner(BOX)?, vec![of]),
        }
    }

    /// Nothing where there are fewer type arguments than it takes.
    fn new(known: &'static Known, mut parts: Vec<&'a str>) -> Option<Container<'a>> {
        if let [all] = parts[..]
            && known.holds > 0
            && !all.contains(['<', '(', '[', '{', ' '])
        {
            // Legacy names have no space after the comma.
            parts = all.split(',').collect();
        }
        if parts.len() < known.holds {
            return None;
        }
        parts.truncate(known.holds);
        let container = Container {
            known,
            name: known.name,
            holds: parts,
        };
        Some(container.into_map_or_set())
    }

    /// A table of pairs is a map, one of pairs with nothing is a set; and so for trees.
    fn into_map_or_set(mut self) -> Container<'a> {
        let held = self.holds.first().filter(|_| self.name == "HashTable");
        let pair = held.and_then(|held| held.strip_prefix('(')?.strip_suffix(')'));
        if let Some([key, value]) = pair.map(list).as_deref() {
            (self.name, self.holds) = ("HashMap", vec![*key, *value]);
        }
        let set = match (self.name, &self.holds[..]) {
            ("HashMap", [_, "()"]) => "HashSet",
            ("BTreeMap", [_, held]) if held.ends_with("SetValZST") => "BTreeSet",
            _ => return self,
        };
        self.name = set;
        self.holds.truncate(1);
        self
    }

    /// Whether this is the same container as an inner frame's, by the name of something larger, or by a name that is
    /// right where the inner one belongs to a function that was merged with this one's.
    pub(super) fn is_made_of(&self, inner: &Container<'_>) -> bool {
        if self.name == "IndexMap" {
            // It is a table of indices, and a sequence of entries.
            let entry = inner.holds.first();
            return entry.is_some_and(|held| *held == "usize" || held.starts_with("indexmap::"))
                || inner.name == self.name;
        }
        if self.known.family != inner.known.family {
            return false;
        }
        if self.known.family == Family::Pointer {
            // What was boxed is the exact type; what it is passed on as is not. Text alone is allocated as bytes.
            let is_text = self.holds == ["str"] && inner.holds == ["[u8]"];
            return self.name == inner.name && (is_text || self.holds == inner.holds);
        }
        let holds_inner = self.holds.iter().any(|held| held.contains(inner.known.path));
        let is_text_of_others = self.holds.is_empty() && !matches!(inner.holds[..], [] | ["u8" | "T"]);
        self.known.level >= inner.known.level && !holds_inner && !is_text_of_others
    }

    /// True for the blocks of a channel's queue, which their libraries allocate by themselves.
    pub(super) fn is_queue(&self) -> bool {
        self.known.family == Family::Queue
    }

    /// `Vec<shop::Item>`; nothing where the name had parameters in the place of types.
    pub(super) fn show(&self) -> Option<String> {
        if self.holds.is_empty() {
            return Some(self.name.to_owned());
        }
        let is_told = !self.holds.iter().any(|held| is_parameter(held));
        is_told.then(|| format!("{}<{}>", self.name, self.holds.join(", ")))
    }
}

/// `T`, `K` and the like, by which legacy names call type arguments.
fn is_parameter(held: &str) -> bool {
    let mut chars = held.chars();
    held.is_empty() || held == "_" || matches!((chars.next(), chars.next()), (Some('A'..='Z'), None))
}

/// Functions of slices and of `vec!` that make a `Vec`: what of.
fn sliced<'a>(method: &Method<'a>, function: &'a str) -> Option<&'a str> {
    let is_for_elements =
        |of_trait: &str| of_trait.ends_with("ConvertVec") || of_trait.ends_with("SpecFromElem");
    if method.of_trait.is_some_and(is_for_elements) {
        return Some(method.of);
    }
    if method.of == "alloc::vec" && method.name == "from_elem" {
        return function.split_once("::<")?.1.strip_suffix('>');
    }
    let slice = method.of.strip_prefix('[')?.strip_suffix(']')?;
    matches!(
        method.name,
        "to_vec" | "to_vec_in" | "into_vec" | "repeat" | "concat" | "join"
    )
    .then_some(slice)
}

/// Functions outside of `String` that make one.
fn makes_text(method: &Method<'_>) -> bool {
    matches!(
        method.of,
        "str" | "alloc::str" | "alloc::fmt" | "alloc::fmt::format"
    )
}
