//! The plain dump, opened again.

use crate::child::{alone, alone_as};
use heap_profile::{INUSE_SPACE, Profile};
use heap_recorder::{Error, dump, memory};
use std::{env, hint::black_box, path::Path, process::Command};

/// gzip's magic number.
const GZIP: [u8; 2] = [0x1f, 0x8b];

#[inline(never)]
fn keep_some_books() -> Vec<Vec<u8>> {
    black_box((0..32 * 1024).map(|_| vec![1; 1024]).collect())
}

#[test]
fn a_dump_opens_as_a_profile_and_shows_about_what_is_live() {
    alone(
        "dump::a_dump_opens_as_a_profile_and_shows_about_what_is_live",
        "lg_prof_sample:14",
        || {
            let held = keep_some_books();
            let bytes = dump().expect("the profiler is active");
            assert_eq!(bytes[..2], GZIP);
            let profile = Profile::decode(&bytes).expect("a profile");
            assert_eq!(&*profile.sample_types[0].kind, INUSE_SPACE);
            let program = profile.program().expect("the program itself");
            assert_eq!(
                Path::new(&*program.file),
                env::current_exe().expect("this binary")
            );
            assert!(!program.build_id.is_empty());
            // 32 MiB in objects of 1 KiB at one sample in 16 KiB: some 2,000 samples, so 2 % either way.
            let bytes: i64 = profile.samples.iter().map(|sample| sample.values[0]).sum();
            assert!((28 << 20..38 << 20).contains(&bytes), "{bytes} bytes");
            drop(held);
        },
    );
}

#[test]
fn a_dump_leaves_next_to_nothing_in_the_process() {
    alone(
        "dump::a_dump_leaves_next_to_nothing_in_the_process",
        "lg_prof_sample:14",
        || {
            let held = keep_some_books();
            dump().expect("the first dump, which reads the process's mappings and keeps them");
            let before = memory().expect("figures");
            for _ in 0..5 {
                dump().expect("a dump");
            }
            let after = memory().expect("figures");
            assert!(
                after.live.saturating_sub(before.live) < 64 << 10,
                "{before:?} {after:?}"
            );
            drop(held);
        },
    );
}

#[test]
fn a_dump_of_a_profiler_that_accumulates_skips_what_is_no_longer_live() {
    let test = "dump::a_dump_of_a_profiler_that_accumulates_skips_what_is_no_longer_live";
    alone(test, "lg_prof_sample:12,prof_accum:true", || {
        drop(keep_some_books());
        assert_eq!(dump().expect("a dump")[..2], GZIP);
    });
}

#[test]
fn a_folder_for_temporary_files_under_a_file_is_named_and_how_to_change_it() {
    let test = "dump::a_folder_for_temporary_files_under_a_file_is_named_and_how_to_change_it";
    let elsewhere = |binary: &Path| {
        let mut command = Command::new(binary);
        command.env("TMPDIR", binary.join("temporary"));
        command
    };
    alone_as(test, "", elsewhere, || {
        let error = dump().expect_err("no file can be there");
        let folder = env::temp_dir();
        assert_eq!(
            error.to_string(),
            format!(
                "cannot write the heap dump's temporary file in {}: not a directory",
                folder.display()
            )
        );
        assert!(
            error.hint().is_some_and(|hint| hint.contains("TMPDIR")),
            "{error:?}"
        );
    });
}

#[test]
fn a_full_disk_under_the_temporary_file_is_told_from_a_failing_profiler() {
    let test = "dump::a_full_disk_under_the_temporary_file_is_told_from_a_failing_profiler";
    // A bound on file sizes is what a full disk looks like without one: jemalloc's write fails.
    let limited = |binary: &Path| {
        let mut command = Command::new("sh");
        command.args(["-c", "trap '' XFSZ; ulimit -f 0; exec \"$0\" \"$@\""]);
        command.arg(binary);
        command
    };
    alone_as(test, "lg_prof_sample:14", limited, || {
        let held = keep_some_books();
        let error = dump().expect_err("nothing can be written");
        assert!(
            matches!(&error, Error::TemporaryFile { folder, .. } if *folder == env::temp_dir()),
            "{error:?}"
        );
        drop(held);
    });
}
