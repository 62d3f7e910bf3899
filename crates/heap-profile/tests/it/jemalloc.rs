//! A dump that jemalloc_pprof has written, of a process that really holds what it says.

use std::path::Path;
use std::process::Command;

use heap_profile::{Profile, Symbolizer, compare, render};

const DUMP_TO: &str = "HEAP_PROFILE_TEST_DUMP_TO";
const THIS_TEST: &str = "jemalloc::a_dump_names_the_function_that_holds_the_memory";
const PIECES: usize = 3_000;
const PIECE: usize = 10_000;

#[inline(never)]
fn stock_the_cellar(pieces: usize) -> Vec<Vec<u8>> {
    (0..pieces).map(|_| vec![1; PIECE]).collect()
}

/// The part of the test that runs in the process with the profiler: dumps before and after.
fn dump_twice(folder: &Path) {
    let control = jemalloc_pprof::PROF_CTL.as_ref().expect("the options ask for it");
    let dump = |name: &str| {
        let dump = control.blocking_lock().dump_pprof().expect("the profiler is on");
        std::fs::write(folder.join(name), dump).expect("room for a file");
    };
    dump("before");
    let cellar = stock_the_cellar(PIECES);
    dump("after");
    assert_eq!(cellar.len(), PIECES);
}

#[test]
fn a_dump_names_the_function_that_holds_the_memory() {
    if let Some(folder) = std::env::var_os(DUMP_TO) {
        return dump_twice(Path::new(&folder));
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    let output = Command::new(std::env::current_exe().expect("Linux knows"))
        .args([THIS_TEST, "--exact", "--nocapture"])
        .env(DUMP_TO, folder.path())
        .env(
            "_RJEM_MALLOC_CONF",
            "prof:true,prof_active:true,lg_prof_sample:14",
        )
        .output()
        .expect("this very program");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stdout)
    );

    let mut symbolizer = Symbolizer::new();
    let [before, after] = ["before", "after"].map(|name| {
        let bytes = std::fs::read(folder.path().join(name)).expect("the child wrote it");
        let profile = Profile::decode(&bytes).expect("jemalloc_pprof wrote it");
        assert!(
            profile
                .program()
                .is_some_and(|program| !program.build_id.is_empty() && program.is_token())
        );
        symbolizer.symbolize(&profile).expect("the binary is this one")
    });
    let comparison = compare(&[("before", &before), ("after", &after)]).expect("they fit");
    let table = render::table(&comparison, 5);
    let site = &comparison.sites[0];
    assert_eq!(site.function, "it::jemalloc::stock_the_cellar", "{table}");
    assert_eq!(
        site.file.as_deref().and_then(|file| file.rsplit('/').next()),
        Some("jemalloc.rs"),
        "{table}"
    );
    // 30 MB, of which about every other piece is sampled: a tenth is ten standard deviations.
    let expected = (PIECES * PIECE) as f64;
    assert!(
        (site.change.delta.bytes as f64 / expected - 1.0).abs() < 0.1,
        "{table}"
    );
    assert_eq!(site.change.delta.objects, None, "the plain dump has bytes alone");
}
