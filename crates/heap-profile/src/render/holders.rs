//! Who holds a site's objects, in a line each: `2.1 KB String <- Arc<Shelf> x 49,812 <- static shop::lookup::VISITS`; and
//! [`text`] has all paths and what the scan cost.
//!
//! Names come from a program's symbols: they are shortened and cut, and steer no terminal. Which paths a report shows, and
//! where, is `render::hunt`'s.

pub(super) mod text;

pub use text::text;

use crate::holders::{HolderPath, HolderRoot, HolderStep, Holders, RootKind};
use crate::names;
use crate::render::hunt::count;
use crate::render::layout::{clip, folded, without_control};

/// The widest that names get: of a type, a thread, a root.
const WIDEST_TYPE: usize = 80;
const WIDEST_THREAD: usize = 40;
const WIDEST_ROOT: usize = 110;
/// Of a path with more steps, the first and the last are told.
const FIRST_STEPS: usize = 8;
const LAST_STEPS: usize = 3;

/// A path in a line: from the objects to what keeps them alive. Of many steps those in the middle are counted.
pub fn line(path: &HolderPath) -> String {
    let mut parts: Vec<String> = parts(&path.steps);
    match &path.steps[..] {
        [only] if is_task_itself(only, &path.root) => parts[0].push_str(", which is not complete"),
        _ => parts.push(root(&path.root)),
    }
    parts.join(" <- ")
}

/// How many of the drawn objects a path holds: `(412 of 420 objects)`.
pub fn share(path: &HolderPath, holders: &Holders) -> String {
    let (objects, drawn) = (count(path.objects), count(holders.drawn));
    let word = if holders.drawn == 1 { "object" } else { "objects" };
    format!("({objects} of {drawn} {word})")
}

/// A step: `Arc<Shelf> x 49,812`, `48-byte allocation`. The size of a type is not in it.
pub fn step(step: &HolderStep) -> String {
    let what = match &step.kind {
        Some(kind) => clip(&short_type(kind), WIDEST_TYPE),
        None => allocation(step.bytes),
    };
    let times = match step.times {
        0 | 1 => String::new(),
        times => format!(" x {}", count(times)),
    };
    let weak = if step.weak_only {
        " (kept by Weak alone)"
    } else {
        ""
    };
    format!("{what}{times}{weak}")
}

/// What a path ends at: `static shop::lookup::VISITS`, `stack of thread main`. Names are without type arguments.
pub fn root(root: &HolderRoot) -> String {
    root_called(root, root_name(root).map(|name| clip(&name, WIDEST_ROOT)))
}

/// The same with all of its name.
pub(crate) fn full_root(root: &HolderRoot) -> String {
    root_called(root, full_name(root).map(without_control))
}

/// The name of what a path ends at, if it has one, without type arguments.
pub(crate) fn root_name(root: &HolderRoot) -> Option<String> {
    let name = full_name(root).map(|name| match root.kind {
        RootKind::Outside => name.to_owned(),
        _ => names::short(&names::without_arguments(name)),
    });
    name.map(|name| without_control(&name))
}

fn full_name(root: &HolderRoot) -> Option<&str> {
    root.name.as_deref().filter(|name| !name.is_empty())
}

fn root_called(root: &HolderRoot, name: Option<String>) -> String {
    let named = |word: &str| format!("{word} {}", name.as_deref().unwrap_or("without a name"));
    let thread = root.thread.as_deref().map(without_control);
    let thread = thread.map(|thread| clip(&thread, WIDEST_THREAD));
    match root.kind {
        RootKind::Static => named("static"),
        RootKind::Task => named("task"),
        RootKind::ThreadLocal => match thread {
            Some(thread) => format!("{} of thread {thread}", named("thread-local")),
            None => format!("{} of several threads", named("thread-local")),
        },
        RootKind::Stack => format!(
            "stack of thread {}",
            thread.as_deref().unwrap_or("without a name")
        ),
        RootKind::Outside => match name {
            Some(name) => format!("memory outside of the allocator ({name})"),
            None => "memory outside of the allocator".to_owned(),
        },
        RootKind::UnreachableCycle => "nothing: an unreachable cycle".to_owned(),
        RootKind::Unreachable => "nothing: unreachable".to_owned(),
        RootKind::Unknown => "not found".to_owned(),
    }
}

/// A type with the last names of all that it is made of; of a task no more than the function that makes its future.
pub(crate) fn short_type(kind: &str) -> String {
    for word in ["finished task ", "task "] {
        if let Some(future) = kind.strip_prefix(word) {
            let future = names::short(&names::without_arguments(future));
            return without_control(&format!("{word}{future}"));
        }
    }
    // Within brackets, paths are shortened.
    let short = names::short(&format!("_<{kind}>"));
    let inner = short.strip_prefix("_<").and_then(|short| short.strip_suffix('>'));
    without_control(inner.unwrap_or(kind))
}

fn parts(steps: &[HolderStep]) -> Vec<String> {
    let folded = folded(steps.len(), FIRST_STEPS, LAST_STEPS);
    let all = || steps.iter().enumerate().map(|(at, each)| part(at, each));
    if folded == 0 {
        return all().collect();
    }
    let between = format!("({} more)", count(folded as u64));
    let last = all().skip(FIRST_STEPS + folded);
    all().take(FIRST_STEPS).chain([between]).chain(last).collect()
}

/// The first step are the objects themselves: with their size.
fn part(at: usize, each: &HolderStep) -> String {
    match each.kind {
        Some(_) if at == 0 => format!("{} {}", size(each.bytes), step(each)),
        _ => step(each),
    }
}

/// Where the objects are the tasks themselves.
fn is_task_itself(only: &HolderStep, root: &HolderRoot) -> bool {
    let is_task = |kind: &str| kind == "task" || kind.starts_with("task ");
    root.kind == RootKind::Task && only.kind.as_deref().is_some_and(is_task)
}

fn allocation(bytes: u64) -> String {
    if bytes < 1_000 {
        format!("{bytes}-byte allocation")
    } else {
        format!("{} allocation", size(bytes))
    }
}

/// `48 B`, `2.1 KB`, `1.2 MB`
pub(super) fn size(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["KB", "MB", "GB", "TB"];
    if bytes < 1_000 {
        return format!("{bytes} B");
    }
    let mut scaled = bytes as f64 / 1e3;
    let mut units = UNITS.iter();
    let mut unit = units.next().expect("there are some");
    while scaled >= 999.95
        && let Some(larger) = units.next()
    {
        (scaled, unit) = (scaled / 1e3, larger);
    }
    format!("{scaled:.1} {unit}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::holders::Confidence;

    fn of(kind: Option<&str>, bytes: u64, times: u64) -> HolderStep {
        HolderStep {
            kind: kind.map(str::to_owned),
            bytes,
            times,
            distinct: 1,
            counts: None,
            weak_only: false,
        }
    }

    fn path(steps: Vec<HolderStep>, kind: RootKind, name: Option<&str>, thread: Option<&str>) -> HolderPath {
        HolderPath {
            steps,
            root: HolderRoot {
                kind,
                name: name.map(str::to_owned),
                thread: thread.map(str::to_owned),
                offset: None,
            },
            objects: 412,
            confidence: Confidence::Good,
        }
    }

    #[test]
    fn a_path_reads_from_the_objects_to_what_holds_them() {
        let text = of(Some("String"), 2_112, 1);
        let visits = of(Some("Arc<problems::p99_shelf::Shelf>"), 64, 49_812);
        let latest = Some("problems::p99_shelf::SHELVES");
        assert_eq!(
            line(&path(vec![text, visits], RootKind::Static, latest, None)),
            "2.1 KB String <- Arc<Shelf> x 49,812 <- static problems::p99_shelf::SHELVES"
        );
        let bare = vec![of(None, 48, 1), of(None, 1_200_000, 1)];
        assert_eq!(
            line(&path(bare, RootKind::Stack, None, Some("main"))),
            "48-byte allocation <- 1.2 MB allocation <- stack of thread main"
        );
        let boxed = vec![of(Some("shop::list::{closure#0}"), 32, 1)];
        assert_eq!(
            line(&path(
                boxed,
                RootKind::ThreadLocal,
                Some("shop::SEEN"),
                Some("worker\u{1b}")
            )),
            "32 B list::{closure#0} <- thread-local shop::SEEN of thread worker\u{fffd}"
        );
        let task = vec![of(Some("task shop::tick"), 1_024, 1)];
        assert_eq!(
            line(&path(task, RootKind::Task, Some("shop::tick"), None)),
            "1.0 KB task shop::tick, which is not complete"
        );
        assert_eq!(
            line(&path(Vec::new(), RootKind::Unknown, None, None)),
            "not found"
        );
    }

    #[test]
    fn what_the_generic_parts_of_a_root_are_filled_with_is_left_out() {
        let name = "<serve::Graceful<net::Listener<net::Tcp, shop::serve::{closure#0}>, shop::Router>>::run";
        let served = vec![of(Some(&format!("finished task {name}")), 1_024, 1)];
        let path = path(served, RootKind::Task, Some(name), None);
        assert_eq!(
            line(&path),
            "1.0 KB finished task serve::Graceful::run <- task serve::Graceful::run"
        );
        assert_eq!(full_root(&path.root), format!("task {name}"));
    }

    #[test]
    fn a_block_that_weak_pointers_keep_says_so() {
        let block = HolderStep {
            weak_only: true,
            ..of(Some("Arc<shop::Item>"), 640, 1)
        };
        assert_eq!(
            line(&path(vec![block], RootKind::Outside, Some("[heap]"), None)),
            "640 B Arc<Item> (kept by Weak alone) <- memory outside of the allocator ([heap])"
        );
    }
}
