//! Signals: SIGINT and SIGTERM end the service, SIGUSR2 takes a snapshot. So does the end of stdin end it, where that was
//! asked for.

use heap_admin::{HeapAdmin, Reason};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::oneshot;
use tokio::task::JoinSet;

/// The signals the service answers to. Listening from the start on: one that arrives before
/// the doors are open is answered too, and does not end the process.
pub(super) struct Signals {
    interrupt: Signal,
    terminate: Signal,
    snapshot: Signal,
    /// Told of the end of stdin; nothing where that means nothing.
    stdin: Option<oneshot::Receiver<()>>,
}

impl Signals {
    /// Takes over the signals. Needs a tokio runtime.
    pub(super) fn listen(until_stdin_ends: bool) -> std::io::Result<Self> {
        Ok(Self {
            stdin: until_stdin_ends.then(watch_stdin).transpose()?,
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            snapshot: signal(SignalKind::user_defined2())?,
        })
    }

    /// Takes a snapshot at each SIGUSR2; ends when SIGINT or SIGTERM arrives, and the snapshots
    /// that were asked for before are taken.
    pub(super) async fn serve_until_told_to_end(mut self, heap: HeapAdmin) {
        let mut snapshots = JoinSet::new();
        loop {
            tokio::select! {
                // A snapshot that was asked for before the end comes before it.
                biased;
                Some(()) = self.snapshot.recv() => {
                    snapshots.spawn(take_snapshot(heap.clone()));
                }
                Some(_) = snapshots.join_next() => {}
                _ = self.interrupt.recv() => break,
                _ = self.terminate.recv() => break,
                _ = ended(&mut self.stdin) => break,
            }
        }
        snapshots.join_all().await;
    }
}

/// A thread of its own waits for the end: a read of stdin cannot be broken off.
fn watch_stdin() -> std::io::Result<oneshot::Receiver<()>> {
    let (sender, receiver) = oneshot::channel();
    let wait = move || {
        // However it ends, and whether anybody still listens.
        let _ = std::io::copy(&mut std::io::stdin().lock(), &mut std::io::sink());
        let _ = sender.send(());
    };
    std::thread::Builder::new().name("stdin".to_owned()).spawn(wait)?;
    Ok(receiver)
}

async fn ended(stdin: &mut Option<oneshot::Receiver<()>>) {
    match stdin {
        Some(stdin) => drop(stdin.await),
        None => std::future::pending().await,
    }
}

async fn take_snapshot(heap: HeapAdmin) {
    match heap.take_snapshot(None, Reason::Signal, true).await {
        Ok(snapshot) => tracing::info!("SIGUSR2: snapshot {}", *snapshot.id),
        Err(error) => tracing::error!("SIGUSR2: no snapshot: {error}"),
    }
}
