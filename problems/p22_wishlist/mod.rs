//! `wishlist`: books that a customer would like to be given, and what others say of them.

use std::{collections::HashMap, sync::Arc};

use async_graphql::{
    ComplexObject, Context, Object, Result, SimpleObject,
    dataloader::{DataLoader, HashMapCache, Loader},
};
use rusqlite::{Connection, OptionalExtension, params};

use crate::{
    Lab,
    errors::{internal, not_found},
    guard::Gate,
    input::page_size,
    shop::{Book, Db, ShopError, pad, rows_of},
};

/// What others say of a book.
const PRAISE_BYTES: usize = 240;

type Books = DataLoader<WishedBooks, HashMapCache>;
type Praises = DataLoader<WishedPraise, HashMapCache>;

/// The loaders of a list. Several wishes may be for one book, which is read but once.
struct Loaders {
    books: Books,
    praises: Praises,
}

impl Loaders {
    fn new(db: &Db) -> Arc<Self> {
        let books = DataLoader::with_cache(WishedBooks(db.clone()), db.spawner(), HashMapCache::default());
        let praises = DataLoader::with_cache(WishedPraise(db.clone()), db.spawner(), HashMapCache::default());
        Arc::new(Self { books, praises })
    }
}

/// A wish
#[derive(SimpleObject)]
#[graphql(complex)]
struct Wish {
    #[graphql(skip)]
    book_id: i64,
    #[graphql(skip)]
    loaders: Arc<Loaders>,
    /// Its place on the list, from 1
    place: usize,
}

/// What others say of a book
#[derive(SimpleObject, Clone)]
struct Praise {
    /// How many have reviewed it
    reviews: i32,
    /// Their stars together
    stars: i32,
    /// In their words
    words: String,
}

#[ComplexObject]
impl Wish {
    /// The book
    async fn book(&self) -> Result<Book> {
        let book = self
            .loaders
            .books
            .load_one(self.book_id)
            .await
            .map_err(internal)?;
        book.ok_or_else(|| not_found(format!("no book has the id {}", self.book_id)))
    }

    /// What others say of it
    async fn praise(&self) -> Result<Option<Arc<Praise>>> {
        self.loaders
            .praises
            .load_one(self.book_id)
            .await
            .map_err(internal)
    }
}

/// What can be asked of it.
pub struct WishlistQuery;

#[Object]
impl WishlistQuery {
    /// What the customer with that number would like to be given
    #[graphql(guard = "Gate::of(22)")]
    async fn wishlist(
        &self,
        ctx: &Context<'_>,
        user: i64,
        #[graphql(default = 10)] first: i64,
    ) -> Result<Vec<Wish>> {
        page_size(first)?;
        let db = ctx.data::<Lab>()?.bookshop().db();
        let wished = db
            .call(move |conn| wished_by(conn, user, first))
            .await
            .map_err(internal)?;
        let wished = wished.ok_or_else(|| not_found(format!("no user has the id {user}")))?;
        let loaders = Loaders::new(db);
        let wishes = wished.into_iter().zip(1..).map(|(book_id, place)| Wish {
            book_id,
            loaders: Arc::clone(&loaders),
            place,
        });
        Ok(wishes.collect())
    }
}

/// Some books of the kind that the user likes to read; nothing where there is no such user.
fn wished_by(connection: &Connection, user: i64, first: i64) -> rusqlite::Result<Option<Vec<i64>>> {
    let mut genre = connection.prepare_cached("SELECT genre FROM users WHERE id = ?1")?;
    let genre: Option<String> = genre.query_row([user], |row| row.get(0)).optional()?;
    let Some(genre) = genre else { return Ok(None) };
    connection
        .prepare_cached("SELECT id FROM books WHERE genre = ?1 AND id > ?2 ORDER BY id LIMIT ?3")?
        .query_map(params![genre, user % 1_000, first], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()
        .map(Some)
}

struct WishedBooks(Db);

impl Loader<i64> for WishedBooks {
    type Value = Book;
    type Error = ShopError;

    async fn load(&self, ids: &[i64]) -> Result<HashMap<i64, Book>, ShopError> {
        let ids = ids.to_vec();
        let read = move |conn: &mut Connection| {
            let select = format!("SELECT {} FROM books WHERE id", Book::COLUMNS);
            let books = rows_of(conn, &select, &ids, Book::from_row)?;
            Ok(books.into_iter().map(|book| (book.id, book)).collect())
        };
        self.0.call(read).await
    }
}

struct WishedPraise(Db);

impl Loader<i64> for WishedPraise {
    type Value = Arc<Praise>;
    type Error = ShopError;

    async fn load(&self, ids: &[i64]) -> Result<HashMap<i64, Arc<Praise>>, ShopError> {
        let ids = ids.to_vec();
        let read = move |conn: &mut Connection| {
            let select = "SELECT book_id, stars FROM reviews WHERE book_id";
            let rows: Vec<(i64, i32)> = rows_of(conn, select, &ids, |row| Ok((row.get(0)?, row.get(1)?)))?;
            let mut sums: HashMap<i64, (i32, i32)> = HashMap::new();
            for (book, stars) in rows {
                let sum = sums.entry(book).or_default();
                *sum = (sum.0 + 1, sum.1 + stars);
            }
            Ok(sums.into_iter().map(praise).collect())
        };
        self.0.call(read).await
    }
}

fn praise((book, (reviews, stars)): (i64, (i32, i32))) -> (i64, Arc<Praise>) {
    let mut words = String::with_capacity(PRAISE_BYTES);
    words.push_str(if stars > 3 * reviews {
        "Many liked it"
    } else {
        "Some liked it"
    });
    pad(&mut words, usize::try_from(reviews).unwrap_or_default());
    let praise = Praise {
        reviews,
        stars,
        words,
    };
    (book, Arc::new(praise))
}
