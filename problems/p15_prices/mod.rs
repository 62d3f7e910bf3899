//! `livePrice`: what a book costs a customer just now, as the wholesaler has it.

use std::{
    collections::HashMap,
    sync::{Arc, LazyLock, Mutex},
    time::Duration,
};

use async_graphql::{Context, Object, Result, SimpleObject};
use futures_util::{
    FutureExt,
    future::{BoxFuture, Shared},
};
use rusqlite::{Connection, OptionalExtension, params};
use tokio::time;

use crate::{
    Lab,
    errors::{internal, not_found},
    guard::Gate,
    shop::{Db, ShopError, pad},
    sync::locked,
};

/// A label as it is printed for the shelf.
const LABEL_BYTES: usize = 2 * 1024;
/// How long the wholesaler takes to name a price.
const WHOLESALER: Duration = Duration::from_millis(2);

/// Look-ups that are under way: a page shows a price in several places, and the wholesaler is asked once.
static IN_FLIGHT: LazyLock<Mutex<HashMap<Question, LookUp>>> = LazyLock::new(Mutex::default);

/// The book, and the customer.
type Question = (i64, i64);
type Answer = Result<Option<Arc<LivePrice>>, ShopError>;
/// A look-up that several may wait for.
type LookUp = Shared<BoxFuture<'static, Answer>>;

/// What a book costs a customer just now
#[derive(SimpleObject)]
struct LivePrice {
    /// The book's number
    book_id: i64,
    /// The price for that customer, in cents
    cents: i64,
    /// What is printed for the shelf
    label: String,
}

pub(crate) fn clear() {
    let look_ups = std::mem::take(&mut *locked(&IN_FLIGHT));
    drop(look_ups);
}

/// What can be asked of it.
pub struct PricesQuery;

#[Object]
impl PricesQuery {
    /// What the book with that number costs the customer with that number just now
    #[graphql(guard = "Gate::of(15)")]
    async fn live_price(&self, ctx: &Context<'_>, book_id: i64, user_id: i64) -> Result<Arc<LivePrice>> {
        let db = ctx.data::<Lab>()?.bookshop().db();
        let question = (book_id, user_id);
        let price = join(question, db).await;
        locked(&IN_FLIGHT).remove(&question);
        let price = price.map_err(internal)?;
        price.ok_or_else(|| not_found("no such book or no such user"))
    }
}

/// The look-up of that price which is under way, or a new one.
fn join(question: Question, db: &Db) -> LookUp {
    let mut in_flight = locked(&IN_FLIGHT);
    let look_up = in_flight.entry(question).or_insert_with(|| {
        let label = String::with_capacity(LABEL_BYTES);
        look_up(question, label, db.clone()).boxed().shared()
    });
    look_up.clone()
}

/// Asks the wholesaler, and prints the label.
async fn look_up((book_id, user_id): Question, mut label: String, db: Db) -> Answer {
    time::sleep(WHOLESALER).await;
    let found = db.call(move |conn| priced(conn, book_id, user_id)).await?;
    Ok(found.map(|(title, cents)| {
        label.push_str(&title);
        pad(&mut label, title.len());
        Arc::new(LivePrice {
            book_id,
            cents,
            label,
        })
    }))
}

/// The book's title and its price for that customer; nothing where there is no such book or customer.
fn priced(connection: &Connection, book: i64, user: i64) -> rusqlite::Result<Option<(String, i64)>> {
    // A tenth off in the corner of the shop that the customer likes best.
    let select = "SELECT title, price_cents - (books.genre = users.genre) * price_cents / 10
                  FROM books, users WHERE books.id = ?1 AND users.id = ?2";
    connection
        .prepare_cached(select)?
        .query_row(params![book, user], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()
}
