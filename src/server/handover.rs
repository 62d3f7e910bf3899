//! How the bookshop's loaders, tasks and database jobs get the label of the request that hands them on.

use problems::{Handover, Job, Task};
use tokio::task::JoinHandle;

/// Hands work on, and the label of whoever hands it on with it.
#[derive(Debug, Clone, Copy)]
pub struct Labelled;

impl Handover for Labelled {
    fn spawn(&self, task: Task) -> JoinHandle<()> {
        heap_admin::spawn(task)
    }

    fn job(&self, job: Job) -> Job {
        let label = heap_recorder::Label::current();
        Box::new(move |connection| label.within(|| job(connection)))
    }
}
