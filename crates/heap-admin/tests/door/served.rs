//! A tiny service behind a door: a mutation that counts, so that a test can tell whether
//! anything was executed.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering::SeqCst};

use async_graphql::{Context, Object, Result, Schema, Subscription};
use futures_util::{Stream, stream};
use heap_admin::door::{self, Door, Hosts};

#[derive(Clone, Default)]
pub(crate) struct Counter(Arc<AtomicI32>);

struct Query;

#[Object]
impl Query {
    async fn hello(&self) -> &str {
        "Hello from behind the door"
    }

    async fn broken(&self) -> Result<i32> {
        Err("it is broken".into())
    }
}

struct Mutation;

#[Object]
impl Mutation {
    async fn bump(&self, context: &Context<'_>) -> i32 {
        context.data_unchecked::<Counter>().0.fetch_add(1, SeqCst) + 1
    }
}

struct Events;

#[Subscription]
impl Events {
    async fn count(&self, to: i32) -> impl Stream<Item = i32> {
        stream::iter(1..=to)
    }

    /// Has no event, and no end.
    async fn silence(&self) -> impl Stream<Item = i32> {
        stream::pending()
    }
}

pub(crate) struct Served {
    pub(crate) addr: SocketAddr,
    counter: Counter,
}

impl Served {
    /// A door on loopback as the lab opens it, but for what `change` does to it.
    pub(crate) fn start(change: impl FnOnce(&mut Door)) -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let addr = listener.local_addr().unwrap();
        let mut door = Door::new("A tiny service", Hosts::Own(addr));
        door.default_query = "{ hello }".into();
        change(&mut door);
        let counter = Counter::default();
        let schema = Schema::build(Query, Mutation, Events)
            .data(counter.clone())
            .finish();
        let app =
            door::graphql_routes(schema, &door).route("/else", axum::routing::get(async || "something else"));
        let app = door::guard(app, &door);
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(async {
                let listener = tokio::net::TcpListener::from_std(listener).unwrap();
                axum::serve(listener, app).await.unwrap();
            });
        });
        Self { addr, counter }
    }

    pub(crate) fn executed(&self) -> i32 {
        self.counter.0.load(SeqCst)
    }
}
