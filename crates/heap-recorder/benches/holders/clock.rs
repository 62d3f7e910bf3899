//! What processors spend, whoever else waits for one.

#![allow(unsafe_code, reason = "a copy of its own, and the kernel's clocks")]

use std::{
    error::Error,
    io, mem, ptr,
    time::{Duration, Instant},
};

/// What copying this process takes: by the wall, and the processor's time of the thread that does it.
///
/// The same call as the one before a scan, so that it costs the same: the copy ends at once.
pub(crate) fn copy() -> Result<(Duration, Duration), Box<dyn Error>> {
    let (begun, spent) = (Instant::now(), of_thread()?);
    // SAFETY: no flags, no stack of its own: the copy goes on here, as after `fork`, and ends itself.
    let id = unsafe { libc::syscall(libc::SYS_clone, 0, 0, 0, 0, 0) };
    if id == 0 {
        // SAFETY: it ends this process, without a word to anything of the program.
        unsafe { libc::_exit(0) }
    }
    let took = (begun.elapsed(), of_thread()?.saturating_sub(spent));
    let id = libc::pid_t::try_from(id)?;
    // SAFETY: nothing is written to; `__WALL`: it raises no signal in the end, and is not waited for otherwise.
    if id < 0 || unsafe { libc::waitpid(id, ptr::null_mut(), libc::__WALL) } != id {
        return Err(io::Error::last_os_error().into());
    }
    Ok(took)
}

/// What this thread has spent.
fn of_thread() -> Result<Duration, Box<dyn Error>> {
    // SAFETY: a time is made of numbers.
    let mut time = unsafe { mem::zeroed::<libc::timespec>() };
    // SAFETY: there is room for the time.
    if unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &raw mut time) } != 0 {
        return Err(io::Error::last_os_error().into());
    }
    Ok(Duration::new(
        u64::try_from(time.tv_sec)?,
        u32::try_from(time.tv_nsec)?,
    ))
}

/// What all copies that have ended have spent.
pub(crate) fn of_copies() -> Result<Duration, Box<dyn Error>> {
    // SAFETY: the answer is made of numbers.
    let mut usage = unsafe { mem::zeroed::<libc::rusage>() };
    // SAFETY: there is room for the answer.
    if unsafe { libc::getrusage(libc::RUSAGE_CHILDREN, &raw mut usage) } != 0 {
        return Err(io::Error::last_os_error().into());
    }
    let micros = |time: libc::timeval| time.tv_sec * 1_000_000 + time.tv_usec;
    Ok(Duration::from_micros(u64::try_from(
        micros(usage.ru_utime) + micros(usage.ru_stime),
    )?))
}
