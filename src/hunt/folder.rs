//! The hunt's folder: each snapshot as it comes, and what was done, so that a hunt that breaks off leaves its evidence.
//!
//! `hunt.json` says what was hunted and what was done so far; `NN-phase.pb.gz` are the snapshots; `holders-N.json` is
//! what a reference scan found of the report's Nth site, without names; `report.json` and `report.html` come at the end.

use std::path::{Path, PathBuf};

use heap_profile::hunt::Phase;
use serde::Serialize;

use super::Error;
use super::settings::Settings;
use super::traffic::Stretch;

const RECORD: &str = "hunt.json";

/// The folder, and what it says of the hunt so far.
#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
    record: Record,
}

/// `hunt.json`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Record {
    subject: String,
    document: String,
    variables: Option<serde_json::Value>,
    target: String,
    connections: usize,
    pipelining: usize,
    rate: Option<f64>,
    /// Bytes that were planted with each request.
    control: Option<u64>,
    phases: Vec<PhaseRecord>,
}

/// A phase that ended with a snapshot.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PhaseRecord {
    pub(super) snapshot: String,
    pub(super) phase: Phase,
    /// Load in it, in seconds.
    pub(super) load_seconds: f64,
    /// Requests that were sent in it.
    pub(super) requests: u64,
    /// Live heap at its end, in bytes.
    pub(super) live: u64,
}

impl Folder {
    /// Makes the folder; nothing is in it yet.
    pub(super) fn create(settings: &Settings) -> Result<Self, Error> {
        let path = settings.folder.clone();
        std::fs::create_dir_all(&path).map_err(Error::file("make", &path))?;
        if path.join(RECORD).exists() {
            return Err(Error::FolderTaken(path));
        }
        Ok(Self {
            path,
            record: Record {
                subject: settings.subject.clone(),
                document: settings.operation.document.clone(),
                variables: settings.operation.variables.clone(),
                target: String::new(),
                connections: settings.connections,
                pipelining: settings.pipelining,
                rate: settings.rate,
                control: None,
                phases: Vec::new(),
            },
        })
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Notes that a hunt begins, and where the load goes.
    pub(super) fn begin(&mut self, target: &str) -> Result<(), Error> {
        target.clone_into(&mut self.record.target);
        self.write_record()
    }

    /// Notes what is planted with each request.
    pub(super) fn note_control(&mut self, bytes: u64) -> Result<(), Error> {
        self.record.control = Some(bytes);
        self.write_record()
    }

    /// What the next snapshot is called.
    pub(super) fn next_name(&self, phase: Phase) -> String {
        let phase = match phase {
            Phase::WarmUp => "warm-up",
            Phase::Rung => "rung",
            Phase::Settle => "settle",
            Phase::Idle => "idle",
        };
        format!("{:02}-{phase}", self.record.phases.len() + 1)
    }

    /// Where a snapshot is kept.
    pub(super) fn snapshot(&self, name: &str) -> PathBuf {
        self.path.join(format!("{name}.pb.gz"))
    }

    /// The snapshots so far.
    pub(super) fn snapshots(&self) -> Vec<PathBuf> {
        let phases = self.record.phases.iter();
        phases.map(|phase| self.snapshot(&phase.snapshot)).collect()
    }

    /// Notes a phase, whose snapshot is there.
    pub(super) fn add(&mut self, name: &str, phase: Phase, load: Stretch, live: u64) -> Result<(), Error> {
        self.record.phases.push(PhaseRecord {
            snapshot: name.to_owned(),
            phase,
            load_seconds: load.time.as_secs_f64(),
            requests: load.requests,
            live,
        });
        self.write_record()
    }

    /// Writes a file into the folder; gives its path.
    pub(super) fn write(&self, name: &str, text: &str) -> Result<PathBuf, Error> {
        let path = self.path.join(name);
        std::fs::write(&path, text).map_err(Error::file("write", &path))?;
        Ok(path)
    }

    fn write_record(&self) -> Result<(), Error> {
        let text =
            serde_json::to_string_pretty(&self.record).expect("text, numbers, and maps with text for keys");
        self.write(RECORD, &(text + "\n"))?;
        Ok(())
    }
}
