//! What the shop deals in, as the API shows it.
//!
//! `Book.author` is with the problem that it belongs to.

use async_graphql::{ComplexObject, Context, Enum, Result, SimpleObject};
use rusqlite::{
    Row,
    types::{FromSql, FromSqlError, FromSqlResult, ValueRef},
};

use super::RequestData;
use crate::errors::{internal, not_found};

/// Somebody who writes books
#[derive(SimpleObject)]
pub struct Author {
    /// Number
    pub(crate) id: i64,
    /// Full name
    pub(crate) name: String,
    /// Where they are from
    pub(crate) country: String,
    /// What the jacket says about them
    pub(crate) bio: String,
}

/// A book that the shop sells
#[derive(SimpleObject, Clone)]
#[graphql(complex)]
pub struct Book {
    /// Number
    pub(crate) id: i64,
    /// Title
    pub(crate) title: String,
    #[graphql(skip)]
    pub(crate) author_id: i64,
    /// Where it stands in the shop
    pub(crate) genre: String,
    /// The year it came out
    pub(crate) published: i32,
    /// Price in cents
    pub(crate) price_cents: i32,
    /// What its back cover says
    pub(crate) blurb: String,
}

impl Book {
    pub(crate) const COLUMNS: &str = "id, title, author_id, genre, published, price_cents, blurb";

    pub(crate) fn from_row(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            id: row.get(0)?,
            title: row.get(1)?,
            author_id: row.get(2)?,
            genre: row.get(3)?,
            published: row.get(4)?,
            price_cents: row.get(5)?,
            blurb: row.get(6)?,
        })
    }
}

/// Somebody who buys books
#[derive(SimpleObject, Clone)]
pub struct User {
    /// Number
    pub id: i64,
    /// Full name
    pub name: String,
    /// Where they live
    pub city: String,
    /// What they like to read
    pub genre: String,
    /// The day of their first order
    pub member_since: String,
}

impl User {
    /// What [`from_row`](Self::from_row) reads, as a statement selects it.
    pub const COLUMNS: &str = "id, name, city, genre, member_since";

    /// The user of a row of [`COLUMNS`](Self::COLUMNS).
    pub fn from_row(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            id: row.get(0)?,
            name: row.get(1)?,
            city: row.get(2)?,
            genre: row.get(3)?,
            member_since: row.get(4)?,
        })
    }
}

/// What a user says about a book
#[derive(SimpleObject, Clone)]
#[graphql(complex)]
pub(crate) struct Review {
    /// Number
    pub(crate) id: i64,
    #[graphql(skip)]
    pub(crate) book_id: i64,
    #[graphql(skip)]
    pub(crate) user_id: i64,
    /// One to five
    pub(crate) stars: i32,
    /// In their words
    pub(crate) text: String,
    /// The day it was written
    pub(crate) written_on: String,
}

impl Review {
    pub(crate) const COLUMNS: &str = "id, book_id, user_id, stars, text, written_on";

    pub(crate) fn from_row(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            id: row.get(0)?,
            book_id: row.get(1)?,
            user_id: row.get(2)?,
            stars: row.get(3)?,
            text: row.get(4)?,
            written_on: row.get(5)?,
        })
    }
}

#[ComplexObject]
impl Review {
    /// The book it is about
    async fn book(&self, ctx: &Context<'_>) -> Result<Book> {
        book(ctx, self.book_id).await
    }

    /// Who wrote it
    async fn user(&self, ctx: &Context<'_>) -> Result<User> {
        user(ctx, self.user_id).await
    }
}

/// How far an order has come
#[derive(Enum, Clone, Copy, PartialEq, Eq, Debug)]
pub enum OrderState {
    /// Waits to be packed
    Placed,
    /// Waits for the carrier
    Packed,
    /// With the carrier
    Shipped,
    /// With the customer
    Delivered,
}

impl OrderState {
    pub(crate) const ALL: [Self; 4] = [Self::Placed, Self::Packed, Self::Shipped, Self::Delivered];
}

impl FromSql for OrderState {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let number = value.as_i64()?;
        let known = usize::try_from(number)
            .ok()
            .and_then(|index| Self::ALL.get(index));
        known.copied().ok_or(FromSqlError::OutOfRange(number))
    }
}

/// What a user ordered on one day
#[derive(SimpleObject, Clone)]
#[graphql(complex)]
pub(crate) struct Order {
    /// Number
    pub(crate) id: i64,
    #[graphql(skip)]
    pub(crate) user_id: i64,
    /// How far it has come
    pub(crate) state: OrderState,
    /// The day it was placed
    pub(crate) placed_on: String,
}

impl Order {
    pub(crate) const COLUMNS: &str = "id, user_id, state, placed_on";

    pub(crate) fn from_row(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            id: row.get(0)?,
            user_id: row.get(1)?,
            state: row.get(2)?,
            placed_on: row.get(3)?,
        })
    }
}

#[ComplexObject]
impl Order {
    /// Whose it is
    async fn user(&self, ctx: &Context<'_>) -> Result<User> {
        user(ctx, self.user_id).await
    }

    /// What is in it
    async fn items(&self, ctx: &Context<'_>) -> Result<Vec<OrderItem>> {
        let items = ctx.data::<RequestData>()?.items();
        Ok(items
            .load_one(self.id)
            .await
            .map_err(internal)?
            .unwrap_or_default())
    }
}

/// A book in an order
#[derive(SimpleObject, Clone)]
#[graphql(complex)]
pub(crate) struct OrderItem {
    #[graphql(skip)]
    pub(crate) book_id: i64,
    /// How many
    pub(crate) quantity: i32,
    /// Price of one, in cents, on the day of the order
    pub(crate) price_cents: i32,
}

#[ComplexObject]
impl OrderItem {
    /// The book
    async fn book(&self, ctx: &Context<'_>) -> Result<Book> {
        book(ctx, self.book_id).await
    }
}

async fn book(ctx: &Context<'_>, id: i64) -> Result<Book> {
    let found = ctx
        .data::<RequestData>()?
        .books()
        .load_one(id)
        .await
        .map_err(internal)?;
    found.ok_or_else(|| not_found(format!("no book has the id {id}")))
}

async fn user(ctx: &Context<'_>, id: i64) -> Result<User> {
    let found = ctx
        .data::<RequestData>()?
        .users()
        .load_one(id)
        .await
        .map_err(internal)?;
    found.ok_or_else(|| not_found(format!("no user has the id {id}")))
}
