//! The GraphQL objects: used alone, or merged with a service's own by `#[derive(MergedObject)]`.
//!
//! They find the [`HeapAdmin`] in the schema's data.

use crate::{
    Comparison, Control, Error, HeapAdmin, HolderScan, HolderScanProgress, LiveHeap, LiveHeapKey, MOST_ROWS,
    MemoryInfo, Profiler, Reason, Snapshot,
};
use crate::{control, holders};
use async_graphql::{Context, ID, Object, Result, Subscription};
use futures_util::{Stream, stream};
use std::time::Duration;
use tokio::time::MissedTickBehavior;

/// The shortest interval of the `memory` subscription, in milliseconds: each look advances the epoch,
/// for which jemalloc visits all its arenas.
pub const LEAST_INTERVAL_MS: i32 = 100;
/// The longest interval of the `memory` subscription, in milliseconds.
pub const MOST_INTERVAL_MS: i32 = 60_000;

/// What can be read: figures, the live heap, the profiler's state, the stored snapshots.
#[derive(Debug, Clone, Copy, Default)]
pub struct HeapQuery;

/// What can be done: purge, take and delete snapshots, look for who holds memory, set the sampling interval.
#[derive(Debug, Clone, Copy, Default)]
pub struct HeapMutation;

/// What can be watched: the memory figures.
#[derive(Debug, Clone, Copy, Default)]
pub struct HeapSubscription;

#[Object]
impl HeapQuery {
    /// What the process holds, as it is
    async fn memory_info(&self, context: &Context<'_>) -> Result<MemoryInfo> {
        let figures = admin(context)?.memory().await;
        figures.map(MemoryInfo::from).map_err(Error::answer)
    }

    /// What the heap profiler and the recorder are doing
    async fn profiler(&self, context: &Context<'_>) -> Result<Profiler> {
        Ok(Profiler::of(admin(context)?))
    }

    /// The live heap as it is now, without a snapshot. By field, type and stack it takes names, which a helper process
    /// looks up
    async fn live_heap(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "What to tell it apart by")] by: LiveHeapKey,
        #[graphql(default = 20, desc = "The most rows: 1 to 1000")] first: i32,
    ) -> Result<LiveHeap> {
        let rows = rows(first).map_err(Error::answer)?;
        let found = admin(context)?.live_heap(by.into(), rows).await;
        found.map(LiveHeap::from).map_err(Error::answer)
    }

    /// What the instrument keeps on purpose
    async fn control(&self) -> Control {
        control::control()
    }

    /// The stored snapshots, the oldest first
    async fn snapshots(&self, context: &Context<'_>) -> Result<Vec<Snapshot>> {
        admin(context)?.snapshots().await.map_err(Error::answer)
    }

    /// What changed between stored snapshots, and where it was allocated; a helper process reads them, and ends
    async fn compare_snapshots(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "2 to 10 of them, the oldest first")] ids: Vec<ID>,
        #[graphql(default = 20, desc = "The most rows by each key: 1 to 1000")] first: i32,
    ) -> Result<Comparison> {
        let rows = rows(first).map_err(Error::answer)?;
        let ids = ids.into_iter().map(String::from).collect();
        let report = admin(context)?.compare_snapshots(ids, rows).await;
        report.map(Comparison::from).map_err(Error::answer)
    }

    /// How far the reference scan is that is under way; null while there is none
    async fn holder_scan(&self, context: &Context<'_>) -> Result<Option<HolderScanProgress>> {
        let progress = admin(context)?.scan_progress();
        Ok(progress.map(HolderScanProgress::from))
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

    /// Who holds what these stacks have allocated, up to a static, a thread or a task: reads the memory of a frozen copy of
    /// the process, for about a second. A second call waits its turn
    async fn find_holders(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "1 to 1000 of them, as the keys of liveHeap(by: STACK) have them")] stacks: Vec<ID>,
        #[graphql(desc = "Only what was allocated under this operation")] operation: Option<String>,
        #[graphql(desc = "Only what was born in a cohort before this one")] born_before: Option<i32>,
        #[graphql(default = 256, desc = "How many of the survivors to follow: 1 to 512")] first: i32,
    ) -> Result<HolderScan> {
        let query = holders::query(&stacks, operation, born_before, first);
        HolderScan::run(context, query.map_err(Error::answer)?).await
    }

    /// Sets the mean number of allocated bytes from one sample to the next. Finer costs more, and shows less
    async fn set_sample_interval(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "A power of two, from 256 to 1073741824")] bytes: i32,
    ) -> Result<Profiler> {
        let admin = admin(context)?;
        let interval = u64::try_from(bytes).map_err(|_| Error::SampleInterval { given: bytes });
        let interval = interval.map_err(Error::answer)?;
        admin.set_sample_interval(interval).await.map_err(Error::answer)?;
        Ok(Profiler::of(admin))
    }

    /// Has each request leave something behind from now on, so that a hunt can be checked for whether it finds that. What
    /// was left behind before is freed
    async fn set_control(
        &self,
        #[graphql(desc = "0 for nothing, or 16 to 4096: rounded up to what the allocator hands out")]
        bytes_per_request: i32,
    ) -> Result<Control> {
        let set = tokio::task::spawn_blocking(move || control::set_control(bytes_per_request));
        let set = set.await.unwrap_or(Err(Error::Task));
        set.map_err(Error::answer)
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

fn rows(given: i32) -> Result<usize, Error> {
    let most = MOST_ROWS;
    match usize::try_from(given) {
        Ok(rows) if (1..=most).contains(&given) => Ok(rows),
        _ => Err(Error::Rows { most, given }),
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
