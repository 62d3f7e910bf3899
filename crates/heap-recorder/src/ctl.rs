//! jemalloc's control names that `tikv-jemalloc-ctl` has no safe type for.
//!
//! Each function here states the C type that jemalloc's manual (jemalloc(3), "MALLCTL NAMESPACE")
//! gives for the name; nothing else in this crate calls `mallctl`.

use crate::{Error, unwind::Backtrace};
use std::{
    ffi::{c_uint, c_void},
    ptr,
};
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
    lg_sample()
        .map(|exponent| 1u64.checked_shl(exponent as u32).unwrap_or(u64::MAX))
        .map_err(|source| refused("prof.lg_sample", source))
}

/// The base-2 logarithm of that interval. Safe in the hooks: jemalloc reads it without a lock (`CTL_RO_NL_CGEN` in its
/// ctl.c), and nothing is allocated.
pub(crate) fn lg_sample() -> Result<usize, tikv_jemalloc_ctl::Error> {
    // SAFETY: `prof.lg_sample` is a `size_t` (jemalloc(3)).
    unsafe { raw::read::<usize>(b"prof.lg_sample\0") }
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

/// The hooks of jemalloc 5.3.1. They are experimental and not in its manual; their types stand in its
/// internal/prof_hook.h.
pub(crate) const SAMPLE_HOOK: &str = "experimental.hooks.prof_sample\0";
pub(crate) const SAMPLE_FREE_HOOK: &str = "experimental.hooks.prof_sample_free\0";
pub(crate) const BACKTRACE_HOOK: &str = "experimental.hooks.prof_backtrace\0";

/// `prof_sample_hook_t`: pointer, requested size, stack, its length, usable size.
pub(crate) type SampleHook = unsafe extern "C" fn(*const c_void, usize, *const *mut c_void, c_uint, usize);
/// `prof_sample_free_hook_t`: pointer, usable size.
pub(crate) type SampleFreeHook = unsafe extern "C" fn(*const c_void, usize);

/// Has jemalloc call `hook` for each object that it samples.
pub(crate) fn set_sample_hook(hook: SampleHook) -> Result<(), Error> {
    // SAFETY: the name takes a pointer to a function of this type (prof_hook.h); a function lives for ever.
    unsafe { raw::write(SAMPLE_HOOK.as_bytes(), hook) }.map_err(|source| refused(SAMPLE_HOOK, source))
}

/// Has jemalloc call `hook` for each sampled object that is freed.
pub(crate) fn set_sample_free_hook(hook: SampleFreeHook) -> Result<(), Error> {
    // SAFETY: as above.
    unsafe { raw::write(SAMPLE_FREE_HOOK.as_bytes(), hook) }
        .map_err(|source| refused(SAMPLE_FREE_HOOK, source))
}

/// The functions that jemalloc calls, as they are at one moment.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Hooks {
    /// The function that takes stacks.
    pub(crate) backtrace: Backtrace,
    /// None unless somebody has set them.
    sample: Option<SampleHook>,
    sample_free: Option<SampleFreeHook>,
}

impl Hooks {
    pub(crate) fn now() -> Result<Self, Error> {
        // SAFETY: the name gives a pointer to a function of this type, never null (`prof_hooks_init`).
        let backtrace = unsafe { raw::read(BACKTRACE_HOOK.as_bytes()) };
        // SAFETY: the name gives a pointer to a function of this type, or null (prof_hook.h), which is `None`.
        let sample = unsafe { raw::read(SAMPLE_HOOK.as_bytes()) };
        // SAFETY: as above.
        let sample_free = unsafe { raw::read(SAMPLE_FREE_HOOK.as_bytes()) };
        Ok(Self {
            backtrace: backtrace.map_err(|source| refused(BACKTRACE_HOOK, source))?,
            sample: sample.map_err(|source| refused(SAMPLE_HOOK, source))?,
            sample_free: sample_free.map_err(|source| refused(SAMPLE_FREE_HOOK, source))?,
        })
    }

    /// Has jemalloc call these again. What it refuses stays as it is.
    pub(crate) fn put_back(self) {
        // Samples first: none is to come that nobody takes out again.
        // SAFETY: these two names take a pointer to a function of the type that they give, or null for none (ctl.c).
        let _ = unsafe { raw::write(SAMPLE_HOOK.as_bytes(), self.sample) };
        // SAFETY: as above.
        let _ = unsafe { raw::write(SAMPLE_FREE_HOOK.as_bytes(), self.sample_free) };
        let _ = set_backtrace_hook(self.backtrace);
    }
}

/// Has jemalloc take stacks by `hook`.
pub(crate) fn set_backtrace_hook(hook: Backtrace) -> Result<(), Error> {
    // SAFETY: as for the sample hook.
    unsafe { raw::write(BACKTRACE_HOOK.as_bytes(), hook) }.map_err(|source| refused(BACKTRACE_HOOK, source))
}

/// Sets the mean sampling interval to two to the power of `exponent`, in bytes. jemalloc's own profile begins anew with
/// it.
pub(crate) fn set_sample_interval(exponent: u8) -> Result<(), Error> {
    // SAFETY: `prof.reset` takes a `size_t` (jemalloc(3)).
    unsafe { raw::write(b"prof.reset\0", usize::from(exponent)) }
        .map_err(|source| refused("prof.reset", source))
}

/// Switches sampling on or off.
pub(crate) fn set_active(active: bool) -> Result<(), Error> {
    // SAFETY: `prof.active` takes a `bool` (jemalloc(3)).
    unsafe { raw::write(b"prof.active\0", active) }.map_err(|source| refused("prof.active", source))
}

/// The smallest size class that the allocator counts among the large ones.
pub(crate) fn smallest_large() -> Result<usize, Error> {
    // SAFETY: `arenas.lextent.<i>.size` is a `size_t` (jemalloc(3)).
    unsafe { raw::read::<usize>(b"arenas.lextent.0.size\0") }
        .map_err(|source| refused("arenas.lextent.0.size", source))
}

pub(crate) fn refused(name: &'static str, source: tikv_jemalloc_ctl::Error) -> Error {
    Error::Allocator {
        name: name.trim_end_matches('\0'),
        source,
    }
}

/// Looks up in which extent an address lies, without a lock.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ExtentQuery {
    mib: [usize; 3],
}

/// A run of pages that holds one large object, or many small ones of one size.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[repr(C)]
pub(crate) struct Extent {
    /// Objects that are not allocated.
    pub(crate) free: usize,
    /// Objects that there is room for.
    pub(crate) objects: usize,
    /// Its size; 0 where an address is in none.
    pub(crate) bytes: usize,
}

impl Extent {
    /// Whether nothing in it is allocated, for pages of so many bytes. jemalloc keeps a run of small objects in its tree after
    /// it was freed, and goes on to answer for it. How many objects it has room for is then a number from behind the
    /// allocator's own table (`bin_infos` in 5.3.1's inspect.c, by a size class that is none).
    pub(crate) fn is_free(&self, page: usize) -> bool {
        /// Of the smallest ones, in bytes: a run has no more objects than fit into a page (`SC_LG_SLAB_MAXREGS`).
        const LEAST_SIZE: usize = 8;
        self.free >= self.objects || self.objects > page / LEAST_SIZE
    }
}

impl ExtentQuery {
    const NAME: &str = "experimental.utilization.batch_query\0";

    pub(crate) fn find() -> Result<Self, Error> {
        let mut mib = [0; 3];
        raw::name_to_mib(Self::NAME.as_bytes(), &mut mib).map_err(|source| refused(Self::NAME, source))?;
        Ok(Self { mib })
    }

    /// Asks about addresses; those that cannot be answered are in no extent. Each must lie where the allocator has had
    /// memory: elsewhere it follows a null pointer. It takes no lock (`experimental_utilization_batch_query_ctl` in
    /// jemalloc's ctl.c).
    pub(crate) fn ask(&self, addresses: &[usize], extents: &mut [Extent]) {
        let len = addresses.len().min(extents.len());
        let mut room = len * size_of::<Extent>();
        // SAFETY: the name takes so many pointers, which it looks up and does not follow, and gives three `size_t` for each
        // (ctl.c): `Extent` has their layout, and `extents` has room for as many, as checked above.
        let code = unsafe {
            tikv_jemalloc_sys::mallctlbymib(
                self.mib.as_ptr(),
                self.mib.len(),
                extents.as_mut_ptr().cast(),
                &raw mut room,
                addresses.as_ptr().cast_mut().cast(),
                len * size_of::<usize>(),
            )
        };
        if code != 0 {
            extents.fill(Extent::default());
        }
    }

    /// The extent of one address, which must lie where the allocator has had memory.
    pub(crate) fn of(&self, address: usize) -> Extent {
        let mut extents = [Extent::default()];
        self.ask(&[address], &mut extents);
        extents[0]
    }
}
