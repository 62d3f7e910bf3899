//! The store where something goes wrong: nothing half-written stays, nothing is lost in silence.

use crate::child;
use crate::store::{draft, files, names, store, write};
use std::{
    env, fs,
    fs::File,
    path::Path,
    process::Command,
    time::{Duration, SystemTime},
};

#[test]
fn a_damaged_manifest_is_set_aside_and_nothing_is_deleted() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = store(folder.path(), 2, 1000);
    write(&store, "a", 10);
    write(&store, "b", 10);
    let manifest = folder.path().join("heap-snapshots.json");
    let text = fs::read_to_string(&manifest).expect("a manifest");
    let half = &text[..text.len() / 2];
    fs::write(&manifest, half).expect("a file");

    assert!(names(&store).is_empty());
    write(&store, "c", 10);
    write(&store, "d", 10);
    write(&store, "e", 10);
    assert_eq!(names(&store), ["d", "e"]);
    let files = files(folder.path());
    let count = |end: &str| files.iter().filter(|name| name.ends_with(end)).count();
    assert_eq!(
        count(".pb.gz"),
        4,
        "a and b are there, no longer as the store's own: {files:?}"
    );
    let aside: Vec<_> = files
        .iter()
        .filter(|name| name.starts_with("heap-snapshots.json.damaged-"))
        .collect();
    assert_eq!(aside.len(), 1, "{files:?}");
    assert_eq!(
        fs::read_to_string(folder.path().join(aside[0])).expect("it is there"),
        half
    );
}

#[test]
fn a_snapshot_whose_file_cannot_be_looked_at_is_not_forgotten() {
    let folder = tempfile::tempdir().expect("a folder");
    let near = store(folder.path(), 5, 1000);
    let long = write(&near, &"a".repeat(64), 10);
    // The same folder by a path that has room for the manifest and for short names, and none for that one (PATH_MAX): the
    // system has an error for it that says nothing of the file.
    let path = folder.path().to_str().expect("UTF-8");
    let path = format!("{path}{}", "/.".repeat((4050 - path.len()) / 2));
    let far = store(Path::new(&path), 5, 1000);
    assert_eq!(names(&far).len(), 1);

    write(&far, "b", 10);
    assert_eq!(names(&near), ["a".repeat(64), "b".to_owned()]);
    for error in [
        far.open(long.id.as_str()).err(),
        far.delete(long.id.as_str()).err(),
    ] {
        let error = error.expect("it cannot be told whether it is there");
        assert_eq!(error.code(), "SNAPSHOT_STORE");
        assert!(error.to_string().starts_with("cannot read "), "{error}");
    }
    assert_eq!(names(&near).len(), 2);
    assert!(near.delete(long.id.as_str()).expect("an answer"));
    assert_eq!(
        (names(&far), files(folder.path()).len()),
        (vec!["b".to_owned()], 1)
    );
}

#[test]
fn leftovers_of_a_killed_process_go_and_what_only_looks_like_them_stays() {
    let folder = tempfile::tempdir().expect("a folder");
    let long_ago = SystemTime::now() - Duration::from_secs(3600);
    let put = |name: &str, moment: SystemTime| {
        let file = File::create(folder.path().join(name)).expect("a file");
        file.set_modified(moment).expect("a file's time");
    };
    put(".heap-snapshot-123-aBc9x7.partial", long_ago);
    put(".heap-snapshot-124-fresh0.partial", SystemTime::now());
    put(".heap-snapshot-notes.partial", long_ago);
    put(".heap-snapshot-12-a.b.partial", long_ago);
    write(&store(folder.path(), 2, 1000), "a", 10);
    let files = files(folder.path());
    let hidden: Vec<_> = files.iter().filter(|name| name.starts_with('.')).collect();
    assert_eq!(
        hidden,
        [
            ".heap-snapshot-12-a.b.partial",
            ".heap-snapshot-124-fresh0.partial",
            ".heap-snapshot-notes.partial"
        ]
    );
}

#[test]
fn a_store_that_may_hold_nothing_is_refused() {
    for (count, bytes) in [(0, 1), (1, 0)] {
        let limits = heap_admin::Limits { count, bytes };
        let error = heap_admin::HeapAdmin::builder()
            .snapshots("x", limits)
            .build()
            .err()
            .expect("refused");
        assert_eq!(error.code(), "SNAPSHOT_STORE");
    }
}

/// A bound on file sizes is what a full disk looks like without one: the write stops half-way.
fn limited(binary: &str) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", "trap '' XFSZ; ulimit -f 16; exec \"$0\" \"$@\"", binary]);
    command
}

#[test]
fn a_file_that_does_not_fit_leaves_nothing_half_written() {
    let test = "store_failures::a_file_that_does_not_fit_leaves_nothing_half_written";
    child::run(test, limited, || {
        let folder = tempfile::tempdir().expect("a folder");
        let store = store(folder.path(), 2, 1 << 30);
        write(&store, "a", 1000);
        let error = store
            .write(draft("b"), &vec![7; 100_000])
            .expect_err("the file is too large");
        assert_eq!(error.code(), "SNAPSHOT_STORE");
        let place = folder.path().display();
        assert_eq!(
            error.to_string(),
            format!("cannot write a file in {place}: file too large")
        );
        assert!(
            error.hint().is_some_and(|hint| hint.starts_with("make room")),
            "{error:?}"
        );
        assert_eq!(
            (names(&store), files(folder.path()).len()),
            (vec!["a".to_owned()], 1)
        );
        write(&store, "c", 1000);
        write(&store, "d", 1000);
        assert_eq!(names(&store), ["c", "d"]);
    });
}

#[test]
fn a_folder_under_a_file_is_an_error_that_names_it() {
    let binary = env::current_exe().expect("the test binary's own path");
    let store = store(&binary.join("snapshots"), 2, 1000);
    let error = store.write(draft("a"), b"x").expect_err("no folder can be there");
    assert_eq!(error.code(), "SNAPSHOT_STORE");
    let (path, text) = (binary.join("snapshots"), error.to_string());
    assert_eq!(
        text,
        format!(
            "cannot create the snapshot folder {}: not a directory",
            Path::display(&path)
        )
    );
}

#[test]
fn a_snapshot_that_cannot_be_listed_costs_no_older_one() {
    let test = "store_failures::a_snapshot_that_cannot_be_listed_costs_no_older_one";
    child::run(test, limited, || {
        let folder = tempfile::tempdir().expect("a folder");
        let roomy = store(folder.path(), 1000, 1000);
        // Until the manifest itself is as large as a file may be.
        let held = (0..1000)
            .take_while(|_| roomy.write(draft("a"), b"x").is_ok())
            .count();
        assert!((2..1000).contains(&held), "{held} snapshots");
        // Its entry has figures, and is longer than that of the one which would have to go.
        let mut longer = draft("b");
        longer.memory = Some(heap_recorder::memory().expect("figures").into());
        let full = store(folder.path(), held, 1000);
        let error = full.write(longer, b"x").expect_err("the manifest is too large");
        assert_eq!(error.code(), "SNAPSHOT_STORE");
        assert_eq!((names(&full).len(), files(folder.path()).len()), (held, held));
    });
}

#[test]
fn a_full_disk_under_the_dumps_temporary_file_has_the_stores_code() {
    let test = "store_failures::a_full_disk_under_the_dumps_temporary_file_has_the_stores_code";
    let elsewhere = |binary: &str| {
        let mut command = Command::new(binary);
        command.env("TMPDIR", Path::new(binary).join("temporary"));
        command
    };
    child::run(test, elsewhere, || {
        let folder = tempfile::tempdir_in("/tmp").expect("a folder");
        let admin = heap_admin::HeapAdmin::builder()
            .snapshots(folder.path(), heap_admin::Limits::default())
            .build()
            .expect("sensible limits");
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .expect("a runtime");
        let taken = runtime.block_on(admin.take_snapshot(None, heap_admin::Reason::Manual, false));
        let error = taken.expect_err("no dump can be written");
        assert_eq!(error.code(), "SNAPSHOT_STORE");
        assert!(
            error.to_string().contains("temporary: not a directory"),
            "{error}"
        );
        assert!(
            error.hint().is_some_and(|hint| hint.contains("TMPDIR")),
            "{error:?}"
        );
    });
}
