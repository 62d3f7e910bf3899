//! `searchBooks`: a page of books whose titles have a word in them, each with what stands on its back.

use std::sync::{Arc, Mutex};

use async_graphql::{ComplexObject, Context, Object, Result, SimpleObject};
use rusqlite::{Connection, params};

use crate::{
    Lab,
    errors::{internal, not_found},
    guard::Gate,
    input::{MAX_WORDS, page_size, text},
    shop::{Book, RequestData, pad},
    sync::locked,
};

/// What is shown of a book on a page of results.
const SNIPPET_BYTES: usize = 512;

/// Pages of results, kept at hand: a search costs more than a look.
static RESULTS: Mutex<Vec<Arc<SearchResult>>> = Mutex::new(Vec::new());

/// A page of results
#[derive(SimpleObject)]
struct SearchResult {
    /// What was looked for
    query: String,
    /// The books found
    hits: Vec<SearchHit>,
}

/// A book found
#[derive(SimpleObject)]
#[graphql(complex)]
struct SearchHit {
    #[graphql(skip)]
    id: i64,
    /// Its title, and what it says about itself
    snippet: String,
}

#[ComplexObject]
impl SearchHit {
    /// The book
    async fn book(&self, ctx: &Context<'_>) -> Result<Book> {
        let book = ctx
            .data::<RequestData>()?
            .books()
            .load_one(self.id)
            .await
            .map_err(internal)?;
        book.ok_or_else(|| not_found(format!("no book has the id {}", self.id)))
    }
}

pub(crate) fn clear() {
    let results = std::mem::take(&mut *locked(&RESULTS));
    drop(results);
}

/// Finishes what is put off, before anybody looks.
pub(crate) fn settle() {}

/// What can be asked of it.
pub struct SearchQuery;

#[Object]
impl SearchQuery {
    /// Books whose titles contain the query
    #[graphql(guard = "Gate::of(2)")]
    async fn search_books(
        &self,
        ctx: &Context<'_>,
        query: String,
        #[graphql(default = 10)] first: i64,
    ) -> Result<Arc<SearchResult>> {
        let wanted = text("query", &query, MAX_WORDS)?.trim().to_lowercase();
        page_size(first)?;
        let db = ctx.data::<Lab>()?.bookshop().db();
        let books = db
            .call(move |conn| titled(conn, &wanted, first))
            .await
            .map_err(internal)?;
        let mut hits = Vec::with_capacity(books.len());
        for (id, title) in books {
            let mut snippet = String::with_capacity(SNIPPET_BYTES);
            snippet.push_str(&title);
            pad(&mut snippet, title.len());
            hits.push(SearchHit { id, snippet });
        }
        let result = Arc::new(SearchResult { query, hits });
        locked(&RESULTS).push(Arc::clone(&result));
        Ok(result)
    }
}

/// Numbers and titles of the books that have `wanted` in their titles.
fn titled(connection: &Connection, wanted: &str, first: i64) -> rusqlite::Result<Vec<(i64, String)>> {
    let select = "SELECT id, title FROM books WHERE instr(lower(title), ?1) ORDER BY id LIMIT ?2";
    connection
        .prepare_cached(select)?
        .query_map(params![wanted, first], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect()
}
