//! What customers may change: they may review a book.

use async_graphql::{Context, InputObject, Object, Result};
use rusqlite::{Connection, OptionalExtension, params};

use super::entities::Review;
use crate::{
    Lab,
    errors::{internal, not_found},
    input::{text, within},
};

/// The longest review, in characters.
const MAX_REVIEW: usize = 2_000;

/// The ordinary changes.
pub struct ShopMutation;

#[Object]
impl ShopMutation {
    /// Puts a review beside a book, and tells those who follow the reviews
    async fn add_review(&self, ctx: &Context<'_>, review: NewReview) -> Result<Review> {
        within("stars", review.stars.into(), 1, 5)?;
        text("text", &review.text, MAX_REVIEW)?;
        let shop = ctx.data::<Lab>()?.bookshop();
        let written = shop
            .db()
            .call(move |conn| review.write(conn))
            .await
            .map_err(internal)?;
        let written = written.ok_or_else(|| not_found("no such book or no such user"))?;
        shop.announce(written.clone());
        Ok(written)
    }
}

/// A review to be written
#[derive(InputObject)]
struct NewReview {
    /// The book's number
    book_id: i64,
    /// The user's number
    user_id: i64,
    /// One to five
    stars: i32,
    /// In their words
    text: String,
}

impl NewReview {
    /// Nothing where book or user does not exist.
    fn write(&self, connection: &Connection) -> rusqlite::Result<Option<Review>> {
        let insert = format!(
            "INSERT INTO reviews (book_id, user_id, stars, text, written_on)
             SELECT books.id, users.id, ?3, ?4, date('now') FROM books, users
             WHERE books.id = ?1 AND users.id = ?2
             RETURNING {}",
            Review::COLUMNS
        );
        connection
            .prepare_cached(&insert)?
            .query_row(
                params![self.book_id, self.user_id, self.stars, self.text],
                Review::from_row,
            )
            .optional()
    }
}
