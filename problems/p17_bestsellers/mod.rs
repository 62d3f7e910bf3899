//! `bestsellers`: what sells best of a genre, among the books that came out in some years.

use std::sync::{Arc, LazyLock};

use async_graphql::{Context, Object, Result, SimpleObject};
use moka::{policy::EvictionPolicy, sync::Cache};
use rusqlite::{Connection, params};
use tokio::sync::OnceCell;

use crate::{
    Lab,
    errors::internal,
    guard::Gate,
    input::{MAX_WORDS, page_size, text, within},
    shop::{Db, ShopError, pad},
};

/// The line below a title.
const LINE_BYTES: usize = 112;
/// Places of a chart.
const PLACES: usize = 40;
/// What the charts at hand may weigh, in bytes.
const CHARTS_BYTES: u64 = 5 << 20;
/// The years of which there are books, and some to come.
const YEARS: (i64, i64) = (1900, 2100);

/// The charts that were asked for last: a customer turns back and forth between a few.
static CHARTS: LazyLock<Cache<Question, Chart>> = LazyLock::new(|| {
    Cache::builder()
        .max_capacity(CHARTS_BYTES)
        .weigher(|_, chart: &Chart| weight(chart))
        .eviction_policy(EvictionPolicy::lru())
        .build()
});

/// Copies sold of each book, by its number.
static SOLD: OnceCell<Vec<i64>> = OnceCell::const_new();

/// The genre, and the first and the last year.
type Question = (String, i64, i64);
type Chart = Arc<Vec<Bestseller>>;

/// A book on a chart
#[derive(SimpleObject, Clone)]
struct Bestseller {
    /// Its place, from 1
    place: usize,
    /// The book's title
    title: String,
    /// Copies sold
    sold: i64,
    /// What is said of it
    line: String,
}

/// What a chart weighs, in bytes.
fn weight(chart: &Chart) -> u32 {
    let texts: usize = chart
        .iter()
        .map(|book| book.title.capacity() + book.line.capacity())
        .sum();
    let all = size_of::<Bestseller>() * chart.capacity() + texts;
    u32::try_from(all).unwrap_or(u32::MAX)
}

pub(crate) fn clear() {
    CHARTS.invalidate_all();
    // One round of maintenance may leave some for the next.
    loop {
        let before = CHARTS.entry_count();
        CHARTS.run_pending_tasks();
        let left = CHARTS.entry_count();
        if left == 0 || left >= before {
            return;
        }
    }
}

pub(crate) fn settle() {
    // Where nobody has asked yet there is nothing to do, and no cache to be made for it.
    if let Some(known) = LazyLock::get(&CHARTS) {
        known.run_pending_tasks();
    }
}

/// What can be asked of it.
pub struct BestsellersQuery;

#[Object]
impl BestsellersQuery {
    /// What sells best of a genre, among the books that came out in those years
    #[graphql(guard = "Gate::of(17)")]
    async fn bestsellers(
        &self,
        ctx: &Context<'_>,
        genre: String,
        from: i64,
        to: i64,
        #[graphql(default = 10)] first: i64,
    ) -> Result<Vec<Bestseller>> {
        text("genre", &genre, MAX_WORDS)?;
        within("from", from, YEARS.0, YEARS.1)?;
        within("to", to, from, YEARS.1)?;
        let first = page_size(first)? as usize;
        let question = (genre, from, to);
        let chart = match CHARTS.get(&question) {
            Some(chart) => chart,
            None => {
                let chart = chart(ctx.data::<Lab>()?.bookshop().db(), &question)
                    .await
                    .map_err(internal)?;
                CHARTS.insert(question, Arc::clone(&chart));
                chart
            }
        };
        Ok(chart.iter().take(first).cloned().collect())
    }
}

async fn chart(db: &Db, question: &Question) -> Result<Chart, ShopError> {
    let sold = SOLD.get_or_try_init(|| db.call(|conn| sold(conn))).await?;
    let (genre, from, to) = question.clone();
    let books = db.call(move |conn| of_genre(conn, &genre, from, to)).await?;
    let sold_of = |id: i64| usize::try_from(id).ok().and_then(|id| sold.get(id)).copied();
    let mut books: Vec<(i64, String)> = books
        .into_iter()
        .map(|(id, title)| (sold_of(id).unwrap_or_default(), title))
        .collect();
    books.sort_by_key(|(sold, _)| std::cmp::Reverse(*sold));
    books.truncate(PLACES);
    let chart = books.into_iter().zip(1..).map(|((sold, title), place)| {
        let mut line = String::with_capacity(LINE_BYTES);
        line.push_str("What our readers say");
        pad(&mut line, title.len());
        Bestseller {
            place,
            title,
            sold,
            line,
        }
    });
    Ok(Arc::new(chart.collect()))
}

/// Copies sold of each book, from number 0.
fn sold(connection: &Connection) -> rusqlite::Result<Vec<i64>> {
    let last: i64 = connection.query_row("SELECT max(id) FROM books", [], |row| row.get(0))?;
    let mut sold = vec![0; usize::try_from(last).unwrap_or_default() + 1];
    let mut select = connection.prepare("SELECT book_id, sum(quantity) FROM order_items GROUP BY book_id")?;
    let mut rows = select.query([])?;
    while let Some(row) = rows.next()? {
        let (book, copies): (i64, i64) = (row.get(0)?, row.get(1)?);
        let place = usize::try_from(book).ok().and_then(|book| sold.get_mut(book));
        if let Some(place) = place {
            *place = copies;
        }
    }
    Ok(sold)
}

/// Numbers and titles of the books of a genre that came out in those years.
fn of_genre(
    connection: &Connection,
    genre: &str,
    from: i64,
    to: i64,
) -> rusqlite::Result<Vec<(i64, String)>> {
    let select = "SELECT id, title FROM books WHERE genre = ?1 AND published BETWEEN ?2 AND ?3 ORDER BY id";
    connection
        .prepare_cached(select)?
        .query_map(params![genre, from, to], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect()
}
