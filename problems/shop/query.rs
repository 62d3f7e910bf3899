//! The ordinary questions: one book, one author, one order, a book's reviews, a user's orders.

use async_graphql::{Context, Object, Result};
use rusqlite::{OptionalExtension, Row, ToSql};

use super::{
    Author, Book,
    entities::{Order, Review},
};
use crate::{Lab, errors::internal, input::page_size};

/// The ordinary questions.
pub struct ShopQuery;

#[Object]
impl ShopQuery {
    /// The book with that number
    async fn book(&self, ctx: &Context<'_>, id: i64) -> Result<Option<Book>> {
        let select = format!("SELECT {} FROM books WHERE id = ?1", Book::COLUMNS);
        one(ctx, select, id, Book::from_row).await
    }

    /// The author with that number
    async fn author(&self, ctx: &Context<'_>, id: i64) -> Result<Option<Author>> {
        let select = "SELECT id, name, country, bio FROM authors WHERE id = ?1".to_owned();
        one(ctx, select, id, |row| {
            Ok(Author {
                id: row.get(0)?,
                name: row.get(1)?,
                country: row.get(2)?,
                bio: row.get(3)?,
            })
        })
        .await
    }

    /// The order with that number
    async fn order(&self, ctx: &Context<'_>, id: i64) -> Result<Option<Order>> {
        let select = format!("SELECT {} FROM orders WHERE id = ?1", Order::COLUMNS);
        one(ctx, select, id, Order::from_row).await
    }

    /// The latest reviews of a book
    async fn reviews(
        &self,
        ctx: &Context<'_>,
        book_id: i64,
        #[graphql(default = 10)] first: i64,
    ) -> Result<Vec<Review>> {
        let select = format!(
            "SELECT {} FROM reviews WHERE book_id = ?1 ORDER BY id DESC LIMIT ?2",
            Review::COLUMNS
        );
        some(ctx, select, book_id, first, Review::from_row).await
    }

    /// The latest orders of a user
    async fn orders(
        &self,
        ctx: &Context<'_>,
        user_id: i64,
        #[graphql(default = 10)] first: i64,
    ) -> Result<Vec<Order>> {
        let select = format!(
            "SELECT {} FROM orders WHERE user_id = ?1 ORDER BY id DESC LIMIT ?2",
            Order::COLUMNS
        );
        some(ctx, select, user_id, first, Order::from_row).await
    }
}

type Read<T> = fn(&Row<'_>) -> rusqlite::Result<T>;

async fn one<T: Send + 'static>(
    ctx: &Context<'_>,
    select: String,
    id: i64,
    read: Read<T>,
) -> Result<Option<T>> {
    let db = ctx.data::<Lab>()?.bookshop().db();
    db.call(move |conn| conn.prepare_cached(&select)?.query_row([id], read).optional())
        .await
        .map_err(internal)
}

async fn some<T: Send + 'static>(
    ctx: &Context<'_>,
    select: String,
    of: i64,
    first: i64,
    read: Read<T>,
) -> Result<Vec<T>> {
    page_size(first)?;
    let db = ctx.data::<Lab>()?.bookshop().db();
    db.call(move |conn| {
        let mut statement = conn.prepare_cached(&select)?;
        let parameters: [&dyn ToSql; 2] = [&of, &first];
        statement.query_map(parameters, read)?.collect()
    })
    .await
    .map_err(internal)
}
