//! The GraphQL objects: used alone, or merged with a service's own by `#[derive(MergedObject)]`.
//!
//! They find the [`HeapAdmin`] in the schema's data.

use crate::{Bytes, Error, HeapAdmin, MemoryInfo, Reason, Snapshot};
use async_graphql::{Context, ID, Object, Result, SimpleObject, Subscription};
use futures_util::{Stream, stream};
use heap_recorder::ProfilerState;
use std::time::Duration;
use tokio::time::MissedTickBehavior;

/// The shortest interval of the `memory` subscription, in milliseconds: each look advances the epoch,
/// for which jemalloc visits all its arenas.
pub const LEAST_INTERVAL_MS: i32 = 100;
/// The longest interval of the `memory` subscription, in milliseconds.
pub const MOST_INTERVAL_MS: i32 = 60_000;

/// What can be read: figures, the profiler's state, the stored snapshots.
#[derive(Debug, Clone, Copy, Default)]
pub struct HeapQuery;

/// What can be done: purge, take and delete snapshots.
#[derive(Debug, Clone, Copy, Default)]
pub struct HeapMutation;

/// What can be watched: the memory figures.
#[derive(Debug, Clone, Copy, Default)]
pub struct HeapSubscription;

/// What jemalloc's heap profiler is doing
#[derive(Debug, Clone, PartialEq, Eq, SimpleObject)]
pub struct Profiler {
    /// Whether allocations are sampled: without that there are no snapshots
    active: bool,
    /// The mean number of allocated bytes from one sample to the next; null where there is no profiler
    sample_interval: Option<Bytes>,
    /// The same in words
    message: String,
    /// How to have it sample, where it does not
    hint: Option<String>,
}

impl From<ProfilerState> for Profiler {
    fn from(state: ProfilerState) -> Self {
        Self {
            active: state.is_active(),
            sample_interval: state.sample_interval().map(Bytes),
            message: state.to_string(),
            hint: state.hint().map(str::to_owned),
        }
    }
}

#[Object]
impl HeapQuery {
    /// What the process holds, as it is
    async fn memory_info(&self, context: &Context<'_>) -> Result<MemoryInfo> {
        let figures = admin(context)?.memory().await;
        figures.map(MemoryInfo::from).map_err(Error::answer)
    }

    /// What the heap profiler is doing
    async fn profiler(&self) -> Profiler {
        heap_recorder::profiler().into()
    }

    /// The stored snapshots, the oldest first
    async fn snapshots(&self, context: &Context<'_>) -> Result<Vec<Snapshot>> {
        admin(context)?.snapshots().await.map_err(Error::answer)
    }

    /// One stored snapshot; null where there is none of this id
    async fn snapshot(&self, context: &Context<'_>, id: ID) -> Result<Option<Snapshot>> {
        admin(context)?.snapshot(&id).await.map_err(Error::answer)
    }
}

#[Object]
impl HeapMutation {
    /// What the process holds, after giving back what can be given back
    async fn memory_info(
        &self,
        context: &Context<'_>,
        #[graphql(
            default = true,
            desc = "Finish the caches' pending work and purge unused pages first"
        )]
        purge: bool,
    ) -> Result<MemoryInfo> {
        let admin = admin(context)?;
        let figures = if purge {
            admin.memory_after_purge().await
        } else {
            admin.memory().await
        };
        figures.map(MemoryInfo::from).map_err(Error::answer)
    }

    /// Takes a heap snapshot and stores it; the oldest ones make room. A second call waits its turn
    async fn take_snapshot(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Becomes part of the file's name: 1 to 64 of the characters A-Z a-z 0-9 . _ -")]
        name: Option<String>,
        #[graphql(
            default = true,
            desc = "Finish the caches' pending work and purge unused pages first"
        )]
        purge: bool,
    ) -> Result<Snapshot> {
        let admin = admin(context)?;
        let name = name
            .as_deref()
            .map(str::parse)
            .transpose()
            .map_err(Error::answer)?;
        admin
            .take_snapshot(name, Reason::Manual, purge)
            .await
            .map_err(Error::answer)
    }

    /// Deletes a stored snapshot; false where there is none of this id
    async fn delete_snapshot(&self, context: &Context<'_>, id: ID) -> Result<bool> {
        admin(context)?.delete(&id).await.map_err(Error::answer)
    }
}

#[Subscription]
impl HeapSubscription {
    /// What the process holds, now and then once an interval
    async fn memory(
        &self,
        context: &Context<'_>,
        #[graphql(default = 1000, desc = "Milliseconds from one look to the next: 100 to 60000")]
        interval_ms: i32,
    ) -> Result<impl Stream<Item = Result<MemoryInfo>> + use<>> {
        let admin = admin(context)?.clone();
        let interval = interval(interval_ms).map_err(Error::answer)?;
        let mut looks = tokio::time::interval(interval);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Ok(stream::unfold((admin, looks), |(admin, mut looks)| async move {
            looks.tick().await;
            let figures = admin.memory().await.map(MemoryInfo::from).map_err(Error::answer);
            Some((figures, (admin, looks)))
        }))
    }
}

fn interval(given: i32) -> Result<Duration, Error> {
    let (least, most) = (LEAST_INTERVAL_MS, MOST_INTERVAL_MS);
    match u64::try_from(given) {
        Ok(milliseconds) if (least..=most).contains(&given) => Ok(Duration::from_millis(milliseconds)),
        _ => Err(Error::Interval { least, most, given }),
    }
}

fn admin<'a>(context: &Context<'a>) -> Result<&'a HeapAdmin> {
    context.data::<HeapAdmin>()
}
