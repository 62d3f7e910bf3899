//! `sendReceipt` and `receipt`: customers get their receipts by mail, and the shop can say which went out.
//!
//! Wrong: a `JoinSet` keeps each finished task with what it returned, here the letter, until somebody joins it.
//! Nobody did.
//! Healed: who sends the next letter joins those that have gone, and a task returns nothing. The set has the letters
//! that are on their way, which is what it is for.

use std::{
    collections::VecDeque,
    sync::{LazyLock, Mutex},
};

use async_graphql::{Context, Object, Result, SimpleObject};
use problems::{
    Lab,
    parts::{Gate, internal, locked, not_found},
    shop::pad,
};
use rusqlite::{Connection, OptionalExtension};
use tokio::task::{JoinSet, yield_now};

/// A receipt with the small print.
const LETTER_BYTES: usize = 2_048;
/// Receipts that the shop can say something of: the latest ones.
const LATEST: usize = 2_000;

/// Letters on their way: one task each, so that nobody waits for the mail server.
static OUTGOING: LazyLock<Mutex<JoinSet<()>>> = LazyLock::new(Mutex::default);

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
    async fn send(self) {
        tracing::trace!(order = self.receipt.order, text = self.text, "a receipt goes out");
        // The mail server's turn.
        yield_now().await;
        let mut sent = locked(&SENT);
        if sent.len() == LATEST {
            sent.pop_front();
        }
        sent.push_back(self.receipt);
    }
}

/// Puts a letter on its way, and lets go of those that have gone.
fn post(letter: Letter) {
    let mut outgoing = locked(&OUTGOING);
    while let Some(gone) = outgoing.try_join_next() {
        if let Err(error) = gone {
            tracing::error!(%error, "a letter was lost");
        }
    }
    outgoing.spawn(letter.send());
}

pub(crate) struct MailQuery;

#[Object]
impl MailQuery {
    /// The receipt for the order with that number, if one went out lately
    #[graphql(guard = "Gate::of(12)")]
    async fn receipt(&self, order: i64) -> Option<Receipt> {
        let sent = locked(&SENT);
        sent.iter().rev().find(|receipt| receipt.order == order).cloned()
    }
}

pub(crate) struct MailMutation;

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
        post(letter);
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
