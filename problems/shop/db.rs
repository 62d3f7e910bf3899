//! The database thread: one connection, one thread, and a bounded queue of jobs.
//!
//! SQLite blocks, so it stays off the runtime's threads. A full queue makes callers wait, which is all the
//! back-pressure there is.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread,
};

use rusqlite::Connection;
use tokio::{
    sync::{mpsc, oneshot},
    task::JoinHandle,
};

use super::ShopError;
use crate::handover::{Handover, Job, Task, spawner};

/// Jobs that may wait before callers do.
const QUEUE: usize = 256;

/// A handle to the database thread, which ends with the last handle.
#[derive(Clone)]
pub struct Db {
    jobs: mpsc::Sender<Job>,
    done: Arc<AtomicU64>,
    handover: Arc<dyn Handover>,
}

impl Db {
    pub(super) fn start(mut connection: Connection, handover: Arc<dyn Handover>) -> Result<Self, ShopError> {
        let (jobs, mut queue) = mpsc::channel::<Job>(QUEUE);
        thread::Builder::new()
            .name("bookshop-db".to_owned())
            .spawn(move || {
                while let Some(job) = queue.blocking_recv() {
                    job(&mut connection);
                }
            })
            .map_err(|error| ShopError::NoThread(Arc::new(error)))?;
        Ok(Self {
            jobs,
            done: Arc::default(),
            handover,
        })
    }

    /// Runs a job on the database thread and returns what it returns.
    ///
    /// A job whose caller has gone by its turn is dropped unrun. One that panics is an error for its caller alone.
    pub async fn call<T, F>(&self, job: F) -> Result<T, ShopError>
    where
        T: Send + 'static,
        F: FnOnce(&mut Connection) -> rusqlite::Result<T> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let done = Arc::clone(&self.done);
        let job: Job = Box::new(move |connection| {
            if reply.is_closed() {
                return;
            }
            done.fetch_add(1, Ordering::Relaxed);
            // Unwind safe: an open transaction rolls back as it is dropped, and the job owns all else it touches.
            let result = match catch_unwind(AssertUnwindSafe(|| job(connection))) {
                Ok(result) => result.map_err(|error| ShopError::Job(Arc::new(error))),
                Err(_) => Err(ShopError::JobPanicked),
            };
            // The caller may have left while the job ran.
            let _ = reply.send(result);
        });
        let job = self.handover.job(job);
        self.jobs.send(job).await.map_err(|_| ShopError::Stopped)?;
        answer.await.unwrap_or(Err(ShopError::Stopped))
    }

    /// Spawns a task of the shop's on the runtime.
    pub fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) -> JoinHandle<()> {
        self.handover.spawn(Box::pin(task))
    }

    /// The same, for data loaders.
    pub fn spawner(&self) -> impl Fn(Task) -> JoinHandle<()> + Send + Sync + 'static {
        spawner(&self.handover)
    }

    /// How many jobs have been run. A batch of relations is one job: what tells a batch from its absence.
    pub fn jobs_done(&self) -> u64 {
        self.done.load(Ordering::Relaxed)
    }
}
