//! Size classes: what the allocator hands out for a request of so many bytes.

/// The usable size of an object of so many bytes, at most [`isize::MAX`]: the next size class. An object of none has
/// none.
///
/// # Examples
/// ```
/// assert_eq!(heap_recorder::size_class(100), 112);
/// assert_eq!(heap_recorder::size_class(112), 112);
/// ```
pub fn size_class(bytes: usize) -> usize {
    if bytes == 0 {
        return 0;
    }
    // SAFETY: it computes, and touches no memory but the allocator's tables; undefined for a size of zero alone
    // (jemalloc(3)), which is excluded above. Flags of zero ask for no alignment.
    unsafe { tikv_jemalloc_sys::nallocx(bytes, 0) }
}

#[cfg(test)]
mod tests {
    use super::size_class;

    #[test]
    fn the_size_class_is_what_an_object_can_be_used_for() {
        for bytes in (1..=5000).chain([100_000, 1 << 20]) {
            // SAFETY: a size that is not zero; the object is given back below.
            let object = unsafe { tikv_jemalloc_sys::malloc(bytes) };
            assert!(!object.is_null());
            // SAFETY: it came from the same allocator, and is live.
            let usable = unsafe { tikv_jemalloc_sys::malloc_usable_size(object) };
            // SAFETY: as above, and it is used no more.
            unsafe { tikv_jemalloc_sys::free(object) };
            assert_eq!(size_class(bytes), usable, "{bytes}");
            assert_eq!(size_class(usable), usable, "{bytes}");
        }
        assert_eq!(size_class(0), 0);
    }
}
