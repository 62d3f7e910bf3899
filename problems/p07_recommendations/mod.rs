//! `recommendations`: books that a customer may like, with a word on each.

use std::sync::{Arc, LazyLock};

use async_graphql::{Context, Object, Result, SimpleObject};
use moka::sync::Cache;
use rusqlite::{OptionalExtension, params};

use crate::{
    Lab,
    errors::{internal, not_found},
    guard::Gate,
    input::page_size,
    shop::pad,
};

/// The word on a book.
const REASON_BYTES: usize = 112;

/// What to recommend, by customer and number of books.
static RECOMMENDED: LazyLock<Cache<Question, Books>> = LazyLock::new(|| Cache::builder().build());

/// The customer, and how many books.
type Question = (i64, i64);
type Books = Arc<Vec<Recommendation>>;

/// A book that a customer may like
#[derive(SimpleObject, Clone)]
struct Recommendation {
    /// The book's number
    book_id: i64,
    /// The book's title
    title: String,
    /// Why they may like it
    reason: String,
}

pub(crate) fn clear() {
    RECOMMENDED.invalidate_all();
    // One round of maintenance may leave some for the next.
    loop {
        let before = RECOMMENDED.entry_count();
        RECOMMENDED.run_pending_tasks();
        let left = RECOMMENDED.entry_count();
        if left == 0 || left >= before {
            return;
        }
    }
}

pub(crate) fn settle() {
    // Where nobody has asked yet there is nothing to do, and no cache to be made for it.
    if let Some(known) = LazyLock::get(&RECOMMENDED) {
        known.run_pending_tasks();
    }
}

/// What can be asked of it.
pub struct RecommendationsQuery;

#[Object]
impl RecommendationsQuery {
    /// Books that the customer with that number may like
    #[graphql(guard = "Gate::of(7)")]
    async fn recommendations(
        &self,
        ctx: &Context<'_>,
        user: i64,
        #[graphql(default = 10)] first: i64,
    ) -> Result<Books> {
        page_size(first)?;
        if let Some(books) = RECOMMENDED.get(&(user, first)) {
            return Ok(books);
        }
        let db = ctx.data::<Lab>()?.bookshop().db();
        let found = db
            .call(move |conn| of_their_genre(conn, user, first))
            .await
            .map_err(internal)?;
        let (genre, found) = found.ok_or_else(|| not_found(format!("no user has the id {user}")))?;
        let mut books = Vec::with_capacity(found.len());
        for (book_id, title) in found {
            let mut reason = String::with_capacity(REASON_BYTES);
            reason.push_str("You like ");
            reason.push_str(&genre);
            pad(&mut reason, title.len());
            books.push(Recommendation {
                book_id,
                title,
                reason,
            });
        }
        let books = Arc::new(books);
        RECOMMENDED.insert((user, first), Arc::clone(&books));
        Ok(books)
    }
}

type Found = (String, Vec<(i64, String)>);

/// What the user likes to read, and books of that kind; nothing where there is no such user.
fn of_their_genre(
    connection: &rusqlite::Connection,
    user: i64,
    first: i64,
) -> rusqlite::Result<Option<Found>> {
    let mut genre = connection.prepare_cached("SELECT genre FROM users WHERE id = ?1")?;
    let Some(genre) = genre
        .query_row([user], |row| row.get::<_, String>(0))
        .optional()?
    else {
        return Ok(None);
    };
    // Not the same books to everyone of one taste.
    let from = user % 1_000;
    let books = connection
        .prepare_cached("SELECT id, title FROM books WHERE genre = ?1 AND id > ?2 LIMIT ?3")?
        .query_map(params![genre, from, first], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<rusqlite::Result<_>>()?;
    Ok(Some((genre, books)))
}
