//! The example `graphql`, instrumented: one solution of the first exercise.
//!
//! ```console
//! cargo run --release -p spoilers --example graphql_instrumented
//! cargo run --release -- load http://127.0.0.1:3000/graphql -m POST -H 'content-type: application/json' -b '{"query": "{ hello }"}'
//! curl http://127.0.0.1:3001/graphql -H 'content-type: application/json' -d '{"query": "mutation { takeSnapshot { id } }"}'
//! ```
//!
//! What was added to the bare one is marked with the number of its step in the exercise.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use async_graphql::{EmptyMutation, EmptySubscription, Executor as _, Object, Request, Response, Schema};
use axum::extract::State;
use axum::routing::post;
use axum::{Json, Router};
use clap::Parser;
use heap_admin::{HeapAdmin, Reason, Recorded, Recorder};
use tikv_jemallocator::Jemalloc;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

// Steps 1 and 2: an allocator that counts, and that samples who allocated what.
#[global_allocator]
static ALLOCATOR: Jemalloc = Jemalloc;

heap_admin::malloc_conf!("prof:true,prof_active:true,lg_prof_sample:16");

/// A small GraphQL service that can be looked into
#[derive(Parser)]
struct Args {
    /// Where to listen; port 0 takes a free one
    #[arg(long, default_value = "127.0.0.1:3000")]
    addr: SocketAddr,
    /// Where the admin door listens: loopback, as whoever reaches it can read and delete snapshots
    #[arg(long, default_value = "127.0.0.1:3001")]
    admin_addr: SocketAddr,
}

#[derive(Default)]
struct Hello {
    greetings: Mutex<Vec<Arc<str>>>,
}

#[Object]
impl Hello {
    async fn hello(&self) -> String {
        let mut greetings = self.greetings.lock().unwrap_or_else(PoisonError::into_inner);
        greetings.push("LOL LOL".repeat(1000).into());
        format!("Hello, world! ({} times)", greetings.len())
    }
}

type HelloSchema = Schema<Hello, EmptyMutation, EmptySubscription>;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // Step 2: first of all, so that nothing that is allocated is missing.
    let recorder = Recorder::builder().start();
    let args = Args::parse();
    let schema = HelloSchema::new(Hello::default(), EmptyMutation, EmptySubscription);
    let sdl = schema.sdl();
    // Snapshots know which operation allocated what.
    let app = Router::new()
        .route("/graphql", post(execute))
        .with_state(Recorded::new(schema));
    let listener = TcpListener::bind(args.addr).await?;
    println!("http://{}/graphql", listener.local_addr()?);

    // Steps 1, 2, 3 and 5: `memoryInfo`, `takeSnapshot` (which purges first) and `/snapshots/{id}`.
    let heap = HeapAdmin::builder().recorder(recorder).schema(sdl).build()?;
    let admin_listener = TcpListener::bind(args.admin_addr).await?;
    let admin_addr = admin_listener.local_addr()?;
    println!("http://{admin_addr}/graphql (admin)");
    tokio::select! {
        served = axum::serve(listener, app) => served?,
        served = heap_admin::serve(admin_listener, heap.clone()) => served?,
        listening = snapshots_on_signal(&heap) => listening?,
        stopped = tokio::signal::ctrl_c() => stopped?,
    }
    heap.finish().await;
    Ok(())
}

async fn execute(
    State(schema): State<Recorded<HelloSchema>>,
    Json(request): Json<Request>,
) -> Json<Response> {
    Json(schema.execute(request).await)
}

/// Step 4.
async fn snapshots_on_signal(heap: &HeapAdmin) -> std::io::Result<()> {
    let mut signals = signal(SignalKind::user_defined2())?;
    while signals.recv().await.is_some() {
        match heap.take_snapshot(None, Reason::Signal, true).await {
            Ok(snapshot) => println!("snapshot {}", snapshot.id.as_str()),
            Err(error) => eprintln!("no snapshot: {error}"),
        }
    }
    Ok(())
}
