//! [`Handover`]: how work that a request hands on is run; the application decides.
//!
//! Loaders, the ticking of a clock and the database thread work on behalf of a request, and not where the request
//! runs. Who wants to know on whose behalf, passes that on here.

use std::{future::Future, pin::Pin, sync::Arc};

use rusqlite::Connection;
use tokio::task::JoinHandle;

/// A task that is handed on.
pub type Task = Pin<Box<dyn Future<Output = ()> + Send>>;
/// A job for the database thread.
pub type Job = Box<dyn FnOnce(&mut Connection) + Send>;

/// Runs work that is handed on.
pub trait Handover: Send + Sync + 'static {
    /// Spawns a task on the runtime.
    fn spawn(&self, task: Task) -> JoinHandle<()>;

    /// Makes a job ready for the database thread, on the thread that hands it on.
    fn job(&self, job: Job) -> Job;
}

/// Hands work on as it is.
#[derive(Debug, Clone, Copy, Default)]
pub struct Plain;

impl Handover for Plain {
    fn spawn(&self, task: Task) -> JoinHandle<()> {
        tokio::spawn(task)
    }

    fn job(&self, job: Job) -> Job {
        job
    }
}

/// A spawner as data loaders ask for one.
pub(crate) fn spawner(
    handover: &Arc<dyn Handover>,
) -> impl Fn(Task) -> JoinHandle<()> + Send + Sync + 'static {
    let handover = Arc::clone(handover);
    move |task| handover.spawn(task)
}
