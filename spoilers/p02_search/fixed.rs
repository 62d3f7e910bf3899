//! `searchBooks`: a page of books whose titles have a word in them, each with what stands on its back.
//!
//! Wrong: a cache in name only: each page of results was added to a list that nobody ever looked at or took from.
//! Healed: a cache that is keyed by what was asked for, looked at first, and bounded.

use std::sync::{Arc, LazyLock};

use async_graphql::{ComplexObject, Context, Object, Result, SimpleObject};
use moka::{policy::EvictionPolicy, sync::Cache};
use problems::{
    Lab,
    parts::{Gate, MAX_WORDS, internal, not_found, page_size, text},
    shop::{Book, RequestData, pad},
};
use rusqlite::{Connection, params};

/// What is shown of a book on a page of results.
const SNIPPET_BYTES: usize = 512;

/// Most pages that are kept at hand.
const PAGES: u64 = 256;

/// Pages of results, kept at hand: a search costs more than a look.
static RESULTS: LazyLock<Cache<Question, Arc<SearchResult>>> = LazyLock::new(|| {
    Cache::builder()
        .max_capacity(PAGES)
        .eviction_policy(EvictionPolicy::lru())
        .build()
});

/// The query as it was typed, since the answer has it so, and how many books.
type Question = (String, i64);

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

pub(crate) fn settle() {
    // Where nobody has asked yet there is nothing to do, and no cache to be made for it.
    if let Some(known) = LazyLock::get(&RESULTS) {
        known.run_pending_tasks();
    }
}

pub(crate) struct SearchQuery;

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
        let question = (query.clone(), first);
        if let Some(result) = RESULTS.get(&question) {
            return Ok(result);
        }
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
        RESULTS.insert(question, Arc::clone(&result));
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
