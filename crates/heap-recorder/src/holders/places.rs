//! What memory is known before the process is frozen: the variables of each file, the thread-local ones of each thread, and
//! where threads' stacks end.

use std::{
    ffi::{CStr, OsStr, c_int, c_void},
    fs,
    os::unix::ffi::OsStrExt as _,
    path::{Path, PathBuf},
    ptr, slice, thread,
    time::{Duration, Instant},
};

use super::question::{Kind, Range, Region, Thread};
use crate::{Error, pages::Pages};

/// A program or library in memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct File {
    pub(super) path: PathBuf,
    /// What to take from an address to have that of the file's own tables.
    pub(super) base: usize,
    segments: Vec<(usize, usize, u32)>,
    /// Where the calling thread has its own copy of the thread-local variables, and their size.
    own_variables: Option<(usize, usize)>,
}

impl File {
    /// Whether an address is in it.
    pub(super) fn holds(&self, address: usize) -> bool {
        self.segments
            .iter()
            .any(|(start, end, _)| (*start..*end).contains(&address))
    }
}

/// The files that are in memory, the program first.
pub(super) fn files() -> Vec<File> {
    let mut files: Vec<File> = Vec::new();
    // SAFETY: the callback gets `files` for as long as the call lasts, and each entry for as long as the callback does.
    unsafe { libc::dl_iterate_phdr(Some(note), (&raw mut files).cast()) };
    files
}

/// # Safety
/// As `dl_iterate_phdr` calls it, with a `Vec<File>` as `files`.
unsafe extern "C" fn note(info: *mut libc::dl_phdr_info, _size: usize, files: *mut c_void) -> c_int {
    // SAFETY: both are what the caller of this function says.
    let (info, files) = unsafe { (&*info, &mut *files.cast::<Vec<File>>()) };
    let headers = match info.dlpi_phdr.is_null() {
        true => &[],
        // SAFETY: the loader gives so many headers, which stay as long as the file is loaded.
        false => unsafe { slice::from_raw_parts(info.dlpi_phdr, usize::from(info.dlpi_phnum)) },
    };
    let base = info.dlpi_addr as usize;
    let loaded = headers.iter().filter(|header| header.p_type == libc::PT_LOAD);
    let segments = loaded.map(|header| {
        let start = base.wrapping_add(header.p_vaddr as usize);
        (start, start + header.p_memsz as usize, header.p_flags)
    });
    let variables = headers.iter().find(|header| header.p_type == libc::PT_TLS);
    let own_variables = variables.filter(|_| !info.dlpi_tls_data.is_null());
    files.push(File {
        path: path_of(info, files.is_empty()),
        base,
        segments: segments.collect(),
        own_variables: own_variables.map(|header| (info.dlpi_tls_data as usize, header.p_memsz as usize)),
    });
    0
}

fn path_of(info: &libc::dl_phdr_info, is_program: bool) -> PathBuf {
    let name = if info.dlpi_name.is_null() {
        c""
    } else {
        // SAFETY: the loader gives text that ends with NUL.
        unsafe { CStr::from_ptr(info.dlpi_name) }
    };
    if is_program && name.is_empty() {
        return fs::read_link("/proc/self/exe").unwrap_or_default();
    }
    Path::new(OsStr::from_bytes(name.to_bytes())).to_owned()
}

/// How long the thread that asks is given to begin to wait.
const PATIENCE: Duration = Duration::from_millis(50);

/// The threads of this process, and their names.
pub(super) struct Threads {
    pub(super) ids: Vec<libc::pid_t>,
    pub(super) names: Vec<String>,
    pub(super) threads: Pages<Thread>,
    /// How often each has begun to wait.
    pub(super) waits: Vec<Option<u64>>,
}

impl Threads {
    /// `caller` is about to wait for this thread, and is given the time to.
    ///
    /// # Errors
    /// Where `/proc/self/task` cannot be read, or there is no memory.
    pub(super) fn find(caller: libc::pid_t) -> Result<Self, Error> {
        let deadline = Instant::now() + PATIENCE;
        while stack_pointer(caller) == 0 && Instant::now() < deadline {
            thread::sleep(PATIENCE / 100);
        }
        let folder = Path::new("/proc/self/task");
        let failed = |source| Error::Process {
            path: folder.to_owned(),
            source,
        };
        let mut found = Self {
            ids: Vec::new(),
            names: Vec::new(),
            threads: Pages::new(),
            waits: Vec::new(),
        };
        // SAFETY: both ask the kernel for a number.
        let (own, process) = unsafe { (libc::gettid(), libc::getpid()) };
        for entry in fs::read_dir(folder).map_err(failed)? {
            let name = entry.map_err(failed)?.file_name();
            let Some(id) = name.to_str().and_then(|name| name.parse().ok()) else {
                continue;
            };
            // One that has ended meanwhile has no name, and nothing to hold.
            let Ok(name) = fs::read_to_string(format!("/proc/self/task/{id}/comm")) else {
                continue;
            };
            found.ids.push(id);
            found.names.push(name.trim_end().to_owned());
            found.waits.push(waits(id));
            let thread = Thread {
                anchor: anchor(id),
                stack_pointer: if id == own { 0 } else { stack_pointer(id) },
                is_main: id == process,
                is_own: id == own,
            };
            found.threads.push(thread).ok_or(Error::OutOfMemory)?;
        }
        Ok(found)
    }
}

/// For each thread whether it has waited all the time: it has not begun to wait once more, and its stack ends where it did.
pub(super) fn still_waiting(ids: &[libc::pid_t], before: &[Option<u64>], threads: &[Thread]) -> Vec<bool> {
    let still = |((id, before), thread): ((&libc::pid_t, &Option<u64>), &Thread)| {
        let waits_on = before.is_some() && waits(*id) == *before;
        thread.stack_pointer != 0 && waits_on && stack_pointer(*id) == thread.stack_pointer
    };
    ids.iter().zip(before).zip(threads).map(still).collect()
}

/// How often a thread has begun to wait; nothing where the kernel does not say.
fn waits(id: libc::pid_t) -> Option<u64> {
    let text = fs::read_to_string(format!("/proc/self/task/{id}/status")).ok()?;
    let mut lines = text.lines();
    let count = lines.find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"))?;
    count.trim().parse().ok()
}

/// An address in a thread's own data, at the same distance from its thread-local variables in all threads: the head of its
/// list of robust mutexes, which the C library registers with the kernel for each thread. 0 where it does not.
fn anchor(id: libc::pid_t) -> usize {
    let (mut head, mut len) = (ptr::null_mut::<c_void>(), 0_usize);
    // SAFETY: the call writes an address and a size (get_robust_list(2)) into what is there for them.
    let answer = unsafe { libc::syscall(libc::SYS_get_robust_list, id, &raw mut head, &raw mut len) };
    if answer == 0 { head as usize } else { 0 }
}

/// Where the stack of a thread ends that waits in the kernel; 0 for one that runs, and where the kernel does not say.
fn stack_pointer(id: libc::pid_t) -> usize {
    let text = fs::read_to_string(format!("/proc/self/task/{id}/syscall")).unwrap_or_default();
    // The number of the call, its arguments if it is one, the stack pointer, the program counter (proc_pid_syscall(5)).
    let mut fields = text.split_ascii_whitespace().rev().skip(1);
    let found = fields.next().and_then(|field| field.strip_prefix("0x"));
    found
        .and_then(|digits| usize::from_str_radix(digits, 16).ok())
        .unwrap_or(0)
}

/// The parts of memory that files and threads have, in the order of their addresses.
pub(super) fn known(files: &[File], threads: &Threads) -> Option<Pages<Region>> {
    let mut known = Pages::new();
    for (file, owner) in files.iter().zip(0_u32..) {
        for (start, end, flags) in &file.segments {
            if flags & libc::PF_W != 0 {
                known.push(Region {
                    start: *start,
                    end: *end,
                    kind: Kind::Static,
                    owner,
                })?;
            }
        }
        variables(file, owner, threads, &mut known)?;
    }
    known.sort_unstable_by_key(|region: &Region| region.start);
    Some(known)
}

/// The thread-local variables of a file, in each thread. Where they were not made together with the thread (a library that
/// was loaded later), they are not at the same place in each: those are not looked at.
fn variables(file: &File, owner: u32, threads: &Threads, known: &mut Pages<Region>) -> Option<()> {
    /// The C library lays all of a thread's own data side by side.
    const NEAR: usize = 1 << 20;
    let own = threads
        .threads
        .iter()
        .find(|thread| thread.is_own && thread.anchor != 0);
    let (Some((start, size)), Some(own)) = (file.own_variables, own) else {
        return Some(());
    };
    if start.abs_diff(own.anchor) > NEAR {
        return Some(());
    }
    for (thread, number) in threads.threads.iter().zip(0_u32..) {
        if thread.anchor == 0 || thread.is_own {
            continue;
        }
        let start = start.wrapping_sub(own.anchor).wrapping_add(thread.anchor);
        known.push(Region {
            start,
            end: start + size,
            kind: Kind::ThreadLocal,
            owner: thread_local(number, owner),
        })?;
    }
    Some(())
}

/// The owner of thread-local variables: a thread and a file.
pub(super) fn thread_local(thread: u32, file: u32) -> u32 {
    thread << 12 | file & 0xfff
}

/// The thread and the file of an owner.
pub(super) fn thread_and_file(owner: u32) -> (u32, u32) {
    (owner >> 12, owner & 0xfff)
}

/// Code and data of the files, in the order of their addresses.
pub(super) fn ranges(files: &[File]) -> Option<Pages<Range>> {
    let mut ranges = Pages::new();
    let can_be_read = |flags: u32| flags & (libc::PF_R | libc::PF_X) != 0;
    let segments = files.iter().flat_map(|file| &file.segments);
    for (start, end, flags) in segments.filter(|(_, _, flags)| can_be_read(*flags)) {
        ranges.push(Range {
            start: *start,
            end: *end,
            is_code: flags & libc::PF_X != 0,
        })?;
    }
    ranges.sort_unstable_by_key(|range: &Range| range.start);
    Some(ranges)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{cell::Cell, sync::mpsc};

    static VARIABLE: [u64; 4] = [1, 2, 3, 4];

    thread_local! {
        static OWN: Cell<u64> = const { Cell::new(7) };
    }

    #[test]
    fn a_variable_and_a_function_lie_in_their_programs_parts() {
        let files = files();
        let ranges = ranges(&files).expect("memory");
        let range = |address: usize| {
            ranges
                .iter()
                .find(|range| (range.start..range.end).contains(&address))
        };
        let code = a_variable_and_a_function_lie_in_their_programs_parts as fn() as usize;
        assert!(range(code).is_some_and(|range| range.is_code));
        assert!(range(&raw const VARIABLE as usize).is_some_and(|range| !range.is_code));
        assert_eq!(files[0].path, std::env::current_exe().expect("a path"));
    }

    #[test]
    fn another_threads_variables_are_where_they_are_said_to_be() {
        let (tell, told) = mpsc::channel();
        let (done, wait) = mpsc::channel::<()>();
        let other = thread::Builder::new().name("another".to_owned()).spawn(move || {
            let own = OWN.with(|own| &raw const *own as usize);
            tell.send(own).expect("somebody listens");
            wait.recv().expect_err("nothing is sent");
        });
        let address = told.recv().expect("it was told");
        // SAFETY: it asks the kernel for a number.
        let own = unsafe { libc::gettid() };
        let looked = thread::spawn(move || {
            let threads = Threads::find(own).expect("/proc");
            (known(&files(), &threads).expect("memory"), threads)
        });
        let (known, threads) = looked.join().expect("no panic");
        let is_in = |region: &&Region| (region.start..region.end).contains(&address);
        let region = known.iter().find(is_in).expect("it is known");
        assert_eq!(region.kind, Kind::ThreadLocal);
        let (thread, file) = thread_and_file(region.owner);
        assert_eq!((threads.names[thread as usize].as_str(), file), ("another", 0));
        assert!(threads.threads[thread as usize].stack_pointer < address);
        drop(done);
        other.expect("it started").join().expect("no panic");
    }
}
