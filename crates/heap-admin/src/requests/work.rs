//! Work that is handed on takes the label of whoever hands it on along.
//!
//! A task, a blocking job or another thread starts without a label: the three functions here set it there. They are
//! used instead of tokio's of the same names.

use heap_recorder::Label;
use tokio::task::JoinHandle;

/// [`tokio::spawn`], under the spawner's label. Fits where a spawner is asked for:
///
/// ```
/// # use async_graphql::dataloader::{DataLoader, Loader};
/// # use std::collections::HashMap;
/// # struct Authors;
/// # impl Loader<u32> for Authors {
/// #     type Value = String;
/// #     type Error = ();
/// #     async fn load(&self, ids: &[u32]) -> Result<HashMap<u32, String>, ()> { Ok(HashMap::new()) }
/// # }
/// let loader = DataLoader::new(Authors, heap_admin::spawn);
/// # let _ = loader;
/// ```
///
/// A loader's batch is one task, also where several requests wait for it: it goes by the one that began it.
pub fn spawn<F>(task: F) -> JoinHandle<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    tokio::spawn(Label::current().wrap(task))
}

/// [`tokio::task::spawn_blocking`], under the caller's label.
pub fn spawn_blocking<T: Send + 'static>(job: impl FnOnce() -> T + Send + 'static) -> JoinHandle<T> {
    tokio::task::spawn_blocking(carry(job))
}

/// A job that runs under the label of this thread as it is now, on whichever thread it is called.
pub fn carry<T>(job: impl FnOnce() -> T) -> impl FnOnce() -> T {
    Label::current().carry(job)
}
