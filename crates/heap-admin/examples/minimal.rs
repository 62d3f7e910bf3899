//! The smallest service with the instrument in it: `cargo run --release --example minimal`

use async_graphql::{EmptyMutation, EmptySubscription, Object, Schema};
use async_graphql_axum::GraphQL;
use axum::{Router, routing::post_service};
use heap_admin::{HeapAdmin, Recorded, Recorder};
use tokio::net::TcpListener;

#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;
heap_admin::malloc_conf!("prof:true,prof_active:true,lg_prof_sample:16");

struct Query;

#[Object]
impl Query {
    async fn hello(&self) -> &str {
        "hello"
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let recorder = Recorder::builder().start(); // first: what was allocated before is not recorded
    let schema = Schema::new(Query, EmptyMutation, EmptySubscription);

    // The admin door, on a port of its own: http://127.0.0.1:3001/graphql
    let heap = HeapAdmin::builder()
        .recorder(recorder)
        .schema(schema.sdl())
        .build()?;
    tokio::spawn(heap_admin::serve(
        TcpListener::bind("127.0.0.1:3001").await?,
        heap,
    ));

    // Your service, with `Recorded` around its schema
    let app = Router::new().route("/graphql", post_service(GraphQL::new(Recorded::new(schema))));
    Ok(axum::serve(TcpListener::bind("127.0.0.1:3000").await?, app).await?)
}
