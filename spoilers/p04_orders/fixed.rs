//! `orderStatus(id)`: how far an order has come, and a receipt that is filed once that is told.
//!
//! Wrong: what to do on completion captured what was arranged before it, and so on to the first; none was ever run.
//! Healed: each arrangement stands for itself, under a number. When its call completes it is struck off, and run.

use std::{
    collections::HashMap,
    fmt::Write,
    sync::{
        LazyLock, Mutex,
        atomic::{AtomicU64, Ordering},
    },
};

use async_graphql::{Context, Object, Result, SimpleObject};
use problems::{
    Lab,
    parts::{Gate, internal, locked},
    shop::{OrderState, pad},
};
use rusqlite::OptionalExtension;

/// A receipt with the small print.
const RECEIPT_BYTES: usize = 2_560;

/// What to do when a call about an order is complete.
type OnCompletion = Box<dyn FnOnce() + Send>;

/// What is to be done when the calls that are under way are complete, by their numbers.
static ON_COMPLETION: LazyLock<Mutex<HashMap<u64, OnCompletion>>> = LazyLock::new(Mutex::default);
/// The number of the next call.
static NEXT: AtomicU64 = AtomicU64::new(0);

/// An arrangement. Its end is the completion, also where the call is given up half-way.
struct Arranged(u64);

impl Drop for Arranged {
    fn drop(&mut self) {
        let complete = locked(&ON_COMPLETION).remove(&self.0);
        if let Some(complete) = complete {
            complete();
        }
    }
}

/// Arranges for `receipt` to be filed once the call is complete.
fn when_complete(receipt: String) -> Arranged {
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let complete = Box::new(move || drop(receipt));
    locked(&ON_COMPLETION).insert(number, complete);
    Arranged(number)
}

/// How far an order has come
#[derive(SimpleObject)]
struct OrderStatus {
    /// The order's number
    id: i64,
    /// How far it has come
    state: OrderState,
    /// The day it was placed
    placed_on: String,
    /// How many books are in it
    books: i32,
    /// What it costs, in cents
    total_cents: i32,
}

pub(crate) struct OrdersQuery;

#[Object]
impl OrdersQuery {
    /// How far the order with that number has come
    #[graphql(guard = "Gate::of(4)")]
    async fn order_status(&self, ctx: &Context<'_>, id: i64) -> Result<Option<OrderStatus>> {
        let db = ctx.data::<Lab>()?.bookshop().db();
        let Some(status) = db.call(move |conn| status(conn, id)).await.map_err(internal)? else {
            return Ok(None);
        };
        let mut receipt = String::with_capacity(RECEIPT_BYTES);
        let OrderStatus {
            books, total_cents, ..
        } = status;
        write!(receipt, "Order {id}: {books} books, {total_cents} cents")?;
        pad(&mut receipt, 0);
        let _complete = when_complete(receipt);
        Ok(Some(status))
    }
}

fn status(connection: &rusqlite::Connection, id: i64) -> rusqlite::Result<Option<OrderStatus>> {
    let select = "SELECT orders.id, state, placed_on, sum(quantity), sum(quantity * price_cents)
                  FROM orders JOIN order_items ON order_id = orders.id WHERE orders.id = ?1 GROUP BY orders.id";
    connection
        .prepare_cached(select)?
        .query_row([id], |row| {
            Ok(OrderStatus {
                id: row.get(0)?,
                state: row.get(1)?,
                placed_on: row.get(2)?,
                books: row.get(3)?,
                total_cents: row.get(4)?,
            })
        })
        .optional()
}
