//! The handle on a load that runs: how far it is, and a way to end it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::watch;

/// Watches a load and ends it. Clones are the same handle.
#[derive(Debug, Clone)]
pub struct Progress(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    responses: AtomicU64,
    cut: AtomicU64,
    connected: AtomicU64,
    stop: watch::Sender<bool>,
}

impl Default for Progress {
    fn default() -> Self {
        Self::new()
    }
}

impl Progress {
    /// A handle for one load.
    pub fn new() -> Self {
        let (stop, _) = watch::channel(false);
        Self(Arc::new(Shared {
            responses: AtomicU64::new(0),
            cut: AtomicU64::new(0),
            connected: AtomicU64::new(0),
            stop,
        }))
    }

    /// Responses so far.
    pub fn responses(&self) -> u64 {
        self.0.responses.load(Ordering::Relaxed)
    }

    /// Requests on which the client hung up so far.
    pub fn cut(&self) -> u64 {
        self.0.cut.load(Ordering::Relaxed)
    }

    /// Connections that were opened so far; of stalled clients, their subscriptions.
    pub fn connected(&self) -> u64 {
        self.0.connected.load(Ordering::Relaxed)
    }

    /// Ends the load at once: what is under way counts as unanswered.
    pub fn stop(&self) {
        self.0.stop.send_replace(true);
    }

    pub(super) fn is_stopped(&self) -> bool {
        *self.0.stop.borrow()
    }

    pub(super) async fn stopped(&self) {
        // The sender lives as long as `self`, so that waiting cannot fail.
        let _ = self.0.stop.subscribe().wait_for(|stop| *stop).await;
    }

    pub(super) fn add_responses(&self, count: u64) {
        self.0.responses.fetch_add(count, Ordering::Relaxed);
    }

    pub(super) fn add_cut(&self, count: u64) {
        self.0.cut.fetch_add(count, Ordering::Relaxed);
    }

    pub(super) fn add_connected(&self) {
        self.0.connected.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn has_connected(&self) -> bool {
        self.0.connected.load(Ordering::Relaxed) > 0
    }
}
