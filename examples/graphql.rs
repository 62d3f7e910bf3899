//! A small GraphQL service, bare: the starting point of the first exercise (README.md).
//!
//! ```console
//! cargo run --release --example graphql
//! curl http://127.0.0.1:3000/graphql -H 'content-type: application/json' -d '{"query": "{ hello }"}'
//! ```
//!
//! It has the system's allocator and nothing to look inside with. Instrument it: an allocator
//! that can profile itself, memory figures, a snapshot on demand. `cargo run --release -- load`
//! puts load on it:
//!
//! ```console
//! cargo run --release -- load http://127.0.0.1:3000/graphql -m POST -H 'content-type: application/json' -b '{"query": "{ hello }"}'
//! ```

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use async_graphql::{EmptyMutation, EmptySubscription, Object, Request, Response, Schema};
use axum::extract::State;
use axum::routing::post;
use axum::{Json, Router};
use clap::Parser;
use tokio::net::TcpListener;

/// A small GraphQL service
#[derive(Parser)]
struct Args {
    /// Where to listen; port 0 takes a free one
    #[arg(long, default_value = "127.0.0.1:3000")]
    addr: SocketAddr,
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
    let schema = HelloSchema::new(Hello::default(), EmptyMutation, EmptySubscription);
    let app = Router::new().route("/graphql", post(execute)).with_state(schema);
    let listener = TcpListener::bind(Args::parse().addr).await?;
    println!("http://{}/graphql", listener.local_addr()?);
    axum::serve(listener, app).await?;
    Ok(())
}

/// `Json` asks for `application/json`, so that no page of another site can post here unasked.
async fn execute(State(schema): State<HelloSchema>, Json(request): Json<Request>) -> Json<Response> {
    Json(schema.execute(request).await)
}
