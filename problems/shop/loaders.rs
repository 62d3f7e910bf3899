//! Relations in batches: what the fields of one request ask for within a moment is read by one statement.
//!
//! [`RequestData`] is made for each request and dropped with it; a loader in it is made when first used.

use std::{
    collections::HashMap,
    future::Future,
    sync::{Arc, OnceLock},
};

use async_graphql::dataloader::{DataLoader, Loader};
use rusqlite::{Connection, Row, params_from_iter};

use super::{Book, Db, ShopError, User, entities::OrderItem};
use crate::p06_books::Authors;

/// Ids in one statement. SQLite takes many more; its planner likes fewer.
const CHUNK: usize = 512;

/// What a request has of its own.
pub struct RequestData {
    db: Db,
    new_authors: fn(&Db) -> Arc<Authors>,
    books: OnceLock<DataLoader<BookLoader>>,
    users: OnceLock<DataLoader<UserLoader>>,
    items: OnceLock<DataLoader<ItemLoader>>,
    authors: OnceLock<Arc<Authors>>,
}

impl RequestData {
    /// Nothing is made yet; `new_authors` makes the loader of authors.
    pub fn new(db: &Db, new_authors: fn(&Db) -> Arc<Authors>) -> Self {
        Self {
            db: db.clone(),
            new_authors,
            books: OnceLock::new(),
            users: OnceLock::new(),
            items: OnceLock::new(),
            authors: OnceLock::new(),
        }
    }

    /// The loader of books.
    pub fn books(&self) -> &DataLoader<BookLoader> {
        self.books
            .get_or_init(|| DataLoader::new(BookLoader(self.db.clone()), self.db.spawner()))
    }

    pub(crate) fn users(&self) -> &DataLoader<UserLoader> {
        self.users
            .get_or_init(|| DataLoader::new(UserLoader(self.db.clone()), self.db.spawner()))
    }

    pub(crate) fn items(&self) -> &DataLoader<ItemLoader> {
        self.items
            .get_or_init(|| DataLoader::new(ItemLoader(self.db.clone()), self.db.spawner()))
    }

    pub(crate) fn authors(&self) -> &Authors {
        self.authors.get_or_init(|| (self.new_authors)(&self.db))
    }
}

/// Books by their ids.
pub struct BookLoader(Db);

impl Loader<i64> for BookLoader {
    type Value = Book;
    type Error = ShopError;

    fn load(&self, ids: &[i64]) -> impl Future<Output = Result<HashMap<i64, Book>, ShopError>> + Send {
        let ids = ids.to_vec();
        self.0.call(move |conn| {
            let select = format!("SELECT {} FROM books WHERE id", Book::COLUMNS);
            let books = rows_of(conn, &select, &ids, Book::from_row)?;
            Ok(books.into_iter().map(|book| (book.id, book)).collect())
        })
    }
}

/// Users by their ids.
pub(crate) struct UserLoader(Db);

impl Loader<i64> for UserLoader {
    type Value = User;
    type Error = ShopError;

    fn load(&self, ids: &[i64]) -> impl Future<Output = Result<HashMap<i64, User>, ShopError>> + Send {
        let ids = ids.to_vec();
        self.0.call(move |conn| {
            let select = format!("SELECT {} FROM users WHERE id", User::COLUMNS);
            let users = rows_of(conn, &select, &ids, User::from_row)?;
            Ok(users.into_iter().map(|user| (user.id, user)).collect())
        })
    }
}

/// The items of orders, by the orders' ids.
pub(crate) struct ItemLoader(Db);

impl Loader<i64> for ItemLoader {
    type Value = Vec<OrderItem>;
    type Error = ShopError;

    fn load(
        &self,
        ids: &[i64],
    ) -> impl Future<Output = Result<HashMap<i64, Vec<OrderItem>>, ShopError>> + Send {
        let ids = ids.to_vec();
        self.0.call(move |conn| {
            let select = "SELECT order_id, book_id, quantity, price_cents FROM order_items WHERE order_id";
            let rows = rows_of(conn, select, &ids, |row| {
                let item = OrderItem {
                    book_id: row.get(1)?,
                    quantity: row.get(2)?,
                    price_cents: row.get(3)?,
                };
                Ok((row.get(0)?, item))
            })?;
            let mut items: HashMap<i64, Vec<OrderItem>> = HashMap::new();
            for (order, item) in rows {
                items.entry(order).or_default().push(item);
            }
            Ok(items)
        })
    }
}

/// The rows of `{select} IN (ids)`, each read by `read`; one statement for each chunk of ids.
///
/// A chunk is filled up to a power of two by repeating its last id, which changes no result, so that a few
/// prepared statements serve batches of every size.
pub(crate) fn rows_of<T>(
    connection: &Connection,
    select: &str,
    ids: &[i64],
    mut read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
) -> rusqlite::Result<Vec<T>> {
    let mut rows = Vec::with_capacity(ids.len());
    for chunk in ids.chunks(CHUNK) {
        let width = chunk.len().next_power_of_two();
        let sql = format!("{select} IN (?{})", ", ?".repeat(width - 1));
        let mut statement = connection.prepare_cached(&sql)?;
        let last = chunk.last().into_iter().cycle().take(width - chunk.len());
        for row in statement.query_map(params_from_iter(chunk.iter().chain(last)), &mut read)? {
            rows.push(row?);
        }
    }
    Ok(rows)
}
