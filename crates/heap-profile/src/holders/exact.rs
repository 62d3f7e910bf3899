//! Which pointers are likely an owner's, by where in an object they point to.
//!
//! Memory that was freed has pointers left over in it, and a large object attracts them: whatever was there before it, in
//! pieces, has left its addresses about. Owners point to the beginning: `Vec`, `Box`, `String`, `Arc`, and the block that
//! `Bytes` share. So of an object of 4 KiB and more that exact pointers lead from to a root, the others do not count. Where
//! none of them does, all count: a `BytesMut` that was read from has none. Of smaller objects all count, and exact ones
//! decide between ways, and between roots, that as many objects have.
//!
//! Exact is a pointer to the first word, since some have a tag in the lowest bits; one to where a table of hashbrown has its
//! control bytes, which is all that a `HashMap` has of it; and one to the value in the block of an `Arc`.

use super::graph::{Edge, ReferenceGraph};
use super::lists::{Link, Lists};

/// From so many bytes on, an object is large.
const LARGE: u64 = 4096;
/// Objects from this size on have up to a page more, if they were not sampled.
const MAY_HAVE_A_PAGE_MORE: u64 = 16 << 10;
const PAGE: u64 = 4096;
/// Control bytes are aligned to so many, and so many are repeated past the end.
const GROUP: u64 = 16;
/// The largest entry of a table that is expected.
const LARGEST_ENTRY: u64 = 512;

/// How many bytes the two counts of an `Arc` take.
const COUNTS: u64 = 16;
/// No block has as many pointers to it.
const MOST_COUNTED: u64 = 1 << 31;

/// Who has a word, as far as it counts.
pub(super) enum By {
    /// Nobody who matters.
    Nobody,
    /// An object, which others hold.
    Object(u32),
    /// A root, or a task that is one.
    Root,
}

/// Whether a pointer to so many bytes from the beginning of an object of this size may be its owner's.
pub(super) fn is_exact(bytes: u64, into: u64) -> bool {
    into < 8 || is_table(bytes, into)
}

/// Whether a pointer `into` so many bytes from the beginning of an object of so many `bytes` may be to the control bytes of a
/// table of hashbrown. Allocates nothing, and never panics.
///
/// A table has its entries first, then a control byte for each: a power of two of them. The allocator rounds that up, by a
/// quarter at most.
pub fn is_table(bytes: u64, into: u64) -> bool {
    let page = if bytes >= MAY_HAVE_A_PAGE_MORE { PAGE } else { 0 };
    let of_entries = |entries: u64| {
        let needed = into.saturating_add(entries + GROUP);
        into.is_multiple_of(entries)
            && (1..=LARGEST_ENTRY).contains(&(into / entries))
            && needed <= bytes
            && bytes <= needed.saturating_add(needed / 4 + page)
    };
    into.is_multiple_of(GROUP) && (2..40).map(|power| 1 << power).any(of_entries)
}

/// Large objects that a root holds by exact pointers alone, as far as large ones are on the way.
pub(super) fn held_exactly(graph: &ReferenceGraph, by: impl Fn(&Edge) -> By) -> Vec<bool> {
    let is_large = |object: u32| graph.objects[object as usize].bytes >= LARGE;
    let mut next = Vec::new();
    let mut links = Vec::new();
    for edge in graph
        .edges
        .iter()
        .filter(|edge| !is_large(edge.held) || is_exact_edge(graph, edge))
    {
        match by(edge) {
            By::Nobody => {}
            By::Object(holder) => links.push((holder, Link::to(edge.held))),
            By::Root => next.push(edge.held),
        }
    }
    let links = Lists::of(graph.objects.len(), links.into_iter());
    let mut held = vec![false; graph.objects.len()];
    while let Some(object) = next.pop() {
        if !std::mem::replace(&mut held[object as usize], true) {
            next.extend(links.of_object(object).iter().map(|link| link.object));
        }
    }
    for (at, held) in (0..).zip(&mut held) {
        *held &= is_large(at);
    }
    held
}

/// Whether a word points to where an owner would. Of a block with two counts, that may be its value, past them: so does
/// what `Arc::into_raw` gives.
pub(super) fn is_exact_edge(graph: &ReferenceGraph, edge: &Edge) -> bool {
    let held = &graph.objects[edge.held as usize];
    let is_count = |count: &u64| (1..MOST_COUNTED).contains(count);
    is_exact(held.bytes, edge.into) || edge.into == COUNTS && held.words.iter().all(is_count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_owner_points_to_the_beginning_or_to_the_control_bytes_of_a_table() {
        for (bytes, into) in [(96, 0), (1 << 20, 1)] {
            assert!(is_exact(bytes, into));
        }
        // Tables with entries of 24 bytes; of 48; the same, not sampled; and a small one of 3 words each, for 4.
        for (bytes, into) in [
            (57_344, 2_048 * 24),
            (131_072, 2_048 * 48),
            (131_072 + 4_096, 2_048 * 48),
            (128, 4 * 24),
        ] {
            assert!(is_exact(bytes, into), "{bytes} {into}");
        }
        for (bytes, into) in [
            (57_344, 8),
            (57_344, 49_152 + 64),
            (57_344, 24_576),
            (4_096, 4_096),
            (4_096, 4_095),
        ] {
            assert!(!is_exact(bytes, into), "{bytes} {into}");
        }
    }
}
