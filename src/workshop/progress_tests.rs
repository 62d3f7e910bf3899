//! The learner's file survives upgrades, mistakes, and two programs at once.

use std::thread;

use super::*;

fn file() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("state/progress.toml");
    (folder, path)
}

fn written(text: &str) -> (tempfile::TempDir, PathBuf) {
    let (folder, path) = file();
    fs::create_dir_all(path.parent().expect("a folder")).expect("made");
    fs::write(&path, text).expect("written");
    (folder, path)
}

#[test]
fn what_was_done_is_read_again() {
    let (_folder, path) = file();
    assert_eq!(
        Progress::load(&path).expect("none yet").entry("search"),
        Entry::default()
    );
    let right = Answered {
        type_: true,
        ..Answered::default()
    };
    update(&path, |progress| {
        progress.hint_shown("search");
        progress.answered("search", right);
        progress.mark_found("search");
        progress.check_made("search");
        progress.mark_fixed("search");
    })
    .expect("kept");
    let entry = Progress::load(&path).expect("kept").entry("search");
    assert_eq!((entry.hints, entry.attempts, entry.checks), (1, 1, 1));
    assert_eq!(entry.answered, Some(right));
    assert!(entry.found.is_some() && entry.fixed.is_some(), "{entry:?}");
    update(&path, |progress| progress.reset("search")).expect("kept");
    assert_eq!(
        Progress::load(&path).expect("kept").entry("search"),
        Entry::default()
    );
}

#[test]
fn an_answer_after_the_right_one_is_counted_and_changes_nothing() {
    let (_folder, path) = file();
    let right = Answered {
        innocent: true,
        ..Answered::default()
    };
    update(&path, |progress| {
        progress.answered("search", right);
        progress.mark_found("search");
        progress.answered("search", Answered::default());
    })
    .expect("kept");
    let entry = Progress::load(&path).expect("kept").entry("search");
    assert_eq!((entry.attempts, entry.answered), (2, Some(right)));
}

#[test]
fn what_another_catalogue_or_version_wrote_is_kept() {
    let (_folder, path) = written(
        "version = 1\nowner = \"Ada\"\n\n[problems.elsewhere]\nhints = 2\nmood = \"good\"\nsince = 2026-01-01\n",
    );
    update(&path, |progress| progress.hint_shown("search")).expect("kept");
    let text = fs::read_to_string(&path).expect("kept");
    let table: toml::Table = text.parse().expect("TOML");
    assert_eq!(table["owner"].as_str(), Some("Ada"));
    assert_eq!(table["problems"]["elsewhere"]["mood"].as_str(), Some("good"));
    assert!(text.contains("since = 2026-01-01"), "{text}");
    assert_eq!(table["problems"]["search"]["hints"].as_integer(), Some(1));
}

#[test]
fn a_file_that_is_not_understood_is_not_written_over() {
    for text in [
        "version = 2\nproblems = 7\n",
        "no TOML",
        "[problems]\n",
        "version = 1\nproblems = 7\n",
        "version = -1\n",
    ] {
        let (_folder, path) = written(text);
        let error = update(&path, |progress| progress.hint_shown("search")).expect_err(text);
        assert!(error.to_string().contains("hint: "), "{error}");
        assert_eq!(fs::read_to_string(&path).expect("still there"), text);
    }
    let (_folder, path) = written("version = 2\n");
    assert!(matches!(
        Progress::load(&path),
        Err(ProgressError::Newer { version: 2, .. })
    ));
}

#[test]
fn changes_at_the_same_time_all_count() {
    let (folder, path) = file();
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..10 {
                    update(&path, |progress| progress.hint_shown("search")).expect("kept");
                }
            });
        }
    });
    assert_eq!(Progress::load(&path).expect("kept").entry("search").hints, 80);
    let left = fs::read_dir(folder.path().join("state")).expect("there").count();
    assert_eq!(left, 2, "the file and its lock");
}

#[test]
fn a_link_is_followed_also_where_nothing_is_behind_it_yet() {
    let (folder, path) = file();
    let link = folder.path().join("link.toml");
    std::os::unix::fs::symlink("state/progress.toml", &link).expect("a link");
    for _ in 0..2 {
        can_be_kept(&link).expect("it can");
        update(&link, |progress| progress.hint_shown("search")).expect("kept");
        assert!(link.is_symlink());
    }
    assert_eq!(Progress::load(&path).expect("kept").entry("search").hints, 2);
}

#[test]
fn what_is_no_file_is_left_as_it_is() {
    let (folder, _) = file();
    let pipe = folder.path().join("pipe");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(made.expect("mkfifo").success());
    for path in [folder.path(), Path::new("/dev/null"), &pipe] {
        let kept = [can_be_kept(path), update(path, |_| ())];
        for error in kept.map(|kept| kept.expect_err("no file")) {
            assert!(error.to_string().contains("no regular file"), "{error}");
        }
    }
}
