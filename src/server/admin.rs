//! The admin door: the schema of `heap-admin` with what only the lab has, on a thread of its own.

use std::net::{SocketAddr, TcpListener};
use std::thread::JoinHandle;

use anyhow::Context as _;
use async_graphql::{
    Context, ErrorExtensions as _, ID, MergedObject, MergedSubscription, Object, Schema, SchemaBuilder,
    SimpleObject,
};
use heap_admin::door::Door;
use heap_admin::{Bytes, HeapAdmin, HeapMutation, HeapQuery, HeapSubscription, MemoryInfo};
use problems::{FindError, Lab, Problem};

use tokio::runtime::Handle;

use super::Shutdown;

const DEFAULT_QUERY: &str = "\
# What the process holds
query Memory {
  memoryInfo { live heldByAllocator outside rss }
}

# A snapshot of its heap
mutation TakeSnapshot {
  takeSnapshot(name: \"before\") { id bytes url }
}

# Who holds what a stack has allocated: the key of a row of liveHeap(by: STACK)
mutation FindHolders($stack: ID!) {
  findHolders(stacks: [$stack]) { drawn paths { objects steps { type times } root { kind name } } notes }
}
";

/// What can be asked of the admin door
#[derive(MergedObject, Default)]
#[graphql(name = "Query")]
pub struct AdminQuery(HeapQuery, LabQuery);

/// What the admin door can do
#[derive(MergedObject, Default)]
#[graphql(name = "Mutation")]
pub struct AdminMutation(HeapMutation, LabMutation);

/// What the admin door can tell as it comes
#[derive(MergedSubscription, Default)]
#[graphql(name = "Subscription")]
pub struct AdminSubscription(HeapSubscription);

/// What only the lab can be asked.
#[derive(Debug, Default)]
pub struct LabQuery;

/// What only the lab can do.
#[derive(Debug, Default)]
pub struct LabMutation;

/// A problem, and how often it was called
#[derive(Debug, SimpleObject)]
pub struct ProblemStatus {
    /// Number and name, such as `02search`
    id: ID,
    /// What the shop calls it
    title: String,
    /// How often its fields were called since the start
    calls: u64,
}

#[Object]
impl LabQuery {
    /// The problems of the lab, by number
    async fn problems(&self, context: &Context<'_>) -> Vec<ProblemStatus> {
        context
            .data_unchecked::<Lab>()
            .problems()
            .iter()
            .map(status)
            .collect()
    }

    /// Jobs that the shop's database has done since the start
    async fn database_jobs(&self, context: &Context<'_>) -> u64 {
        context.data_unchecked::<Lab>().bookshop().db().jobs_done()
    }

    /// The live heap past which problems refuse to grow
    async fn memory_limit(&self, context: &Context<'_>) -> Bytes {
        Bytes(context.data_unchecked::<Lab>().guard().limit())
    }
}

#[Object]
impl LabMutation {
    /// Drops what a problem holds, purges, and reads the memory
    async fn reset_problem(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "An id, a name, or a unique prefix of one")] id: ID,
    ) -> async_graphql::Result<MemoryInfo> {
        let lab = context.data_unchecked::<Lab>().clone();
        lab.find(&id).map_err(find_error)?;
        let runtime = Handle::current();
        // A long chain takes a while to drop; the door answers meanwhile.
        let reset = move || match lab.find(&id) {
            Ok(problem) => runtime.block_on(lab.reset(problem)),
            Err(error) => tracing::error!("a problem is gone: {error}"),
        };
        tokio::task::spawn_blocking(reset).await?;
        let figures = context.data_unchecked::<HeapAdmin>().memory_after_purge().await;
        let figures = figures.map_err(heap_admin::Error::answer)?;
        // Whoever resets because of the limit calls again at once.
        context.data_unchecked::<Lab>().guard().observe(figures.live);
        Ok(figures.into())
    }
}

fn status(problem: &Problem) -> ProblemStatus {
    ProblemStatus {
        id: problem.id.clone().into(),
        title: problem.title.clone(),
        calls: problem.calls(),
    }
}

/// The answer to an id that names no problem, or more than one.
fn find_error(error: FindError) -> async_graphql::Error {
    let (code, list, ids) = match &error {
        FindError::Unknown { ids, .. } => ("UNKNOWN_PROBLEM", "ids", ids.clone()),
        FindError::Ambiguous { candidates, .. } => ("AMBIGUOUS_PROBLEM", "candidates", candidates.clone()),
        _ => ("BAD_USER_INPUT", "ids", Vec::new()),
    };
    async_graphql::Error::new(error.to_string()).extend_with(|_, values| {
        values.set("code", code);
        values.set(list, ids);
    })
}

/// The admin schema, without its data: for its executor, and for the contract in `schema/`.
pub fn schema() -> SchemaBuilder<AdminQuery, AdminMutation, AdminSubscription> {
    Schema::build(
        AdminQuery::default(),
        AdminMutation::default(),
        AdminSubscription::default(),
    )
}

/// The bound admin door.
pub(super) struct AdminDoor {
    pub(super) listener: TcpListener,
    pub(super) addr: SocketAddr,
    pub(super) token: Option<String>,
}

/// Serves the admin door on a thread of its own until shutdown; then a snapshot under way is
/// finished before the thread ends.
pub(super) fn start(
    door: AdminDoor,
    lab: Lab,
    heap: HeapAdmin,
    shutdown: Shutdown,
) -> anyhow::Result<JoinHandle<anyhow::Result<()>>> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("the admin runtime could not be started")?;
    let serving = async move {
        let schema = schema().data(lab).data(heap.clone()).finish();
        let hosts = super::hosts(door.addr);
        let settings = Door {
            default_query: DEFAULT_QUERY.to_owned(),
            token: door.token,
            ..Door::new("leaklab admin", hosts)
        };
        let app = heap_admin::router(schema, heap.clone(), settings);
        let served = super::serve(door.listener, app, || {}, shutdown).await;
        heap.finish().await;
        served
    };
    std::thread::Builder::new()
        .name("admin".to_owned())
        .spawn(move || runtime.block_on(serving))
        .context("the admin thread could not be started")
}
