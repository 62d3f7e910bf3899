//! The snapshots of a hunt: fetched, named, kept, judged.

use std::path::PathBuf;

use heap_profile::holders::{Holders, ReferenceGraph};
use heap_profile::hunt::{self, Phase, Reading, Report};
use heap_profile::{Profile, Symbolized, Symbolizer, render};

use super::admin::Admin;
use super::folder::Folder;
use super::settings::Settings;
use super::traffic::Stretch;
use super::{Error, Hunted, Stopped};

/// The snapshots so far, and the folder that they are kept in.
pub(super) struct Evidence {
    pub(super) folder: Folder,
    symbolizer: Symbolizer,
    taken: Vec<Taken>,
}

struct Taken {
    name: String,
    phase: Phase,
    snapshot: Symbolized,
}

impl Evidence {
    pub(super) fn new(folder: Folder, symbolizer: Symbolizer) -> Self {
        Self {
            folder,
            symbolizer,
            taken: Vec::new(),
        }
    }

    /// Parts what the service did before the hunt from what it does in it: a snapshot does, and it is of no other use.
    pub(super) async fn open(&self, admin: &Admin) -> Result<(), Error> {
        let stored = admin.take_snapshot("hunt-00-start").await?;
        admin.delete_snapshot(&stored.id).await
    }

    /// Takes the snapshot that ends a phase; gives the live heap at that moment, in bytes.
    pub(super) async fn take(
        &mut self,
        admin: &Admin,
        phase: Phase,
        load: Stretch,
        keep: bool,
    ) -> Result<u64, Error> {
        let name = self.folder.next_name(phase);
        let path = self.folder.snapshot(&name);
        let stored = admin.take_snapshot(&format!("hunt-{name}")).await?;
        admin.download(&stored.id, path.clone()).await?;
        if !keep {
            admin.delete_snapshot(&stored.id).await?;
        }
        self.folder.add(&name, phase, load, stored.live)?;
        let bytes = std::fs::read(&path).map_err(Error::file("read", path))?;
        // Named at once: where the program's debug information is missing, the first snapshot says so, not the last.
        let named = Profile::decode(&bytes).and_then(|profile| self.symbolizer.symbolize(&profile));
        let snapshot = named.map_err(|source| Error::Snapshot {
            name: name.clone(),
            source,
        })?;
        self.taken.push(Taken {
            name,
            phase,
            snapshot,
        });
        Ok(stored.live)
    }

    /// How many rungs there are.
    pub(super) fn rungs(&self) -> usize {
        self.taken
            .iter()
            .filter(|taken| taken.phase == Phase::Rung)
            .count()
    }

    /// What the snapshots say; `control` is what was planted with each request, in bytes.
    pub(super) fn judge(
        &self,
        settings: &Settings,
        look: u32,
        control: Option<u64>,
    ) -> Result<Report, Error> {
        let readings: Vec<Reading<'_>> = self.taken.iter().map(Taken::reading).collect();
        let told = hunt::Settings {
            subject: settings.subject.clone(),
            unit: settings.unit(),
            threshold: settings.threshold,
            look,
            control,
        };
        let mut report = hunt::judge(&readings, &told).map_err(Error::Judge)?;
        if let Some(baseline) = &settings.baseline {
            for site in &mut report.sites {
                site.known = baseline.knows(&site.key);
            }
        }
        Ok(report)
    }

    /// Keeps what a reference scan found of the report's so manieth site, and names it.
    pub(super) fn holders(&mut self, site: usize, graph: &str) -> Result<Holders, Error> {
        self.folder.write(&format!("holders-{site}.json"), graph)?;
        let named = ReferenceGraph::from_json(graph).and_then(|graph| self.symbolizer.holders(&graph));
        named.map_err(Error::Holders)
    }

    /// Writes the report into the folder.
    pub(super) fn conclude(&self, report: Report, failed: u64) -> Result<Hunted, Error> {
        self.folder.write("report.json", &render::hunt::json(&report))?;
        let html = render::hunt::html(&report, &self.flame()?);
        self.folder.write("report.html", &html)?;
        Ok(Hunted {
            report,
            html,
            folder: self.folder.path().to_owned(),
            failed,
        })
    }

    /// What has changed from the first snapshot to the last, drawn.
    fn flame(&self) -> Result<String, Error> {
        match &self.taken[..] {
            [first, .., last] => {
                let title = format!("{} to {}", first.name, last.name);
                render::flame_difference_element(&first.snapshot, &last.snapshot, &title)
                    .map_err(Error::Judge)
            }
            _ => Ok(String::new()),
        }
    }

    /// What is left of a hunt that stopped: judged, if there is enough of it.
    ///
    /// `notes` are those that were taken until then, and `failed` the requests that had no right answer.
    pub(super) fn salvage(
        &self,
        error: Error,
        during: &str,
        judged: Option<Report>,
        mut notes: Vec<String>,
        failed: u64,
    ) -> Stopped {
        notes.push(format!("the hunt stopped {during}: {error}"));
        let report: Option<PathBuf> = judged
            .and_then(|mut report| {
                report.notes.append(&mut notes);
                self.conclude(report, failed).ok()
            })
            .map(|hunted| hunted.folder.join("report.html"));
        Stopped {
            error,
            during: during.to_owned(),
            snapshots: self.folder.snapshots(),
            report,
        }
    }
}

impl Taken {
    fn reading(&self) -> Reading<'_> {
        Reading {
            name: &self.name,
            phase: self.phase,
            snapshot: &self.snapshot,
        }
    }
}
