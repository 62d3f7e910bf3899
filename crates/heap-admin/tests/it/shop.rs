//! A small service whose resolvers keep covers, for ever: each way in which work gets from one thread to another.

use async_graphql::dataloader::{DataLoader, Loader};
use async_graphql::{Context, Object, Result, Schema, SimpleObject, Subscription};
use futures_util::{Stream, StreamExt as _, stream};
use heap_recorder::Label;
use std::{collections::HashMap, future::pending, hint::black_box, sync::mpsc::Sender};
use tokio::task::{self, yield_now};

pub(crate) type Shop = Schema<Query, Mutation, Events>;

/// The bytes of a cover: at this binary's interval of 16 KiB all but one in nine million are sampled.
pub(crate) const COVER: usize = 256 * 1024;

/// Keeps so many covers.
#[inline(never)]
pub(crate) fn keep(covers: usize) {
    for _ in 0..covers {
        Box::leak(black_box(vec![1_u8; COVER].into_boxed_slice()));
    }
}

/// The shop, to be given what else it needs. `began` is told of each request that never ends.
pub(crate) fn builder(began: Sender<()>) -> async_graphql::SchemaBuilder<Query, Mutation, Events> {
    Schema::build(Query, Mutation, Events)
        .data(DataLoader::new(Authors, heap_admin::spawn))
        .data(began)
}

pub(crate) struct Query;

#[Object]
impl Query {
    async fn a(&self) -> i32 {
        1
    }

    async fn b(&self) -> i32 {
        2
    }

    /// Whether the work is labelled as the instrument's own.
    async fn is_instrument(&self) -> bool {
        Label::current() == Label::INSTRUMENT
    }

    async fn keep(&self, covers: usize) -> usize {
        keep(covers);
        // The other half of the work may happen on another thread.
        yield_now().await;
        keep(covers);
        covers
    }

    async fn books(&self, first: i32) -> Vec<Book> {
        (0..first).map(|id| Book { id }).collect()
    }

    async fn broken(&self, covers: usize) -> Result<Option<i32>> {
        yield_now().await;
        keep(covers);
        Err("it is broken".into())
    }

    async fn panicking(&self, covers: usize) -> Option<i32> {
        yield_now().await;
        keep(covers);
        assert_eq!(covers, 0, "on purpose");
        None
    }

    async fn slow(&self, context: &Context<'_>, covers: usize) -> Option<i32> {
        keep(covers);
        let began = context.data_unchecked::<Sender<()>>();
        began.send(()).expect("the test listens");
        pending().await
    }

    async fn spawned(&self, covers: usize) -> Result<usize> {
        let work = async move {
            yield_now().await;
            keep(covers);
        };
        heap_admin::spawn(work).await?;
        Ok(covers)
    }

    async fn blocking(&self, covers: usize) -> Result<usize> {
        heap_admin::spawn_blocking(move || keep(covers)).await?;
        Ok(covers)
    }

    async fn carried(&self, covers: usize) -> Result<usize> {
        let work = heap_admin::carry(move || keep(covers));
        task::spawn_blocking(|| std::thread::spawn(work).join().expect("no panic")).await?;
        Ok(covers)
    }

    async fn forgotten(&self, covers: usize) -> Result<usize> {
        task::spawn(async move { keep(covers) }).await?;
        Ok(covers)
    }
}

pub(crate) struct Book {
    id: i32,
}

#[Object]
impl Book {
    async fn id(&self) -> i32 {
        self.id
    }

    async fn cover(&self) -> bool {
        yield_now().await;
        keep(8);
        true
    }

    async fn author(&self, context: &Context<'_>) -> Result<Option<Author>> {
        let authors = context.data_unchecked::<DataLoader<Authors>>();
        authors.load_one(self.id).await.map_err(async_graphql::Error::new)
    }
}

#[derive(Clone, SimpleObject)]
pub(crate) struct Author {
    name: String,
}

pub(crate) struct Authors;

impl Loader<i32> for Authors {
    type Value = Author;
    type Error = String;

    async fn load(&self, ids: &[i32]) -> Result<HashMap<i32, Author>, String> {
        yield_now().await;
        keep(8 * ids.len());
        let author = |id: &i32| {
            let name = format!("the author of {id}");
            (*id, Author { name })
        };
        Ok(ids.iter().map(author).collect())
    }
}

pub(crate) struct Mutation;

#[Object]
impl Mutation {
    async fn add(&self, covers: usize) -> usize {
        keep(covers);
        covers
    }
}

pub(crate) struct Events;

#[Subscription]
impl Events {
    /// Books that come by themselves, with a cover each.
    async fn arrivals(&self, to: i32) -> impl Stream<Item = Book> {
        stream::iter(0..to).then(async |id| {
            yield_now().await;
            keep(8);
            Book { id }
        })
    }

    async fn endless(&self) -> impl Stream<Item = i32> {
        stream::iter(1..=2).chain(stream::pending())
    }

    async fn is_instrument(&self) -> impl Stream<Item = bool> {
        stream::once(async { Label::current() == Label::INSTRUMENT })
    }
}
