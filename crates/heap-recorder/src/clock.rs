//! Birth times: ticks of ten milliseconds since the recorder's start, in a number that lasts for 497 days.

use std::{
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::{Duration, SystemTime},
};

/// One tick.
const TICK: Duration = Duration::from_millis(10);

/// The reading at the recorder's start, in ticks.
static START: AtomicU64 = AtomicU64::new(0);

/// The start, in milliseconds since 1970.
static STARTED: AtomicU64 = AtomicU64::new(0);

pub(crate) fn start() {
    START.store(reading(), Relaxed);
    let since = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
    STARTED.store(since.as_millis() as u64, Relaxed);
}

/// A moment in ticks as milliseconds since 1970.
pub(crate) fn in_millis(ticks: u32) -> i64 {
    let since = u64::from(ticks) * TICK.as_millis() as u64;
    i64::try_from(STARTED.load(Relaxed) + since).unwrap_or(i64::MAX)
}

/// Ticks since the start. Safe in the hooks: it reads a page that the kernel keeps up to date, and calls nothing.
pub(crate) fn ticks() -> u32 {
    let since = reading().saturating_sub(START.load(Relaxed));
    u32::try_from(since).unwrap_or(u32::MAX)
}

fn reading() -> u64 {
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: `time` is what clock_gettime(2) writes to. This clock is as coarse as the scheduler's tick, and the
    // cheapest; Linux has had it since 2.6.32.
    unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC_COARSE, &raw mut time) };
    let millis = time.tv_sec as u64 * 1000 + time.tv_nsec as u64 / 1_000_000;
    millis / TICK.as_millis() as u64
}
