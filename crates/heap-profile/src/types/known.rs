//! The containers that are known, by the paths of their types.

/// Containers that are made of one another. Anything else is nested, not part of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Family {
    Sequence,
    Table,
    Tree,
    Pointer,
    Queue,
}

/// A type that is a container, or a part of one.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Known {
    /// Its path, without type arguments.
    pub(super) path: &'static str,
    pub(super) family: Family,
    /// How far it is from bare memory: a `RawVec` is part of a `Vec`, and a `Vec` of a `String`.
    pub(super) level: u8,
    /// What to call it.
    pub(super) name: &'static str,
    /// How many of its type arguments say what it holds.
    pub(super) holds: usize,
}

macro_rules! known {
    ($($path:literal: $family:ident $level:literal, $name:literal of $holds:literal;)*) => {
        &[$(Known {
            path: $path,
            family: Family::$family,
            level: $level,
            name: $name,
            holds: $holds,
        }),*]
    };
}

/// What functions of other types make.
pub(super) const VEC: &str = "alloc::vec::Vec";
pub(super) const STRING: &str = "alloc::string::String";
pub(super) const BOX: &str = "alloc::boxed::Box";

/// The type with this path, as the owner of a method.
pub(super) fn owner(path: &str) -> Option<&'static Known> {
    OWNERS.iter().find(|known| known.path == path)
}

/// The type with this path in a box, where the box is part of something else.
pub(super) fn boxed(path: &str) -> Option<&'static Known> {
    BOXED.iter().find(|known| known.path == path)
}

const OWNERS: &[Known] = known! {
    "alloc::raw_vec::RawVec": Sequence 0, "Vec" of 1;
    "alloc::vec::Vec": Sequence 1, "Vec" of 1;
    "smallvec::SmallVec": Sequence 1, "SmallVec" of 1;
    "alloc::string::String": Sequence 2, "String" of 0;
    "alloc::ffi::c_str::CString": Sequence 2, "CString" of 0;
    "std::ffi::os_str::OsString": Sequence 2, "OsString" of 0;
    "std::path::PathBuf": Sequence 3, "PathBuf" of 0;
    "bytes::bytes::Bytes": Sequence 2, "Bytes" of 0;
    "bytes::bytes_mut::BytesMut": Sequence 2, "BytesMut" of 0;
    "alloc::collections::vec_deque::VecDeque": Sequence 2, "VecDeque" of 1;
    "alloc::collections::binary_heap::BinaryHeap": Sequence 2, "BinaryHeap" of 1;
    "hashbrown::raw::RawTable": Table 0, "HashTable" of 1;
    "hashbrown::map::HashMap": Table 1, "HashMap" of 2;
    "hashbrown::set::HashSet": Table 2, "HashSet" of 1;
    "std::collections::hash::map::HashMap": Table 1, "HashMap" of 2;
    "std::collections::hash::set::HashSet": Table 2, "HashSet" of 1;
    "indexmap::inner::Core": Table 3, "IndexMap" of 2;
    "indexmap::map::core::IndexMapCore": Table 3, "IndexMap" of 2;
    "indexmap::map::IndexMap": Table 3, "IndexMap" of 2;
    "alloc::collections::btree::node::LeafNode": Tree 0, "BTreeMap" of 2;
    "alloc::collections::btree::node::InternalNode": Tree 0, "BTreeMap" of 2;
    "alloc::collections::btree::map::BTreeMap": Tree 1, "BTreeMap" of 2;
    "alloc::collections::btree::map::entry::VacantEntry": Tree 1, "BTreeMap" of 2;
    "alloc::collections::btree::set::BTreeSet": Tree 2, "BTreeSet" of 1;
    "alloc::boxed::Box": Pointer 0, "Box" of 1;
    "alloc::sync::Arc": Pointer 1, "Arc" of 1;
    "alloc::rc::Rc": Pointer 1, "Rc" of 1;
    "std::sync::mpmc::list::Block": Queue 0, "Channel" of 1;
    "tokio::sync::mpsc::block::Block": Queue 0, "Channel" of 1;
    "crossbeam_channel::flavors::list::Block": Queue 0, "Channel" of 1;
};

const BOXED: &[Known] = known! {
    "alloc::sync::ArcInner": Pointer 1, "Arc" of 1;
    "alloc::rc::RcInner": Pointer 1, "Rc" of 1;
    "alloc::rc::RcBox": Pointer 1, "Rc" of 1;
    "alloc::collections::btree::node::LeafNode": Tree 0, "BTreeMap" of 2;
    "alloc::collections::btree::node::InternalNode": Tree 0, "BTreeMap" of 2;
    "tokio::runtime::task::core::Cell": Pointer 1, "Task" of 1;
    "bytes::bytes::Shared": Sequence 2, "Bytes" of 0;
    "bytes::bytes_mut::Shared": Sequence 2, "BytesMut" of 0;
    "std::sync::mpmc::list::Block": Queue 0, "Channel" of 1;
    "tokio::sync::mpsc::block::Block": Queue 0, "Channel" of 1;
    "crossbeam_channel::flavors::list::Block": Queue 0, "Channel" of 1;
};
