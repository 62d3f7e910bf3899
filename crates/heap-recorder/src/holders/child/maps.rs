//! What memory there is, and what each part of it is: from `/proc/self/maps` and from what was known before.

use super::super::question::{ANONYMOUS, C_HEAP, Kind, MAPPED_FILE, Question, Region, Thread};
use crate::{
    pages::Pages,
    proc_file::{File, range},
};
use std::ops::ControlFlow;

/// What a function may use below its stack pointer without saying so (System V ABI, x86-64: the red zone).
const RED_ZONE: usize = 128;

/// The parts of memory that can be written, in the order of their addresses. Nothing where that cannot be found out.
pub(super) fn regions(question: &Question) -> Option<Pages<Region>> {
    let known = known(question)?;
    let file = File::open(c"/proc/self/maps")?;
    let (mut regions, mut complete) = (Pages::new(), true);
    let mut guard_ends = 0;
    file.for_each_line(|line| {
        let Some(mapping) = Mapping::read(line) else {
            return ControlFlow::Continue(());
        };
        if mapping.is_guard {
            guard_ends = mapping.end;
        }
        if mapping.is_writable {
            let stack = mapping
                .stack(question, &known)
                .map_or(Some(()), |stack| enter(stack, &mut regions));
            let above_guard = guard_ends == mapping.start || !can_be_read(mapping.start);
            let whole = mapping.whole(question, above_guard);
            complete &= stack.and(cut(whole, &known, &mut regions)).is_some();
        }
        ControlFlow::Continue(())
    });
    (complete && !regions.is_empty()).then_some(regions)
}

/// Whether a page can be read: the kernel copies a set of signals from it before it refuses what else it is asked for. A
/// guard within a mapping cannot, nor what lies behind the end of a file.
pub(super) fn can_be_read(page: usize) -> bool {
    // SAFETY: the first argument is none that the call knows, so that it changes nothing; it reads eight bytes if it can.
    let answer = unsafe { libc::syscall(libc::SYS_rt_sigprocmask, usize::MAX, page, 0_usize, 8_usize) };
    // SAFETY: the address of this thread's own error number, which is always there.
    answer == 0 || unsafe { *libc::__errno_location() } != libc::EFAULT
}

/// What was known before, and the question itself, in one list.
fn known(question: &Question) -> Option<Pages<Region>> {
    let mut known = Pages::new();
    known.extend(&question.known)?;
    for (start, end) in question.own() {
        known.push(Region {
            start,
            end,
            kind: Kind::Ignored,
            owner: 0,
        })?;
    }
    known.sort_unstable_by_key(|region| region.start);
    Some(known)
}

/// A line of the file.
struct Mapping {
    start: usize,
    end: usize,
    /// It can be read and written, and writing to it is seen by nobody else.
    is_writable: bool,
    /// It can be neither read nor written: what lies above it is likely a stack.
    is_guard: bool,
    path: Path,
}

#[derive(PartialEq, Eq)]
enum Path {
    None,
    CHeap,
    MainStack,
    File,
    Other,
}

impl Mapping {
    fn read(line: &[u8]) -> Option<Self> {
        let (start, end, rest) = range(line)?;
        let rights = rest.strip_prefix(b" ")?;
        let path = line.iter().position(|byte| matches!(byte, b'/' | b'['));
        let path = match path.and_then(|at| line.get(at..)) {
            None => Path::None,
            Some(b"[heap]") => Path::CHeap,
            Some(b"[stack]") => Path::MainStack,
            // A name that somebody gave to anonymous memory (PR_SET_VMA_ANON_NAME).
            Some(path) if path.starts_with(b"[anon") => Path::None,
            Some(path) if path.starts_with(b"/") => Path::File,
            Some(_) => Path::Other,
        };
        Some(Self {
            start,
            end,
            is_writable: rights.starts_with(b"rw") && rights.get(3) == Some(&b'p'),
            is_guard: rights.starts_with(b"---"),
            path,
        })
    }

    fn holds(&self, address: usize) -> bool {
        (self.start..self.end).contains(&address)
    }

    /// All of it, for what it is where nothing more is known.
    fn whole(&self, question: &Question, above_guard: bool) -> Region {
        // A thread's own data lies there: what is not its stack or its variables is the C library's, and tells nothing. But
        // the kernel makes one mapping of neighbours that are alike: the allocator may have some of it.
        let is_threads = question.threads.iter().any(|thread| self.holds(thread.anchor));
        let (kind, owner) = match self.path {
            Path::CHeap => (Kind::Outside, C_HEAP),
            Path::File => (Kind::Outside, MAPPED_FILE),
            Path::MainStack | Path::Other => (Kind::Ignored, 0),
            Path::None if is_threads => (Kind::Heap, 0),
            // The stack of a thread that has ended, or one for signals; but the allocator may have some above a guard, too.
            Path::None if above_guard => (Kind::Heap, 0),
            Path::None => (Kind::Anonymous, ANONYMOUS),
        };
        Region {
            start: self.start,
            end: self.end,
            kind,
            owner,
        }
    }

    /// What a thread uses of it as its stack.
    fn stack(&self, question: &Question, known: &[Region]) -> Option<Region> {
        let is_its_stack = |thread: &Thread| match thread.is_main {
            true => self.path == Path::MainStack,
            false => self.holds(thread.anchor),
        };
        let threads = question.threads.iter().zip(0..);
        let (thread, owner) = threads
            .filter(|(thread, _)| !thread.is_own)
            .find(|(thread, _)| is_its_stack(thread))?;
        let is_its_own = |region: &&Region| region.kind == Kind::ThreadLocal && self.holds(region.start);
        let own = known.iter().find(is_its_own).map(|region| region.start);
        let anchor = Some(thread.anchor).filter(|anchor| self.holds(*anchor));
        let end = [own, anchor].into_iter().flatten().min().unwrap_or(self.end);
        // Where it is elsewhere, the thread is on another stack, a coroutine's, and how much of this one is in use is not known.
        let pointer = Some(thread.stack_pointer).filter(|pointer| self.holds(*pointer));
        let used = pointer
            .unwrap_or(self.start)
            .saturating_sub(RED_ZONE)
            .clamp(self.start, end);
        Some(Region {
            start: used & !(size_of::<usize>() - 1),
            end,
            kind: Kind::Stack,
            owner,
        })
    }
}

/// Enters a part of memory, less those within it of which more is known, which are entered for themselves.
fn cut(whole: Region, known: &[Region], regions: &mut Pages<Region>) -> Option<()> {
    let mut from = whole.start;
    let first = known.partition_point(|region| region.end <= whole.start);
    let within = known
        .get(first..)?
        .iter()
        .take_while(|region| region.start < whole.end);
    for region in within {
        let before = Region {
            start: from,
            end: region.start.max(from),
            ..whole
        };
        let inner = Region {
            start: region.start.max(from),
            end: region.end.min(whole.end),
            ..*region
        };
        enter(before, regions)?;
        enter(inner, regions)?;
        from = from.max(inner.end);
    }
    let rest = Region { start: from, ..whole };
    enter(rest, regions)
}

fn enter(region: Region, regions: &mut Pages<Region>) -> Option<()> {
    // Addresses above these are given only to those who ask for them.
    const MOST_ADDRESSES: usize = 1 << 48;
    if region.kind == Kind::Ignored || region.len() < size_of::<usize>() || region.end > MOST_ADDRESSES {
        return Some(());
    }
    regions.push(region)
}

#[cfg(test)]
mod tests {
    use super::can_be_read;
    use std::ptr;

    #[test]
    fn what_is_mapped_without_rights_cannot_be_read() {
        let page = crate::process::page_size();
        let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
        // SAFETY: a fresh mapping, wherever the kernel has room for it.
        let guard = unsafe { libc::mmap(ptr::null_mut(), page, libc::PROT_NONE, flags, -1, 0) };
        assert_ne!(guard, libc::MAP_FAILED);
        let own = 0_u64;
        assert!(can_be_read(&raw const own as usize));
        assert!(!can_be_read(guard as usize));
        // SAFETY: the mapping is this test's own.
        assert_eq!(unsafe { libc::munmap(guard, page) }, 0);
    }
}
