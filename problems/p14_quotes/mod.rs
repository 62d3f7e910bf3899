//! `shippingQuote`: what it costs to send a book to a customer, by the carrier who says so first.

use std::{
    sync::{LazyLock, Mutex},
    time::Duration,
};

use async_graphql::{Context, Object, Result, SimpleObject};
use futures_util::{StreamExt, stream::FuturesUnordered};
use rusqlite::{Connection, OptionalExtension, params};
use tokio::{sync::watch, task::JoinHandle, time};

use crate::{
    Lab,
    errors::{internal, not_found},
    guard::Gate,
    shop::pad,
    sync::locked,
};

/// An inquiry is a page, with the terms of business.
const INQUIRY_BYTES: usize = 2 * 1024;
/// How long a customer waits for a quote.
const PATIENCE: Duration = Duration::from_secs(2);

/// Those whom the shop asks, and when they answer.
static CARRIERS: [Carrier; 3] = [
    Carrier {
        name: "bicycle",
        percent: 110,
        answers_after: Duration::ZERO,
    },
    Carrier {
        name: "post",
        percent: 100,
        answers_after: Duration::from_millis(20),
    },
    // On the next working day.
    Carrier {
        name: "rail",
        percent: 60,
        answers_after: Duration::from_secs(16 * 3600),
    },
];

/// The shop's telephones, until they are hung up.
static LINES: LazyLock<Mutex<watch::Sender<()>>> = LazyLock::new(Mutex::default);

struct Carrier {
    name: &'static str,
    /// What they ask for, of the usual.
    percent: i64,
    answers_after: Duration,
}

/// What it costs to send a book
#[derive(SimpleObject)]
struct ShippingQuote {
    /// Who carries it
    carrier: &'static str,
    /// What they ask for, in cents
    cents: i64,
    /// The inquiry that they answer
    inquiry: String,
}

/// What is to be sent.
struct Parcel {
    title: String,
    city: String,
    /// What is usual, in cents.
    usual: i64,
}

impl Parcel {
    /// Nothing where there is no such book or customer.
    fn find(connection: &Connection, book: i64, user: i64) -> rusqlite::Result<Option<Self>> {
        let select = "SELECT title, city, 300 + price_cents / 20 FROM books, users
                      WHERE books.id = ?1 AND users.id = ?2";
        connection
            .prepare_cached(select)?
            .query_row(params![book, user], |row| {
                Ok(Self {
                    title: row.get(0)?,
                    city: row.get(1)?,
                    usual: row.get(2)?,
                })
            })
            .optional()
    }

    fn inquiry(&self) -> String {
        let mut inquiry = String::with_capacity(INQUIRY_BYTES);
        inquiry.push_str(&self.title);
        inquiry.push_str(" to ");
        inquiry.push_str(&self.city);
        pad(&mut inquiry, self.title.len());
        inquiry
    }
}

/// Asks a carrier; nothing where the line is hung up before they answer.
async fn ask(
    carrier: &'static Carrier,
    usual: i64,
    inquiry: String,
    mut line: watch::Receiver<()>,
) -> Option<ShippingQuote> {
    tokio::select! {
        () = time::sleep(carrier.answers_after) => Some(ShippingQuote {
            carrier: carrier.name,
            cents: usual * carrier.percent / 100,
            inquiry,
        }),
        _ = line.changed() => None,
    }
}

/// Hangs up whatever line is open, and waits until it is.
pub(crate) async fn clear() {
    let lines = std::mem::take(&mut *locked(&LINES));
    lines.send_replace(());
    lines.closed().await;
}

/// What can be asked of it.
pub struct QuotesQuery;

#[Object]
impl QuotesQuery {
    /// What it costs to send the book with that number to the customer with that number
    #[graphql(guard = "Gate::of(14)")]
    async fn shipping_quote(
        &self,
        ctx: &Context<'_>,
        book_id: i64,
        user_id: i64,
    ) -> Result<Option<ShippingQuote>> {
        let db = ctx.data::<Lab>()?.bookshop().db();
        let parcel = db
            .call(move |conn| Parcel::find(conn, book_id, user_id))
            .await
            .map_err(internal)?;
        let parcel = parcel.ok_or_else(|| not_found("no such book or no such user"))?;
        let line = locked(&LINES).subscribe();
        let mut asked: FuturesUnordered<JoinHandle<Option<ShippingQuote>>> = CARRIERS
            .iter()
            .map(|carrier| tokio::spawn(ask(carrier, parcel.usual, parcel.inquiry(), line.clone())))
            .collect();
        tokio::select! {
            first = asked.next() => Ok(first.and_then(Result::ok).flatten()),
            () = time::sleep(PATIENCE) => Ok(None),
        }
    }
}
