//! The bookshop: users, authors, books, reviews and orders in an embedded database.
//!
//! [`Bookshop::open`] is the way in. `seed` fills a new database, `db` owns the connection, `entities` are what
//! the API shows, `loaders` fetch relations in batches, and `query`, `mutation` and `subscription` hold the
//! ordinary fields. The problems' fields are elsewhere.

mod db;
mod entities;
mod error;
mod loaders;
mod location;
mod mutation;
mod query;
mod seed;
mod subscription;
mod text;
mod words;

use std::sync::Arc;

use tokio::sync::broadcast;

pub use db::Db;
pub use entities::{Author, Book, OrderState, User};
pub use error::ShopError;
pub use loaders::RequestData;
pub(crate) use loaders::rows_of;
pub use location::Location;
pub use mutation::ShopMutation;
pub use query::ShopQuery;
pub use subscription::ShopSubscription;
pub use text::pad;

use crate::{Handover, Plain};
use entities::Review;

/// Reviews that a slow subscriber may fall behind before it misses some.
const REVIEWS_WAITING: usize = 64;

/// The shop, open. Clones are the same shop.
#[derive(Clone)]
pub struct Bookshop {
    db: Db,
    new_reviews: broadcast::Sender<Review>,
}

impl Bookshop {
    /// Opens the shop; a new database is filled first, from a fixed seed. Blocks until then.
    pub fn open(location: Location) -> Result<Self, ShopError> {
        Self::open_with(location, Plain)
    }

    /// The same, with a say in how work is handed on.
    pub fn open_with(location: Location, handover: impl Handover) -> Result<Self, ShopError> {
        let connection = location.connect()?;
        let (new_reviews, _) = broadcast::channel(REVIEWS_WAITING);
        Ok(Self {
            db: Db::start(connection, Arc::new(handover))?,
            new_reviews,
        })
    }

    /// The database thread.
    pub fn db(&self) -> &Db {
        &self.db
    }

    /// The name of some user.
    pub async fn random_user_name(&self) -> Result<String, ShopError> {
        let id = fastrand::i64(1..=seed::USERS);
        let name = "SELECT name FROM users WHERE id = ?1";
        self.db
            .call(move |conn| conn.prepare_cached(name)?.query_row([id], |row| row.get(0)))
            .await
    }

    fn announce(&self, review: Review) {
        // Nobody may be listening, which is fine.
        let _ = self.new_reviews.send(review);
    }

    fn listen(&self) -> broadcast::Receiver<Review> {
        self.new_reviews.subscribe()
    }
}
