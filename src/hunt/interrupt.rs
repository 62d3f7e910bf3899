//! Ctrl-C, SIGTERM, and the end of the terminal: they end a hunt, and the hunt then ends what it started.

use tokio::signal::unix::{Signal, SignalKind, signal};

use super::Error;

/// The signals that end a hunt. One that arrives before anybody waits is not lost.
#[derive(Debug)]
pub(crate) struct Interrupts {
    interrupt: Signal,
    terminate: Signal,
    hang_up: Signal,
}

impl Interrupts {
    /// Takes over the signals. Needs a tokio runtime.
    pub(crate) fn listen() -> Result<Self, Error> {
        let listen = |kind| signal(kind).map_err(Error::Signals);
        Ok(Self {
            interrupt: listen(SignalKind::interrupt())?,
            terminate: listen(SignalKind::terminate())?,
            hang_up: listen(SignalKind::hangup())?,
        })
    }

    /// Does the work, unless a signal comes first: then the work is dropped.
    pub(crate) async fn or<T>(&mut self, work: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
        tokio::select! {
            biased;
            _ = self.interrupt.recv() => Err(Error::Interrupted),
            _ = self.terminate.recv() => Err(Error::Interrupted),
            _ = self.hang_up.recv() => Err(Error::Interrupted),
            done = work => done,
        }
    }
}
