//! Memory figures and heap snapshots of your own service, over GraphQL and HTTP.
//!
//! # Adding it to a service
//! The binary allocates through jemalloc with its profiler, and serves the admin door beside its own:
//!
//! ```no_run
//! use heap_admin::{HeapAdmin, HeapMutation, HeapQuery, HeapSubscription, Limits};
//! use heap_admin::door::{Door, Hosts};
//!
//! #[global_allocator]
//! static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;
//! heap_recorder::malloc_conf!("prof:true,prof_active:true,lg_prof_sample:19");
//!
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let admin = HeapAdmin::builder().snapshots("snapshots", Limits::default()).build()?;
//! let schema = async_graphql::Schema::build(HeapQuery, HeapMutation, HeapSubscription)
//!     .data(admin.clone())
//!     .finish();
//! let listener = tokio::net::TcpListener::bind("127.0.0.1:3001").await?;
//! let door = Door::new("my service", Hosts::Own(listener.local_addr()?));
//! axum::serve(listener, heap_admin::router(schema, admin, door)).await?;
//! # Ok(())
//! # }
//! ```
//!
//! Then open `http://127.0.0.1:3001/graphql`, or run `go tool pprof http://127.0.0.1:3001/debug/pprof/heap`.
//! A service whose own threads are busy gives the door a thread and a runtime of its own. A signal is
//! the application's to wire, to [`HeapAdmin::take_snapshot`] with [`Reason::Signal`]; before the
//! runtime ends, await [`HeapAdmin::finish`].
//!
//! # Layout
//! - [`HeapAdmin`]: the handle that everything else shares; start reading there
//! - [`HeapQuery`], [`HeapMutation`], [`HeapSubscription`]: the schema, to be merged or used alone
//! - [`router`]: the routes; [`door`]: the HTTP side of any GraphQL door, and who may come in
//! - [`store`]: the folder of snapshots

#![forbid(unsafe_code)]

mod admin;
pub mod door;
mod error;
mod memory_info;
mod routes;
mod scalars;
mod schema;
mod snapshot;
pub mod store;

pub use admin::{DEFAULT_FOLDER, HeapAdmin, HeapAdminBuilder};
pub use error::Error;
pub use memory_info::MemoryInfo;
pub use routes::router;
pub use scalars::{Bytes, DateTime};
pub use schema::{HeapMutation, HeapQuery, HeapSubscription, LEAST_INTERVAL_MS, MOST_INTERVAL_MS, Profiler};
pub use snapshot::{NAME_LENGTH, Reason, Snapshot, SnapshotName};
pub use store::{Limits, SnapshotStore};
