//! What the tasks of a graph are called: each after the function that makes its future.

use rustc_hash::FxHashMap;

use super::graph::{Holder, ReferenceGraph};
use super::names::Names;
use super::tidy;

/// The futures of all tasks that have a name, by their objects.
///
/// A task may have its future in a box, as a trait object: then the vtable beside the task's pointer to it tells.
pub(super) fn futures(graph: &ReferenceGraph, names: &Names) -> FxHashMap<u32, String> {
    let name = |object: u32| {
        let task = graph.objects[object as usize].task.as_ref()?;
        names.futures.get(&task.poll)
    };
    let mut boxed: FxHashMap<u32, (u64, &String)> = FxHashMap::default();
    for edge in &graph.edges {
        if let Holder::Object(holder) = edge.holder
            && name(holder).is_some_and(|name| tidy::is_opaque(name))
            && let Some(of) = edge.vtable.and_then(|vtable| names.dropped.get(&vtable))
        {
            let first = boxed.entry(holder).or_insert((edge.offset, of));
            *first = (*first).min((edge.offset, of));
        }
    }
    let all = (0..).zip(&graph.objects).map(|(at, _)| at);
    let named = all.filter_map(|object| {
        let name = match boxed.get(&object) {
            Some((_, of)) => tidy::future(of),
            None => name(object)?.clone(),
        };
        Some((object, name))
    });
    named.collect()
}
