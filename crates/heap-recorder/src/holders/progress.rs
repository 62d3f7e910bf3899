//! How far a scan is: told by the copy, read by the process, through a page that both share.

use std::{
    ptr,
    sync::{
        OnceLock,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

use super::ScanProgress;

/// Lies in a page of its own that `fork` does not copy.
#[derive(Debug, Default)]
pub(super) struct Progress {
    /// 0 while there is none under way.
    pass: AtomicU64,
    read: AtomicU64,
    resident: AtomicU64,
}

impl Progress {
    /// The process's one; nothing where the kernel has no page for it.
    pub(super) fn shared() -> Option<&'static Self> {
        static SHARED: OnceLock<Option<&'static Progress>> = OnceLock::new();
        *SHARED.get_or_init(|| {
            let (protection, flags) = (
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_SHARED | libc::MAP_ANONYMOUS,
            );
            // SAFETY: a fresh mapping, wherever the kernel has room for it.
            let page = unsafe { libc::mmap(ptr::null_mut(), size_of::<Self>(), protection, flags, -1, 0) };
            // SAFETY: a mapping is aligned to pages, holds zeros, which are a value, and is never unmapped.
            (page != libc::MAP_FAILED).then(|| unsafe { &*page.cast::<Self>() })
        })
    }

    pub(super) fn begin(&self, resident: u64) {
        self.read.store(0, Relaxed);
        self.resident.store(resident, Relaxed);
        self.pass.store(1, Relaxed);
    }

    pub(super) fn begin_pass(&self, pass: u32) {
        self.read.store(0, Relaxed);
        self.pass.store(u64::from(pass), Relaxed);
    }

    pub(super) fn read(&self, bytes: u64) {
        self.read.store(bytes, Relaxed);
    }

    pub(super) fn end(&self) {
        self.pass.store(0, Relaxed);
    }

    pub(super) fn now(&self) -> Option<ScanProgress> {
        let pass = self.pass.load(Relaxed);
        (pass > 0).then(|| ScanProgress {
            pass: pass as u32,
            read_bytes: self.read.load(Relaxed),
            resident_bytes: self.resident.load(Relaxed),
        })
    }
}
