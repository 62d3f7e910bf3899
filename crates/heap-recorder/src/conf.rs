//! The options that jemalloc reads when it starts: [`malloc_conf!`](crate::malloc_conf).
//!
//! jemalloc reads `_rjem_malloc_conf` before `main`, at the first allocation, so the options must be
//! a static of the binary. A `_RJEM_MALLOC_CONF` environment variable is read after it and wins.

use std::ffi::{CStr, c_char};

/// The static behind `_rjem_malloc_conf`: one C pointer, as jemalloc declares it
/// (`const char *malloc_conf`). A byte slice would be a fat pointer.
#[repr(transparent)]
pub struct MallocConf(#[allow(dead_code, reason = "read by jemalloc alone")] *const c_char);

// SAFETY: the pointer comes from a `&'static CStr` (see `new`): never written, never freed.
unsafe impl Sync for MallocConf {}

impl MallocConf {
    /// The options, for [`malloc_conf!`](crate::malloc_conf) to export.
    pub const fn new(options: &'static CStr) -> Self {
        Self(options.as_ptr())
    }
}

/// Sets the options that jemalloc starts with; once, in a binary's `main.rs`.
///
/// ```
/// # #[global_allocator]
/// # static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;
/// heap_recorder::malloc_conf!("prof:true,prof_active:true,lg_prof_sample:19");
/// # fn main() { assert!(heap_recorder::profiler().is_active()) }
/// ```
///
/// The `_RJEM_MALLOC_CONF` environment variable overrides single options at start.
#[macro_export]
macro_rules! malloc_conf {
    ($options:literal) => {
        const _: () = {
            // SAFETY: jemalloc declares this name weak, for programs to define, and as one
            // `const char *` (jemalloc(3), "TUNING"); `MallocConf` has that layout.
            #[allow(unsafe_code)]
            #[used]
            #[unsafe(export_name = "_rjem_malloc_conf")]
            static MALLOC_CONF: $crate::MallocConf = $crate::MallocConf::new(
                match ::std::ffi::CStr::from_bytes_with_nul(::std::concat!($options, "\0").as_bytes()) {
                    Ok(options) => options,
                    Err(_) => ::std::panic!("jemalloc options hold a NUL byte"),
                },
            );
        };
    };
}
