//! `lookInside`: a page of a book to look at, and a line in the audit book for each look.

use std::{collections::BTreeMap, sync::Mutex, time::Duration};

use async_graphql::{Context, Object, Result, SimpleObject};
use rusqlite::{Connection, OptionalExtension, params};

use crate::{
    Lab,
    errors::{internal, not_found},
    guard::Gate,
    shop::{Db, pad},
    sync::locked,
};

/// Lines that are written at a time: a statement for each look would keep the database busy.
const LINES: usize = 4_000;
/// What a quiet hour may leave unwritten.
const UNWRITTEN: Duration = Duration::from_secs(2);
/// What the law wants to know of a look.
const LINE_BYTES: usize = 1_024;

const BOOK: &str = "
    CREATE TEMP TABLE IF NOT EXISTS looks (book_id INTEGER PRIMARY KEY, looks INTEGER NOT NULL,
        latest INTEGER NOT NULL, pages INTEGER NOT NULL)";
const WRITE: &str = "
    INSERT INTO looks VALUES (?1, ?2, ?3, ?4) ON CONFLICT (book_id) DO UPDATE
    SET looks = looks + excluded.looks, latest = excluded.latest, pages = pages + excluded.pages";

/// The lines of the page that is being written.
static PAGE: Mutex<Vec<AuditLine>> = Mutex::new(Vec::new());

/// A look, as the audit book has it.
struct AuditLine {
    book: i64,
    user: i64,
    text: String,
}

/// What of a look is written for good.
#[derive(Default)]
struct Looks {
    looks: i64,
    latest: i64,
    bytes: usize,
}

/// A page to look at
#[derive(SimpleObject)]
struct LookInside {
    /// The book's title
    title: String,
    /// What stands there
    page: String,
}

pub(crate) fn clear() {
    let page = std::mem::take(&mut *locked(&PAGE));
    drop(page);
}

/// What can be asked of it.
pub struct AuditQuery;

#[Object]
impl AuditQuery {
    /// Looks into a book, which is noted in the audit book
    #[graphql(guard = "Gate::of(20)")]
    async fn look_inside(&self, ctx: &Context<'_>, user: i64, book: i64) -> Result<LookInside> {
        let db = ctx.data::<Lab>()?.bookshop().db();
        let found = db.call(move |conn| book_of(conn, book)).await.map_err(internal)?;
        let (title, page) = found.ok_or_else(|| not_found(format!("no book has the id {book}")))?;
        let mut text = String::with_capacity(LINE_BYTES);
        text.push_str(&title);
        pad(&mut text, title.len());
        note(db, AuditLine { book, user, text }).await?;
        Ok(LookInside { title, page })
    }
}

async fn note(db: &Db, line: AuditLine) -> Result<()> {
    let (is_first, full) = {
        let mut page = locked(&PAGE);
        page.push(line);
        let full = (page.len() >= LINES).then(|| std::mem::take(&mut *page));
        (page.len() == 1, full)
    };
    if let Some(lines) = full {
        return write(db, lines).await;
    }
    if is_first {
        let later = db.clone();
        db.spawn(async move {
            tokio::time::sleep(UNWRITTEN).await;
            let lines = std::mem::take(&mut *locked(&PAGE));
            if let Err(error) = write(&later, lines).await {
                tracing::warn!(?error, "a page of the audit book is not written");
            }
        });
    }
    Ok(())
}

/// Adds the lines up by book, and the sums to the audit book.
async fn write(db: &Db, lines: Vec<AuditLine>) -> Result<()> {
    let mut books: BTreeMap<i64, Looks> = BTreeMap::new();
    for line in lines {
        let looks = books.entry(line.book).or_default();
        looks.looks += 1;
        looks.latest = line.user;
        looks.bytes += line.text.len();
    }
    db.call(move |conn| {
        let transaction = conn.transaction()?;
        transaction.execute_batch(BOOK)?;
        for (book, sums) in books {
            let bytes = i64::try_from(sums.bytes).unwrap_or(i64::MAX);
            transaction
                .prepare_cached(WRITE)?
                .execute(params![book, sums.looks, sums.latest, bytes])?;
        }
        transaction.commit()
    })
    .await
    .map_err(internal)
}

/// Title and back cover of the book with that number.
fn book_of(connection: &Connection, book: i64) -> rusqlite::Result<Option<(String, String)>> {
    connection
        .prepare_cached("SELECT title, blurb FROM books WHERE id = ?1")?
        .query_row([book], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()
}
