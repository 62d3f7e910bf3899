//! `sendReceipt` and `receipt`: customers get their receipts by mail, and the shop can say which went out.

use std::{
    collections::VecDeque,
    sync::{LazyLock, Mutex},
};

use async_graphql::{Context, Object, Result, SimpleObject};
use rusqlite::{Connection, OptionalExtension};
use tokio::task::{JoinSet, yield_now};

use crate::{
    Lab,
    errors::{internal, not_found},
    guard::Gate,
    shop::pad,
    sync::locked,
};

/// A receipt with the small print.
const LETTER_BYTES: usize = 2_048;
/// Receipts that the shop can say something of: the latest ones.
const LATEST: usize = 2_000;

/// Letters that are sent: one task each, so that nobody waits for the mail server.
static OUTGOING: LazyLock<Mutex<JoinSet<Letter>>> = LazyLock::new(Mutex::default);

/// What went out lately.
static SENT: Mutex<VecDeque<Receipt>> = Mutex::new(VecDeque::new());

/// A receipt
#[derive(SimpleObject, Clone)]
struct Receipt {
    /// Number of the order that it is for
    order: i64,
    /// Who gets it
    sent_to: String,
    /// What was paid, in cents
    total_cents: i64,
}

/// A receipt in its envelope.
struct Letter {
    receipt: Receipt,
    text: String,
}

impl Letter {
    fn write(receipt: Receipt) -> Self {
        let mut text = String::with_capacity(LETTER_BYTES);
        let Receipt {
            order, total_cents, ..
        } = receipt;
        text.push_str(&format!("Order {order}: {total_cents} cents, with thanks"));
        pad(&mut text, 0);
        Self { receipt, text }
    }

    /// Hands the letter to the mail server.
    async fn send(self) -> Self {
        tracing::trace!(order = self.receipt.order, text = self.text, "a receipt goes out");
        // The mail server's turn.
        yield_now().await;
        let mut sent = locked(&SENT);
        if sent.len() == LATEST {
            sent.pop_front();
        }
        sent.push_back(self.receipt.clone());
        drop(sent);
        self
    }
}

pub(crate) fn clear() {
    let outgoing = std::mem::take(&mut *locked(&OUTGOING));
    let sent = std::mem::take(&mut *locked(&SENT));
    drop((outgoing, sent));
}

/// What can be asked of it.
pub struct MailQuery;

#[Object]
impl MailQuery {
    /// The receipt for the order with that number, if one went out lately
    #[graphql(guard = "Gate::of(12)")]
    async fn receipt(&self, order: i64) -> Option<Receipt> {
        let sent = locked(&SENT);
        sent.iter().rev().find(|receipt| receipt.order == order).cloned()
    }
}

/// What can be changed by it.
pub struct MailMutation;

#[Object]
impl MailMutation {
    /// Sends the receipt for the order with that number, and does not wait for the mail server
    #[graphql(guard = "Gate::of(12)")]
    async fn send_receipt(&self, ctx: &Context<'_>, order: i64) -> Result<Receipt> {
        let db = ctx.data::<Lab>()?.bookshop().db();
        let receipt = db
            .call(move |conn| receipt(conn, order))
            .await
            .map_err(internal)?;
        let receipt = receipt.ok_or_else(|| not_found(format!("no order has the id {order}")))?;
        let letter = Letter::write(receipt.clone());
        locked(&OUTGOING).spawn(letter.send());
        Ok(receipt)
    }
}

/// What is on the receipt for an order; nothing where there is no such order.
fn receipt(connection: &Connection, order: i64) -> rusqlite::Result<Option<Receipt>> {
    let select = "SELECT orders.id, users.name, sum(quantity * price_cents)
                  FROM orders JOIN users ON users.id = user_id JOIN order_items ON order_id = orders.id
                  WHERE orders.id = ?1 GROUP BY orders.id";
    connection
        .prepare_cached(select)?
        .query_row([order], |row| {
            Ok(Receipt {
                order: row.get(0)?,
                sent_to: row.get(1)?,
                total_cents: row.get(2)?,
            })
        })
        .optional()
}
