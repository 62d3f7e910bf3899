//! What piles up at an allocation: the type of the container that was growing, read from the stack's monomorphized names.
//!
//! From the leaf outwards, over the frames of the standard library and of a few libraries of containers, up to the first
//! frame of anyone else: the first container that is named there, or what it is part of (a `Vec<u8>` of a `String`, a
//! hash table of a `HashMap`). `container` reads the names, `known` lists them.
//!
//! Only v0 names carry type arguments. In legacy ones they read `T`, which says nothing, and nothing is said.
//! The compiler merges functions whose machine code is the same, so that `RawVec<A>` may stand below a `Vec<B>`: the
//! outer of two names for one container is taken.

mod container;
mod known;

use std::cell::OnceCell;
use std::collections::HashMap;
use std::sync::Arc;

use crate::compare::relevant;
use crate::names;
use crate::symbolize::{Frame, Origin};
use container::Container;

/// Whose frames are looked through: containers, and what they are made of.
const LIBRARIES: [&str; 8] = [
    "alloc",
    "allocator_api2",
    "bytes",
    "core",
    "hashbrown",
    "indexmap",
    "smallvec",
    "std",
];

/// The type that was allocated on this stack, the leaf first: `Vec<shop::Item>`, `HashMap<u32, shop::Item>`, `String`.
/// Paths of type arguments are whole; [`names::short`] shortens them. Nothing where the names do not tell.
pub fn element_type(stack: &[Arc<Frame>]) -> Option<String> {
    let known: Vec<Known<'_>> = relevant(stack).iter().map(|frame| Known::of(frame)).collect();
    type_of(known.iter()).map(str::to_owned)
}

/// What each of many frames tells of a type, found out once.
pub(crate) struct Types<'a>(Vec<OnceCell<Known<'a>>>);

impl<'a> Types<'a> {
    /// For so many frames.
    pub(crate) fn of(frames: usize) -> Types<'a> {
        Types(vec![OnceCell::new(); frames])
    }

    /// The type of a stack that the allocator and the runtime are cut off already, given the numbers of its frames.
    pub(crate) fn element_type(&self, frames: &'a [Arc<Frame>], numbers: &[u32]) -> Option<&str> {
        let known = |(frame, number): (&'a Arc<Frame>, &u32)| {
            self.0[*number as usize].get_or_init(|| Known::of(frame))
        };
        type_of(frames.iter().zip(numbers).map(known))
    }
}

#[derive(Clone)]
struct Known<'a> {
    container: Option<Container<'a>>,
    is_library: bool,
    /// The container's name.
    shown: OnceCell<Option<String>>,
}

impl<'a> Known<'a> {
    fn of(frame: &'a Frame) -> Known<'a> {
        Known {
            container: Container::named_by(&frame.function),
            is_library: is_library(frame),
            shown: OnceCell::new(),
        }
    }

    fn show(&self) -> Option<&str> {
        let show = || self.container.as_ref().and_then(Container::show);
        self.shown.get_or_init(show).as_deref()
    }
}

fn type_of<'k>(frames: impl Iterator<Item = &'k Known<'k>>) -> Option<&'k str> {
    let mut found: Option<&Known<'_>> = None;
    for known in frames {
        let container = known.container.as_ref();
        if !known.is_library {
            let is_queue = container.is_some_and(Container::is_queue);
            found = found.or(is_queue.then_some(known));
            break;
        }
        match (container, found.and_then(|found| found.container.as_ref())) {
            (Some(next), Some(inner)) if !next.is_made_of(inner) => break,
            (Some(_), _) => found = Some(known),
            (None, _) => {}
        }
    }
    found.and_then(Known::show)
}

/// Types by their last names, unless two of them would then read the same.
pub(crate) fn shorten(mut types: Vec<&mut String>) {
    let mut times: HashMap<String, usize> = HashMap::new();
    for name in &types {
        *times.entry(names::short(name)).or_default() += 1;
    }
    for name in &mut types {
        let short = names::short(name);
        if times.get(&short) == Some(&1) {
            **name = short;
        }
    }
}

fn is_library(frame: &Frame) -> bool {
    let is_listed = |name: &str| LIBRARIES.contains(&name);
    match &frame.origin {
        Origin::StandardLibrary => true,
        Origin::Dependency { name, .. } => is_listed(&name.replace('-', "_")),
        Origin::Own => false,
        // Without debug information, the name has to do.
        Origin::Unknown => names::crate_of(&frame.function).is_some_and(is_listed),
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    const STD: &str = "/rustc/59807616/library/alloc/src/vec/mod.rs";

    fn frames<'a>(functions: impl IntoIterator<Item = &'a str>) -> Vec<Arc<Frame>> {
        let frame = |function: &str| {
            let file = if function.contains("shop") && function.starts_with("shop") {
                "/shop/src/lib.rs"
            } else {
                STD
            };
            Arc::new(Frame::of_program(
                function.to_owned(),
                Some(file.to_owned()),
                Some(1),
                false,
            ))
        };
        functions.into_iter().map(frame).collect()
    }

    fn check(functions: &[&str], expected: Option<&str>) {
        assert_eq!(
            element_type(&frames(functions.iter().copied())).as_deref(),
            expected,
            "{functions:?}"
        );
    }

    #[test]
    fn a_container_is_named_with_what_it_holds() {
        check(
            &[
                "<alloc::raw_vec::RawVecInner>::grow_one",
                "<alloc::raw_vec::RawVec<u64>>::grow_one",
                "<alloc::vec::Vec<shop::Item>>::push",
            ],
            Some("Vec<shop::Item>"),
        );
        check(
            &["<alloc::raw_vec::RawVec<u64>>::grow_one", "shop::add"],
            Some("Vec<u64>"),
        );
        check(
            &[
                "<u8 as <[_]>::to_vec_in::ConvertVec>::to_vec::<alloc::alloc::Global>",
                "<str as alloc::borrow::ToOwned>::to_owned",
                "shop::f",
            ],
            Some("String"),
        );
        check(
            &["<alloc::vec::Vec<u8>>::with_capacity", "shop::f"],
            Some("Vec<u8>"),
        );
        check(
            &[
                "<hashbrown::raw::RawTable<(u32, shop::A)>>::reserve_rehash::<F>",
                "<std::collections::hash::map::HashMap<u32, shop::B>>::insert",
            ],
            Some("HashMap<u32, shop::B>"),
        );
        check(
            &["<hashbrown::raw::RawTable<(alloc::string::String, ())>>::reserve"],
            Some("HashSet<alloc::string::String>"),
        );
        check(
            &[
                "<alloc::boxed::Box<alloc::sync::ArcInner<shop::A>>>::new",
                "<alloc::sync::Arc<shop::A>>::new",
            ],
            Some("Arc<shop::A>"),
        );
        check(
            &[
                "<alloc::boxed::Box<tokio::runtime::task::core::Cell<shop::serve::{closure#0}, alloc::sync::Arc<H>>>>::new",
            ],
            Some("Task<shop::serve::{closure#0}>"),
        );
        check(
            &["<alloc::collections::btree::node::LeafNode<u8, shop::A>>::new::<alloc::alloc::Global>"],
            Some("BTreeMap<u8, shop::A>"),
        );
    }

    #[test]
    fn a_container_in_another_is_the_one_that_is_told() {
        check(
            &[
                "<u8 as <[_]>::to_vec_in::ConvertVec>::to_vec::<A>",
                "<alloc::vec::Vec<u8> as core::clone::Clone>::clone",
                "<alloc::vec::Vec<u8> as <[_]>::to_vec_in::ConvertVec>::to_vec::<A>",
            ],
            Some("Vec<u8>"),
        );
        check(
            &[
                "<alloc::string::String as core::clone::Clone>::clone",
                "<alloc::vec::Vec<alloc::string::String>>::extend",
            ],
            Some("String"),
        );
        check(
            &[
                "<alloc::vec::Vec<u64>>::with_capacity",
                "core::ops::function::FnOnce::call_once",
                "<std::collections::hash::map::Entry<u8, alloc::vec::Vec<u64>>>::or_insert_with",
            ],
            Some("Vec<u64>"),
        );
    }

    #[test]
    fn what_names_do_not_tell_is_not_told() {
        check(
            &[
                "alloc::raw_vec::RawVec<T,A>::grow_one",
                "alloc::vec::Vec<T,A>::push",
                "shop::f",
            ],
            None,
        );
        check(
            &[
                "alloc::vec::Vec<T,A>::push",
                "<alloc::string::String as core::fmt::Write>::write_str",
            ],
            Some("String"),
        );
        check(&["shop::f", "<alloc::vec::Vec<u64>>::push"], None);
        check(&["alloc::alloc::alloc"], None);
        check(
            &[
                "alloc::alloc::alloc",
                "shop::<impl shop::Save for alloc::vec::Vec<u8>>::save",
            ],
            None,
        );
        check(&[], None);
    }

    proptest! {
        #[test]
        fn no_name_of_a_function_makes_it_panic(
            names in vec("(<|>|::|&| as |, |\\(|\\)|alloc::vec::Vec|alloc::boxed::Box|hashbrown::raw::RawTable|ArcInner|[a-zTé\\[\\]]){0,12}", 0..6),
            text in any::<String>(),
        ) {
            drop(element_type(&frames(names.iter().map(String::as_str).chain([&*text]))));
        }
    }
}
