//! What libraries hold on to.

use super::{BODY, OBJECTS, first, program};
use bytes::Bytes;
use heap_profile::holders::RootKind::Static;
use std::{
    hint::black_box,
    sync::{Arc, LazyLock, Mutex},
};

static CACHE: LazyLock<moka::sync::Cache<u64, Arc<[u8; BODY]>>> =
    LazyLock::new(|| moka::sync::Cache::new(1 << 20));
static SLICES: Mutex<Vec<Bytes>> = Mutex::new(Vec::new());

#[test]
fn a_cache_of_moka_holds_its_entries() {
    program(|case| {
        for key in 0..OBJECTS as u64 {
            // The cache keeps a clone of the value: of anything else than an `Arc` it would be another object.
            CACHE.insert(key, case.keep(|| black_box(Arc::new([7; BODY]))));
        }
        CACHE.run_pending_tasks();
        assert_eq!(CACHE.entry_count(), OBJECTS as u64);
        first(&case.holders(), Static, "caches::CACHE");
    });
}

#[test]
fn slices_of_bytes_hold_the_whole_of_what_they_were_cut_from() {
    program(|case| {
        let slice = |_| Bytes::from(case.keep(|| black_box(vec![7; 4096]))).slice(100..116);
        SLICES.lock().expect("no panic").extend((0..OBJECTS).map(slice));
        let path = first(&case.holders(), Static, "caches::SLICES");
        assert_eq!(path.steps[0].bytes, 4096);
    });
}
