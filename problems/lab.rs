//! [`Lab`]: shop, problems and memory guard as one thing to hand around.

use std::sync::Arc;

use async_graphql::{Request, Schema, SchemaBuilder};

use crate::{
    FindError, MemoryGuard, Mutation, Problem, Query, Subscription, catalog, find,
    p00_hello::{HelloQuery, Letters},
    p01_jokes::{Jokes, JokesQuery},
    p02_search, p03_lookup, p04_orders, p05_stories, p06_books, p07_recommendations, p08_covers, p09_login,
    p10_imports, p11_reviews, p12_mail, p13_feed, p14_quotes, p15_prices, p17_bestsellers, p18_regions,
    p19_basket, p20_audit, p21_shelves,
    shop::{Bookshop, RequestData},
};

/// The bookshop with its problems. Clones are the same lab.
///
/// Some problems live in statics: in practice, one lab a process.
#[derive(Clone)]
pub struct Lab {
    inner: Arc<Inner>,
}

struct Inner {
    bookshop: Bookshop,
    guard: MemoryGuard,
    problems: Vec<Problem>,
    letters: Arc<Letters>,
    jokes: Arc<Jokes>,
}

impl Lab {
    /// A lab over that shop; `guard` decides when the problems' fields refuse.
    pub fn new(bookshop: Bookshop, guard: MemoryGuard) -> Self {
        let inner = Inner {
            bookshop,
            guard,
            problems: catalog::problems(),
            letters: Arc::default(),
            jokes: Arc::default(),
        };
        Self {
            inner: Arc::new(inner),
        }
    }

    /// The public schema; its limits are the caller's to add. Each request goes through
    /// [`prepare`](Self::prepare) first, those of a WebSocket too.
    pub fn schema_builder(&self) -> SchemaBuilder<Query, Mutation, Subscription> {
        let hello = HelloQuery::new(Arc::clone(&self.inner.letters));
        let jokes = JokesQuery::new(Arc::clone(&self.inner.jokes));
        Schema::build(Query::new(hello, jokes), Mutation::new(), Subscription::new()).data(self.clone())
    }

    /// Gives a request what it needs of its own: its data loaders, made when first used.
    #[must_use]
    pub fn prepare(&self, request: Request) -> Request {
        request.data(RequestData::new(self.inner.bookshop.db(), p06_books::loader))
    }

    /// The shop.
    pub fn bookshop(&self) -> &Bookshop {
        &self.inner.bookshop
    }

    /// The memory guard.
    pub fn guard(&self) -> &MemoryGuard {
        &self.inner.guard
    }

    /// All problems, in the order of their numbers.
    pub fn problems(&self) -> &[Problem] {
        &self.inner.problems
    }

    /// The problem with that id or name, or the only one whose id or name begins so.
    pub fn find(&self, given: &str) -> Result<&Problem, FindError> {
        find::find(&self.inner.problems, given)
    }

    /// Brings a problem back to where it started: drops what it holds, and ends what it runs.
    ///
    /// The drop happens on the calling thread, and is over when this returns. Only a request that is
    /// under way may still hold something of its own.
    pub async fn reset(&self, problem: &Problem) {
        match problem.number {
            0 => self.inner.letters.clear(),
            1 => self.inner.jokes.stop().await,
            2 => p02_search::clear(),
            3 => p03_lookup::clear(),
            4 => p04_orders::clear(),
            5 => p05_stories::clear(),
            6 => p06_books::clear(),
            7 => p07_recommendations::clear(),
            8 => p08_covers::clear(),
            9 => p09_login::clear(),
            10 => p10_imports::clear(),
            11 => p11_reviews::clear(),
            12 => p12_mail::clear(),
            13 => p13_feed::clear(),
            14 => p14_quotes::clear().await,
            15 => p15_prices::clear(),
            17 => p17_bestsellers::clear(),
            18 => p18_regions::clear().await,
            19 => p19_basket::clear(),
            20 => p20_audit::clear(),
            21 => p21_shelves::clear().await,
            _ => tracing::warn!(
                id = problem.id,
                "the shop has nothing in hand of it that it could drop"
            ),
        }
    }

    /// Has problems finish what they put off, so that the figures read next mean something.
    pub fn quiesce(&self) {
        p02_search::settle();
        p05_stories::settle();
        p07_recommendations::settle();
        p08_covers::settle();
        p09_login::settle();
        p17_bestsellers::settle();
    }
}
