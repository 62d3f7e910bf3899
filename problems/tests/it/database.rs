//! Where the database is, and the thread that it lives on.

use std::{fs, path::PathBuf};

use problems::shop::{Bookshop, Location, ShopError};
use rusqlite::Connection;
use tempfile::TempDir;

fn file(name: &str) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join(name);
    (folder, path)
}

fn refusal(path: PathBuf) -> ShopError {
    match Bookshop::open(Location::File(path)) {
        Ok(_) => panic!("that file is no bookshop"),
        Err(error) => error,
    }
}

#[tokio::test]
async fn a_new_file_is_filled_and_a_later_start_finds_what_the_first_one_left() {
    let (_folder, path) = file("shop.db");
    let first = Bookshop::open(Location::File(path.clone())).unwrap();
    let rename =
        |conn: &mut Connection| conn.execute("UPDATE users SET name = 'Somebody Else' WHERE id = 7", []);
    assert_eq!(first.db().call(rename).await.unwrap(), 1);

    let second = Bookshop::open(Location::File(path)).unwrap();
    let name: String = second
        .db()
        .call(|conn| conn.query_row("SELECT name FROM users WHERE id = 7", [], |row| row.get(0)))
        .await
        .unwrap();
    assert_eq!(name, "Somebody Else");
}

#[test]
fn an_empty_file_is_filled() {
    let (_folder, path) = file("shop.db");
    fs::write(&path, "").unwrap();
    Bookshop::open(Location::File(path.clone())).unwrap();
    assert!(fs::metadata(path).unwrap().len() > 1_000_000);
}

#[test]
fn a_file_that_is_no_database_is_refused_and_left_alone() {
    let (_folder, path) = file("notes.txt");
    let notes = "Remember the milk. ".repeat(100);
    fs::write(&path, &notes).unwrap();
    let error = refusal(path.clone());
    assert!(matches!(error, ShopError::NotADatabase { .. }), "{error}");
    assert!(
        error.to_string().contains("notes.txt is not a database"),
        "{error}"
    );
    assert!(error.hint().unwrap().contains("another path"));
    assert_eq!(fs::read_to_string(path).unwrap(), notes);
}

#[test]
fn a_database_of_something_else_is_refused_and_left_alone() {
    let (_folder, path) = file("diary.db");
    Connection::open(&path)
        .unwrap()
        .execute_batch("CREATE TABLE diary (entry TEXT)")
        .unwrap();
    let before = fs::read(&path).unwrap();
    let error = refusal(path.clone());
    assert!(matches!(error, ShopError::Foreign { .. }), "{error}");
    assert_eq!(fs::read(path).unwrap(), before);
}

#[test]
fn a_shop_of_another_version_is_refused_and_left_alone() {
    let (_folder, path) = file("shop.db");
    Bookshop::open(Location::File(path.clone())).unwrap();
    Connection::open(&path)
        .unwrap()
        .pragma_update(None, "user_version", 99)
        .unwrap();
    let before = fs::read(&path).unwrap();
    let error = refusal(path.clone());
    assert!(
        matches!(error, ShopError::OtherVersion { found: 99, .. }),
        "{error}"
    );
    assert!(
        error.to_string().ends_with("nothing in it was changed"),
        "{error}"
    );
    assert_eq!(fs::read(path).unwrap(), before);
}

#[test]
fn a_folder_that_is_not_there_is_a_clear_error() {
    let (_folder, path) = file("nowhere/shop.db");
    let error = refusal(path);
    assert!(matches!(error, ShopError::CannotOpen { .. }), "{error}");
    assert!(error.hint().unwrap().contains("check that the folder exists"));
}

#[test]
fn a_folder_is_no_database() {
    let (folder, _) = file("");
    let error = refusal(folder.path().to_owned());
    assert!(matches!(error, ShopError::CannotOpen { .. }), "{error}");
}

#[tokio::test]
async fn a_job_that_panics_fails_alone() {
    let shop = Bookshop::open(Location::Memory).unwrap();
    let panicked = shop.db().call::<(), _>(|_| panic!("on purpose, by a test")).await;
    assert!(matches!(panicked, Err(ShopError::JobPanicked)), "{panicked:?}");
    shop.random_user_name().await.unwrap();
}

#[tokio::test]
async fn a_job_whose_caller_has_gone_is_not_run() {
    let shop = Bookshop::open(Location::Memory).unwrap();
    let (open, gate) = std::sync::mpsc::channel::<()>();
    let busy = tokio::spawn({
        let db = shop.db().clone();
        async move { db.call(move |_| Ok(gate.recv().is_ok())).await }
    });
    while shop.db().jobs_done() == 0 {
        tokio::task::yield_now().await;
    }
    let mut caller = Box::pin(shop.db().call(|_| Ok(())));
    assert!(futures_util::poll!(caller.as_mut()).is_pending());
    drop(caller);
    open.send(()).unwrap();
    assert!(busy.await.unwrap().unwrap());
    shop.db().call(|_| Ok(())).await.unwrap();
    assert_eq!(shop.db().jobs_done(), 2, "the first and the last");
}
