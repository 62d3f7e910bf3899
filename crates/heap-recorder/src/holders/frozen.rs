//! The frozen copy of the process: made, listened to, and reaped.
//!
//! By a bare `clone`, which does what `fork` does, and calls none of the handlers that libraries have for that: they would
//! take all of the allocator's locks, and wait for threads that hold them. The copy is no child for `wait` without
//! `__WALL`, and its end raises no signal: the program does not get to see it.

use std::{
    fs::File,
    io::{self, Read as _},
    mem,
    os::fd::{AsRawFd as _, FromRawFd as _, OwnedFd, RawFd},
    ptr,
    time::{Duration, Instant},
};

use super::{
    child::{self, End, pass::MOST_REGIONS},
    question::Question,
};
use crate::Error;

/// How much longer than it was told the copy may live: it is ended by its own alarm before the process does it.
const ALARM_AFTER: Duration = Duration::from_secs(5);
const KILLED_AFTER: Duration = Duration::from_secs(10);
/// What is read of the answer: more than the copy ever sends.
const MOST_BYTES: u64 = 64 << 20;
/// Signals that Linux has.
const SIGNALS: i32 = 64;

/// What became of it.
pub(super) struct Answer {
    pub(super) bytes: Vec<u8>,
    /// How long the process stood still.
    pub(super) pause: Duration,
}

/// Freezes a copy, has it answer, and reaps it.
///
/// # Errors
/// Where there can be no copy, or it did not come to its end.
pub(super) fn ask(question: &Question) -> Result<Answer, Error> {
    let (reader, writer) = pipe().map_err(|error| failed(format!("no pipe: {error}")))?;
    // SAFETY: it asks the kernel for a number.
    let process = unsafe { libc::getpid() };
    let signals = Blocked::all();
    let begun = Instant::now();
    // SAFETY: no flags, no stack of its own: the copy goes on here, with memory of its own, as after `fork`. It runs
    // `be_the_copy` alone, which never returns.
    let id = unsafe { libc::syscall(libc::SYS_clone, 0_usize, 0_usize, 0_usize, 0_usize, 0_usize) };
    if id == 0 {
        be_the_copy(question, process, writer.as_raw_fd());
    }
    let error = io::Error::last_os_error();
    let pause = begun.elapsed();
    drop(signals);
    drop(writer);
    let Some(id) = libc::pid_t::try_from(id).ok().filter(|id| *id > 0) else {
        return Err(failed(format!("the process cannot be copied: {error}")));
    };
    let copy = Copy(Some(id));
    let bytes = listen(reader, question.time + KILLED_AFTER)?;
    let status = copy.end()?;
    understand(status, question.time, &bytes)?;
    Ok(Answer { bytes, pause })
}

fn failed(reason: String) -> Error {
    Error::Scan { reason }
}

fn pipe() -> io::Result<(OwnedFd, OwnedFd)> {
    let mut ends = [0; 2];
    // SAFETY: there is room for two numbers.
    if unsafe { libc::pipe2(ends.as_mut_ptr(), libc::O_CLOEXEC) } != 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: both were opened by this call, and belong to nobody else.
    Ok(unsafe { (OwnedFd::from_raw_fd(ends[0]), OwnedFd::from_raw_fd(ends[1])) })
}

/// All that the copy sends, until it closes the pipe by ending.
fn listen(reader: OwnedFd, patience: Duration) -> Result<Vec<u8>, Error> {
    let deadline = Instant::now() + patience;
    let mut reader = File::from(reader).take(MOST_BYTES);
    let (mut bytes, mut chunk) = (Vec::new(), vec![0; 1 << 16]);
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        if !is_ready(reader.get_ref().as_raw_fd(), left) {
            return Err(failed(format!(
                "the copy of the process said nothing for {} s",
                patience.as_secs()
            )));
        }
        match reader.read(&mut chunk) {
            Ok(0) => return Ok(bytes),
            Ok(read) => bytes.extend_from_slice(chunk.get(..read).unwrap_or(&[])),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(failed(format!("the pipe cannot be read: {error}"))),
        }
    }
}

fn is_ready(reader: RawFd, patience: Duration) -> bool {
    let deadline = Instant::now() + patience;
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        let mut wanted = libc::pollfd {
            fd: reader,
            events: libc::POLLIN,
            revents: 0,
        };
        // SAFETY: one entry is there.
        let ready = unsafe { libc::poll(&raw mut wanted, 1, left.as_millis().min(i32::MAX as u128) as i32) };
        if ready > 0 || left.is_zero() {
            return ready > 0;
        }
    }
}

/// The copy, by its id; killed and reaped when it is dropped.
struct Copy(Option<libc::pid_t>);

impl Copy {
    /// Waits for its end, which has come: it has closed the pipe.
    fn end(mut self) -> Result<i32, Error> {
        match self.0.take() {
            Some(id) => reap(id).map_err(|error| failed(format!("the copy of the process is lost: {error}"))),
            None => Ok(0),
        }
    }
}

impl Drop for Copy {
    fn drop(&mut self) {
        if let Some(id) = self.0 {
            // SAFETY: it was not reaped yet, so that the id is still its own.
            unsafe { libc::kill(id, libc::SIGKILL) };
            let _ = reap(id);
        }
    }
}

fn reap(id: libc::pid_t) -> io::Result<i32> {
    let mut status = 0;
    loop {
        // SAFETY: there is room for the status. `__WALL`: it raises no SIGCHLD, and is not waited for otherwise.
        match unsafe { libc::waitpid(id, &raw mut status, libc::__WALL) } {
            -1 if io::Error::last_os_error().kind() == io::ErrorKind::Interrupted => {}
            -1 => return Err(io::Error::last_os_error()),
            _ => return Ok(status),
        }
    }
}

/// Whether it came to its end, or what happened instead. `bytes` is what it sent.
fn understand(status: i32, time: Duration, bytes: &[u8]) -> Result<(), Error> {
    if libc::WIFSIGNALED(status) {
        return Err(failed(match libc::WTERMSIG(status) {
            libc::SIGALRM => format!(
                "the copy of the process took longer than {} s",
                (time + ALARM_AFTER).as_secs()
            ),
            signal => format!("the copy of the process was ended by signal {signal}"),
        }));
    }
    match libc::WEXITSTATUS(status) {
        code if code == End::Sent as i32 => Ok(()),
        code if code == End::NoMemory as i32 => Err(Error::OutOfMemory),
        code if code == End::NoMaps as i32 => Err(failed("/proc/self/maps cannot be read".to_owned())),
        code if code == End::TooManyRegions as i32 => Err(Error::Regions {
            found: bytes.first_chunk::<8>().map(|found| u64::from_ne_bytes(*found)),
            most: MOST_REGIONS,
        }),
        code => Err(failed(format!(
            "the copy of the process ended with status {code}"
        ))),
    }
}

/// Signals that are blocked until this is dropped: no handler of the program runs in the copy.
struct Blocked(libc::sigset_t);

impl Blocked {
    fn all() -> Self {
        // SAFETY: a set of signals is made of numbers, and both are written before they are read.
        let (mut all, mut before) = unsafe { mem::zeroed::<(libc::sigset_t, libc::sigset_t)>() };
        // SAFETY: it fills the set.
        unsafe { libc::sigfillset(&raw mut all) };
        // SAFETY: both sets are there; it changes this thread's mask alone.
        unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, &raw const all, &raw mut before) };
        Self(before)
    }
}

impl Drop for Blocked {
    fn drop(&mut self) {
        // SAFETY: as above, with the set from before.
        unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, &raw const self.0, ptr::null_mut()) };
    }
}

/// What the copy does, and all that it does. `process` is what it was copied from.
fn be_the_copy(question: &Question, process: libc::pid_t, pipe: RawFd) -> ! {
    let _never_back = EndOnPanic;
    // SAFETY: system calls alone, on nothing but this process: it ends with the process that it was copied from, which may
    // have ended before it asked for that, and leaves no core file. One byte is too little for a file, and has the kernel
    // start no program that takes it through a pipe: for that, 0 is no limit (core(5)).
    unsafe {
        libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL);
        if libc::getppid() != process {
            libc::_exit(End::Orphan as i32);
        }
        let none = libc::rlimit {
            rlim_cur: 1,
            rlim_max: 1,
        };
        libc::setrlimit(libc::RLIMIT_CORE, &raw const none);
    }
    close_all_but(pipe);
    forget_handlers();
    // SAFETY: a system call with a number.
    unsafe { libc::alarm((question.time + ALARM_AFTER).as_secs() as u32) };
    offer_to_die_first();
    let end = child::run(question, pipe);
    // SAFETY: it ends this process, without a word to anything of the program.
    unsafe { libc::_exit(end as i32) }
}

/// Ends the copy where a panic would take it back into the program. There is none that is known of.
struct EndOnPanic;

impl Drop for EndOnPanic {
    fn drop(&mut self) {
        // SAFETY: it ends this process, without a word to anything of the program.
        unsafe { libc::_exit(End::Panicked as i32) };
    }
}

/// Connections that the program closes meanwhile are closed, and ports that it gives up are free.
fn close_all_but(kept: RawFd) {
    let kept = kept as libc::c_uint;
    let close = |first: libc::c_uint, last: libc::c_uint| {
        // SAFETY: a system call with numbers: it closes files of this process.
        first > last || unsafe { libc::syscall(libc::SYS_close_range, first, last, 0) } == 0
    };
    let all = kept.checked_sub(1).is_none_or(|last| close(0, last)) & close(kept + 1, libc::c_uint::MAX);
    if all {
        return;
    }
    // Before Linux 5.9 one by one.
    const MOST_FILES: libc::c_uint = 1 << 16;
    for file in (0..MOST_FILES).filter(|file| *file != kept) {
        // SAFETY: as above; a number that is no open file is refused.
        unsafe { libc::close(file as RawFd) };
    }
}

/// Signals do what they do to a program that knows nothing of them: they end it.
fn forget_handlers() {
    // Not by the C library: it takes a lock for SIGABRT. The kernel's action is four words at most, the default all zeros.
    let (default, size_of_set) = ([0_u64; 4], size_of::<u64>());
    for signal in 1..=SIGNALS {
        // SAFETY: the action is there; two signals cannot be changed, and are refused.
        unsafe {
            libc::syscall(
                libc::SYS_rt_sigaction,
                signal,
                &raw const default,
                ptr::null_mut::<u64>(),
                size_of_set,
            );
        }
    }
    // SAFETY: a set of signals is made of numbers; all zero has none.
    let none = unsafe { mem::zeroed::<libc::sigset_t>() };
    // SAFETY: the set is there; it changes this thread's mask.
    unsafe { libc::sigprocmask(libc::SIG_SETMASK, &raw const none, ptr::null_mut()) };
}

/// Where memory runs out, the kernel takes this process, and not the one that it was copied from.
fn offer_to_die_first() {
    let text = b"1000";
    // SAFETY: opens a file by a name that ends with NUL, writes text that is there, and closes it again.
    unsafe {
        let file = libc::open(
            c"/proc/self/oom_score_adj".as_ptr(),
            libc::O_WRONLY | libc::O_CLOEXEC,
        );
        if file >= 0 {
            libc::write(file, text.as_ptr().cast(), text.len());
            libc::close(file);
        }
    }
}

#[cfg(test)]
mod tests;
