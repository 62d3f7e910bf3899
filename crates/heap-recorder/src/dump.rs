//! The plain heap dump: what is live, by the stack that allocated it.
//!
//! `jemalloc_pprof` writes jemalloc's own text dump to a temporary file, corrects it for sampling
//! and turns it into `profile.proto`. It knows `inuse_space` alone. It is built without symbols:
//! resolving names here would leave far more live memory behind than a dump does.

use crate::{Error, profiler};
use jemalloc_pprof::PROF_CTL;
use std::{env, error::Error as StdError, io};

/// Dumps the sampled live heap: a gzip'd `profile.proto` with `inuse_space`, addresses and build
/// ids, no names.
///
/// While a [`Recorder`](crate::Recorder) runs that does not [share its stacks](crate::RecorderBuilder::share_stacks), all
/// of it stands under one address.
///
/// Blocks for some milliseconds, and while another dump is under way: dumps come one at a time. The
/// first one keeps a list of the process's mappings; the others leave nothing behind.
///
/// # Panics
/// In async code: from there, call it inside `tokio::task::spawn_blocking`.
pub fn dump() -> Result<Vec<u8>, Error> {
    let state = profiler();
    if !state.is_active() {
        return Err(Error::NotProfiling(state));
    }
    let control = PROF_CTL.as_ref().ok_or(Error::NotProfiling(state))?;
    let profile = control.blocking_lock().dump_profile();
    let mut profile = profile.map_err(|error| failed(error.as_ref()))?;
    // Under `prof_accum:true` a dump also lists stacks with nothing live: their weight is 0 / 0, and
    // the conversion panics on what is no number.
    profile.stacks.retain(|(stack, _)| stack.weight.is_finite());
    Ok(profile.to_pprof(("inuse_space", "bytes"), ("space", "bytes"), None))
}

/// Two steps deal with the temporary file alone: making or reading it, and jemalloc's writing. Whatever
/// else fails is in what the file says.
fn failed(error: &(dyn StdError + Send + Sync + 'static)) -> Error {
    let reason = if let Some(error) = error.downcast_ref::<io::Error>() {
        error.kind().to_string()
    } else if error.is::<tikv_jemalloc_ctl::Error>() {
        // All that jemalloc tells is that it failed.
        "the write failed, as on a full disk".to_owned()
    } else {
        return Error::Dump {
            reason: error.to_string(),
        };
    };
    let folder = env::temp_dir();
    Error::TemporaryFile { folder, reason }
}
