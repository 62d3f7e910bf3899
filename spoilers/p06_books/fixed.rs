//! `books { author { name } }`: the loader of authors behind `Book.author`.
//!
//! Wrong: each request's loader was entered in a global list, and stayed there with all authors that it had read.
//! Healed: the request's own data has the loader, and nobody else: it goes when the request does.
//!
//! `books` itself was never at fault, and is the same here.

use std::sync::Arc;

use async_graphql::dataloader::{DataLoader, HashMapCache};
use problems::{
    parts::{AuthorLoader, Authors},
    shop::Db,
};

/// A loader of authors, for one request.
pub(crate) fn loader(db: &Db) -> Arc<Authors> {
    let loader = AuthorLoader::new(db);
    Arc::new(DataLoader::with_cache(
        loader,
        db.spawner(),
        HashMapCache::default(),
    ))
}
