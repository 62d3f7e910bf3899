//! Who holds what a stack has allocated: the reference scan, and the helper that names what it found.

use super::HeapAdmin;
use crate::{Error, symbolizer};
use heap_profile::holders::{Holders, ReferenceGraph};
use heap_recorder::{HolderQuery, Label, Recorder, ScanProgress};

impl HeapAdmin {
    /// Who points to what these stacks have allocated, and to those, up to statics, threads and tasks: addresses and
    /// numbers, for [`name_holders`](Self::name_holders).
    ///
    /// It waits for its turn as snapshots do, for as long as its caller does, and purges first: pages that were freed hold
    /// pointers which are none any more. The process stands still for a moment, in which it is copied; the copy is what is gone
    /// through, for about a second. Once begun it goes on, also when the caller stops waiting.
    ///
    /// # Errors
    /// Without a recorder, where no live sample fits the query, where too many others wait already, and where the copy of the
    /// process fails, or cannot follow all of its memory: the service is as it was then.
    pub async fn find_holders(&self, query: HolderQuery) -> Result<ReferenceGraph, Error> {
        let recorder = self.inner.recorder.ok_or(Error::NoRecorder)?;
        self.in_turn_while_awaited(move |inner| {
            inner.purge()?;
            Ok(recorder.find_holders(&query)?)
        })
        .await
    }

    /// How far the reference scan is that is under way; nothing while there is none. It waits for nobody.
    pub fn scan_progress(&self) -> Option<ScanProgress> {
        self.inner.recorder.and_then(Recorder::scan_progress)
    }

    /// The paths from objects to what keeps them alive, by name. A helper process looks the names up, and ends.
    ///
    /// # Errors
    /// Where there is no helper, or it fails, or too many others wait for it already.
    pub async fn name_holders(&self, graph: &ReferenceGraph) -> Result<Holders, Error> {
        let helper = self.helper()?;
        let _turn = self.inner.turns.helper().await?;
        let named = async { symbolizer::holders(&helper, graph.to_json().into_bytes()).await };
        Label::INSTRUMENT.wrap(named).await
    }
}
