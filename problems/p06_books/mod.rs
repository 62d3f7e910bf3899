//! `books { author { name } }`: the shop's shelves, page by page, with who wrote what.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use async_graphql::{
    ComplexObject, Context, Object, Result,
    dataloader::{DataLoader, HashMapCache, Loader},
};

use crate::{
    Lab,
    errors::{internal, not_found},
    guard::Gate,
    input::{MAX_OFFSET, page_size, within},
    shop::{Author, Book, Db, RequestData, ShopError, rows_of},
    sync::locked,
};

/// A loader of authors that reads each but once.
pub type Authors = DataLoader<AuthorLoader, HashMapCache>;

/// The loaders of authors, so that all can be told when an author's page changes.
static LOADERS: Mutex<Vec<Arc<Authors>>> = Mutex::new(Vec::new());

/// A loader of authors, for one request.
pub(crate) fn loader(db: &Db) -> Arc<Authors> {
    let loader = AuthorLoader::new(db);
    let loader = Arc::new(DataLoader::with_cache(
        loader,
        db.spawner(),
        HashMapCache::default(),
    ));
    locked(&LOADERS).push(Arc::clone(&loader));
    loader
}

pub(crate) fn clear() {
    let loaders = std::mem::take(&mut *locked(&LOADERS));
    drop(loaders);
}

/// Authors by their ids.
pub struct AuthorLoader(Db);

impl AuthorLoader {
    /// Reads them from that database.
    pub fn new(db: &Db) -> Self {
        Self(db.clone())
    }
}

impl Loader<i64> for AuthorLoader {
    type Value = Arc<Author>;
    type Error = ShopError;

    async fn load(&self, ids: &[i64]) -> Result<HashMap<i64, Arc<Author>>, ShopError> {
        let ids = ids.to_vec();
        let read = move |conn: &mut rusqlite::Connection| {
            let authors = rows_of(
                conn,
                "SELECT id, name, country, bio FROM authors WHERE id",
                &ids,
                |row| {
                    let (id, name, country, bio) = (row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?);
                    Ok(Arc::new(Author {
                        id,
                        name,
                        country,
                        bio,
                    }))
                },
            )?;
            Ok(authors.into_iter().map(|author| (author.id, author)).collect())
        };
        self.0.call(read).await
    }
}

#[ComplexObject]
impl Book {
    /// Who wrote it
    #[graphql(guard = "Gate::below(6)")]
    async fn author(&self, ctx: &Context<'_>) -> Result<Arc<Author>> {
        let authors = ctx.data::<RequestData>()?.authors();
        let author = authors.load_one(self.author_id).await.map_err(internal)?;
        author.ok_or_else(|| not_found(format!("no author has the id {}", self.author_id)))
    }
}

/// What can be asked of it.
pub struct BooksQuery;

#[Object]
impl BooksQuery {
    /// A page of the shop's books, in the order of their numbers
    #[graphql(guard = "Gate::of(6)")]
    async fn books(
        &self,
        ctx: &Context<'_>,
        #[graphql(default = 20)] first: i64,
        #[graphql(default = 0)] offset: i64,
    ) -> Result<Vec<Book>> {
        page_size(first)?;
        within("offset", offset, 0, MAX_OFFSET)?;
        let db = ctx.data::<Lab>()?.bookshop().db();
        let select = format!(
            "SELECT {} FROM books ORDER BY id LIMIT ?1 OFFSET ?2",
            Book::COLUMNS
        );
        db.call(move |conn| {
            conn.prepare_cached(&select)?
                .query_map([first, offset], Book::from_row)?
                .collect()
        })
        .await
        .map_err(internal)
    }
}
