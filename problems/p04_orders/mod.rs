//! `orderStatus(id)`: how far an order has come, and a receipt for when it arrives.

use std::{fmt::Write, sync::Mutex};

use async_graphql::{Context, Object, Result, SimpleObject};
use rusqlite::OptionalExtension;

use crate::{
    Lab,
    errors::internal,
    guard::Gate,
    shop::{OrderState, pad},
    sync::locked,
};

/// A receipt with the small print.
const RECEIPT_BYTES: usize = 2_560;

/// What to do when an order is complete.
struct OnCompletion(Box<dyn FnOnce() -> Option<OnCompletion> + Send>);

/// What is to be done when the order that was asked about last is complete.
static ON_COMPLETION: Mutex<Option<OnCompletion>> = Mutex::new(None);

/// Arranges for `receipt` to be filed once the order is complete, after what was arranged before.
fn when_complete(receipt: String) {
    let mut arranged = locked(&ON_COMPLETION);
    let previous = arranged.take();
    *arranged = Some(OnCompletion(Box::new(move || {
        drop(receipt);
        previous
    })));
}

/// Runs whatever is arranged, one after the other.
pub(crate) fn clear() {
    let mut next = locked(&ON_COMPLETION).take();
    while let Some(OnCompletion(complete)) = next {
        next = complete();
    }
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

/// What can be asked of it.
pub struct OrdersQuery;

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
        when_complete(receipt);
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
