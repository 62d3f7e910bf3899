//! Birth times: ticks of ten milliseconds since the recorder's start, in a number that lasts for 497 days.

use std::{
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::SystemTime,
};

/// Milliseconds of one tick.
const MILLIS: u64 = 10;

/// The reading at the recorder's start, in ticks.
static START: AtomicU64 = AtomicU64::new(0);

/// When that tick began, in milliseconds since 1970.
static STARTED: AtomicU64 = AtomicU64::new(0);

pub(crate) fn start() {
    // By the exact clock, which the coarse one never leads: births are never in the future.
    let now = millis(libc::CLOCK_MONOTONIC);
    START.store(now / MILLIS, Relaxed);
    let since = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
    let since = u64::try_from(since.as_millis()).unwrap_or(0);
    STARTED.store(since.saturating_sub(now % MILLIS), Relaxed);
}

/// Now, in nanoseconds since 1970.
pub(crate) fn now_nanos() -> i64 {
    let since = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
    i64::try_from(since.as_nanos()).unwrap_or(i64::MAX)
}

/// A moment in ticks as milliseconds since 1970.
pub(crate) fn in_millis(ticks: u32) -> i64 {
    let since = u64::from(ticks) * MILLIS;
    i64::try_from(STARTED.load(Relaxed) + since).unwrap_or(i64::MAX)
}

/// Ticks since the start. Safe in the hooks: it reads a page that the kernel keeps up to date, and calls nothing.
pub(crate) fn ticks() -> u32 {
    // This clock is as coarse as the scheduler's tick, and the cheapest; Linux has had it since 2.6.32.
    let now = millis(libc::CLOCK_MONOTONIC_COARSE) / MILLIS;
    let since = now.saturating_sub(START.load(Relaxed));
    u32::try_from(since).unwrap_or(u32::MAX)
}

/// The monotonic clock, in milliseconds. Calls nothing but the kernel.
pub(crate) fn monotonic_millis() -> u64 {
    millis(libc::CLOCK_MONOTONIC)
}

fn millis(clock: libc::clockid_t) -> u64 {
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: `time` is what clock_gettime(2) writes to.
    unsafe { libc::clock_gettime(clock, &raw mut time) };
    time.tv_sec as u64 * 1000 + time.tv_nsec as u64 / 1_000_000
}
