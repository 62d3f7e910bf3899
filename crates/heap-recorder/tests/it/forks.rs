//! What a process allocates after a fork, while the threads that it no longer has were recording.
#![allow(unsafe_code, reason = "`pre_exec`, and an alarm in it")]

use crate::{child::alone, recorder::start};
use heap_recorder::{Error, Recorder, Recording};
use std::{
    hint::black_box,
    io,
    os::unix::process::CommandExt as _,
    process::Command,
    sync::atomic::{AtomicBool, Ordering::Relaxed},
    thread,
};

const FORKS: usize = 200;
const THREADS: usize = 4;
/// Seconds, thousands of times as many as it takes: a fork that waits for a thread which it does not have would wait for ever.
const PATIENCE: u32 = 60;

/// Objects that are sampled in their hundreds, made and freed again.
fn allocate() -> Vec<Vec<u8>> {
    black_box((0..500).map(|size| vec![1; 1000 + size]).collect())
}

/// Runs a program that does nothing; what comes before it, in the fork, allocates and frees.
fn run(recorder: Recorder) -> io::Result<()> {
    let mut command = Command::new("true");
    let mut sampled_before = allocate();
    let before = move || {
        // SAFETY: a system call with a number.
        unsafe { libc::alarm(PATIENCE) };
        sampled_before.clear();
        drop(allocate());
        match (recorder.status().recording, recorder.set_active(true)) {
            (Recording::Forked, Err(Error::Forked)) => Ok(()),
            _ => Err(io::ErrorKind::Unsupported.into()),
        }
    };
    // SAFETY: it allocates, for which jemalloc is ready in a fork, and takes no lock that another thread may hold.
    unsafe { command.pre_exec(before) };
    match command.status()?.success() {
        true => Ok(()),
        false => Err(io::Error::other("it failed")),
    }
}

#[test]
fn a_fork_may_allocate_while_other_threads_record() {
    let test = "forks::a_fork_may_allocate_while_other_threads_record";
    alone(test, "lg_prof_sample:8", || {
        let recorder = start();
        let done = AtomicBool::new(false);
        let forks = thread::scope(|scope| {
            for _ in 0..THREADS {
                scope.spawn(|| {
                    while !done.load(Relaxed) {
                        drop(allocate());
                    }
                });
            }
            let forks = (0..FORKS).try_for_each(|_| run(recorder));
            done.store(true, Relaxed);
            forks
        });
        forks.expect("no fork waits, and none records");
        let status = recorder.status();
        assert!(matches!(status.recording, Recording::On(_)), "{status}");
        recorder.profile(None).expect("the process itself goes on");
    });
}
