//! jemalloc's control names that `tikv-jemalloc-ctl` has no safe type for.
//!
//! Each function here states the C type that jemalloc's manual (jemalloc(3), "MALLCTL NAMESPACE")
//! gives for the name; nothing else in this crate calls `mallctl`.

use crate::Error;
use std::ptr;
use tikv_jemalloc_ctl::raw;

/// An index that stands for all arenas together (`MALLCTL_ARENAS_ALL` in jemalloc's header): 4096.
pub(crate) const ARENA_TCACHE_BYTES: &str = "stats.arenas.4096.tcache_bytes\0";
pub(crate) const ARENA_DIRTY_PAGES: &str = "stats.arenas.4096.pdirty\0";
pub(crate) const ARENA_MUZZY_PAGES: &str = "stats.arenas.4096.pmuzzy\0";

/// A statistic of all arenas together, its name looked up once: the lookup costs more than the read.
#[derive(Clone, Copy)]
pub(crate) struct ArenaFigure {
    name: &'static str,
    mib: [usize; 4],
}

impl ArenaFigure {
    /// Looks up one of the `ARENA_` names above.
    pub(crate) fn find(name: &'static str) -> Result<Self, Error> {
        let mut mib = [0; 4];
        raw::name_to_mib(name.as_bytes(), &mut mib).map_err(|source| refused(name, source))?;
        Ok(Self { name, mib })
    }

    pub(crate) fn read(self) -> Result<u64, Error> {
        // SAFETY: the names that `find` is called with are all `size_t` (jemalloc(3):
        // stats.arenas.<i>.tcache_bytes, .pdirty, .pmuzzy); `usize` has its layout and any bits are valid.
        unsafe { raw::read_mib::<usize>(&self.mib) }
            .map(|value| value as u64)
            .map_err(|source| refused(self.name, source))
    }
}

/// The page size that jemalloc counts dirty and muzzy pages in.
pub(crate) fn page_size() -> Result<u64, Error> {
    // SAFETY: `arenas.page` is a `size_t` (jemalloc(3)).
    unsafe { raw::read::<usize>(b"arenas.page\0") }
        .map(|value| value as u64)
        .map_err(|source| refused("arenas.page", source))
}

/// Reads a yes or no: `config.stats`, `config.prof`, `opt.prof`, `prof.active`. `None`: not known there.
pub(crate) fn read_bool(name: &'static str) -> Option<bool> {
    // SAFETY: the names listed above are all C `bool` (jemalloc(3)). Read as a byte all the same,
    // which any bits are valid for; the two have one size.
    unsafe { raw::read::<u8>(name.as_bytes()) }
        .ok()
        .map(|value| value != 0)
}

/// The profiler's mean sampling interval in bytes.
pub(crate) fn sample_interval() -> Result<u64, Error> {
    // SAFETY: `prof.lg_sample` is a `size_t` (jemalloc(3)).
    unsafe { raw::read::<usize>(b"prof.lg_sample\0") }
        .map(|exponent| 1u64.checked_shl(exponent as u32).unwrap_or(u64::MAX))
        .map_err(|source| refused("prof.lg_sample", source))
}

/// Bytes that this thread has allocated through jemalloc since it began.
pub(crate) fn thread_allocated() -> Option<u64> {
    // SAFETY: `thread.allocated` is a `uint64_t` (jemalloc(3)).
    unsafe { raw::read::<u64>(b"thread.allocated\0") }.ok()
}

/// Does what a name stands for that takes no value and gives none, as `arena.<i>.purge`.
/// Returns the error number where jemalloc refuses.
pub(crate) fn act(name: &'static str) -> Result<(), i32> {
    assert!(name.ends_with('\0'), "control names end with NUL: {name}");
    // SAFETY: `name` ends with NUL (checked above); such names require all four other arguments
    // to be null or zero (jemalloc's ctl.c, NEITHER_READ_NOR_WRITE), and neither of those used
    // here touches memory that is in use: they move free regions alone.
    let code = unsafe {
        tikv_jemalloc_sys::mallctl(
            name.as_ptr().cast(),
            ptr::null_mut(),
            ptr::null_mut(),
            ptr::null_mut(),
            0,
        )
    };
    if code == 0 { Ok(()) } else { Err(code) }
}

pub(crate) fn refused(name: &'static str, source: tikv_jemalloc_ctl::Error) -> Error {
    Error::Allocator {
        name: name.trim_end_matches('\0'),
        source,
    }
}
