//! What a snapshot says besides its samples, so that a comparison needs nothing else: memory figures, what the load
//! did, what was dropped, and the GraphQL schema.
//!
//! `profile.proto` has no place for it but free comments, which `go tool pprof` prints above each table. So it travels in
//! two fields of the message with numbers of our own, [`Profile::account`] and [`Profile::sdl`]: other readers pass over
//! them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{Error, Profile, Symbolized};

/// Label: the GraphQL operation under which a sample was allocated. [`OTHER`] and [`INSTRUMENT`] are no operations.
pub const OPERATION: &str = "operation";
/// Label: the GraphQL field under which a sample was allocated, as `Parent.field`. Only where the service sets it.
pub const FIELD: &str = "field";
/// Label, a number: the cohort that live samples were born in. Rows with cumulative values have none.
pub const COHORT: &str = "cohort";
/// Label, a number: the id of the stack in the recorder's table, the same in all snapshots of one process.
pub const STACK: &str = "stack";
/// Label, a number in bytes: the usable size of each object of a row, as Go's heap profiles have it.
pub const OBJECT_SIZE: &str = "bytes";
/// Label, a number in bytes: the sampling interval at birth, where it is not the profile's period.
pub const INTERVAL: &str = "interval";

/// Label, a number in milliseconds since 1970: when the oldest of a row's live objects was allocated.
pub const BORN: &str = "born";

/// The operation of samples whose own did not fit into the recorder's bounded table.
pub const OTHER: &str = "(other)";
/// The operation of what the instrument itself allocates: to be kept out of verdicts.
pub const INSTRUMENT: &str = "(instrument)";
/// The field of what the instrument plants, under the operation [`INSTRUMENT`], to check a hunt: a known number of bytes for
/// each request, which the hunt has to find.
pub const CONTROL: &str = "(control)";

/// The version of [`SnapshotInfo`]. It grows when a reader of the older one would misread the newer.
const VERSION: u32 = 1;

/// What a snapshot says besides its samples.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct SnapshotInfo {
    version: u32,
    /// The process: its id and when its recorder started, so that snapshots of two runs are told apart.
    pub process: String,
    /// The mean number of allocated bytes from one sample to the next, when the snapshot was taken.
    pub sample_interval: u64,
    /// Live samples in the recorder's table.
    pub live_samples: u64,
    /// What the recorder takes for itself, in bytes, outside of the allocator.
    pub own_bytes: u64,
    /// What did not fit into the recorder's bounds, since its start.
    pub dropped: Dropped,
    /// The cohorts, the oldest first. The last one was opened by this snapshot; what is in it was born since.
    pub cohorts: Vec<Cohort>,
    /// The memory figures in bytes, by the names of the admin schema: `live`, `rss`, and so on.
    pub memory: BTreeMap<String, u64>,
}

/// What did not fit into the recorder's bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Dropped {
    /// Samples that are not in the snapshot: the table of live samples was full.
    pub samples: u64,
    /// Samples whose stack is missing: the table of stacks was full.
    pub stacks: u64,
    /// Requests or fields that go by [`OTHER`]: the table of labels was full.
    pub labels: u64,
}

/// The time between two snapshots, and what the load did in it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Cohort {
    /// Its number, as in the label [`COHORT`].
    pub number: u32,
    /// When it was opened, in nanoseconds since 1970.
    pub opened_nanos: i64,
    /// How long it lasted, or has lasted so far, in nanoseconds.
    pub duration_nanos: u64,
    /// Connections that were accepted in it.
    pub connections: u64,
    /// What each operation did in it; an operation that did nothing is missing.
    pub operations: BTreeMap<String, Requests>,
}

/// What one operation did in one cohort.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Requests {
    /// Executions that began, subscriptions among them.
    pub started: u64,
    /// Executions that ended with an answer; subscriptions that ended by themselves.
    pub completed: u64,
    /// Executions that were dropped before they ended: the client hung up.
    pub cancelled: u64,
    /// Events that subscriptions brought.
    pub events: u64,
}

impl SnapshotInfo {
    /// The info of this version, empty.
    pub fn new() -> Self {
        Self {
            version: VERSION,
            ..Self::default()
        }
    }
}

impl Profile {
    /// What the snapshot says besides its samples; nothing where another program wrote the file.
    ///
    /// # Errors
    /// Where there is something, and it is not of this version or damaged.
    pub fn info(&self) -> Result<Option<SnapshotInfo>, Error> {
        read(&self.account)
    }

    /// The schema of the service in the definition language, where the snapshot has it.
    pub fn schema(&self) -> Option<&str> {
        Some(&*self.sdl).filter(|sdl| !sdl.is_empty())
    }

    /// Sets what the snapshot says besides its samples.
    pub fn set_info(&mut self, info: &SnapshotInfo) {
        // A map with text for keys, numbers and text: it cannot fail.
        self.account = serde_json::to_string(info).unwrap_or_default().into();
    }

    /// Sets the service's schema in the definition language.
    pub fn set_schema(&mut self, sdl: &str) {
        self.sdl = sdl.into();
    }
}

fn read(account: &str) -> Result<Option<SnapshotInfo>, Error> {
    if account.is_empty() {
        return Ok(None);
    }
    let info: SnapshotInfo = serde_json::from_str(account).map_err(Error::bad_info)?;
    if info.version != VERSION {
        return Err(Error::bad_info(format_args!(
            "version {} instead of {VERSION}",
            info.version
        )));
    }
    Ok(Some(info))
}

impl Symbolized {
    /// What the snapshot says besides its samples; nothing where another program wrote the file.
    ///
    /// # Errors
    /// Where there is something, and it is not of this version or damaged.
    pub fn info(&self) -> Result<Option<SnapshotInfo>, Error> {
        read(&self.account)
    }

    /// The schema of the service in the definition language, where the snapshot has it.
    pub fn schema(&self) -> Option<&str> {
        Some(&*self.sdl).filter(|sdl| !sdl.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_set_is_read_again_through_a_file() {
        let mut info = SnapshotInfo::new();
        info.memory.insert("live".to_owned(), 7);
        info.cohorts.push(Cohort {
            number: 3,
            operations: BTreeMap::from([("{ a \"é\" }".to_owned(), Requests::default())]),
            ..Cohort::default()
        });
        let mut profile = Profile::default();
        profile.sample_types.push(crate::SampleType {
            kind: "inuse_space".into(),
            unit: "bytes".into(),
        });
        profile.set_info(&info);
        profile.set_schema("type Query { a: Int }");
        let read = Profile::decode(&profile.encode().expect("no index")).expect("a profile");
        assert_eq!(read.info().expect("this version"), Some(info));
        assert_eq!(read.schema(), Some("type Query { a: Int }"));
    }

    #[test]
    fn another_version_is_refused_and_none_is_none() {
        let mut profile = Profile::default();
        assert_eq!(profile.info().expect("nothing is wrong"), None);
        let mut info = SnapshotInfo::new();
        info.version = 9;
        profile.set_info(&info);
        let error = profile.info().expect_err("another version");
        assert!(error.to_string().contains("version 9 instead of 1"), "{error}");
    }
}
