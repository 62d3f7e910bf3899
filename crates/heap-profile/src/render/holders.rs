//! Who holds a site's objects, in words: a path in one line, and what is on it; [`text`] has all paths and the scan's cost.
//!
//! Names come from a program's symbols: they are shortened, and steer no terminal. Which paths a report shows, and where,
//! is `render::hunt`'s.

pub(super) mod text;

pub use text::text;

use super::hunt::{count, short, size};
use super::layout::{clip, folded, without_control};
use crate::holders::{HolderPath, HolderRoot, HolderStep, Holders, RootKind};

/// The widest that names get: of a type, a thread, a root.
const WIDEST_KIND: usize = 80;
const WIDEST_THREAD: usize = 40;
const WIDEST_ROOT: usize = 110;
/// Of a path with more steps, the first and the last are told.
const FIRST_STEPS: usize = 8;
const LAST_STEPS: usize = 3;

/// From the objects outwards: `2.1 KiB String <- Arc<Visit> x 49,812 <- static shop::LATEST`. Of many steps those in the
/// middle are counted.
pub fn line(path: &HolderPath) -> String {
    let steps = &path.steps;
    let mut parts: Vec<String> = match folded(steps.len(), FIRST_STEPS, LAST_STEPS) {
        0 => steps.iter().map(step).collect(),
        folded => {
            let (first, rest) = steps.split_at(FIRST_STEPS);
            let first = first.iter().map(step);
            let between = format!("({} more)", count(folded as u64));
            first
                .chain([between])
                .chain(rest[folded..].iter().map(step))
                .collect()
        }
    };
    if let Some(objects) = steps.first().filter(|step| step.kind.is_some()) {
        parts[0] = format!("{} {}", size(objects.bytes), parts[0]);
    }
    parts.push(root(&path.root));
    parts.join(" <- ")
}

/// How many of the drawn objects it holds: `412 of 420 objects`.
pub fn share(path: &HolderPath, holders: &Holders) -> String {
    let plural = if holders.drawn == 1 { "" } else { "s" };
    format!(
        "{} of {} object{plural}",
        count(path.objects),
        count(holders.drawn)
    )
}

/// Objects of one kind: `Arc<Visit> x 49,812`, or `48-byte allocation` where their type is not known.
pub fn step(step: &HolderStep) -> String {
    let mut name = match &step.kind {
        Some(kind) => clip(&last_segment(&short(kind)), WIDEST_KIND),
        None => format!("{}-byte allocation", count(step.bytes)),
    };
    if step.times > 1 {
        name += &format!(" x {}", count(step.times));
    }
    if step.weak_only {
        name += " (kept by Weak alone)";
    }
    name
}

/// What a path ends at: `static shop::LATEST`.
pub fn root(root: &HolderRoot) -> String {
    let name = root.name.as_deref().map(|name| match root.kind {
        RootKind::Outside => without_control(name),
        _ => short(name),
    });
    let name = name.map(|name| clip(&name, WIDEST_ROOT));
    let named = |what: &str| match &name {
        Some(name) => format!("{what} {name}"),
        None => format!("{what} without a name"),
    };
    let thread = root.thread.as_deref().map(without_control);
    let of_thread = thread.map_or_else(
        || "of a thread".to_owned(),
        |thread| format!("of thread {}", clip(&thread, WIDEST_THREAD)),
    );
    match root.kind {
        RootKind::Static => named("static"),
        RootKind::Task => named("task"),
        RootKind::ThreadLocal => format!("{} {of_thread}", named("thread-local")),
        RootKind::Stack => format!("stack {of_thread}"),
        RootKind::Outside => match name {
            Some(name) => format!("memory outside of the allocator ({name})"),
            None => "memory outside of the allocator".to_owned(),
        },
        RootKind::UnreachableCycle => "nothing: an unreachable cycle".to_owned(),
        RootKind::Unreachable => "nothing: unreachable".to_owned(),
        RootKind::Unknown => "not found".to_owned(),
    }
}

/// A type as a line has room for it: `alloc::sync::Arc<Visit>` reads `Arc<Visit>`.
fn last_segment(kind: &str) -> String {
    let is_path = |c: char| c == '_' || c == ':' || c.is_alphanumeric();
    let path = kind.find(|c| !is_path(c)).unwrap_or(kind.len());
    match kind[..path].rfind("::") {
        // A closure says nothing without its function.
        Some(at) if at + 2 < path => kind[at + 2..].to_owned(),
        _ => kind.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_is_told_by_its_last_segment() {
        for (kind, expected) in [
            ("alloc::sync::Arc<Visit>", "Arc<Visit>"),
            ("String", "String"),
            ("(a::B, C)", "(a::B, C)"),
            ("shop::jobs::tick::{closure#0}", "shop::jobs::tick::{closure#0}"),
            ("dyn core::fmt::Debug", "dyn core::fmt::Debug"),
            ("é::", "é::"),
            ("", ""),
        ] {
            assert_eq!(last_segment(kind), expected);
        }
    }
}
