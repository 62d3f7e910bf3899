//! Live heap by field, operation and age, memory figures and snapshots of your own service, over GraphQL and HTTP.
//!
//! # Adding it to a service
//! The binary allocates through jemalloc with its profiler, starts the recorder, puts [`Recorded`] around its schema,
//! and serves the admin door beside its own:
//!
//! ```no_run
//! use heap_admin::{HeapAdmin, Recorded, Recorder};
//!
//! #[global_allocator]
//! static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;
//! heap_admin::malloc_conf!("prof:true,prof_active:true,lg_prof_sample:16");
//!
//! # struct Query;
//! # #[async_graphql::Object] impl Query { async fn hello(&self) -> &str { "hello" } }
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let recorder = Recorder::builder().start();
//! let schema = async_graphql::Schema::new(Query, async_graphql::EmptyMutation, async_graphql::EmptySubscription);
//! let heap = HeapAdmin::builder().recorder(recorder).schema(schema.sdl()).build()?;
//! tokio::spawn(heap_admin::serve(tokio::net::TcpListener::bind("127.0.0.1:3001").await?, heap));
//! let schema = Recorded::new(schema); // serve it as you did before
//! # let _ = schema;
//! # Ok(())
//! # }
//! ```
//!
//! Then open `http://127.0.0.1:3001/graphql`, or run `go tool pprof http://127.0.0.1:3001/debug/pprof/heap`. The crate's
//! README goes on from there.
//!
//! A service whose own threads are busy gives the door a thread and a runtime of its own. A signal is
//! the application's to wire, to [`HeapAdmin::take_snapshot`] with [`Reason::Signal`]; before the
//! runtime ends, await [`HeapAdmin::finish`].
//!
//! # Layout
//! - [`HeapAdmin`]: the handle that everything else shares; start reading there
//! - [`Recorded`], [`FieldLabels`], [`spawn`]: what goes into your schema and tasks
//! - [`HeapQuery`], [`HeapMutation`], [`HeapSubscription`]: the admin schema, to be merged or used alone
//! - [`serve`], or [`router`]: the routes; [`door`]: the HTTP side of any GraphQL door, and who may come in
//! - [`store`]: the folder of snapshots

#![forbid(unsafe_code)]

mod admin;
mod comparison;
mod control;
pub mod door;
mod error;
mod holders;
mod live_heap;
mod memory_info;
mod profiler;
mod requests;
mod routes;
mod scalars;
mod schema;
mod serve;
mod snapshot;
pub mod store;
mod symbolizer;

pub use admin::{DEFAULT_FOLDER, HeapAdmin, HeapAdminBuilder, Shown};
pub use comparison::{
    ComparedSite, ComparedSites, ComparedSnapshot, Comparison, ComparisonRow, ComparisonView, HeapAmount,
    HeapDifference, MOST_COMPARED,
};
pub use control::{Control, LEAST_CONTROL, LISTED, MOST_CONTROL, MOST_PLANTED};
pub use error::Error;
pub use heap_recorder::{HolderQuery, Recorder, ScanProgress, malloc_conf};
pub use holders::{
    HolderConfidence, HolderCounts, HolderPath, HolderRoot, HolderRootKind, HolderScan, HolderScanProgress,
    HolderStep, MOST_FOLLOWED, MOST_STACKS, ScanFigures, ScanStopped,
};
pub use live_heap::{LiveHeap, LiveHeapKey, LiveHeapRow, MOST_ROWS};
pub use memory_info::MemoryInfo;
pub use profiler::{Dropped, Profiler, Unwinder};
pub use requests::{FieldLabels, Recorded, carry, spawn, spawn_blocking};
pub use routes::router;
pub use scalars::{ByteDifference, Bytes, DateTime};
pub use schema::{HeapMutation, HeapQuery, HeapSubscription, LEAST_INTERVAL_MS, MOST_INTERVAL_MS};
pub use serve::{HeapSchema, serve};
pub use snapshot::{NAME_LENGTH, Reason, Snapshot, SnapshotName};
pub use store::{Limits, SnapshotStore};
