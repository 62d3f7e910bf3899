//! `basketTotal`: what the books in a basket cost, at the price that they had when the basket was put on the counter.

use std::{
    collections::HashMap,
    sync::{
        LazyLock, Mutex,
        atomic::{AtomicU64, Ordering},
    },
};

use async_graphql::{Context, Object, Result, SimpleObject};
use rusqlite::{Connection, OptionalExtension};

use crate::{
    Lab,
    errors::{bad_input, internal, not_found},
    guard::Gate,
    sync::locked,
};

/// Books that fit into a basket.
const PLACES: usize = 64;

/// The baskets on the counter, by the numbers of their tickets.
static COUNTER: LazyLock<Mutex<HashMap<u64, Basket>>> = LazyLock::new(Mutex::default);
/// The number of the next ticket.
static TICKETS: AtomicU64 = AtomicU64::new(1);

/// A basket, as wide as baskets are: a place for each book.
#[derive(Clone)]
struct Basket {
    places: [Option<Copies>; PLACES],
}

/// Copies of one book.
#[derive(Clone, Copy)]
struct Copies {
    book: i64,
    price_cents: i64,
    discount_cents: i64,
    gift_wrapped: bool,
}

/// What a basket costs
#[derive(SimpleObject)]
struct BasketTotal {
    /// Books in it
    books: usize,
    /// Their prices together, in cents
    total_cents: i64,
    /// What is off, in cents
    discount_cents: i64,
}

/// The ticket of a basket that stands on the counter, until it is handed in.
struct Ticket(u64);

impl Ticket {
    fn put(basket: Basket) -> Self {
        let ticket = TICKETS.fetch_add(1, Ordering::Relaxed);
        locked(&COUNTER).insert(ticket, basket);
        Self(ticket)
    }

    /// Notes what a book costs.
    fn price(&self, book: i64, price_cents: i64) {
        let mut counter = locked(&COUNTER);
        let places = counter.get_mut(&self.0).map(|basket| &mut basket.places);
        let copies = places.into_iter().flatten().flatten();
        for copies in copies.filter(|copies| copies.book == book) {
            copies.price_cents = price_cents;
            copies.discount_cents = if copies.gift_wrapped { 0 } else { price_cents / 20 };
        }
    }

    fn total(&self) -> BasketTotal {
        let counter = locked(&COUNTER);
        let places = counter.get(&self.0).map(|basket| &basket.places);
        let copies: Vec<&Copies> = places.into_iter().flatten().flatten().collect();
        BasketTotal {
            books: copies.len(),
            total_cents: copies.iter().map(|copies| copies.price_cents).sum(),
            discount_cents: copies.iter().map(|copies| copies.discount_cents).sum(),
        }
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        locked(&COUNTER).remove(&self.0);
    }
}

pub(crate) fn clear() {
    let counter = std::mem::take(&mut *locked(&COUNTER));
    drop(counter);
}

/// What can be asked of it.
pub struct BasketQuery;

#[Object]
impl BasketQuery {
    /// What a basket with those books costs
    #[graphql(guard = "Gate::of(19)")]
    async fn basket_total(&self, ctx: &Context<'_>, books: Vec<i64>) -> Result<BasketTotal> {
        if books.is_empty() || books.len() > PLACES {
            return Err(bad_input(format!(
                "`books` must be between 1 and {PLACES} books, got {}",
                books.len()
            )));
        }
        let mut places = [None; PLACES];
        for (place, (&book, number)) in places.iter_mut().zip(books.iter().zip(0..)) {
            *place = Some(Copies {
                book,
                price_cents: 0,
                discount_cents: 0,
                gift_wrapped: number % 3 == 2,
            });
        }
        let ticket = Ticket::put(Basket { places });
        let db = ctx.data::<Lab>()?.bookshop().db();
        let prices = db
            .call(move |conn| prices(conn, &books))
            .await
            .map_err(internal)?;
        for (book, price) in prices {
            let price = price.ok_or_else(|| not_found(format!("no book has the id {book}")))?;
            ticket.price(book, price);
        }
        Ok(ticket.total())
    }
}

/// The price of each book, where there is such a book.
fn prices(connection: &Connection, books: &[i64]) -> rusqlite::Result<Vec<(i64, Option<i64>)>> {
    let mut price = connection.prepare_cached("SELECT price_cents FROM books WHERE id = ?1")?;
    let price_of = |book: &i64| Ok((*book, price.query_row([book], |row| row.get(0)).optional()?));
    books.iter().map(price_of).collect()
}
