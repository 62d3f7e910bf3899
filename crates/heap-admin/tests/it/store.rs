//! The store on a folder: what it keeps, what it evicts, and what it never touches.

use heap_admin::store::{Draft, Limits, SnapshotStore};
use heap_admin::{Error, Reason, Snapshot};
use std::{fs, path::Path, thread};

pub(crate) fn store(folder: &Path, count: usize, bytes: u64) -> SnapshotStore {
    SnapshotStore::new(folder, Limits { count, bytes }).expect("sensible limits")
}

pub(crate) fn draft(name: &str) -> Draft {
    Draft {
        name: Some(name.parse().expect("a name")),
        reason: Reason::Manual,
        memory: None,
    }
}

pub(crate) fn write(store: &SnapshotStore, name: &str, size: usize) -> Snapshot {
    store.write(draft(name), &vec![7; size]).expect("it is stored")
}

/// The names that the store lists.
pub(crate) fn names(store: &SnapshotStore) -> Vec<String> {
    let listed = store.list().expect("a list");
    listed
        .into_iter()
        .map(|snapshot| snapshot.name.expect("a name"))
        .collect()
}

/// The files of a folder, but for the lock and the manifest.
pub(crate) fn files(folder: &Path) -> Vec<String> {
    let entries = folder.read_dir().expect("the folder");
    let names = entries.map(|entry| entry.expect("an entry").file_name().into_string().expect("UTF-8"));
    let own = [".heap-snapshots.lock", "heap-snapshots.json"];
    let mut files: Vec<_> = names.filter(|name| !own.contains(&name.as_str())).collect();
    files.sort();
    files
}

#[test]
fn the_oldest_make_room_by_count_and_foreign_files_stay() {
    let folder = tempfile::tempdir().expect("a folder");
    let foreign = [
        "20200101T000000.000Z-manual-0001.pb.gz",
        "notes.txt",
        ".heap-snapshot-mine.partial",
    ];
    for name in foreign {
        fs::write(folder.path().join(name), "somebody else's").expect("a file");
    }
    let store = store(folder.path(), 3, 1000);
    for name in ["a", "b", "c", "d", "e"] {
        write(&store, name, 10);
    }
    assert_eq!(names(&store), ["c", "d", "e"]);
    let files = files(folder.path());
    assert_eq!(files.len(), 3 + foreign.len(), "{files:?}");
    assert!(
        foreign.iter().all(|name| files.contains(&(*name).to_owned())),
        "{files:?}"
    );
}

#[test]
fn the_oldest_make_room_by_bytes() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = store(folder.path(), 50, 100);
    for (name, size) in [("a", 40), ("b", 40), ("c", 40), ("d", 100), ("e", 1)] {
        write(&store, name, size);
    }
    assert_eq!(names(&store), ["e"]);
    assert_eq!(files(folder.path()).len(), 1);
    let error = store.write(draft("f"), &[0; 101]).expect_err("it never fits");
    assert!(
        matches!(
            error,
            Error::TooLarge {
                bytes: 101,
                limit: 100
            }
        ),
        "{error}"
    );
    assert_eq!(
        (error.code(), names(&store)),
        ("SNAPSHOT_STORE", vec!["e".to_owned()])
    );
}

#[test]
fn a_file_that_somebody_changed_is_no_longer_listed_and_never_deleted() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = store(folder.path(), 1, 1000);
    let changed = write(&store, "changed", 10);
    let path = store.path_of(&changed);
    fs::write(&path, "edited by somebody").expect("a file");
    assert!(names(&store).is_empty());
    assert!(!store.delete(changed.id.as_str()).expect("an answer"));
    write(&store, "b", 10);
    write(&store, "c", 10);
    assert_eq!(names(&store), ["c"]);
    assert_eq!(
        fs::read_to_string(&path).expect("it is there"),
        "edited by somebody"
    );
}

#[test]
fn a_link_in_a_snapshots_place_is_not_followed() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = store(folder.path(), 1, 1000);
    let snapshot = write(&store, "a", 10);
    let secret = folder.path().join("secret");
    fs::write(&secret, [1; 10]).expect("a file");
    fs::remove_file(store.path_of(&snapshot)).expect("it was there");
    std::os::unix::fs::symlink(&secret, store.path_of(&snapshot)).expect("a link");
    assert!(store.open(snapshot.id.as_str()).expect("an answer").is_none());
}

#[test]
fn snapshots_outlive_the_process_that_took_them() {
    let folder = tempfile::tempdir().expect("a folder");
    let first = write(&store(folder.path(), 2, 1000), "a", 10);
    let second = store(folder.path(), 2, 1000);
    assert_eq!(second.list().expect("a list"), [first]);
    write(&second, "b", 10);
    write(&second, "c", 10);
    assert_eq!(names(&store(folder.path(), 2, 1000)), ["b", "c"]);
    assert_eq!(files(folder.path()).len(), 2);
}

#[test]
fn two_stores_share_a_folder() {
    let folder = tempfile::tempdir().expect("a folder");
    thread::scope(|scope| {
        for who in ["left", "right"] {
            let path = folder.path();
            scope.spawn(move || {
                let store = store(path, 30, 10_000);
                for _ in 0..20 {
                    write(&store, who, 10);
                }
            });
        }
    });
    let store = store(folder.path(), 30, 10_000);
    let listed = store.list().expect("a list");
    assert_eq!((listed.len(), files(folder.path()).len()), (30, 30));
    let mut ids: Vec<_> = listed.iter().map(|snapshot| snapshot.id.as_str()).collect();
    ids.dedup();
    assert_eq!(ids.len(), 30);
    assert!(
        listed
            .iter()
            .all(|snapshot| snapshot.id.ends_with(|last: char| last.is_ascii_digit()))
    );
    assert!(
        listed.last().is_some_and(|last| last.id.ends_with("-0040")),
        "{listed:?}"
    );
}

#[test]
fn a_folder_that_is_not_there_is_empty_and_is_made_by_the_first_snapshot() {
    let folder = tempfile::tempdir().expect("a folder");
    let deep = folder.path().join("a/b/snapshots");
    let store = store(&deep, 3, 1000);
    assert!(store.list().expect("a list").is_empty());
    assert!(!store.delete("x").expect("an answer"));
    assert!(!deep.exists());
    write(&store, "a", 10);
    assert_eq!(files(&deep).len(), 1);
}
